import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest'
import {parse} from 'yaml'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type InsideSandbox, patience, startInsideSandbox, userData} from '../support/inside-sandbox.ts'
import {json, serve} from '../support/metadata-server.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let inside: InsideSandbox
let sandbox: InsideSandbox['sandbox']
let id: InsideSandbox['id']
let at: InsideSandbox['at']
let secure: InsideSandbox['secure']
beforeAll(async () => {
  inside = await startInsideSandbox()
  ;({sandbox, id, at, secure} = inside)
})
afterAll(() => inside.sandbox.close())

const imds = (...args: string[]) => runInProcess(['imds', ...args])

const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('imds token', () => {
  it('prints the token alone, which is of this instance', async () => {
    const {code, stdout, stderr} = await imds('token', ...at)
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(stdout).toMatch(/^eyJ[\w.-]+\n$/)
    expect(claims(stdout).iaas.instanceID).toBe(id)
  })

  it('has the lifetime and the nonce that were asked for', async () => {
    const {code, stdout} = await imds('token', ...secure, '--expires-in', '60', '--nonce', 'a "nonce"', '--json')
    const answer = JSON.parse(stdout)
    expect({code, expires_in: answer.expires_in}).toEqual({code: 0, expires_in: 60})
    expect(claims(answer.access_token).nonce).toBe('a "nonce"')
  })

  it.each([
    [['--expires-in', '4'], /--expires-in.*5/],
    [['--expires-in', '3601'], /--expires-in.*3600/],
    [['--nonce', ''], /--nonce is empty/],
    [['--endpoint', 'ftp://169.254.169.254'], /--endpoint/],
    [['--endpoint', 'http://169.254.169.254/metadata'], /--endpoint/],
    [['--endpoint', ''], /--endpoint/],
    [['--ca-file', '/nonexistent'], /No CA certificate from \/nonexistent: there is no such file/],
    [['--timeout', '0'], /--timeout/],
    [['--expire-in', '9'], /Did you mean --expires-in/],
    [['extra'], /extra/],
  ])('%j is wrong usage', async (args, says) => {
    for (const more of [[], ['--json']]) {
      const {code, stdout, stderr} = await imds('token', ...args, ...more)
      expect({code, text: more.length > 0 ? stdout : stderr}).toEqual({code: 2, text: expect.stringMatching(says)})
    }
  })
})

describe('in the shell of an instance of the sandbox', () => {
  it.each(['http', 'https'] as const)('finds the service over %s by the address in the environment', async protocol => {
    const [url = '', ca] = protocol === 'http' ? [at[1]] : [secure[1], secure[3]]
    const env = freshEnvironment({VPCMD_METADATA_ADDRESS: new URL(url).host})
    const more = ca === undefined ? [] : ['--ca-file', ca]
    const {code, stdout, stderr} = await runInProcess(['imds', 'token', ...more, ...patience], {env})
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(claims(stdout).iaas.instanceID === id).toBe(protocol === 'http')
    const doctor = await runInProcess(['imds', 'doctor', '--json', ...more, ...patience], {env})
    const {checks} = JSON.parse(doctor.stdout) as {checks: {check: string; state: string; finding: string}[]}
    expect(checks[0]).toMatchObject({state: 'ok', finding: expect.stringContaining(`${protocol}://api.metadata.cloud`)})
    expect(checks.map(({check}) => check)).not.toContain('Host name')
  })

  it('says outside of one that the sandbox has the service within its instances', async () => {
    const hint = "The sandbox's service answers within its instances: vpcmd connect INSTANCE --sandbox"
    const env = freshEnvironment({VPCMD_SANDBOX: '1', HTTP_PROXY: 'http://127.0.0.1:9'})
    for (const verb of ['user-data', 'keys']) {
      const {code, stderr} = await runInProcess(['imds', verb, '--timeout', '1'], {env})
      expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining(hint)})
    }
    const elsewhere = ['imds', 'keys', '--endpoint', 'http://127.0.0.1:9', '--timeout', '1']
    expect((await runInProcess(elsewhere, {env})).stderr).not.toContain(hint)
  })

  it.each(['10.0.0.1:80', 'example.com', '127.0.0.1:99999', '127.0.0.1:80/x'])(
    'asks no other machine for a token: %s',
    async address => {
      const env = freshEnvironment({VPCMD_METADATA_ADDRESS: address})
      const {code, stdout, stderr} = await runInProcess(['imds', 'token'], {env})
      expect({code, stdout}).toEqual({code: 2, stdout: ''})
      expect(stderr).toContain(`VPCMD_METADATA_ADDRESS is not an address of this machine: ${address}.`)
    },
  )
})

