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

/** Reads an instance of which the ID is known. */
export function readInstance(raw: Raw, id: string): Instance {
  const vcpu = fields(raw.vcpu)
  const policy = fields(raw.availability_policy)
  const boot = fields(raw.boot_volume_attachment)
  const affinity = fields(raw.reservation_affinity)
  const place = reference(raw, 'placement_target')
  return {
    id,
    api: raw,
    name: text(raw, 'name'),
    crn: text(raw, 'crn'),
    status: text(raw, 'status'),
    statusReasons: list(raw, 'status_reasons', readReason) ?? [],
    lifecycleState: text(raw, 'lifecycle_state'),
    lifecycleReasons: list(raw, 'lifecycle_reasons', readReason) ?? [],
    healthState: text(raw, 'health_state'),
    startable: flag(raw, 'startable'),
    createdAt: text(raw, 'created_at'),
    settings: readSettings(raw),
    availabilityClass: text(fields(raw.availability), 'class'),
    hostFailurePolicy: text(policy, 'host_failure'),
    preemptionPolicy: text(policy, 'preemption'),
    confidentialComputeMode: text(raw, 'confidential_compute_mode'),
    secureBoot: flag(raw, 'enable_secure_boot'),
    profile: text(fields(raw.profile), 'name'),
    architecture: text(vcpu, 'architecture'),
    vcpu: {
      count: number(vcpu, 'count'),
      manufacturer: text(vcpu, 'manufacturer'),
      percentage: number(vcpu, 'percentage'),
    },
    memory: number(raw, 'memory'),
    bandwidth: number(raw, 'bandwidth'),
    volumeBandwidth: number(raw, 'total_volume_bandwidth'),
    volumeBandwidthQosMode: text(raw, 'volume_bandwidth_qos_mode'),
    networkBandwidth: number(raw, 'total_network_bandwidth'),
    numaCount: number(raw, 'numa_count'),
    image: reference(raw, 'image'),
    hasCatalogOffering: raw.catalog_offering !== undefined && raw.catalog_offering !== null,
    vpc: reference(raw, 'vpc'),
    zone: text(fields(raw.zone), 'name'),
    resourceGroup: reference(raw, 'resource_group'),
    bootVolume: {
      attachmentId: text(boot, 'id'),
      attachmentName: text(boot, 'name'),
      volume: reference(boot, 'volume'),
    },
    volumeCount: Array.isArray(raw.volume_attachments) ? raw.volume_attachments.length : undefined,
    networkAttachments: list(raw, 'network_attachments', readPort),
    networkInterfaces: list(raw, 'network_interfaces', readPort),
    primaryAttachment: primaryIn(raw.primary_network_attachment),
    primaryInterface: primaryIn(raw.primary_network_interface),
    disks: list(raw, 'disks', disk => ({name: text(disk, 'name'), size: number(disk, 'size')})),
    placementTarget: place && {...place, type: text(fields(raw.placement_target), 'resource_type')},
    dedicatedHost: reference(raw, 'dedicated_host'),
    reservation: reference(raw, 'reservation'),
    affinityPolicy: text(affinity, 'policy'),
    affinityPool: references(affinity, 'pool'),
    instanceGroup: reference(fields(raw.instance_group_membership), 'instance_group'),
    clusterNetwork: reference(raw, 'cluster_network'),
    clusterNetworkAttachments: references(raw, 'cluster_network_attachments'),
  }
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
