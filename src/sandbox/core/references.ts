import {uuidOf} from './ids.ts'
import type {InstanceRecord, KnownPart, NamedResource} from './records.ts'

/** An ISO 8601 time with milliseconds, as IBM's page shows `created_at`. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** A derived or known ID or name of a part of an instance. IDs carry the prefix of the instance's zone. */
export function partOf(record: InstanceRecord, part: KnownPart): string {
  const known = record.known?.[part]
  if (known !== undefined) return known
  const uuid = uuidOf(`${record.id}/${part}`)
  if (part === 'attachmentName') return 'eth0'
  if (part === 'bootAttachmentName') return `attachment-${uuid.slice(0, 8)}`
  if (part === 'bootVolumeName') return `boot-${uuid.slice(0, 8)}`
  if (part === 'bootDevice') return `${partOf(record, 'bootAttachment')}-${uuid.slice(0, 5)}`
  if (part === 'bootVolume') return `${record.vpc.slice(0, 4)}-${uuid}`
  return `${record.id.slice(0, 4)}-${uuid}`
}

/** `{crn, href, id, name, resource_type}` of a resource that has all of them. */
export function reference(base: string, path: string, type: string, resource: NamedResource): Record<string, string> {
  return {
    crn: resource.crn,
    href: `${base}/${path}/${resource.id}`,
    id: resource.id,
    name: resource.name,
    resource_type: type,
  }
}
