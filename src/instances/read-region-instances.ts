import type {TagIndex} from '../cloud/global-search.ts'
import {type Instance, withFields} from '../cloud/readers/instance.ts'
import type {Page} from '../cloud/readers/page.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import type {InstanceQuery, ListParams} from './filters.ts'
import {pageSize, pagesOf, type TakenPage, takeEach} from './pages.ts'
import type {StreamBudget} from './stream-budget.ts'
import {vpcPages} from './vpc-pages.ts'

export interface RegionReading {
  api: Pick<VpcApi, 'listInstances' | 'listVpcs'>
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
  const tally: Tally = {seen: new Set(), missing: new Set(), left: new Map()}
  const takePage = handingOver(reading, tally)
  const {first, vpcs, isTaken} = await readFirst(reading, takePage)
  const isWhole = ({total, unidentified}: PlainReading) => (total ?? cameIn(tally)) === cameIn(tally) + unidentified
  const counted = (last: PlainReading): RegionCount => ({
    gone: isWhole(last) ? [...tally.missing].filter(id => !tally.left.has(id)) : [],
    came: cameIn(tally),
    total: last.total,
    unidentified: last.unidentified,
    untold: [...tally.left].filter(([id, isUntold]) => isUntold && !tally.missing.has(id)).length,
  })

  const [isReadByVpc] = await Promise.all([readByVpc(reading, {...first, vpcs}, takePage, tally), isTaken])
  if (isReadByVpc) return counted({total: cameIn(tally), unidentified: 0})
  tally.missing = new Set([...tally.seen].filter(id => !first.ids.has(id)))
  const plain = await readPlainly(reading, takePage, first)
  if (isWhole(plain)) return counted(plain)
  tally.missing = new Set(tally.seen)
  return counted(await readPlainly(reading, takePage))
}

/** What came, by ID: of a fleet of 100,000, each set of them is some MB. */
interface Tally {
  /** In any reading. */
  seen: Set<string>
  /** Of those, what came before and has not come in this reading yet. */
  missing: Set<string>
  /** Of those, what was not handed over, and whether that is because the API did not tell enough of it. */
  left: Map<string, boolean>
}

/** How many came in this reading. */
function cameIn({seen, missing}: Tally): number {
  return seen.size - missing.size
}

/** Reads the first page and begins to hand it over. */
async function readFirst(
  reading: RegionReading,
  takePage: TakePage,
): Promise<{first: TakenPage; vpcs: string[]; isTaken: Promise<void>}> {
  const {result: page} = await reading.api.listInstances({...paramsOf(reading), limit: pageSize})
  reading.budget.expect(page.total ?? 0)
  const {rows, ...rest} = page
  const vpcs = [...new Set(rows.flatMap(({vpc}) => vpc?.id ?? []))]
  return {first: {...rest, ids: new Set(rows.map(({id}) => id))}, vpcs, isTaken: takePage(page)}
}

type TakePage = (page: Page<Instance>) => Promise<void>

/** Hands over what is new on a page and what the query keeps, once at a time. The page is empty then (see `takeOut`). */
function handingOver({query, tags, take}: RegionReading, tally: Tally): TakePage {
  const {seen, left} = tally
  let turn = Promise.resolve()
  return async page => {
    const fresh: Instance[] = []
    for (const row of page.rows.splice(0)) {
      const {id} = row
      tally.missing.delete(id)
      if (seen.has(id) && !left.has(id)) continue
      seen.add(id)
      const instance = tags ? withFields(row, {tags: tags.get(id)}) : row
      const verdict = query.keep(instance)
      if (!verdict) {
        left.set(id, verdict === undefined)
        continue
      }
      left.delete(id)
      fresh.push(instance)
    }
    if (fresh.length === 0) return
    turn = turn.then(() => take(fresh))
    await turn
  }
}

interface PlainReading {
  total: number | undefined
  unidentified: number
}

/** Page by page, from the beginning or after a page that was read already. */
async function readPlainly(reading: RegionReading, takePage: TakePage, known?: TakenPage): Promise<PlainReading> {
  let {total, unidentified = 0} = known ?? {}
  const take = (page: Page<Instance>) => {
    total = page.total
    unidentified += page.unidentified
    return takePage(page)
  }
  await takeEach(instancePages(reading, {}, known), take, {isAhead: true})
  return {total, unidentified}
}

/**
 * Reads all instances by VPC, at first of those of the first page. Resolves to false where they are not to be read in that
 * way, or the count is off.
 */
async function readByVpc(
  reading: RegionReading,
  first: TakenPage & {vpcs: string[]},
  takePage: TakePage,
  tally: Tally,
): Promise<boolean> {
  if (first.total === undefined || first.unidentified > 0) return false
  const pages = Math.ceil(first.total / pageSize)
  const {vpcId, vpcCrn, vpcName} = reading.query.params
  if (pages <= fewPages || (vpcId ?? vpcCrn ?? vpcName) !== undefined) return false

  tally.missing = new Set(first.ids)
  // Ended where the API gives instances of other VPCs than it was asked for, or does not list the VPCs: once the list is to
  // be read page by page, what still comes by VPC is none of that reading.
  const ended = new AbortController()
  const signal = AbortSignal.any([reading.signal, ended.signal])
  const takeOf = (vpc: string) => (page: Page<Instance>) => {
    if (page.unidentified > 0 || page.rows.some(instance => instance.vpc?.id !== vpc)) ended.abort()
    signal.throwIfAborted()
    return takePage(page)
  }
  const readVpc = (id: string) =>
    reading.budget.run(async () => {
      try {
        await takeEach(instancePages({...reading, signal}, {vpcId: id}), takeOf(id))
      } catch (error) {
        // A VPC that was deleted meanwhile has no instances. Whether that is so, the count will tell.
        if (!(error instanceof VpcmdError) || error.status !== 404) throw error
      }
    })
  // There may be others, too. Those of the first page are read while the region's are listed.
  const known = first.vpcs.length > 1 ? first.vpcs : []
  const readListed = async () => {
    const listed = await vpcIds({...reading, signal}, pages * vpcsPerPage)
    if (listed === undefined || listed.length < 2) ended.abort()
    signal.throwIfAborted()
    const others = listed?.filter(id => !known.includes(id)) ?? []
    await Promise.all(others.map(readVpc))
  }
  try {
    await Promise.all([readListed(), ...known.map(readVpc)])
  } catch (error) {
    // Then the whole list is read, page by page.
    if (ended.signal.aborted) return false
    throw error
  }
  if (tally.seen.size !== first.total) {
    // Instances came or went since the first page: the VPCs' pages alone are newer, and may add up to what there is now.
    const {result: now} = await reading.api.listInstances({...paramsOf(reading), limit: 1})
    if (cameIn(tally) === now.total) return true
    if (tally.seen.size !== now.total) return false
  }
  tally.missing.clear()
  return true
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

function instancePages(reading: RegionReading, more: ListParams, known?: TakenPage): AsyncGenerator<Page<Instance>> {
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
