import {accountId, crnOf, uuidOf} from '../core/ids.ts'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'

const catalog = `crn:v1:bluemix:public:globalcatalog-collection:global:a/${accountId}:1082e7d2-5e2f-0a11-a3bc-f88a8e1931fc`

/** The catalog offering that an instance with licensed software was made of. */
export function catalogOfferingOf(record: InstanceRecord): {plan: {crn: string}; version: {crn: string}} {
  return {
    plan: {crn: `${catalog}:plan:sw.${uuidOf(`${record.region}/plan`)}`},
    version: {crn: `${catalog}:version:${uuidOf(`${record.region}/version`)}`},
  }
}

/** The software attachments of an instance; properties by ibm-cloud-docs/vpc instance_metadata_vpc_metadata_summary.md. `base` as in `Sending`. */
export function softwareAttachmentsOf(record: InstanceRecord, base: string): Record<string, unknown>[] {
  if (!record.licensedSoftware) return []
  const id = `${record.id.slice(0, 4)}-${uuidOf(`${record.id}/software`)}`
  return [
    {
      catalog_offering: catalogOfferingOf(record),
      created_at: isoTime(record.created),
      entitlement: {licensed_software: [{key: `SANDBOX-${uuidOf(`${id}/key`).toUpperCase()}`, sku: 'sandbox-sku-1'}]},
      href: `${base}/instances/${record.id}/software_attachments/${id}`,
      id,
      lifecycle_reasons: [],
      lifecycle_state: 'stable',
      name: 'solver-1',
      offering_instance: {crn: crnOf(record.region, 'software-instance', id)},
      resource_type: 'instance_software_attachment',
    },
  ]
}
