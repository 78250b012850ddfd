import {readFileSync} from 'node:fs'
import {Config} from '@oclif/core'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {drawHelp} from '../../src/cli/draw-help.ts'
import {helpPage, welcomePage} from '../../src/cli/help-page.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

const root = new URL('../..', import.meta.url)
const config = await Config.load({root: root.pathname, userPlugins: false, devPlugins: false})
const topics = Object.keys(config.pjson.oclif.topics ?? {})
const names = ['', ...topics, ...config.commandIDs.map(id => id.replaceAll(':', ' '))]

describe('every help', () => {
  it.each([40, 60, 80, 200])('fits %i columns, and 80', columns => {
    const widest = Math.min(columns, 80)
    for (const name of names) {
      for (const isFull of [false, true]) {
        const page = helpPage(config, name.split(' ').filter(Boolean), isFull)
        const text = page ? drawHelp(page, columns) : ''
        // A word that is longer than a line, such as a list of columns, stays whole.
        const tooLong = text.split('\n').filter(line => line.length > widest && /\S \S/.test(line.slice(0, widest)))
        expect({name, tooLong}).toEqual({name, tooLong: []})
        expect(text.indexOf('EXAMPLES') < text.indexOf('FLAGS') || !text.includes('FLAGS')).toBe(true)
      }
    }
    expect(drawHelp(welcomePage(config), columns).split('\n').length).toBeLessThan(40)
  })

  it('keeps the lines of a file as they are', async () => {
    const {stdout} = await runInProcess(['profiles', 'list', '--help'])
    const [block = ''] = /^ {2}profiles:\n(.+\n)*/m.exec(stdout) ?? []
    expect(parse(block.replace(/^ {2}/gm, ''))).toEqual({
      profiles: {
        security: {credentials: 'ibmcloud', assume: 'vpcmd-auditor', account: 'all'},
        build: {credentials: {key_file: '~/.key'}, regions: ['eu-de']},
      },
    })
  })

  it('ends with filters, rollout, output and IBM Cloud', async () => {
    const {stdout} = await runInProcess(['metadata', 'enable', '--help'])
    const titles = [...stdout.matchAll(/^[A-Z][A-Z ]+$/gm)].map(([title]) => title)
    expect(titles).toEqual([
      ...['USAGE', 'EXAMPLES', 'ARGUMENTS', 'FLAGS', 'DESCRIPTION'],
      ...['FILTERS', 'ROLLOUT FLAGS', 'RESTART FLAGS', 'OUTPUT FLAGS', 'IBM CLOUD FLAGS'],
    ])
  })

  it('of a topic begins with what people come for, and with nothing that changes servers', () => {
    const examplesOf = (topic: string) => {
      const page = helpPage(config, [topic], false)
      return (page ? drawHelp(page, 80) : '').match(/^ {2}\$ vpcmd .*$/gm)?.map(line => line.slice(10))
    }
    expect(examplesOf('metadata')).toEqual([
      'metadata show my-virtual-server-2',
      'metadata enable my-virtual-server-2 --protocol https --dry-run',
      'metadata audit --policy policy.yaml',
    ])
    expect(examplesOf('instances')?.[0]).toBe('instances list')
  })

  it('in short has the flags of the command alone, and names the others', async () => {
    const {stdout} = await runInProcess(['metadata', 'enable', '-h'])
    expect(stdout).toMatch(/^ {2}--protocol https\|http {2}/m)
    expect(stdout).not.toMatch(/^ {2}--canary/m)
    expect(stdout).toMatch(/Rollout +--concurrency, --max-failures, --canary/)
    expect(stdout).not.toContain('DESCRIPTION')
  })

  it('takes the width of a narrow terminal', async () => {
    const pty = startInProcess(['metadata', '-h'], {env: freshEnvironment(), cols: 40})
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.screen()).toMatch(/^ {2}undo\n {6}Undo exactly the changes of a run\.$/m)
  })
})

describe('vpcmd alone', () => {
  it('says what it is, what to try and how to sign in, where there are no credentials', async () => {
    const env = freshEnvironment()
    const piped = await runInProcess([], {env})
    expect(piped).toMatchObject({code: 0, stderr: ''})
    expect(piped.stdout.match(/^ +\$ vpcmd .*--sandbox$/gm)).toHaveLength(3)
    expect(piped.stdout).toContain('export IBMCLOUD_API_KEY=')
    const pty = startInProcess([], {env})
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.screen()).toContain('SIGN IN')
  })

  it('says so where nothing may be asked, too', async () => {
    const pty = startInProcess([], {env: freshEnvironment({VPCMD_SANDBOX: '1', CI: 'true'})})
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.screen()).toContain('SIGN IN')
  })

  it('opens the menus where there are', async () => {
    const pty = startInProcess([], {env: freshEnvironment({VPCMD_SANDBOX: '1'})})
    await pty.waitFor('Which instance?')
    pty.kill()
  })
})

