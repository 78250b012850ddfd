import {VpcmdError} from '../errors.ts'

/** The exit code by which ssh says that it failed itself (man ssh, EXIT STATUS). */
export const sshFailed = 255

/** Whom ssh was to reach. */
export interface Destination {
  instance: {id: string; name: string}
  user: string
  address: string
}

/**
 * What stands behind a failure of ssh, by its own words (OpenSSH's ssh.c, sshconnect.c, readconf.c), and what to do about
 * it; undefined where they are none of those known.
 */
export function explainFailure(said: string, {instance, user, address}: Destination): VpcmdError | undefined {
  const failure = (code: string, message: string, hint: string) => new VpcmdError({code, message, hint})
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    const [, file, line] = /Offending \S+ key in (.+):(\d+)/.exec(said) ?? []
    const place = file === undefined ? 'known_hosts' : `line ${line} of ${file}`
    return failure(
      'host_key_changed',
      `The host key of ${address} is not the one that is recorded in ${place}.`,
      `The address had another instance before, or somebody stands between. Where you know that it is the former: remove ${place}.`,
    )
  }
  if (/Host key verification failed/.test(said)) {
    return failure(
      'host_key_unknown',
      `The host key of ${address} was not accepted.`,
      'Connect once on a terminal to accept it, or record it in known_hosts.',
    )
  }
  if (/Permission denied|Too many authentication failures/.test(said)) {
    return failure(
      'ssh_denied',
      `${instance.name} refused ${user} the keys that were offered.`,
      `Name the key with --identity, or another user with --user. Keys it was made with: vpcmd instances initialization ${instance.id}`,
    )
  }
  if (/timed out|Connection refused|No route to host|Network is unreachable/.test(said)) {
    return failure(
      'ssh_unreachable',
      `${instance.name} does not answer at ${address}, on the port of SSH.`,
      'See that its security groups and network ACLs let TCP 22 in from here, and that it has finished booting.',
    )
  }
  return undefined
}
