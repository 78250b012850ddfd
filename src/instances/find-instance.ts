import {distance} from 'fastest-levenshtein'
import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer} from '../cloud/readers/resources.ts'
import {checkUsable, type Region} from '../cloud/regions.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {toQuery} from './filters.ts'
import {listInstances, type RegionFailure, readInstances} from './list-instances.ts'
import {pageSize} from './pages.ts'
import {type InstanceRef, isResourceId, parseInstanceRef} from './references.ts'

/** An instance and where it was found. */
export interface FoundInstance {
  instance: Instance
  region: Region
  /** Where the API gave one: it does for an instance that was asked for by its ID. */
  etag?: string
}

/** An instance that was looked for: found, or why not. */
export type Search = (FoundInstance & {asked: string}) | {asked: string; error: VpcmdError}

/** How many instances are looked for at the same time; each may ask every region. */
const searchesAtOnce = 8

/** From so many on, instances are looked for in the whole list, which takes fewer requests than to ask for each. */
const manyInstances = 26

/**
 * Finds what each of `asked` names, side by side, in the order asked. What can't be found is an error in its place; an
 * instance that is asked for twice is there once. Throws a usage error, before anything is asked, when one of them can't
 * be the name of an instance.
 */
export async function findInstances(cloud: Cloud, asked: string[]): Promise<Search[]> {
  const refs = new Map(asked.map(text => [text, parseInstanceRef(text)]))
  const searches = refs.size < manyInstances ? await findEach(cloud, [...refs.keys()]) : await findInList(cloud, refs)
  const seen = new Set<string>()
  return searches.filter(search => 'error' in search || (!seen.has(search.instance.id) && seen.add(search.instance.id)))
}

function findEach(cloud: Cloud, asked: string[]): Promise<Search[]> {
  const limit = pLimit(searchesAtOnce)
  return Promise.all(
    asked.map(text =>
      limit(async () => {
        try {
          return {asked: text, ...(await findInstance(cloud, text))}
        } catch (error) {
          if (error instanceof VpcmdError) return {asked: text, error}
          throw error
        }
      }),
    ),
  )
}

/** Reads the list of each region that can hold one of them, and keeps what is asked for. */
async function findInList(cloud: Cloud, refs: Map<string, InstanceRef>): Promise<Search[]> {
  const all = [...refs.values()]
  const named = [...new Set(all.flatMap(ref => (ref.kind === 'crn' ? [ref.region] : [])))]
  const everywhere = all.some(ref => ref.kind !== 'crn')
  // A CRN says where its instance is; IDs and names are looked for in the regions asked for, and in no other.
  const asked = new Map((everywhere ? await cloud.regions() : []).map(region => [region.name, region]))
  const regions = new Map(asked)
  const strangers = new Map<string, VpcmdError>()
  await Promise.all(
    named.map(async name => {
      try {
        regions.set(name, await cloud.region(name))
      } catch (error) {
        if (!(error instanceof VpcmdError)) throw error
        strangers.set(name, error)
      }
    }),
  )

  const found = new Map<string, FoundInstance[]>()
  const wanted = new Set(all.map(ref => (ref.kind === 'name' ? ref.name : ref.id)))
  const keysOf = ({id, name}: Instance) => [id, ...(name === undefined ? [] : [name])]
  const keep = (instance: Instance) => keysOf(instance).some(key => wanted.has(key))
  const within: Cloud = {...cloud, regions: async () => [...regions.values()]}
  const {failures} = await readInstances(within, {params: {}, keep}, (instances, region) => {
    for (const instance of instances) {
      for (const key of keysOf(instance)) {
        if (wanted.has(key)) found.set(key, [...(found.get(key) ?? []), {instance, region}])
      }
    }
  })
  return Promise.all(
    [...refs].map(async ([text, ref]): Promise<Search> => {
      const isThere = (name: string) => (ref.kind === 'crn' ? name === ref.region : asked.has(name))
      const stranger = ref.kind === 'crn' ? strangers.get(ref.region) : undefined
      if (stranger) return {asked: text, error: stranger}
      const matches = found.get(ref.kind === 'name' ? ref.name : ref.id) ?? []
      const inRegion = matches.filter(({region}) => isThere(region.name))
      const [only, other] = inRegion
      if (other) return {asked: text, error: ambiguous(text, inRegion)}
      // A region that could not be read may hold it, or another one of that name.
      const failed = failures.find(({region}) => isThere(region))
      if (failed && (!only || ref.kind === 'name')) return {asked: text, error: failed.error}
      if (only) return {asked: text, ...only}
      const searched = [...regions.values()].filter(({name}) => isThere(name))
      return {asked: text, error: await missing(cloud, ref, searched)}
    }),
  )
}

