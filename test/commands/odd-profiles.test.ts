import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'

const here = startEachSandbox({account: 'a1234567', accounts: 5, regions: ['us-south', 'eu-de']})

const vpcmd = (...args: string[]) => runInProcess(args, {env: here.env})
const idOf = (name: string) => here.sandbox.accounts.find(each => each.name === name)?.id ?? ''
const file = () => join(here.env.HOME ?? '', '.config', 'vpcmd', 'config.yaml')
function write(text: string): void {
  mkdirSync(join(here.env.HOME ?? '', '.config', 'vpcmd'), {recursive: true, mode: 0o700})
  writeFileSync(file(), text, {mode: 0o600})
}
interface Row {
  account: string
  region: string
}
const placesIn = (stdout: string) => [
  ...new Set((JSON.parse(stdout) as Row[]).map(({account, region}) => `${account} ${region}`)),
]

describe('a profile', () => {
  beforeEach(() => {
    write(`profiles:
  security:
    assume: vpcmd-auditor
    account: ${idOf('team-a')}
    regions: [eu-de]
    output: json
  main: &main
    regions: us-south
  alias: *main
`)
  })

  it('says where to work and how to print, and flags beat it', async () => {
    const list = ['instances', 'list', '--profile', 'security']
    expect(placesIn((await vpcmd(...list)).stdout)).toEqual([`${idOf('team-a')} eu-de`])
    const other = await vpcmd(...list, '--account', idOf('team-d'), '--region', 'us-south')
    expect(placesIn(other.stdout)).toEqual([`${idOf('team-d')} us-south`])
    expect((await vpcmd(...list, '-q')).stdout).toMatch(/^[\da-f]{4}_[-\da-f]+\n/)
    expect((await vpcmd(...list, '-o', 'csv')).stdout).toMatch(/^Name,ID,Account/)
  })

  it('is chosen by a flag, else a variable, else the file', async () => {
    expect(await vpcmd('profiles', 'use', 'security')).toMatchObject({code: 0})
    expect(placesIn((await vpcmd('instances', 'list')).stdout)).toEqual([`${idOf('team-a')} eu-de`])
    here.env.VPCMD_PROFILE = 'alias'
    expect((await vpcmd('instances', 'list', '-o', 'csv')).stdout).toMatch(/^Name,ID,Status/)
    const shown = await vpcmd('profiles', 'list', '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject([{name: 'security'}, {name: 'main'}, {name: 'alias', default: true}])
    const used = await vpcmd('profiles', 'use', 'main')
    expect(used).toMatchObject({code: 0, stderr: expect.stringContaining('VPCMD_PROFILE is set, and beats it')})
    expect(readFileSync(file(), 'utf8')).toContain('alias: *main')
  })

  it('that there is not is said, and needed by none but what asks the cloud', async () => {
    expect(await vpcmd('profiles', 'use', 'securty')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean security?'),
    })
    here.env.VPCMD_PROFILE = 'nosuch'
    expect(await vpcmd('metadata', 'history')).toMatchObject({code: 0})
    expect(await vpcmd('profiles', 'show', 'main')).toMatchObject({code: 0})
    expect(await vpcmd('instances', 'list')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no profile nosuch (from VPCMD_PROFILE)'),
    })
    expect(here.seen).toEqual([])
  })

  it('is of IBM Cloud, and not of the sandbox within vpcmd', async () => {
    expect(await vpcmd('instances', 'list', '--sandbox', '--profile', 'main')).toMatchObject({code: 2})
  })
})

