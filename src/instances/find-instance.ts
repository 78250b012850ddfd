import {distance} from 'fastest-levenshtein'
import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {fieldsOfCrn} from '../cloud/crn.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer} from '../cloud/readers/resources.ts'
import {checkUsable, type Place, placeKey, placeName, placeOf, type Region, serverKey} from '../cloud/regions.ts'
import {counted, entryOf} from '../counted.ts'
import {asVpcmdError, type ErrorDetails, exitCodes, usageError, VpcmdError} from '../errors.ts'
import {toQuery} from './filters.ts'
import {collectInstances, type RegionFailure, readInstances} from './list-instances.ts'
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

/** Where an instance was looked for, and what was found there. */
interface Lookup {
  matches: FoundInstance[]
  regions: Region[]
  /** Why a region could not be read. */
  failure?: unknown
}

/**
 * Finds what each of `asked` names, side by side, in the order asked. What can't be found is an error in its place; an
 * instance that is asked for twice is there once. Throws a usage error, before anything is asked, when one of them can't
 * be the name of an instance.
 */
export async function findInstances(cloud: Cloud, asked: string[]): Promise<Search[]> {
  const refs = new Map(asked.map(text => [text, parseInstanceRef(text)]))
  const lookUpEach = refs.size < manyInstances ? lookUp : await listLookup(cloud, [...refs.values()])
  const limit = pLimit(searchesAtOnce)
  let done = 0
  const endShow = cloud.show(() => ({verb: `Looking for ${counted(refs.size, 'instance')}`, facts: [`${done} done`]}))
  const searches = await Promise.all(
    [...refs].map(([text, ref]) =>
      limit(async (): Promise<Search> => {
        try {
          return {asked: text, ...(await theOne(cloud, ref, await lookUpEach(cloud, ref)))}
        } catch (error) {
          if (error instanceof VpcmdError) return {asked: text, error}
          throw error
        } finally {
          done++
        }
      }),
    ),
  ).finally(endShow)
  const seen = new Set<string>()
  return searches.filter(search => {
    if ('error' in search) return true
    const key = foundKey(search)
    return !seen.has(key) && seen.add(key)
  })
}

/** A key for an instance that was found, which no other has. */
export function foundKey({instance: {id}, region: {account}}: FoundInstance): string {
  return serverKey({id, account: account?.id})
}

/**
 * Finds the one instance that `text` names, by ID, name or CRN, in all regions of `cloud` side by side. Throws
 * VpcmdError: usage (exit 2) for what names no instance, exit 4 for none or more than one, and the region's own error
 * when a region that could not be read leaves the answer open.
 */
export async function findInstance(cloud: Cloud, text: string): Promise<FoundInstance> {
  const ref = parseInstanceRef(text)
  return theOne(cloud, ref, await lookUp(cloud, ref))
}

async function theOne(cloud: Cloud, ref: InstanceRef, lookup: Lookup): Promise<FoundInstance> {
  const {regions, failure} = lookup
  const matches = lookup.matches.filter(found => isMeant(ref, found))
  const [only, other] = matches
  if (other) throw ambiguous(ref, matches)
  // A region that could not be read may hold it, or another one of that name: to go on would be to guess.
  if (failure !== undefined && (!only || ref.kind === 'name')) throw failure
  if (!only) throw await missing(cloud, ref, regions)
  return only
}

/** Whether an instance is not, by its own CRN, of another account than the CRN that was asked for. */
function isMeant(ref: InstanceRef, {instance: {crn}}: FoundInstance): boolean {
  if (ref.kind !== 'crn' || ref.account === '' || crn === undefined) return true
  const {scope} = fieldsOfCrn(crn)
  return scope === '' || scope === `a/${ref.account}`
}

/** Asks each region for one instance. A CRN says where it is. */
async function lookUp(cloud: Cloud, ref: InstanceRef): Promise<Lookup> {
  const regions = ref.kind === 'crn' ? [await cloud.region(placeIn(cloud, ref))] : await cloud.regions()
  return ref.kind === 'name' ? lookUpName(cloud, ref.name, regions) : lookUpId(cloud, ref.id, regions)
}

