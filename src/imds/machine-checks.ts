import {BlockList, isIPv4} from 'node:net'
import {claimsIn} from '../jwt-claims.ts'
import {inWords} from './descriptions.ts'
import {linkLocalAddress, metadataHost} from './endpoints.ts'
import type {Attempt} from './find-service.ts'

/** What came of a check. */
export interface CheckResult {
  state: 'ok' | 'problem'
  finding: string
  /** The command that fixes it, or what to do. */
  remedy?: string
}

export const ok = (finding: string): CheckResult => ({state: 'ok', finding})
export const problem = (finding: string, remedy?: string): CheckResult => ({state: 'problem', finding, remedy})

/** Whether an endpoint gave no sign of life at all: no answer in time, and nothing that took or refused the connection. */
export function wasSilent({outcome}: Attempt): boolean {
  return outcome.kind === 'none' && outcome.why === 'timeout' && !outcome.connected
}

/** Whether there was no way to an endpoint. */
export function wasUnreachable({outcome}: Attempt): boolean {
  return outcome.kind === 'none' && outcome.why === 'unreachable'
}

/**
 * The hop limit, which can't be seen from here: an answer whose hops are used up looks like none at all, and so does a
 * service that is off. It is blamed in a container only, as answers have more than one hop to go only there.
 */
export function checkHopLimit(container: string | undefined, isFound: boolean, isSilent: boolean): CheckResult {
  if (container === undefined) return ok('This is no container: 1 is enough.')
  if (isFound) return ok(`Enough for this container (${container}).`)
  if (!isSilent) return ok(`Not the cause, although this is a container (${container}): packets do come back.`)
  return problem(
    `This is a container (${container}), and answers may end before they get here. From here that looks the same as a service that is off: where vpcmd imds doctor finds the service on the instance itself, it is the hop limit.`,
    'vpcmd metadata enable INSTANCE --hop-limit 2, from a workstation',
  )
}

/**
 * The route to the service's address. Windows has none until somebody adds it (ibm-cloud-docs/vpc,
 * imd-windows-configuration). `routes` is what `route print -4` says there.
 */
export function checkRoute(attempts: Attempt[], routes: string, platform: NodeJS.Platform): CheckResult | undefined {
  const finding = `There is no route to ${linkLocalAddress}.`
  if (platform !== 'win32') {
    const remedy = `As root, with the default gateway that ip route shows: ip route add ${linkLocalAddress}/32 via <default gateway>`
    return attempts.some(wasUnreachable) ? problem(finding, remedy) : undefined
  }
  const {gateway = '<default gateway>', hasRoute} = readRoutes(routes)
  if (hasRoute || !attempts.every(attempt => wasSilent(attempt) || wasUnreachable(attempt))) return undefined
  return problem(finding, `As administrator: route -p add ${linkLocalAddress} MASK 255.255.255.255 ${gateway}`)
}

/**
 * What `route print -4` says: the default gateway, and whether there is a route of its own to the service. The output's
 * words change with the language of Windows, its numbers don't.
 */
export function readRoutes(routes: string): {gateway: string | undefined; hasRoute: boolean} {
  const rows = routes.split('\n').map(line => line.trim().split(/\s+/))
  const to = (address: string, netmask: string) =>
    rows.filter(([target, mask, gateway = '']) => target === address && mask === netmask && isIPv4(gateway))
  const [best] = to('0.0.0.0', '0.0.0.0').sort((a, b) => Number(a[4] ?? 0) - Number(b[4] ?? 0))
  return {gateway: best?.[2], hasRoute: to(linkLocalAddress, '255.255.255.255').length > 0}
}

/** Whether the service's name leads to the service, for other programs: vpcmd itself knows the address. */
export function checkName(addresses: {found: string[]} | {code: string}): CheckResult {
  const remedy = `Until the name server knows it: echo ${linkLocalAddress} ${metadataHost} >> /etc/hosts. vpcmd does without.`
  if ('code' in addresses) return problem(`${metadataHost} is not found (${addresses.code}).`, remedy)
  if (addresses.found.includes(linkLocalAddress)) return ok(`${metadataHost} leads to ${linkLocalAddress}.`)
  const elsewhere = addresses.found.join(', ') || 'nowhere'
  return problem(`${metadataHost} leads to ${elsewhere}, not ${linkLocalAddress}.`, remedy)
}

/** Proxies in the environment, which other programs would ask for a token; vpcmd does not. */
export function checkProxies(env: NodeJS.ProcessEnv): CheckResult {
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
  const set = names.filter(name => env[name]).join(', ')
  if (set === '') return ok('None in the environment.')
  const exempt = `${env.no_proxy ?? ''},${env.NO_PROXY ?? ''}`.split(',').map(entry => entry.trim())
  const through = [linkLocalAddress, metadataHost]
    .filter(host => !exempt.some(entry => isExempt(host, entry)))
    .join(',')
  if (through === '') return ok(`${set}, but not for the service.`)
  return problem(
    `Programs that heed ${set} ask a proxy instead of the service. vpcmd does not.`,
    `export NO_PROXY="\${NO_PROXY:+$NO_PROXY,}${through}" no_proxy="\${no_proxy:+$no_proxy,}${through}"`,
  )
}

/**
 * Whether an entry of NO_PROXY is for a host: by name, by a domain that it is in, or by a network such as
 * `169.254.0.0/16`, as curl (since 7.86), Go and Python take it.
 */
function isExempt(host: string, entry: string): boolean {
  if (entry === '*' || entry === host) return true
  if (entry !== '' && host.endsWith(`.${entry.replace(/^\*?\./, '')}`)) return true
  const [, address = '', bits] = /^([\d.]+)\/(\d+)$/.exec(entry) ?? []
  if (!isIPv4(host) || !isIPv4(address) || Number(bits) > 32) return false
  const network = new BlockList()
  network.addSubnet(address, Number(bits))
  return network.check(host)
}

// A token may be good for 5 seconds only; by default, nobody asks for one that is good for less than 300.
const tolerableSeconds = 60

/**
 * This machine's clock against the service's: by the time at which the token was issued, else by the date of the answer.
 * `now` is in epoch milliseconds.
 */
export function checkClock({found, outcome}: Attempt, now: number): CheckResult | undefined {
  const issued = claimsIn(found?.identity.access_token ?? '')?.iat
  const date = outcome.kind === 'reply' ? outcome.headers.date : undefined
  const theirs = typeof issued === 'number' ? issued * 1000 : Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return undefined
  const ahead = Math.round((now - theirs) / 1000)
  if (Math.abs(ahead) <= tolerableSeconds) return ok('In step with the service, to the minute.')
  return problem(
    `This clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the service's: tokens look expired, or not yet good.`,
    'Set it by a time server: timedatectl set-ntp true, chronyc makestep, or on Windows w32tm /resync',
  )
}
