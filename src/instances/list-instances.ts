import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import type {TagIndex} from '../cloud/global-search.ts'
import {readAfter} from '../cloud/long-bodies.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {type Account, checkUsable, placeName, type Region, serverKey} from '../cloud/regions.ts'
import {counted, groupBy} from '../counted.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import type {InstanceQuery} from './filters.ts'
import {addressesOf, type FloatingIpIndex, listFloatingIps} from './floating-ips.ts'
import {problemsOfList} from './pages.ts'
import {readRegionInstances} from './read-region-instances.ts'
import {StreamBudget} from './stream-budget.ts'
import {toJsonTags} from './tags.ts'

/** An instance and what the API does not say of it. */
export interface ListedInstance {
  instance: Instance
  region: string
  /** Where more than one account is worked in. */
  account?: Account
  /** Undefined when they were not asked for, or could not be read. */
  floatingIps: string[] | undefined
}

/** What could not be read, and why. The rows of all other regions are there. */
export interface RegionFailure {
  region: Region
  error: VpcmdError
}

/** How a reading of all regions came out, beside what was handed over. */
export interface ReadingOutcome {
  failures: RegionFailure[]
  /** False where no region at all could be read: then there being no rows says nothing. */
  isRead: boolean
  /** The regions, as messages call them, that could not be read, or not to their end: what was handed over of them is not all. */
  unread: Set<string>
  /** The IDs that were handed over and that had gone by the end of the reading, by `serverKey`. */
  gone: Map<string, string>
}

export interface Listing extends Pick<ReadingOutcome, 'failures' | 'isRead'> {
  rows: ListedInstance[]
}

/** So many regions are read at once: those of one account are fewer, and those of hundreds would all be held in memory. */
const regionsAtOnce = 64

/** Takes the instances of a region as they come, those that the query keeps; the listing waits until it resolves. */
export type OnInstances = (instances: Instance[], region: Region) => void | Promise<void>

/**
 * Reads the instances of all regions of `cloud`, side by side, and hands them over page by page, each ID once, and each
 * region's in one call at a time. A region that fails does not hide the others. Throws what asking for the regions
 * throws, and what `onInstances` throws, which ends the reading at once: no further request is sent.
 */
export async function readInstances(
  cloud: Cloud,
  query: InstanceQuery,
  onInstances: OnInstances,
  budget = new StreamBudget({isHeld: false}),
): Promise<ReadingOutcome> {
  const regions = await cloud.regions()
  const stopped = new AbortController()
  const outcome: ReadingOutcome = {failures: [], isRead: false, unread: new Set(), gone: new Map()}
  let regionsDone = 0
  let taken = 0
  const accounts = new Set(regions.flatMap(({account}) => account?.id ?? [])).size
  const where = accounts > 0 ? ` in ${counted(accounts, 'account')}` : ''
  const endShow = cloud.show(() => ({
    verb: `Reading ${counted(regions.length, 'region')}${where}`,
    facts: [`${regionsDone} done`, counted(taken, 'instance')],
  }))
  const limit = pLimit(regionsAtOnce)
  const readRegion = async (region: Region) => {
    const take = async (instances: Instance[]) => {
      stopped.signal.throwIfAborted()
      taken += instances.length
      try {
        await onInstances(instances, region)
      } catch (error) {
        stopped.abort(error)
        throw error
      }
    }
    if (stopped.signal.aborted) return
    try {
      checkUsable(region)
      const name = placeName(region)
      const tags = await tagsFor(query, cloud, region, error => outcome.failures.push({region, error}))
      const reading = {api: cloud.api(region), region: name, query, tags, take, budget, signal: stopped.signal}
      const count = await readRegionInstances(reading)
      outcome.isRead = true
      for (const id of count.gone) outcome.gone.set(serverKey({id, account: region.account?.id}), id)
      for (const error of problemsOfList(`the instances of ${name}`, count)) outcome.failures.push({region, error})
    } catch (error) {
      stopped.signal.throwIfAborted()
      if (!(error instanceof VpcmdError)) {
        stopped.abort(error)
        throw error
      }
      outcome.unread.add(placeName(region))
      outcome.failures.push({region, error})
    } finally {
      regionsDone++
    }
  }
  await Promise.all(regions.map(region => limit(() => readRegion(region)))).finally(endShow)
  return {...outcome, failures: inOrderOf(regions, outcome.failures)}
}

/** The tags that a query asks for. Throws where they decide what is meant; otherwise tells that they can't be read. */
async function tagsFor(
  {needsTags, showsTags}: InstanceQuery,
  cloud: Cloud,
  region: Region,
  failed: (error: VpcmdError) => void,
): Promise<TagIndex | undefined> {
  if (needsTags) return cloud.tags(region)
  if (!showsTags) return undefined
  return cloud.tags(region).catch((error: unknown) => {
    failed(asVpcmdError(error))
    return undefined
  })
}

/**
 * The same, each as `map` makes it, all of them at once: without those that had gone by the end, and without those of a
 * region that was not read to its end.
 */
