import {Hono} from 'hono'
import {type PageRequest, pageOf, placeOfToken} from '../core/paging.ts'
import {
  clusterNetworkAttachments,
  metadataInitialization,
  metadataInstance,
  metadataKeys,
  networkAttachments,
  networkInterfaces,
  placementGroups,
  type Subject,
  softwareAttachments,
  virtualNetworkInterfaces,
  volumeAttachments,
} from './metadata-bodies.ts'
import type {MetadataCloud, MetadataContext, MetadataEnvironment} from './metadata-environment.ts'
import {MetadataError, unauthenticated} from './metadata-error.ts'
import {checkQuery, readBearer} from './metadata-request.ts'

type Rows = (subject: Subject) => Record<string, unknown>[]

const lists: Record<string, Rows> = {
  'instance/cluster_network_attachments': clusterNetworkAttachments,
  'instance/network_attachments': networkAttachments,
  'instance/network_interfaces': networkInterfaces,
  'instance/software_attachments': ({record}) => softwareAttachments(record),
  'instance/volume_attachments': volumeAttachments,
  keys: metadataKeys,
  placement_groups: placementGroups,
  virtual_network_interfaces: virtualNetworkInterfaces,
}

// Those that come in pages.
const paged = new Set(['placement_groups', 'virtual_network_interfaces'])
const mostOnPage = 100

function readPage({limit: text = '50', start}: Record<string, string>, kind: string): PageRequest {
  const refuse = (name: string, value: string, rule: string) => {
    const message = `The value provided for the \`${name}\` query parameter must be ${rule}.`
    return new MetadataError(400, 'invalid_value', message, {name, type: 'parameter', value})
  }
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > mostOnPage) throw refuse('limit', text, `between \`1\` and \`${mostOnPage}\``)
  if (start === undefined) return {limit, after: 0}
  const after = placeOfToken(kind, start)
  if (after === undefined) throw refuse('start', start, 'from the `next` of a page')
  return {limit, after}
}

/** `GET /metadata/v1/…`: all that an instance can learn about itself. */
export function metadataRoutes({tokens, clock}: MetadataCloud): Hono<MetadataEnvironment> {
  const routes = new Hono<MetadataEnvironment>()
  const enter = async (c: MetadataContext, alsoAllowed: readonly string[] = []): Promise<Subject> => {
    checkQuery(c, clock(), alsoAllowed)
    const subject = c.get('subject')
    if (!(await tokens.isValid(readBearer(c), subject.record.id, clock() / 1000))) throw unauthenticated()
    return subject
  }
  routes.get('/instance', async c => c.json(metadataInstance(await enter(c))))
  routes.get('/instance/initialization', async c => c.json(metadataInitialization(await enter(c))))
  for (const [path, rowsOf] of Object.entries(lists)) {
    const name = path.replace('instance/', '')
    const pages = paged.has(name)
    routes.get(`/${path}`, async c => {
      const rows = rowsOf(await enter(c, pages ? ['start', 'limit'] : []))
      if (!pages) return c.json({[name]: rows})
      const query = c.req.query()
      const url = `${new URL(c.req.url).origin}/metadata/v1/${path}`
      const link = {url, query, kind: name}
      const {rows: shown, page} = pageOf(rows, (_row, index) => index + 1, readPage(query, name), link)
      return c.json({...page, [name]: shown})
    })
    routes.get(`/${path}/:id`, async c => {
      const id = c.req.param('id')
      const found = rowsOf(await enter(c)).find(each => each.id === id)
      if (found !== undefined) return c.json(found)
      const what = name.replaceAll('_', ' ').replace(/s$/, '')
      const message = `${what.charAt(0).toUpperCase()}${what.slice(1)} not found.`
      throw new MetadataError(404, 'not_found', message, {name: 'id', type: 'parameter', value: id})
    })
  }
  return routes
}
