import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {constants, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi} from 'vitest'
import {masked} from '../../src/metadata/collect-metadata.ts'
import {fileNames, writeCollected} from '../../src/metadata/collected-files.ts'
import {safeJson} from '../../src/safe-json.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'
import {hasSshd, startSshd, type TestSshd} from '../support/sshd.ts'

// Some of what is done over a real sshd is done in the end-to-end tests only: each login takes a second.
const isLong = process.env.MODE === 'e2e'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const caFile = join(mkdtempSync(join(tmpdir(), 'vpcmd-ca-')), 'ca.pem')
const userData = `#cloud-config\npassword: "a'b$(id)\\u0000"\n`

let sandbox: Sandbox
let patches: unknown[]
let env: Record<string, string>
let out: string

beforeEach(async () => {
  patches = []
  sandbox = await startSandbox({
    transitionMs: 0,
    metadata: {caFile, off: 'reset'},
    onRequest: ({method, body}) => {
      if (method === 'PATCH') patches.push(body)
    },
  })
  env = freshEnvironment({...sandbox.environment, VPCMD_SANDBOX_SSH: '1'})
  out = mkdtempSync(join(tmpdir(), 'vpcmd-out-'))
})
afterEach(async () => {
  rmSync(out, {recursive: true})
  await sandbox.close()
})

