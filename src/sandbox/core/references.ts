import {crnOf, uuidOf} from './ids.ts'
import type {InstanceRecord, KnownPart, NamedResource, StoredRecord} from './records.ts'

/** A JSON object of an answer. */
export type WireBody = Record<string, unknown>

/** An ISO 8601 time with milliseconds, as IBM's page shows `created_at`. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** The ID of something derived from a resource, with the prefix of its region or zone. */
export function derivedId({id}: {id: string}, part: string): string {
  return `${id.slice(0, 4)}-${uuidOf(`${id}/${part}`)}`
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

/** Adds the CRN, made of `place` (a region or a zone) and the path of the kind. */
export function resourceIn(place: string, path: string, {id, name}: {id: string; name: string}): NamedResource {
  return {id, crn: crnOf(place, path.slice(0, -1).replaceAll(/[_/]/g, '-'), id), name}
}

/** `{crn, href, id, name}` of a resource at `path`. */
export function shortReference(path: string, {crn, id, name}: NamedResource) {
  return {crn, href: `/${path}/${id}`, id, name}
}

/** `{crn, href, id, name, resource_type}` of a resource; its type is the last part of `path` in the singular. */
export function resourceReference(path: string, resource: NamedResource) {
  return {...shortReference(path, resource), resource_type: path.slice(path.lastIndexOf('/') + 1, -1)}
}

/** The same of a resource in `place`, a region or a zone. */
export function referenceIn(place: string, path: string, named: {id: string; name: string}) {
  return resourceReference(path, resourceIn(place, path, named))
}

/** The ResourceGroupReference. */
export function groupReference({id, name}: {id: string; name: string}) {
  return {href: `https://resource-controller.cloud.ibm.com/v2/resource_groups/${id}`, id, name}
}

/** The properties that nearly all objects have; `place` is the region or zone in the CRN. */
export function bodyHead(path: string, place: string, record: StoredRecord) {
  return {
    ...shortReference(path, resourceIn(place, path, record)),
    created_at: isoTime(record.created),
    resource_group: groupReference(record.resourceGroup),
  }
}

/** A local disk of a server, in its interface's type and with its size in GB. */
export function diskBody(server: StoredRecord, href: string, kind: string, index: number, type: string, size: number) {
  const id = derivedId(server, `disk/${index}`)
  return {
    created_at: isoTime(server.created),
    href: `${href}/disks/${id}`,
    id,
    interface_type: type,
    name: `disk-${index + 1}`,
    resource_type: `${kind}_disk`,
    size,
  }
}

/** The VPCReference of the VPC that something is in. */
export function vpcReference({region, vpc}: {region: string; vpc: string}, name: string) {
  return referenceIn(region, 'vpcs', {id: vpc, name})
}

/** The ZoneReference of the zone that something is in. */
export function zoneReference({region, zone}: {region: string; zone: string}) {
  return {href: `/regions/${region}/zones/${zone}`, name: zone}
}

/** The reference to a profile, such as one of `instance`. */
export function profileReference(kind: string, name: string) {
  return {href: `/${kind}/profiles/${name}`, name, resource_type: `${kind}_profile`}
}
