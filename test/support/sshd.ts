import {execFileSync, spawn} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createConnection, createServer} from 'node:net'
import {tmpdir, userInfo} from 'node:os'
import {delimiter, join} from 'node:path'

const sshdPath = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find(existsSync)

/** Whether this machine has OpenSSH's server; `.ci/run` installs it. */
export const hasSshd = sshdPath !== undefined
if (!hasSshd) console.warn('Skipped: the tests that log in, because there is no sshd (apt-get install openssh-server).')

export interface TestSshd {
  port: number
  /** Whom one logs in as: whoever runs the tests. */
  user: string
  /** The one private key that is let in. */
  keyFile: string
  /** A PATH on which `ssh` is the real one, with a configuration that leads every address of the sandbox's here. */
  path: string
  /** Makes the host key another one than the one that is recorded. */
  changeRecordedHostKey(): void
  /** What the user's configuration of ssh says besides, until it is set anew. */
  configure(...lines: string[]): void
  close(): void
}

/** Starts a real sshd on a free port of 127.0.0.1, with keys of its own; `env` is what whoever logs in has in the environment. */
export async function startSshd({env = {}}: {env?: Record<string, string>} = {}): Promise<TestSshd> {
  if (sshdPath === undefined) throw new Error('There is no sshd.')
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-sshd-'))
  const file = (name: string) => join(folder, name)
  for (const name of ['host_key', 'other_host_key', 'user_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file(name)])
  }
  const port = await freePort()
  const publicKey = (name: string) => readFileSync(file(`${name}.pub`), 'utf8').trim()
  const record = (name: string) => writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${publicKey(name)}\n`)
  record('host_key')
  writeFileSync(file('authorized_keys'), `${publicKey('user_key')}\n`, {mode: 0o600})
  writeFileSync(
    file('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host_key')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      'StrictModes no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'MaxStartups 100',
      ...(Object.keys(env).length > 0
        ? [
            `SetEnv ${Object.entries(env)
              .map(pair => pair.join('='))
              .join(' ')}`,
          ]
        : []),
      'PidFile none',
      '',
    ].join('\n'),
  )
  const configure = (...lines: string[]) =>
    writeFileSync(
      file('config'),
      [
        // The addresses that the sandbox gives, and hosts that are jumped over.
        'Host 169.* 52.* 158.* 203.0.113.* 10.* bastion',
        '  HostName 127.0.0.1',
        `  Port ${port}`,
        `  IdentityFile ${file('user_key')}`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile ${file('known_hosts')}`,
        '  StrictHostKeyChecking yes',
        '  LogLevel ERROR',
        ...lines.map(line => `  ${line}`),
        '',
      ].join('\n'),
    )
  configure()
  mkdirSync(file('bin'))
  writeFileSync(file('bin/ssh'), `#!/bin/sh\nexec ${realSsh()} -F '${file('config')}' "$@"\n`)
  chmodSync(file('bin/ssh'), 0o755)
  // Where sshd runs as root it wants this folder, which the init scripts of a distribution make.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', {recursive: true})
  const child = spawn(sshdPath, ['-D', '-e', '-f', file('sshd_config')], {stdio: ['ignore', 'ignore', 'pipe']})
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  await waitForPort(port, () => {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}: ${said}`)
  })
  return {
    port,
    user: userInfo().username,
    keyFile: file('user_key'),
    path: [file('bin'), process.env.PATH].join(delimiter),
    changeRecordedHostKey: () => record('other_host_key'),
    configure,
    close() {
      child.kill()
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

function realSsh(): string {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'ssh'))
    .find(existsSync)
  if (found === undefined) throw new Error('There is no ssh on the PATH.')
  return found
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function waitForPort(port: number, check: () => void): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    check()
    if (await isOpen(port)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`Nothing listens on ${port}.`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({port, host: '127.0.0.1'})
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