it.each(isLong ? (['SIGTERM', 'SIGHUP', 'SIGINT'] as const) : (['SIGTERM'] as const))(
  'leaves no ssh behind where %s ends it',
  async signal => {
    const bin = join(out, 'bin')
    mkdirSync(bin)
    // In place of an ssh whose remote host hangs: like that one, it outlives the end of its input.
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\n[ "$1" = -G ] && exit\necho $$ > ${out}/pid\nexec sleep 300\n`, {
      mode: 0o755,
    })
    await sandbox.fleet.change(idOf('my-virtual-server-2'), {metadata_service: {enabled: true}})
    const child = spawn(process.execPath, [vpcmdPath, 'metadata', 'collect', 'my-virtual-server-2'], {
      env: {...env, PATH: `${bin}:${process.env.PATH}`},
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const pid = () => (existsSync(join(out, 'pid')) ? Number(readFileSync(join(out, 'pid'), 'utf8')) : 0)
    await vi.waitUntil(pid, {timeout: 20_000})
    child.kill(signal)
    const [code] = await once(child, 'close')
    expect(code).toBe(128 + constants.signals[signal])
    await vi.waitUntil(() => !isAlive(pid()), {timeout: 10_000})
  },
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('metadata collect, before it connects', () => {
  it('leaves alone what is off, stopped, unreachable or Windows, each with its reason', async () => {
    await sandbox.fleet.change(idOf('my-virtual-server-1'), {metadata_service: {enabled: true}})
    await sandbox.fleet.change(idOf('batch-1'), {metadata_service: {enabled: true}})
    const windows = 'ibm-windows-server-2022-full-standard-amd64-18'
    await sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows, metadata_service: {enabled: true}})
    const names = ['my-virtual-server-1', 'my-virtual-server-2', 'batch-1', 'win', 'nosuch']
    const {code, stdout, stderr} = await runInProcess(['metadata', 'collect', ...names], {env})
    expect({code, stdout: JSON.parse(stdout)}).toEqual({code: 1, stdout: []})
    for (const reason of [
      /my-virtual-server-1 \(\S+\) has no floating IP\. --internal-ip/,
      /The metadata service of my-virtual-server-2 \(\S+\) is off\. Pass --enable/,
      /batch-1 \(\S+\) is stopped/,
      /win \(\S+\) runs Windows, .* vpcmd imds script --shell powershell/,
      /There is no instance with the name nosuch/,
    ]) {
      expect(stderr).toMatch(reason)
    }
    expect(patches).toEqual([])
  })

  it('turns nothing on where it can not log in', async () => {
    const windows = 'ibm-windows-server-2022-full-standard-amd64-18'
    const {id} = await sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows})
    const enable = (name: string, more: Record<string, string> = {}) =>
      runInProcess(['metadata', 'collect', name, '--enable'], {env: {...env, ...more}})
    expect((await enable(id)).stderr).toMatch(/runs Windows/)
    expect((await enable('batch-1')).stderr).toMatch(/is stopped/)
    expect((await enable('my-virtual-server-1')).stderr).toMatch(/has no floating IP/)
    const odd = await startOddCloud(sandbox, {
      answer: ({url}) => (url.pathname === '/sandbox/ssh' ? {status: 404} : undefined),
    })
    const unknown = {...odd.environment, VPCMD_SANDBOX_SSH: ''}
    expect((await enable('my-virtual-server-2', unknown)).stderr).toMatch(/nothing is sent there.*\nWhere ssh leads/)
    await odd.close()
    expect((await enable('my-virtual-server-2', {PATH: '/nowhere'})).stderr).toMatch(/There is no ssh on the PATH/)
    expect(patches).toEqual([])
  })

  it('refuses paths and endpoints that are none', async () => {
    for (const args of [
      ['--path', '../x'],
      ['--path', "instance'; id"],
      ['--endpoint', 'file:///etc'],
    ]) {
      expect((await runInProcess(['metadata', 'collect', 'my-virtual-server-2', ...args], {env})).code).toBe(2)
    }
  })
})

const idOf = (name: string) => sandbox.fleet.list().find(each => each.name === name)?.id ?? ''

it('goes on the sandbox from collecting to an instance like it', async () => {
  const own = freshEnvironment({VPCMD_SANDBOX: '1'})
  const run = (...args: string[]) => runInProcess(args, {env: own})
  const options = ['--enable', '--identity', vpcmdPath, '--out', out]
  await run('metadata', 'enable', 'my-virtual-server-2', '--protocol', 'https')
  const {code, stdout, stderr} = await run('metadata', 'collect', 'my-virtual-server-2', ...options)
  expect({code, stdout}).toEqual({code: 0, stdout: expect.stringMatching(/^my-virtual-server-2 .* 75 bytes /m)})
  expect(stderr).toContain('has a key of its own: --identity is not used.')
  const file = join(out, 'my-virtual-server-2.json')
  const {metadata} = JSON.parse(readFileSync(file, 'utf8'))
  expect(metadata.instance).toMatchObject({id: idOf('my-virtual-server-2'), metadata_service: {protocol: 'https'}})
  const made = ['my-virtual-server-4', '--like', 'my-virtual-server-2', '--from-metadata', file]
  expect((await run('instances', 'create', ...made, '--yes')).code).toBe(0)
  const path = ['--path', 'instance/initialization']
  const again = await run('metadata', 'collect', 'my-virtual-server-4', '--internal-ip', ...path)
  expect(again).toMatchObject({code: 0, stderr: expect.not.stringContaining('Error')})
  const [collected] = JSON.parse(again.stdout)
  expect(collected.metadata['instance/initialization'].user_data).toBe(metadata['instance/initialization'].user_data)
})

describe.skipIf(!hasSshd)('metadata collect, with a real sshd', () => {
  let sshd: TestSshd
  beforeAll(async () => {
    sshd = await startSshd({env: {CURL_CA_BUNDLE: caFile}})
  })
  afterAll(() => sshd.close())
  beforeEach(() => {
    env.PATH = sshd.path
  })

  const collect = (...args: string[]) => runInProcess(['metadata', 'collect', '--user', sshd.user, ...args], {env})
  /** An instance with user data, its metadata service on, and where that is reached. */
  const withService = async (name: string, protocol: 'http' | 'https' = 'http', given = userData) => {
    const {id} = await sandbox.fleet.add({
      name,
      zone: 'us-south-1',
      userData: given,
      trustedProfile: true,
      metadata_service: {enabled: true, protocol},
    })
    const {url: endpoint} = await sandbox.metadataAddress(id)
    // The first token takes the sandbox a key, which a busy machine makes slowly.
    if (protocol === 'http') {
      const headers = {'Metadata-Flavor': 'ibm'}
      await fetch(`${endpoint}/identity/v1/token?version=2026-01-01`, {method: 'PUT', headers})
    }
    return {id, endpoint}
  }

  it.each(['http', 'https'] as const)('hands back what the service says over %s, as JSON', async protocol => {
    const {id, endpoint} = await withService('web', protocol)
    const {code, stdout, stderr} = await collect('web', '--internal-ip', '--endpoint', endpoint)
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(JSON.parse(stdout)).toEqual([
      {
        id,
        name: 'web',
        region: 'us-south',
        collected_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        metadata: {
          instance: expect.objectContaining({id, name: 'web', metadata_service: expect.objectContaining({protocol})}),
          'instance/initialization': expect.objectContaining({
            user_data: userData,
            keys: [expect.objectContaining({name: 'my-key'})],
            default_trusted_profile: expect.objectContaining({auto_link: true}),
          }),
        },
      },
    ])
  })

  it('reads the paths that are asked for, on several instances, into files that nobody else can read', async () => {
    const {endpoint} = await withService('web')
    const other = await withService('web-b')
    const folder = join(out, 'new')
    const read = (name: string, at: string) =>
      collect(
        ...[name, '--internal-ip', '--endpoint', at, '--out', folder],
        ...['--path', 'instance/initialization', '--path', '/metadata/v1/keys'],
      )
    const [{code, stdout}, second] = [await read('web', endpoint), await read('web-b', other.endpoint)]
    expect([code, second.code]).toEqual([0, 0])
    expect(stdout).toMatch(/^web +0717_\S+ +\d+ bytes +\S+web\.json +\S+web\.user-data$/m)
    expect(readdirSync(folder).sort()).toEqual(['web-b.json', 'web-b.user-data', 'web.json', 'web.user-data'])
    expect(readFileSync(join(folder, 'web.user-data'), 'utf8')).toBe(userData)
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'web.json'), 'utf8')).metadata)).toEqual([
      'instance/initialization',
      'keys',
    ])
    const modes = [folder, ...readdirSync(folder).map(name => join(folder, name))].map(
      path => statSync(path).mode & 0o777,
    )
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600, 0o600])
  })

  it.runIf(isLong)(
    'replaces what is there, follows no link, and goes by the ID where a name would lead out of the folder',
    async () => {
      const {id, endpoint} = await withService('../../escape')
      writeFileSync(join(out, 'target'), 'untouched')
      symlinkSync(join(out, 'target'), join(out, `${id}.json`))
      const {code, stdout} = await collect(id, '--internal-ip', '--endpoint', endpoint, '--out', out, '--json')
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toEqual([
        {
          id,
          name: '../../escape',
          region: 'us-south',
          file: join(out, `${id}.json`),
          user_data_file: join(out, `${id}.user-data`),
        },
      ])
      expect(readFileSync(join(out, 'target'), 'utf8')).toBe('untouched')
      expect(existsSync(join(out, '../../escape.json'))).toBe(false)
    },
  )

  it.runIf(isLong)(
    'keeps nothing of an address where another instance answers, whatever path was asked for',
    async () => {
      const {endpoint} = await withService('web')
      await withService('web-b')
      const args = ['web-b', '--internal-ip', '--endpoint', endpoint, '--out', out, '--path', 'instance/initialization']
      const {code, stdout, stderr} = await collect(...args)
      expect({code, stdout}).toEqual({code: 1, stdout: ''})
      expect(stderr).toMatch(/answered as \S+, and not as web-b/)
      expect(readdirSync(out)).toEqual([])
    },
  )

  it.runIf(isLong)('ends with 4 for a path that there is not, as imds get does', async () => {
    const {endpoint} = await withService('web')
    expect((await collect('web', '--internal-ip', '--endpoint', endpoint, '--path', 'nope')).code).toBe(4)
  })

  it('keeps nothing of an address where another instance answers, and goes on with the others', async () => {
    const {endpoint} = await withService('web')
    const other = await withService('web-b')
    const {code, stdout, stderr} = await collect('web', 'web-b', '--internal-ip', '--endpoint', endpoint)
    expect(code).toBe(1)
    expect(JSON.parse(stdout).map((each: {name: string}) => each.name)).toEqual(['web'])
    expect(stderr).toMatch(new RegExp(`answered as 0717_\\S+, and not as web-b \\(${other.id}\\): nothing was saved`))
  })

  it('masks the password and license keys unless it is told not to', async () => {
    const {id, endpoint} = await withService('web')
    const {stdout} = await collect(id, '--internal-ip', '--endpoint', endpoint)
    expect(stdout).not.toContain('(masked')
    const document = {
      password: {encrypted_password: 'x'},
      list: [{licensed_software: [{sku: 's', key: 'LICENSE'}]}],
      keys: [{key: 'stays'}],
    }
    expect(masked(document)).toEqual({
      password: expect.stringMatching(/masked/),
      list: [{licensed_software: [{sku: 's', key: expect.stringMatching(/masked/)}]}],
      keys: [{key: 'stays'}],
    })
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(safeJson(masked(deep))).toBe(`${'['.repeat(200)}null${']'.repeat(200)}`)
  })

  it('turns the service on when told, through the journal, and says what IBM says of that', async () => {
    const {url} = await sandbox.metadataAddress(idOf('my-virtual-server-2'))
    const {code, stdout, stderr} = await collect('my-virtual-server-2', '--endpoint', url, '--enable')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toHaveLength(1)
    expect(stderr).toMatch(
      /^✓ Enabled the metadata service of my-virtual-server-2\n! Restart needed .*\n {2}restart {2}vpcmd instances restart my-virtual-server-2\n {2}undo {5}vpcmd metadata undo [0-9a-f]{4}/,
    )
    expect(patches).toEqual([{metadata_service: {enabled: true}}])
    const {stdout: history} = await runInProcess(['metadata', 'history', '--json'], {env})
    expect(history).toMatch(/"enable"/)
  })

  it('offers to turn it on, on a terminal', async () => {
    const {url} = await sandbox.metadataAddress(idOf('my-virtual-server-2'))
    const args = ['metadata', 'collect', 'my-virtual-server-2', '--user', sshd.user, '--endpoint', url, '-o', 'yaml']
    const refused = startInProcess([...args], {env, cols: 200})
    await refused.reply('The metadata service of my-virtual-server-2 is off. Enable it? (y/N)', '\r')
    expect(await refused.exit).toMatchObject({exitCode: 1})
    expect(patches).toEqual([])
    const pty = startInProcess([...args], {env, cols: 200})
    await pty.reply('(y/N)', 'y\r')
    expect(await pty.exit).toMatchObject({exitCode: 0})
    expect(pty.everything()).toMatch(/name: my-virtual-server-2/)
    expect(patches).toHaveLength(1)
  })

  it.runIf(isLong)('tells of a service that does not answer, and of one that talks nonsense', async () => {
    const {id, endpoint} = await withService('web')
    const silent = await collect(id, '--internal-ip', '--endpoint', 'http://127.0.0.1:1')
    expect(silent).toMatchObject({code: 1, stdout: ''})
    expect(silent.stderr).toMatch(/^Error: web \(\S+\): The metadata service does not answer/)
    const missing = await collect(id, '--internal-ip', '--endpoint', endpoint, '--path', 'nosuch')
    expect(missing.stderr).toMatch(
      /^Error: web \(\S+\): nosuch: status 404: The requested path was not found\. \(trace: \S+\)\n$/,
    )
  })

  it('says what is wrong with the login, for each on its own', async () => {
    const {id, endpoint} = await withService('web')
    const args = ['metadata', 'collect', id, '--internal-ip', '--endpoint', endpoint]
    const {code, stderr} = await runInProcess([...args, '--user', 'nobody-here'], {env})
    expect({code, stderr}).toMatchObject({code: 1, stderr: expect.stringMatching(/web refused nobody-here the keys/)})
    const none = await runInProcess(args, {env: {...env, PATH: '/nowhere'}})
    expect(none.stderr).toMatch(/^Error: web \(\S+\): There is no ssh on the PATH/)
  })

  it.runIf(isLong)('passes over what a login shell prints before, and takes nothing else for metadata', async () => {
    const {id, endpoint} = await withService('web')
    const fake = mkdtempSync(join(tmpdir(), 'vpcmd-ssh-'))
    const pretend = (script: string) => {
      writeFileSync(join(fake, 'ssh'), `#!/bin/sh\n[ "$1" = -G ] && exit\n${script}\n`)
      chmodSync(join(fake, 'ssh'), 0o755)
    }
    env.PATH = `${fake}:${sshd.path}`
    const real = `${sshd.path.split(':')[0]}/ssh`
    onTestFinished(() => rmSync(fake, {recursive: true}))
    pretend(`echo 'Welcome to {web}'; exec ${real} "$@"`)
    expect((await collect(id, '--internal-ip', '--endpoint', endpoint)).code).toBe(0)
    for (const garbage of [
      'cat /dev/urandom | head -c 100000',
      `echo '{"instance":['`,
      `echo '{"instance":7}'`,
      'true',
      // More levels than there is stack.
      `printf '{"instance":%s1%s,"instance/initialization":{}}' "$(yes '{"a":' | head -200000 | tr -d '\\n')" "$(yes '}' | head -200000 | tr -d '\\n')"`,
      `echo '{"instance":{},"other":{}}'`,
    ]) {
      pretend(`cat >/dev/null; ${garbage}`)
      const {code, stdout, stderr} = await collect(id, '--internal-ip', '--endpoint', endpoint)
      expect({code, stdout}).toEqual({code: 1, stdout: ''})
      expect(stderr).toMatch(/is not the JSON of a metadata service/)
    }
    pretend('cat >/dev/null; yes')
    expect((await collect(id, '--internal-ip', '--endpoint', endpoint)).stderr).toMatch(/More than \d+ bytes came back/)
    pretend(`cat >/dev/null; head -c 10000 /dev/zero | tr '\\0' A >&2; exit 1`)
    expect((await collect(id, '--internal-ip', '--endpoint', endpoint)).stderr.length).toBeLessThan(500)
  })

  it.runIf(isLong)("goes the whole way of IBM's page: collect, and the next instance from it", async () => {
    // 64 KB of whatever text can hold: all controls, quotes, letters of two, three and four bytes.
    const alphabet = String.fromCodePoint(...Array.from({length: 0x180}, (_, code) => code), 0x20ac, 0x1f600)
    const hostile = alphabet.repeat(101)
    expect(Buffer.byteLength(hostile)).toBeGreaterThan(63 * 1024)
    const {id, endpoint} = await withService('web', 'http', hostile)
    await collect(id, '--internal-ip', '--endpoint', endpoint, '--out', out)
    const {code, stdout} = await runInProcess(
      ['instances', 'create', 'next', '--like', id, '--from-metadata', join(out, 'web.json'), '--yes', '--json'],
      {env},
    )
    expect(code).toBe(0)
    const made = JSON.parse(stdout)
    const next = (await sandbox.metadataAddress(made.id)).url
    const {stdout: seen} = await collect(made.id, '--internal-ip', '--endpoint', next)
    const [{metadata}] = JSON.parse(seen)
    const [first] = JSON.parse((await collect(id, '--internal-ip', '--endpoint', endpoint)).stdout)
    expect(metadata['instance/initialization']).toEqual(first.metadata['instance/initialization'])
    expect(metadata['instance/initialization'].user_data).toBe(hostile)
    expect(readFileSync(join(out, 'web.user-data'), 'utf8')).toBe(hostile)
  })
})

