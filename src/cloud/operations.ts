import {fields, identity, type Raw, text} from './readers/fields.ts'
import {readInstance} from './readers/instance.ts'
import type {RowReader} from './readers/page.ts'
import {
  readBareMetalServer,
  readFloatingIp,
  readImage,
  readInitialization,
  readInstanceTemplate,
  readNamed,
  readPortDetails,
  readRegion,
  readSubnet,
} from './readers/resources.ts'
import type {KnownSettings, Settings} from './readers/settings.ts'

/**
 * One call of the VPC API. Names of calls and parameters are those of `VpcV1` of IBM's SDK (IBM/vpc-node-sdk, vpc/v1.ts), so
 * that the real class takes them as they are.
 */
interface Operation {
  method: 'GET' | 'PATCH' | 'POST'
  /** With the parameters that stand in it, in braces. */
  path: string
  /** Goes after "could not", with parameters, and fields of them, in braces; where it is of a region, its name follows. */
  doing: string
  /** What the caller must be allowed (ibm-cloud-docs/vpc, at-events.md, vpc-user-permissions.md). */
  iamAction?: string
  /** The parameters of the query, by their names on the wire. */
  query?: Readonly<Record<string, string>>
  /** The parameters of the body, by their names on the wire; an empty name stands for the whole body. */
  body?: Readonly<Record<string, BodyPart<unknown>>>
  /** The parameters that go as headers, by their names there. */
  headers?: Readonly<Record<string, string>>
  /**
   * How it may be sent again. `read`: at will. `change`: it sets absolute values, and is sent again unless a rollout looks
   * first, and waits for another change that is under way (409). `action` and `creation`: only where it was surely not
   * acted on; whoever acts looks first.
   */
  again: 'read' | 'change' | 'action' | 'creation'
  /** The key of the list in the answer, of which there may be pages. */
  rows?: string
  /** Reads each row of a list. */
  readRow?: RowReader<unknown>
  /** What identifies a row: its ID, unless this says otherwise. */
  identify?(raw: Raw): string | undefined
  /** Reads an answer that is one thing. Undefined for what is none of the kind. */
  read?(raw: Raw, params: Record<string, unknown>): unknown
}

/** A parameter of a body, with the type of what it takes. */
interface BodyPart<T> {
  name: string
  /** Never there: it carries the type. */
  takes?: T
}

function part<T>(name: string): BodyPart<T> {
  return {name}
}

const paging = {start: 'start', limit: 'limit'} as const

/** Reads one thing, which has to be the one of the ID that was asked for. */
function byId<T>(read: RowReader<T>) {
  return (raw: Raw, params: Record<string, unknown>): T | undefined => {
    const id = identity(raw)
    return id === undefined ? undefined : read(raw, matched(id, params.id))
  }
}

/** Reads one thing that was made just now, whose ID nobody knew before. */
function made<T>(read: RowReader<T>) {
  return (raw: Raw): T | undefined => {
    const id = identity(raw)
    return id === undefined ? undefined : read(raw, id)
  }
}

/** Thrown by a reader for the answer to another question than was asked. */
export class OtherAnswer extends Error {
  readonly answered: string

  constructor(answered: string) {
    super(`the answer is about ${answered}`)
    this.answered = answered
  }
}

function matched(id: string, asked: unknown): string {
  if (id !== asked) throw new OtherAnswer(id)
  return id
}

/** An action's own ID says nothing of its instance, its link does (IBM/vpc-node-sdk, vpc/v1.ts, InstanceAction). */
function readAction(raw: Raw, {instanceId, type}: Record<string, unknown>): {type: string | undefined} | undefined {
  if (fields(raw).id === undefined) return undefined
  const about = /\/instances\/([^/]+)\/actions/.exec(text(raw, 'href') ?? '')?.[1]
  if (about !== undefined) matched(about, instanceId)
  const acted = text(raw, 'type')
  if (acted !== undefined && acted !== type) throw new OtherAnswer(`the action ${acted}`)
  return {type: acted}
}

