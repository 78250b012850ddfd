/** A resource that instances refer to, kept once and shared by them. */
export interface NamedResource {
  id: string
  crn: string
  name: string
}

export interface MetadataSettings {
  enabled: boolean
  protocol: 'http' | 'https'
  response_hop_limit: number
}

/** The settings of an instance that was given none. */
export const defaultMetadata: MetadataSettings = {enabled: false, protocol: 'http', response_hop_limit: 1}

export type ActionType = 'reboot' | 'start' | 'stop'

/** An action, running or done: it and the clock give the instance's status. */
export interface ActionRecord {
  type: ActionType
  /** When it begins, in epoch milliseconds. */
  at: number
  /** The final status of a start that fails. */
  ends?: FailedStart
  /** The actions that run after it, in order; they have no queue of their own. */
  queued?: ActionRecord[]
}

/** The status after a start that fails: `failed` for lack of capacity, or stopped again. */
export type FailedStart = 'failed' | 'stopped'

/** The parts of an instance whose IDs or names are derived from its own ID unless they are known. */
export type KnownPart =
  | 'attachment'
  | 'attachmentName'
  | 'bootAttachment'
  | 'bootAttachmentName'
  | 'bootDevice'
  | 'bootVolume'
  | 'bootVolumeName'
  | 'virtualNetworkInterface'

export type TagType = 'access' | 'service' | 'user'

/** A tag that is, or was, attached to a resource. */
export interface TagRecord {
  name: string
  type: TagType
  /** When it was attached, in epoch milliseconds; without, from the start. */
  since?: number
  /** When it was detached; it is kept, as the search's index may learn of it later. */
  until?: number
}

/** What every stored record has. */
export interface StoredRecord {
  /** Place in every list; grows, never reused, so that a page's token outlives changes. */
  order: number
  id: string
  name: string
  region: string
  /** ID of the VPC. */
  vpc?: string
  /** Epoch milliseconds. */
  created: number
  resourceGroup: {id: string; name: string}
  metadata?: unknown
  tags?: readonly TagRecord[]
  /** Counts the changes of what can be modified, for the ETag. */
  revision?: number
  deleted?: boolean
}

interface ZonalRecord extends StoredRecord {
  zone: string
  vpc: string
  profile: string
  revision: number
  deleted: boolean
}

/** What instances and bare metal servers have in common. */
interface ServerRecord extends ZonalRecord {
  address: string
  /** Status apart from actions. */
  status: string
}

/** What distinguishes an instance from others; `instanceBody` makes the API's object of it. There can be 100,000. */
export interface InstanceRecord extends ServerRecord {
  action: ActionRecord | undefined
  /** How many of its next starts fail, and how. */
  failures: {left: number; ends: FailedStart} | undefined
  metadata: MetadataSettings
  image?: NamedResource
  spot?: boolean
  /** Has network interfaces of the old kind and no network attachments. */
  legacyInterfaces?: boolean
  secondaryAttachment?: boolean
  dedicatedHost?: NamedResource
  placementGroup?: NamedResource
  instanceGroup?: NamedResource
  reservation?: NamedResource
  clusterNetwork?: NamedResource
  reservationPolicy?: 'automatic' | 'disabled' | 'manual'
  secureBoot?: boolean
  /** The default trusted profile: true for one that is made up from the instance's ID. `defaultProfileOf` reads both. */
  trustedProfile?: boolean | TrustedProfileRecord
  /** As it was given at creation. The VPC API never shows it; the metadata service does. */
  userData?: string
  /** The IDs of the keys that were given at creation; without, the region's first key. */
  keyIds?: string[]
  /** The IDs of the security groups of its interfaces; without, the VPC's default one. */
  securityGroupIds?: string[]
  given?: GivenSettings
  /** Of its primary interface. */
  givenInterface?: GivenInterface
  /** The administrator's password of a Windows image, encrypted with one of the keys. */
  password?: {encrypted: string; fingerprint: string}
  /** Was made of a catalog image whose software has a license key. */
  licensedSoftware?: boolean
  known?: Partial<Record<KnownPart, string>>
}

/** Settings that an instance was given at creation and shows unchanged, under wire names; without them, the defaults. */
export interface GivenSettings {
  availability_policy?: {host_failure: 'restart' | 'stop'; preemption: 'delete' | 'stop'}
  confidential_compute_mode?: 'disabled' | 'sgx' | 'tdx'
  /** Mbit/s. */
  total_volume_bandwidth?: number
  volume_bandwidth_qos_mode?: 'pooled' | 'weighted'
}

/** The same for an interface. */
export interface GivenInterface {
  allow_ip_spoofing?: boolean
  auto_delete?: boolean
  protocol_state_filtering_mode?: 'auto' | 'disabled' | 'enabled'
}

interface TrustedProfileRecord {
  id: string
  autoLink: boolean
}

/** An SSH key of a region. */
export interface KeyRecord extends StoredRecord {
  /** Algorithm and base64, as in a line of authorized_keys, without a comment. */
  publicKey: string
}

/** A bare metal server. Its metadata service has no hop limit. */
export interface BareMetalRecord extends ServerRecord {
  metadata: Omit<MetadataSettings, 'response_hop_limit'>
}

/** An instance template: it returns what it was given, and nothing else. */
export interface TemplateRecord extends ZonalRecord {
  /** Null if none of the metadata service was given. */
  metadata: Partial<MetadataSettings> | null
  image: NamedResource
  userData?: string
}

export type VpcRecord = StoredRecord

export interface FloatingIpRecord extends StoredRecord {
  zone: string
  address: string
  /** ID of the instance whose primary interface it leads to. */
  instance: string | null | undefined
}

/** The records of a fleet before any change. */
export interface FleetRecords {
  instances: InstanceRecord[]
  bareMetalServers: BareMetalRecord[]
  templates: TemplateRecord[]
  vpcs: VpcRecord[]
  floatingIps: FloatingIpRecord[]
}

/** The resource group of IBM's page. */
export const defaultsGroup = {id: '6edefe513d934fdd872e78ee6a8e73ef', name: 'defaults'}

/** Another one, so that a filter by resource group has something to exclude. */
export const productionGroup = {id: '4bbce614c13444cd8fc5e7e878ef8e21', name: 'production'}
