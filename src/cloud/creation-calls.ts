import type {Operation} from './service-errors.ts'
import type {VpcCreationSdk} from './vpc-creation-sdk.ts'
import type {Answer} from './vpc-service.ts'

/** Sends one call as the retry policy says. `expected` is a field that its answer must have; see callService. */
export type Call = <T>(
  operation: Omit<Operation, 'url'> & {repeatable?: boolean},
  expected: string,
  send: (signal: AbortSignal) => Promise<Answer<T>>,
  ending?: {cancelled?: AbortSignal; lastTry?: AbortSignal},
) => Promise<Answer<T>>

/**
 * The calls that reaching an instance and making another one take, each through `call`. `place` is ` in us-south`. The
 * IAM actions are those of ibm-cloud-docs/vpc (vpc-user-permissions.md, at-events.md).
 */
export function creationCalls(service: VpcCreationSdk, call: Call, place: string): VpcCreationSdk {
  return {
    createInstance: params =>
      call(
        {
          doing: `create the instance ${params.instancePrototype.name}${place}`,
          iamAction: 'is.instance.instance.create',
          repeatable: false,
        },
        'id',
        signal => service.createInstance({...params, signal}),
        {lastTry: params.signal},
      ),
    getInstanceInitialization: params =>
      call(
        {
          doing: `read the initialization of instance ${params.id}${place}`,
          iamAction: 'is.instance.instance.read',
        },
        'keys',
        signal => service.getInstanceInitialization({...params, signal}),
        {cancelled: params.signal},
      ),
    getInstanceNetworkInterface: params =>
      call(
        {
          doing: `read the network interface ${params.id} of instance ${params.instanceId}${place}`,
          iamAction: 'is.instance.instance.read',
        },
        'id',
        signal => service.getInstanceNetworkInterface({...params, signal}),
        {cancelled: params.signal},
      ),
    getVirtualNetworkInterface: params =>
      call(
        {
          doing: `read the virtual network interface ${params.id}${place}`,
          iamAction: 'is.virtual-network-interface.virtual-network-interface.read',
        },
        'id',
        signal => service.getVirtualNetworkInterface({...params, signal}),
        {cancelled: params.signal},
      ),
    createFloatingIp: params =>
      call(
        {
          doing: `reserve a floating IP${place}`,
          iamAction: 'is.floating-ip.floating-ip.create',
          repeatable: false,
        },
        'address',
        signal => service.createFloatingIp({...params, signal}),
        {lastTry: params.signal},
      ),
    listKeys: params =>
      call(
        {doing: `list the keys${place}`, iamAction: 'is.key.key.list'},
        'keys',
        signal => service.listKeys({...params, signal}),
        {cancelled: params?.signal},
      ),
    listImages: params =>
      call(
        {doing: `list the images${place}`, iamAction: 'is.image.image.list'},
        'images',
        signal => service.listImages({...params, signal}),
        {cancelled: params?.signal},
      ),
    getImage: params =>
      call(
        {doing: `read the image ${params.id}${place}`, iamAction: 'is.image.image.read'},
        'id',
        signal => service.getImage({...params, signal}),
        {cancelled: params.signal},
      ),
    listSubnets: params =>
      call(
        {doing: `list the subnets${place}`, iamAction: 'is.subnet.subnet.list'},
        'subnets',
        signal => service.listSubnets({...params, signal}),
        {cancelled: params?.signal},
      ),
    getSubnet: params =>
      call(
        {doing: `read the subnet ${params.id}${place}`, iamAction: 'is.subnet.subnet.read'},
        'id',
        signal => service.getSubnet({...params, signal}),
        {cancelled: params.signal},
      ),
  }
}
