import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import {describe, expect, it, onTestFinished, vi} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {keys} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const crn = `crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:${id}`
const controls = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200e\u200f]/

const here = startEachSandbox({account: 'a1234567'})

const vpcmd = (...args: string[]) => runInProcess(args, {env: here.env})
const patches = () => here.seen.filter(({method}) => method === 'PATCH').map(({body}) => body)

describe('streams that end early', () => {
  it('a reader of stderr that has gone does not stop a change', async () => {
    await runShell(`vpcmd metadata enable ${id} --debug 2>&1 | head -1`, here.env)
    await runShell('vpcmd metadata enable web-2 --debug 2>&1 | true', here.env)
    expect(here.sandbox.fleet.get(id)?.metadata_service.enabled).toBe(true)
    expect(here.sandbox.fleet.list().find(({name}) => name === 'web-2')?.metadata_service.enabled).toBe(true)
  })

  it('help into a closed pipe is no failure', async () => {
    for (const words of ['--help', 'instances list --help', '--version']) {
      const {stderr} = await runShell(`(vpcmd ${words}; echo "code $?" >&2) | true`, here.env)
      expect(stderr).toBe('code 0\n')
    }
  })

  it.skipIf(!existsSync('/dev/full'))('a full disk is one line and exit 1, and the change is made', async () => {
    const {code, stderr} = await runShell(`vpcmd metadata enable ${id} >/dev/full`, here.env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: .*ENOSPC.*$/m)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(here.sandbox.fleet.get(id)?.metadata_service.enabled).toBe(true)
  })

  it('everything arrives at a slow reader', async () => {
    const {code, stdout} = await runShell('vpcmd instances list --json | { sleep 0.3; cat; }', here.env)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(9)
  })
})

describe('what is piped in unasked', () => {
  it.each(['metadata disable --yes', 'metadata enable', 'metadata show', 'instances show'])(
    'is no argument of %s',
    async command => {
      const {code, stderr} = await runInProcess(command.split(' '), {env: here.env, stdin: 'my-virtual-server-2\n'})
      expect(code).toBe(2)
      expect(stderr).toContain('No instance given')
      expect(patches()).toEqual([])
    },
  )

  it('is not taken for a plan', async () => {
    const {code, stderr} = await runShell('echo plan.json | vpcmd metadata apply', here.env)
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Error: PLAN is missing\.\nUsage: vpcmd metadata apply PLAN \[flags\]$/m)
  })
})

describe('errors as JSON, however they were asked for', () => {
  it.each([
    [['nosuch', '-o', 'json'], 2],
    [['nosuch', '--output=json'], 2],
    [['instances', 'list', '-o', 'jsonl', '--nosuch'], 2],
    [['instances', 'list', 'extra', '--json'], 2],
    [['metadata', 'show', 'nosuch-at-all', '--json'], 4],
    [['instances', 'show', 'nosuch-at-all', '-ojson'], 4],
    [['instances', 'show', 'web-1', '-o', 'json'], 4],
    [['sandbox', 'start', '--port', 'x', '--json'], 2],
  ])('%j', async (args, code) => {
    const result = await vpcmd(...args)
    expect({...result, stderr: ''}).toMatchObject({code, stderr: ''})
    expect(JSON.parse(result.stdout)).toEqual({
      error: expect.objectContaining({code: expect.any(String), message: expect.any(String)}),
    })
  })

  it.each([
    ['instances list --nosuch -o jsonl', 2],
    ['metadata show nosuch-at-all --output=jsonl', 4],
    ['nosuch --output jsonl', 2],
  ])('%s: in one line, as whoever reads JSON lines needs it', async (line, code) => {
    const result = await runInProcess(line.split(' '), {env: here.env})
    expect({code: result.code, lines: result.stdout.split('\n').length}).toEqual({code, lines: 2})
    expect(JSON.parse(result.stdout).error).toMatchObject({message: expect.any(String)})
  })

  it('names the words that are too many as they were typed', async () => {
    const {code, stderr} = await runVpcmd(['instances', 'list', 'extra'], {env: here.env})
    expect({code, stderr}).toEqual({
      code: 2,
      stderr: expect.stringContaining('instances list takes no argument, and extra is one.'),
    })
  })
})

