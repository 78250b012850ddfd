import {execFile} from 'node:child_process'
import {Resolver} from 'node:dns/promises'
import {existsSync} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {promisify} from 'node:util'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {metadataHost} from './endpoints.ts'

/** What the doctor needs to know of this machine. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  /** Epoch milliseconds. */
  now(): number
  /** What shows that this is a container, such as `/.dockerenv`; undefined where nothing does. */
  container(): Promise<string | undefined>
  /** The addresses of the service's name, or the code of the failure to find any. */
  addresses(): Promise<{found: string[]} | {code: string}>
  /** What `route print -4` says on Windows; empty elsewhere. */
  routes(): Promise<string>
}

const {lookUpMs} = retryPolicy.metadataService

/** The surroundings of this process. */
export function realSurroundings({env, platform, now}: Pick<Surroundings, 'env' | 'platform' | 'now'>): Surroundings {
  return {
    env,
    platform,
    now,
    container: () => findContainer(env, platform),
    addresses: () => resolveName(platform),
    routes: async () => {
      if (platform !== 'win32') return ''
      const print = promisify(execFile)('route.exe', ['print', '-4'], {timeout: lookUpMs})
      return (await print.catch(() => ({stdout: ''}))).stdout
    },
  }
}

async function findContainer(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<string | undefined> {
  if (env.KUBERNETES_SERVICE_HOST) return 'KUBERNETES_SERVICE_HOST is set'
  if (platform !== 'linux') return undefined
  const file = ['/.dockerenv', '/run/.containerenv'].find(existsSync)
  if (file !== undefined) return `${file} exists`
  const groups = await readFile('/proc/1/cgroup', 'utf8').catch(() => '')
  const runtime = /\b(docker|kubepods|containerd|libpod|lxc)\b/.exec(groups)?.[1]
  return runtime && `/proc/1/cgroup names ${runtime}`
}

/** As other programs would find it, but without the system's resolver, which can hold up the end of a process. */
async function resolveName(platform: NodeJS.Platform): Promise<{found: string[]} | {code: string}> {
  const hosts = platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'
  const listed = hostsEntries(await readFile(hosts, 'utf8').catch(() => ''), metadataHost)
  if (listed.length > 0) return {found: listed}
  try {
    return {found: await new Resolver({timeout: lookUpMs, tries: 1}).resolve4(metadataHost)}
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
