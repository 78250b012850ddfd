import {Hono} from 'hono'
import type {Account, Accounts} from '../accounts/accounts.ts'
import {ApiError, fieldError, notSimulated, parameterError} from '../core/api-error.ts'
import type {ApiRequest} from '../core/collection.ts'
import type {Environment, SimulatedCloud} from '../core/environment.ts'
import {readCount} from '../core/paging.ts'
import type {TagType} from '../core/records.ts'
import {readObject} from '../vpc/request-body.ts'
import {changeTags, distinct, isSameTag, isTagName, mostTags, namesOf, tagTypes} from './resources.ts'

// IBM/platform-services-node-sdk global-tagging/v1.ts states neither: they are the sandbox's guess.
const defaultLimit = 100
const maximumLimit = 1000

const unknown = (what: string) => notSimulated(`${what} of Global Tagging`)

/**
 * `GET /v3/tags`, `POST /v3/tags` for access tags, `/v3/tags/attach` and `/v3/tags/detach`, at once, unlike the index of
 * the search (IBM/platform-services-node-sdk global-tagging/v1.ts). Codes and messages are the sandbox's.
 */
export function tagRoutes(accounts: Accounts): Hono<Environment> {
  const routes = new Hono<Environment>()
  const made = new WeakMap<SimulatedCloud, string[]>()
  /** The access tags of an account, which are made before they are attached: those that the fleet has, and those made since. */
  const accessTags = (cloud: SimulatedCloud): string[] => {
    const all = made.get(cloud) ?? distinct(namesOf(cloud, 'access'))
    made.set(cloud, all)
    return all
  }
  const isMade = (cloud: SimulatedCloud, name: string) => accessTags(cloud).some(each => isSameTag(each, name))

  routes.get('/v3/tags', c => accounts.serve(c, account => listTags(c, account, accessTags)))
  routes.post('/v3/tags', c =>
    accounts.serve(c, async ({id, cloud}) => {
      const type = readType(c, id, 'access')
      if (type !== 'access') throw parameterError('validation_enum', 'tag_type', type)
      const results = readNames(await readObject(c), ['tag_names']).map(name => {
        // "true if the tag was not created (for example, the tag already exists)"; an account has 250 at most
        // (ibm-cloud-docs/account tagging_resources.md).
        const isError = isMade(cloud, name) || accessTags(cloud).length >= mostTags.access
        if (!isError) accessTags(cloud).push(name)
        return {tag_name: name, is_error: isError}
      })
      return c.json({results})
    }),
  )
  for (const change of ['attach', 'detach'] as const) {
    routes.post(`/v3/tags/${change}`, c =>
      accounts.serve(c, async ({id, cloud}) => {
        const type = readType(c, id, 'user')
        const {resources, names} = await readChange(c)
        const needsMade = type === 'access' && change === 'attach'
        const missing = needsMade ? names.find(name => !isMade(cloud, name)) : undefined
        const results = []
        for (const crn of resources) {
          const message =
            missing === undefined
              ? await changeTags(cloud, crn, change, type, names)
              : `The access tag ${missing} does not exist.`
          results.push({resource_id: crn, is_error: message !== undefined, ...(message !== undefined && {message})})
        }
        return c.json({results})
      }),
    )
  }
  routes.all('/v3/*', c => {
    throw unknown(`${c.req.method} ${c.req.path.replace(/^.*(?=\/v3)/, '')}`)
  })
  return routes
}

function listTags(c: ApiRequest, {id, cloud}: Account, accessTags: (cloud: SimulatedCloud) => string[]): Response {
  const {attached_to: crn, order_by_name: order, attached_only: isAttached} = c.req.query()
  const type = readType(c, id, 'user')
  if (c.req.query('full_data') === 'true') throw unknown('the parameter full_data')
  const providers = (c.req.queries('providers') ?? []).flatMap(each => each.split(','))
  if (providers.some(each => each !== 'ghost')) throw unknown('other providers than ghost')
  // "When using this parameter, you must specify the appropriate provider". Tags of other types have one alone.
  if (crn !== undefined && type === 'user' && providers.length === 0) {
    throw parameterError('validation_required_field', 'providers')
  }
  const limit = readCount(c.req.query(), 'limit', defaultLimit, maximumLimit)
  const offset = readCount(c.req.query(), 'offset', 0, Number.MAX_SAFE_INTEGER, 0)
  const names = namesOf(cloud, type, crn)
  const withUnused = type === 'access' && crn === undefined && isAttached !== 'true'
  const all = distinct(withUnused ? [...names, ...accessTags(cloud)] : names)
  if (order !== undefined) {
    if (order !== 'asc' && order !== 'desc') throw parameterError('validation_enum', 'order_by_name', order)
    all.sort((a, b) => (order === 'asc' ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0))
  }
  const items = all.slice(offset, offset + limit).map(name => ({name}))
  return c.json({total_count: all.length, offset, limit, items})
}

/** The type of tags that a request is about. Throws 400 for a wrong one, 403 where it names another account than the token's. */
function readType(c: ApiRequest, account: string, otherwise: TagType): TagType {
  const {tag_type: asked = otherwise, account_id: of} = c.req.query()
  const type = tagTypes.find(each => each === asked)
  if (type === undefined) throw parameterError('validation_enum', 'tag_type', asked)
  // "This parameter is required if `tag_type` is set to `service`."
  if (type === 'service' && of === undefined) throw parameterError('validation_required_field', 'account_id')
  if (of === undefined || of === account) return type
  const target = {name: 'account_id', type: 'parameter', value: of} as const
  throw new ApiError(403, 'not_authorized', 'The token is for another account.', target)
}

/** Reads what to attach to what. Throws 400 for what is wrong, 501 for what the sandbox does not simulate. */
async function readChange(c: ApiRequest): Promise<{resources: string[]; names: string[]}> {
  const other = ['replace', 'update'].find(name => c.req.query(name) === 'true')
  if (other !== undefined) throw unknown(`the parameter ${other}`)
  const body = await readObject(c)
  if (body.query !== undefined) throw unknown('a query in place of resources')
  const names = readNames(body, ['tag_name', 'tag_names', 'resources'])
  const resources = listIn('resources', body.resources).map((each, index) => {
    const id = (each as {resource_id?: unknown} | null)?.resource_id
    if (typeof id === 'string') return id
    throw fieldError('validation_invalid_field_type', `resources[${index}].resource_id`, id)
  })
  return {resources, names}
}

/** Reads the names of tags from a body with these properties. Throws 400. */
function readNames(body: Record<string, unknown>, properties: string[]): string[] {
  const other = Object.keys(body).find(each => !properties.includes(each))
  if (other !== undefined) throw fieldError('invalid_request_field', other)
  const {tag_name: one, tag_names: several = one === undefined ? undefined : [one]} = body
  return listIn('tag_names', several).map(each => {
    if (typeof each === 'string' && isTagName(each)) return each
    const message = 'A tag has 1 to 128 letters, digits, spaces, and _ - . : alone.'
    throw fieldError('validation_failed', 'tag_names', each, message)
  })
}

function listIn(name: string, value: unknown): unknown[] {
  if (value === undefined) throw fieldError('validation_required_field', name)
  if (Array.isArray(value) && value.length > 0) return value
  throw fieldError('validation_invalid_field_type', name, value)
}
