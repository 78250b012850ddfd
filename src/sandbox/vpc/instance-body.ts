import {crnOf, uuidOf} from '../core/ids.ts'
import {defaultMetadata, type InstanceRecord, type NamedResource} from '../core/records.ts'
import {isoTime, partOf, reference} from '../core/references.ts'
import {statusAt, statusReasons} from './instance-status.ts'
import {catalogOfferingOf} from './licensed-software.ts'
import {type Networking, networkingOf} from './networking.ts'
import {profileOf} from './profiles.ts'
import {groupReference} from './region-bodies.ts'

/** Where an object is sent from: hrefs begin with `base` (`http://127.0.0.1:PORT/us-south/v1`), states hold at `now` (epoch milliseconds). */
export interface Sending {
  base: string
  now: number
  /** How long a start, a stop or a reboot takes, in milliseconds. */
  transitionMs: number
}

function lifecycleOf(status: string): string {
  if (status === 'failed' || status === 'deleting' || status === 'pending') return status
  return 'stable'
}

/** What of an instance's bandwidth is for its volumes, in Mbit/s: a quarter unless it was given another share (ibm-cloud-docs/vpc instance-profiles-vpc-bandwidth.md). */
export function volumeBandwidthOf({profile, given}: InstanceRecord): number {
  return given?.total_volume_bandwidth ?? profileOf(profile).bandwidth / 4
}

/** The reference to an instance's boot volume attachment, as its instance carries it. */
export function bootVolume(record: InstanceRecord, base: string): Record<string, unknown> {
  const volume = partOf(record, 'bootVolume')
  const attachment = partOf(record, 'bootAttachment')
  return {
    device: {id: partOf(record, 'bootDevice')},
    href: `${base}/instances/${record.id}/volume_attachments/${attachment}`,
    id: attachment,
    name: partOf(record, 'bootAttachmentName'),
    volume: reference(base, 'volumes', 'volume', {
      id: volume,
      crn: crnOf(record.zone, 'volume', volume),
      name: partOf(record, 'bootVolumeName'),
    }),
  }
}

/** The VolumeAttachment object of an instance's boot volume, the only one that instances of the sandbox have (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.VolumeAttachment`). */
export function bootAttachmentBody(record: InstanceRecord, base: string): Record<string, unknown> {
  return {
    ...bootVolume(record, base),
    bandwidth: volumeBandwidthOf(record),
    created_at: isoTime(record.created),
    delete_volume_on_instance_delete: true,
    status: 'attached',
    type: 'boot',
  }
}

function disksOf(record: InstanceRecord, base: string): unknown[] {
  return profileOf(record.profile).disks.map((size, index) => {
    const id = `${record.id.slice(0, 4)}-${uuidOf(`${record.id}/disk/${index}`)}`
    return {
      created_at: isoTime(record.created),
      href: `${base}/instances/${record.id}/disks/${id}`,
      id,
      interface_type: 'nvme',
      name: `disk-${index + 1}`,
      resource_type: 'instance_disk',
      size,
    }
  })
}

