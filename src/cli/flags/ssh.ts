import {homedir} from 'node:os'
import {Flags} from '@oclif/core'
import type {ReachWishes} from '../../ssh/reach.ts'
import {type Given, inGroup} from './declare.ts'

/** The flags by which an instance is reached, wherever vpcmd runs ssh. */
export const sshFlags = inGroup('SSH', {
  user: Flags.string({helpValue: 'NAME', summary: 'User to log in as (default: the user of its image).'}),
  identity: Flags.string({char: 'i', helpValue: 'FILE', summary: 'Private key to log in with.'}),
  'internal-ip': Flags.boolean({summary: 'Use its reserved IP, over a VPN or from within the VPC.'}),
  via: Flags.string({
    helpValue: 'HOST',
    summary: 'Jump over [USER@]HOST[:PORT] to its reserved IP, as ssh -J does.',
  }),
})

/** The flags as the wishes of how to reach an instance. */
export function readWishes(flags: Given<typeof sshFlags>): ReachWishes {
  // A shell leaves ~ as it is behind the = of --identity=~/.ssh/id_rsa.
  const identity = flags.identity?.replace(/^~(?=\/)/, () => homedir())
  return {user: flags.user, identity, internalIp: flags['internal-ip'] ?? false, via: flags.via}
}
