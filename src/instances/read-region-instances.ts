import type {TagIndex} from '../cloud/global-search.ts'
import {type Instance, withFields} from '../cloud/readers/instance.ts'
import type {Page} from '../cloud/readers/page.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import type {InstanceQuery, ListParams} from './filters.ts'
import {fetchedAhead, pageSize, pagesOf, takeEach} from './pages.ts'
import type {StreamBudget} from './stream-budget.ts'
import {vpcPages} from './vpc-pages.ts'

export interface RegionReading {
  api: VpcApi
  /** The region's name. */
  region: string
  query: InstanceQuery
  /** What each instance is given of tags; undefined where nobody asks for them, or they are unknown. */
  tags?: TagIndex | undefined
  /** Takes what was found, each ID once and never none; the reading goes on when it resolves. Called once at a time. */
  take(instances: Instance[]): Promise<void>
  /** Shared by all regions. */
  budget: StreamBudget
  /** Ends the reading: no further request is sent, and those under way are given up. */
  signal: AbortSignal
}

export interface RegionCount {
  /** IDs that were handed over and that the last reading, where it was complete, did not find again. */
  gone: string[]
  /** How many instances came in the last reading, and how many the API counts. */
  came: number
  total?: number
  /** How many rows could not be identified. */
  unidentified: number
  /** How many instances were left out, as the API did not report what a filter asks for. */
  untold: number
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
export async function readRegionInstances(reading: RegionReading): Promise<RegionCount> {
  const ended = new AbortController()
  try {
    return await readCounted({...reading, signal: AbortSignal.any([reading.signal, ended.signal])})
  } finally {
    // Where one VPC could not be read, the others are not read in vain.
    ended.abort()
  }
}

async function readCounted(reading: RegionReading): Promise<RegionCount> {
  const {handed, untold, takePage} = handingOver(reading)
  const {result: first} = await reading.api.listInstances({...paramsOf(reading), limit: pageSize})
  reading.budget.expect(first.total ?? 0)
  const firstIds = new Set(first.rows.map(({id}) => id))
  const isWhole = ({found, total, unidentified}: PlainReading) => (total ?? found.size) === found.size + unidentified
  const counted = (last: PlainReading): RegionCount => ({
    gone: isWhole(last) ? [...handed].filter(id => !last.found.has(id)) : [],
    came: last.found.size,
    total: last.total,
    unidentified: last.unidentified,
    untold: [...untold].filter(id => last.found.has(id)).length,
  })

  const [byVpc] = await Promise.all([readByVpc(reading, first, firstIds, takePage), takePage(first, firstIds)])
  if (byVpc) return counted({found: byVpc, total: byVpc.size, unidentified: 0})
  const plain = await readPlainly(reading, takePage, {page: first, ids: firstIds})
  return counted(isWhole(plain) ? plain : await readPlainly(reading, takePage))
}

type TakePage = (page: Page<Instance>, found: Set<string>) => Promise<void>

/**
 * Hands over what is new on a page and what the query keeps, once at a time, and adds all of its IDs to `found`; those that
 * the API did not tell enough of to keep them go to `untold`.
 */
function handingOver({query, tags, take}: RegionReading): {
  handed: Set<string>
  untold: Set<string>
  takePage: TakePage
} {
  const handed = new Set<string>()
  const untold = new Set<string>()
  let turn = Promise.resolve()
  const takePage: TakePage = async (page, found) => {
    const fresh: Instance[] = []
    for (const row of page.rows) {
      found.add(row.id)
      if (handed.has(row.id)) continue
      const instance = tags ? withFields(row, {tags: tags.get(row.id)}) : row
      const verdict = query.keep(instance)
      if (verdict === undefined) untold.add(instance.id)
      if (!verdict) continue
      handed.add(instance.id)
      fresh.push(instance)
    }
    if (fresh.length === 0) return
    turn = turn.then(() => take(fresh))
    await turn
  }
  return {handed, untold, takePage}
}

interface PlainReading {
  found: Set<string>
  total: number | undefined
  unidentified: number
}

/** Page by page, from the beginning or after a page that was read already. */
async function readPlainly(
  reading: RegionReading,
  takePage: TakePage,
  known?: {page: Page<Instance>; ids: Set<string>},
): Promise<PlainReading> {
  const found = new Set(known?.ids)
  let total = known?.page.total
  let unidentified = known?.page.unidentified ?? 0
  for await (const page of fetchedAhead(instancePages(reading, {}, known?.page))) {
    total = page.total
    unidentified += page.unidentified
    await takePage(page, found)
  }
  return {found, total, unidentified}
}

/** Thrown where the API gives instances of other VPCs than it was asked for. */
class FilterIgnored extends Error {}

/** The IDs of all instances, read by VPC; undefined where they are not to be read in that way or the count is off. */
async function readByVpc(
  reading: RegionReading,
  first: Page<Instance>,
  firstIds: Set<string>,
  takePage: TakePage,
): Promise<Set<string> | undefined> {
  if (first.total === undefined || first.unidentified > 0) return undefined
  const pages = Math.ceil(first.total / pageSize)
  const {vpcId, vpcCrn, vpcName} = reading.query.params
  if (pages <= fewPages || (vpcId ?? vpcCrn ?? vpcName) !== undefined) return undefined
  const vpcs = await vpcIds(reading, pages * vpcsPerPage)
  if (vpcs === undefined || vpcs.length < 2) return undefined

  const found = new Set<string>()
  const takeOf = (vpc: string) => (page: Page<Instance>) => {
    if (page.rows.some(instance => instance.vpc?.id !== vpc) || page.unidentified > 0) throw new FilterIgnored()
    return takePage(page, found)
  }
  const readAll = Promise.all(
    vpcs.map(id =>
      reading.budget.run(async () => {
        try {
          await takeEach(instancePages(reading, {vpcId: id}), takeOf(id))
        } catch (error) {
          // A VPC that was deleted meanwhile has no instances. Whether that is so, the count will tell.
          if (!(error instanceof VpcmdError) || error.status !== 404) throw error
        }
      }),
    ),
  )
  try {
    await readAll
  } catch (error) {
    // Then the whole list is read, page by page.
    if (error instanceof FilterIgnored) return undefined
    throw error
  }
  const all = new Set([...firstIds, ...found])
  if (all.size === first.total) return all
  // Instances came or went since the first page: the VPCs' pages alone are newer, and may add up to what there is now.
  const {result: now} = await reading.api.listInstances({...paramsOf(reading), limit: 1})
  return [found, all].find(ids => ids.size === now.total)
}

/** The region's VPCs; undefined where the caller may not list them, or there are more than `most`. */
async function vpcIds({api, region, signal}: RegionReading, most: number): Promise<string[] | undefined> {
  const ids = new Set<string>()
  try {
    for await (const page of vpcPages(api, region, signal)) {
      if ((page.total ?? 0) > most) return undefined
      for (const {id} of page.rows) ids.add(id)
    }
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    return undefined
  }
  return [...ids]
}

function instancePages(
  reading: RegionReading,
  more: ListParams,
  known?: Page<Instance>,
): AsyncGenerator<Page<Instance>> {
  const params = {...paramsOf(reading), ...more}
  return pagesOf(
    `the instances of ${reading.region}`,
    async paging => {
      reading.signal.throwIfAborted()
      return reading.api.listInstances({...params, ...paging})
    },
    known,
  )
}

function paramsOf({query, signal}: RegionReading): ListParams & {signal: AbortSignal} {
  return {...query.params, signal}
}