describe('imds get', () => {
  it.each(['instance', '/instance/', 'metadata/v1/instance', '/metadata/v1/instance'])(
    '%s is the instance',
    async path => {
      const {code, stdout} = await imds('get', path, ...at)
      expect({code, id: JSON.parse(stdout).id}).toEqual({code: 0, id})
    },
  )

  it('goes on to what a list names, as YAML too', async () => {
    const list = JSON.parse((await imds('get', 'instance/volume_attachments', ...at)).stdout)
    const [first] = list.volume_attachments
    const {code, stdout} = await imds('get', `instance/volume_attachments/${first.id}`, ...at, '-o', 'yaml')
    expect({code, name: parse(stdout).name}).toEqual({code: 0, name: first.name})
  })

  it('of what is not there is exit code 4, with the trace', async () => {
    const text = await imds('get', 'instance/nothing', ...at)
    expect(text).toMatchObject({code: 4, stdout: '', stderr: expect.stringMatching(/^Error: .*\(trace: /)})
    const asJson = await imds('get', 'instance/nothing', ...at, '--json')
    expect(asJson).toMatchObject({code: 4, stderr: ''})
    expect(JSON.parse(asJson.stdout).error).toMatchObject({code: 'not_found', trace: expect.any(String)})
  })

  it('of a list whose pages never end is given up, and nothing else is said', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      json(response, 200, {keys: [], next: {href: '/metadata/v1/keys?start=again'}})
      return true
    })
    onTestFinished(() => server.close())
    expect(await imds('get', 'keys', '--endpoint', server.url, ...patience)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Error: Could not read keys: .*an answer without end\.\n.*doctor.*\n$/),
    })
  })

  it.each(['', '..', 'instance/../../identity', 'instance?x=1', 'http://elsewhere/', 'instance//keys', 'a b', 'a%2fb'])(
    '%j is no path',
    async path => {
      const {code, stderr} = await imds('get', path, ...at)
      expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('is not a path')})
    },
  )
})

describe('imds instance, initialization and keys', () => {
  it('show what the VPC API says of the same instance', async () => {
    const env = freshEnvironment(sandbox.environment)
    const outside = JSON.parse((await runInProcess(['instances', 'show', id, '--json'], {env})).stdout)
    const inside = JSON.parse((await imds('instance', ...secure, '--json')).stdout)
    expect(inside.name).toBe('secure')
    const {stdout} = await imds('instance', ...at)
    for (const part of [outside.id, outside.crn, outside.profile.name, outside.vpc.name, outside.zone.name]) {
      expect(stdout).toContain(part)
    }
    expect((await imds('instance', ...at, '-q')).stdout).toBe(`${id}\n`)
  })

  it('have no ID to print where the service tells of no instance', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      json(response, 200, {})
      return true
    })
    onTestFinished(() => server.close())
    const {code, stdout} = await imds('instance', '-q', '--endpoint', server.url, ...patience)
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
  })

  it('tell of user data only how many, but as JSON all', async () => {
    const text = await imds('initialization', ...at)
    expect(text.stdout).toContain(`${Buffer.byteLength(userData)} bytes`)
    expect(text.stdout).not.toContain('Grüße')
    expect(JSON.parse((await imds('initialization', ...at, '--json')).stdout).user_data).toBe(userData)
  })

  it('list the keys', async () => {
    const {keys} = JSON.parse((await imds('get', 'keys', ...at)).stdout)
    expect(keys.length).toBeGreaterThan(0)
    expect(JSON.parse((await imds('keys', ...at, '--json')).stdout)).toEqual(keys)
    expect((await imds('keys', ...at, '-q')).stdout).toBe(keys.map((key: {id: string}) => `${key.id}\n`).join(''))
  })
})

