import {execFile} from 'node:child_process'
import {Resolver} from 'node:dns/promises'
import {access, readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {linkLocalAddress, metadataHost} from './endpoints.ts'

/** What stands around the service on this machine, as the doctor needs it. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  /** Epoch milliseconds. */
  now(): number
  /** What tells that this is a container, such as `/.dockerenv`; undefined where nothing does. */
  container(): Promise<string | undefined>
  /** The addresses of the service's name, or the code of the failure to find any. */
  addresses(): Promise<{found: string[]} | {code: string}>
  /** What `route print` says on Windows of the route to an address; empty elsewhere. */
  routes(): Promise<string>
}

const run = promisify(execFile)

/** The surroundings of this process. */
export function realSurroundings(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Surroundings {
  return {
    env,
    platform,
    now: Date.now,
    container: () => findContainer(env, platform),
    addresses: () => resolveName(platform),
    routes: async () => {
      if (platform !== 'win32') return ''
      const {stdout} = await run('route.exe', ['print', '-4'], {timeout: retryPolicy.metadataService.lookUpMs}).catch(
        () => ({stdout: ''}),
      )
      return stdout
    },
  }
}

async function findContainer(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<string | undefined> {
  if (env.KUBERNETES_SERVICE_HOST) return 'KUBERNETES_SERVICE_HOST is set'
  if (platform !== 'linux') return undefined
  for (const file of ['/.dockerenv', '/run/.containerenv']) {
    if (await isThere(file)) return `${file} exists`
  }
  const groups = await readFile('/proc/1/cgroup', 'utf8').catch(() => '')
  const runtime = /\b(docker|kubepods|containerd|libpod|lxc)\b/.exec(groups)?.[1]
  return runtime && `/proc/1/cgroup names ${runtime}`
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/** As other programs would find it, but without the system's resolver, which can hold up the end of a process. */
async function resolveName(platform: NodeJS.Platform): Promise<{found: string[]} | {code: string}> {
  const hosts = platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'
  const listed = hostsEntries(await readFile(hosts, 'utf8').catch(() => ''), metadataHost)
  if (listed.length > 0) return {found: listed}
  try {
    return {found: await new Resolver({timeout: retryPolicy.metadataService.lookUpMs, tries: 1}).resolve4(metadataHost)}
  } catch (error) {
    return {code: (error as NodeJS.ErrnoException).code ?? 'unknown'}
  }
}

/** The addresses that a hosts file gives a name. */
export function hostsEntries(text: string, name: string): string[] {
  return text.split('\n').flatMap(line => {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return address && names.includes(name) ? [address] : []
  })
}

/**
 * What `route print -4` says: the default gateway, and whether there is a route of its own to the service. The output's
 * words change with the language of Windows, its numbers don't.
 */
export function readRoutes(routes: string): {gateway: string | undefined; hasRoute: boolean} {
  const rows = routes.split('\n').map(line => line.trim().split(/\s+/))
  const gateways = rows.filter(
    ([target, mask, gateway]) => target === '0.0.0.0' && mask === '0.0.0.0' && isAddress(gateway),
  )
  const byMetric = gateways.sort((a, b) => Number(a[4] ?? 0) - Number(b[4] ?? 0))
  return {
    gateway: byMetric[0]?.[2],
    hasRoute: rows.some(
      ([target, mask, gateway]) => target === linkLocalAddress && mask === '255.255.255.255' && isAddress(gateway),
    ),
  }
}

function isAddress(text: string | undefined): boolean {
  return /^\d+(\.\d+){3}$/.test(text ?? '')
}
