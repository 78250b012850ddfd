import type {Account} from '../accounts/accounts.ts'
import {accountId, uuidOf} from '../core/ids.ts'
import type {InstanceRecord} from '../core/records.ts'
import {ownerIamId} from './tokens.ts'

export interface TrustedProfile {
  id: string
  /** Outside of a request it is of the documented account. */
  readonly crn: string
}

function profile(id: string, account?: string): TrustedProfile {
  return {
    id,
    get crn() {
      return `crn:v1:bluemix:public:iam-identity::a/${account ?? accountId()}::profile:${id}`
    },
  }
}

/** Linked to every instance, as by a rule. The ID is that of IBM's samples (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md), so that they work. */
export const linkedProfile: TrustedProfile = profile('Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5')

/** Exists in the account and is linked to no instance. */
export const unlinkedProfile: TrustedProfile = profile('Profile-9fd84246-7de4-4627-94c4-8ecde51d5ac5')

/** The name of the profile that the owner of the API key may assume, the same in each account that has it. */
export const auditorName = 'vpcmd-auditor'

/** The profile that an instance was made with, if any, and whether it is linked to it. */
export function defaultProfileOf(record: InstanceRecord): (TrustedProfile & {autoLink: boolean}) | undefined {
  if (!record.trustedProfile) return undefined
  if (record.trustedProfile === true) return {...profile(`Profile-${uuidOf(`profile/${record.id}`)}`), autoLink: true}
  const {id, autoLink} = record.trustedProfile
  return {...profile(id), autoLink}
}

/** A trusted profile of an account, as IAM lists it. */
export interface AccountProfile extends TrustedProfile {
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
  const isFirst = account.number === 1
  const idOf = (name: string) => `Profile-${uuidOf(`${account.id}/profile/${name}`)}`
  const made = (id: string, name: string, description: string, trusts: string[] = []): AccountProfile => ({
    ...profile(id, account.id),
    name,
    description,
    account,
    trusts,
    // "the profile must exist in the same account like the Compute Resource" (IBM's IAM client for Ruby, cr-token).
    isLinked: name === auditorName && isFirst,
  })
  const auditor = made(idOf(auditorName), auditorName, 'Reads and changes metadata services', [ownerIamId])
  const instances = 'instance-identity'
  return [
    ...(account.hasAuditor ? [auditor] : []),
    made(isFirst ? linkedProfile.id : idOf(instances), instances, 'Linked to all instances'),
    ...(isFirst ? [made(unlinkedProfile.id, 'unused-identity', 'Linked to nothing')] : []),
  ]
}
