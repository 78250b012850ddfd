import {type Answer, type Common, VpcBaseService} from './vpc-service.ts'
import type {
  FloatingIp,
  FloatingIpPrototype,
  Image,
  ImageCollection,
  Instance,
  InstanceInitialization,
  InstancePrototype,
  KeyCollection,
  NetworkInterfaceDetails,
  Subnet,
  SubnetCollection,
  VirtualNetworkInterface,
} from './wire.ts'

export interface ListKeysParams extends Common {
  start?: string
  limit?: number
}

export interface ListImagesParams extends Common {
  start?: string
  limit?: number
  name?: string
}

export interface ListSubnetsParams extends Common {
  start?: string
  limit?: number
  vpcId?: string
}

export interface CreateInstanceParams extends Common {
  instancePrototype: InstancePrototype
}

export interface CreateFloatingIpParams extends Common {
  floatingIpPrototype: FloatingIpPrototype
}

export interface GetInstanceNetworkInterfaceParams extends Common {
  instanceId: string
  id: string
}

/** The calls of `VpcV1` that reaching an instance and making another one take; declared as in VpcSdk. */
export interface VpcCreationSdk {
  createInstance(params: CreateInstanceParams): Promise<Answer<Instance>>
  getInstanceInitialization(params: Common & {id: string}): Promise<Answer<InstanceInitialization>>
  getInstanceNetworkInterface(params: GetInstanceNetworkInterfaceParams): Promise<Answer<NetworkInterfaceDetails>>
  getVirtualNetworkInterface(params: Common & {id: string}): Promise<Answer<VirtualNetworkInterface>>
  createFloatingIp(params: CreateFloatingIpParams): Promise<Answer<FloatingIp>>
  listKeys(params?: ListKeysParams): Promise<Answer<KeyCollection>>
  listImages(params?: ListImagesParams): Promise<Answer<ImageCollection>>
  getImage(params: Common & {id: string}): Promise<Answer<Image>>
  listSubnets(params?: ListSubnetsParams): Promise<Answer<SubnetCollection>>
  getSubnet(params: Common & {id: string}): Promise<Answer<Subnet>>
}

const json = {'Content-Type': 'application/json'}

/** These calls without IBM's SDK. */
export class BuiltinCreation extends VpcBaseService implements VpcCreationSdk {
  createInstance(params: CreateInstanceParams): Promise<Answer<Instance>> {
    return this.send('POST', '/instances', params, {body: params.instancePrototype, headers: json})
  }

  getInstanceInitialization(params: Common & {id: string}): Promise<Answer<InstanceInitialization>> {
    return this.send('GET', '/instances/{id}/initialization', params, {path: {id: params.id}})
  }

  getInstanceNetworkInterface(params: GetInstanceNetworkInterfaceParams): Promise<Answer<NetworkInterfaceDetails>> {
    return this.send('GET', '/instances/{instance_id}/network_interfaces/{id}', params, {
      path: {instance_id: params.instanceId, id: params.id},
    })
  }

  getVirtualNetworkInterface(params: Common & {id: string}): Promise<Answer<VirtualNetworkInterface>> {
    return this.send('GET', '/virtual_network_interfaces/{id}', params, {path: {id: params.id}})
  }

  createFloatingIp(params: CreateFloatingIpParams): Promise<Answer<FloatingIp>> {
    return this.send('POST', '/floating_ips', params, {body: params.floatingIpPrototype, headers: json})
  }

  listKeys(params: ListKeysParams = {}): Promise<Answer<KeyCollection>> {
    return this.send('GET', '/keys', params, {query: {start: params.start, limit: params.limit}})
  }

  listImages(params: ListImagesParams = {}): Promise<Answer<ImageCollection>> {
    return this.send('GET', '/images', params, {
      query: {start: params.start, limit: params.limit, name: params.name},
    })
  }

  getImage(params: Common & {id: string}): Promise<Answer<Image>> {
    return this.send('GET', '/images/{id}', params, {path: {id: params.id}})
  }

  listSubnets(params: ListSubnetsParams = {}): Promise<Answer<SubnetCollection>> {
    return this.send('GET', '/subnets', params, {
      query: {start: params.start, limit: params.limit, 'vpc.id': params.vpcId},
    })
  }

  getSubnet(params: Common & {id: string}): Promise<Answer<Subnet>> {
    return this.send('GET', '/subnets/{id}', params, {path: {id: params.id}})
  }
}
