import {execFileSync, spawn} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir, userInfo} from 'node:os'
import {join} from 'node:path'
import type {Readable} from 'node:stream'
import {fileURLToPath} from 'node:url'
import {freshEnvironment, type RunResult, runFile, vpcmdPath} from '../support/run-vpcmd.ts'

const sshdPath = '/usr/sbin/sshd'
const prefix = 'vpcmd-e2e-'
const script = fileURLToPath(new URL('networks.sh', import.meta.url))
/** What the commands of the test need on the machine; `.ci/run` installs it. */
const tools = ['unshare', 'nsenter', 'ip', 'ssh', 'ssh-keygen', 'curl', 'jq', 'dash']

/** Why the networks can't be made on this machine; undefined where they can. */
export const obstacle = findObstacle()

function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (userInfo().uid !== 0) return 'only root can have a real sshd in a network of its own'
  const missing = tools.filter(tool => !works('sh', ['-c', `command -v ${tool}`]))
  if (!existsSync(sshdPath)) missing.push('sshd')
  if (missing.length > 0) return `there is no ${missing.join(', no ')}`
  return works('unshare', ['--mount', '--net', '--pid', '--fork', 'mount', '-t', 'tmpfs', 'tmpfs', '/run'])
    ? undefined
    : 'this machine allows no network namespaces'
}

function works(file: string, args: string[]): boolean {
  try {
    execFileSync(file, args, {stdio: 'ignore'})
    return true
  } catch {
    return false
  }
}

/** Runs a command in one of the networks. */
export type Place = (
  command: readonly string[],
  options?: {env?: Record<string, string>; stdin?: string},
) => Promise<RunResult>

export interface Networks {
  /** Has the sandbox, its API by the environment, and a key that the instance knows. */
  workstation: Place
  /** That of my-virtual-server-2, with a real sshd. The name of its metadata service leads there. */
  instance: Place
  /** A network behind the instance's. */
  container: Place
  /** The folder that all see. */
  folder: string
  /** The CA that signs for the metadata service. */
  caFile: string
  /** Makes the answers of the metadata service live so many hops, as IBM Cloud does by the instance's hop limit. */
  setHops(hops: number): Promise<void>
  close(): Promise<void>
}

/** Makes the networks, and starts the sandbox in the one and sshd in the other. All ends with this process, however it ends. */
export async function openNetworks(): Promise<Networks> {
  removeLeftovers()
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
  // The one who logs in is not root.
  chmodSync(folder, 0o755)
  const file = (name: string) => join(folder, name)
  makeFiles(folder)
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', 'sh', script, folder]
  const holder = spawn('unshare', unshare, {stdio: ['pipe', 'pipe', 'inherit']})
  const ended = new Promise(resolve => holder.on('close', resolve))
  const pid = (await textUntil(holder.stdout, /\n/)).trim()

  const env = freshEnvironment({PATH: `${file('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`})
  const enter = (name: string, command: readonly string[]) => [
    ...['--target', pid, '--mount', '--pid', 'ip', 'netns', 'exec', name],
    ...(name === 'workstation' ? [] : ['sh', '-c', `mount --bind '${file('hosts')}' /etc/hosts && exec "$@"`, 'sh']),
    ...command,
  ]
  const place =
    (name: string): Place =>
    (command, {env: more, stdin = ''} = {}) =>
      runFile('nsenter', enter(name, command), {...env, ...more}, stdin)
  const serve = (name: string, command: string[], ready: RegExp, output: 'stdout' | 'stderr') => {
    const child = spawn('nsenter', enter(name, command), {env, stdio: ['ignore', 'pipe', 'pipe']})
    child[output === 'stdout' ? 'stderr' : 'stdout'].resume()
    return textUntil(child[output], ready)
  }

  const caFile = file('ca.pem')
  const bindings = [80, 443].flatMap(port => ['--metadata', `my-virtual-server-2=169.254.169.254:${port}`])
  const start = ['vpcmd', 'sandbox', 'start', '--json', '--transition', '200', '--metadata-ca', caFile, ...bindings]
  const [{environment}] = await Promise.all([
    serve('workstation', start, /^\}\n/m, 'stdout').then(text => JSON.parse(text)),
    serve('instance', [sshdPath, '-D', '-e', '-f', file('sshd_config')], /^Server listening/m, 'stderr'),
  ])
  // Here the sandbox's addresses are ours.
  Object.assign(env, environment, {VPCMD_SANDBOX_SSH: '1'})
  return {
    workstation: place('workstation'),
    instance: place('instance'),
    container: place('container'),
    folder,
    caFile,
    async setHops(hops) {
      const routes = [['10.240.64.11'], ['172.17.0.0/16', 'via', '10.240.64.11', 'onlink']]
      for (const [target = '', ...way] of routes) {
        const source = way.length > 0 ? '169.254.169.254' : '198.51.100.1'
        const route = [target, ...way, 'dev', 'eth0', 'src', source, 'hoplimit', String(hops)]
        const {code, stderr} = await place('workstation')(['ip', 'route', 'replace', ...route])
        if (code !== 0) throw new Error(stderr)
      }
    },
    async close() {
      holder.stdin.end()
      await ended
    },
  }
}

