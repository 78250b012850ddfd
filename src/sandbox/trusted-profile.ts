import {accountId, uuidOf} from './ids.ts'
import type {InstanceRecord} from './records.ts'

/** The default trusted profile of an instance, as its initialization shows it; undefined where it has none. */
export function trustedProfileOf(
  record: InstanceRecord,
): {auto_link: boolean; target: Record<string, string>} | undefined {
  if (!record.trustedProfile) return undefined
  const {id, autoLink} =
    record.trustedProfile === true
      ? {id: `Profile-${uuidOf(`profile/${record.id}`)}`, autoLink: true}
      : record.trustedProfile
  return {
    auto_link: autoLink,
    target: {crn: trustedProfileCrn(id), id, resource_type: 'trusted_profile'},
  }
}

/** The CRN of a trusted profile of the sandbox's account; form as in ibm-cloud-docs/vpc bare_metal_server_create.md. */
export function trustedProfileCrn(id: string): string {
  return `crn:v1:bluemix:public:iam-identity::a/${accountId}::profile:${id}`
}
