import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it, onTestFinished} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startInsideSandbox} from '../support/inside-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Each of its commands starts a sandbox.')

/** A user with this config file, or without one. */
function userWith(text?: string, more: Record<string, string> = {}) {
  const env = freshEnvironment({VPCMD_SANDBOX: '1', ...more})
  const folder = join(env.HOME ?? '', '.config', 'vpcmd')
  const file = join(folder, 'config.yaml')
  if (text !== undefined) {
    mkdirSync(folder, {recursive: true, mode: 0o700})
    writeFileSync(file, text, {mode: 0o600})
  }
  const vpcmd = (line: string, also: Record<string, string> = {}) =>
    runInProcess(line.split(' '), {env: {...env, ...also}})
  return {env, file, vpcmd}
}

const namesIn = (csv: string) => csv.trimEnd().split('\n').slice(1)

describe('vpcmd config', () => {
  it('warns of a region that it does not know, and keeps it', async () => {
    const {vpcmd} = userWith()
    const {code, stderr} = await vpcmd('config set regions us-suoth,eu-de,xy-zzz')
    expect(code).toBe(0)
    expect(stderr).toContain('vpcmd knows no region us-suoth. Did you mean us-south?\n')
    expect(stderr).toContain('vpcmd knows no region xy-zzz.\n')
    expect(stderr).not.toContain('eu-de')
    expect((await vpcmd('config get regions')).stdout).toBe('us-suoth,eu-de,xy-zzz\n')
    expect((await vpcmd('config set regions all')).stderr).not.toContain('Warning')
  })

  it('keeps a setting, privately, and the next command goes by it', async () => {
    const {file, vpcmd} = userWith()
    expect((await vpcmd('config set regions us-south')).code).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const {stdout, stderr} = await vpcmd('instances list --columns region -o csv')
    expect(new Set(namesIn(stdout))).toEqual(new Set(['us-south']))
    expect(stderr).toContain(`Only in us-south, as ${file} says.`)
    expect((await vpcmd('config get regions')).stdout).toBe('us-south\n')
    expect((await vpcmd('config unset regions')).code).toBe(0)
    expect(new Set(namesIn((await vpcmd('instances list --columns region -o csv')).stdout)).size).toBeGreaterThan(1)
  })

  it('leaves a file to write settings into by hand once the last one is taken out', async () => {
    const {file, vpcmd} = userWith('# mine\n\noutput: json\n')
    expect((await vpcmd('config unset output')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('# mine\n\n')
    writeFileSync(file, `${readFileSync(file, 'utf8')}regions: [us-south]\n`)
    expect((await vpcmd('config get regions')).stdout).toBe('us-south\n')
    expect((await vpcmd('config unset regions')).code).toBe(0)
    expect((await vpcmd('config set output yaml')).code).toBe(0)
    expect((await vpcmd('config get output')).stdout).toBe('yaml\n')
  })

  it('says on stderr what holds where nothing is set, and prints no word that is no value', async () => {
    const {vpcmd} = userWith()
    expect(await vpcmd('config get columns')).toMatchObject({
      code: 0,
      stdout: '\n',
      stderr: 'columns is not set: by default those in its help.\n',
    })
    expect((await vpcmd('config get columns --quiet')).stderr).toBe('')
  })

  it('keeps the comments and the order of the file, and follows a link', async () => {
    const {env, file, vpcmd} = userWith('')
    const kept = join(env.HOME ?? '', 'dotfile.yaml')
    writeFileSync(kept, '# mine\nregions: [eu-de] # for now\n\n# wide\ncolumns: name\n', {mode: 0o600})
    writeFileSync(file, '')
    const linked = userWith(undefined, {XDG_CONFIG_HOME: join(env.HOME ?? '', 'xdg')})
    mkdirSync(join(env.HOME ?? '', 'xdg', 'vpcmd'), {recursive: true, mode: 0o700})
    symlinkSync(kept, join(env.HOME ?? '', 'xdg', 'vpcmd', 'config.yaml'))
    await linked.vpcmd('config set output json')
    await linked.vpcmd('config set columns name,id')
    expect(readFileSync(kept, 'utf8')).toBe(
      '# mine\nregions: [eu-de] # for now\n\n# wide\ncolumns: [name, id]\noutput: json\n',
    )
    expect((await vpcmd('config get output')).stdout).toBe('\n')
  })

  it('is read as text whatever format is set, as one would have to read it to set another', async () => {
    const {vpcmd} = userWith('output: json\n')
    expect((await vpcmd('config get output')).stdout).toBe('json\n')
    expect((await vpcmd('config list', {VPCMD_OUTPUT: 'yaml'})).stdout).toMatch(
      /^Key +Value +From\noutput +yaml +VPCMD_OUTPUT\n/,
    )
    expect((await vpcmd('config set output csv')).stdout).toBe('')
    expect((await vpcmd('config set')).stderr).toMatch(/^Error: KEY and VALUE/)
    expect(JSON.parse((await vpcmd('config get output -o json')).stdout)).toMatchObject({value: 'csv'})
  })

  it('shows each setting and where it is from', async () => {
    const {file, vpcmd} = userWith('output: yaml\nregions: eu-de, us-south\npager: less\n')
    const {stdout} = await vpcmd('config list --json', {VPCMD_PAGER: '', NO_COLOR: '1', IC_REGION: 'jp-tok'})
    expect(JSON.parse(stdout)).toEqual([
      {key: 'output', value: 'yaml', from: 'file', source: file},
      {key: 'columns', value: null, from: 'default', source: null},
      {key: 'regions', value: ['jp-tok'], from: 'environment', source: 'IC_REGION'},
      {key: 'color', value: 'never', from: 'environment', source: 'NO_COLOR'},
      {key: 'pager', value: '', from: 'environment', source: 'VPCMD_PAGER'},
      {key: 'profile', value: null, from: 'default', source: null},
    ])
    expect((await vpcmd('config set pager more', {VPCMD_PAGER: 'cat'})).stderr).toContain('VPCMD_PAGER is set')
  })

  it('writes into no folder that others can write to', async () => {
    const {file, vpcmd} = userWith()
    mkdirSync(join(file, '..'), {recursive: true})
    chmodSync(join(file, '..'), 0o777)
    const {code, stderr} = await vpcmd('config set pager less')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('others can write to')})
    expect(existsSync(file)).toBe(false)
  })

  it.each([
    ['config set color sometimes', 'color: must be one of auto, always, never'],
    ['config set output name', 'output: must be one of table'],
    ['config set columns nam', 'did you mean name'],
    // Nothing is near.
    ['config set columns foo', 'there is no column foo. There are'],
    ['config set regions ,', 'regions: must be a list of names'],
    ['config set colour always', 'output, columns, regions, color, pager'],
    ['config get nosuch', 'output, columns, regions, color, pager'],
  ])('%s is wrong usage, and writes nothing', async (line, why) => {
    const {file, vpcmd} = userWith()
    const {code, stderr} = await vpcmd(line)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(why)})
    expect(existsSync(file)).toBe(false)
  })
})

