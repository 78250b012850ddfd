// The part of the VPC API's own types that vpcmd reads, under their wire names (IBM/vpc-node-sdk, vpc/v1.ts, API
// version 2026-03-24). What comes over the wire is passed on whole: these types say only what the code relies on.

/** What IBM calls a reference: enough to name and to address a resource. */
export interface Reference {
  id: string
  name: string
  crn?: string
  href?: string
}

export interface MetadataService {
  enabled: boolean
  protocol: string
  response_hop_limit: number
}

export interface NetworkAttachment {
  id: string
  name: string
  primary_ip: {address: string}
  subnet: Reference
  virtual_network_interface: Reference
}

export interface NetworkInterface {
  id: string
  name: string
  primary_ip: {address: string}
  subnet: Reference
}

export interface Instance {
  id: string
  name: string
  crn: string
  href: string
  status: string
  startable: boolean
  lifecycle_state: string
  lifecycle_reasons: {code: string; message: string}[]
  health_state: string
  created_at: string
  metadata_service: MetadataService
  availability: {class: string}
  status_reasons?: {code: string; message: string}[]
  availability_policy: {host_failure: string; preemption: string}
  confidential_compute_mode: string
  enable_secure_boot: boolean
  profile: {name: string}
  vcpu: {architecture: string; count: number; manufacturer: string; percentage: number}
  memory: number
  bandwidth: number
  total_volume_bandwidth: number
  volume_bandwidth_qos_mode: string
  total_network_bandwidth: number
  numa_count?: number
  image?: Reference
  catalog_offering?: {version: {crn: string}}
  vpc: Reference
  zone: {name: string}
  resource_group: {id: string; name: string}
  boot_volume_attachment: {id: string; name: string; volume?: Reference}
  volume_attachments?: {id: string}[]
  network_attachments: NetworkAttachment[]
  network_interfaces: NetworkInterface[]
  primary_network_attachment?: NetworkAttachment
  primary_network_interface: NetworkInterface
  disks: {id: string; name: string; size: number}[]
  placement_target?: Partial<Reference> & {resource_type?: string}
  dedicated_host?: Reference
  reservation?: Reference
  reservation_affinity: {policy: string; pool: Reference[]}
  instance_group_membership?: {instance_group: Reference}
  cluster_network?: Reference
  cluster_network_attachments: {id: string; name: string}[]
}

interface Collection {
  limit: number
  next?: {href: string}
  total_count: number
}

export interface InstanceCollection extends Collection {
  instances: Instance[]
}

export interface VpcCollection extends Collection {
  vpcs: Reference[]
}

/** What can be absent of an instance template here is whatever its maker left out: the API's default holds then. */
export interface InstanceTemplate {
  id: string
  name: string
  crn: string
  href: string
  resource_group: {id: string; name: string}
  metadata_service?: Partial<MetadataService>
  profile?: {name?: string; href?: string}
  image?: {id?: string; crn?: string; href?: string}
  vpc?: {id?: string; crn?: string; href?: string}
  zone?: {name?: string; href?: string}
}

export interface InstanceTemplateCollection extends Collection {
  templates: InstanceTemplate[]
}

export interface BareMetalServer {
  id: string
  name: string
  crn: string
  href: string
  status: string
  lifecycle_state: string
  /** Without a hop limit (IBM/vpc-node-sdk, vpc/v1.ts, BareMetalServerMetadataService). */
  metadata_service: {enabled: boolean; protocol: string}
  profile: {name: string}
  vpc: Reference
  zone: {name: string}
  resource_group: {id: string; name: string}
}

export interface BareMetalServerCollection extends Collection {
  bare_metal_servers: BareMetalServer[]
}

export interface InstanceAction {
  id: string
  type: string
}

export interface FloatingIp {
  id: string
  name: string
  address: string
  target?: object
}

/** What an instance was given at its creation, as far as the API tells: user data is not in it (IBM/vpc-node-sdk, vpc/v1.ts, InstanceInitialization). */
export interface InstanceInitialization {
  keys: (Reference & {fingerprint: string})[]
  default_trusted_profile?: {auto_link: boolean; target: {id: string; crn: string}}
  password?: {encrypted_password: string; encryption_key: {fingerprint?: string}}
}

export interface VirtualNetworkInterface {
  id: string
  name: string
  security_groups: Reference[]
  allow_ip_spoofing: boolean
  protocol_state_filtering_mode?: string
  /** The reserved IPs, the primary one first. */
  ips?: {id: string}[]
  enable_infrastructure_nat?: boolean
}

/** A network interface as it is read alone: with more than an instance shows of it. */
export interface NetworkInterfaceDetails extends NetworkInterface {
  security_groups: Reference[]
  allow_ip_spoofing: boolean
}

export interface Image {
  id: string
  name: string
  crn: string
  operating_system: {name: string; family: string; vendor: string}
}

export interface ImageCollection extends Collection {
  images: Image[]
}

export interface Key {
  id: string
  name: string
  crn: string
  fingerprint: string
}

export interface KeyCollection extends Collection {
  keys: Key[]
}

export interface Subnet {
  id: string
  name: string
  crn: string
  vpc: Reference
  zone: {name: string}
}

export interface SubnetCollection extends Collection {
  subnets: Subnet[]
}

/** What names something that exists in a prototype. */
export type Identity = {id: string} | {crn: string}

/** An instance to be created from an image; of the API's prototypes the part that vpcmd writes (IBM/vpc-node-sdk, vpc/v1.ts, InstancePrototypeInstanceByImage). */
export interface InstancePrototype {
  name: string
  profile: {name: string}
  image: Identity
  vpc: Identity
  zone: {name: string}
  resource_group?: {id: string}
  keys: Identity[]
  primary_network_attachment?: {
    virtual_network_interface: InterfacePrototype & {auto_delete: boolean; protocol_state_filtering_mode?: string}
  }
  primary_network_interface?: InterfacePrototype
  metadata_service: MetadataService
  default_trusted_profile?: {auto_link: boolean; target: Identity}
  enable_secure_boot?: boolean
  confidential_compute_mode?: string
  availability?: {class: string}
  availability_policy?: {host_failure: string; preemption?: string}
  reservation_affinity?: {policy: string}
  total_volume_bandwidth?: number
  volume_bandwidth_qos_mode?: string
  user_data?: string
}

/** What network interfaces of both kinds are made of. */
export interface InterfacePrototype {
  subnet: Identity
  security_groups?: Identity[]
  allow_ip_spoofing?: boolean
}

export interface FloatingIpPrototype {
  name?: string
  resource_group?: {id: string}
  target: {id: string}
}

export interface FloatingIpCollection extends Collection {
  floating_ips: FloatingIp[]
}

export interface RegionOfWire {
  name: string
  endpoint: string
  status: string
}

export interface RegionCollection {
  regions: RegionOfWire[]
}
