import {countOf, fields, flag, list, number, type Raw, type ReadBy, reference, references, text} from './fields.ts'
import {readSettings} from './settings.ts'
import type {Tags} from './tags.ts'

/** How each field of an instance is read of the API's object. */
const readers = {
  name: raw => text(raw, 'name'),
  crn: raw => text(raw, 'crn'),
  status: raw => text(raw, 'status'),
  statusReasons: raw => list(raw, 'status_reasons', readReason) ?? [],
  lifecycleState: raw => text(raw, 'lifecycle_state'),
  lifecycleReasons: raw => list(raw, 'lifecycle_reasons', readReason) ?? [],
  healthState: raw => text(raw, 'health_state'),
  startable: raw => flag(raw, 'startable'),
  createdAt: raw => text(raw, 'created_at'),
  settings: raw => readSettings(raw),
  availabilityClass: raw => text(raw, 'availability', 'class'),
  hostFailurePolicy: raw => text(raw, 'availability_policy', 'host_failure'),
  preemptionPolicy: raw => text(raw, 'availability_policy', 'preemption'),
  confidentialComputeMode: raw => text(raw, 'confidential_compute_mode'),
  secureBoot: raw => flag(raw, 'enable_secure_boot'),
  profile: raw => text(raw, 'profile', 'name'),
  architecture: raw => text(raw, 'vcpu', 'architecture'),
  vcpu: raw => ({
    count: number(raw, 'vcpu', 'count'),
    manufacturer: text(raw, 'vcpu', 'manufacturer'),
    percentage: number(raw, 'vcpu', 'percentage'),
  }),
  memory: raw => number(raw, 'memory'),
  bandwidth: raw => number(raw, 'bandwidth'),
  volumeBandwidth: raw => number(raw, 'total_volume_bandwidth'),
  volumeBandwidthQosMode: raw => text(raw, 'volume_bandwidth_qos_mode'),
  networkBandwidth: raw => number(raw, 'total_network_bandwidth'),
  numaCount: raw => number(raw, 'numa_count'),
  image: raw => reference(raw, 'image'),
  hasCatalogOffering: raw => raw.catalog_offering !== undefined && raw.catalog_offering !== null,
  vpc: raw => reference(raw, 'vpc'),
  zone: raw => text(raw, 'zone', 'name'),
  resourceGroup: raw => reference(raw, 'resource_group'),
  bootVolume: raw => ({
    attachmentId: text(raw, 'boot_volume_attachment', 'id'),
    attachmentName: text(raw, 'boot_volume_attachment', 'name'),
    volume: reference(raw, 'boot_volume_attachment', 'volume'),
  }),
  volumeCount: raw => countOf(raw, 'volume_attachments'),
  networkAttachments: raw => list(raw, 'network_attachments', readPort),
  networkInterfaces: raw => list(raw, 'network_interfaces', readPort),
  /**
   * The IDs of what a floating IP can be bound to: the virtual network interface of an attachment, or a network interface of
   * the older kind. Undefined where the API reported neither list.
   */
  interfaceIds(raw) {
    const attached = list(raw, 'network_attachments', each => text(each, 'virtual_network_interface', 'id'))
    const older = list(raw, 'network_interfaces', each => text(each, 'id'))
    if (!attached && !older) return undefined
    return [...(attached ?? []), ...(older ?? [])].filter(id => id !== undefined)
  },
  primaryAttachment: raw => primaryIn(raw.primary_network_attachment),
  primaryInterface: raw => primaryIn(raw.primary_network_interface),
  /** Its local disks, in GB; undefined where the API did not tell whether it has any. */
  disks: raw => list(raw, 'disks', disk => ({name: text(disk, 'name'), size: number(disk, 'size')})),
  placementTarget(raw) {
    const place = reference(raw, 'placement_target')
    return place && {...place, type: text(raw, 'placement_target', 'resource_type')}
  },
  dedicatedHost: raw => reference(raw, 'dedicated_host'),
  reservation: raw => reference(raw, 'reservation'),
  affinityPolicy: raw => text(raw, 'reservation_affinity', 'policy'),
  affinityPool: raw => references(fields(raw.reservation_affinity), 'pool'),
  instanceGroup: raw => reference(raw, 'instance_group_membership', 'instance_group'),
  clusterNetwork: raw => reference(raw, 'cluster_network'),
  clusterNetworkAttachments: raw => references(raw, 'cluster_network_attachments'),
} satisfies Record<string, (raw: Raw) => unknown>

type Fields = {[Name in keyof typeof readers]: ReturnType<(typeof readers)[Name]>}

/** An instance as far as the API told it: what is undefined was missing, null or of another type. */
export interface Instance extends ReadBy<() => Fields> {
  id: string
  /** The API's own object, as it came, for JSON output alone. */
  api: Raw
  /** Of Global Search, where it was asked: the VPC API does not tell them. */
  tags?: Tags | undefined
}

// Lists are long, and most of their instances are asked for few fields: each field is read when it is asked for.
const getters = Object.entries(readers).map(([name, read]) => {
  const get = function (this: {api: Raw}): unknown {
    return read(this.api)
  }
  return [name, {get, enumerable: true}] as const
})
const prototype = Object.defineProperties({}, Object.fromEntries(getters))

/** Reads an instance of which the ID is known. A spread does not copy its fields: use `withFields`. */
export function readInstance(raw: Raw, id: string): Instance {
  return Object.assign(Object.create(prototype), {id, api: raw})
}

/** The instance with some fields other than they were read. */
export function withFields(instance: Instance, fields: Partial<Instance>): Instance {
  return Object.create(instance, Object.getOwnPropertyDescriptors(fields))
}

function readReason(raw: Raw) {
  return {code: text(raw, 'code'), message: text(raw, 'message')}
}

export type Reason = ReturnType<typeof readReason>

/** A network attachment, or a network interface of the older kind, which has no virtual network interface. */
export type NetworkPort = Partial<ReturnType<typeof readPort>>

function readPort(raw: Raw) {
  return {
    id: text(raw, 'id'),
    name: text(raw, 'name'),
    subnet: reference(raw, 'subnet'),
    /** The virtual network interface of an attachment. */
    vni: reference(raw, 'virtual_network_interface'),
    /** The primary reserved IP. */
    address: text(raw, 'primary_ip', 'address'),
  }
}

function primaryIn(value: unknown): NetworkPort | undefined {
  const port = readPort(fields(value))
  return port.id === undefined && port.address === undefined && port.vni === undefined ? undefined : port
}
