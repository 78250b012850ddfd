import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {type Sandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {keys} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
let sandbox: Sandbox
let seen: {method: string; path: string}[]
let env: Record<string, string>
let onRequest: SandboxOptions['onRequest']

beforeEach(async () => {
  seen = []
  onRequest = undefined
  sandbox = await startSandbox({
    onRequest: request => {
      seen.push(request)
      onRequest?.(request)
    },
  })
  env = freshEnvironment(sandbox.environment)
})

afterEach(() => sandbox.close())

const changes = () => seen.filter(({method, path}) => method !== 'GET' && !path.startsWith('/identity'))

/** The same wrong command as text and as JSON: the same exit code, one error, no stack, and nothing changed. */
async function expectRefusal(
  args: string[],
  expected: {code: number; says: RegExp; stdin?: string},
  environment: Record<string, string> = env,
) {
  const text = await runInProcess(args, {env: environment, stdin: expected.stdin})
  expect(text.stderr).toMatch(expected.says)
  expect(text.stderr).not.toMatch(/\n\s+at /)
  expect(text.stderr.trim().split('\n').length).toBeLessThanOrEqual(5)
  expect(text.code).toBe(expected.code)
  const json = await runInProcess([...args, '--json'], {env: environment, stdin: expected.stdin})
  expect(json.code).toBe(expected.code)
  const parsed = JSON.parse(json.stdout)
  const error = parsed.error ?? parsed.failed[0].error
  expect(error).toMatchObject({code: expect.stringMatching(/./), message: expect.stringMatching(/./)})
  expect(`${error.message} ${error.hint ?? ''}`).toMatch(expected.says)
  expect(changes()).toEqual([])
}

describe('wrong words', () => {
  it.each([
    ['0', /--hop-limit takes a whole number from 1 to 64, not 0\./],
    ['65', /--hop-limit takes a whole number from 1 to 64, not 65\./],
    ['-1', /--hop-limit.*-1/],
    ['1.5', /--hop-limit.*1\.5/],
    ['abc', /--hop-limit.*abc/],
  ])('hop limit %s', async (value, says) => {
    await expectRefusal(['metadata', 'enable', id, '--hop-limit', value], {code: 2, says})
  })

  it.each<[string, string[], number, RegExp]>([
    ['protocol', ['metadata', 'enable', id, '--protocol', 'ftp'], 2, /--protocol takes one of https, http, not ftp/],
    ['flag', ['metadata', 'enable', id, '--hop-limt', '2'], 2, /Unknown flag --hop-limt.*Did you mean --hop-limit/s],
    ['command', ['metadata', 'enabel', id], 2, /Unknown command: vpcmd metadata enabel.*vpcmd metadata has: .*enable/s],
    ['flag with its value', ['metadata', 'enable', id, '--protocl=https'], 2, /Did you mean --protocol\?/],
    ['flag like no other', ['instances', 'list', '--bad'], 2, /Unknown flag --bad\..*See its flags/s],
    ['value in capitals', ['metadata', 'enable', id, '--protocol', 'HTTPS'], 2, /not HTTPS\. Did you mean https\?/],
    ['value as tables have it', ['instances', 'list', '--metadata', 'off'], 2, /Did you mean disabled\?/],
    ['stdin without its flag', ['metadata', 'enable', '-'], 2, /from a pipe with --from-file -/],
    ['names with a comma', ['metadata', 'enable', 'a,b'], 2, /Several have spaces between them/],
    ['topic cut short', ['meta', 'show'], 2, /Did you mean vpcmd metadata show/],
    ['a word of ssh', ['ssh', 'x'], 2, /vpcmd connect INSTANCE/],
    ['a word of other tools', ['login'], 2, /takes the login of ibmcloud/],
    ['topic', ['instnces', 'list'], 2, /Unknown command: vpcmd instnces list.*Did you mean vpcmd instances list/s],
    ['topic alone', ['instnces'], 2, /Unknown command: vpcmd instnces\..*Did you mean vpcmd instances\?/s],
    [
      'topic before a flag',
      ['instnces', '-o', 'name'],
      2,
      /Unknown command: vpcmd instnces\..*Did you mean vpcmd instances\?/s,
    ],
    [
      'column',
      ['instances', 'list', '--columns', 'name,statsu'],
      2,
      /no column statsu: did you mean status.*There are: id, name/s,
    ],
    ['sort', ['instances', 'list', '--sort', 'nam'], 2, /no column nam: did you mean name/],
    ['region', ['instances', 'list', '-r', 'us-west'], 2, /no region us-west.*There are: au-syd, br-sao.*us-south/s],
    ['ID', ['metadata', 'enable', '0727_ed12480a'], 2, /neither an ID, nor a name, nor a CRN/],
    ['pattern', ['metadata', 'enable', 'web-*'], 2, /is a pattern.*instances list --name 'web-\*'/s],
    ['pattern among good ones', ['metadata', 'enable', id, 'web-*'], 2, /is a pattern/],
    [
      'name',
      ['metadata', 'enable', 'my-virtual-server-9'],
      4,
      /no instance with the name my-virtual-server-9.*nearest: my-virtual-server-1/s,
    ],
    [
      'name that exists twice',
      ['metadata', 'enable', 'web-1'],
      4,
      /2 instances have the name web-1: 0217_.* in eu-de.*0218_.* in jp-tok.*--region/s,
    ],
    [
      'ID that exists nowhere',
      ['metadata', 'enable', '0717_00000000-0000-4000-8000-000000000000'],
      4,
      /no instance with the ID 0717_0/,
    ],
    ['no instance, no terminal', ['metadata', 'enable'], 2, /No instance given.*Pass an ID/s],
  ])('%s', async (_what, args, code, says) => {
    await expectRefusal(args, {code, says})
  })

  it('a question that nobody can answer', async () => {
    await sandbox.fleet.change(id, {metadata_service: {enabled: true}})
    await expectRefusal(['metadata', 'disable', id], {
      code: 2,
      says: /Disable the metadata service of 1 instance \(1 switched off\)\?.*--yes/s,
    })
    expect(sandbox.fleet.get(id)?.metadata_service.enabled).toBe(true)
  })
})

describe('credentials', () => {
  const list = ['instances', 'list']

  it('a key in place of a file is not printed', async () => {
    const key = 'aB3-_'.repeat(9).slice(1)
    const {code, stdout, stderr} = await runInProcess([...list, '--api-key-file', key, '--json'], {env})
    expect(code).toBe(3)
    expect(stdout).toContain('it looks like a key')
    expect(stdout + stderr).not.toContain(key)
  })

  it('a flag that is mistyped alone may be one that takes no command', async () => {
    expect((await runInProcess(['--versoin'], {env})).stderr).toContain('Did you mean --version?')
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'none',
      {IBMCLOUD_API_KEY: 'unset'},
      /No IBM Cloud credentials.*ibmcloud login.*IBMCLOUD_API_KEY.*--sandbox.*whoami --help/s,
    ],
    ['an empty key', {IBMCLOUD_API_KEY: ''}, /IBMCLOUD_API_KEY is empty/],
    ['a key with a line break', {IBMCLOUD_API_KEY: 'first\nsecond'}, /line break/],
    ['a wrong key', {IBMCLOUD_API_KEY: 'wrong-key-of-nobody'}, /API key/],
  ])('%s', async (what, more, says) => {
    const environment: Record<string, string> = {...env, ...more}
    if (what === 'none')
      for (const name of ['IBMCLOUD_API_KEY', 'VPC_APIKEY', 'VPC_AUTH_TYPE']) delete environment[name]
    await expectRefusal(list, {code: 3, says}, environment)
    const {stdout, stderr} = await runInProcess([...list, '--debug'], {env: environment})
    expect(stdout + stderr).not.toMatch(/wrong-key-of-nobody|second/)
  })

  it('a key file that is missing', async () => {
    await expectRefusal([...list, '--api-key-file', '/nosuch/key'], {
      code: 3,
      says: /\/nosuch\/key: there is no such file/,
    })
  })

  it('a key file that others can read is a warning, and works', async () => {
    const file = join(env.HOME ?? '', 'key')
    writeFileSync(file, `${sandbox.apiKey}\n`)
    chmodSync(file, 0o644)
    const {IBMCLOUD_API_KEY: _none, ...without} = env
    const {code, stderr} = await runInProcess([...list, '--api-key-file', file], {env: without})
    expect(code).toBe(0)
    expect(stderr).toContain(`chmod 600 ${file}`)
    const piped = await runInProcess([...list, '--api-key-file', '-'], {env: without, stdin: `${sandbox.apiKey}\n`})
    expect(piped).toMatchObject({code: 0, stderr: ''})
  })
})