/** All instances, to pick from, in the order of their names, and the regions that could not be read. */
export async function instanceChoices(
  cloud: Cloud,
): Promise<{found: FoundInstance[]; failures: RegionFailure[]; isRead: boolean}> {
  const [regions, {rows, failures, isRead}] = await Promise.all([
    cloud.regions(),
    listInstances(cloud, toQuery({}), false),
  ])
  const byName = new Map(regions.map(region => [region.name, region]))
  const found = rows.flatMap(({instance, region: name}) => {
    const region = byName.get(name)
    return region ? [{instance, region}] : []
  })
  const nameOf = ({instance}: FoundInstance) => instance.name ?? instance.id
  found.sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', {numeric: true}))
  return {found, failures, isRead}
}

/**
 * Finds the one instance that `text` names, by ID, name or CRN, in all regions of `cloud` side by side. Throws
 * VpcmdError: usage (exit 2) for what names no instance, exit 4 for none or more than one, and the region's own error
 * when a region that could not be read leaves the answer open.
 */
export async function findInstance(cloud: Cloud, text: string): Promise<FoundInstance> {
  const ref = parseInstanceRef(text)
  if (ref.kind === 'name') return findByName(cloud, ref)
  if (ref.kind === 'id') return findById(cloud, ref, await cloud.regions())
  return findById(cloud, ref, [await cloud.region(ref.region)])
}

type RefById = Exclude<InstanceRef, {kind: 'name'}>

async function findById(cloud: Cloud, ref: RefById, regions: Region[]): Promise<FoundInstance> {
  const {id} = ref
  const found = new AbortController()
  const searches = regions.map(async region => {
    checkUsable(region)
    const {result, etag} = await cloud.api(region).getInstance({id, signal: found.signal})
    return {region, instance: result, ...(etag !== undefined && {etag})}
  })
  try {
    // An ID is in one region only: the first hit is the answer, whatever the other regions are still doing.
    return await Promise.any(searches)
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error]
    throw errors.find(each => !isNotFound(each)) ?? (await missing(cloud, ref, regions))
  } finally {
    found.abort()
  }
}

async function findByName(cloud: Cloud, ref: Extract<InstanceRef, {kind: 'name'}>): Promise<FoundInstance> {
  const {name} = ref
  const regions = await cloud.regions()
  const searches = await Promise.allSettled(
    regions.map(async region => {
      checkUsable(region)
      const {result} = await cloud.api(region).listInstances({name, limit: pageSize})
      // An API that ignores the name must not pass its first row off as the one that was meant.
      const named = result.rows.filter(instance => instance.name === name)
      checkWhole(result, region)
      return named.map(instance => ({region, instance}))
    }),
  )
  const found = searches.flatMap(search => (search.status === 'fulfilled' ? search.value : []))
  if (found.length > 1) throw ambiguous(name, found)
  const failed = searches.find(search => search.status === 'rejected')
  // A region that could not be asked may hold another one of that name: to go on would be to guess.
  if (failed) throw failed.reason
  const [only] = found
  if (!only) throw await missing(cloud, ref, regions)
  return only
}

/** Throws VpcmdError where a list by name has rows of other names or without one, and does not end there. */
function checkWhole(
  {rows, unidentified, next}: {rows: Instance[]; unidentified: number; next?: string},
  {name}: Region,
): void {
  const isOpen = unidentified > 0 || rows.some(instance => instance.name === undefined) || next !== undefined
  if (!isOpen) return
  throw new VpcmdError({
    code: 'incomplete_listing',
    message: `Which instance in ${name} has that name can't be told: the API gave rows without an ID or a name, or others than it was asked for.`,
    hint: 'Pass the ID.',
  })
}

function isNotFound(error: unknown): boolean {
  return error instanceof VpcmdError && error.exitCode === exitCodes.notFound
}

