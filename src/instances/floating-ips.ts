import type {Instance} from '../cloud/readers/instance.ts'
import type {Page} from '../cloud/readers/page.ts'
import type {FloatingIp} from '../cloud/readers/resources.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import type {VpcmdError} from '../errors.ts'
import {pagesOf, problemsOfList} from './pages.ts'

/** The floating IPs of a region, or of some of its interfaces. */
export interface FloatingIpIndex {
  /**
   * The addresses bound to a virtual network interface or a network interface, by its ID; undefined where they are unknown.
   * An empty list means that all floating IPs could be read.
   */
  of(targetId: string): string[] | undefined
}

/** What there is where nothing could be read. */
export const noFloatingIps: FloatingIpIndex = {of: () => undefined}

/**
 * All floating IPs of a region, by target, over all pages, until the signal comes, and how many of them have no ID.
 * Throws what the API's calls throw.
 */
export async function listFloatingIps(
  api: VpcApi,
  region: string,
  signal?: AbortSignal,
): Promise<{index: FloatingIpIndex; problem?: VpcmdError}> {
  const reading = new FloatingIps()
  const pages = pagesOf(`the floating IPs of ${region}`, paging => api.listFloatingIps({...paging, signal}))
  for await (const page of pages) reading.add(page)
  const [problem] = problemsOfList(`the floating IPs of ${region}`, {came: 0, unidentified: reading.unidentified})
  return {index: reading, problem}
}

/** The floating IPs of one instance alone, asked by target. Throws what the API's calls throw. */
export async function floatingIpsFor(api: VpcApi, instance: Instance): Promise<FloatingIpIndex> {
  const reading = new FloatingIps()
  await Promise.all(
    (instance.interfaceIds ?? []).map(async targetId => {
      const pages = pagesOf('the floating IPs', paging => api.listFloatingIps({...paging, targetId}))
      for await (const page of pages) reading.add(page)
    }),
  )
  return reading
}

class FloatingIps implements FloatingIpIndex {
  unidentified = 0
  readonly #addresses = new Map<string, string[]>()
  readonly #untold = new Set<string>()

  add({rows, unidentified}: Page<FloatingIp>): void {
    this.unidentified += unidentified
    for (const {address, targetId} of rows) {
      if (targetId === undefined) continue
      const known = this.#addresses.get(targetId) ?? []
      if (address === undefined) this.#untold.add(targetId)
      else if (!known.includes(address)) this.#addresses.set(targetId, [...known, address])
    }
  }

  of(targetId: string): string[] | undefined {
    const known = this.#addresses.get(targetId)
    if (known) return known
    return this.unidentified > 0 || this.#untold.has(targetId) ? undefined : []
  }
}

/**
 * The addresses of an instance, as far as they are known; undefined where none is, and it may have some. An instance does not
 * name its floating IPs: they are joined by the ID of the virtual network interface of an attachment, or of a legacy network
 * interface (contract: GET /floating_ips, `target.id`).
 */
export function addressesOf(instance: Instance, index: FloatingIpIndex): string[] | undefined {
  const found = instance.interfaceIds?.map(id => index.of(id))
  const known = [...new Set(found?.flatMap(each => each ?? []))]
  return known.length > 0 || found?.every(each => each !== undefined) ? known : undefined
}