describe('the credentials of a profile', () => {
  it('are those that it names, and no others, where these are missing', async () => {
    write(
      'profiles:\n  a: {credentials: {key_variable: MY_KEY}}\n  b: {credentials: {key_file: ~/nosuch}}\n  c: {credentials: ibmcloud}\n',
    )
    for (const name of ['a', 'b', 'c']) {
      expect(await vpcmd('instances', 'list', '--profile', name)).toMatchObject({code: 3, stdout: ''})
    }
    expect(here.seen).toEqual([])
    here.env.MY_KEY = here.sandbox.apiKey
    delete here.env.IBMCLOUD_API_KEY
    expect(await vpcmd('instances', 'list', '-q', '--profile', 'a')).toMatchObject({code: 0})
    const key = join(here.env.HOME ?? '', 'nosuch')
    writeFileSync(key, here.sandbox.apiKey)
    chmodSync(key, 0o600)
    expect(await vpcmd('instances', 'list', '-q', '--profile', 'b')).toMatchObject({code: 0, stderr: ''})
  })
})

describe('what is wrong in the profiles', () => {
  it.each([
    ['two of a name', 'a: {}\n  a: {}', ':3: map keys must be unique'],
    ['a key that there is not', 'a: {asume: x}', ':2: profile a: there is no asume'],
    ['a key itself', 'a: {credentials: sEcReT}', ':2: profile a: credentials: must be ibmcloud'],
    ['no profile', 'a: 5', ':2: profile a: must have keys'],
    ['a name that would be a flag', '--assume: {}', ':2: a profile has a name of'],
    ['a name of several lines', '"a\\nb": {}', ':2: a profile has a name of'],
    ['a trusted profile of several lines', 'a: {assume: "x\\ny"}', ':2: profile a: assume: must be'],
    ['an alias to nothing', 'a: *b', ':1: it is nested too deeply, or aliases'],
    ['a list', '- a', ':1: profiles must be'],
  ])('%s is said with its line, by any command', async (_, text, why) => {
    write(`profiles:\n  ${text}\n`)
    for (const command of [
      ['profiles', 'list'],
      ['metadata', 'history'],
      ['instances', 'list'],
    ]) {
      const {code, stdout, stderr} = await vpcmd(...command)
      expect({code, stdout, stderr}).toEqual({code: 2, stdout: '', stderr: expect.stringContaining(`${file()}${why}`)})
      expect(stderr).not.toContain('sEcReT')
    }
    expect(here.seen).toEqual([])
  })

  it('is no space in the name of a trusted profile', async () => {
    write('profiles:\n  a: {assume: My auditor, account: all}\n')
    expect(await vpcmd('instances', 'list', '--profile', 'a')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('gave no token for the trusted profile My auditor'),
    })
  })
})

it('an account of nothing but digits is asked for in quotes, as YAML would round it', async () => {
  write(`profiles:\n  a: {assume: p, account: [${'1234567890'.repeat(3)}12]}\n`)
  expect(await vpcmd('instances', 'list', '--profile', 'a')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('account: must stand in quotes'),
  })
})

describe('a file of accounts', () => {
  const list = (name: string) => vpcmd('instances', 'list', '-q', '--assume', 'vpcmd-auditor', '--account', `@${name}`)
  it.each<[string, string | Buffer, string]>([
    ['says all', 'all\n', 'names all accounts'],
    ['is empty', '# none\n', 'names no account'],
    ['is binary', Buffer.from([0xff, 0xd8, 0x80]), 'not UTF-8'],
    ['has two in a line', 'a1,b2\n', 'is not the ID of an account'],
  ])('that %s is refused before anything is sent', async (_, content, why) => {
    const name = join(here.env.HOME ?? '', 'accounts')
    writeFileSync(name, content)
    const {code, stderr} = await list(name)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(why)})
    expect(here.seen).toEqual([])
  })

  it('may be of Windows, and name one twice', async () => {
    const name = join(here.env.HOME ?? '', 'accounts')
    writeFileSync(name, `\ufeff${idOf('team-a')}\r\n${idOf('team-a')}\r\n`)
    const {code, stdout} = await list(name)
    expect(code).toBe(0)
    expect(new Set(stdout.trim().split('\n')).size).toBe(stdout.trim().split('\n').length)
  })
})
