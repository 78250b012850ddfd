import {createHmac, randomUUID} from 'node:crypto'
import {createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {answerBeside, besideCallOf} from './beside-vpc.ts'
import {type Asked, type Call, isRow, type Reply, refusal, tokenAnswer} from './wire.ts'
import {makeWorld, type Place, type Row, type World, worldOf} from './world.ts'

/** How a row bends the fake cloud. Without any of it, all is as the contract says. */
export interface Bend {
  /** Edits what the cloud holds, before vpcmd starts. */
  world?: (world: World, cloud: FakeCloud) => void
  /** Answers in the cloud's place; nothing happens in the cloud then. */
  answer?: (asked: Asked, cloud: FakeCloud) => Reply | undefined
  /** Edits an honest JSON answer on its way; what it returns, if anything, goes in its place. */
  change?: (asked: Asked, body: Row, cloud: FakeCloud) => unknown
  /** Answers in place of an honest answer, after what was asked has happened in the cloud. */
  afterwards?: (asked: Asked, reply: Reply, cloud: FakeCloud) => Reply | undefined
}

export interface FakeCloud {
  origin: string
  /** Another origin on this machine, which nobody may ask anything. */
  trap: string
  world: World
  bend: Bend
  asked: Asked[]
  trapped: {method: string; url: string; headers: IncomingHttpHeaders}[]
  /** Every PATCH that changed something, in order. */
  changes: {id: string; before: unknown; after: unknown}[]
  actions: {id: string; type: string}[]
  /** Every instance that was sent, as a row or as the answer, by its ID. */
  sent: Map<string, Row[]>
  /** Every answer of a service beside the VPC API that was JSON, in order. */
  told: {asked: Asked; body: Row}[]
  secrets: string[]
  close: () => Promise<void>
}

export const apiKey = 'hostile-api-key-Zq7PXw93LmVnT2'

/** Starts a fake IBM Cloud (IAM, regions and VPC API, from the contract) on a free port of 127.0.0.1. */
export async function startCloud(bend: Bend): Promise<FakeCloud> {
  const trapped: FakeCloud['trapped'] = []
  const trapServer = createServer((request, response) => {
    trapped.push({method: request.method ?? '', url: request.url ?? '', headers: request.headers})
    response.writeHead(200, {'content-type': 'application/json'}).end('{}')
  })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => serve(cloud, request, Buffer.concat(chunks).toString(), response))
  })
  const [origin, trap] = await Promise.all([listen(server), listen(trapServer)])
  const cloud: FakeCloud = {
    origin,
    trap,
    world: makeWorld(origin),
    bend,
    asked: [],
    trapped,
    changes: [],
    actions: [],
    sent: new Map(),
    told: [],
    secrets: [apiKey],
    close: async () => {
      for (const each of [server, trapServer]) {
        each.closeAllConnections()
        await new Promise(resolve => each.close(resolve))
      }
    },
  }
  bend.world?.(cloud.world, cloud)
  return cloud
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )
}

function serve(cloud: FakeCloud, request: IncomingMessage, body: string, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', cloud.origin)
  const method = request.method ?? ''
  const nth = 1 + cloud.asked.filter(other => other.method === method && other.url.pathname === url.pathname).length
  const {headers} = request
  const asked: Asked = {
    ...callOf(method, url.pathname, body),
    account: accountOf(headers),
    method,
    url,
    body,
    headers,
    nth,
  }
  cloud.asked.push(asked)
  const reply = cloud.bend.answer?.(asked, cloud) ?? answerHonestly(cloud, asked)
  send(cloud, asked, reply, response)
}

function send(cloud: FakeCloud, asked: Asked, reply: Reply, response: ServerResponse): void {
  // A row asks for a wrong length, a cut answer or silence in `act`, which then does all of the answering.
  if (reply.act) {
    reply.act(response)
    return
  }
  const raw = reply.raw ?? (reply.body === undefined ? '' : JSON.stringify(reply.body))
  remember(cloud, asked, raw)
  const headers = {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(raw))}
  try {
    response.writeHead(reply.status ?? 200, {...headers, 'x-request-id': randomUUID(), ...reply.headers})
  } catch (error) {
    response.destroy()
    throw error
  }
  response.end(asked.method === 'HEAD' ? '' : raw)
}

