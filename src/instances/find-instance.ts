import {distance} from 'fastest-levenshtein'
import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {etagIn} from '../cloud/etag.ts'
import {type Region, unavailable} from '../cloud/regions.ts'
import type {Instance} from '../cloud/wire.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {toQuery} from './filters.ts'
import {listInstances, type RegionFailure, readInstances} from './list-instances.ts'
import {pageSize} from './pages.ts'
import {type InstanceRef, parseInstanceRef} from './references.ts'

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
  const keep = ({id, name}: Instance) => wanted.has(id) || wanted.has(name)
  const within: Cloud = {...cloud, regions: async () => [...regions.values()]}
  const {failures} = await readInstances(within, {params: {}, keep}, (instances, region) => {
    for (const instance of instances) {
      for (const key of [instance.id, instance.name]) {
        if (wanted.has(key)) found.set(key, [...(found.get(key) ?? []), {instance, region}])
      }
    }
  })
  return [...refs].map(([text, ref]): Search => {
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
    const what = ref.kind === 'name' ? `the name ${text}` : `the ID ${ref.id}`
    if (!only)
      return {
        asked: text,
        error: notFound(
          what,
          [...regions.values()].filter(({name}) => isThere(name)),
        ),
      }
    return {asked: text, ...only}
  })
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
  found.sort((a, b) => a.instance.name.localeCompare(b.instance.name, 'en', {numeric: true}))
  return {found, failures, isRead}
}

/**
 * Finds the one instance that `text` names, by ID, name or CRN, in all regions of `cloud` side by side. Throws
 * VpcmdError: usage (exit 2) for what names no instance, exit 4 for none or more than one, and the region's own error
 * when a region that could not be read leaves the answer open.
 */
export async function findInstance(cloud: Cloud, text: string): Promise<FoundInstance> {
  const ref = parseInstanceRef(text)
  if (ref.kind === 'name') return findByName(cloud, ref.name)
  if (ref.kind === 'id') return findById(cloud, ref.id, await cloud.regions())
  return findById(cloud, ref.id, [await cloud.region(ref.region)])
}

async function findById(cloud: Cloud, id: string, regions: Region[]): Promise<FoundInstance> {
  const found = new AbortController()
  const searches = regions.map(async region => {
    if (!region.isAvailable) throw unavailable(region)
    const answer = await cloud.api(region).getInstance({id, signal: found.signal})
    const etag = etagIn(answer)
    return {region, instance: answer.result, ...(etag !== undefined && {etag})}
  })
  try {
    // An ID is in one region only: the first hit is the answer, whatever the other regions are still doing.
    return await Promise.any(searches)
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error]
    throw errors.find(each => !isNotFound(each)) ?? notFound(`the ID ${id}`, regions)
  } finally {
    found.abort()
  }
}

async function findByName(cloud: Cloud, name: string): Promise<FoundInstance> {
  const regions = await cloud.regions()
  const searches = await Promise.allSettled(
    regions.map(async region => {
      if (!region.isAvailable) throw unavailable(region)
      const {result} = await cloud.api(region).listInstances({name, limit: pageSize})
      return result.instances.map(instance => ({region, instance}))
    }),
  )
  const found = searches.flatMap(search => (search.status === 'fulfilled' ? search.value : []))
  if (found.length > 1) throw ambiguous(name, found)
  const failed = searches.find(search => search.status === 'rejected')
  // A region that could not be asked may hold another one of that name: to go on would be to guess.
  if (failed) throw failed.reason
  const [only] = found
  if (!only) throw notFound(`the name ${name}`, regions, await nearestNames(cloud, regions, name))
  return only
}

function isNotFound(error: unknown): boolean {
  return error instanceof VpcmdError && error.exitCode === exitCodes.notFound
}

function ambiguous(name: string, found: FoundInstance[]): VpcmdError {
  const candidates = found.map(({region, instance}) => `${instance.id} in ${region.name} (VPC ${instance.vpc.name})`)
  return new VpcmdError({
    code: 'ambiguous_name',
    message: `The name ${name} stands for ${found.length} instances: ${candidates.join('; ')}.`,
    hint: 'Pass the ID, or narrow it with --region.',
    exitCode: exitCodes.notFound,
  })
}

function notFound(what: string, regions: Region[], near: string[] = []): VpcmdError {
  const where = regions.length === 1 ? `in ${regions[0]?.name}` : `in any of ${regions.length} regions`
  return new VpcmdError({
    code: 'instance_not_found',
    message: `There is no instance with ${what} ${where}.`,
    hint: near.length > 0 ? `The nearest: ${near.join(', ')}.` : 'See what there is: vpcmd instances list',
    exitCode: exitCodes.notFound,
  })
}

/** Up to three names that resemble `name`, among the first page of each region: a whole fleet is not read for a hint. */
async function nearestNames(cloud: Cloud, regions: Region[], name: string): Promise<string[]> {
  const pages = await Promise.allSettled(regions.map(region => cloud.api(region).listInstances({limit: pageSize})))
  const names = new Set<string>()
  for (const page of pages) {
    if (page.status === 'fulfilled') for (const instance of page.value.result.instances) names.add(instance.name)
  }
  const near = [...names].filter(each => distance(each, name) <= Math.max(2, name.length / 3) || each.includes(name))
  return near.sort((a, b) => distance(a, name) - distance(b, name)).slice(0, 3)
}