it.each([
  ['metadata enable --yes --from-file -'],
  ['metadata apply --yes -'],
  ['metadata audit --policy -'],
  ['instances create twin --yes --like web-2 --user-data -'],
])('standard input is not for two: %s', async words => {
  const expected = {code: 2, says: /can be the .* or the API key, not both/, stdin: 'web-2'}
  await expectRefusal([...words.split(' '), '--api-key-file', '-'], expected)
  expect(seen).toEqual([])
})

describe('the way there', () => {
  const list = ['instances', 'list']

  it.each([
    ['VPC_URL', 'http://:hush@127.0.0.1:9/v1'],
    ['VPC_URL', 'someone:hush@127.0.0.1:9'],
    ['VPC_URL', 'https//someone:hush@127.0.0.1:9'],
    ['VPC_URL', 'ftp://someone:hush@127.0.0.1:9/v1'],
    ['VPC_AUTH_URL', 'https://someone:hush@127.0.0.1:9'],
  ])('%s with a password, which is not shown: %s', async (name, url) => {
    const environment = {...env, [name]: url}
    await expectRefusal(list, {code: 2, says: new RegExp(`${name} may not hold a user`)}, environment)
    const {stdout, stderr} = await runInProcess(list, {env: environment})
    expect(stdout + stderr).not.toContain('hush')
  })

  it('an endpoint with a password, which is not shown', async () => {
    const args = ['imds', 'token', '--endpoint', 'http://someone:hush@127.0.0.1:9']
    await expectRefusal(args, {code: 2, says: /--endpoint may not hold a user/})
    const {stdout, stderr} = await runInProcess(args, {env})
    expect(stdout + stderr).not.toContain('hush')
  })

  it('VPC_URL that is no URL', async () => {
    await expectRefusal(list, {code: 2, says: /VPC_URL is not a URL: us-south/}, {...env, VPC_URL: 'us-south'})
  })

  it('a closed port', async () => {
    const environment = {...env, VPC_URL: 'http://127.0.0.1:9/v1'}
    await expectRefusal(list, {code: 1, says: /connection to 127\.0\.0\.1:9 was refused/}, environment)
  })

  it('a proxy variable that points nowhere, named without its password', async () => {
    const environment = {
      ...freshEnvironment({IBMCLOUD_API_KEY: 'some-key', HTTPS_PROXY: 'http://user:hunter22@127.0.0.1:9'}),
    }
    // What names it reads the variables of the process.
    vi.stubEnv('HTTPS_PROXY', environment.HTTPS_PROXY)
    await expectRefusal(list, {code: 1, says: /HTTPS_PROXY is set/}, environment)
    const {stdout, stderr} = await runInProcess([...list, '--debug'], {env: environment})
    expect(stdout + stderr).not.toMatch(/hunter22|some-key/)
  })

  it('a proxy variable does not come between vpcmd and this machine', async () => {
    const {code} = await runVpcmd(list, {
      env: {...env, HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9'},
    })
    expect(code).toBe(0)
  })
})

describe('what comes from elsewhere', () => {
  it('an instance that is deleted between reading and changing', async () => {
    onRequest = ({method, path}) => {
      if (method === 'GET' && path.includes(`/us-south/v1/instances/${id}`)) void sandbox.fleet.remove(id)
    }
    const {code, stdout} = await runInProcess(['metadata', 'enable', id, 'my-virtual-server-1', '--json'], {env})
    expect(code).toBe(1)
    const result = JSON.parse(stdout)
    expect(result.changed.map(({name}: {name: string}) => name)).toEqual(['my-virtual-server-1'])
    expect(result.failed).toEqual([
      expect.objectContaining({id, error: expect.objectContaining({code: 'not_found', trace: expect.any(String)})}),
    ])
  })

  it('names with escapes, line breaks, marks and 63 characters', async () => {
    const hostile = 'evil\x1b[2J\x1b]0;title\x07\x9b31m\nnext\u202etxt\u200f'
    const long = 'a'.repeat(63)
    await sandbox.fleet.add({name: hostile, zone: 'us-south-1'})
    await sandbox.fleet.add({name: long, zone: 'us-south-1'})
    for (const format of ['table', 'csv', 'json', 'jsonl', 'yaml']) {
      const {code, stdout, stderr} = await runInProcess(['instances', 'list', '-o', format, '-r', 'us-south'], {env})
      expect(code).toBe(0)
      expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u200e\u200f]/)
      expect(stdout).toContain(long)
    }
    const {stdout} = await runInProcess(['instances', 'list', '--json', '-r', 'us-south'], {env})
    expect(JSON.parse(stdout).map(({name}: {name: string}) => name)).toContain(hostile)
  })

  it('a reader that closes the pipe early', async () => {
    const {code, stdout, stderr} = await runShell('vpcmd instances list --json | head -1', env)
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: '[\n', stderr: ''})
  })

  it('a reader that has gone does not stop a change', async () => {
    await runShell(`vpcmd metadata enable ${id} | true`, env)
    expect(sandbox.fleet.get(id)?.metadata_service.enabled).toBe(true)
  })

  it('a terminal of 40 columns', async () => {
    for (const args of [
      ['instances', 'list'],
      ['instances', 'show', id],
      ['metadata', 'show', id],
      ['metadata', 'enable', id],
    ]) {
      const pty = startInProcess([...args], {cols: 40, env})
      expect(await pty.exit).toEqual({exitCode: 0})
      pty.write(keys.enter)
      expect(pty.everything()).toContain('my-virtual-server-2')
      expect(pty.cursorVisible()).toBe(true)
    }
  })
})

