import type {Cloud} from '../cloud/cloud.ts'
import {type Region, unavailable} from '../cloud/regions.ts'
import type {VpcSdk} from '../cloud/vpc-sdk.ts'
import type {Instance} from '../cloud/wire.ts'
import {VpcmdError} from '../errors.ts'
import type {InstanceQuery} from './filters.ts'
import {addressesOf, type FloatingIpIndex, listFloatingIps} from './floating-ips.ts'
import {pageSize, pagesOf} from './pages.ts'

/** An instance and what the API does not say of it. */
export interface ListedInstance {
  instance: Instance
  region: string
  /** Undefined when they were not asked for, or could not be read. */
  floatingIps: string[] | undefined
}

/** What could not be read, and why. The rows of all other regions are there. */
export interface RegionFailure {
  region: string
  error: VpcmdError
}

export interface Listing {
  rows: ListedInstance[]
  failures: RegionFailure[]
  /** False where no region at all could be read: then there being no rows says nothing. */
  isRead: boolean
}

/**
 * Lists the instances of all regions of `cloud`, side by side, with their floating IPs when asked for, in the order of
 * regions. A region that fails does not hide the others. Throws what asking for the regions throws.
 */
export async function listInstances(cloud: Cloud, query: InstanceQuery, withFloatingIps: boolean): Promise<Listing> {
  const regions = await cloud.regions()
  const listings = await Promise.all(regions.map(region => listRegion(cloud, region, query, withFloatingIps)))
  return {
    rows: listings.flatMap(({rows}) => rows),
    failures: listings.flatMap(({failures}) => failures),
    isRead: listings.some(({isRead}) => isRead),
  }
}

/** Takes the instances of a region as they come, those that the query keeps; the listing waits until it resolves. */
export type OnInstances = (instances: Instance[], region: Region) => void | Promise<void>

/**
 * Reads the instances of all regions of `cloud`, side by side, and hands them over piece by piece, each ID once: for
 * whoever need not hold them all. What can't be read is told as in listInstances.
 */
export async function readInstances(
  cloud: Cloud,
  query: InstanceQuery,
  onInstances: OnInstances,
): Promise<Omit<Listing, 'rows'>> {
  const regions = await cloud.regions()
  const listings = await Promise.all(
    regions.map(async region => {
      const {rows, ...rest} = await listRegion(cloud, region, query, false)
      await onInstances(
        rows.map(({instance}) => instance),
        region,
      )
      return rest
    }),
  )
  return {failures: listings.flatMap(({failures}) => failures), isRead: listings.some(({isRead}) => isRead)}
}

async function listRegion(
  cloud: Cloud,
  region: Region,
  query: InstanceQuery,
  withFloatingIps: boolean,
): Promise<Listing> {
  const failures: RegionFailure[] = []
  const failed = (error: unknown) => {
    if (!(error instanceof VpcmdError)) throw error
    failures.push({region: region.name, error})
    return undefined
  }
  if (!region.isAvailable) failed(unavailable(region))
  if (!region.isAvailable) return {rows: [], failures, isRead: false}
  const api = cloud.api(region)
  const [instances, index] = await Promise.all([
    listAll(api, region, query, failed).catch(failed),
    withFloatingIps ? listFloatingIps(api).catch(failed) : undefined,
  ])
  return {
    rows: (instances ?? []).map(instance => listed(instance, region, index)),
    failures,
    isRead: instances !== undefined,
  }
}

function listed(instance: Instance, region: Region, index: FloatingIpIndex | undefined): ListedInstance {
  return {instance, region: region.name, floatingIps: index && addressesOf(instance, index)}
}

/**
 * All pages of a region's instances, each ID once, counted against `total_count`. Instances come and go while pages are
 * read, so a count that is off is read once more; if it is off again, that is reported beside the rows.
 */
async function listAll(
  api: VpcSdk,
  region: Region,
  query: InstanceQuery,
  report: (error: VpcmdError) => void,
): Promise<Instance[]> {
  const first = await readOnce(api, query)
  const read = first.found.size === first.total ? first : await readOnce(api, query)
  if (read.found.size !== read.total) {
    report(
      new VpcmdError({
        code: 'incomplete_listing',
        message: `The list of ${region.name} may be incomplete: ${read.found.size} instances came, and the API counts ${read.total}.`,
        hint: 'Run the command again: instances may have come or gone meanwhile.',
      }),
    )
  }
  return [...read.found.values()].filter(query.keep)
}

async function readOnce(api: VpcSdk, query: InstanceQuery): Promise<{found: Map<string, Instance>; total: number}> {
  const found = new Map<string, Instance>()
  let total = 0
  for await (const page of pagesOf(
    async start => (await api.listInstances({...query.params, start, limit: pageSize})).result,
  )) {
    for (const instance of page.instances) found.set(instance.id, instance)
    total = page.total_count
  }
  return {found, total}
}

/** An instance as `--json` prints it: IBM's own object as the API sent it, with the region and the floating IPs added. */
export function toJsonRow({instance, region, floatingIps}: ListedInstance): object {
  return {...instance, region, floating_ips: floatingIps ?? null}
}