describe('values that a script left empty or too big', () => {
  it.each([
    [['instances', 'list', '-r', ''], /region/],
    [['metadata', 'enable', id, '--region', ','], /region/],
    [['metadata', 'enable', ''], /empty/i],
    [['metadata', 'enable', id, '--hop-limit', ''], /--hop-limit/],
    [['instances', 'list', '--timeout', '0'], /--timeout/],
    [['instances', 'list', '--timeout', '99999999999'], /--timeout/],
    [['instances', 'list', '--columns', ''], /column/],
    [['instances', 'list', '--sort', '-'], /column/],
    [['metadata', 'enable', crn.replace(id, 'my-virtual-server-2')], /is not the CRN of an instance/],
    [['metadata', 'enable', `${crn}/..`], /is not the CRN of an instance/],
  ])('%j is refused with exit 2', async (args, says) => {
    const {code, stderr} = await vpcmd(...args)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(says)})
    expect(patches()).toEqual([])
  })

  it.each(['--vpc', '--name', '--status', '--zone', '--resource-group', '--availability-class', '--reservation'])(
    'an empty %s lists nothing rather than everything',
    async flag => {
      const {stdout} = await vpcmd('instances', 'list', '-q', flag, '')
      expect(stdout).toBe('')
    },
  )
})

describe('one instance by several names', () => {
  it('is changed once', async () => {
    const {code, stdout} = await vpcmd('metadata', 'enable', 'my-virtual-server-2', id, crn, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).changed).toHaveLength(1)
    expect(patches()).toEqual([{metadata_service: {enabled: true}}])
  })
})

