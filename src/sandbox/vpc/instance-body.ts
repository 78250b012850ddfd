import {uuidOf} from '../core/ids.ts'
import {defaultMetadata, type InstanceRecord, type NamedResource} from '../core/records.ts'
import {
  derivedId,
  isoTime,
  partOf,
  resourceIn,
  resourceReference,
  shortReference,
  type WireBody,
} from '../core/references.ts'
import {statusAt, statusReasons} from './instance-status.ts'
import {catalogOfferingOf} from './licensed-software.ts'
import {serverBody} from './networking.ts'
import {profileOf} from './profiles.ts'

/** Where an object is sent from: hrefs begin with `base` (`http://127.0.0.1:PORT/us-south/v1`), states hold at `now` (epoch milliseconds). */
export interface Sending {
  base: string
  now: number
  /** How long a start, a stop or a reboot takes, in milliseconds. */
  transitionMs: number
}

/** What of an instance's bandwidth is for its volumes, in Mbit/s: a quarter unless it was given another share (ibm-cloud-docs/vpc instance-profiles-vpc-bandwidth.md). */
export function volumeBandwidthOf({profile, given}: InstanceRecord): number {
  return given?.total_volume_bandwidth ?? profileOf(profile).bandwidth / 4
}

/** The reference to an instance's boot volume attachment, as its instance carries it. */
export function bootVolume(record: InstanceRecord, base: string) {
  const attachment = partOf(record, 'bootAttachment')
  const volume = {id: partOf(record, 'bootVolume'), name: partOf(record, 'bootVolumeName')}
  return {
    device: {id: partOf(record, 'bootDevice')},
    href: `${base}/instances/${record.id}/volume_attachments/${attachment}`,
    id: attachment,
    name: partOf(record, 'bootAttachmentName'),
    volume: resourceReference(base, 'volumes', resourceIn(record.zone, 'volumes', volume)),
  }
}

/** The VolumeAttachment object of an instance's boot volume, the only one that instances of the sandbox have (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.VolumeAttachment`). */
export function bootAttachmentBody(record: InstanceRecord, base: string): WireBody {
  return {
    ...bootVolume(record, base),
    bandwidth: volumeBandwidthOf(record),
    created_at: isoTime(record.created),
    delete_volume_on_instance_delete: true,
    status: 'attached',
    type: 'boot',
  }
}

function disksOf(record: InstanceRecord, href: string): unknown[] {
  return profileOf(record.profile).disks.map((size, index) => {
    const id = derivedId(record, `disk/${index}`)
    return {
      created_at: isoTime(record.created),
      href: `${href}/disks/${id}`,
      id,
      interface_type: 'nvme',
      name: `disk-${index + 1}`,
      resource_type: 'instance_disk',
      size,
    }
  })
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

function membership(record: InstanceRecord, group: NamedResource, base: string): WireBody {
  const id = `${group.id.slice(0, 4)}-${uuidOf(`${record.id}/membership`)}`
  return {
    href: `${base}/instance_groups/${group.id}/memberships/${id}`,
    id,
    instance_group: shortReference(base, 'instance_groups', group),
    name: `member-${id.slice(5, 13)}`,
  }
}

/** The API's Instance object of a record; field by field as in IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Instance`, version 2026-03-24. What only some instances have is absent, not null, in others. */
export function instanceBody(record: InstanceRecord, vpcName: string, {base, now, transitionMs}: Sending) {
  const {clusterNetwork, dedicatedHost, image, instanceGroup, placementGroup, reservation} = record
  const status = statusAt(record, now, transitionMs)
  const server = serverBody(record, status, vpcName, base)
  const profile = profileOf(record.profile)
  const boot = bootVolume(record, base)
  const volumeBandwidth = volumeBandwidthOf(record)
  const host = dedicatedHost && resourceReference(base, 'dedicated_hosts', dedicatedHost)
  const reserved = reservation && resourceReference(base, 'reservations', reservation)
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
    disks: disksOf(record, server.href),
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
    // What only some have.
    cluster_network: clusterNetwork && resourceReference(base, 'cluster_networks', clusterNetwork),
    cluster_network_attachments: clusterNetwork ? [clusterAttachment(record, server.href)] : [],
    dedicated_host: host,
    placement_target: placementGroup ? resourceReference(base, 'placement_groups', placementGroup) : host,
    catalog_offering: record.licensedSoftware ? catalogOfferingOf(record) : undefined,
    gpu: profile.gpu,
    image: image && resourceReference(base, 'images', image),
    instance_group_membership: instanceGroup && membership(record, instanceGroup, base),
    // "This property will be absent if the instance's status is not running" (IBM/vpc-node-sdk vpc/v1.ts).
    numa_count: status === 'running' ? 1 : undefined,
    primary_network_attachment: server.primary_network_attachment,
    reservation: reserved,
  }
}

/** A list of more is not kept: 100,000 texts would take most of a gigabyte. */
const mostKept = 20_000

/**
 * The JSON of instances, made once for each state that they are in: to make it is most of what a list costs, and a
 * sandbox that is slower than its clients would be what benchmarks of theirs measure.
 */
export class InstanceTexts {
  readonly #kept = new WeakMap<InstanceRecord, {state: string; text: string}>()

  /** The JSON of an instance, as one of `count` that are listed. */
  of(record: InstanceRecord, vpcName: string, sending: Sending, count: number): string {
    const make = () => JSON.stringify(instanceBody(record, vpcName, sending))
    if (count > mostKept) return make()
    const {name, revision, action, metadata} = record
    const status = statusAt(record, sending.now, sending.transitionMs)
    const {enabled, protocol, response_hop_limit: hopLimit} = metadata
    const parts = [sending.base, vpcName, name, revision, status, action?.at, enabled, protocol, hopLimit]
    const state = parts.join('\n')
    const kept = this.#kept.get(record)
    if (kept?.state === state) return kept.text
    const text = make()
    this.#kept.set(record, {state, text})
    return text
  }
}
