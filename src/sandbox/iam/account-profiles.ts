import type {Account} from '../accounts/accounts.ts'
import {uuidOf} from '../core/ids.ts'
import {ownerIamId} from './tokens.ts'
import {auditorName, linkedProfile, unlinkedProfile} from './trusted-profiles.ts'

/** A trusted profile of an account, as IAM lists it. */
export interface AccountProfile {
  id: string
  crn: string
  name: string
  description: string
  account: Account
  /** The IAM IDs of those who may assume it. */
  trusts: readonly string[]
  /** Whether the sandbox's compute resource is linked to it. */
  isLinked: boolean
}

/** The trusted profiles of an account. */
export function profilesOf(account: Account): AccountProfile[] {
  const made = (id: string, name: string, description: string): AccountProfile => ({
    id,
    crn: `crn:v1:bluemix:public:iam-identity::a/${account.id}::profile:${id}`,
    name,
    description,
    account,
    trusts: [],
    isLinked: false,
  })
  const own = (name: string) => `Profile-${uuidOf(`${account.id}/profile/${name}`)}`
  const isFirst = account.number === 1
  const auditor = {
    ...made(own(auditorName), auditorName, 'Reads and changes metadata services'),
    trusts: [ownerIamId],
    // "the profile must exist in the same account like the Compute Resource" (IBM's IAM client for Ruby, cr-token).
    isLinked: isFirst,
  }
  const instances = 'instance-identity'
  return [
    ...(account.hasAuditor ? [auditor] : []),
    made(isFirst ? linkedProfile.id : own(instances), instances, 'Linked to all instances'),
    ...(isFirst ? [made(unlinkedProfile.id, 'unused-identity', 'Linked to nothing')] : []),
  ]
}
