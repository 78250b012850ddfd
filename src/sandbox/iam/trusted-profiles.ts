import {accountId, uuidOf} from '../core/ids.ts'
import type {InstanceRecord} from '../core/records.ts'

export interface TrustedProfile {
  id: string
  /** Outside of a request it is of the documented account. */
  readonly crn: string
}

/** The trusted profile with this ID, of an account, or else of the one that is served. */
export function profileOf(id: string, account?: string): TrustedProfile {
  return {
    id,
    get crn() {
      return `crn:v1:bluemix:public:iam-identity::a/${account ?? accountId()}::profile:${id}`
    },
  }
}

/** Linked to every instance, as by a rule. The ID is that of IBM's samples (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md), so that they work. */
export const linkedProfile: TrustedProfile = profileOf('Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5')

/** Exists in the account and is linked to no instance. */
export const unlinkedProfile: TrustedProfile = profileOf('Profile-9fd84246-7de4-4627-94c4-8ecde51d5ac5')

/** The name of the profile that the owner of the API key may assume, the same in each account that has it. */
export const auditorName = 'vpcmd-auditor'

/** The profile that an instance was made with, if any, and whether it is linked to it. */
export function defaultProfileOf(record: InstanceRecord): (TrustedProfile & {autoLink: boolean}) | undefined {
  if (!record.trustedProfile) return undefined
  if (record.trustedProfile === true) return {...profileOf(`Profile-${uuidOf(`profile/${record.id}`)}`), autoLink: true}
  const {id, autoLink} = record.trustedProfile
  return {...profileOf(id), autoLink}
}
