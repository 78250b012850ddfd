import type {Instance} from '../cloud/readers/instance.ts'
import type {PortDetails} from '../cloud/readers/resources.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import {targetName} from './references.ts'

/** An instance's primary interface, of whichever kind it is, with what the instance does not show of it. Throws what the API's calls throw. */
export async function primaryInterface(api: VpcApi, instance: Instance): Promise<PortDetails> {
  const {id, isVirtual} = primaryPort(instance)
  const {result} = isVirtual
    ? await api.getVirtualNetworkInterface({id})
    : await api.getInstanceNetworkInterface({instanceId: instance.id, id})
  return result
}

/** The ID of an instance's primary interface, and whether that is a virtual network interface. Throws VpcmdError where it is unknown. */
export function primaryPort(instance: Instance): {id: string; isVirtual: boolean} {
  const vni = instance.primaryAttachment?.vni?.id
  if (vni !== undefined) return {id: vni, isVirtual: true}
  const nic = instance.primaryInterface?.id
  if (nic !== undefined) return {id: nic, isVirtual: false}
  throw new VpcmdError({
    code: 'no_interface',
    message: `The API did not report the network interface of ${targetName(instance)}.`,
    hint: `See what it reports: vpcmd instances show ${instance.id} --json`,
  })
}
