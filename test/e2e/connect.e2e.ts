import {readdirSync} from 'node:fs'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Pty, startPty} from '../support/pty.ts'
import {freshEnvironment, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'
import {hasSshd, startSshd, type TestSshd} from '../support/sshd.ts'

// What everybody relies on first is in test/commands/connect.test.ts.
describe.skipIf(!hasSshd)('connect, with a real sshd', () => {
  let sshd: TestSshd
  let sandbox: Sandbox
  let env: Record<string, string>
  let pty: Pty | undefined
  beforeAll(async () => {
    sshd = await startSshd()
    sandbox = await startSandbox()
  })
  afterAll(async () => {
    sshd.close()
    await sandbox.close()
  })
  beforeEach(() => {
    env = freshEnvironment({...sandbox.environment, VPCMD_SANDBOX_SSH: '1', PATH: sshd.path})
    sshd.configure()
  })
  afterEach(() => pty?.kill())

  /** In a process, whose streams ssh takes over. */
  const connectFor = (...args: string[]) => runVpcmd(['connect', ...args], {env})
  const reach = (...args: string[]) => connectFor('my-virtual-server-2', '--user', sshd.user, ...args)

  it('passes stdin, and options of ssh', async () => {
    const {stdout} = await runVpcmd(
      ['connect', 'my-virtual-server-2', '--user', sshd.user, '--', '-o', 'SetEnv=X=1', 'cat'],
      {env, stdin: 'hello\u0000\n'},
    )
    expect(stdout).toBe('hello\u0000\n')
  })

  it('uses the identity, and jumps over a host', async () => {
    expect((await reach('--identity', sshd.keyFile, '--', 'true')).code).toBe(0)
    expect((await reach('--via', `${sshd.user}@bastion`, '--', 'echo', 'jumped')).stdout).toBe('jumped\n')
  })

  it.each([
    'RemoteCommand echo theirs',
    'SessionType none',
    'StdinNull yes',
    'ForkAfterAuthentication yes',
    'RequestTTY force',
  ])('runs a command and passes stdin although the configuration of ssh says %s', async line => {
    sshd.configure(line)
    const args = ['connect', 'my-virtual-server-2', '--user', sshd.user, '--', 'cat; exit 7']
    expect(await runVpcmd(args, {env, stdin: 'hello\n'})).toEqual({code: 7, stdout: 'hello\n', stderr: ''})
  })

  it('makes a connection of its own, where one that is kept may lead to another machine of the same address', async () => {
    sshd.configure('ControlMaster auto\nControlPath /tmp/vpcmd-never-%C\nControlPersist yes')
    expect((await reach('--', 'echo here')).stdout).toBe('here\n')
    expect(readdirSync('/tmp').filter(name => name.startsWith('vpcmd-never-'))).toEqual([])
  })

  it('lets the options that are typed win over what it takes back', async () => {
    sshd.configure('RequestTTY force')
    const {stdout} = await reach('--', '-o', 'RequestTTY=no', 'echo plain')
    expect(stdout).toBe('plain\n')
    sshd.configure('SessionType none')
    const args = ['--', '-N', '-o', 'ExitOnForwardFailure=yes', '-L', `127.0.0.1:${sshd.port}:localhost:1`]
    expect((await reach(...args)).stderr).not.toContain('Cannot specify -N')
  })

  it('logs in as a user whose name has an @', async () => {
    const {stderr, code} = await connectFor('my-virtual-server-2', '--user', 'alice@corp.example.com', '--', 'true')
    expect(code).toBe(255)
    expect(stderr).toMatch(/refused alice@corp\.example\.com the keys/)
  })

  it('gives the shell back when ssh is suspended by ~^Z, and goes on with fg', async () => {
    pty = startPty('/bin/bash', ['--norc', '--noprofile', '-i'], {env, cols: 120})
    const type = async (line: string, shown: string) => {
      pty?.write(`${line}\r`)
      await pty?.waitFor(shown)
    }
    await type('echo ready-$((1+0))', 'ready-1')
    pty.write(`'${process.execPath}' '${vpcmdPath}' connect my-virtual-server-2 --user ${sshd.user}\r`)
    await type('echo there-$((1+1))', 'there-2')
    pty.write('\r~\u001a')
    await pty.waitFor('Stopped')
    await type('echo here-$((2+2))', 'here-4')
    await type('fg', 'connect my-virtual-server-2')
    await type('echo again-$((3+3))', 'again-6')
  })

  it('says what to do about a refused user, with the exit code of ssh', async () => {
    const {code, stderr} = await connectFor('my-virtual-server-2', '--user', 'nobody-here', '--', 'true')
    expect(code).toBe(255)
    expect(stderr).toMatch(
      /Error: my-virtual-server-2 refused nobody-here the keys .*--identity.*instances initialization/,
    )
  })

  it('tells the failures of the host that is jumped over from those of the instance', async () => {
    const via = async (host: string) => (await reach('--via', host, '--', 'true')).stderr
    expect(await via('nobody-here@bastion')).toMatch(
      /^Error: nobody-here@bastion, which it jumps over, refused the keys/m,
    )
    expect(await via('bastion:1')).toMatch(/^Error: bastion:1, which it jumps over, does not answer/m)
  })

  it('takes nothing that a command says for a word of ssh', async () => {
    expect(await reach('--', 'echo "cat: /root/x: Permission denied" >&2; exit 255')).toEqual({
      code: 255,
      stdout: '',
      stderr: 'cat: /root/x: Permission denied\n',
    })
  })

  it('says what to do about a host key that changed', async () => {
    const other = await startSshd()
    try {
      other.changeRecordedHostKey()
      env.PATH = other.path
      const {code, stderr} = await reach('--', 'true')
      expect(code).toBe(255)
      expect(stderr).toContain('Error: The host key of 169.47.94.48 is not the one that is recorded in known_hosts.')
    } finally {
      other.close()
    }
  })

  it('is a terminal there, which Ctrl-C reaches', async () => {
    pty = startPty(
      process.execPath,
      [vpcmdPath, 'connect', 'my-virtual-server-2', '--user', sshd.user, '--', '-t', 'sh'],
      {
        env,
      },
    )
    await pty.reply(/^[#$]$/m, 'tty; stty size\r')
    // Ctrl-C once the command is there: before, it would reach the shell alone.
    await pty.reply(/\/dev\/pts\/\d+\s+30 100\n[#$]$/m, "trap 'echo caught' INT; sh -c 'echo begun; exec sleep 100'\r")
    await pty.reply(/^begun$/m, '\x03')
    await pty.reply(/(\^C)?caught\n[#$]$/m, 'exit 3\r')
    expect(await pty.exit).toMatchObject({exitCode: 3})
  })
})
