import {BlockList, isIPv4} from 'node:net'
import {claimsOf} from './claims.ts'
import {inWords} from './descriptions.ts'
import {linkLocalAddress, metadataHost} from './endpoints.ts'
import {fieldAt} from './fields.ts'
import type {Attempt} from './find-service.ts'
import {readRoutes} from './surroundings.ts'

export interface Finding {
  check: string
  state: 'ok' | 'problem'
  finding: string
  /** The command that mends it, or what to do. */
  remedy?: string
}

/** Whether an endpoint gave no sign of life at all: no answer in time, and nothing that took or refused the connection. */
export function wasSilent(attempt: Attempt): boolean {
  if (attempt.kind === 'found' || attempt.outcome.kind === 'reply') return false
  return attempt.outcome.why === 'timeout' && !attempt.outcome.connected
}

/** Whether there was no way to an endpoint. */
export function wasUnreachable(attempt: Attempt): boolean {
  return attempt.kind === 'missed' && attempt.outcome.kind === 'none' && attempt.outcome.why === 'unreachable'
}

/**
 * The hop limit, which can't be seen from here: an answer whose hops are used up looks like none at all, and so does a
 * service that is off. It is named where this is a container, as only there an answer has more than one hop to go.
 */
export function checkHopLimit(container: string | undefined, isFound: boolean, isSilent: boolean): Finding {
  const check = 'Hop limit'
  if (container === undefined) return {check, state: 'ok', finding: 'This is no container: 1 is enough.'}
  if (isFound) return {check, state: 'ok', finding: `Enough for this container (${container}).`}
  if (!isSilent)
    return {
      check,
      state: 'ok',
      finding: `Not the cause, although this is a container (${container}): packets do come back.`,
    }
  return {
    check,
    state: 'problem',
    finding: `This is a container (${container}), and answers may end before they get here. From here that looks the same as a service that is off: where vpcmd imds doctor finds the service on the instance itself, it is the hop limit.`,
    remedy: 'vpcmd metadata enable <instance> --hop-limit 2, from a workstation',
  }
}

/** The route to the service's address. Windows has none until somebody adds it (ibm-cloud-docs/vpc, imd-windows-configuration). */
export function checkRoute(attempts: Attempt[], routes: string, platform: NodeJS.Platform): Finding | undefined {
  const check = 'Route'
  const {gateway = '<default gateway>', hasRoute} = readRoutes(routes)
  const isMissing =
    platform === 'win32'
      ? !hasRoute && attempts.every(attempt => wasSilent(attempt) || wasUnreachable(attempt))
      : attempts.some(wasUnreachable)
  if (!isMissing) return undefined
  return {
    check,
    state: 'problem',
    finding: `There is no route to ${linkLocalAddress}.`,
    remedy:
      platform === 'win32'
        ? `As administrator: route -p add ${linkLocalAddress} MASK 255.255.255.255 ${gateway}`
        : `As root, with the default gateway that ip route shows: ip route add ${linkLocalAddress}/32 via <default gateway>`,
  }
}

/** Whether the service's name leads to the service, for other programs: vpcmd itself knows the address. */
export function checkName(addresses: {found: string[]} | {code: string}): Finding {
  const check = 'Host name'
  const remedy = `Until the name server knows it: echo ${linkLocalAddress} ${metadataHost} >> /etc/hosts. vpcmd does without.`
  if ('code' in addresses) {
    return {check, state: 'problem', finding: `${metadataHost} is not found (${addresses.code}).`, remedy}
  }
  if (!addresses.found.includes(linkLocalAddress)) {
    const elsewhere = addresses.found.join(', ') || 'nowhere'
    return {check, state: 'problem', finding: `${metadataHost} leads to ${elsewhere}, not ${linkLocalAddress}.`, remedy}
  }
  return {check, state: 'ok', finding: `${metadataHost} leads to ${linkLocalAddress}.`}
}

/** Proxies of the environment, which programs would send their requests for a token to; vpcmd itself does not. */
export function checkProxies(env: NodeJS.ProcessEnv): Finding {
  const check = 'Proxies'
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
  const set = names.filter(name => env[name])
  if (set.length === 0) return {check, state: 'ok', finding: 'None in the environment.'}
  const exempt = `${env.no_proxy ?? ''},${env.NO_PROXY ?? ''}`.split(',').map(entry => entry.trim())
  const isExempt = (host: string) =>
    exempt.some(
      entry =>
        entry === '*' ||
        entry === host ||
        (entry !== '' && host.endsWith(`.${entry.replace(/^\*?\./, '')}`)) ||
        isWithin(host, entry),
    )
  const through = [linkLocalAddress, metadataHost].filter(host => !isExempt(host))
  if (through.length === 0) return {check, state: 'ok', finding: `${set.join(', ')}, but not for the service.`}
  return {
    check,
    state: 'problem',
    finding: `Programs that heed ${set.join(', ')} ask a proxy instead of the service. vpcmd does not.`,
    remedy: `export NO_PROXY="\${NO_PROXY:+$NO_PROXY,}${through.join(',')}" no_proxy="\${no_proxy:+$no_proxy,}${through.join(',')}"`,
  }
}

/** Whether a host is an address within a network such as `169.254.0.0/16`, as curl (since 7.86), Go and Python take it. */
function isWithin(host: string, network: string): boolean {
  const [, address = '', bits] = /^([\d.]+)\/(\d+)$/.exec(network) ?? []
  if (!isIPv4(host) || !isIPv4(address) || Number(bits) > 32) return false
  const list = new BlockList()
  list.addSubnet(address, Number(bits))
  return list.check(host)
}

// A token may be good for 5 seconds only; the shortest that anybody asks for by default is good for 300.
const tolerableSeconds = 60

/** This machine's clock against the service's: by the time at which the token was issued, else the answer's date. `now` is in epoch milliseconds. */
export function checkClock({identity, reply}: Extract<Attempt, {kind: 'found'}>, now: number): Finding | undefined {
  const check = 'Clock'
  const theirs = issuedAt(identity.access_token) ?? Date.parse(reply.headers.date ?? '')
  if (Number.isNaN(theirs)) return undefined
  const ahead = Math.round((now - theirs) / 1000)
  if (Math.abs(ahead) <= tolerableSeconds) return {check, state: 'ok', finding: `With the service's to the minute.`}
  return {
    check,
    state: 'problem',
    finding: `This clock is ${inWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the service's: tokens look expired, or not yet good.`,
    remedy: 'Set it by a time server: timedatectl set-ntp true, chronyc makestep, or on Windows w32tm /resync',
  }
}

function issuedAt(token: string): number | undefined {
  try {
    const seconds = fieldAt(claimsOf(token), 'iat')
    return typeof seconds === 'number' ? seconds * 1000 : undefined
  } catch {
    return undefined
  }
}