describe('a home that can not be written', () => {
  // Below a file nothing can be made, whoever asks: as root, permissions would stop nobody.
  const unwritable = (environment: Record<string, string>) => {
    const file = join(environment.HOME ?? '', 'file')
    mkdirSync(environment.HOME ?? '', {recursive: true})
    writeFileSync(file, '')
    return {...environment, XDG_CACHE_HOME: join(file, 'cache'), XDG_STATE_HOME: join(file, 'state')}
  }

  it('costs a token request each time, and nothing else', async () => {
    const environment = unwritable(env)
    for (let run = 0; run < 2; run++) {
      expect(await runInProcess(['instances', 'list', '-q'], {env: environment})).toMatchObject({code: 0, stderr: ''})
    }
    expect(seen.filter(({path}) => path === '/identity/token')).toHaveLength(2)
  })

  it('makes the sandbox forget, and say so', async () => {
    const {code, stderr} = await runInProcess(['instances', 'list', '--sandbox'], {env: unwritable(freshEnvironment())})
    expect(code).toBe(0)
    expect(stderr).toMatch(/Warning: .*(state|kept|memory)/i)
  })

  it('refuses a change, as there would be no journal of it', async () => {
    const {code, stdout, stderr} = await runInProcess(['metadata', 'enable', id, '--json'], {env: unwritable(env)})
    expect({code, stderr}).toEqual({code: 1, stderr: ''})
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'journal_failed'}})
    expect(seen.filter(({method}) => method === 'PATCH')).toEqual([])
  })
})
