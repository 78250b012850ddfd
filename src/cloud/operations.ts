import type {FloatingIpPrototype, InstancePrototype} from './prototypes.ts'
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
import type {Settings} from './readers/settings.ts'

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
  /** What the caller must be allowed (ibm-cloud-docs/vpc, at-events.md, vpc-user-permissions.md, known-issues.md). */
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
   * acted on; the caller looks first.
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

/** Reads one thing. */
function get<const Path extends string, Result>(
  path: Path,
  read: (raw: Raw, params: Record<string, unknown>) => Result,
  doing: string,
  iamAction: string,
) {
  return {method: 'GET', path, read, doing, iamAction, again: 'read'} as const
}

/** Reads a list, which stands in the answer under the last word of its path. */
function list<const Path extends string, Row, const Query extends object = Record<never, never>>(
  path: Path,
  readRow: RowReader<Row>,
  doing: string,
  iamAction?: string,
  query = {} as Query,
) {
  const rows = path.slice(path.lastIndexOf('/') + 1)
  return {method: 'GET', path, rows, readRow, doing, iamAction, query, again: 'read'} as const
}

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

/** Each call that vpcmd makes, once: the interface, the built-in client and the tried calls derive from it. */
export const operations = {
  listRegions: {
    ...list('/regions', readRegion, 'ask for the regions'),
    identify: (raw: Raw) => text(raw, 'name'),
  },
  listInstances: list('/instances', readInstance, 'list the instances', 'is.instance.instance.list', {
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
  }),
  getInstance: get('/instances/{id}', byId(readInstance), 'read instance {id}', 'is.instance.instance.read'),
  updateInstance: {
    method: 'PATCH',
    path: '/instances/{id}',
    doing: 'update instance {id}',
    // The second is beyond the API's specification (ibm-cloud-docs/vpc, known-issues.md, api-spec-auth-known-issue).
    iamAction: 'is.instance.instance.update (on a dedicated host is.dedicated-host.dedicated-host.operate as well)',
    again: 'change',
    body: {metadataService: part<Settings>('metadata_service')},
    headers: {ifMatch: 'If-Match'},
    read: byId(readInstance),
  },
  createInstanceAction: {
    method: 'POST',
    path: '/instances/{instanceId}/actions',
    doing: '{type} instance {instanceId}',
    // The second is beyond the API's specification (ibm-cloud-docs/vpc, known-issues.md, api-spec-auth-known-issue).
    iamAction: 'is.instance.instance.operate and is.instance.instance.update',
    again: 'action',
    body: {type: part<'start' | 'stop' | 'reboot'>('type')},
    read: readAction,
  },
  createInstance: {
    method: 'POST',
    path: '/instances',
    doing: 'create the instance {instancePrototype.name}',
    // All that a creation takes (ibm-cloud-docs/vpc, vsi-is-iam-access.md).
    iamAction:
      'is.instance.instance.create with is.vpc.vpc.operate, is.subnet.subnet.operate, is.security-group.security-group.operate and is.volume.volume.create',
    again: 'creation',
    body: {instancePrototype: part<InstancePrototype>('')},
    read: made(readInstance),
  },
  getInstanceInitialization: get(
    '/instances/{id}/initialization',
    (raw: Raw) => ('keys' in raw ? readInitialization(raw) : undefined),
    'read the initialization of instance {id}',
    'is.instance.instance.read',
  ),
  getInstanceNetworkInterface: get(
    '/instances/{instanceId}/network_interfaces/{id}',
    byId(readPortDetails),
    'read the network interface {id} of instance {instanceId}',
    'is.instance.instance.read',
  ),
  getVirtualNetworkInterface: get(
    '/virtual_network_interfaces/{id}',
    byId(readPortDetails),
    'read the virtual network interface {id}',
    'is.virtual-network-interface.virtual-network-interface.read',
  ),
  listFloatingIps: list('/floating_ips', readFloatingIp, 'list the floating IPs', 'is.floating-ip.floating-ip.list', {
    ...paging,
    targetId: 'target.id',
  }),
  createFloatingIp: {
    method: 'POST',
    path: '/floating_ips',
    doing: 'reserve a floating IP',
    iamAction: 'is.floating-ip.floating-ip.create',
    again: 'creation',
    body: {floatingIpPrototype: part<FloatingIpPrototype>('')},
    read: made(readFloatingIp),
  },
  listVpcs: list('/vpcs', readNamed, 'list the VPCs', 'is.vpc.vpc.list', paging),
  // The right to read templates: ibm-cloud-docs/vpc, at-events.md. It takes neither `start` nor `limit`: IBM's SDK has none for it, though its answer can name a next page. There is no
  // action of its own for the list (ibm-cloud-docs/vpc, at-events.md).
  listInstanceTemplates: list(
    '/instance/templates',
    readInstanceTemplate,
    'list the instance templates',
    'is.instance.instance-template.read',
  ),
  listBareMetalServers: list(
    '/bare_metal_servers',
    readBareMetalServer,
    'list the bare metal servers',
    'is.bare-metal-server.bare-metal-server.list',
    {...paging, name: 'name'},
  ),
  getBareMetalServer: get(
    '/bare_metal_servers/{id}',
    byId(readBareMetalServer),
    'read bare metal server {id}',
    'is.bare-metal-server.bare-metal-server.read',
  ),
  updateBareMetalServer: {
    method: 'PATCH',
    path: '/bare_metal_servers/{id}',
    doing: 'update bare metal server {id}',
    iamAction: 'is.bare-metal-server.bare-metal-server.update',
    again: 'change',
    body: {metadataService: part<Settings>('metadata_service')},
    read: byId(readBareMetalServer),
  },
  listKeys: list('/keys', readNamed, 'list the keys', 'is.key.key.list', paging),
  listImages: list('/images', readNamed, 'list the images', 'is.image.image.list', {...paging, name: 'name'}),
  getImage: get('/images/{id}', byId(readImage), 'read the image {id}', 'is.image.image.read'),
  listSubnets: list('/subnets', readSubnet, 'list the subnets', 'is.subnet.subnet.list', {...paging, vpcId: 'vpc.id'}),
  getSubnet: get('/subnets/{id}', byId(readSubnet), 'read the subnet {id}', 'is.subnet.subnet.read'),
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operations
export type {Operation}

/** The paths of lists, of which an answer may be larger than of one thing. */
export const listPaths: readonly string[] = Object.values<Operation>(operations).flatMap(({rows, path}) =>
  rows ? [path] : [],
)

/** The media type of what is sent, which for a PATCH is a merge patch (RFC 7396). */
export function mediaTypeOf({method}: Operation): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
}
