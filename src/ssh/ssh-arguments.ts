import {isIPv6} from 'node:net'
import {usageError} from '../errors.ts'

/** What `ssh` is called with. */
export interface SshCall {
  user: string
  /** An IP address. */
  address: string
  /** A private key file. */
  identity?: string
  /** The host to jump over, as ssh's -J takes it. */
  via?: string
  /** Options of vpcmd's own, before the user's. */
  options?: readonly string[]
  /** Further options of ssh, and what to run there. */
  more: readonly string[]
}

/** The arguments of `ssh`. What follows the destination may be options of ssh or a command: ssh itself tells them apart. */
export function sshArguments({user, address, identity, via, options = [], more}: SshCall): string[] {
  return [
    ...options,
    // ssh replaces what stands behind a % (ssh_config(5), TOKENS).
    ...(identity === undefined ? [] : ['-i', identity.replaceAll('%', '%%')]),
    ...(via === undefined ? [] : ['-J', via]),
    `${user}@${address}`,
    ...more,
  ]
}

/** A user name as `--user` takes it. ssh hands it to commands of the user's configuration, so it may hold nothing that a shell would read. Throws a usage error. */
export function checkUser(user: string): string {
  // A directory's users have an @ in their names; ssh takes what is behind the last one for the host.
  if (/^[A-Za-z0-9_]([\w.+\\-]*[\w.+-])?(@\w([\w.-]*\w)?)?\$?$/.test(user)) return user
  throw usageError(
    `--user ${user} is not the name of a user.`,
    'It has letters, digits, dots, hyphens and underscores, and may have an @ within.',
  )
}

/**
 * A host as `--via` takes it: `[user@]host[:port]`, or several with commas. ssh makes a command of it, in which it replaces
 * what stands behind a % (ssh_config(5), TOKENS), so it may hold nothing of that, nothing that a shell would read, and no
 * host or user that would be an option there. Throws a usage error.
 */
export function checkJumpHost(via: string): string {
  if (via.split(',').every(isJumpHost)) return via
  throw usageError(
    `--via ${via} is not a host to jump over.`,
    'It is [USER@]HOST[:PORT], or several with commas. An IPv6 address stands in brackets, and an option of ssh behind --.',
  )
}

function isJumpHost(text: string): boolean {
  const [, bracketed, plain, port] = jumpHost.exec(text) ?? []
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)) return false
  // Brackets hold an address of IPv6, but ssh takes any host in them.
  return bracketed === undefined ? plain !== undefined : isIPv6(bracketed) || hostName.test(bracketed)
}

const hostName = /^\w[\w.-]*$/
const jumpHost = /^(?:\w[\w.+-]*@)?(?:\[([\w.:-]+)\]|(\w[\w.-]*))(?::(\d{1,5}))?$/
