import type {Cloud} from '../cloud/cloud.ts'
import type {Region} from '../cloud/regions.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {type Filters, filterTable} from './filters.ts'
import {parseResourceRef} from './references.ts'
import {vpcPages} from './vpc-pages.ts'

/** A region has three zones at most, named after it (ibm-cloud-docs/vpc, creating-a-vpc-in-a-different-region.md). */
const zoneNumbers = [1, 2, 3]

/**
 * Throws VpcmdError, exit 4, for the first filter by something that does not exist, with what may be meant. For where a
 * listing that came in full found nothing. Of what can't be listed, such as resource groups, nothing is said.
 */
export async function refuseImpossible(cloud: Cloud, filters: Filters): Promise<void> {
  // A value that IBM adds is found where an instance has it: this is asked only where none does.
  for (const name of ['status', 'architecture'] as const) {
    refuse(name, [filters[name] ?? []].flat(), filterTable[name].known)
  }
  const regions = await cloud.regions()
  const where = cloud.askedRegions.length > 0 ? ` in ${cloud.askedRegions.join(', ')}` : ''
  const zones = regions.flatMap(({name}) => zoneNumbers.map(number => `${name}-${number}`))
  refuse('zone', filters.zone ?? [], zones, where)
  if (filters.vpc === undefined) return
  const ref = parseResourceRef(filters.vpc)
  const vpcs = await vpcsOf(cloud)
  const known = vpcs?.flatMap(({id, name}) => (ref.kind === 'name' ? (name ?? []) : id))
  if (known) refuse('vpc', [ref.kind === 'name' ? ref.name : ref.id], known, where)
}

function refuse(
  name: 'status' | 'architecture' | 'zone' | 'vpc',
  asked: string[],
  known: readonly string[],
  where = '',
): void {
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

/** The VPCs of all regions; undefined where some can't be read. */
async function vpcsOf(cloud: Cloud): Promise<{id: string; name?: string}[] | undefined> {
  const inRegion = async (region: Region) => {
    const rows: {id: string; name?: string}[] = []
    for await (const page of vpcPages(cloud.api(region), region.name)) rows.push(...page.rows)
    return rows
  }
  try {
    return (await Promise.all((await cloud.regions()).map(inRegion))).flat()
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    return undefined
  }
}
