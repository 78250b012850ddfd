import {isIP} from 'node:net'
import type {Instance} from '../cloud/readers/instance.ts'
import type {FloatingIp, PortDetails} from '../cloud/readers/resources.ts'
import {withDoubt} from '../cloud/service-errors.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import {reservedIpOf} from '../instances/columns.ts'
import {addressesOf, floatingIpsFor} from '../instances/floating-ips.ts'
import {targetName} from '../metadata/plan.ts'

/** The reserved IP of an instance's primary interface. Throws VpcmdError while it has none. */
export function reservedAddress(instance: Instance): string {
  return checked(instance, reservedIpOf(instance))
}

/** A floating IP of an instance, the primary interface's first; undefined where it has none. Throws what the API's calls throw. */
export async function floatingAddress(api: VpcApi, instance: Instance): Promise<string | undefined> {
  const [address] = addressesOf(instance, await floatingIpsFor(api, instance)) ?? []
  return address === undefined ? undefined : checked(instance, address)
}

/** What ssh is handed comes from outside: nothing but an IP address may stand there. */
function checked(instance: Instance, address: string | undefined): string {
  // A zone behind % is of no use to others, and ssh reads a % as more than that.
  if (address !== undefined && isIP(address) && !address.includes('%') && address !== '0.0.0.0') return address
  throw new VpcmdError({
    code: 'no_address',
    message: `${targetName(instance)} has no address yet: the API says ${address === undefined ? 'nothing' : JSON.stringify(address)}.`,
    hint: 'An instance that is being made gets its address in a moment.',
  })
}

/**
 * Reserves a floating IP and binds it to the instance's primary interface, in one request, so that none is left over when
 * it fails: to the virtual network interface where it has one, else to the network interface of the old kind
 * (IBM/vpc-node-sdk, vpc/v1.ts, FloatingIPPrototypeFloatingIPByTarget). Throws what the API's call throws; where no answer
 * came it says that it may be reserved. After `ending` nothing is sent again.
 */
export async function assignFloatingIp(
  api: VpcApi,
  instance: Instance,
  ending?: AbortSignal,
): Promise<FloatingIp & {address: string}> {
  const target = primaryPort(instance).id
  const group = instance.resourceGroup?.id
  const floatingIpPrototype = {...(group !== undefined && {resource_group: {id: group}}), target: {id: target}}
  try {
    const {result} = await api.createFloatingIp({floatingIpPrototype, signal: ending})
    return {...result, address: checked(instance, result.address)}
  } catch (error) {
    throw withDoubt(error, 'It may have been reserved all the same, and costs money then: ibmcloud is floating-ips')
  }
}

/** An instance's primary interface, of whichever kind it is, with what the instance does not show of it. Throws what the API's calls throw. */
export async function primaryInterface(api: VpcApi, instance: Instance): Promise<PortDetails> {
  const {id, isVirtual} = primaryPort(instance)
  const {result} = isVirtual
    ? await api.getVirtualNetworkInterface({id})
    : await api.getInstanceNetworkInterface({instanceId: instance.id, id})
  return result
}

function primaryPort(instance: Instance): {id: string; isVirtual: boolean} {
  const vni = instance.primaryAttachment?.vni?.id
  if (vni !== undefined) return {id: vni, isVirtual: true}
  const nic = instance.primaryInterface?.id
  if (nic !== undefined) return {id: nic, isVirtual: false}
  throw new VpcmdError({
    code: 'no_interface',
    message: `The API does not tell the network interface of ${targetName(instance)}.`,
    hint: `See what it tells: vpcmd instances show ${instance.id} --json`,
  })
}
