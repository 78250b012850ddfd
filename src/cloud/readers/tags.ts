import type {Raw} from './fields.ts'

/** The kinds of tags, as Global Tagging calls them; those that most servers have come first. */
export const tagKinds = ['user', 'access', 'service'] as const
export type TagKind = (typeof tagKinds)[number]

/**
 * The tags of a server by their kind, as Global Search tells them; undefined for a kind that it does not tell. IBM's own
 * programs take the lists to be there always (ibm-cloud-docs/account, tagging_resources.md, data_portability_tags.md).
 */
export type Tags = {readonly [Kind in TagKind]: readonly string[] | undefined}

/** Of what nothing is known. */
export const unknownTags: Tags = {user: undefined, access: undefined, service: undefined}

/** Reads the tags of an item of Global Search. */
export function readTags(raw: Raw): Tags {
  return {user: texts(raw.tags), access: texts(raw.access_tags), service: texts(raw.service_tags)}
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every(each => typeof each === 'string') ? value : undefined
}
