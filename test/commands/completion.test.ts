import {spawnSync} from 'node:child_process'
import {chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {delimiter, dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest'
import {complete} from '../../src/cli/completion/complete.ts'
import {configFile} from '../../src/files/user-folders.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type Pty, startPty} from '../support/pty.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(30, 'It starts shells, each of which starts vpcmd at a Tab.')

const root = new URL('../../', import.meta.url)
const env = freshEnvironment()
/** What is offered after these words, without what it is. */
const offered = (...words: string[]) =>
  complete(words, env, root)
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t')[0])

beforeAll(async () => {
  const {code} = await runInProcess(['instances', 'list', '--sandbox'], {env})
  expect(code).toBe(0)
  await runInProcess(['metadata', 'enable', 'my-virtual-server-2', '--protocol', 'https', '--sandbox'], {env})
})

describe('a Tab', () => {
  it('offers commands and flags, those of the command first', () => {
    expect(offered('meta')).toEqual([':values', 'metadata'])
    expect(offered('metadata', 'un')).toEqual([':values', 'undo'])
    expect(offered('instances', 'list', '--')).toEqual(expect.arrayContaining(['--columns', '--zone', '--help']))
    expect(offered('instances', 'list', '--')[1]).toBe('--columns')
    expect(offered('ls', '--colu')).toEqual([':values', '--columns'])
    expect(offered('instances', 'list', '--json', '--js')).toEqual([':values'])
  })

  it('offers the values of flags, also in the middle of a list and behind =', () => {
    expect(offered('metadata', 'enable', '--protocol', '')).toEqual([':values', 'https', 'http'])
    expect(offered('instances', 'list', '-o', 'js')).toEqual([':values', 'json', 'jsonl'])
    expect(offered('instances', 'list', '--columns', 'name,imag')).toEqual([':values', 'name,image'])
    expect(offered('instances', 'list', '--sort', '-na')).toEqual([':values', '-name'])
    expect(offered('instances', 'list', '--region=us-')).toEqual([':values', '--region=us-east', '--region=us-south'])
    expect(offered('metadata', 'show', '--columns', 'name,reg')).toEqual([':values', 'name,region'])
    expect(offered('metadata', 'audit', '--columns', 'verd')).toEqual([':values', 'verdict'])
    expect(offered('instances', 'list', '-o', 'n')).toEqual([':values', 'name'])
    expect(offered('config', 'get', '')).toEqual([
      ':values',
      'output',
      'columns',
      'regions',
      'color',
      'pager',
      'profile',
    ])
    const config = configFile(env) ?? ''
    mkdirSync(dirname(config), {recursive: true})
    writeFileSync(
      config,
      '# mine\nprofiles:\n  # first\n  build:\n    output: json\n  security: {assume: x}\nregions: eu-de\n',
    )
    expect(offered('whoami', '--profile', '')).toEqual([':values', 'build', 'security'])
    expect(offered('profiles', 'use', 's')).toEqual([':values', 'security'])
    expect(offered('config', 'set', 'profile', 'b')).toEqual([':values', 'build'])
    expect(offered('instances', 'create', '--profile', '')).toEqual([':values'])
    expect(offered('config', 'unset', 'c')).toEqual([':values', 'columns', 'color'])
    expect(offered('config', 'set', 'output', 'y')).toEqual([':values', 'yaml'])
    expect(offered('config', 'set', 'color', '')).toEqual([':values', 'auto', 'always', 'never'])
    expect(offered('config', 'set', 'regions', 'eu-d')).toEqual([':values', 'eu-de'])
    expect(offered('config', 'set', 'columns', 'name,imag')).toEqual([':values', 'name,image'])
    expect(offered('completion', '')).toEqual([':values', 'bash', 'zsh', 'fish', 'powershell'])
  })

  it('leaves files to the shell', () => {
    expect(offered('metadata', 'apply', '')).toEqual([':files'])
    expect(offered('instances', 'list', '--api-key-file', '')).toEqual([':files'])
  })

  it('offers what was listed last, and runs', () => {
    const instances = [':values', 'my-virtual-server-1', 'my-virtual-server-2', 'my-virtual-server-3']
    expect(offered('metadata', 'show', '--sandbox', 'my-')).toEqual(instances)
    expect(offered('metadata', 'show', 'my-virtual-server-1', '--sandbox', 'my-')).not.toContain('my-virtual-server-1')
    expect(offered('instances', 'list', '--sandbox', '--vpc', 'f')).toEqual([':values', 'frankfurt-vpc'])
    expect(offered('instances', 'list', '--sandbox', '--resource-group', '')).toEqual([
      ':values',
      'defaults',
      'production',
    ])
    // Of an account there is nothing: the sandbox was listed.
    expect(offered('metadata', 'show', 'my-')).toEqual([':values'])
    const [, run = ''] = offered('metadata', 'history', '')
    expect(run).toMatch(/^\d{8}-\d{6}-/)
    // As messages name it.
    const end = run.slice(-4)
    // The year begins with these two, too.
    const typed = end.startsWith('20') ? end : end.slice(0, 2)
    expect(offered('metadata', 'undo', typed)).toEqual([':values', end])
    expect(offered('metadata', 'undo', run.slice(0, 9))).toEqual([':values', run])
  })

  it('offers no name that would act on a terminal, and survives a broken file', () => {
    const home = freshEnvironment()
    const folder = join(home.XDG_CACHE_HOME ?? '', 'vpcmd')
    mkdirSync(folder, {recursive: true, mode: 0o700})
    const names = {instances: ['web-1', 'a\x1b[2J', 'b\nc', 5], vpcs: 'x'}
    writeFileSync(join(folder, 'names.json'), JSON.stringify({owner: '', regions: {'eu-de': names}}))
    expect(complete(['metadata', 'show', ''], home, root)).toBe(':values\nweb-1\n')
    writeFileSync(join(folder, 'names.json'), '{"regions":')
    expect(complete(['metadata', 'show', ''], home, root)).toBe(':values\n')
    writeFileSync(join(folder, 'names.json'), JSON.stringify({regions: {'eu-de': {instances: ['web-1']}}}))
    chmodSync(join(folder, 'names.json'), 0o666)
    expect(complete(['metadata', 'show', ''], home, root)).toBe(':values\n')
    rmSync(join(folder, 'names.json'))
    spawnSync('mkfifo', [join(folder, 'names.json')])
    expect(complete(['metadata', 'show', ''], home, root)).toBe(':values\n')
  })

  it('a list that is filtered adds names, and one of all takes their place', async () => {
    const home = freshEnvironment()
    const shown = () => complete(['metadata', 'show', '--sandbox', ''], home, root)
    await runInProcess(['instances', 'list', '--name', 'web-1', '--sandbox'], {env: home})
    expect(shown()).toBe(':values\nweb-1\n')
    await runInProcess(['instances', 'list', '--name', 'web-2', '-o', 'jsonl', '--sort', 'none', '--sandbox'], {
      env: home,
    })
    expect(shown()).toBe(':values\nweb-1\nweb-2\n')
    await runInProcess(['metadata', 'show', '--all', '--sandbox'], {env: home})
    expect(shown()).toContain('my-virtual-server-1\n')
  })
})

describe('in a real shell', () => {
  const bin = join(env.HOME ?? '', 'bin')
  const script = (shell: string) =>
    readFileSync(fileURLToPath(new URL(`src/cli/completion/scripts/vpcmd.${shell}`, root)), 'utf8')
  const shells = {
    bash: {args: ['--noprofile', '--rcfile'], rc: "PS1='ready> '\n"},
    zsh: {args: [], rc: "PS1='ready> '\nautoload -Uz compinit && compinit -u\n"},
    fish: {args: ['--no-config', '--init-command'], rc: 'function fish_prompt; echo -n "ready> "; end\n'},
  }

  // .ci/run installs all of them.
  const installed = (['bash', 'zsh', 'fish'] as const).filter(shell => spawnSync(shell, ['-c', 'true']).status === 0)

  beforeAll(() => {
    mkdirSync(bin, {recursive: true})
    writeFileSync(join(bin, 'vpcmd'), `#!/bin/sh\nexec '${process.execPath}' '${vpcmdPath}' "$@"\n`, {mode: 0o755})
  })

  const shows = (pty: Pty, wanted: string | RegExp) => pty.waitFor(wanted, 6000)

  const start = (shell: keyof typeof shells) => {
    const {args, rc} = shells[shell]
    const file = join(env.HOME ?? '', shell === 'zsh' ? '.zshrc' : `rc.${shell}`)
    writeFileSync(file, `${rc}${script(shell)}`)
    const how = shell === 'fish' ? [...args, `source ${file}`] : shell === 'bash' ? [...args, file, '-i'] : ['-i']
    const inEnv = {...env, ZDOTDIR: env.HOME ?? '', PATH: `${bin}${delimiter}${env.PATH}`}
    return startPty(shell, how, {env: inEnv, cols: 120, rows: 30, cwd: env.HOME})
  }

  it.each(installed)('%s completes a command, a flag, a value and a name', async shell => {
    const pty = start(shell)
    onTestFinished(() => pty.kill())
    await shows(pty, 'ready>')
    for (const [typed, wanted] of [
      ['vpcmd metad', 'vpcmd metadata'],
      ['ena', 'vpcmd metadata enable'],
      ['--sandbox tra', '--sandbox train-1'],
      ['--proto', '--protocol'],
      ['https --reg', 'https --region'],
      ['jp-t', '--region jp-tok'],
      ['--vpc=fra', '--vpc=frankfurt-vpc'],
    ] as const) {
      pty.write(`${typed}\t`)
      await shows(pty, wanted)
    }
  })

  it.each(installed)('%s shows several names to choose from', async shell => {
    const pty = start(shell)
    onTestFinished(() => pty.kill())
    await shows(pty, 'ready>')
    pty.write('vpcmd metadata show --sandbox my-virtual-server-\t\t')
    await shows(pty, /server-1\s.*server-3/s)
  })

  it('bash runs nothing that hides in a name', async () => {
    const home = freshEnvironment()
    const folder = join(home.XDG_CACHE_HOME ?? '', 'vpcmd')
    mkdirSync(folder, {recursive: true, mode: 0o700})
    const names = {resourceGroups: ['my $(touch gone) group']}
    writeFileSync(join(folder, 'names.json'), JSON.stringify({owner: '', regions: {'eu-de': names}}))
    const file = join(home.HOME ?? '', 'rc.bash')
    writeFileSync(file, `${shells.bash.rc}${script('bash')}`)
    const inEnv = {...home, PATH: `${bin}${delimiter}${env.PATH}`}
    const pty = startPty('bash', ['--noprofile', '--rcfile', file, '-i'], {env: inEnv, cols: 120, cwd: home.HOME})
    onTestFinished(() => pty.kill())
    await shows(pty, 'ready>')
    pty.write('vpcmd instances list --resource-group m\t')
    await shows(pty, 'my\\ \\$\\(touch\\ gone\\)\\ group')
  })
})
