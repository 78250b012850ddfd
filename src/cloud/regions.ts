import {usageError, VpcmdError} from '../errors.ts'
import {readPrivateJson, writePrivateJson} from '../files/private-file.ts'
import {privately} from './endpoints.ts'
import type {RegionCollection} from './wire.ts'
import type {WireLog} from './wire-log.ts'

export interface Region {
  name: string
  /** The service URL, with /v1. */
  url: string
  /** False while IBM Cloud says that the region can't be used. */
  isAvailable: boolean
}

export interface RegionSources {
  /** The regions that the user named, as typed; none means all. */
  asked: string[]
  /** What to call that in an error: `--region` or the variable's name. */
  askedBy: string
  isPrivate: boolean
  /** Where the list is kept; undefined keeps it nowhere. */
  cacheFile: string | undefined
  ask(): Promise<RegionCollection>
  now(): number
  log: WireLog | undefined
}

const keptForMs = 24 * 60 * 60 * 1000

/**
 * The regions to work in, from `GET /regions` or from the list that was kept for at most a day. A region's service URL
 * is its `endpoint` and /v1 (contract of the VPC API). Throws a usage error that lists them for a region that does not
 * exist, and whatever asking throws.
 */
export async function findRegions(sources: RegionSources): Promise<Region[]> {
  const asked = regionNamesIn(sources.asked)
  // An empty variable of a script must not widen what it does to every region.
  if (sources.asked.length > 0 && sources.asked.every(text => /^[\s,]*$/.test(text))) {
    throw usageError(`No region is named in ${sources.askedBy}.`, 'Name one, or all for every region.')
  }
  const kept = await readKept(sources)
  if (kept && asked.every(name => kept.some(region => region.name === name))) return choose(kept, asked)
  const {regions: found} = await sources.ask()
  const regions = found.map(({name, endpoint, status}) => ({
    name,
    url: `${privately(endpoint, sources.isPrivate).replace(/\/+$/, '')}/v1`,
    isAvailable: status === 'available',
  }))
  const unknown = asked.filter(name => !regions.some(region => region.name === name))
  if (unknown.length > 0) {
    throw usageError(
      `There is no region ${unknown.join(', ')} (from ${sources.askedBy}).`,
      `There are: ${regions
        .map(region => region.name)
        .sort()
        .join(', ')}.`,
    )
  }
  if (sources.cacheFile) {
    await writePrivateJson(sources.cacheFile, {at: sources.now(), regions}).catch((error: NodeJS.ErrnoException) => {
      sources.log?.note(`the regions could not be kept for the next command: ${error.code ?? error.message}`)
    })
  }
  return choose(regions, asked)
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

async function readKept({cacheFile, now, log}: RegionSources): Promise<Region[] | undefined> {
  if (!cacheFile) return undefined
  try {
    const kept = (await readPrivateJson(cacheFile)) as {at?: unknown; regions?: unknown}
    const age = typeof kept.at === 'number' ? now() - kept.at : -1
    if (age >= 0 && age < keptForMs && Array.isArray(kept.regions) && kept.regions.every(isRegion)) return kept.regions
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT') log?.note(`the kept regions could not be read (${code ?? 'not JSON'}): asking again`)
  }
  return undefined
}

function isRegion(value: unknown): value is Region {
  const {name, url, isAvailable} = (value ?? {}) as Partial<Region>
  return typeof name === 'string' && typeof url === 'string' && URL.canParse(url) && isAvailable === true
}

/** Why nothing was read in a region that IBM Cloud itself reports as not available. */
export function unavailable(region: Region): VpcmdError {
  return new VpcmdError({
    code: 'region_unavailable',
    message: `IBM Cloud reports the region ${region.name} as unavailable: nothing was asked there.`,
  })
}
