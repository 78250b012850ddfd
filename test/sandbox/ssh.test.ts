import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdtempSync, rmSync, statSync} from 'node:fs'
import {createConnection} from 'node:net'
import {networkInterfaces, tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import ssh2 from 'ssh2'
import {afterAll, afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {makeKeyPair} from '../../src/sandbox/ssh/ssh-listeners.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type Pty, startPty} from '../support/pty.ts'
import {freshEnvironment, runFile} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

interface Address {
  id: string
  port: number
  identity_file: string
  known_hosts_file: string
}

let sandbox: Sandbox
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-ssh-test-'))
afterAll(() => rmSync(folder, {recursive: true}))
beforeEach(async () => {
  sandbox = await startSandbox({transitionMs: 0, metadata: {off: 'reset'}})
})
afterEach(() => sandbox.close())

const ask = async (instance: string) => {
  const reply = await fetch(`${sandbox.url}/sandbox/ssh?instance=${encodeURIComponent(instance)}`)
  return {status: reply.status, body: await reply.json()}
}
const addressOf = async (instance = 'my-virtual-server-2'): Promise<Address> => (await ask(instance)).body as Address
const options = ({port, identity_file, known_hosts_file}: Address) => [
  ...['-F', 'none', '-p', String(port), '-i', identity_file, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
  ...['-o', `UserKnownHostsFile=${known_hosts_file}`, '-o', 'StrictHostKeyChecking=yes'],
]
const ssh = (address: Address, args: string[], stdin: string | Buffer = '') =>
  runFile('ssh', [...options(address), 'ubuntu@127.0.0.1', ...args], freshEnvironment(), stdin)
const isOpen = (port: number, host: string) =>
  new Promise<boolean>(resolve => {
    const socket = createConnection({port, host, timeout: 2000})
    const settle = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.on('connect', () => settle(true))
    for (const event of ['error', 'timeout']) socket.on(event, () => settle(false))
  })
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('who gets into an instance of the sandbox', () => {
  it('nobody but who holds the key, which only its owner can read, and which goes with the sandbox', async () => {
    const address = await addressOf()
    const [mode, folderMode] = [address.identity_file, dirname(address.identity_file)].map(
      path => statSync(path).mode & 0o777,
    )
    expect([mode, folderMode]).toEqual([0o600, 0o700])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')])
    for (const more of [
      ['-o', 'PubkeyAuthentication=no'],
      ['-o', 'PreferredAuthentications=none,password,keyboard-interactive', '-o', 'NumberOfPasswordPrompts=1'],
    ]) {
      const {code, stderr} = await ssh(address, [...more, 'true'])
      expect({code, stderr}).toEqual({code: 255, stderr: expect.stringContaining('Permission denied (publickey)')})
    }
    const {code, stderr} = await ssh({...address, identity_file: join(folder, 'other')}, ['true'])
    expect({code, stderr}).toEqual({code: 255, stderr: expect.stringContaining('Permission denied (publickey)')})
    expect((await ssh(address, ['true'])).code).toBe(0)
    await sandbox.close()
    expect(existsSync(dirname(address.identity_file))).toBe(false)
    expect(await isOpen(address.port, '127.0.0.1')).toBe(false)
  })

  it('nobody who keeps the sandbox from its end by saying nothing', async () => {
    const {port} = await addressOf()
    const silent = createConnection({port, host: '127.0.0.1', allowHalfOpen: true})
    silent.on('error', () => undefined)
    await once(silent, 'data')
    await sandbox.close()
    silent.destroy()
  })

  it('nobody from another machine', async () => {
    const {port} = await addressOf()
    const others = Object.values(networkInterfaces()).flatMap(each => each ?? [])
    const hosts = others.flatMap(({address, scopeid}) => (address === '127.0.0.1' || scopeid ? [] : [address]))
    expect(await Promise.all(hosts.map(host => isOpen(port, host)))).toEqual(hosts.map(() => false))
    expect(await isOpen(port, '127.0.0.1')).toBe(true)
  })

  it('nobody whom a server with another host key awaits', async () => {
    const [address, other] = [await addressOf(), await startSandbox()]
    const reply = await fetch(`${other.url}/sandbox/ssh?instance=my-virtual-server-2`)
    const {known_hosts_file} = (await reply.json()) as Address
    const {code, stderr} = await ssh({...address, known_hosts_file}, ['true'])
    await other.close()
    expect({code, stderr}).toEqual({code: 255, stderr: expect.stringContaining('Host key verification failed.')})
  })

  it('nobody while it is stopped, and whoever is in is out when it stops', async () => {
    const stopped = await addressOf('batch-1')
    expect(await ssh(stopped, ['true'])).toMatchObject({code: 255, stdout: ''})
    const address = await addressOf()
    const inside = spawn('ssh', [...options(address), 'ubuntu@127.0.0.1', 'echo $$; sleep 100'])
    const pid = Number((await once(inside.stdout, 'data'))[0])
    expect(isAlive(pid)).toBe(true)
    const token = await requestToken()
    await fetch(`${sandbox.url}/us-south/v1/instances/${address.id}/actions?version=2026-01-01&generation=2`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`},
      body: JSON.stringify({type: 'stop'}),
    })
    expect(await once(inside, 'close')).toEqual([255, null])
    await vi.waitUntil(() => !isAlive(pid), {timeout: 10_000})
  })

  it('nobody where there is no such shell, with the reason', async () => {
    const windows = 'ibm-windows-server-2022-full-standard-amd64-18'
    await sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows})
    expect(await ask('win')).toMatchObject({status: 409, body: {errors: [{code: 'no_shell', message: /./}]}})
    expect(await ask('nosuch')).toMatchObject({status: 404, body: {errors: [{code: 'not_found'}]}})
  })
})

async function requestToken(): Promise<string> {
  const reply = await fetch(`${sandbox.url}/identity/token`, {
    method: 'POST',
    headers: {'content-type': 'application/x-www-form-urlencoded'},
    body: new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: sandbox.apiKey}),
  })
  return ((await reply.json()) as {access_token: string}).access_token
}

it('each key that is made is one', () => {
  for (let count = 0; count < 2000; count++) {
    const pair = makeKeyPair()
    for (const text of [pair.private, pair.public]) expect(ssh2.utils.parseKey(text)).not.toBeInstanceOf(Error)
  }
})

describe('a command over ssh', () => {
  it('gets bytes, and gives them back with its exit code', async () => {
    const address = await addressOf()
    const bytes = Buffer.from(Array.from({length: 300_000}, (_, index) => (index * 7) % 251))
    const hex = bytes.toString('hex')
    const {code, stdout, stderr} = await ssh(address, ['cat; echo bad >&2; exit 9'], hex)
    expect({code, stderr}).toEqual({code: 9, stderr: 'bad\n'})
    expect(stdout === hex).toBe(true)
    // Without a command, standard input is the script.
    expect(await ssh(address, [], 'echo typed\nexit 4\n')).toEqual({
      code: 4,
      stdout: 'typed\n',
      stderr: expect.anything(),
    })
  })

  it('loses nothing of what it says last', async () => {
    const address = await addressOf()
    // More than the window of ssh, so that each waits for room, by turns.
    const both = 'for i in 1 2 3; do head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; done'
    const {stdout, stderr} = await ssh(address, [both])
    expect([stdout.length, stderr.length]).toEqual([9_000_000, 9_000_000])
  })

  it('has variables that the client sends, and none of its owner', async () => {
    process.env.VPCMD_TEST_SECRET = 'secret'
    try {
      const args = ['-o', 'SetEnv=LANG=C.UTF-8 VPC_AUTH_URL=http://elsewhere', 'env']
      const {stdout} = await ssh(await addressOf(), args)
      expect(stdout).toMatch(/^LANG=C\.UTF-8$/m)
      expect(stdout).toMatch(new RegExp(`^VPC_AUTH_URL=${sandbox.url}$`, 'm'))
      expect(stdout).not.toMatch(/SECRET|API_?KEY/)
    } finally {
      delete process.env.VPCMD_TEST_SECRET
    }
  })

  it('ends with its connection, and with the sandbox', async () => {
    const address = await addressOf()
    const start = async () => {
      // Neither reads nor writes, so that nothing but a signal ends it.
      const client = spawn('ssh', [...options(address), 'ubuntu@127.0.0.1', 'sh -c "echo \\$\\$; exec sleep 100"'])
      return {client, pid: Number((await once(client.stdout, 'data'))[0])}
    }
    const [first, second] = [await start(), await start()]
    first.client.kill('SIGKILL')
    await vi.waitUntil(() => !isAlive(first.pid), {timeout: 10_000})
    expect(isAlive(second.pid)).toBe(true)
    await sandbox.close()
    await vi.waitUntil(() => !isAlive(second.pid), {timeout: 10_000})
  })
})

it.each(['http', 'https'] as const)(
  "runs IBM's page over %s with curl, and gets other addresses as they are",
  async protocol => {
    const address = await addressOf()
    await sandbox.fleet.change(address.id, {metadata_service: {enabled: true, protocol}})
    // ibm-cloud-docs/vpc, instance_metadata_vpc_access.md, without jq, which not every machine has.
    const page = `set -e
instance_identity_token=\`curl -s -X PUT "${protocol}://api.metadata.cloud.ibm.com/instance_identity/v1/token?version=2024-11-12"\\
  -H "Metadata-Flavor: ibm"\\
  -H "Accept: application/json"\\
  -d '{
        "expires_in": 3600
      }' | sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p'\`
curl -s -X GET "${protocol}://api.metadata.cloud.ibm.com/metadata/v1/instance/initialization?version=2024-11-12"\\
  -H "Accept: application/json"\\
  -H "Authorization: Bearer $instance_identity_token"
echo
curl -qsf "${protocol}://api.metadata.cloud.ibm.com/metadata/v1/instance?version=2024-11-12" -H "Authorization: Bearer $instance_identity_token"
echo
curl -s ${sandbox.url}/sandbox/health
`
    const {code, stdout, stderr} = await ssh(address, ['sh -s'], page)
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    const [initialization, instance, health] = stdout.split('\n').map(line => JSON.parse(line))
    expect(initialization).toMatchObject({keys: [{name: 'my-key'}], user_data: expect.stringMatching(/^#cloud-config/)})
    expect(instance).toMatchObject({id: address.id, name: 'my-virtual-server-2'})
    expect(health).toEqual({status: 'ok'})
  },
)

it('has the vpcmd that runs the sandbox, whatever PATH has', async () => {
  await sandbox.close()
  sandbox = await startSandbox({transitionMs: 0, vpcmd: ['/bin/echo', "it's", 'own']})
  const {code, stdout} = await ssh(await addressOf(), ["vpcmd 'imds token' -q"])
  expect({code, stdout}).toEqual({code: 0, stdout: "it's own imds token -q\n"})
})

it("reads each instance's own metadata service", async () => {
  const names = ['my-virtual-server-2', 'my-virtual-server-3']
  for (const name of names) {
    const address = await addressOf(name)
    await sandbox.fleet.change(address.id, {metadata_service: {enabled: true}})
    const url = 'http://169.254.169.254/identity/v1/token?version=2025-08-26'
    const {stdout} = await ssh(address, [`curl -s -X PUT -H 'Metadata-Flavor: ibm' '${url}'`])
    const [, claims = ''] = JSON.parse(stdout).access_token.split('.')
    expect(Buffer.from(claims, 'base64url').toString()).toContain(address.id)
  }
})

const hasScript = ['/usr/bin/script', '/bin/script'].some(existsSync)

describe.skipIf(!hasScript)('a terminal on an instance of the sandbox', () => {
  let pty: Pty | undefined
  afterEach(() => pty?.kill())

  it('says where one is, edits lines, has the size of the window, and hands on Ctrl-C and the exit code', async () => {
    const address = await addressOf()
    const shown = startPty('ssh', [...options(address), '-t', 'ubuntu@127.0.0.1'], {
      env: freshEnvironment(),
      cols: 90,
      rows: 25,
    })
    pty = shown
    await shown.waitFor(/What you run here is real\..*\nubuntu@my-virtual-server-2\$/s)
    expect(shown.screen()).toMatch(/^This is my-virtual-server-2 of the sandbox: a shell of this machine, as /)
    expect(shown.screen()).toContain(
      'service, which is off. To turn it on, where the sandbox is used:\n  vpcmd metadata enable my-virtual-server-2 --sandbox',
    )
    // Each waits for the prompt, and Ctrl-C for the command: what is typed before may be lost or reach the shell.
    shown.write('stty size; tty\r')
    await shown.reply(/^25 90\n\/dev\/\S+\nubuntu@my-virtual-server-2\$$/m, "sh -c 'echo begun; exec sleep 100'\r")
    await shown.reply(/^begun$/m, '\x03')
    await shown.reply(/\^C\s*ubuntu@my-virtual-server-2\$$/, 'echo ended=$?\r')
    await shown.reply(/^ended=130\nubuntu@my-virtual-server-2\$$/m, 'exit 6\r')
    expect(await shown.exit).toMatchObject({exitCode: 6})
  })

  it('runs a command on a terminal of its own', async () => {
    const args = [
      ...options(await addressOf()),
      '-tt',
      'ubuntu@127.0.0.1',
      'test -t 0 && echo "it\'s a terminal"; exit 3',
    ]
    pty = startPty('ssh', args, {env: freshEnvironment()})
    await pty.waitFor("it's a terminal")
    expect(await pty.exit).toMatchObject({exitCode: 3})
  })
})

it('the key that a process made does not outlive it', async () => {
  const script = `
    const {startSandbox} = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/sandbox/index.js'))})
    const {url} = await startSandbox()
    const reply = await fetch(url + '/sandbox/ssh?instance=my-virtual-server-2')
    process.stdout.write((await reply.json()).identity_file)
    process.exit(1)`
  const {stdout} = await runFile(process.execPath, ['--input-type=module', '-e', script], freshEnvironment(), '')
  expect(stdout).toMatch(/\/id_ed25519$/)
  expect(existsSync(dirname(stdout))).toBe(false)
})
