import type {ListInstancesParams, VpcSdk} from '../cloud/vpc-sdk.ts'
import type {Instance, InstanceCollection} from '../cloud/wire.ts'
import {VpcmdError} from '../errors.ts'
import type {InstanceQuery} from './filters.ts'
import {fetchedAhead, pageSize, pagesOf, takeEach} from './pages.ts'
import type {StreamBudget} from './stream-budget.ts'

export interface RegionReading {
  api: VpcSdk
  query: InstanceQuery
  /** Takes what was found, each ID once and never none; the reading goes on when it resolves. Called once at a time. */
  take(instances: Instance[]): Promise<void>
  /** Shared by all regions. */
  budget: StreamBudget
  /** Ends the reading: no further request is sent, and those under way are given up. */
  signal: AbortSignal
}

export interface RegionCount {
  /** IDs that were handed over and that the last reading, which was complete, did not find again. */
  gone: string[]
  /** What came and what the API counts, where these differ even in the last reading. */
  mismatch?: {found: number; total: number}
}

/** A listing of fewer pages is read page by page: to ask for the VPCs first would win nothing. */
const fewPages = 5

/** A VPC may hold no instance, so a region with that many more VPCs than pages is asked less often page by page. */
const vpcsPerPage = 4

/**
 * Reads all instances of a region that the query asks for and counts them against `total_count`. Where there are many
 * pages, each VPC's are read at the same time; a count that is off is read page by page, and if that is off as well,
 * as instances come and go meanwhile, once more. Throws what the API's calls throw, and what `take` throws.
 */
export async function readRegion(reading: RegionReading): Promise<RegionCount> {
  const ended = new AbortController()
  try {
    return await readCounted({...reading, signal: AbortSignal.any([reading.signal, ended.signal])})
  } finally {
    // Where one VPC could not be read, the others are not read in vain.
    ended.abort()
  }
}

async function readCounted(reading: RegionReading): Promise<RegionCount> {
  const {handed, takePage} = handingOver(reading)
  const first = await reading.api.listInstances({...paramsOf(reading), limit: pageSize})
  reading.budget.expect(first.result.total_count)
  const firstIds = new Set(first.result.instances.map(({id}) => id))
  const goneSince = (found: Set<string>) => [...handed].filter(id => !found.has(id))

  const [isAllRead] = await Promise.all([
    readByVpc(reading, first.result, firstIds, takePage),
    takePage(first.result, firstIds),
  ])
  if (isAllRead) return {gone: goneSince(isAllRead)}

  const plain = await readPlainly(reading, takePage, {page: first.result, ids: firstIds})
  const last = plain.found.size === plain.total ? plain : await readPlainly(reading, takePage)
  if (last.found.size === last.total) return {gone: goneSince(last.found)}
  return {gone: [], mismatch: {found: last.found.size, total: last.total}}
}

type TakePage = (page: InstanceCollection, found: Set<string>) => Promise<void>

/** Hands over what is new on a page and what the query keeps, once at a time, and adds all of its IDs to `found`. */
function handingOver({query, take}: RegionReading): {handed: Set<string>; takePage: TakePage} {
  const handed = new Set<string>()
  let turn = Promise.resolve()
  const takePage: TakePage = async (page, found) => {
    const fresh: Instance[] = []
    for (const instance of page.instances) {
      found.add(instance.id)
      if (handed.has(instance.id) || !query.keep(instance)) continue
      handed.add(instance.id)
      fresh.push(instance)
    }
    if (fresh.length === 0) return
    turn = turn.then(() => take(fresh))
    await turn
  }
  return {handed, takePage}
}

interface PlainReading {
  found: Set<string>
  total: number
}

/** Page by page, from the beginning or after a page that was read already. */
async function readPlainly(
  reading: RegionReading,
  takePage: TakePage,
  known?: {page: InstanceCollection; ids: Set<string>},
): Promise<PlainReading> {
  const found = new Set(known?.ids)
  let total = known?.page.total_count ?? 0
  for await (const page of fetchedAhead(instancePages(reading, {}, known?.page))) {
    total = page.total_count
    await takePage(page, found)
  }
  return {found, total}
}

/** The IDs of all instances, read by VPC; undefined where they are not to be read in that way or the count is off. */
async function readByVpc(
  reading: RegionReading,
  first: InstanceCollection,
  firstIds: Set<string>,
  takePage: TakePage,
): Promise<Set<string> | undefined> {
  const pages = Math.ceil(first.total_count / pageSize)
  const {vpcId, vpcCrn, vpcName} = reading.query.params
  if (pages <= fewPages || (vpcId ?? vpcCrn ?? vpcName) !== undefined) return undefined
  const vpcs = await vpcIds(reading, pages * vpcsPerPage)
  if (vpcs === undefined || vpcs.length < 2) return undefined

  const found = new Set<string>()
  await Promise.all(
    vpcs.map(id =>
      reading.budget.run(async () => {
        try {
          await takeEach(instancePages(reading, {vpcId: id}), page => takePage(page, found))
        } catch (error) {
          // A VPC that was deleted meanwhile has no instances. Whether that is so, the count will tell.
          if (!(error instanceof VpcmdError) || error.status !== 404) throw error
        }
      }),
    ),
  )
  const all = new Set([...firstIds, ...found])
  if (all.size === first.total_count) return all
  // Instances came or went since the first page: the VPCs' pages alone are newer, and may add up to what there is now.
  const {result: now} = await reading.api.listInstances({...paramsOf(reading), limit: 1})
  return [found, all].find(ids => ids.size === now.total_count)
}

/** The region's VPCs; undefined where the caller may not list them, or there are more than `most`. */
async function vpcIds({api, signal}: RegionReading, most: number): Promise<string[] | undefined> {
  const ids = new Set<string>()
  try {
    for await (const page of pagesOf(async start => (await api.listVpcs({start, limit: pageSize, signal})).result)) {
      if (page.total_count > most) return undefined
      for (const {id} of page.vpcs) ids.add(id)
    }
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    return undefined
  }
  return [...ids]
}

function instancePages(
  reading: RegionReading,
  more: ListInstancesParams,
  known?: InstanceCollection,
): AsyncGenerator<InstanceCollection> {
  const params = {...paramsOf(reading), ...more, limit: pageSize}
  return pagesOf(async start => {
    reading.signal.throwIfAborted()
    return (await reading.api.listInstances({...params, start})).result
  }, known)
}

function paramsOf({query, signal}: RegionReading): ListInstancesParams {
  return {...query.params, signal}
}
