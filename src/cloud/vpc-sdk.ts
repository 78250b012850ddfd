import type {AuthenticatorInterface, BaseService, UserOptions} from 'ibm-cloud-sdk-core'
import {BuiltinCreation, type VpcCreationSdk} from './vpc-creation-sdk.ts'
import type {Answer, Common} from './vpc-service.ts'
import type {
  BareMetalServer,
  BareMetalServerCollection,
  FloatingIpCollection,
  Instance,
  InstanceAction,
  InstanceCollection,
  InstanceTemplateCollection,
  MetadataService,
  RegionCollection,
  VpcCollection,
} from './wire.ts'

export type {Answer} from './vpc-service.ts'

/**
 * The API version that vpcmd is tested with. IBM/vpc-node-sdk documents 2025-12-09 to 2026-03-25; a date that moves
 * with the calendar breaks clients (IBM/packer-plugin-ibmcloud#43).
 */
export const apiVersion = '2026-03-24'

export interface ListInstancesParams extends Common {
  start?: string
  limit?: number
  resourceGroupId?: string
  name?: string
  availabilityClass?: string
  dedicatedHostId?: string
  dedicatedHostCrn?: string
  dedicatedHostName?: string
  instanceGroupMembershipInstanceGroupId?: string
  instanceGroupMembershipInstanceGroupCrn?: string
  placementGroupId?: string
  placementGroupCrn?: string
  placementGroupName?: string
  reservationId?: string
  reservationCrn?: string
  reservationName?: string
  vpcId?: string
  vpcCrn?: string
  vpcName?: string
}

export interface ListFloatingIpsParams extends Common {
  start?: string
  limit?: number
  targetId?: string
}

export interface UpdateInstanceParams extends Common {
  id: string
  metadataService?: Partial<MetadataService>
  ifMatch?: string
}

export interface ListVpcsParams extends Common {
  start?: string
  limit?: number
}

export interface ListBareMetalServersParams extends Common {
  start?: string
  limit?: number
}

export interface UpdateBareMetalServerParams extends Common {
  id: string
  metadataService?: {enabled?: boolean; protocol?: string}
}

export interface CreateInstanceActionParams extends Common {
  instanceId: string
  type: 'start' | 'stop' | 'reboot'
}

/**
 * The calls that vpcmd makes, as `VpcV1` of IBM's SDK (`ibm-vpc`) declares them: the same names, parameters and
 * results (IBM/vpc-node-sdk, vpc/v1.ts), so that the real class satisfies this interface as it is.
 */
export interface VpcSdk extends VpcCreationSdk {
  listRegions(params?: Common): Promise<Answer<RegionCollection>>
  listInstances(params?: ListInstancesParams): Promise<Answer<InstanceCollection>>
  getInstance(params: Common & {id: string}): Promise<Answer<Instance>>
  updateInstance(params: UpdateInstanceParams): Promise<Answer<Instance>>
  listFloatingIps(params?: ListFloatingIpsParams): Promise<Answer<FloatingIpCollection>>
  listVpcs(params?: ListVpcsParams): Promise<Answer<VpcCollection>>
  /** Takes neither `start` nor `limit`: IBM's SDK has none for it, though its answer can name a next page. */
  listInstanceTemplates(params?: Common): Promise<Answer<InstanceTemplateCollection>>
  listBareMetalServers(params?: ListBareMetalServersParams): Promise<Answer<BareMetalServerCollection>>
  getBareMetalServer(params: Common & {id: string}): Promise<Answer<BareMetalServer>>
  updateBareMetalServer(params: UpdateBareMetalServerParams): Promise<Answer<BareMetalServer>>
  createInstanceAction(params: CreateInstanceActionParams): Promise<Answer<InstanceAction>>
}

/** An SDK's service with the HTTP client that IBM's core gives every service, on which requests can be watched. */
export type VpcService = VpcSdk & Pick<BaseService, 'getHttpClient'>

export interface SdkChoice {
  /** What `--debug` says is in use. */
  description: string
  create(options: UserOptions & {authenticator: AuthenticatorInterface; serviceUrl: string}): VpcService
}

/**
 * Picks the SDK: IBM's own `ibm-vpc` where it is installed, else the few calls of it that are written below.
 * `VPCMD_SDK=builtin` in `env` forces the latter. Throws what importing an installed but broken `ibm-vpc` throws.
 */