describe('a config file that is wrong', () => {
  it.each([
    ['# x\ncolour: never\n', ':2: there is no setting colour. Did you mean color?'],
    ['api_key: abcdefgh\n', ':1: there is no setting api_key.\nNo secrets belong there'],
    ['output: xml\n', ':1: output: must be one of table, json'],
    ['output:\n', ':1: output: must be one of'],
    ['regions: []\n', ':1: regions: must be a list of names'],
    ['regions: {a: b}\n', ':1: regions: must be a list of names'],
    ['columns: [name, nam]\n', ':1: columns: there is no column nam: did you mean name?'],
    ['pager: "less\\e[2J"\n', ':1: pager: must be a command on one line'],
    ['color: never\ncolor: always\n', ':2: map keys must be unique'],
    ['- output\n', ':1: it is no list of KEY: VALUE'],
    ['output: [\n', ':2: '],
    ['? [a, b]\n: json\n', ':1: a list can be no setting'],
    ['output: json\n---\noutput: yaml\n', ':2: a second document begins there'],
    ['regions: *nowhere\n', 'aliases'],
    [`regions: ${'['.repeat(20_000)}\n`, 'it is nested too deeply'],
    [`regions: ${'x'.repeat(70_000)}\n`, 'larger than 65536 bytes'],
  ])('stops a command before it sends anything, and says where: %#', async (text, why) => {
    const {file, vpcmd} = userWith(text)
    const {code, stdout, stderr} = await vpcmd('metadata enable --all --yes')
    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toContain(file)
    expect(stderr).toContain(why)
    expect(stderr).not.toMatch(/bug in vpcmd|abcdefgh|\x1b|Using the sandbox/)
  })

  it('is not passed over where others can write to it, or it leads nowhere: it says which servers are meant', async () => {
    const {file, vpcmd} = userWith('regions: us-south\n')
    chmodSync(file, 0o666)
    const open = await vpcmd('instances list')
    expect(open).toMatchObject({code: 2, stderr: expect.stringContaining(`others can write to ${file}`)})
    const lost = userWith(undefined)
    mkdirSync(join(lost.file, '..'), {recursive: true, mode: 0o700})
    symlinkSync('/nowhere/at/all', lost.file)
    expect(await lost.vpcmd('instances list')).toMatchObject({code: 2, stderr: expect.stringContaining(lost.file)})
  })

  it('holds up no command where it is a FIFO', async () => {
    const {vpcmd, file} = userWith('')
    rmSync(file)
    execFileSync('mkfifo', ['-m', '600', file])
    const {code, stderr} = await vpcmd('instances list')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(`${file} is a FIFO`)})
  })

  it('stops neither help, nor completion, nor what repairs it', async () => {
    const {vpcmd, file} = userWith('outptu: json\ncolor: never\n')
    for (const line of ['--help', 'config --help', 'instances list --help', 'completion bash', 'version']) {
      expect({line, code: (await vpcmd(line)).code}).toEqual({line, code: 0})
    }
    const listed = await vpcmd('config list')
    expect(listed).toMatchObject({code: 2, stdout: expect.stringMatching(/color +never/)})
    expect(listed.stderr).toContain(`${file}:1: there is no setting outptu. Did you mean output?`)
    expect((await vpcmd('config get color')).code).toBe(2)
    expect((await vpcmd('config unset outptu')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('color: never\n')
    expect((await vpcmd('config list')).code).toBe(0)
  })

  it('is a variable that is wrong, too', async () => {
    const {vpcmd} = userWith()
    const {code, stderr} = await vpcmd('instances list', {VPCMD_OUTPUT: 'xml'})
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(/^Error: VPCMD_OUTPUT: must be one of/)})
  })
})

