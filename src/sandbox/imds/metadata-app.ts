import {RESPONSE_ALREADY_SENT} from '@hono/node-server/utils/response'
import {Hono} from 'hono'
import {ApiError} from '../core/api-error.ts'
import {limitBodies} from '../core/body-limits.ts'
import {inAccount} from '../core/ids.ts'
import {type PageRequest, pageOf, placeOfToken} from '../core/paging.ts'
import type {SeenRequest} from '../fleet/public-types.ts'
import {authorize, identityRoutes} from './identity.ts'
import {metadataLists, metadataObjects} from './metadata-bodies.ts'
import {
  type MetadataCloud,
  type MetadataEnvironment,
  type MetadataSubject,
  metadataErrorAnswer,
  noSuchPath,
  refusedPart,
} from './metadata-request.ts'

/** A connection to an instance's metadata service. */
export interface MetadataCaller {
  /** The instance's ID. */
  instance: string
  protocol: 'http' | 'https'
  /** The IP address of this machine that was called. */
  address: string
  /** Leaves the connection without an answer, as the options say. */
  leave(): void
}

/** Whose service a caller has reached, if that is on with the caller's protocol just now. */
export function subjectOf(
  {fleet, clock, transitionMs}: MetadataCloud,
  {instance, protocol}: MetadataCaller,
): MetadataSubject | undefined {
  fleet.refresh()
  const server = fleet.bareMetalServers.get(instance)
  // A bare metal server as an instance, which is what the identity service works on.
  const metadata = server && {...server.metadata, response_hop_limit: 1}
  const record = metadata
    ? {...server, metadata, action: undefined, failures: undefined}
    : fleet.instances.get(instance)
  if (record === undefined || !record.metadata.enabled || record.metadata.protocol !== protocol) return undefined
  return {kind: server ? 'bare-metal-server' : 'instance', record, fleet, now: clock(), transitionMs}
}

const ownHosts = ['169.254.169.254', 'api.metadata.cloud.ibm.com', 'localhost']

const hostOf = (header = '') =>
  header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()

/** The metadata and identity services of all instances as one Hono application; `callers` tells who is at the other end of a connection. `onRequest` is called for each request that is answered, before its answer is sent. */
export function createMetadataApp(
  cloud: MetadataCloud,
  callers: WeakMap<object, MetadataCaller>,
  onRequest?: (request: SeenRequest) => void,
): Hono<MetadataEnvironment> {
  const app = new Hono<MetadataEnvironment>()
  app.onError(error => metadataErrorAnswer(error))
  app.notFound(c => metadataErrorAnswer(noSuchPath(c.req.path)))
  app.use(async (c, next) => {
    const {incoming} = c.env
    const caller = callers.get(incoming.socket)
    // A connection outlives a change of the settings: each request looks anew.
    const subject = caller && subjectOf(cloud, caller)
    if (caller === undefined || subject === undefined) {
      caller?.leave()
      return RESPONSE_ALREADY_SENT
    }
    const host = hostOf(incoming.headers.host)
    // A web page that had its name resolve to this address must not read an instance's tokens.
    if (![...ownHosts, caller.address].includes(host)) {
      const message = 'The metadata service answers to its own host name and addresses only.'
      throw new ApiError(403, 'unauthorized', message, {name: 'Host', type: 'header', value: host})
    }
    // "Metadata that you can access is the bare metal server identity tokens and bare metal server identity certificates",
    // and IAM tokens for them, at the new paths (ibm-cloud-docs/vpc bare_metal_server_metadata_about.md).
    if (subject.kind === 'bare-metal-server' && !c.req.path.startsWith('/identity/v1/')) throw noSuchPath(c.req.path)
    c.set('subject', subject)
    await inAccount(cloud.fleet, next)
    const {pathname, search} = new URL(c.req.url)
    onRequest?.({method: c.req.method, path: pathname + search, status: c.res.status})
    return undefined
  })
  // No source shows IBM's own answer to a body that is larger than the sandbox reads.
  const bodyTooLarge = () => new ApiError(413, 'invalid_request', 'The request body is too large.')
  app.use(limitBodies(() => metadataErrorAnswer(bodyTooLarge())))
  app.route('/metadata/v1', metadataRoutes())
  app.route('/identity/v1', identityRoutes(cloud, 'iam_tokens'))
  app.route('/instance_identity/v1', identityRoutes(cloud, 'iam_token'))
  return app
}

// Those that come in pages.
const paged = new Set(['placement_groups', 'virtual_network_interfaces'])
const mostOnPage = 100

function readPage({limit: text = '50', start}: Record<string, string>, kind: string): PageRequest {
  const refuse = (name: string, value: string, rule: string) => {
    const message = `The value provided for the \`${name}\` query parameter must be ${rule}.`
    return refusedPart('parameter', name, 'invalid_value', message, value)
  }
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > mostOnPage) throw refuse('limit', text, `between \`1\` and \`${mostOnPage}\``)
  const after = start === undefined ? 0 : placeOfToken(kind, start)
  if (after === undefined) throw refuse('start', start ?? '', 'from the `next` of a page')
  return {limit, after}
}

/** `GET /metadata/v1/…`: all that an instance can learn about itself. */
function metadataRoutes(): Hono<MetadataEnvironment> {
  const routes = new Hono<MetadataEnvironment>()
  for (const [path, bodyOf] of Object.entries(metadataObjects)) {
    routes.get(`/${path}`, async c => c.json(bodyOf(await authorize(c))))
  }
  for (const [path, rowsOf] of Object.entries(metadataLists)) {
    const name = path.replace('instance/', '')
    routes.get(`/${path}`, async c => {
      if (!paged.has(name)) return c.json({[name]: rowsOf(await authorize(c))})
      const rows = rowsOf(await authorize(c, ['start', 'limit']))
      const query = c.req.query()
      const link = {url: `${new URL(c.req.url).origin}/metadata/v1/${path}`, query, kind: name}
      const {rows: shown, page} = pageOf(rows, (_row, index) => index + 1, readPage(query, name), link)
      return c.json({...page, [name]: shown})
    })
    routes.get(`/${path}/:id`, async c => {
      const id = c.req.param('id')
      const found = rowsOf(await authorize(c)).find(each => each.id === id)
      if (found !== undefined) return c.json(found)
      const what = name.replaceAll('_', ' ').replace(/s$/, '')
      const message = `${what.charAt(0).toUpperCase()}${what.slice(1)} not found.`
      throw new ApiError(404, 'not_found', message, {name: 'id', type: 'parameter', value: id})
    })
  }
  return routes
}
