import type {Cloud} from '../cloud/cloud.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {Region} from '../cloud/regions.ts'
import {asVpcmdError, exitCodes, VpcmdError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {quoteCommand} from '../quote-command.ts'
import {type Filters, filterTable, toQuery} from './filters.ts'
import {matchesGlob} from './globs.ts'
import {collectInstances} from './list-instances.ts'
import {parseResourceRef} from './references.ts'
import {hasTag, tagList} from './tags.ts'
import {vpcPages} from './vpc-pages.ts'

/** A region has three zones at most, named after it (ibm-cloud-docs/vpc, creating-a-vpc-in-a-different-region.md). */
const zoneNumbers = [1, 2, 3]

/**
 * Throws VpcmdError, exit 4, for the first filter by something that does not exist, with what may be meant. For where a
 * listing that came in full found nothing.
 */
export async function refuseImpossible(cloud: Cloud, filters: Filters): Promise<void> {
  // A value that IBM adds is found where an instance has it: this is asked only where none does.
  for (const name of ['status', 'architecture', 'availability-class'] as const) {
    refuse(name, [filters[name] ?? []].flat(), filterTable[name].known)
  }
  const where = placeOf(cloud)
  const regions = await cloud.regions()
  const zones = regions.flatMap(({name}) => zoneNumbers.map(number => `${name}-${number}`))
  refuse('zone', filters.zone ?? [], zones, where)
  if (filters.vpc !== undefined) refuseReference('vpc', filters.vpc, await vpcsOf(cloud), where)
  if (filters.tag) await refuseTags(cloud, filters.tag, where)
  // The VPC API has no list of resource groups, and those of the others need rights of their own: what instances name is
  // what is known, and a group without instances is none.
  const named = groupNames.flatMap(name => (filters[name] === undefined ? [] : {name, asked: filters[name]}))
  const all =
    named.length === 0
      ? undefined
      : await inAllInstances(cloud, instance => named.map(({name}) => filterTable[name].of(instance)))
  for (const [index, {name, asked}] of named.entries()) {
    const there = all?.flatMap(groups => groups[index] ?? [])
    refuseReference(name, asked, there, `${where} with instances in it`)
  }
}

/** The filters by what instances are in. */
const groupNames = ['resource-group', 'reservation', 'instance-group', 'dedicated-host', 'placement-group'] as const

/**
 * Throws VpcmdError, exit 4, for the first filter by something that does not exist, a name or pattern included. For where a
 * listing that came in full found nothing: returns where all that is named exists, and only its state leaves it out.
 */
export async function refuseNothing(cloud: Cloud, filters: Filters): Promise<void> {
  await refuseImpossible(cloud, filters)
  const {name: pattern} = filters
  const names =
    pattern === undefined ? undefined : (await inAllInstances(cloud, ({name}) => name))?.flatMap(name => name ?? [])
  if (pattern === undefined || !names || names.some(name => matchesGlob(pattern, name))) return
  throw new VpcmdError({
    code: 'nothing_matches',
    message: `No instance${placeOf(cloud)} is called ${pattern}.`,
    hint: hintFor(pattern, names),
    exitCode: exitCodes.notFound,
  })
}

/** What may be meant by a name or pattern that none of these names match. */
function hintFor(pattern: string, names: readonly string[]): string {
  const wider = [`${pattern}*`, `*${pattern}*`].find(each => names.some(name => matchesGlob(each, name)))
  if (wider !== undefined) return `Some match: ${quoteCommand(['--name', wider])}`
  const nearest = nearestName(pattern, names)
  return nearest === undefined ? 'See what there is: vpcmd instances list' : `Did you mean ${nearest}?`
}

/** That a name without * is a whole name, where that is what was asked for: who types a part of one finds nothing. */
export function wholeNameHint({name}: Filters): string | undefined {
  if (name === undefined || /[*?]/.test(name)) return undefined
  return `--name takes whole names; for part of one: ${quoteCommand(['--name', `*${name}*`])}`
}

function placeOf({askedRegions}: Cloud): string {
  return askedRegions.length > 0 ? ` in ${askedRegions.join(', ')}` : ''
}

async function refuseTags(cloud: Cloud, asked: readonly string[], where: string): Promise<void> {
  const indexes = await Promise.all((await cloud.regions()).map(region => cloud.tags(region)))
  const servers = [...new Set(indexes)].flatMap(index => [...index.values()])
  const missing = asked.find(each => !servers.some(tags => hasTag(tags, each) !== false))
  if (missing === undefined) return
  const known = [...new Set(servers.flatMap(tagList))]
  const nearest = nearestName(missing, known)
  throw new VpcmdError({
    code: 'no_such_filter',
    message: `No instance${where} has the tag ${missing}.`,
    hint: nearest === undefined ? `There are: ${listed(known)}.` : `Did you mean ${nearest}?`,
    exitCode: exitCodes.notFound,
  })
}

type FilterByName = 'status' | 'architecture' | 'availability-class' | 'zone' | 'vpc' | (typeof groupNames)[number]

/** Nothing is said where what there is could not be read. */
function refuseReference(
  name: FilterByName,
  asked: string,
  there: {id?: string; name?: string}[] | undefined,
  where: string,
): void {
  const ref = parseResourceRef(asked)
  const known = there?.flatMap(each => (ref.kind === 'name' ? each.name : each.id) ?? [])
  if (known) refuse(name, [ref.kind === 'name' ? ref.name : ref.id], known, where)
}

function refuse(name: FilterByName, asked: string[], known: readonly string[], where = ''): void {
  const missing = asked.find(each => !known.includes(each))
  if (missing === undefined) return
  const nearest = nearestName(missing, known)
  const {word} = filterTable[name]
  throw new VpcmdError({
    code: 'no_such_filter',
    message: `There is no ${word} ${missing}${where}.`,
    hint: nearest === undefined ? `There are: ${listed(known)}.` : `Did you mean ${nearest}?`,
    exitCode: exitCodes.notFound,
  })
}

function listed(known: readonly string[]): string {
  const names = [...new Set(known)].sort()
  return names.length > 12
    ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`
    : names.join(', ') || 'none'
}

/** What `map` takes of each instance, of which no more is kept; undefined where some can't be read. */
async function inAllInstances<T>(cloud: Cloud, map: (instance: Instance) => T): Promise<T[] | undefined> {
  const read = await collectInstances(cloud, toQuery({}), map).catch(asVpcmdError)
  return read instanceof VpcmdError || read.failures.length > 0 ? undefined : read.items
}

/** The VPCs of all regions; undefined where some can't be read. */
async function vpcsOf(cloud: Cloud): Promise<{id: string; name?: string}[] | undefined> {
  const inRegion = async (region: Region) => {
    const rows: {id: string; name?: string}[] = []
    for await (const page of vpcPages(cloud.api(region), region.name)) rows.push(...page.rows)
    return rows
  }
  const read = await Promise.all((await cloud.regions()).map(inRegion)).catch(asVpcmdError)
  return read instanceof VpcmdError ? undefined : read.flat()
}