async function lookUpId(cloud: Cloud, id: string, regions: Region[]): Promise<Lookup> {
  const found = new AbortController()
  const searches = regions.map(async region => {
    checkUsable(region)
    const {result, etag} = await cloud.api(region).getInstance({id, signal: found.signal})
    return {region, instance: result, ...(etag !== undefined && {etag})}
  })
  try {
    // An ID is in one region only: the first hit is the answer, whatever the other regions are still doing.
    const first = await Promise.any(searches)
    // Of several accounts each is heard: what is meant must not be that of whoever answers first.
    return {matches: cloud.accounts ? fulfilled(await Promise.allSettled(searches)) : [first], regions}
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
    return {matches: [], regions, failure: errors.find(each => !isNotFound(each))}
  } finally {
    found.abort()
  }
}

async function lookUpName(cloud: Cloud, name: string, regions: Region[]): Promise<Lookup> {
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
  const failed = searches.find(search => search.status === 'rejected')
  return {matches: fulfilled(searches).flat(), regions, failure: failed?.reason}
}

/** Where a CRN says that its instance is; its account is looked at where more than one is worked in. */
function placeIn({accounts}: Cloud, {region, account}: InstanceRef & {kind: 'crn'}): Place {
  return {region, ...(accounts && {account})}
}

/** Reads the list of each region that can hold one of `refs`, once for all of them. */
async function listLookup(
  cloud: Cloud,
  refs: InstanceRef[],
): Promise<(cloud: Cloud, ref: InstanceRef) => Promise<Lookup>> {
  // A CRN says where its instance is; IDs and names are looked for in the regions asked for, and in no other.
  const asked = refs.some(({kind}) => kind !== 'crn') ? await cloud.regions() : []
  const places = refs.flatMap(ref => (ref.kind === 'crn' ? [placeIn(cloud, ref)] : []))
  const named = new Map(places.map(place => [placeKey(place), place]))
  const others = await Promise.allSettled([...named.values()].map(place => cloud.region(place)))
  const regions = new Map([...asked, ...fulfilled(others)].map(region => [placeKey(placeOf(region)), region]))

  const found = new Map<string, FoundInstance[]>()
  const wanted = new Set(refs.map(ref => (ref.kind === 'name' ? ref.name : ref.id)))
  const keysOf = ({id, name}: {id: string; name?: string}) => [id, name ?? ''].filter(key => wanted.has(key))
  const within: Cloud = {...cloud, regions: async () => [...regions.values()]}
  const query = {params: {}, keep: (instance: {id: string; name?: string}) => keysOf(instance).length > 0}
  const {failures} = await readInstances(within, query, (instances, region) => {
    for (const instance of instances) {
      for (const key of keysOf(instance)) entryOf(found, key, () => []).push({instance, region})
    }
  })
  return async (_cloud, ref) => {
    // Throws for a region that there is not.
    const searched = ref.kind === 'crn' ? [await cloud.region(placeIn(cloud, ref))] : asked
    const names = new Set(searched.map(placeName))
    const matches = found.get(ref.kind === 'name' ? ref.name : ref.id) ?? []
    return {
      matches: matches.filter(({region}) => names.has(placeName(region))),
      regions: searched,
      failure: failures.find(({region}) => names.has(placeName(region)))?.error,
    }
  }
}

/** All instances, to pick from, in the order of their names, and the regions that could not be read. */
export async function instanceChoices(
  cloud: Cloud,
): Promise<{found: FoundInstance[]; failures: RegionFailure[]; isRead: boolean}> {
  const toFound = (instance: Instance, region: Region): FoundInstance => ({instance, region})
  const {items, failures, isRead} = await collectInstances(cloud, toQuery({}), toFound)
  const nameOf = ({instance}: FoundInstance) => instance.name ?? instance.id
  items.sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', {numeric: true}))
  return {found: items, failures, isRead}
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
    message: `vpcmd can't tell which instance in ${name} has that name: the API sent rows without an ID or a name, or others than it was asked for.`,
    hint: 'Pass the ID.',
  })
}

function fulfilled<T>(results: PromiseSettledResult<T>[]): T[] {
  return results.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
}

function isNotFound(error: unknown): boolean {
  return error instanceof VpcmdError && error.exitCode === exitCodes.notFound
}

/** Several instances have the name that was to name one. */
export class AmbiguousName extends VpcmdError {
  readonly #found: FoundInstance[]

  constructor(details: ErrorDetails, found: FoundInstance[]) {
    super(details)
    this.#found = found
  }

  /** Those that it may be. */
  get found(): readonly FoundInstance[] {
    return this.#found
  }
}

/** More candidates than these are no help in a message. */
const mostNamed = 10

