import {counted} from '../counted.ts'
import {usageError, VpcmdError} from '../errors.ts'
import {readPrivateJson, writePrivate} from '../files/private-file.ts'
import {privately, whyOtherCloud} from './endpoints.ts'
import type {Page} from './readers/page.ts'
import type {ListedRegion} from './readers/resources.ts'
import type {WireLog} from './transport.ts'

/** An account of IBM Cloud that is worked in beside others. */
export interface Account {
  id: string
  /** Where it is known. */
  name?: string
}

/** An account in which nobody works, and its state, such as SUSPENDED. */
export interface InactiveAccount extends Account {
  state: string
}

export interface Region {
  /** Empty for all regions of an account in which nothing can be asked. */
  name: string
  /** The service URL, with /v1; empty where there is none to be used. */
  url: string
  /** Why nothing can be asked there; undefined where it can. */
  problem?: string
  /** The error with the message `problem`, where there is one. */
  error?: VpcmdError
  /** Whose resources are meant, where more than one account is worked in. */
  account?: Account
}

/** Where a server is: its region, and its account's ID where more than one is worked in. */
export interface Place {
  region: string
  account?: string
}

/** `2 accounts that are not active: team-c (PENDING), …`, of which five are named. */
export function inactiveInWords(inactive: readonly InactiveAccount[]): string {
  const few = inactive.slice(0, 5).map(({id, name, state}) => `${name ?? id} (${state})`)
  const more = inactive.length > few.length ? ` and ${inactive.length - few.length} more` : ''
  const who = counted(inactive.length, 'account that is', 'accounts that are')
  return `${who} not active: ${few.join(', ')}${more}`
}

/** A place, and what is there, by which an error about the place calls it. */
export interface PlaceOf extends Place {
  id?: string
  name?: string
}

/** What an error about a place calls what is there: `web-1 (0717_…)`. */
export function whatIsAt({id, name}: PlaceOf): string {
  if (id === undefined) return 'It'
  return name === undefined || name === id ? id : `${name} (${id})`
}

/** The place of what is in a region. */
export function placeOf({name, account}: Pick<Region, 'name' | 'account'>): Place {
  return {region: name, ...(account && {account: account.id})}
}

/** A key for a place, which no other place has. */
export function placeKey({region, account = ''}: Place): string {
  return `${account}/${region}`
}

/** A key for a server by its ID, which that of another account may have, too; empty for none. */
export function serverKey(server: {id: string; account?: string | undefined} | undefined): string {
  if (!server) return ''
  return server.account === undefined ? server.id : `${server.account}/${server.id}`
}

/** A region as messages call it: `eu-de`, or `eu-de of account team-a (ID)`. */
export function placeName({name, account}: Pick<Region, 'name' | 'account'>): string {
  if (!account) return name
  return name === '' ? accountName(account) : `${name} of ${accountName(account)}`
}

/** Whether a text can be an account's ID, which goes into requests and the names of files: IBM's have 32 hexadecimal digits. */
export function isAccountId(text: string): boolean {
  return /^[0-9a-zA-Z]{1,64}$/.test(text)
}

/** An account as messages call it. */
export function accountName({id, name}: Account): string {
  return name ? `account ${name} (${id})` : `account ${id}`
}

export interface RegionSources {
  /** The regions that the user named, as typed; none means all. */
  asked: string[]
  /** What to call that in an error: `--region` or the variable's name. */
  askedBy: string
  /** The service URL at which the regions are asked. */
  asker: string
  isPrivate: boolean
  /** Where the list is kept; undefined keeps it nowhere. */
  cacheFile: string | undefined
  ask(): Promise<Page<ListedRegion>>
  now(): number
  log: WireLog | undefined
}

const keptForMs = 24 * 60 * 60 * 1000

/**
 * The regions to work in, from `GET /regions` or from the list that was kept for at most a day. A region's service URL
 * is its `endpoint` and /v1 (contract of the VPC API), where that is of the same cloud. Throws a usage error that lists
 * them for a region that does not exist, VpcmdError where there are none, and whatever asking throws.
 */
