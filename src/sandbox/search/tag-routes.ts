import {Hono} from 'hono'
import type {Account, Accounts} from '../accounts/accounts.ts'
import {ApiError, fieldError, notFound, parameterError} from '../core/api-error.ts'
import type {ApiRequest} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {readCount} from '../core/paging.ts'
import type {TagType} from '../core/records.ts'
import type {SimulatedCloud} from '../core/simulated-cloud.ts'
import {readObject} from '../vpc/request-body.ts'
import {findByCrn, resourcesOf, updateTags} from './resources.ts'
import {attachedTags, isSameTag, isTagName, mostTags, tagTypes, withoutTags, withTags} from './tags.ts'

// IBM/platform-services-node-sdk global-tagging/v1.ts states neither: they are the sandbox's guess.
const defaultLimit = 100
const maximumLimit = 1000

/**
 * `GET /v3/tags`, `POST /v3/tags` for access tags, `/v3/tags/attach` and `/v3/tags/detach`, at once, unlike the index of
 * the search (IBM/platform-services-node-sdk global-tagging/v1.ts). Codes and messages are the sandbox's.
 */
export function tagRoutes(accounts: Accounts): Hono<Environment> {
  const routes = new Hono<Environment>()
  const access = new AccessTags()

  routes.get('/v3/tags', c => accounts.serve(c, account => listTags(c, account, access)))
  routes.post('/v3/tags', c =>
    accounts.serve(c, async ({id, cloud}) => {
      const type = readType(c, id, 'access')
      if (type !== 'access') throw parameterError('validation_enum', 'tag_type', type)
      const names = await readNames(c, ['tag_names'])
      // "true if the tag was not created (for example, the tag already exists)"
      return c.json({results: names.map(name => ({tag_name: name, is_error: !access.add(cloud, name)}))})
    }),
  )
  for (const [path, change] of [['/v3/tags/attach', withTags] as const, ['/v3/tags/detach', withoutTags] as const]) {
    routes.post(path, c =>
      accounts.serve(c, async ({id, cloud}) => {
        const type = readType(c, id, 'user')
        const {resources, names} = await readChange(c)
        const needsAccessTags = type === 'access' && change === withTags
        const unknown = names.find(name => needsAccessTags && !access.has(cloud, name))
        const results = []
        for (const crn of resources) {
          const message =
            unknown === undefined
              ? await changeTags(cloud, crn, type, tags => change(tags, type, names, cloud.clock()))
              : `The access tag ${unknown} does not exist.`
          results.push({resource_id: crn, is_error: message !== undefined, ...(message !== undefined && {message})})
        }
        return c.json({results})
      }),
    )
  }
  routes.all('/v3/*', c => {
    throw notSimulated(`${c.req.method} ${c.req.path.replace(/^.*(?=\/v3)/, '')}`)
  })
  return routes
}

/** Changes the tags of a resource. Resolves to why that was not possible, if it was not. */
async function changeTags(
  {fleet}: SimulatedCloud,
  crn: string,
  type: TagType,
  change: (tags: Parameters<typeof withTags>[0]) => ReturnType<typeof withTags>,
): Promise<string | undefined> {
  const resource = findByCrn(fleet, crn)
  if (resource === undefined) return 'The resource does not exist, or cannot be accessed.'
  let isTooMany = false
  await updateTags(fleet, resource, tags => {
    const changed = change(tags)
    isTooMany = attachedTags(changed, type).length > mostTags[type]
    return isTooMany ? undefined : changed
  })
  return isTooMany ? `A resource has at most ${mostTags[type]} ${type} tags.` : undefined
}

/** The access tags of accounts, which are made before they are attached: those that the fleet has, and those made since. */
class AccessTags {
  readonly #made = new WeakMap<SimulatedCloud, string[]>()

  has(cloud: SimulatedCloud, name: string): boolean {
    return this.of(cloud).some(each => isSameTag(each, name))
  }

  of(cloud: SimulatedCloud): string[] {
    const all = this.#made.get(cloud) ?? distinct(namesOf(cloud, 'access'))
    this.#made.set(cloud, all)
    return all
  }

  /** False where it is there already, or where the account has as many as it may (250: ibm-cloud-docs/account tagging_resources.md). */
  add(cloud: SimulatedCloud, name: string): boolean {
    const all = this.of(cloud)
    if (this.has(cloud, name) || all.length >= mostTags.access) return false
    all.push(name)
    return true
  }
}

function listTags(c: ApiRequest, {id, cloud}: Account, access: AccessTags): Response {
  const {attached_to: crn, order_by_name: order, attached_only: isAttached} = c.req.query()
  const type = readType(c, id, 'user')
  if (c.req.query('full_data') === 'true') throw notSimulated('the parameter full_data')
  const providers = (c.req.queries('providers') ?? []).flatMap(each => each.split(','))
  if (providers.some(each => each !== 'ghost')) throw notSimulated('other providers than ghost')
  // "When using this parameter, you must specify the appropriate provider". Tags of other types have one alone.
  if (crn !== undefined && type === 'user' && providers.length === 0) {
    throw parameterError('validation_required_field', 'providers')
  }
  const limit = readCount(c.req.query(), 'limit', defaultLimit, maximumLimit)
  const offset = readCount(c.req.query(), 'offset', 0, Number.MAX_SAFE_INTEGER, 0)
  const names = namesOf(cloud, type, crn)
  const withUnused = type === 'access' && crn === undefined && isAttached !== 'true'
  const all = distinct(withUnused ? [...names, ...access.of(cloud)] : names)
  if (order !== undefined) {
    if (order !== 'asc' && order !== 'desc') throw parameterError('validation_enum', 'order_by_name', order)
    all.sort((a, b) => (order === 'asc' ? 1 : -1) * (a < b ? -1 : a > b ? 1 : 0))
  }
  const items = all.slice(offset, offset + limit).map(name => ({name}))
  return c.json({total_count: all.length, offset, limit, items})
}

/** The attached tags of a type: of one resource, or of all. Throws 404 for a resource that there is not. */
function namesOf({fleet}: SimulatedCloud, type: TagType, crn?: string): string[] {
  if (crn === undefined) return [...resourcesOf(fleet)].flatMap(([, {record}]) => attachedTags(record.tags, type))
  const resource = findByCrn(fleet, crn)
  if (resource === undefined) throw notFound('attached_to', crn)
  return attachedTags(resource.record.tags, type)
}

/** Each name once, whatever its case. */
function distinct(names: readonly string[]): string[] {
  return [...new Map(names.map(each => [each.toLowerCase(), each])).values()]
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
  if (other !== undefined) throw notSimulated(`the parameter ${other}`)
  const {resources, query} = await readObject(c)
  if (query !== undefined) throw notSimulated('a query in place of resources')
  const names = await readNames(c, ['tag_name', 'tag_names', 'resources'])
  const read = listIn('resources', resources).map((each, index) => {
    const id = typeof each === 'object' && each !== null && 'resource_id' in each ? each.resource_id : undefined
    if (typeof id === 'string') return id
    throw fieldError('validation_invalid_field_type', `resources[${index}].resource_id`, id)
  })
  return {resources: read, names}
}

/** Reads the names of tags from a body with these properties. Throws 400. */
async function readNames(c: ApiRequest, properties: string[]): Promise<string[]> {
  const body = await readObject(c)
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

function notSimulated(what: string): ApiError {
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate ${what} of Global Tagging.`)
}
