import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, relative} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {startOddCloud} from '../support/odd-cloud.ts'
import {type Pty, startPty} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runFile, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'
import {hasSshd, startSshd, type TestSshd} from '../support/sshd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const here = startEachSandbox({}, {VPCMD_SANDBOX_SSH: '1'})

const connect = (...args: string[]) => runInProcess(['connect', ...args], {env: here.env})
/** In a process, whose streams ssh takes over. */
const connectFor = (...args: string[]) => runVpcmd(['connect', ...args], {env: here.env})
const posts = () =>
  here.seen
    .filter(({method}) => method !== 'GET' && method !== 'POST')
    .concat(here.seen.filter(({path, method}) => method === 'POST' && !path.startsWith('/identity')))

/** A PATH on which `ssh` is a script. */
const withSsh = (script: string) => {
  const folder = join(here.env.HOME ?? '', 'bin')
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n[ "$1" = -G ] && exit\n${script}\n`, {mode: 0o755})
  return `${folder}:${here.env.PATH}`
}

describe('connect --print', () => {
  it('is a line for a shell in every format, in which ssh replaces nothing', async () => {
    const key = join(here.env.HOME ?? '', 'my %d key; x')
    writeFileSync(key, '')
    const csv = await connect('my-virtual-server-3', '--print', '-i', key, '-o', 'csv')
    expect(csv.stdout).toContain(`ssh -i '${key.replace('%', '%%')}' vpcuser@`)
  })

  it('takes the user of the image and the floating IP', async () => {
    expect(await connect('my-virtual-server-2', '--print')).toEqual({
      code: 0,
      stdout: 'ssh ubuntu@169.47.94.48\n',
      stderr: '',
    })
    expect((await connect('my-virtual-server-3', '--print')).stdout).toBe('ssh vpcuser@52.116.204.232\n')
  })

  it('takes the reserved IP by --internal-ip and --via, for an instance without a floating IP too', async () => {
    expect((await connect('my-virtual-server-1', '--print', '--internal-ip')).stdout).toBe('ssh ubuntu@10.240.0.6\n')
    expect((await connect('my-virtual-server-2', '--print', '--via', 'me@bastion:2222')).stdout).toBe(
      'ssh -J me@bastion:2222 ubuntu@10.240.64.11\n',
    )
    expect(here.seen.filter(({path}) => path.includes('floating_ips'))).toEqual([])
  })

  it('prints a line that a shell reads back word by word', async () => {
    const words = ['-o', 'A=b c', '--', "it's", '$(touch pwned)', '`id`', '', '*', 'a\n\tb\u001b[31m\u0085\r', '\u0007']
    const {stdout} = await connect('my-virtual-server-2', '--print', '--', ...words)
    // The least that sh may be: dash, on Debian and Ubuntu.
    const line = `set -- ${stdout.trimEnd()}\nshift 2\nfor word; do printf '<%s>' "$word"; done`
    const read = await runFile('dash', ['-c', line], here.env, '')
    expect(read.stdout).toBe(words.map(word => `<${word}>`).join(''))
    expect(stdout).not.toMatch(/\u001b/)
    expect(read.code).toBe(0)
  })

  it('is an object with the words as JSON', async () => {
    const {stdout} = await connect('my-virtual-server-2', '--print', '--json', '--', 'echo', 'a b')
    expect(JSON.parse(stdout)).toEqual({
      id: '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6',
      name: 'my-virtual-server-2',
      address: '169.47.94.48',
      protocol: 'ssh',
      user: 'ubuntu',
      command: ['ssh', 'ubuntu@169.47.94.48', 'echo', 'a b'],
    })
  })
})

describe('what connect refuses', () => {
  it('an instance that failed, with what to do then', async () => {
    const {stderr} = await connect('build-1')
    expect(stderr).toMatch(/^Error: build-1 \(\S+\) is failed: .*\nSee why: vpcmd instances show \S+\n$/)
  })

  it('a stopped instance', async () => {
    const {code, stderr} = await connect('batch-1')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: batch-1 \(\S+\) is stopped: .*\nStart it first.*\n$/)
  })

  it('an instance without a floating IP, where nobody can be asked', async () => {
    const {code, stderr} = await connect('my-virtual-server-1')
    expect(code).toBe(1)
    expect(stderr).toMatch(/has no floating IP\.\n.*--internal-ip.*--via.*--assign-floating-ip/)
    expect(posts()).toEqual([])
  })

  it('an image that tells no user, until --user names one', async () => {
    const added = await here.sandbox.fleet.add({name: 'odd', zone: 'us-south-1', image: 'appliance'})
    const {code, stderr} = await connect(added.id, '--internal-ip')
    expect({code, stderr}).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is not known: its image appliance does not tell it\.\n.*--user/),
    })
    expect((await connect(added.id, '--internal-ip', '--print', '--user', 'admin')).stdout).toMatch(/^ssh admin@10\./)
  })

  it('a key file that is not there, a user and a host that are none, before it asks anything', async () => {
    for (const [args, said] of [
      [['--identity', '/no/such'], /No private key from --identity \/no\/such: there is no such file/],
      [['--user=-oProxyCommand=id'], /--user needs a value/],
      [['--user', 'a$(id)'], /is not the name of a user/],
      [['--via=-oProxyCommand=id'], /--via needs a value/],
      [['--via', 'x;id'], /is not a host to jump over/],
    ] as const) {
      const {code, stderr} = await connect('my-virtual-server-2', ...args)
      expect(code).toBe(2)
      expect(stderr).toMatch(said)
    }
    expect(here.seen).toEqual([])
  })

  it('an address that is none, whatever the API says', async () => {
    // A floating IP's address goes to ssh's command line.
    const {checkedAddress} = await import('../../src/ssh/reach.ts')
    const {readInstance} = await import('../../src/cloud/readers/instance.ts')
    const instance = readInstance({id: 'x'}, 'x')
    for (const address of [undefined, '-oProxyCommand=id', 'fe80::1%eth0', '0.0.0.0']) {
      expect(() => checkedAddress(instance, address)).toThrow(/no address/)
    }
  })

  it('a command without -- before it', async () => {
    const {code, stderr} = await connect('my-virtual-server-2', 'uptime')
    expect({code, stderr}).toEqual({
      code: 2,
      stderr:
        'Error: Unexpected argument uptime. A command or options for ssh go after --.\nTry: vpcmd connect my-virtual-server-2 -- uptime\n',
    })
    expect(here.seen).toEqual([])
  })

  it('to run what is called ssh in a folder that the PATH does not name in full', async () => {
    const [folder = ''] = withSsh('exit 0').split(':')
    const env = {...here.env, PATH: `${relative('', folder)}:/nowhere`}
    expect(await runInProcess(['connect', 'my-virtual-server-2'], {env})).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no ssh on the PATH'),
    })
  })

  it('to do without ssh', async () => {
    const {code, stderr} = await runInProcess(['connect', 'my-virtual-server-2'], {
      env: {...here.env, PATH: '/nowhere'},
    })
    expect(code).toBe(1)
    expect(stderr).toBe(
      'Error: There is no ssh on the PATH.\nInstall the OpenSSH client; vpcmd connect INSTANCE --print shows the command line to run elsewhere.\n',
    )
  })
})

it('takes a key file below the home folder as ssh does, where the shell did not', async () => {
  writeFileSync(join(here.env.HOME ?? '', 'key'), '')
  // The home folder is the process's.
  expect((await connectFor('my-virtual-server-2', '--print', '--identity=~/key')).stdout).toBe(
    `ssh -i ${here.env.HOME}/key ubuntu@169.47.94.48\n`,
  )
})

it('takes the user of a custom image from its operating system', async () => {
  const added = await here.sandbox.fleet.add({name: 'mine', zone: 'us-south-1', image: 'golden-web'})
  expect((await connect(added.id, '--internal-ip', '--print')).stdout).toMatch(/^ssh vpcuser@/)
})

describe('connect to a VPC API on this machine', () => {
  it('sends nothing to its addresses, which are of the real internet, where it does not say where ssh is', async () => {
    const replies: unknown[] = [
      {},
      {port: 22, identity_file: '/etc/hosts"', known_hosts_file: '/etc/hosts'},
      {port: 70_000},
    ]
    for (const body of replies) {
      const odd = await startOddCloud(here.sandbox, {
        answer: ({url}) => (url.pathname === '/sandbox/ssh' ? {status: 200, body: body as object} : undefined),
      })
      const own = freshEnvironment({...odd.environment, PATH: withSsh(`touch ${here.env.HOME}/called`)})
      for (const more of [[], ['--internal-ip'], ['--print']]) {
        expect(await runInProcess(['connect', 'my-virtual-server-2', ...more], {env: own})).toMatchObject({
          code: 2,
          stdout: '',
          stderr: expect.stringMatching(/nothing is sent there.*\n.*VPCMD_SANDBOX_SSH=1/),
        })
      }
      const {id} = await here.sandbox.fleet.add({name: 'bare', zone: 'us-south-1'})
      expect((await runInProcess(['connect', id, '--assign-floating-ip'], {env: own})).code).toBe(2)
      await odd.close()
    }
    expect(existsSync(join(here.env.HOME ?? '', 'called'))).toBe(false)
    expect(posts()).toEqual([])
  })

  it('says whose key it takes where that is another user’s', async () => {
    const odd = await startOddCloud(here.sandbox, {
      change: ({url}, body) => {
        if (url.pathname === '/sandbox/ssh') body.identity_file = '/no/such/key'
      },
    })
    const {code, stderr} = await runInProcess(['connect', 'my-virtual-server-2'], {
      env: freshEnvironment(odd.environment),
    })
    await odd.close()
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringMatching(/takes only the key of its sandbox, \/no\/such\/key, and you can't read it/),
    })
  })

  it('logs in to the sandbox that is served, by a line that works elsewhere too', async () => {
    const own = freshEnvironment(here.sandbox.environment)
    const run = (...args: string[]) => runVpcmd(['connect', 'my-virtual-server-2', ...args], {env: own})
    expect(await run('--', 'echo $USER; exit 7')).toEqual({code: 7, stdout: 'ubuntu\n', stderr: ''})
    const {stdout, stderr} = await run('--print', '--via', 'me@bastion', '--', 'echo', 'printed')
    expect(stderr).toMatch(/has a key of its own: --via is not used\.$/m)
    expect(stdout).toMatch(/^ssh -F none -p \d+ .* ubuntu@127\.0\.0\.1 echo printed\n$/)
    expect(await runFile('sh', ['-c', stdout], own, '')).toEqual({code: 0, stdout: 'printed\n', stderr: ''})
  })

  it('leaves the configuration of ssh out, which may lead it elsewhere', async () => {
    const own = freshEnvironment(here.sandbox.environment)
    mkdirSync(join(own.HOME ?? '', '.ssh'))
    writeFileSync(join(own.HOME ?? '', '.ssh/config'), 'Host *\n  ProxyCommand false\n  User nobody-here\n')
    const {stdout} = await runVpcmd(['connect', 'my-virtual-server-2', '--', 'echo $USER'], {env: own})
    expect(stdout).toBe('ubuntu\n')
  })

  it('logs in to the built-in sandbox, and leaves no key behind', async () => {
    const own = freshEnvironment({VPCMD_SANDBOX: '1'})
    const run = (...args: string[]) => runVpcmd(['connect', 'my-virtual-server-2', ...args], {env: own})
    const {code, stdout, stderr} = await run('--', 'ls -d ~; cat; exit 3')
    expect({code, stderr}).toEqual({
      code: 3,
      stderr: 'Using the sandbox, a simulated IBM Cloud on this machine.\n',
    })
    expect(stdout).toMatch(/vpcmd-sandbox-ssh-/)
    expect(existsSync(dirname(dirname(stdout.trim())))).toBe(false)
    const printed = await run('--print')
    expect(printed.stdout).toBe('ssh ubuntu@169.47.94.48\n')
    expect(printed.stderr).toMatch(/takes ssh only while vpcmd runs/)
  })

  it('is a shell on a terminal where the machine has no script(1) to make one of', async () => {
    const bin = join(here.env.HOME ?? '', 'few')
    mkdirSync(bin)
    for (const name of ['ssh', 'sh'])
      symlinkSync((await runFile('sh', ['-c', `command -v ${name}`], here.env, '')).stdout.trim(), join(bin, name))
    const own = freshEnvironment({VPCMD_SANDBOX: '1', PATH: bin})
    const pty = startPty(process.execPath, [vpcmdPath, 'connect', 'my-virtual-server-2'], {env: own})
    await pty.reply(/^This is my-virtual-server-2 of the sandbox/m, 'echo it is $((20+3))\r')
    await pty.reply('it is 23', 'exit 4\r')
    expect(await pty.exit).toMatchObject({exitCode: 4})
  })

  it('has no shell for Windows', async () => {
    await here.sandbox.fleet.add({
      name: 'win',
      zone: 'us-south-1',
      image: 'ibm-windows-server-2022-full-standard-amd64-18',
    })
    const own = freshEnvironment(here.sandbox.environment)
    const args = ['connect', 'win', '--internal-ip']
    expect((await runInProcess([...args, '--user', 'alice'], {env: own})).stderr).toMatch(
      /^Error: .* runs Windows, of which/,
    )
    expect((await runInProcess(args, {env: own})).stdout).toMatch(/^mstsc /)
  })
})

describe('connect to Windows', () => {
  const windows = 'ibm-windows-server-2022-full-standard-amd64-18'

  it('prints what opens the desktop, and writes the file', async () => {
    const {id} = await here.sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows})
    const folder = mkdtempSync(join(tmpdir(), 'vpcmd-rdp-'))
    onTestFinished(() => rmSync(folder, {recursive: true}))
    const file = join(folder, 'win.rdp')
    const {code, stdout, stderr} = await connect('win', '--internal-ip', '--rdp', file)
    const address = /v:(\S+):3389/.exec(stdout)?.[1]
    expect({code, stdout}).toEqual({code: 0, stdout: `mstsc /v:${address}:3389\n`})
    expect(stderr).toContain(`Log in as Administrator. Its password: vpcmd instances initialization ${id}`)
    expect(readFileSync(file, 'utf8')).toBe(
      `full address:s:${address}:3389\r\nusername:s:Administrator\r\nprompt for credentials:i:1\r\n`,
    )
  })

  it('refuses what a desktop can not do, and runs nothing', async () => {
    await here.sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows})
    for (const [args, said] of [
      [['--internal-ip', '--', 'uptime'], /runs no command and takes no key/],
      [['--internal-ip', '--identity', vpcmdPath], /runs no command and takes no key/],
      [['--via', 'me@bastion'], /Forward a port first.*: ssh -L 13389:10\.\S+:3389 me@bastion/],
    ] as const) {
      const {code, stdout, stderr} = await connect('win', ...args)
      expect({code, stdout, stderr}).toEqual({code: 2, stdout: '', stderr: expect.stringMatching(said)})
    }
    const ssh = await connect('win', '--internal-ip', '--print', '--user', 'alice', '--', 'uptime')
    expect(ssh.stdout).toMatch(/^ssh alice@10\.\S+ uptime\n$/)
  })

  it('takes another user for the desktop', async () => {
    await here.sandbox.fleet.add({name: 'win', zone: 'us-south-1', image: windows})
    const file = join(here.env.HOME ?? '', 'win.rdp')
    const {code, stderr} = await connect('win', '--internal-ip', '--user', 'alice', '--rdp', file)
    expect({code, stderr}).toEqual({code: 0, stderr: expect.stringContaining('Log in as alice.')})
    expect(readFileSync(file, 'utf8')).toContain('username:s:alice\r\n')
  })

  it('refuses --rdp for others', async () => {
    const {code, stderr} = await connect('my-virtual-server-2', '--rdp', '/tmp/x.rdp')
    expect(code).toBe(2)
    expect(stderr).toMatch(/--rdp is only for Remote Desktop/)
  })
})

describe('a floating IP', () => {
  it.each([
    ['a virtual network interface', false],
    ['an interface of the old kind', true],
  ])('is reserved for %s with --assign-floating-ip', async (_, legacyInterfaces) => {
    const {id} = await here.sandbox.fleet.add({name: 'bare', zone: 'us-south-1', legacyInterfaces})
    // Only what comes before ssh is looked at.
    const {stderr} = await runInProcess(['connect', id, '--assign-floating-ip'], {
      env: {...here.env, PATH: withSsh('exit 0')},
    })
    const [address] = /203\.0\.113\.\d+/.exec(stderr) ?? []
    expect(stderr).toMatch(
      /^Reserving a floating IP for bare \(\S+\)\. It costs money .* security groups .*\(default-security-group\)\.\nReserved 203\.0\.113\.\d+ \(\S+\) for bare\.\nTo release it: ibmcloud is floating-ip-release \S+\n/,
    )
    expect(posts()).toHaveLength(1)
    expect((await connect(id, '--print')).stdout).toBe(`ssh ubuntu@${address}\n`)
  })

  it('is not reserved where there is no ssh to use it', async () => {
    const {id} = await here.sandbox.fleet.add({name: 'bare', zone: 'us-south-1'})
    const {code, stderr} = await runInProcess(['connect', id, '--assign-floating-ip'], {
      env: {...here.env, PATH: '/nowhere'},
    })
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringMatching(/^Error: There is no ssh on the PATH/)})
    expect(posts()).toEqual([])
  })

  it('that may have been reserved although no answer came is told of, and not asked for twice', async () => {
    const {id} = await here.sandbox.fleet.add({name: 'bare', zone: 'us-south-1'})
    here.sandbox.faults.push({kind: 'cut', path: /\/v1\/floating_ips\?/, method: 'POST'})
    const {code, stderr} = await connect(id, '--assign-floating-ip')
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/may have been reserved .* costs money/),
    })
    expect(posts()).toHaveLength(1)
  })
})

describe.skipIf(!hasSshd)('connect, with a real sshd', () => {
  let sshd: TestSshd
  let pty: Pty | undefined
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.close())
  beforeEach(() => {
    here.env.PATH = sshd.path
  })
  afterEach(() => pty?.kill())

  const reach = (...args: string[]) => connectFor('my-virtual-server-2', '--user', sshd.user, ...args)

  it('runs a command there, and hands on what it writes and its exit code', async () => {
    expect(await reach('--', 'echo out; echo err >&2; exit 7')).toEqual({code: 7, stdout: 'out\n', stderr: 'err\n'})
  })

  it('asks on a terminal whether to reserve a floating IP, and says what that means', async () => {
    pty = startPty(
      process.execPath,
      [vpcmdPath, 'connect', 'my-virtual-server-1', '--user', sshd.user, '--', 'echo in'],
      {env: here.env, cols: 300},
    )
    await pty.waitFor(/costs money .* security groups .*\(default-security-group\)/s)
    expect(posts()).toEqual([])
    pty.write('y\r')
    expect(await pty.exit).toMatchObject({exitCode: 0})
    expect(pty.everything()).toMatch(/Reserved 203\.0\.113\.\d+ .*\s+in$/s)
    expect(posts()).toHaveLength(1)
  })

  it('reserves nothing after a no', async () => {
    pty = startInProcess(['connect', 'my-virtual-server-1'], {env: here.env, cols: 300})
    await pty.reply('(y/N)', '\r')
    expect(await pty.exit).toMatchObject({exitCode: 1})
    expect(posts()).toEqual([])
  })

  it('reaches an instance whose name would be an option or a command, without a shell reading it', async () => {
    for (const name of ['-oProxyCommand=touch pwned', '$(touch pwned)', `"; touch pwned; '`]) {
      const {id} = await here.sandbox.fleet.add({name, zone: 'us-south-1'})
      const {code, stdout} = await connectFor(id, '--internal-ip', '--user', sshd.user, '--', 'echo ok')
      expect({code, stdout}).toEqual({code: 0, stdout: 'ok\n'})
    }
  })
})