export async function chooseSdk(env: NodeJS.ProcessEnv): Promise<SdkChoice> {
  const official = env.VPCMD_SDK === 'builtin' ? undefined : await importOfficial()
  const options = {version: apiVersion, generation: 2}
  return official
    ? {description: 'ibm-vpc', create: given => new official({...given, ...options})}
    : {description: 'builtin (on ibm-cloud-sdk-core)', create: given => new BuiltinVpc({...given, ...options})}
}

async function importOfficial(): Promise<(new (options: UserOptions) => VpcService) | undefined> {
  try {
    return (await import('ibm-vpc/vpc/v1.js')).default
  } catch (error) {
    // Not every registry offers ibm-vpc: it is an optional dependency. Anything else that fails to load is a defect.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

class BuiltinVpc extends BuiltinCreation implements VpcSdk {
  listRegions(params: Common = {}): Promise<Answer<RegionCollection>> {
    return this.send('GET', '/regions', params)
  }

  listInstances(params: ListInstancesParams = {}): Promise<Answer<InstanceCollection>> {
    return this.send('GET', '/instances', params, {
      query: {
        start: params.start,
        limit: params.limit,
        'resource_group.id': params.resourceGroupId,
        name: params.name,
        'availability.class': params.availabilityClass,
        'dedicated_host.id': params.dedicatedHostId,
        'dedicated_host.crn': params.dedicatedHostCrn,
        'dedicated_host.name': params.dedicatedHostName,
        'instance_group_membership.instance_group.id': params.instanceGroupMembershipInstanceGroupId,
        'instance_group_membership.instance_group.crn': params.instanceGroupMembershipInstanceGroupCrn,
        'placement_group.id': params.placementGroupId,
        'placement_group.crn': params.placementGroupCrn,
        'placement_group.name': params.placementGroupName,
        'reservation.id': params.reservationId,
        'reservation.crn': params.reservationCrn,
        'reservation.name': params.reservationName,
        'vpc.id': params.vpcId,
        'vpc.crn': params.vpcCrn,
        'vpc.name': params.vpcName,
      },
    })
  }

  getInstance(params: Common & {id: string}): Promise<Answer<Instance>> {
    return this.send('GET', '/instances/{id}', params, {path: {id: params.id}})
  }

  updateInstance(params: UpdateInstanceParams): Promise<Answer<Instance>> {
    return this.send('PATCH', '/instances/{id}', params, {
      path: {id: params.id},
      body: {metadata_service: params.metadataService},
      headers: {'Content-Type': 'application/merge-patch+json', 'If-Match': params.ifMatch},
    })
  }

  listFloatingIps(params: ListFloatingIpsParams = {}): Promise<Answer<FloatingIpCollection>> {
    return this.send('GET', '/floating_ips', params, {
      query: {start: params.start, limit: params.limit, 'target.id': params.targetId},
    })
  }

  listVpcs(params: ListVpcsParams = {}): Promise<Answer<VpcCollection>> {
    return this.send('GET', '/vpcs', params, {query: {start: params.start, limit: params.limit}})
  }

  listInstanceTemplates(params: Common = {}): Promise<Answer<InstanceTemplateCollection>> {
    return this.send('GET', '/instance/templates', params)
  }

  listBareMetalServers(params: ListBareMetalServersParams = {}): Promise<Answer<BareMetalServerCollection>> {
    return this.send('GET', '/bare_metal_servers', params, {query: {start: params.start, limit: params.limit}})
  }

  getBareMetalServer(params: Common & {id: string}): Promise<Answer<BareMetalServer>> {
    return this.send('GET', '/bare_metal_servers/{id}', params, {path: {id: params.id}})
  }

  updateBareMetalServer(params: UpdateBareMetalServerParams): Promise<Answer<BareMetalServer>> {
    return this.send('PATCH', '/bare_metal_servers/{id}', params, {
      path: {id: params.id},
      body: {metadata_service: params.metadataService},
      headers: {'Content-Type': 'application/merge-patch+json'},
    })
  }

  createInstanceAction(params: CreateInstanceActionParams): Promise<Answer<InstanceAction>> {
    return this.send('POST', '/instances/{id}/actions', params, {
      path: {id: params.instanceId},
      body: {type: params.type},
      headers: {'Content-Type': 'application/json'},
    })
  }
}
