import {VpcmdError} from '../errors.ts'
import type {SshCall} from './ssh-arguments.ts'

/** The exit code by which ssh says that it failed itself (man ssh, EXIT STATUS). */
export const sshFailed = 255

/** Whom ssh was to reach. */
export interface Destination extends Pick<SshCall, 'user' | 'address' | 'via'> {
  instance: {id: string; name?: string}
}

/** Why ssh could not log in, by the lines that it writes itself; the first group of each is the host, where the line has it. */
const lines = {
  changed: /^Host key for (\S+) has changed/m,
  unknown: /^No \S+ host key is known for (\S+) and/m,
  denied: /^\S+@(\S+): Permission denied \(/m,
  tooMany: /^Received disconnect from (\S+) port .*Too many authentication failures/m,
  noConnection:
    /^ssh: connect to host (\S+) port .*(?:timed out|Connection refused|No route to host|Network is unreachable)/m,
  timeout: /^Connection to (\S+) port \d+ timed out/m,
  // That host was reached, and the instance from there was not.
  noForwarding: /^channel \d+: open failed: connect failed: /m,
}

/** The host in `user@host:port`, as ssh takes a jump. */
function hostIn(via: string): string {
  return via.replace(/^.*@/, '').replace(/:\d+$/, '')
}

/**
 * What stands behind a failure of ssh, by its own words (OpenSSH's ssh.c, sshconnect.c, sshconnect2.c, readconf.c), and
 * what to do about it; undefined where they are none of those known, such as those of a command that ran there.
 */
export function explainFailure(said: string, {instance, user, address, via}: Destination): VpcmdError | undefined {
  const name = instance.name ?? instance.id
  const failure = (code: string, message: string, hint: string) => new VpcmdError({code, message, hint})
  /** The host that is jumped over, where one of these lines names it and not the instance. */
  const hopIn = (...patterns: RegExp[]) => {
    const named = patterns.map(pattern => pattern.exec(said)?.[1]).find(host => host !== undefined)
    const host = named?.replace(/^\[(.*)\](:\d+)?$/, '$1')
    return via === undefined || host === undefined || host === address ? undefined : `${via}, which it jumps over,`
  }
  const isUnverified = /^Host key verification failed/m.test(said)
  if (isUnverified && /REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    const hop = hopIn(lines.changed)
    // ssh names a file and a line, but what it says can be the remote host's as well.
    return failure(
      'host_key_changed',
      `The host key of ${hop ?? address} is not the one that is recorded in known_hosts.`,
      `The address had another ${hop ? 'host' : 'instance'} before, or somebody stands between. Where you know that it is the former: ssh-keygen -R ${hop ? hostIn(via ?? '') : address}`,
    )
  }
  if (isUnverified) {
    return failure(
      'host_key_unknown',
      `The host key of ${hopIn(lines.unknown) ?? address} was not accepted.`,
      'Connect once on a terminal to accept it, or record it in known_hosts.',
    )
  }
  if (lines.denied.test(said) || lines.tooMany.test(said)) {
    const hop = hopIn(lines.denied, lines.tooMany)
    return failure(
      'ssh_denied',
      hop ? `${hop} refused the keys that were offered.` : `${name} refused ${user} the keys that were offered.`,
      hop
        ? 'ssh takes its key from your agent or configuration, and its user from --via USER@HOST.'
        : `Name the key with --identity, or another user with --user. Keys it was made with: vpcmd instances initialization ${instance.id}`,
    )
  }
  if ([lines.noConnection, lines.timeout, lines.noForwarding].some(pattern => pattern.test(said))) {
    const hop = hopIn(lines.noConnection, lines.timeout)
    return failure(
      'ssh_unreachable',
      hop ? `${hop} does not answer on the port of SSH.` : `${name} does not answer at ${address}, on the port of SSH.`,
      hop
        ? 'See that it runs, and lets SSH in from here.'
        : 'See that its security groups and network ACLs let TCP 22 in from here, and that it has finished booting.',
    )
  }
  return undefined
}