function ambiguous(ref: InstanceRef, found: FoundInstance[]): AmbiguousName {
  const candidates = found.map(
    ({region, instance}) => `${instance.id} in ${placeName(region)} (VPC ${instance.vpc?.name ?? 'unknown'})`,
  )
  const details = {
    code: 'ambiguous_name',
    message: `${found.length} instances have the ${wordsOf(ref)}: ${candidates.slice(0, mostNamed).join('; ')}${candidates.length > mostNamed ? '; and others' : ''}.`,
    hint: `${ref.kind === 'name' ? 'Pass the ID' : 'Pass the CRN'}, or narrow it with --region${found.some(({region}) => region.account) ? ' or --account' : ''}.`,
    exitCode: exitCodes.notFound,
  }
  return new AmbiguousName(details, found)
}

function wordsOf(ref: InstanceRef): string {
  return ref.kind === 'name' ? `name ${ref.name}` : `ID ${ref.id}`
}

/** Why there is no instance: it is of another account, it is a bare metal server, or there is none. */
async function missing(cloud: Cloud, ref: InstanceRef, regions: Region[]): Promise<VpcmdError> {
  const account = ref.kind === 'crn' && !cloud.accounts ? await otherAccount(cloud, ref.account) : undefined
  if (ref.kind === 'crn' && account !== undefined) {
    return usageError(
      `The CRN is of an instance of account ${ref.account}, and these credentials are of account ${account}.`,
      `Sign in to that account, or pass --assume with the name of a trusted profile of it.`,
    )
  }
  const usable = regions.filter(({problem}) => problem === undefined)
  const [server] = await bareMetalServers(cloud, ref, usable)
  if (server) return server
  const near = ref.kind === 'name' ? await nearestNames(cloud, usable, ref.name) : []
  const where =
    regions.length === 1 && regions[0] ? `in ${placeName(regions[0])}` : `in any of ${regions.length} regions`
  return new VpcmdError({
    code: 'instance_not_found',
    message: `There is no instance with the ${wordsOf(ref)} ${where}.`,
    hint: near.length > 0 ? `The nearest: ${near.join(', ')}.` : 'See what there is: vpcmd instances list',
    exitCode: exitCodes.notFound,
  })
}

/** The account of the credentials, where it is known and not `account`. */
async function otherAccount(cloud: Cloud, account: string): Promise<string | undefined> {
  const caller = await cloud.caller().catch(asVpcmdError)
  if (caller instanceof VpcmdError || account === '' || caller.account === account) return undefined
  return caller.account
}

/** An error for each bare metal server that `ref` names. None where the credentials may not see bare metal servers. */
async function bareMetalServers(cloud: Cloud, ref: InstanceRef, regions: Region[]): Promise<VpcmdError[]> {
  // Their IDs have a hyphen where those of instances have an underscore, and look like names.
  const name = ref.kind === 'name' ? ref.name : undefined
  const id = ref.kind !== 'name' ? ref.id : isResourceId(ref.name) ? ref.name : undefined
  const searches = await Promise.allSettled(
    regions.map(async region => {
      const api = cloud.api(region)
      if (id !== undefined) return [isBareMetal((await api.getBareMetalServer({id})).result, region)]
      const {rows} = (await api.listBareMetalServers({name, limit: pageSize})).result
      return rows.filter(server => server.name === name).map(server => isBareMetal(server, region))
    }),
  )
  for (const search of searches) {
    if (search.status === 'rejected' && !(search.reason instanceof VpcmdError)) throw search.reason
  }
  return fulfilled(searches).flat()
}

function isBareMetal(server: BareMetalServer, region: Region): VpcmdError {
  return new VpcmdError({
    code: 'bare_metal_server',
    message: `${server.name ?? server.id} in ${placeName(region)} is a bare metal server, not an instance.`,
    hint: 'An audit shows its metadata service and writes the plan that changes it: vpcmd metadata audit --kind bare_metal_server --policy FILE --fix-plan plan.json, then vpcmd metadata apply plan.json',
    exitCode: exitCodes.notFound,
  })
}

/** Up to three names that resemble `name`, among the first page of each region: a whole fleet is not read for a hint. */
async function nearestNames(cloud: Cloud, regions: Region[], name: string): Promise<string[]> {
  const pages = await Promise.allSettled(regions.map(region => cloud.api(region).listInstances({limit: pageSize})))
  const names = new Set(fulfilled(pages).flatMap(({result}) => result.rows.flatMap(instance => instance.name ?? [])))
  const near = [...names].filter(each => distance(each, name) <= Math.max(2, name.length / 3) || each.includes(name))
  return near.sort((a, b) => distance(a, name) - distance(b, name)).slice(0, 3)
}