function remember(cloud: FakeCloud, asked: Asked, raw: string | Buffer): void {
  let body: unknown
  try {
    body = JSON.parse(raw.toString().replace(/^\uFEFF/, ''))
  } catch {
    return
  }
  if (!isRow(body)) return
  if (asked.call === 'search' || asked.call === 'tags' || asked.call === 'accounts') {
    cloud.told.push({asked, body})
    return
  }
  if (asked.call === 'token' || asked.call === 'assume') {
    for (const name of ['access_token', 'refresh_token'])
      if (typeof body[name] === 'string' && body[name] !== 'not_supported' && body[name].length > 8)
        cloud.secrets.push(body[name])
    return
  }
  if (asked.call !== 'instances' && asked.call !== 'instance' && asked.call !== 'patch') return
  const rows: unknown[] = Array.isArray(body.instances) ? body.instances : []
  for (const row of [body, ...rows])
    if (isRow(row) && typeof row.id === 'string') cloud.sent.set(row.id, [...(cloud.sent.get(row.id) ?? []), row])
}

/** The account of the token that a request shows. */
function accountOf({authorization = ''}: IncomingHttpHeaders): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString())
    return isRow(claims) && isRow(claims.account) ? String(claims.account.bss) : undefined
  } catch {
    return undefined
  }
}

function callOf(method: string, path: string, body: string): {call: Call; region?: string; id?: string} {
  const beside = besideCallOf(method, path, body)
  if (beside) return {call: beside}
  if (path === '/identity/token') return {call: 'token'}
  if (path === '/v1/regions') return {call: 'regions'}
  const [, region, version, ...rest] = path.split('/')
  if (version !== 'v1' || !region) return {call: 'other'}
  const [kind, id, sub] = rest
  if (kind === 'regions' && id === undefined) return {call: 'regions', region}
  if (kind === 'instances' && id === undefined && method === 'GET') return {call: 'instances', region}
  if (kind === 'instances' && id && sub === undefined && method === 'GET') return {call: 'instance', region, id}
  if (kind === 'instances' && id && sub === undefined && method === 'PATCH') return {call: 'patch', region, id}
  if (kind === 'instances' && id && sub === 'actions' && method === 'POST') return {call: 'actions', region, id}
  if (kind === 'instance' && id === 'templates' && method === 'GET') return {call: 'templates', region}
  if (kind === 'bare_metal_servers' && method === 'PATCH' && id) return {call: 'patch_bare_metal', region, id}
  if (kind === 'bare_metal_servers' && method === 'GET' && sub === undefined)
    return id ? {call: 'bare_metal_server', region, id} : {call: 'bare_metal_servers', region}
  if ((kind === 'floating_ips' || kind === 'vpcs') && id === undefined && method === 'GET') return {call: kind, region}
  if (kind === 'images' && id && method === 'GET') return {call: 'image', region, id}
  return {call: 'other', region}
}

function answerHonestly(cloud: FakeCloud, asked: Asked): Reply {
  let reply = honestAnswer(cloud, asked)
  const changed = cloud.bend.change && isRow(reply.body) ? structuredClone(reply.body) : undefined
  if (cloud.bend.change && changed && (reply.status ?? 200) < 300) {
    const body = cloud.bend.change(asked, changed, cloud)
    reply = {...reply, body: body === undefined ? changed : body}
  }
  return cloud.bend.afterwards?.(asked, reply, cloud) ?? reply
}