/** The folders of runs that were killed together with what would have removed them. Nothing else can be left of one. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter(each => each.startsWith(prefix))) {
    const pid = name.slice(prefix.length).split('-')[0] ?? ''
    if (!existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), {recursive: true, force: true})
  }
}

/** Keys, accounts, and what the programs are configured by. */
function makeFiles(folder: string): void {
  const file = (name: string) => join(folder, name)
  const write = (name: string, text: string, mode = 0o644) => writeFileSync(file(name), text, {mode})
  for (const name of ['bin', 'root', 'root/.ssh', 'ubuntu']) mkdirSync(file(name))
  write('bin/vpcmd', `#!/bin/sh\nexec '${process.execPath}' '${vpcmdPath}' "$@"\n`, 0o755)

  // The user that the instance's image has, whoever the machine's users are; and for root a home without a configuration.
  const others = (name: string) => {
    const lines = readFileSync(`/etc/${name}`, 'utf8').trimEnd().split('\n')
    return lines.filter(line => !line.startsWith('ubuntu:'))
  }
  const homes = others('passwd').map(line => line.replace(/^(root:.*):[^:]*:[^:]*$/, `$1:${file('root')}:/bin/sh`))
  write('passwd', [...homes, `ubuntu:x:61000:61000::${file('ubuntu')}:/bin/sh`, ''].join('\n'))
  write('group', [...others('group'), 'ubuntu:x:61000:', ''].join('\n'))
  write('shadow', [...others('shadow'), 'ubuntu:*:19000:0:99999:7:::', ''].join('\n'), 0o600)
  write('hosts', '127.0.0.1 localhost\n169.254.169.254 api.metadata.cloud.ibm.com\n')

  for (const name of ['host_key', 'root/.ssh/id_ed25519']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file(name)])
  }
  const publicKey = (name: string) => readFileSync(file(`${name}.pub`), 'utf8').trim()
  write('authorized_keys', `${publicKey('root/.ssh/id_ed25519')}\n`)
  write('root/.ssh/known_hosts', `169.47.94.48,10.240.64.11,203.0.113.* ${publicKey('host_key')}\n`)
  write(
    'sshd_config',
    [
      'AddressFamily inet',
      `HostKey ${file('host_key')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      // The folder's are those of whoever runs the tests.
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      // As an instance trusts the CA of its metadata service.
      `SetEnv CURL_CA_BUNDLE=${file('ca.pem')}`,
      'PidFile none',
      '',
    ].join('\n'),
  )
}

/** What a stream says until it has said `wanted`. Rejects with it where it ends without. */
function textUntil(stream: Readable, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stream.setEncoding('utf8').on('data', chunk => {
      text += chunk
      if (wanted.test(text)) resolve(text)
    })
    stream.on('end', () => reject(new Error(`It ended without ${wanted}, but said: ${text}`)))
  })
}