/** What only some instances have: absent, not null, where they have it not. */
function optionalParts(record: InstanceRecord, base: string, status: string, network: Networking) {
  const clusterAttachment = record.clusterNetwork && uuidOf(`${record.id}/cluster`)
  const {gpu} = profileOf(record.profile)
  return {
    ...(record.clusterNetwork && {
      cluster_network: reference(base, 'cluster_networks', 'cluster_network', record.clusterNetwork),
    }),
    cluster_network_attachments: clusterAttachment
      ? [
          {
            href: `${base}/instances/${record.id}/cluster_network_attachments/${record.id.slice(0, 4)}-${clusterAttachment}`,
            id: `${record.id.slice(0, 4)}-${clusterAttachment}`,
            name: 'cluster-1',
            resource_type: 'instance_cluster_network_attachment',
          },
        ]
      : [],
    ...(record.dedicatedHost && {
      dedicated_host: reference(base, 'dedicated_hosts', 'dedicated_host', record.dedicatedHost),
      placement_target: reference(base, 'dedicated_hosts', 'dedicated_host', record.dedicatedHost),
    }),
    ...(record.placementGroup && {
      placement_target: reference(base, 'placement_groups', 'placement_group', record.placementGroup),
    }),
    ...(record.licensedSoftware && {catalog_offering: catalogOfferingOf(record)}),
    ...(gpu && {gpu}),
    ...(record.image && {image: reference(base, 'images', 'image', record.image)}),
    ...(record.instanceGroup && {instance_group_membership: membership(record, record.instanceGroup, base)}),
    // "This property will be absent if the instance's status is not running" (IBM/vpc-node-sdk vpc/v1.ts).
    ...(status === 'running' && {numa_count: 1}),
    ...(record.legacyInterfaces ? {} : {primary_network_attachment: network.attachments[0]}),
    ...(record.reservation && {reservation: reference(base, 'reservations', 'reservation', record.reservation)}),
  }
}

function membership(record: InstanceRecord, group: NamedResource, base: string): Record<string, unknown> {
  const id = `${group.id.slice(0, 4)}-${uuidOf(`${record.id}/membership`)}`
  return {
    href: `${base}/instance_groups/${group.id}/memberships/${id}`,
    id,
    instance_group: {crn: group.crn, href: `${base}/instance_groups/${group.id}`, id: group.id, name: group.name},
    name: `member-${id.slice(5, 13)}`,
  }
}

/** The API's Instance object of a record; field by field as in IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Instance`, version 2026-03-24. */
export function instanceBody(record: InstanceRecord, vpcName: string, sending: Sending): Record<string, unknown> {
  const {base} = sending
  const status = statusAt(record, sending.now, sending.transitionMs)
  const profile = profileOf(record.profile)
  const network = networkingOf(record, base)
  const boot = bootVolume(record, base)
  const volumeBandwidth = volumeBandwidthOf(record)
  const lifecycle = lifecycleOf(status)
  return {
    availability: {class: record.spot ? 'spot' : 'standard'},
    availability_policy: {host_failure: 'restart', preemption: 'stop'},
    bandwidth: profile.bandwidth,
    boot_volume_attachment: boot,
    confidential_compute_mode: 'disabled',
    created_at: isoTime(record.created),
    crn: crnOf(record.zone, 'instance', record.id),
    disks: disksOf(record, base),
    enable_secure_boot: record.secureBoot ?? false,
    health_reasons: [],
    health_state: lifecycle === 'stable' ? 'ok' : 'inapplicable',
    href: `${base}/instances/${record.id}`,
    id: record.id,
    lifecycle_reasons:
      status === 'failed' ? [{code: 'internal_error', message: 'Internal error (contact IBM support)'}] : [],
    lifecycle_state: lifecycle,
    memory: profile.memory,
    metadata_service: {...defaultMetadata, ...record.metadata},
    name: record.name,
    network_attachments: network.attachments,
    network_interfaces: network.interfaces,
    primary_network_interface: network.interfaces[0],
    profile: {
      href: `${base}/instance/profiles/${record.profile}`,
      name: record.profile,
      resource_type: 'instance_profile',
    },
    reservation_affinity: {
      policy: record.reservationPolicy ?? 'automatic',
      pool:
        record.reservationPolicy === 'manual' && record.reservation
          ? [reference(base, 'reservations', 'reservation', record.reservation)]
          : [],
    },
    resource_group: groupReference(record.resourceGroup),
    resource_type: 'instance',
    startable: lifecycle === 'stable',
    status,
    status_reasons: statusReasons(record, status, sending.now),
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
    vpc: reference(base, 'vpcs', 'vpc', {id: record.vpc, crn: crnOf(record.region, 'vpc', record.vpc), name: vpcName}),
    zone: {href: `${base}/regions/${record.region}/zones/${record.zone}`, name: record.zone},
    ...record.given,
    ...optionalParts(record, base, status, network),
  }
}
