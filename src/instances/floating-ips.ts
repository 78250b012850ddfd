import type {VpcSdk} from '../cloud/vpc-sdk.ts'
import type {FloatingIp, Instance} from '../cloud/wire.ts'
import {pageSize, pagesOf} from './pages.ts'

/** Floating IP addresses by the ID of what they are bound to: a virtual network interface or a network interface. */
export type FloatingIpIndex = Map<string, string[]>

/** All floating IPs of a region, by target, over all pages, until the signal comes. Throws what the API's calls throw. */
export async function listFloatingIps(api: VpcSdk, signal?: AbortSignal): Promise<FloatingIpIndex> {
  const index: FloatingIpIndex = new Map()
  for await (const page of pagesOf(
    async start => (await api.listFloatingIps({start, limit: pageSize, signal})).result,
  )) {
    addTo(index, page.floating_ips)
  }
  return index
}

/** The floating IPs of one instance alone, asked by target. Throws what the API's calls throw. */
export async function floatingIpsFor(api: VpcSdk, instance: Instance): Promise<FloatingIpIndex> {
  const index: FloatingIpIndex = new Map()
  await Promise.all(
    interfaceIds(instance).map(async targetId => {
      for await (const page of pagesOf(
        async start => (await api.listFloatingIps({start, limit: pageSize, targetId})).result,
      )) {
        addTo(index, page.floating_ips)
      }
    }),
  )
  return index
}

function addTo(index: FloatingIpIndex, floatingIps: FloatingIp[]): void {
  for (const {address, target} of floatingIps) {
    const targetId = target && 'id' in target ? String(target.id) : undefined
    if (targetId === undefined) continue
    const known = index.get(targetId) ?? []
    if (!known.includes(address)) index.set(targetId, [...known, address])
  }
}

/**
 * The addresses of an instance. An instance does not name its floating IPs: they are joined by the ID of the virtual
 * network interface of an attachment, or of a legacy network interface (contract: GET /floating_ips, `target.id`).
 */
export function addressesOf(instance: Instance, index: FloatingIpIndex): string[] {
  return [...new Set(interfaceIds(instance).flatMap(id => index.get(id) ?? []))]
}

function interfaceIds(instance: Instance): string[] {
  return [
    ...instance.network_attachments.map(attachment => attachment.virtual_network_interface.id),
    ...instance.network_interfaces.map(networkInterface => networkInterface.id),
  ]
}