function honestAnswer(cloud: FakeCloud, asked: Asked): Reply {
  if (asked.call === 'token') return issueToken(asked)
  const beside = answerBeside(cloud.world, asked)
  if (beside) return beside
  const bearer = asked.headers.authorization?.replace(/^Bearer /, '')
  if (!bearer) return refusal(401, 'not_authenticated', 'The request has no token.')
  if (!asked.url.searchParams.get('version') || asked.url.searchParams.get('generation') !== '2')
    return refusal(400, 'missing_version', 'The query parameters version and generation=2 are needed.')
  if (asked.call === 'regions') return {body: {regions: cloud.world.regions}}
  const place = asked.region ? worldOf(cloud.world, asked.account).places.get(asked.region) : undefined
  if (!place) return refusal(404, 'not_found', 'There is nothing here.')
  if (asked.call === 'instances') return page(asked, 'instances', place.instances.filter(matcherOf(asked)))
  if (asked.call === 'floating_ips') return page(asked, 'floating_ips', place.floatingIps)
  if (asked.call === 'vpcs') return page(asked, 'vpcs', place.vpcs)
  if (asked.call === 'templates') return page(asked, 'templates', place.templates)
  if (asked.call === 'bare_metal_servers') return page(asked, 'bare_metal_servers', place.bareMetalServers)
  const row = rowOf(place, asked)
  if (!row) return refusal(404, 'not_found', `${asked.url.pathname} was not found.`)
  if (asked.call === 'patch' || asked.call === 'patch_bare_metal') return patch(cloud, asked, row)
  if (asked.call === 'actions') return act(cloud, asked, row)
  return {headers: {etag: etagOf(row)}, body: row}
}

function rowOf(place: Place, asked: Asked): Row | undefined {
  if (asked.call === 'image') return place.images.find(row => row.id === asked.id)
  const bare = asked.call === 'bare_metal_server' || asked.call === 'patch_bare_metal'
  return (bare ? place.bareMetalServers : place.instances).find(row => row.id === asked.id)
}

function issueToken(asked: Asked): Reply {
  if (new URLSearchParams(asked.body).get('apikey') === apiKey) return {body: tokenAnswer()}
  return {
    status: 400,
    body: {context: {}, errorCode: 'BXNIM0415E', errorMessage: 'Provided API key could not be found.'},
  }
}

function matcherOf(asked: Asked): (row: Row) => boolean {
  const wanted = [...asked.url.searchParams].filter(([name]) => /^(name|(vpc|resource_group)\.\w+)$/.test(name))
  return row => wanted.every(([name, value]) => name.split('.').reduce<unknown>(fieldOf, row) === value)
}

function fieldOf(value: unknown, name: string): unknown {
  return isRow(value) ? value[name] : undefined
}

function page(asked: Asked, name: string, rows: Row[]): Reply {
  const limit = Math.min(100, Number(asked.url.searchParams.get('limit') ?? 50))
  const from = Number(Buffer.from(asked.url.searchParams.get('start') ?? '', 'base64url').toString() || 0)
  const href = (start?: number) => {
    const url = new URL(asked.url)
    url.searchParams.delete('start')
    if (start !== undefined) url.searchParams.set('start', Buffer.from(String(start)).toString('base64url'))
    return {href: url.href}
  }
  const next = from + limit < rows.length ? {next: href(from + limit)} : {}
  return {body: {first: href(), limit, ...next, total_count: rows.length, [name]: rows.slice(from, from + limit)}}
}

function etagOf(row: Row): string {
  return `W/"${createHmac('sha256', 'etag').update(JSON.stringify(row)).digest('hex').slice(0, 16)}"`
}

function patch(cloud: FakeCloud, asked: Asked, row: Row): Reply {
  const match = asked.headers['if-match']
  if (match && match !== '*' && match !== etagOf(row))
    return refusal(412, 'precondition_failed', 'The resource has changed since.')
  const body: unknown = JSON.parse(asked.body)
  const wanted = isRow(body) && isRow(body.metadata_service) ? body.metadata_service : {}
  const before = structuredClone(row.metadata_service)
  const after = {...(isRow(row.metadata_service) ? row.metadata_service : {}), ...wanted}
  row.metadata_service = after
  if (JSON.stringify(before) !== JSON.stringify(after)) cloud.changes.push({id: String(row.id), before, after})
  return {headers: {etag: etagOf(row)}, body: structuredClone(row)}
}

function act(cloud: FakeCloud, asked: Asked, row: Row): Reply {
  const body: unknown = JSON.parse(asked.body)
  const type = isRow(body) ? String(body.type) : ''
  cloud.actions.push({id: String(row.id), type})
  const [meanwhile, then] = type === 'stop' ? ['stopping', 'stopped'] : ['starting', 'running']
  row.status = meanwhile
  setTimeout(() => {
    row.status = then
  }, 50).unref()
  const id = randomUUID()
  const href = `${String(row.href)}/actions/${id}`
  return {status: 201, body: {created_at: new Date().toISOString(), force: false, href, id, status: 'pending', type}}
}
