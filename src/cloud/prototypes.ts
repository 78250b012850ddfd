import type {KnownSettings} from './readers/settings.ts'

// What can be created: of the API's prototypes the part that vpcmd writes (IBM/vpc-node-sdk, vpc/v1.ts).

/** Names an existing resource. */
export type Identity = {id: string} | {crn: string}

/** Settings for a new metadata service: all of them. */
export type MetadataServicePrototype = Required<KnownSettings>

/** An instance to create from an image (InstancePrototypeInstanceByImage). */
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
  metadata_service: MetadataServicePrototype
  default_trusted_profile?: {auto_link: boolean; target: Identity}
  enable_secure_boot?: boolean
  confidential_compute_mode?: string
  availability?: {class: string}
  availability_policy?: {host_failure?: string; preemption?: string}
  reservation_affinity?: {policy: string}
  total_volume_bandwidth?: number
  volume_bandwidth_qos_mode?: string
  user_data?: string
}

/** What network interfaces of both kinds have. */
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
