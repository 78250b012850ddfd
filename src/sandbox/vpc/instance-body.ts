import {createHash} from 'node:crypto'
import {withLinks} from '../core/collection.ts'
import {accountId, crnOf, uuidOf} from '../core/ids.ts'
import {defaultMetadata, type InstanceRecord, type KeyRecord, type NamedResource} from '../core/records.ts'
import {
  derivedId,
  diskBody,
  isoTime,
  partOf,
  referenceIn,
  resourceReference,
  shortReference,
  type WireBody,
} from '../core/references.ts'
import {defaultProfileOf} from '../iam/trusted-profiles.ts'
import {isWindows} from './images.ts'
import {statusAt, statusReasons} from './instance-actions.ts'
import {keyReference} from './keys.ts'
import {serverBody} from './networking.ts'
import {profileOf} from './profiles.ts'

/** When a body is sent, in epoch milliseconds. */
interface Sending {
  now: number
  /** How long a start, a stop or a reboot takes, in milliseconds. */
  transitionMs: number
}

/** The part of an instance's bandwidth for its volumes, in Mbit/s: a quarter unless it was given (ibm-cloud-docs/vpc instance-profiles-vpc-bandwidth.md). */
export function volumeBandwidthOf({profile, given}: InstanceRecord): number {
  return given?.total_volume_bandwidth ?? profileOf(profile).bandwidth / 4
}

/** The reference to an instance's boot volume attachment, as its instance carries it. */
export function bootVolume(record: InstanceRecord) {
  const attachment = partOf(record, 'bootAttachment')
  const volume = {id: partOf(record, 'bootVolume'), name: partOf(record, 'bootVolumeName')}
  return {
    device: {id: partOf(record, 'bootDevice')},
    href: `/instances/${record.id}/volume_attachments/${attachment}`,
    id: attachment,
    name: partOf(record, 'bootAttachmentName'),
    volume: referenceIn(record.zone, 'volumes', volume),
  }
}

/** The VolumeAttachment object of an instance's boot volume, the only one that instances of the sandbox have (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.VolumeAttachment`). */
export function bootAttachmentBody(record: InstanceRecord): WireBody {
  return {
    ...bootVolume(record),
    bandwidth: volumeBandwidthOf(record),
    created_at: isoTime(record.created),
    delete_volume_on_instance_delete: true,
    status: 'attached',
    type: 'boot',
  }
}

function clusterAttachment(record: InstanceRecord, href: string): WireBody {
  const id = derivedId(record, 'cluster')
  return {
    href: `${href}/cluster_network_attachments/${id}`,
    id,
    name: 'cluster-1',
    resource_type: 'instance_cluster_network_attachment',
  }
}

function membership(record: InstanceRecord, group: NamedResource): WireBody {
  const id = `${group.id.slice(0, 4)}-${uuidOf(`${record.id}/membership`)}`
  return {
    href: `/instance_groups/${group.id}/memberships/${id}`,
    id,
    instance_group: shortReference('instance_groups', group),
    name: `member-${id.slice(5, 13)}`,
  }
}

/** The API's Instance object of a record; field by field as in IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Instance`, version 2026-03-24. What only some instances have is absent, not null, in others. */
export function instanceBody(record: InstanceRecord, vpcName: string, {now, transitionMs}: Sending) {
  const {clusterNetwork, dedicatedHost, image, instanceGroup, placementGroup, reservation} = record
  const status = statusAt(record, now, transitionMs)
  const server = serverBody(record, status, vpcName)
  const profile = profileOf(record.profile)
  const boot = bootVolume(record)
  const volumeBandwidth = volumeBandwidthOf(record)
  const host = dedicatedHost && resourceReference('dedicated_hosts', dedicatedHost)
  const reserved = reservation && resourceReference('reservations', reservation)
  const {reservationPolicy = 'automatic'} = record
  // In IBM's order: people read this JSON.
  return {
    availability: {class: record.spot ? 'spot' : 'standard'},
    availability_policy: {host_failure: 'restart', preemption: 'stop'},
    bandwidth: profile.bandwidth,
    boot_volume_attachment: boot,
    confidential_compute_mode: 'disabled',
    created_at: server.created_at,
    crn: server.crn,
    disks: profile.disks.map((size, index) => diskBody(record, server.href, 'instance', index, 'nvme', size)),
    enable_secure_boot: record.secureBoot ?? false,
    health_reasons: server.health_reasons,
    health_state: server.health_state,
    href: server.href,
    id: server.id,
    lifecycle_reasons:
      status === 'failed' ? [{code: 'internal_error', message: 'Internal error (contact IBM support)'}] : [],
    lifecycle_state: server.lifecycle_state,
    memory: profile.memory,
    metadata_service: {...defaultMetadata, ...record.metadata},
    name: record.name,
    network_attachments: server.network_attachments,
    network_interfaces: server.network_interfaces,
    primary_network_interface: server.primary_network_interface,
    profile: server.profile,
    reservation_affinity: {
      policy: reservationPolicy,
      pool: reservationPolicy === 'manual' && reserved ? [reserved] : [],
    },
    resource_group: server.resource_group,
    resource_type: server.resource_type,
    startable: server.lifecycle_state === 'stable',
    status,
    status_reasons: statusReasons(record, status, now),
    total_network_bandwidth: profile.bandwidth - volumeBandwidth,
    total_volume_bandwidth: volumeBandwidth,
    vcpu: {
      architecture: profile.architecture,
      count: profile.vcpus,
      manufacturer: profile.manufacturer,
      percentage: 100,
    },
    volume_attachments: [boot],
    volume_bandwidth_qos_mode: 'weighted',
    vpc: server.vpc,
    zone: server.zone,
    ...record.given,
    // Only some have these.
    cluster_network: clusterNetwork && resourceReference('cluster_networks', clusterNetwork),
    cluster_network_attachments: clusterNetwork ? [clusterAttachment(record, server.href)] : [],
    dedicated_host: host,
    placement_target: placementGroup ? resourceReference('placement_groups', placementGroup) : host,
    catalog_offering: record.licensedSoftware ? catalogOfferingOf(record) : undefined,
    gpu: profile.gpu,
    image: image && resourceReference('images', image),
    instance_group_membership: instanceGroup && membership(record, instanceGroup),
    // "This property will be absent if the instance's status is not running" (IBM/vpc-node-sdk vpc/v1.ts).
    numa_count: status === 'running' ? 1 : undefined,
    primary_network_attachment: server.primary_network_attachment,
    reservation: reserved,
  }
}