function ambiguous(name: string, found: FoundInstance[]): VpcmdError {
  const candidates = found.map(
    ({region, instance}) => `${instance.id} in ${region.name} (VPC ${instance.vpc?.name ?? 'unknown'})`,
  )
  return new VpcmdError({
    code: 'ambiguous_name',
    message: `The name ${name} stands for ${found.length} instances: ${candidates.join('; ')}.`,
    hint: 'Pass the ID, or narrow it with --region.',
    exitCode: exitCodes.notFound,
  })
}

/** Why there is no instance: it is of another account, it is a bare metal server, or there is none. */
async function missing(cloud: Cloud, ref: InstanceRef, regions: Region[]): Promise<VpcmdError> {
  const account = ref.kind === 'crn' ? await otherAccount(cloud, ref.account) : undefined
  if (ref.kind === 'crn' && account !== undefined) {
    return usageError(
      `The CRN is of an instance of account ${ref.account}, and these credentials are of account ${account}.`,
      'Use an API key of that account.',
    )
  }
  const server = await bareMetalServer(cloud, ref, regions)
  if (server) return isBareMetal(server)
  const near = ref.kind === 'name' ? await nearestNames(cloud, regions, ref.name) : []
  const what = ref.kind === 'name' ? `the name ${ref.name}` : `the ID ${ref.id}`
  const where = regions.length === 1 ? `in ${regions[0]?.name}` : `in any of ${regions.length} regions`
  return new VpcmdError({
    code: 'instance_not_found',
    message: `There is no instance with ${what} ${where}.`,
    hint: near.length > 0 ? `The nearest: ${near.join(', ')}.` : 'See what there is: vpcmd instances list',
    exitCode: exitCodes.notFound,
  })
}

/** The account of the credentials, where it is told and is another one than `account`. */
async function otherAccount(cloud: Cloud, account: string): Promise<string | undefined> {
  try {
    const own = (await cloud.caller()).account
    return account !== '' && own !== account ? own : undefined
  } catch (error) {
    if (error instanceof VpcmdError) return undefined
    throw error
  }
}

async function bareMetalServer(
  cloud: Cloud,
  ref: InstanceRef,
  regions: Region[],
): Promise<{server: BareMetalServer; region: Region} | undefined> {
  const searches = await Promise.allSettled(
    regions
      .filter(({problem}) => problem === undefined)
      .map(async region => {
        const api = cloud.api(region)
        // Their IDs have a hyphen where those of instances have an underscore, and look like names.
        const id = ref.kind !== 'name' ? ref.id : isResourceId(ref.name) ? ref.name : undefined
        if (id !== undefined) return {region, server: (await api.getBareMetalServer({id})).result}
        if (ref.kind !== 'name') return {region, server: undefined}
        const {rows} = (await api.listBareMetalServers({name: ref.name, limit: pageSize})).result
        return {region, server: rows.find(({name}) => name === ref.name)}
      }),
  )
  for (const search of searches) {
    // Who may not see bare metal servers does not hear of them.
    if (search.status === 'rejected' && !(search.reason instanceof VpcmdError)) throw search.reason
    if (search.status === 'fulfilled' && search.value.server) {
      return {region: search.value.region, server: search.value.server}
    }
  }
  return undefined
}

function isBareMetal({server, region}: {server: BareMetalServer; region: Region}): VpcmdError {
  const name = server.name ? `${server.name} (${server.id})` : server.id
  return new VpcmdError({
    code: 'bare_metal_server',
    message: `${name} in ${region.name} is a bare metal server, not an instance.`,
    hint: 'An audit shows its metadata service and writes the plan that changes it: vpcmd metadata audit --kind bare_metal_server --policy FILE --fix-plan plan.json, then vpcmd metadata apply plan.json',
    exitCode: exitCodes.notFound,
  })
}

/** Up to three names that resemble `name`, among the first page of each region: a whole fleet is not read for a hint. */
async function nearestNames(cloud: Cloud, regions: Region[], name: string): Promise<string[]> {
  const usable = regions.filter(({problem}) => problem === undefined)
  const pages = await Promise.allSettled(usable.map(region => cloud.api(region).listInstances({limit: pageSize})))
  const names = new Set<string>()
  for (const page of pages) {
    if (page.status !== 'fulfilled') continue
    for (const instance of page.value.result.rows) if (instance.name !== undefined) names.add(instance.name)
  }
  const near = [...names].filter(each => distance(each, name) <= Math.max(2, name.length / 3) || each.includes(name))
  return near.sort((a, b) => distance(a, name) - distance(b, name)).slice(0, 3)
}