const mergePatch = 'application/merge-patch+json'

/** Each call that vpcmd makes, once: the interface, the built-in client and the tried calls derive from it. */
export const operations = {
  listRegions: {
    method: 'GET',
    path: '/regions',
    doing: 'ask for the regions',
    again: 'read',
    rows: 'regions',
    readRow: readRegion,
    identify: (raw: Raw) => text(raw, 'name'),
  },
  listInstances: {
    method: 'GET',
    path: '/instances',
    doing: 'list the instances',
    iamAction: 'is.instance.instance.list',
    again: 'read',
    query: {
      ...paging,
      resourceGroupId: 'resource_group.id',
      name: 'name',
      availabilityClass: 'availability.class',
      dedicatedHostId: 'dedicated_host.id',
      dedicatedHostCrn: 'dedicated_host.crn',
      dedicatedHostName: 'dedicated_host.name',
      instanceGroupMembershipInstanceGroupId: 'instance_group_membership.instance_group.id',
      instanceGroupMembershipInstanceGroupCrn: 'instance_group_membership.instance_group.crn',
      placementGroupId: 'placement_group.id',
      placementGroupCrn: 'placement_group.crn',
      placementGroupName: 'placement_group.name',
      reservationId: 'reservation.id',
      reservationCrn: 'reservation.crn',
      reservationName: 'reservation.name',
      vpcId: 'vpc.id',
      vpcCrn: 'vpc.crn',
      vpcName: 'vpc.name',
    },
    rows: 'instances',
    readRow: readInstance,
  },
  getInstance: {
    method: 'GET',
    path: '/instances/{id}',
    doing: 'read instance {id}',
    iamAction: 'is.instance.instance.read',
    again: 'read',
    read: byId(readInstance),
  },
  updateInstance: {
    method: 'PATCH',
    path: '/instances/{id}',
    doing: 'update instance {id}',
    iamAction: 'is.instance.instance.update',
    again: 'change',
    body: {metadataService: part<Settings>('metadata_service')},
    headers: {ifMatch: 'If-Match'},
    read: byId(readInstance),
  },
  createInstanceAction: {
    method: 'POST',
    path: '/instances/{instanceId}/actions',
    doing: '{type} instance {instanceId}',
    // Both are asked for (ibm-cloud-docs/vpc, known-issues.md).
    iamAction: 'is.instance.instance.operate',
    again: 'action',
    body: {type: part<'start' | 'stop' | 'reboot'>('type')},
    read: readAction,
  },
  createInstance: {
    method: 'POST',
    path: '/instances',
    doing: 'create the instance {instancePrototype.name}',
    iamAction: 'is.instance.instance.create',
    again: 'creation',
    body: {instancePrototype: part<InstancePrototype>('')},
    read: made(readInstance),
  },
  getInstanceInitialization: {
    method: 'GET',
    path: '/instances/{id}/initialization',
    doing: 'read the initialization of instance {id}',
    iamAction: 'is.instance.instance.read',
    again: 'read',
    read: (raw: Raw) => ('keys' in raw ? readInitialization(raw) : undefined),
  },
  getInstanceNetworkInterface: {
    method: 'GET',
    path: '/instances/{instanceId}/network_interfaces/{id}',
    doing: 'read the network interface {id} of instance {instanceId}',
    iamAction: 'is.instance.instance.read',
    again: 'read',
    read: byId(readPortDetails),
  },
  getVirtualNetworkInterface: {
    method: 'GET',
    path: '/virtual_network_interfaces/{id}',
    doing: 'read the virtual network interface {id}',
    iamAction: 'is.virtual-network-interface.virtual-network-interface.read',
    again: 'read',
    read: byId(readPortDetails),
  },
  listFloatingIps: {
    method: 'GET',
    path: '/floating_ips',
    doing: 'list the floating IPs',
    iamAction: 'is.floating-ip.floating-ip.list',
    again: 'read',
    query: {...paging, targetId: 'target.id'},
    rows: 'floating_ips',
    readRow: readFloatingIp,
  },
  createFloatingIp: {
    method: 'POST',
    path: '/floating_ips',
    doing: 'reserve a floating IP',
    iamAction: 'is.floating-ip.floating-ip.create',
    again: 'creation',
    body: {floatingIpPrototype: part<FloatingIpPrototype>('')},
    read: made(readFloatingIp),
  },
  listVpcs: {
    method: 'GET',
    path: '/vpcs',
    doing: 'list the VPCs',
    iamAction: 'is.vpc.vpc.list',
    again: 'read',
    query: paging,
    rows: 'vpcs',
    readRow: readNamed,
  },
  /** Takes neither `start` nor `limit`: IBM's SDK has none for it, though its answer can name a next page. */
  listInstanceTemplates: {
    method: 'GET',
    path: '/instance/templates',
    doing: 'list the instance templates',
    // There is no action of its own for the list (ibm-cloud-docs/vpc, at-events.md).
    iamAction: 'is.instance.instance-template.read',
    again: 'read',
    rows: 'templates',
    readRow: readInstanceTemplate,
  },
  listBareMetalServers: {
    method: 'GET',
    path: '/bare_metal_servers',
    doing: 'list the bare metal servers',
    iamAction: 'is.bare-metal-server.bare-metal-server.list',
    again: 'read',
    query: {...paging, name: 'name'},
    rows: 'bare_metal_servers',
    readRow: readBareMetalServer,
  },
  getBareMetalServer: {
    method: 'GET',
    path: '/bare_metal_servers/{id}',
    doing: 'read bare metal server {id}',
    iamAction: 'is.bare-metal-server.bare-metal-server.read',
    again: 'read',
    read: byId(readBareMetalServer),
  },
  updateBareMetalServer: {
    method: 'PATCH',
    path: '/bare_metal_servers/{id}',
    doing: 'update bare metal server {id}',
    iamAction: 'is.bare-metal-server.bare-metal-server.update',
    again: 'change',
    body: {metadataService: part<Settings>('metadata_service')},
    read: byId(readBareMetalServer),
  },
  listKeys: {
    method: 'GET',
    path: '/keys',
    doing: 'list the keys',
    iamAction: 'is.key.key.list',
    again: 'read',
    query: paging,
    rows: 'keys',
    readRow: readNamed,
  },
  listImages: {
    method: 'GET',
    path: '/images',
    doing: 'list the images',
    iamAction: 'is.image.image.list',
    again: 'read',
    query: {...paging, name: 'name'},
    rows: 'images',
    readRow: readNamed,
  },
  getImage: {
    method: 'GET',
    path: '/images/{id}',
    doing: 'read the image {id}',
    iamAction: 'is.image.image.read',
    again: 'read',
    read: byId(readImage),
  },
  listSubnets: {
    method: 'GET',
    path: '/subnets',
    doing: 'list the subnets',
    iamAction: 'is.subnet.subnet.list',
    again: 'read',
    query: {...paging, vpcId: 'vpc.id'},
    rows: 'subnets',
    readRow: readSubnet,
  },
  getSubnet: {
    method: 'GET',
    path: '/subnets/{id}',
    doing: 'read the subnet {id}',
    iamAction: 'is.subnet.subnet.read',
    again: 'read',
    read: byId(readSubnet),
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operations
export type {Operation}

/** The paths of lists, of which an answer may be larger than of one thing. */
export const listPaths: readonly string[] = Object.values<Operation>(operations).flatMap(({rows, path}) =>
  rows ? [path] : [],
)

/** The media type of what is sent, which for a PATCH is a merge patch (RFC 7396). */
export function mediaTypeOf({method}: Operation): string {
  return method === 'PATCH' ? mergePatch : 'application/json'
}

/** What names something that exists in a prototype. */
export type Identity = {id: string} | {crn: string}

/** The settings of a metadata service that is to be made: all of them. */
export type MetadataServicePrototype = Required<KnownSettings>

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