describe('writeCollected', () => {
  const write = (id: string, userData?: string | null, name = 'web') =>
    writeCollected(out, {id, name}, JSON.stringify({id}), userData, {})

  it('leaves no user data of an earlier time beside what has none', async () => {
    await write('0717_1', 'old')
    expect(await write('0717_1', null)).toEqual({file: join(out, 'web.json'), userDataFile: undefined})
    expect(readdirSync(out)).toEqual(['web.json'])
  })

  it('leaves user data alone that was not asked for, and a file that is of somebody else', async () => {
    await write('0717_1', 'old')
    expect(await write('0717_1')).toEqual({file: join(out, 'web.json'), userDataFile: undefined})
    expect(readFileSync(join(out, 'web.user-data'), 'utf8')).toBe('old')
    writeFileSync(join(out, 'db.user-data'), 'my own notes')
    await write('0717_2', null, 'db')
    expect(readFileSync(join(out, 'db.user-data'), 'utf8')).toBe('my own notes')
  })

  it('goes by the ID where the files of that name are of another instance', async () => {
    await write('0717_1', 'one')
    expect(await write('0717_2')).toMatchObject({file: join(out, '0717_2.json')})
    expect(readFileSync(join(out, 'web.user-data'), 'utf8')).toBe('one')
    expect(readFileSync(join(out, 'web.json'), 'utf8')).toBe('{"id":"0717_1"}')
    writeFileSync(join(out, 'notes.json'), 'of nobody')
    expect(await write('0717_1', undefined, 'notes')).toMatchObject({file: join(out, 'notes.json')})
  })

  it('names the file that could not be written, and leaves no half behind', async () => {
    mkdirSync(join(out, 'web.user-data'))
    const failed = {message: `${join(out, 'web.user-data')} can't be written: it is a folder.`}
    await expect(write('0717_1', 'data')).rejects.toMatchObject(failed)
    expect(readdirSync(out)).toEqual(['web.user-data'])
    writeFileSync(join(out, 'web.json'), '{"id":"0717_1"}')
    await expect(write('0717_1', null)).rejects.toMatchObject({
      message: expect.stringContaining(`${join(out, 'web.user-data')} can't`),
    })
  })

  it('ends where no folder can be made', async () => {
    const failed = {
      message: expect.stringMatching(
        /^\/proc\/nosuch\/web\.json can't be written: there is no folder \/proc\/nosuch\.$/,
      ),
    }
    await expect(
      writeCollected('/proc/nosuch', {id: '0717_1', name: 'web'}, '{}', undefined, {}),
    ).rejects.toMatchObject(failed)
  })
})

it('names files by what is no danger, and no two alike', () => {
  const named = (...names: string[]) => fileNames(names.map((name, index) => ({id: `0717_${index}`, name})))
  expect(named('web', 'web-2')).toEqual(['web', 'web-2'])
  expect(named('web', 'web', '..', 'a/b', '', 'CON', 'con', '-x')).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map(index => `0717_${index}`),
  )
  // What is told apart by characters, cases or lengths that file names don't take.
  const ids = [
    'a/b',
    'a:b',
    'a_b',
    'A_b',
    '.',
    '..',
    'CON',
    'con',
    '',
    'web',
    `0717_${'a'.repeat(300)}`,
    '0717_A',
    '0717_a',
  ]
  const byId = fileNames(ids.map(id => ({id, name: '/'})))
  expect(new Set(byId.map(name => name.toLowerCase())).size).toBe(ids.length)
  for (const name of byId) expect(name).toMatch(/^[0-9a-z][-_0-9a-z]{3,63}$/)
  expect(
    fileNames([
      {id: 'web', name: '/'},
      {id: 'x', name: 'web'},
    ])[1],
  ).toBe('web')
  expect(byId).not.toContain('web')
})