describe('an ID, found in one region', () => {
  it('does not wait for a region that never answers', async () => {
    here.sandbox.faults.push({kind: 'hang', path: /\/eu-de\//})
    const {code, stdout, stderr} = await vpcmd('metadata', 'enable', id, '--json')
    expect({code, failed: JSON.parse(stdout).failed}).toEqual({code: 0, failed: []})
    expect(stderr).not.toMatch(/waiting|No answer/)
  })

  it('leaves no search behind in the sandbox', async () => {
    const {code, stderr} = await vpcmd('metadata', 'show', id, '--sandbox')
    expect({code, stderr}).toEqual({code: 0, stderr: 'Using the sandbox, a simulated IBM Cloud on this machine.\n'})
  })

  it('is not declared missing while a region could not be asked', async () => {
    here.sandbox.faults.push({kind: '403', path: /\/us-south\/v1\/instances/})
    const {code, stderr} = await vpcmd('metadata', 'enable', id)
    expect({code, stderr}).toEqual({code: 3, stderr: expect.stringContaining('is.instance.instance.read')})
  })
})

describe('filters', () => {
  const vpc = 'r006-01030e3c-2663-4f7d-ac55-651929dafe37'
  const mine = ['my-virtual-server-1', 'my-virtual-server-2', 'my-virtual-server-3']
  it.each<[string[], string[]]>([
    [['--name', 'my-*'], mine],
    [
      ['--name', 'web-?'],
      ['web-1', 'web-1', 'web-2'],
    ],
    [['--name', 'web-2'], ['web-2']],
    [
      ['--status', 'stopped,failed'],
      ['batch-1', 'build-1'],
    ],
    [['--status', 'stopped', '--status', 'failed', '--zone', 'au-syd-1'], ['build-1']],
    [['--zone', 'us-south-2'], mine.slice(1)],
    [
      ['--metadata', 'enabled'],
      ['train-1', 'web-1', 'web-1'],
    ],
    [['--metadata', 'disabled', '-r', 'eu-de'], ['web-2']],
    [
      ['--protocol', 'https'],
      ['train-1', 'web-1'],
    ],
    [['--hop-limit', '2'], ['web-1']],
    [['--vpc', 'my-test-vpc'], mine],
    [['--vpc', vpc], mine],
    [
      ['--resource-group', 'production'],
      ['web-1', 'web-2'],
    ],
    [
      ['--resource-group', '4bbce614c13444cd8fc5e7e878ef8e21'],
      ['web-1', 'web-2'],
    ],
    [['--reservation', 'research-2026'], ['train-1']],
    [['--instance-group', 'web'], ['web-1']],
    [['--availability-class', 'spot'], ['web-1']],
    [['--dedicated-host', 'batch-host'], ['batch-1']],
    [['--placement-group', 'spread-hosts'], ['web-2']],
    [['--vpc', 'my-test-vpc', '--name', '*-3', '--status', 'running'], ['my-virtual-server-3']],
    [['--vpc', 'my-test-vpc', '--metadata', 'enabled'], []],
  ])('%j', async (args, names) => {
    const {code, stdout} = await vpcmd('instances', 'list', '-o', 'csv', '--columns', 'name', ...args)
    expect({code, names: stdout.split('\n').slice(1, -1)}).toEqual({code: 0, names})
  })

  it('by CRN', async () => {
    const {stdout} = await vpcmd('instances', 'show', id, '--json')
    const {vpc: shown, resource_group} = JSON.parse(stdout)
    for (const [flag, value] of [
      ['--vpc', shown.crn],
      ['--resource-group', resource_group.id],
    ]) {
      const listed = await vpcmd('instances', 'list', '-r', 'us-south', '-q', flag, value)
      expect(listed.stdout.trim().split('\n')).toHaveLength(3)
    }
  })

  it('sorts by floating IP also where that is not shown', async () => {
    const shown = await vpcmd('instances', 'list', '--sort', 'floating-ip', '-o', 'csv', '--columns', 'id,floating-ip')
    const ids = shown.stdout
      .split('\n')
      .slice(1, -1)
      .map(line => line.split(',')[0])
    for (const by of ['floating-ip', 'Floating IP']) {
      const quiet = await vpcmd('instances', 'list', '--sort', by, '-q')
      expect(quiet.stdout.trim().split('\n')).toEqual(ids)
    }
  })
})

describe("the sandbox's state", () => {
  it.each(['not JSON', 'null', '{"version":7}'])('that is %s is one clear line, and a reset mends it', async text => {
    const own = freshEnvironment({VPCMD_SANDBOX: '1'})
    await runInProcess(['metadata', 'enable', id], {env: own})
    const file = join(own.XDG_STATE_HOME ?? '', 'vpcmd', 'sandbox', 'state.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({version: 2})
    writeFileSync(file, text)
    const {code, stdout, stderr} = await runInProcess(['instances', 'list'], {env: own})
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(/^Error: .*state\.json.*vpcmd sandbox reset/m)
    expect(stderr).not.toMatch(/not made for|\n\s+at /)
    expect((await runInProcess(['sandbox', 'reset'], {env: own})).code).toBe(0)
    expect((await runInProcess(['instances', 'list', '-q'], {env: own})).stdout.trim().split('\n')).toHaveLength(9)
  })
})

describe('a service that answers nonsense', () => {
  const token = ['{"alg":"HS256"}', '{"iat":1,"exp":99999999999}', 'x'].map(part =>
    Buffer.from(part).toString('base64url'),
  )
  const iam = {access_token: token.join('.'), token_type: 'Bearer', expires_in: 3600, expiration: 99999999999}

  async function against(answer: (path: string) => {status?: number; body: string}, ...args: string[]) {
    const server = createServer((request, response) => {
      const {pathname} = new URL(request.url ?? '/', 'http://localhost')
      const {status = 200, body} = pathname === '/identity/token' ? {body: JSON.stringify(iam)} : answer(pathname)
      response.writeHead(status, {'content-type': 'application/json'}).end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      return await runInProcess(args, {
        env: freshEnvironment({IBMCLOUD_API_KEY: 'some-key', VPC_URL: `${url}/v1`, VPC_AUTH_URL: url}),
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  it('puts nothing on the terminal that acts on it', async () => {
    const body = JSON.stringify({
      errors: [{code: 'bad\x1b[2J', message: 'no \x1b]0;title\x07\nway\u202e \x9b31m'}],
      trace: 'trace\x1b[31m',
    })
    const text = await against(() => ({status: 403, body}), 'instances', 'list')
    expect(text.code).toBe(3)
    expect(text.stderr).not.toMatch(controls)
    const json = await against(() => ({status: 403, body}), 'instances', 'list', '--json')
    expect(json.code).toBe(3)
    expect(json.stdout).not.toMatch(controls)
    expect(JSON.parse(json.stdout).error).toMatchObject({trace: 'trace\x1b[31m'})
  })

  it.each([
    ['no JSON', 'nonsense'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a page', '<!doctype html><p>Log in'],
    ['other fields', '{"message":"welcome"}'],
  ])('that is %s is a clear line without a stack', async (_what, body) => {
    const {code, stdout, stderr} = await against(() => ({body}), 'instances', 'list')
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(/^Error: Could not ask for the regions/m)
    expect(stderr).not.toMatch(/not made for|\n\s+at /)
  })
})

it('a closed port on this machine is not blamed on a proxy that is not asked for it', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9')
  const {code, stderr} = await runInProcess(['instances', 'list'], {
    env: {...here.env, VPC_URL: 'http://127.0.0.1:9/v1', HTTPS_PROXY: 'http://127.0.0.1:9'},
  })
  expect({code, stderr}).toEqual({code: 1, stderr: expect.stringMatching(/was refused.*\n.*VPC_URL/)})
  expect(stderr).not.toContain('HTTPS_PROXY')
})

describe('in a terminal', () => {
  const hostile = 'evil\x1b[2J\x1b]0;title\x07\nnext\u202etxt'

  it('names that would act on it are harmless in the picker, the plan and the question', async () => {
    await here.sandbox.fleet.add({name: hostile, zone: 'us-south-1'})
    await here.sandbox.fleet.add({name: 'a'.repeat(63), zone: 'us-south-1'})
    const pty = startInProcess(['metadata', 'enable', '--protocol', 'https', '--hop-limit', '2'], {
      cols: 40,
      env: here.env,
    })
    onTestFinished(() => pty.kill())
    await pty.reply('11 of 11 shown', 'evil')
    await pty.reply('1 of 11 shown', keys.space)
    await pty.reply('1 selected', keys.enter)
    await pty.waitFor('(y/N)')
    expect(pty.everything()).toMatch(/evil ?nexttxt|evil next/)
    expect(patches()).toEqual([])
    pty.write(`y${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(patches()).toHaveLength(1)
    expect(pty.cursorVisible()).toBe(true)
  })

  it('the console enables, disables and is left by its menu', async () => {
    const pty = startInProcess([], {env: here.env})
    onTestFinished(() => pty.kill())
    await pty.reply('9 of 9 shown', 'server-2')
    await pty.reply('1 of 9 shown', keys.enter)
    await pty.reply('> Enable the metadata service', keys.enter)
    await pty.reply('> keep as it is: http', keys.enter)
    await pty.reply('(keep as it is: 1)', keys.enter)
    await pty.reply(/Go on\? \(y\/N\)/, `n${keys.enter}`)
    await pty.waitFor('Nothing was sent.')
    expect(patches()).toEqual([])
    await pty.reply('> Enable the metadata service', keys.enter)
    await pty.reply('> keep as it is: http', keys.enter)
    await pty.reply('(keep as it is: 1)', keys.enter)
    await pty.reply(/Go on\? \(y\/N\)/, `y${keys.enter}`)
    await pty.reply('> Disable the metadata service', keys.enter)
    await pty.reply(/-> off\. Go on\? \(y\/N\)/, `y${keys.enter}`)
    await pty.reply('> Enable the metadata service', keys.up)
    await pty.reply('> Quit', keys.enter)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(patches()).toEqual([{metadata_service: {enabled: true}}, {metadata_service: {enabled: false}}])
    expect(pty.cursorVisible()).toBe(true)
  })
})