export async function collectInstances<T>(
  cloud: Cloud,
  query: InstanceQuery,
  map: (instance: Instance, region: Region) => T,
  budget?: StreamBudget,
): Promise<{items: T[]; failures: RegionFailure[]; isRead: boolean}> {
  const all: {id: string; region: Region; item: T}[] = []
  const take: OnInstances = (instances, region) => {
    for (const each of instances) all.push({id: each.id, region, item: map(each, region)})
  }
  const {failures, isRead, unread, gone} = await readInstances(cloud, query, take, budget)
  const kept = all.filter(
    ({id, region}) => !gone.has(serverKey({id, account: region.account?.id})) && !unread.has(placeName(region)),
  )
  return {items: kept.map(({item}) => item), failures, isRead}
}

/** Lists the instances that collectInstances gives, in the order of regions, with their floating IPs when asked for. */
export async function listInstances(cloud: Cloud, query: InstanceQuery, withFloatingIps: boolean): Promise<Listing> {
  const regions = await cloud.regions()
  const addresses = withFloatingIps ? readAddresses(cloud, regions) : undefined
  const budget = new StreamBudget({isHeld: true})
  const toItem = (instance: Instance, region: Region) => ({instance, region})
  const {items, failures, isRead} = await collectInstances(cloud, query, toItem, budget)
  const indexes = await Promise.all(regions.map(region => addresses?.of(region)))
  const itemsIn = groupBy(items, ({region}) => region)
  const rows = regions.flatMap((region, place) =>
    (itemsIn.get(region) ?? []).map(({instance}) => listed(instance, region, indexes[place])),
  )
  return {rows, failures: inOrderOf(regions, [...failures, ...(addresses?.failures ?? [])]), isRead}
}

/**
 * Hands the rows of listInstances over as they come, and returns how the reading ended. With floating IPs,
 * the rows of a region wait for all of its floating IPs. Throws what readInstances throws.
 */
export async function streamInstances(
  cloud: Cloud,
  query: InstanceQuery,
  withFloatingIps: boolean,
  onRows: (rows: ListedInstance[]) => Promise<void>,
): Promise<ReadingOutcome> {
  const regions = await cloud.regions()
  const ended = new AbortController()
  const addresses = withFloatingIps ? readAddresses(cloud, regions, ended.signal) : undefined
  try {
    const outcome = await readInstances(cloud, query, async (instances, region) => {
      const index = await addresses?.of(region)
      const taking = onRows(instances.map(instance => listed(instance, region, index)))
      readAfter(taking)
      await taking
    })
    await Promise.all(regions.map(region => addresses?.of(region)))
    return {...outcome, failures: inOrderOf(regions, [...outcome.failures, ...(addresses?.failures ?? [])])}
  } finally {
    ended.abort()
  }
}

interface Addresses {
  /** Undefined where they can't be read. */
  of(region: Region): Promise<FloatingIpIndex | undefined>
  failures: RegionFailure[]
}

/** Begins to read the floating IPs of all regions that can be asked. */
function readAddresses(cloud: Cloud, regions: Region[], signal?: AbortSignal): Addresses {
  const failures: RegionFailure[] = []
  const reading = new Map(
    regions
      .filter(({problem}) => problem === undefined)
      .map(region => {
        const failed = (error: unknown) => {
          if (!(error instanceof VpcmdError)) throw error
          failures.push({region, error})
          return undefined
        }
        const index = listFloatingIps(cloud.api(region), placeName(region), signal).then(read => {
          if (read.problem) failed(read.problem)
          return read.index
        }, failed)
        // Nobody waits for it where the instances can't be read.
        index.catch(() => undefined)
        return [placeName(region), index]
      }),
  )
  return {of: async region => reading.get(placeName(region)), failures}
}

function inOrderOf(regions: Region[], failures: RegionFailure[]): RegionFailure[] {
  const order = new Map(regions.map((region, index) => [placeName(region), index]))
  return failures.toSorted((a, b) => (order.get(placeName(a.region)) ?? 0) - (order.get(placeName(b.region)) ?? 0))
}

function listed(instance: Instance, region: Region, index: FloatingIpIndex | undefined): ListedInstance {
  return {instance, ...whereIs(region), floatingIps: index && addressesOf(instance, index)}
}

/** Where what is in a region is, as a row tells it. */
export function whereIs({name, account}: Region): Pick<ListedInstance, 'region' | 'account'> {
  return {region: name, ...(account && {account})}
}

/** An instance as `--json` prints it: IBM's own object as the API sent it, with the region and the floating IPs added. */
export function toJsonRow({instance, region, account, floatingIps}: ListedInstance): object {
  const {api, tags} = instance
  const more = {region, ...toJsonAccount(account), floating_ips: floatingIps ?? null}
  return {...api, ...more, ...(tags && toJsonTags(tags))}
}

/** The account of a row in JSON, where more than one is worked in. */
export function toJsonAccount(account: Account | undefined): {account?: string; account_name?: string | null} {
  return account ? {account: account.id, account_name: account.name ?? null} : {}
}
