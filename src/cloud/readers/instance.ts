import {asReference, fields, flag, list, number, type Raw, type Reference, reference, text} from './fields.ts'
import {readSettings, type Settings} from './settings.ts'

/** An instance as far as the API told it: what is undefined was missing, null or of another type. */
export interface Instance {
  id: string
  /** The API's own object, as it came, for JSON output alone. */
  api: Raw
  name?: string
  crn?: string
  status?: string
  statusReasons: Reason[]
  lifecycleState?: string
  lifecycleReasons: Reason[]
  healthState?: string
  startable?: boolean
  createdAt?: string
  settings: Settings
  availabilityClass?: string
  hostFailurePolicy?: string
  preemptionPolicy?: string
  confidentialComputeMode?: string
  secureBoot?: boolean
  profile?: string
  architecture?: string
  vcpu: {count?: number; manufacturer?: string; percentage?: number}
  memory?: number
  bandwidth?: number
  volumeBandwidth?: number
  volumeBandwidthQosMode?: string
  networkBandwidth?: number
  numaCount?: number
  image?: Reference
  hasCatalogOffering: boolean
  vpc?: Reference
  zone?: string
  resourceGroup?: Reference
  bootVolume: {attachmentId?: string; attachmentName?: string; volume?: Reference}
  /** How many volumes it has; undefined where that was not told. */
  volumeCount?: number
  networkAttachments?: NetworkPort[]
  networkInterfaces?: NetworkPort[]
  primaryAttachment?: NetworkPort
  primaryInterface?: NetworkPort
  /** Its local disks; undefined where it was not told whether there are any. */
  disks?: Disk[]
  placementTarget?: Reference & {type?: string}
  dedicatedHost?: Reference
  reservation?: Reference
  affinityPolicy?: string
  affinityPool: Reference[]
  instanceGroup?: Reference
  clusterNetwork?: Reference
  clusterNetworkAttachments: Reference[]
}

export interface Reason {
  code?: string
  message?: string
}

export interface Disk {
  name?: string
  /** GB. */
  size?: number
}

/** A network attachment, or a network interface of the older kind, which has no virtual network interface. */
export interface NetworkPort {
  id?: string
  name?: string
  subnet?: Reference
  /** The virtual network interface of an attachment. */
  vni?: Reference
  /** The primary reserved IP. */
  address?: string
}

/** How each field is read of the API's object. */
const readers: {readonly [Name in Exclude<keyof Instance, 'id' | 'api'>]-?: (raw: Raw) => Instance[Name]} = {
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
  availabilityClass: raw => text(fields(raw.availability), 'class'),
  hostFailurePolicy: raw => text(fields(raw.availability_policy), 'host_failure'),
  preemptionPolicy: raw => text(fields(raw.availability_policy), 'preemption'),
  confidentialComputeMode: raw => text(raw, 'confidential_compute_mode'),
  secureBoot: raw => flag(raw, 'enable_secure_boot'),
  profile: raw => text(fields(raw.profile), 'name'),
  architecture: raw => text(fields(raw.vcpu), 'architecture'),
  vcpu(raw) {
    const vcpu = fields(raw.vcpu)
    return {
      count: number(vcpu, 'count'),
      manufacturer: text(vcpu, 'manufacturer'),
      percentage: number(vcpu, 'percentage'),
    }
  },
  memory: raw => number(raw, 'memory'),
  bandwidth: raw => number(raw, 'bandwidth'),
  volumeBandwidth: raw => number(raw, 'total_volume_bandwidth'),
  volumeBandwidthQosMode: raw => text(raw, 'volume_bandwidth_qos_mode'),
  networkBandwidth: raw => number(raw, 'total_network_bandwidth'),
  numaCount: raw => number(raw, 'numa_count'),
  image: raw => reference(raw, 'image'),
  hasCatalogOffering: raw => raw.catalog_offering !== undefined && raw.catalog_offering !== null,
  vpc: raw => reference(raw, 'vpc'),
  zone: raw => text(fields(raw.zone), 'name'),
  resourceGroup: raw => reference(raw, 'resource_group'),
  bootVolume(raw) {
    const boot = fields(raw.boot_volume_attachment)
    return {
      attachmentId: text(boot, 'id'),
      attachmentName: text(boot, 'name'),
      volume: reference(boot, 'volume'),
    }
  },
  volumeCount: raw => (Array.isArray(raw.volume_attachments) ? raw.volume_attachments.length : undefined),
  networkAttachments: raw => list(raw, 'network_attachments', readPort),
  networkInterfaces: raw => list(raw, 'network_interfaces', readPort),
  primaryAttachment: raw => primaryIn(raw.primary_network_attachment),
  primaryInterface: raw => primaryIn(raw.primary_network_interface),
  disks: raw => list(raw, 'disks', disk => ({name: text(disk, 'name'), size: number(disk, 'size')})),
  placementTarget(raw) {
    const place = reference(raw, 'placement_target')
    return place && {...place, type: text(fields(raw.placement_target), 'resource_type')}
  },
  dedicatedHost: raw => reference(raw, 'dedicated_host'),
  reservation: raw => reference(raw, 'reservation'),
  affinityPolicy: raw => text(fields(raw.reservation_affinity), 'policy'),
  affinityPool: raw => references(fields(raw.reservation_affinity), 'pool'),
  instanceGroup: raw => reference(fields(raw.instance_group_membership), 'instance_group'),
  clusterNetwork: raw => reference(raw, 'cluster_network'),
  clusterNetworkAttachments: raw => references(raw, 'cluster_network_attachments'),
}

// Lists are long, and of most of their instances few fields are asked for: each is read when it is.
const prototype = Object.defineProperties(
  {},
  Object.fromEntries(
    Object.entries(readers).map(([name, read]) => [
      name,
      {
        get(this: Instance) {
          return read(this.api)
        },
        enumerable: true,
      },
    ]),
  ),
)

/** Reads an instance of which the ID is known. Its fields are those of the prototype, which a spread does not copy: `withFields` does. */
export function readInstance(raw: Raw, id: string): Instance {
  return Object.assign(Object.create(prototype), {id, api: raw})
}

/** The instance with some fields other than they were read. */
export function withFields(instance: Instance, fields: Partial<Instance>): Instance {
  return Object.create(instance, Object.getOwnPropertyDescriptors(fields))
}

function readReason(raw: Raw): Reason {
  return {code: text(raw, 'code'), message: text(raw, 'message')}
}

function references(raw: Raw, name: string): Reference[] {
  return (list(raw, name, asReference) ?? []).filter(each => each !== undefined)
}

function primaryIn(value: unknown): NetworkPort | undefined {
  const port = readPort(fields(value))
  return port.id === undefined && port.address === undefined && port.vni === undefined ? undefined : port
}

function readPort(raw: Raw): NetworkPort {
  return {
    id: text(raw, 'id'),
    name: text(raw, 'name'),
    subnet: reference(raw, 'subnet'),
    vni: reference(raw, 'virtual_network_interface'),
    address: text(fields(raw.primary_ip), 'address'),
  }
}
