import {crnOf} from '../core/ids.ts'
import type {RecordStore} from '../core/record-store.ts'
import type {StoredRecord, TagRecord} from '../core/records.ts'
import type {FleetStore} from '../fleet/fleet.ts'

/** A resource of the VPC API that can be found and tagged. */
export interface Resource {
  /** As in its CRN. */
  type: string
  /** The zone, or else the region. */
  place: string
  record: StoredRecord & {zone?: string}
}

/** The types in the order in which a search gives them, and where the records of each are. */
const stores = {
  instance: 'instances',
  'bare-metal-server': 'bareMetalServers',
  'instance-template': 'templates',
  vpc: 'vpcs',
  'floating-ip': 'floatingIps',
  key: 'keys',
} as const satisfies Record<string, keyof FleetStore>

// Places of later types come after those of earlier ones.
const placesOfType = 2 ** 40

/** All resources of an account that come after a place, each with its own place, which outlives changes. */
export function* resourcesOf(fleet: FleetStore, after = 0): Generator<[place: number, resource: Resource]> {
  for (const [index, [type, kind]] of Object.entries(stores).entries()) {
    if (after >= (index + 1) * placesOfType) continue
    const store: Pick<RecordStore<StoredRecord>, 'all'> = fleet[kind]
    for (const record of store.all()) {
      const place = index * placesOfType + record.order
      if (place > after) yield [place, resource(type, record)]
    }
  }
}

function resource(type: string, record: Resource['record']): Resource {
  return {type, place: record.zone ?? record.region, record}
}

/** The CRN of a resource of the account that is served. */
export function crnOfResource({type, place, record}: Resource): string {
  return crnOf(place, type, record.id)
}

/** The resource of the account that is served with this CRN. */
export function findByCrn(fleet: FleetStore, crn: string): Resource | undefined {
  const [type, id] = crn.split(':').slice(-2)
  const kind = Object.entries(stores).find(([each]) => each === type)?.[1]
  const record = kind && fleet[kind].get(id ?? '')
  const found = record && resource(type ?? '', record)
  return found && crnOfResource(found) === crn ? found : undefined
}

/**
 * Changes the tags of a resource: `decide` gets the newest ones, with nobody else at work, and returns those that there
 * shall be, or undefined. Rejects when the change can't be kept.
 */
export async function updateTags(
  fleet: FleetStore,
  {type, record}: Resource,
  decide: (tags: readonly TagRecord[] | undefined) => readonly TagRecord[] | undefined,
): Promise<void> {
  const kind = stores[type as keyof typeof stores]
  await fleet[kind].update(record.region, record.id, (current: StoredRecord) => {
    const tags = decide(current.tags)
    return tags && {tags}
  })
}
