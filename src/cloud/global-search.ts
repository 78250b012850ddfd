import {isDeepStrictEqual} from 'node:util'
import {VpcmdError} from '../errors.ts'
import {type CrnFields, fieldsOfCrn} from './crn.ts'
import {list, type Raw, text} from './readers/fields.ts'
import {readTags, type Tags, unknownTags} from './readers/tags.ts'
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
/** More pages than any account has, even where a page is smaller than was asked for: then they do not end. */
const mostPages = 1000

/**
 * Finds the tags of all servers of a kind in an account, as Global Search knows them: page after page, until an empty one or
 * one without a cursor comes. `/v3` has no limit of 10,000 resources (IBM/platform-services-node-sdk, global-search/v2.ts).
 * Throws VpcmdError, also where the pages come to no end: a part of them is never taken for all.
 */
export async function searchTags(service: Service, kind: TaggedKind, account: string | undefined): Promise<TagIndex> {
  const index = new Map<string, Tags>()
  const doing = `read the tags of the ${kind.replaceAll('_', ' ')}s from ${service.name}`
  const broken = (why: string) =>
    new VpcmdError({
      code: 'broken_paging',
      message: `Could not ${doing} to the end: ${why}, and there are more.`,
      hint: 'Run the command again; if it stays so, IBM support should know.',
    })
  const isMeant = ({service, type, scope}: CrnFields) =>
    service === 'is' && type === searchTypes[kind] && (account === undefined || scope === `a/${account}`)
  let cursor: string | undefined
  let idle = 0
  for (let pages = 0; pages < mostPages; pages++) {
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
    for (const {crn, tags} of items) {
      if (crn === undefined || !isMeant(crn)) continue
      const known = index.get(crn.id)
      // Of two that differ, nobody knows which is the newer one.
      index.set(crn.id, known && !isDeepStrictEqual(known, tags) ? unknownTags : tags)
    }
    if (items.length === 0 || next === undefined) return index
    idle = index.size > before ? 0 : idle + 1
    if (idle >= idlePages) throw broken(`the last ${idlePages} pages had nothing new`)
    cursor = next
  }
  throw broken(`${mostPages} pages came`)
}

function readPage(raw: Raw) {
  const items = list(raw, 'items', item => ({crn: crnIn(text(item, 'crn')), tags: readTags(item)}))
  return items && {items, next: text(raw, 'search_cursor')}
}

/** The fields of a CRN; undefined where one is missing that is looked at. */
function crnIn(crn: string | undefined): CrnFields | undefined {
  const fields = crn?.startsWith('crn:') ? fieldsOfCrn(crn) : undefined
  return fields?.service && fields.scope && fields.type && fields.id ? fields : undefined
}