export async function findRegions(sources: RegionSources): Promise<Region[]> {
  const asked = regionNamesIn(sources.asked)
  // An empty variable of a script must not widen what it does to every region.
  if (sources.asked.length > 0 && sources.asked.every(text => /^[\s,]*$/.test(text))) {
    throw usageError(`No region is named in ${sources.askedBy}.`, 'Name one, or all for every region.')
  }
  const kept = await readKept(sources)
  if (kept && asked.every(name => kept.some(region => region.name === name))) return choose(kept, asked)
  const page = await sources.ask()
  const regions = regionsIn(page, sources)
  const unknown = asked.filter(name => !regions.some(region => region.name === name))
  if (unknown.length > 0) {
    const names = regions.map(({name}) => name).sort()
    const {nearestName} = await import('../nearest-name.ts')
    const near = unknown.flatMap(name => nearestName(name, names) ?? [])
    throw usageError(
      `There is no region ${unknown.join(', ')} (from ${sources.askedBy}).${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}`,
      `There are: ${names.join(', ')}.`,
    )
  }
  if (sources.cacheFile && regions.every(({problem}) => problem === undefined)) {
    await writePrivate(sources.cacheFile, JSON.stringify({at: sources.now(), regions})).catch(
      (error: NodeJS.ErrnoException) => {
        sources.log?.note(`the regions could not be kept for the next command: ${error.code ?? error.message}`)
      },
    )
  }
  return choose(regions, asked)
}

function regionsIn({rows, unidentified, brokenNext, next}: Page<ListedRegion>, sources: RegionSources): Region[] {
  const byName = new Map<string, Region>()
  for (const row of rows) {
    const region = regionOf(row, sources)
    const known = byName.get(region.name)
    const isTwice = known && known.url !== region.url
    const twice = `IBM Cloud listed the region ${region.name} twice, with different endpoints`
    byName.set(region.name, isTwice ? unusable(region.name, twice) : region)
  }
  const regions = [...byName.values()]
  // What can't be asked must not be missed in silence: it fails as any region does.
  if (unidentified > 0) {
    regions.push(unusable('unnamed', `IBM Cloud listed ${unidentified} of its regions without a name`))
  }
  if (next !== undefined || brokenNext !== undefined) {
    regions.push(unusable('unlisted', 'IBM Cloud listed a part of its regions only'))
  }
  if (regions.length > 0) return regions
  throw new VpcmdError({
    code: 'no_regions',
    message: `${new URL(sources.asker).host} returned no regions, so there is nothing to ask.`,
    hint: 'Check VPC_URL, if you set it.',
  })
}

function regionOf({name, endpoint, status}: ListedRegion, {asker, isPrivate}: RegionSources): Region {
  if (endpoint === undefined) return unusable(name, `IBM Cloud did not report the endpoint of the region ${name}`)
  const url = privately(endpoint, isPrivate).replace(/\/+$/, '')
  const why = whyOtherCloud(asker, url)
  if (why !== undefined) return unusable(name, `The token is not sent to the endpoint of the region ${name}: ${why}`)
  const problem = status === 'unavailable' ? `IBM Cloud reports the region ${name} as unavailable` : undefined
  return {name, url: `${url}/v1`, problem}
}

function unusable(name: string, problem: string): Region {
  return {name, url: '', problem}
}

/** Comma-separated and repeated names of regions as a list without doubles; none where all regions are meant. */
export function regionNamesIn(asked: string[]): string[] {
  const names = asked.flatMap(text => text.split(',')).map(name => name.trim().toLowerCase())
  if (names.includes('all')) return []
  return [...new Set(names.filter(name => name !== ''))]
}

function choose(regions: Region[], asked: string[]): Region[] {
  return asked.length === 0 ? regions : regions.filter(region => asked.includes(region.name))
}

async function readKept({cacheFile, now, log, asker}: RegionSources): Promise<Region[] | undefined> {
  if (!cacheFile) return undefined
  try {
    const {at, regions} = Object(await readPrivateJson(cacheFile))
    const age = typeof at === 'number' ? now() - at : -1
    const isWhole = Array.isArray(regions) && regions.length > 0 && regions.every(each => isKept(each, asker))
    if (age >= 0 && age < keptForMs && isWhole) return regions.map(({name, url}) => ({name, url}))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT') log?.note(`the kept regions could not be read (${code ?? 'not JSON'}): asking again`)
  }
  return undefined
}

/** A file can be older than what is checked today, or somebody else's work. */
function isKept(value: unknown, asker: string): boolean {
  const {name, url} = Object(value)
  return typeof name === 'string' && typeof url === 'string' && whyOtherCloud(asker, url) === undefined
}

/** Throws VpcmdError for a region in which nothing can be asked. */
export function checkUsable({problem, error}: Region): void {
  if (error) throw error
  if (problem === undefined) return
  throw new VpcmdError({code: 'region_unavailable', message: `${problem}: nothing was asked there.`})
}