/** Texts of longer lists are not kept: 100,000 would take most of a gigabyte. */
const mostKept = 20_000

/** A region is found by its path, and the first one without it. */
const mostBases = 2

/** By what links begin with. */
const kept = new WeakMap<InstanceRecord, {state: string; texts: Map<string, Buffer>}>()

/**
 * The JSON of an instance in a list of `count`, with the lists of all accounts; its links begin with `base`. It is made once
 * for each state of the instance and each base: making it is most of the cost of a list, and a sandbox slower than its
 * clients would spoil their benchmarks.
 */
export function instanceBytes(
  record: InstanceRecord,
  vpcName: string,
  sending: Sending,
  {base, count}: {base: string; count: number},
): Buffer {
  const make = () => Buffer.from(withLinks(base, instanceBody(record, vpcName, sending)))
  if (count > mostKept) return make()
  const {name, revision, action, metadata} = record
  const status = statusAt(record, sending.now, sending.transitionMs)
  const {enabled, protocol, response_hop_limit: hopLimit} = metadata
  const state = [vpcName, name, revision, status, action?.at, enabled, protocol, hopLimit].join('\n')
  const known = kept.get(record)
  const texts = known?.state === state ? known.texts : new Map<string, Buffer>()
  const made = texts.get(base)
  if (made !== undefined) return made
  const text = make()
  if (texts.size >= mostBases) texts.clear()
  kept.set(record, {state, texts: texts.set(base, text)})
  return text
}

const digestOf = (text: string) => createHash('sha256').update(text)

/**
 * The InstanceInitialization object: `keys`, for some a default trusted profile, for Windows a password. Instances
 * that nobody created have noise of the right length as password: no private key opens it.
 */
export function initializationBody(record: InstanceRecord, keys: readonly KeyRecord[]): Record<string, unknown> {
  const references = keys.map(key => keyReference(key))
  const noise = Buffer.concat(Array.from({length: 8}, (_, index) => digestOf(`${record.id}/${index}`).digest()))
  const password = record.password ?? {encrypted: noise.toString('base64'), fingerprint: references[0]?.fingerprint}
  const profile = defaultProfileOf(record)
  return {
    ...(profile && {
      default_trusted_profile: {
        auto_link: profile.autoLink,
        target: {crn: profile.crn, id: profile.id, resource_type: 'trusted_profile'},
      },
    }),
    keys: references,
    ...(isWindows(record.image) && {
      password: {encrypted_password: password.encrypted, encryption_key: {fingerprint: password.fingerprint}},
    }),
  }
}

const catalog = () =>
  `crn:v1:bluemix:public:globalcatalog-collection:global:a/${accountId()}:1082e7d2-5e2f-0a11-a3bc-f88a8e1931fc`

/** The catalog offering that an instance with licensed software was made of. */
function catalogOfferingOf(record: InstanceRecord): {plan: {crn: string}; version: {crn: string}} {
  return {
    plan: {crn: `${catalog()}:plan:sw.${uuidOf(`${record.region}/plan`)}`},
    version: {crn: `${catalog()}:version:${uuidOf(`${record.region}/version`)}`},
  }
}

/** The software attachments of an instance; properties by ibm-cloud-docs/vpc instance_metadata_vpc_metadata_summary.md. `base` is what hrefs begin with. */
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
