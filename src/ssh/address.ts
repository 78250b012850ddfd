import {isIP} from 'node:net'
import {withDoubt} from '../cloud/service-errors.ts'
import type {VpcSdk} from '../cloud/vpc-sdk.ts'
import type {FloatingIp, Instance, NetworkInterfaceDetails, VirtualNetworkInterface} from '../cloud/wire.ts'
import {VpcmdError} from '../errors.ts'
import {addressesOf, floatingIpsFor} from '../instances/floating-ips.ts'

/** The reserved IP of an instance's primary interface. Throws VpcmdError while it has none. */
export function reservedAddress(instance: Instance): string {
  return checked(instance, instance.primary_network_interface.primary_ip.address)
}

/** A floating IP of an instance, the primary interface's first; undefined where it has none. Throws what the API's calls throw. */
export async function floatingAddress(api: VpcSdk, instance: Instance): Promise<string | undefined> {
  const [address] = addressesOf(instance, await floatingIpsFor(api, instance))
  return address === undefined ? undefined : checked(instance, address)
}

/** What ssh is handed comes from outside: nothing but an IP address may stand there. */
function checked(instance: Instance, address: string): string {
  // A zone behind % is of no use to others, and ssh reads a % as more than that.
  if (isIP(address) && !address.includes('%') && address !== '0.0.0.0') return address
  throw new VpcmdError({
    code: 'no_address',
    message: `${instance.name} (${instance.id}) has no address yet: the API says ${JSON.stringify(address)}.`,
    hint: 'An instance that is being made gets its address in a moment.',
  })
}

/**
 * Reserves a floating IP and binds it to the instance's primary interface, in one request, so that none is left over when
 * it fails: to the virtual network interface where it has one, else to the network interface of the old kind
 * (IBM/vpc-node-sdk, vpc/v1.ts, FloatingIPPrototypeFloatingIPByTarget). Throws what the API's call throws; where no answer
 * came it says that it may be reserved. After `ending` nothing is sent again.
 */
export async function assignFloatingIp(api: VpcSdk, instance: Instance, ending?: AbortSignal): Promise<FloatingIp> {
  const target =
    instance.primary_network_attachment?.virtual_network_interface.id ?? instance.primary_network_interface.id
  const floatingIpPrototype = {resource_group: {id: instance.resource_group.id}, target: {id: target}}
  try {
    const {result} = await api.createFloatingIp({floatingIpPrototype, signal: ending})
    checked(instance, result.address)
    return result
  } catch (error) {
    throw withDoubt(error, 'It may have been reserved all the same, and costs money then: ibmcloud is floating-ips')
  }
}

/** An instance's primary interface, of whichever kind it is, with what the instance does not show of it. Throws what the API's calls throw. */
export async function primaryInterface(
  api: VpcSdk,
  instance: Instance,
): Promise<VirtualNetworkInterface | NetworkInterfaceDetails> {
  const vni = instance.primary_network_attachment?.virtual_network_interface.id
  const {result} = vni
    ? await api.getVirtualNetworkInterface({id: vni})
    : await api.getInstanceNetworkInterface({instanceId: instance.id, id: instance.primary_network_interface.id})
  return result
}