describe('what was settled', () => {
  it('gives way to the environment, and that to a flag', async () => {
    const {vpcmd} = userWith('output: yaml\nregions: us-south\ncolumns: name,id\n')
    expect((await vpcmd('instances list')).stdout).toMatch(/^- /)
    expect((await vpcmd('instances list', {VPCMD_OUTPUT: 'csv'})).stdout).toMatch(/^Name,ID\n/)
    expect((await vpcmd('instances list -o csv', {VPCMD_COLUMNS: 'zone'})).stdout).toMatch(/^Zone\nus-south-/)
    expect((await vpcmd('instances list -o csv --columns status', {VPCMD_COLUMNS: 'zone'})).stdout).toMatch(/^Status\n/)
    const named = await vpcmd('instances list -o csv --columns region', {IBMCLOUD_REGION: 'eu-de'})
    expect(new Set(namesIn(named.stdout))).toEqual(new Set(['eu-de']))
    expect(named.stderr).not.toContain('Only in')
    const all = await vpcmd('instances list -o csv --columns region --region all')
    expect(new Set(namesIn(all.stdout)).size).toBeGreaterThan(1)
    expect((await vpcmd('instances list -q')).stdout).toMatch(/^07\d\d_[\w-]+\n/)
  })

  it('colours what is printed, unless the environment or a flag says otherwise', async () => {
    const {vpcmd} = userWith('color: always\n')
    const isColored = async (line: string, also = {}) => (await vpcmd(line, also)).stdout.includes('\x1b[')
    expect(await isColored('config list')).toBe(true)
    expect(await isColored('config list', {NO_COLOR: '1'})).toBe(false)
    expect(await isColored('config list --color never')).toBe(false)
  })

  it('takes no key out of JSON', async () => {
    const {vpcmd} = userWith('columns: name\nregions: us-south\n')
    expect(JSON.parse((await vpcmd('instances list --json')).stdout)[0]).toHaveProperty('metadata_service')
  })

  it('leaves alone what prints no table: scripts go on working', async () => {
    const {vpcmd} = userWith('output: json\n')
    expect((await vpcmd('imds script')).stdout).toMatch(/^#!\/bin\/sh/)
    expect((await vpcmd('connect my-virtual-server-2 --print')).stdout).toMatch(/^ssh /)
    expect((await vpcmd('completion bash')).stdout).not.toMatch(/^{/)
    expect((await vpcmd('instances list --limit 1 --query [0].name')).stdout).toMatch(/^[\w-]+\n$/)
  })

  it('leaves boot scripts their token, whichever way the command runs', async () => {
    const inside = await startInsideSandbox()
    const {vpcmd} = userWith('output: json\n')
    onTestFinished(() => inside.sandbox.close())
    for (const more of ['', ' --debug']) {
      const {stdout} = await vpcmd(`imds token ${inside.at.join(' ')}${more}`)
      expect(stdout).toMatch(/^[\w.-]+\n$/)
    }
    expect((await vpcmd(`imds instance ${inside.at.join(' ')}`)).stdout).toMatch(/^{/)
  })

  it('has errors in the same format, and with the same exit code', async () => {
    const {vpcmd} = userWith('output: json\n')
    const failed = await vpcmd('instances show nobody')
    expect({code: failed.code, error: JSON.parse(failed.stdout).error.code}).toEqual({
      code: 4,
      error: 'instance_not_found',
    })
    const table = await vpcmd('instances show nobody -o table')
    expect(table).toMatchObject({code: 4, stdout: ''})
  })

  it('can name a region that there is none of, and the error names the file', async () => {
    const {file, vpcmd} = userWith('regions: mars\n')
    const {code, stderr} = await vpcmd('instances list')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(`no region mars (from ${file})`)})
  })
})