describe('what is typed', () => {
  const env = freshEnvironment({VPCMD_SANDBOX: '1'})

  it.each([['ls'], ['list'], ['instances', 'ls']])('%s %s is instances list', async (...words) => {
    const {code, stdout} = await runInProcess([...words, '-q'], {env})
    expect(code).toBe(0)
    expect(stdout.trim().split('\n').length).toBeGreaterThan(8)
  })

  it('audit is metadata audit, and version is the version', async () => {
    expect((await runInProcess(['audit', '--json'], {env})).stdout).toContain('"policy"')
    expect((await runInProcess(['version'], {env})).stdout).toMatch(/^vpcmd\/\d/)
  })

  it('enable alone is answered with the right command, and does nothing', async () => {
    const {code, stderr} = await runInProcess(['enable', 'web-1'], {env})
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean vpcmd metadata enable?')
  })

  const {commands} = JSON.parse(readFileSync(new URL('oclif.manifest.json', root), 'utf8'))
  const changing = Object.entries<{flags: object}>(commands).flatMap(([id, {flags}]) => ('yes' in flags ? [id] : []))
  const mistyped = [
    'metadata status',
    'metadata list',
    'metadata get',
    'metadata enabel',
    'metadata appply',
    'metadata und',
    'instances creat',
    'sandbox stop',
    'sandbox restart',
    'metadata set x',
  ]

  it.each([...mistyped, 'metadata disabel', 'metadta undo1', 'instance created', 'undoo'])(
    '%s leads to no command that changes something',
    async typed => {
      const {code, stderr} = await runInProcess(typed.split(' '), {env})
      expect(code).toBe(2)
      const [, meant] = /Did you mean vpcmd ([^?]*)\?/.exec(stderr) ?? []
      expect([...changing.map(id => id.replace(':', ' ')), 'config set']).not.toContain(meant)
      if (typed === 'metadata status' || typed === 'metadata list') expect(meant).toBe('metadata show')
    },
  )

  it('a flag alone after a group is refused, and no help is printed', async () => {
    const {code, stdout, stderr} = await runInProcess(['metadata', '--bogus'], {env})
    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toContain('vpcmd metadata takes a command before --bogus.')
  })

  it.each([
    ['histroy', 'metadata history'],
    ['docter', 'imds doctor'],
    ['instnces list', 'instances list'],
    ['metadata shwo', 'metadata show'],
    ['show', 'instances show or vpcmd metadata show or vpcmd profiles show'],
  ])('%s leads to %s', async (typed, meant) => {
    const {stderr} = await runInProcess(typed.split(' '), {env})
    expect(stderr).toContain(`Did you mean vpcmd ${meant}?`)
  })

  it.each([
    ['imds get', 'PATH is missing.', 'vpcmd imds get PATH [flags]'],
    [
      'config set',
      'KEY and VALUE are missing.',
      'vpcmd config set output|columns|regions|color|pager|profile VALUE [flags]',
    ],
    ['instances create web-9', '--like is required.', 'vpcmd instances create NAME --like INSTANCE [flags]'],
  ])('%s: one line, and the usage', async (typed, message, usage) => {
    const {code, stderr} = await runInProcess(typed.split(' '), {env})
    expect({code, stderr}).toEqual({code: 2, stderr: `Error: ${message}\nUsage: ${usage}\n`})
  })

  it.each([
    ['instances list -o pdf', '--output takes one of table, json, jsonl, yaml, csv, name, not pdf.'],
    ['instances list --timeout x', '--timeout takes a whole number from 1 to 3600, not x.'],
    ['instances list --limit -5', '--limit takes a whole number from 1, not -5.'],
    ['instances list --limit', '--limit needs a value: a whole number from 1.'],
    ['instances list --vpc', '--vpc needs a value: ID|NAME|CRN.'],
    [
      'instances list --metadata http',
      '--metadata takes one of enabled, disabled, not http. Did you mean --protocol http?',
    ],
    ['completion tcsh', 'Use one of bash, zsh, fish, powershell, not tcsh.'],
    [
      'instances list --metadata enable',
      '--metadata takes one of enabled, disabled, not enable. Did you mean enabled?',
    ],
    ['metadata plan --enable --disable', "--disable and --enable can't be combined."],
    ['metadata plan --enable --disable --protocol http', "--disable and --enable can't be combined."],
  ])('%s: what is right, and no usage that would not say it', async (typed, message) => {
    const {code, stderr} = await runInProcess(typed.split(' '), {env})
    expect({code, stderr}).toEqual({code: 2, stderr: `Error: ${message}\n`})
  })

  it.each([
    [
      'sandbox reset all',
      'vpcmd sandbox reset takes no argument, and all is one.\nSee its flags: vpcmd sandbox reset --help',
    ],
    [
      'ls web',
      "vpcmd instances list takes no argument, and web is one.\nTo filter by name: vpcmd instances list --name '*web*'",
    ],
    [
      'ls --sandbox web',
      "vpcmd instances list takes no argument, and web is one.\nTo filter by name: vpcmd instances list --name '*web*' --sandbox",
    ],
    [
      'instances list web --profile=prod',
      "vpcmd instances list takes no argument, and web is one.\nTo filter by name: vpcmd instances list --name '*web*' --profile prod",
    ],
    [
      'instances list --sort name name,id',
      'vpcmd instances list takes no argument, and name,id is one.\nTo choose columns: vpcmd instances list --columns name,id',
    ],
    [
      'instances create --name web-9 --sandbox',
      'Unknown flag --name. NAME is an argument.\nUsage: vpcmd instances create [NAME] [flags]',
    ],
    [
      '--region eu-de ls --limit 2',
      'Flags go after the command, and --region eu-de is before it.\nRun: vpcmd instances list --limit 2 --region eu-de',
    ],
    [
      '--sandbox metadata enable web-1 --protocol https',
      'Flags go after the command, and --sandbox is before it.\nRun: vpcmd metadata enable web-1 --protocol https --sandbox',
    ],
  ])('%s: what stands in the wrong place is named, and what to run', async (typed, message) => {
    const {code, stderr} = await runInProcess(typed.split(' '), {env})
    expect({code, stderr}).toEqual({code: 2, stderr: `Error: ${message}\n`})
  })
})
