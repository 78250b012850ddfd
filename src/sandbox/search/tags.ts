import type {TagRecord, TagType} from '../core/records.ts'

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

/** The tags as the search's index has them at `now`: it learns of a change `delayMs` after it. */
export function indexedTags(
  tags: readonly TagRecord[] = [],
  type: TagType,
  {now, delayMs}: {now: number; delayMs: number},
): string[] {
  const isKnown = (since: number | undefined, otherwise: boolean) =>
    since === undefined ? otherwise : since + delayMs <= now
  const found = tags.filter(each => each.type === type && isKnown(each.since, true) && !isKnown(each.until, false))
  // What was attached again before its end was known is there twice.
  return [...new Set(found.map(each => each.name))]
}

/** The tags with others attached at `at`; undefined where all are attached already. */
export function withTags(
  tags: readonly TagRecord[] = [],
  type: TagType,
  names: readonly string[],
  at: number,
): readonly TagRecord[] | undefined {
  const there = attachedTags(tags, type)
  const added: TagRecord[] = []
  for (const name of names) {
    if ([...there, ...added.map(each => each.name)].some(each => isSameTag(each, name))) continue
    added.push({name, type, since: at})
  }
  return added.length === 0 ? undefined : [...tags, ...added]
}

/** The tags with some detached at `at`; undefined where none of these is attached. */
export function withoutTags(
  tags: readonly TagRecord[] = [],
  type: TagType,
  names: readonly string[],
  at: number,
): readonly TagRecord[] | undefined {
  const isMeant = (each: TagRecord) =>
    each.type === type && each.until === undefined && names.some(name => isSameTag(each.name, name))
  return tags.some(isMeant) ? tags.map(each => (isMeant(each) ? {...each, until: at} : each)) : undefined
}
