import {notFound, notSimulated} from '../core/api-error.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {accountId, crnOf} from '../core/ids.ts'
import type {RecordStore} from '../core/record-store.ts'
import type {StoredRecord, TagRecord, TagType} from '../core/records.ts'
import type {FleetStore} from '../fleet/fleet.ts'

/** A resource of the VPC API that can be found and tagged. */
export interface Resource {
  /** As in its CRN. */
  type: string
  /** The zone, or else the region. */
  place: string
  record: StoredRecord & {zone?: string}
  store: RecordStore<StoredRecord>
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

function storesOf(fleet: FleetStore): [type: string, store: RecordStore<StoredRecord>][] {
  // Of a record no more is changed here than what all have.
  return Object.entries(stores).map(([type, kind]) => [type, fleet[kind] as unknown as RecordStore<StoredRecord>])
}

/** All resources of an account that come after a place, each with its own place, which outlives changes. */
export function* resourcesOf(fleet: FleetStore, after = 0): Generator<[place: number, resource: Resource]> {
  for (const [index, [type, store]] of storesOf(fleet).entries()) {
    if (after >= (index + 1) * placesOfType) continue
    for (const record of store.all()) {
      const place = index * placesOfType + record.order
      if (place > after) yield [place, resource(type, record, store)]
    }
  }
}

function resource(type: string, record: Resource['record'], store: Resource['store']): Resource {
  return {type, place: record.zone ?? record.region, record, store}
}

/** The CRN of a resource of the account that is served. */
function crnOfResource({type, place, record}: Resource): string {
  return crnOf(place, type, record.id)
}

/** The resource of the account that is served with this CRN. */
function findByCrn(fleet: FleetStore, crn: string): Resource | undefined {
  const [type = '', id = ''] = crn.split(':').slice(-2)
  const [, store] = storesOf(fleet).find(([each]) => each === type) ?? []
  const record = store?.get(id)
  const found = store && record && resource(type, record, store)
  return found && crnOfResource(found) === crn ? found : undefined
}

export const tagTypes: readonly TagType[] = ['user', 'access', 'service']

/** The most tags of a type that a resource may have (IBM/platform-services-node-sdk global-tagging/v1.ts attachTag). */
export const mostTags: Record<TagType, number> = {user: 1000, access: 250, service: 1000}

// ibm-cloud-docs/account tagging_resources.md
const tagName = /^[A-Za-z0-9 _.:-]{1,128}$/

/** Whether a text can be a tag. */
export function isTagName(text: string): boolean {
  return tagName.test(text) && text.trim() === text
}

/** Tags are the same whatever their case (ibm-cloud-docs/account tagging_resources.md). */
export function isSameTag(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** The tags that are attached now. */
export function attachedTags(tags: readonly TagRecord[] = [], type: TagType): string[] {
  return tags.filter(each => each.type === type && each.until === undefined).map(each => each.name)
}

/** When a search looks into the index, and how late that learns of a change, in milliseconds. */
export interface Look {
  now: number
  delayMs: number
}

/** The tags as the search's index has them. */
function indexedTags(tags: readonly TagRecord[] = [], type: TagType, {now, delayMs}: Look): string[] {
  const isKnown = (time = Number.NEGATIVE_INFINITY) => time + delayMs <= now
  const found = tags.filter(
    each => each.type === type && isKnown(each.since) && !(each.until !== undefined && isKnown(each.until)),
  )
  // What was attached again before its end was known is there twice.
  return [...new Set(found.map(each => each.name))]
}

const tagsOf = (type: TagType) => (resource: Resource, look: Look) => indexedTags(resource.record.tags, type, look)

/** The fields that a search knows: those of IBM/platform-services-node-sdk global-search/v2.ts, and the tags (ibm-cloud-docs/account tagging_resources.md). */
export const valuesByField = {
  account_id: () => [accountId()],
  access_tags: tagsOf('access'),
  crn: resource => [crnOfResource(resource)],
  family: () => ['is'],
  name: ({record}) => [record.name],
  // The zone, where there is one, as the answers have it that were seen in public.
  region: ({place}) => [place],
  service_tags: tagsOf('service'),
  tags: tagsOf('user'),
  type: ({type}) => [type],
} satisfies Record<string, (resource: Resource, look: Look) => readonly string[]>

export type SearchField = keyof typeof valuesByField

const searchFields = Object.keys(valuesByField) as SearchField[]

export function isSearchField(text: string): text is SearchField {
  return Object.hasOwn(valuesByField, text)
}

/** The fields that are meant by names, of which `*` is all. Throws 501 for one that the sandbox does not have. */
export function fieldsIn(names: readonly string[]): SearchField[] {
  return names.flatMap(name => {
    if (name === '*') return searchFields
    if (isSearchField(name)) return name
    throw notSimulated(`the field ${name} of the search`)
  })
}

/** The attached tags of a type: of one resource, or of all. Throws 404 for a resource that there is not. */
export function namesOf({fleet}: SimulatedCloud, type: TagType, crn?: string): string[] {
  if (crn === undefined) return [...resourcesOf(fleet)].flatMap(([, {record}]) => attachedTags(record.tags, type))
  const resource = findByCrn(fleet, crn)
  if (resource === undefined) throw notFound('attached_to', crn)
  return attachedTags(resource.record.tags, type)
}

/** Each name once, whatever its case. */
export function distinct(names: readonly string[]): string[] {
  return [...new Map(names.map(each => [each.toLowerCase(), each])).values()]
}

/** Attaches tags to a resource, or detaches them. Resolves to why that was not possible, if it was not; rejects when it can't be kept. */
export async function changeTags(
  {fleet, clock}: SimulatedCloud,
  crn: string,
  change: 'attach' | 'detach',
  type: TagType,
  names: readonly string[],
): Promise<string | undefined> {
  const found = findByCrn(fleet, crn)
  if (found === undefined) return 'The resource does not exist, or cannot be accessed.'
  let isTooMany = false
  await found.store.update(found.record.region, found.record.id, ({tags = []}) => {
    const changed = (change === 'attach' ? withTags : withoutTags)(tags, type, names, clock())
    isTooMany = attachedTags(changed, type).length > mostTags[type]
    return changed && !isTooMany ? {tags: changed} : undefined
  })
  return isTooMany ? `A resource has at most ${mostTags[type]} ${type} tags.` : undefined
}

type Change = (
  tags: readonly TagRecord[],
  type: TagType,
  names: readonly string[],
  at: number,
) => TagRecord[] | undefined

/** The tags with others attached at `at`; undefined where all are attached already. */
const withTags: Change = (tags, type, names, at) => {
  const there = attachedTags(tags, type)
  const isNew = (name: string, index: number) =>
    ![...there, ...names.slice(0, index)].some(each => isSameTag(each, name))
  const added = names.filter(isNew).map(name => ({name, type, since: at}))
  return added.length === 0 ? undefined : [...tags, ...added]
}

/** The tags with some detached at `at`; undefined where none of these is attached. */
const withoutTags: Change = (tags, type, names, at) => {
  const isMeant = (each: TagRecord) =>
    each.type === type && each.until === undefined && names.some(name => isSameTag(each.name, name))
  return tags.some(isMeant) ? tags.map(each => (isMeant(each) ? {...each, until: at} : each)) : undefined
}