describe('imds user-data', () => {
  it.each([
    ['http', () => at],
    ['https', () => secure],
  ])('prints the bytes and nothing else, over %s', async (_protocol, where) => {
    const {code, stdout, stderr} = await imds('user-data', ...where())
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: userData, stderr: ''})
  })

  it('of 64 KB of binary come out as they went in', async () => {
    const binary = Buffer.from(Array.from({length: 65_536}, (_, index) => index % 256)).toString('latin1')
    const {id: made} = await sandbox.fleet.add({
      name: 'binary',
      zone: 'us-south-1',
      userData: binary,
      metadata_service: {enabled: true},
    })
    const {url: endpoint} = await sandbox.metadataAddress(made)
    const {stdout} = await runShell(
      `vpcmd imds user-data --endpoint ${endpoint} ${patience.join(' ')} | od -An -v -tx1 | tr -d ' \\n'`,
    )
    expect(stdout).toBe(Buffer.from(binary).toString('hex'))
  })

  it('that were never given are exit code 4', async () => {
    const {id: bare} = await sandbox.fleet.add({name: 'bare', zone: 'us-south-1', metadata_service: {enabled: true}})
    const {url: endpoint} = await sandbox.metadataAddress(bare)
    const text = await imds('user-data', '--endpoint', endpoint, ...patience)
    expect(text).toMatchObject({code: 4, stdout: '', stderr: expect.stringContaining('no user data')})
    const asJson = await imds('user-data', '--endpoint', endpoint, ...patience, '--json')
    expect({code: asJson.code, error: JSON.parse(asJson.stdout).error.code}).toEqual({code: 4, error: 'no_user_data'})
  })
})

describe('with the framework and without', () => {
  // --debug takes the framework; what it adds is on stderr.
  it.each([
    ['user-data', []],
    ['user-data', ['--json']],
    ['get', ['instance']],
    ['get', ['nothing']],
    ['get', ['nothing', '--json']],
    ['get', ['a b']],
  ])('imds %s %j is the same', async (verb, args) => {
    const quick = await imds(verb, ...args, ...at)
    const whole = await imds(verb, ...args, ...at, '--debug')
    const withoutTraces = (text: string) => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'a-trace')
    expect(withoutTraces(quick.stdout)).toBe(withoutTraces(whole.stdout))
    expect(quick.code).toBe(whole.code)
    expect(withoutTraces(whole.stderr)).toContain(withoutTraces(quick.stderr))
  })

  it.each([
    ['user-data', ['--endpoint', 'nonsense'], 2],
    ['token', ['--endpoint'], 2],
    ['get', [], 2],
    ['get', ['instance', 'keys'], 2],
    ['iam-token', ['--trusted-profile', ''], 2],
    ['user-data', ['--no-such'], 2],
    ['token', ['--endpoint', 'http://127.0.0.1:1', '--endpoint', 'http://127.0.0.1:2'], 2],
  ])('imds %s %j is exit code %d', async (verb, args, expected) => {
    const {code, stdout, stderr} = await imds(verb, ...args)
    expect({code, stdout}).toEqual({code: expected, stdout: ''})
    expect(stderr).toMatch(/^Error: /)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('a reader that closes the pipe is no error', async () => {
    const {code, stderr} = await runShell(`vpcmd imds get instance ${at.join(' ')} | head -c 10 >/dev/null`)
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
  })
})

describe('imds iam-token', () => {
  it('is a token that the VPC API takes', async () => {
    const {code, stdout} = await imds('iam-token', ...at)
    expect(code).toBe(0)
    const answer = await fetch(`${sandbox.environment.VPC_URL}/instances?version=2026-03-24&generation=2&limit=1`, {
      headers: {authorization: `Bearer ${stdout.trim()}`},
    })
    expect(answer.status).toBe(200)
  })

  it('by no profile says so where the instance has no default one', async () => {
    const {id} = await sandbox.fleet.add({name: 'plain', zone: 'us-south-1', metadata_service: {enabled: true}})
    const {code, stderr} = await imds('iam-token', '--endpoint', (await sandbox.metadataAddress(id)).url)
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /this instance has no default trusted profile\. \(trace: \S+\)\n.*--trusted-profile/,
      ),
    })
  })

  it('by a profile that is unknown is refused with the reason', async () => {
    const {code, stdout, stderr} = await imds('iam-token', ...at, '--trusted-profile', 'Profile-unknown')
    expect({code, stdout}).toEqual({code: 4, stdout: ''})
    expect(stderr).toMatch(/^Error: No IAM token by Profile-unknown: .*\(trace: /)
  })
})
