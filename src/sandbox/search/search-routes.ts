import {Hono} from 'hono'
import type {Accounts} from '../accounts/accounts.ts'
import {fieldError, notSimulated} from '../core/api-error.ts'
import type {ApiRequest} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {readCount} from '../core/paging.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {readObject} from '../vpc/request-body.ts'
import {parseQuery} from './query.ts'
import {fieldsIn, type Look, type Resource, resourcesOf, type SearchField, valuesByField} from './resources.ts'

// IBM/platform-services-node-sdk global-search/v2.ts. It states no maximum: 1000 is what public scripts ask for.
const defaultLimit = 10
const maximumLimit = 1000
const defaultFields: readonly SearchField[] = ['account_id', 'name', 'type', 'family', 'crn']

/** What a search goes on from; the cursor holds it. */
interface Search {
  query: string
  fields: readonly string[]
  /** The place of the last resource that was given. */
  after: number
}

/**
 * `POST /v3/resources/search` (IBM/platform-services-node-sdk global-search/v2.ts): the VPC resources of the token's
 * account. Its index learns of tags `delayMs` after they were attached or detached; of everything else at once.
 */
export function searchRoutes(accounts: Accounts, delayMs = 0): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.post('/v3/resources/search', c =>
    accounts.serve(c, async ({id, cloud: {fleet, clock}}) => {
      const {limit, sort, isOwn} = readParameters(c, id)
      const search = await readSearch(c)
      const look = {now: clock(), delayMs}
      const found = isOwn ? searched(fleet, search, {limit, sort, look}) : []
      const after = found.at(-1)?.place
      // "You can stop paging when the search returns less items than the specified limit or when the search_cursor is not
      // present": so a full page has one, even where nothing comes after it.
      const cursor = found.length === limit && after !== undefined ? cursorOf({...search, after}) : undefined
      const items = found.map(each => itemOf(each.resource, fieldsIn(search.fields), look))
      return c.json({...(cursor !== undefined && {search_cursor: cursor}), limit, items})
    }),
  )
  return routes
}

/** A resource with some of its fields; "for all queries, `crn` is always returned". */
function itemOf(resource: Resource, fields: readonly SearchField[], look: Look): Record<string, unknown> {
  const chosen = new Set<SearchField>([...fields, 'crn'])
  return Object.fromEntries(
    [...chosen].map(field => {
      const values = valuesByField[field](resource, look)
      return [field, field.endsWith('tags') ? values : values[0]]
    }),
  )
}

/** Up to `limit` resources that fit and come after what was given already, each with its place. */
function searched(
  fleet: FleetStore,
  {query, after}: Search,
  {limit, sort, look}: {limit: number; sort: SearchField[]; look: Look},
) {
  const fits = parseQuery(query)
  const isSorted = sort.length > 0
  const found: {place: number; resource: Resource; key: string}[] = []
  for (const [place, resource] of resourcesOf(fleet, isSorted ? 0 : after)) {
    const valuesOf = (field: SearchField) => valuesByField[field](resource, look)
    if (!fits(valuesOf)) continue
    found.push({place, resource, key: sort.map(field => valuesOf(field).join()).join('\n')})
    if (!isSorted && found.length === limit) break
  }
  if (!isSorted) return found
  found.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  // A sorted list has no lasting places: the cursor counts.
  return found.slice(after, after + limit).map(({resource}, index) => ({resource, place: after + index + 1}))
}

/** Reads the parameters of the URL. Throws 400 for a wrong one, and 501 for one that the sandbox does not simulate. */
function readParameters(c: ApiRequest, account: string): {limit: number; sort: SearchField[]; isOwn: boolean} {
  const {limit: _limit, sort = '', account_id: asked, timeout: _timeout, ...others} = c.req.query()
  const limit = readCount(c.req.query(), 'limit', defaultLimit, maximumLimit)
  readCount(c.req.query(), 'timeout', 0, Number.MAX_SAFE_INTEGER, 0)
  // False is the default of all these.
  const [other] = Object.entries(others).find(([, value]) => value !== 'false') ?? []
  if (other !== undefined) throw notSimulated(`the parameter ${other} of the search`)
  const names = sort === '' ? [] : sort.split(',')
  // Only what the caller may view is returned: nothing of another account.
  return {limit, sort: fieldsIn(names), isOwn: asked === undefined || asked === account}
}

/** Reads what to search for: a query and fields, or a cursor, which makes the body's other properties ignored. Throws 400. */
async function readSearch(c: ApiRequest): Promise<Search> {
  const {query = '*', fields = defaultFields, search_cursor: cursor, ...others} = await readObject(c)
  if (cursor !== undefined) {
    const search = typeof cursor === 'string' ? searchOf(cursor) : undefined
    if (search !== undefined) return search
    throw fieldError('validation_failed', 'search_cursor', cursor)
  }
  const [other] = Object.keys(others)
  if (other !== undefined) throw fieldError('invalid_request_field', other)
  if (typeof query !== 'string') throw fieldError('validation_invalid_field_type', 'query', query)
  if (!isTexts(fields)) throw fieldError('validation_invalid_field_type', 'fields', fields)
  // A wrong search is refused even where there is nothing to search through.
  parseQuery(query)
  fieldsIn(fields)
  return {query, fields, after: 0}
}

function cursorOf({query, fields, after}: Search): string {
  return Buffer.from(JSON.stringify([query, fields, after])).toString('base64url')
}

function searchOf(cursor: string): Search | undefined {
  try {
    const [query, fields, after]: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (typeof query !== 'string' || !isTexts(fields) || typeof after !== 'number') return undefined
    return {query, fields, after}
  } catch {
    // It is none of ours, which the caller then says.
    return undefined
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}
