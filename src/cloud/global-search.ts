import {VpcmdError} from '../errors.ts'
import {fields, list, type Raw, text} from './readers/fields.ts'
import {readTags, type Tags} from './readers/tags.ts'
import {askService, type Service} from './service-call.ts'

/** The servers of an account that have tags, by ID. Of one that is not in it, nothing is known. */
export type TagIndex = ReadonlyMap<string, Tags>

/**
 * Types as CRNs have them. No source says that Global Search calls bare metal servers so too: where it does not, their tags
 * are unknown.
 */
const searchTypes = {instance: 'instance', bare_metal_server: 'bare-metal-server'} as const
export type TaggedKind = keyof typeof searchTypes

// No source tells the largest page; IBM's own code asks for 1000 (IBM Cloud's samples of Global Search).
const pageSize = 1000
/** A search ends after this many pages in a row without a new server. */
const idlePages = 3

/**
 * Finds the tags of all servers of a kind in an account, as Global Search knows them: page after page, until an empty one or
 * one without a cursor comes. `/v3` has no limit of 10,000 resources (IBM/platform-services-node-sdk, global-search/v2.ts).
 * Throws VpcmdError, also where the pages come to no end: a part of them is never taken for all.
 */
export async function searchTags(service: Service, kind: TaggedKind, account: string | undefined): Promise<TagIndex> {
  const index = new Map<string, Tags>()
  const doing = `read the tags of the ${kind.replaceAll('_', ' ')}s from ${service.name}`
  let cursor: string | undefined
  for (let idle = 0; idle < idlePages; ) {
    const {items, next} = await askService(service, {
      method: 'POST',
      path: '/v3/resources/search',
      query: {account_id: account, limit: pageSize},
      body: {
        query: `family:is AND type:${searchTypes[kind]}`,
        fields: ['crn', 'name', 'region', 'tags', 'access_tags', 'service_tags'],
        ...(cursor !== undefined && {search_cursor: cursor}),
      },
      doing,
      read: readPage,
    })
    const before = index.size
    for (const {id, tags} of items) if (id !== undefined) index.set(id, tags)
    if (items.length === 0 || next === undefined) return index
    idle = index.size > before ? 0 : idle + 1
    cursor = next
  }
  throw new VpcmdError({
    code: 'broken_paging',
    message: `Could not ${doing} to the end: the last ${idlePages} pages had nothing new, and there are more.`,
    hint: 'Run the command again; if it stays so, IBM support should know.',
  })
}

function readPage(raw: Raw): {items: {id: string | undefined; tags: Tags}[]; next: string | undefined} | undefined {
  const items = list(raw, 'items', item => ({id: idIn(text(item, 'crn')), tags: readTags(item)}))
  return items && {items, next: text(fields(raw), 'search_cursor')}
}

/** The ID at the end of a CRN: `crn:v1:bluemix:public:is:us-east-1:a/ACCOUNT::instance:ID`. */
function idIn(crn: string | undefined): string | undefined {
  return crn?.split(':')[9]
}
