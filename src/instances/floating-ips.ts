import type {Instance} from '../cloud/readers/instance.ts'
import type {FloatingIp} from '../cloud/readers/resources.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import {pageSize, pagesOf} from './pages.ts'

/** Floating IP addresses by the ID of what they are bound to: a virtual network interface or a network interface. */
export type FloatingIpIndex = Map<string, string[]>

/** All floating IPs of a region, by target, over all pages, until the signal comes. Throws what the API's calls throw. */
export async function listFloatingIps(api: VpcApi, region: string, signal?: AbortSignal): Promise<FloatingIpIndex> {
  const index: FloatingIpIndex = new Map()
  const fetchPage = async (start: string | undefined) =>
    (await api.listFloatingIps({start, limit: pageSize, signal})).result
  let unidentified = 0
  for await (const page of pagesOf(`the floating IPs of ${region}`, fetchPage)) {
    addTo(index, page.rows)
    unidentified += page.unidentified
  }
  if (unidentified > 0) {
    throw new VpcmdError({
      code: 'incomplete_listing',
      message: `The floating IPs of ${region} are not known: ${unidentified} of their rows have no ID to go by.`,
    })
  }
  return index
}

/** The floating IPs of one instance alone, asked by target. Throws what the API's calls throw. */
export async function floatingIpsFor(api: VpcApi, instance: Instance): Promise<FloatingIpIndex> {
  const index: FloatingIpIndex = new Map()
  await Promise.all(
    interfaceIds(instance).map(async targetId => {
      const fetchPage = async (start: string | undefined) =>
        (await api.listFloatingIps({start, limit: pageSize, targetId})).result
      for await (const page of pagesOf('the floating IPs', fetchPage)) addTo(index, page.rows)
    }),
  )
  return index
}

function addTo(index: FloatingIpIndex, floatingIps: FloatingIp[]): void {
  for (const {address, targetId} of floatingIps) {
    if (targetId === undefined || address === undefined) continue
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

function interfaceIds({networkAttachments = [], networkInterfaces = []}: Instance): string[] {
  const ids = [...networkAttachments.map(({vni}) => vni?.id), ...networkInterfaces.map(({id}) => id)]
  return ids.filter(id => id !== undefined)
}
