import {type Asked, type BesideCall, isRow, type Reply, tokenAnswer} from './wire.ts'
import {type Row, type World, worldOf} from './world.ts'

/** Which of these a request asks; undefined for another one. */
export function besideCallOf(method: string, path: string, body: string): BesideCall | undefined {
  if (path === '/identity/token') return grantIn(body) === 'assume' ? 'assume' : undefined
  if (path === '/enterprise/v1/accounts' && method === 'GET') return 'accounts'
  if (path === '/search/v3/resources/search' && method === 'POST') return 'search'
  if (path === '/tagging/v3/tags' && method === 'GET') return 'tags'
  return undefined
}

function grantIn(body: string): string | undefined {
  return new URLSearchParams(body).get('grant_type')?.split(':').at(-1)
}

/** The account that a request to assume a profile names. */
export function accountIn(asked: Asked): string | undefined {
  return new URLSearchParams(asked.body).get('account') ?? undefined
}

/** The honest answer to one of these, from the contract; undefined for another request. */
export function answerBeside(world: World, asked: Asked): Reply | undefined {
  if (asked.call === 'assume') return assume(world, asked)
  if (asked.call !== 'accounts' && asked.call !== 'search' && asked.call !== 'tags') return undefined
  if (asked.account === undefined) return {status: 401, body: {message: 'The request has no token.'}}
  if (asked.call === 'accounts') return listAccounts(world, asked)
  return asked.call === 'search' ? search(world, asked) : listTags(world, asked)
}

function assume(world: World, asked: Asked): Reply {
  const form = new URLSearchParams(asked.body)
  const id = form.get('account') ?? ''
  if (form.get('access_token') && form.get('profile_name') === 'auditor' && world.accounts.some(row => row.id === id))
    return {body: profileToken(id)}
  return {
    status: 400,
    body: {errorCode: 'BXNIM0490E', errorMessage: 'The trusted profile is not found.', context: {requestId: 'req-1'}},
  }
}

/** IAM's answer with a token of the profile in an account, with these claims besides. */
export function profileToken(id: unknown, claims: Row = {}): Row {
  const iamId = 'iam-Profile-12345678-1234-1234-1234-123456789012'
  return tokenAnswer({iam_id: iamId, id: iamId, account: {valid: true, bss: id, frozen: true}, ...claims})
}

function listAccounts(world: World, asked: Asked): Reply {
  const {searchParams} = asked.url
  const limit = Math.min(100, Number(searchParams.get('limit') ?? 100))
  const from = Number(searchParams.get('next_docid') ?? 0)
  const resources = world.accounts.slice(from, from + limit)
  const next =
    from + limit < world.accounts.length ? `/v1/accounts?limit=${limit}&next_docid=${from + limit}` : undefined
  return {body: {rows_count: resources.length, ...(next && {next_url: next}), resources}}
}

function search(world: World, asked: Asked): Reply {
  const body: unknown = JSON.parse(asked.body)
  const query = isRow(body) ? String(body.query) : ''
  const from = isRow(body) && typeof body.search_cursor === 'string' ? Number(body.search_cursor) : 0
  const limit = Number(asked.url.searchParams.get('limit') ?? 10)
  const places = [...worldOf(world, asked.account).places.values()]
  const rows = /type:bare-metal-server/.test(query)
    ? places.flatMap(place => place.bareMetalServers)
    : places.flatMap(place => place.instances)
  const items = rows.slice(from, from + limit).map(row => ({
    crn: row.crn,
    name: row.name,
    region: isRow(row.zone) ? row.zone.name : undefined,
    ...tagsOf(world, row.id),
  }))
  return {body: {items, limit, ...(rows.length > 0 && {search_cursor: String(from + items.length)})}}
}

function tagsOf(world: World, id: unknown): Row {
  return world.tags.get(String(id)) ?? {tags: [], access_tags: [], service_tags: []}
}

function listTags(world: World, asked: Asked): Reply {
  const field = {user: 'tags', access: 'access_tags', service: 'service_tags'}[
    asked.url.searchParams.get('tag_type') ?? ''
  ]
  const id = asked.url.searchParams.get('attached_to')?.split(':')[9]
  const names = field ? tagsOf(world, id)[field] : undefined
  const items = Array.isArray(names) ? names.map(name => ({name})) : []
  return {body: {total_count: items.length, offset: 0, limit: 1000, items}}
}
