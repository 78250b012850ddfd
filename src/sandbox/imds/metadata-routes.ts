import {Hono} from 'hono'
import {ApiError} from '../core/api-error.ts'
import {type PageRequest, pageOf, placeOfToken} from '../core/paging.ts'
import {metadataLists, metadataObjects} from './metadata-bodies.ts'
import type {MetadataCloud, MetadataContext, MetadataEnvironment} from './metadata-environment.ts'
import {refusedPart} from './metadata-error.ts'
import {authorize} from './metadata-request.ts'

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
export function metadataRoutes({clock}: MetadataCloud): Hono<MetadataEnvironment> {
  const routes = new Hono<MetadataEnvironment>()
  const enter = (c: MetadataContext, alsoAllowed?: readonly string[]) => authorize(c, clock(), alsoAllowed)
  for (const [path, bodyOf] of Object.entries(metadataObjects)) {
    routes.get(`/${path}`, async c => c.json(bodyOf(await enter(c))))
  }
  for (const [path, rowsOf] of Object.entries(metadataLists)) {
    const name = path.replace('instance/', '')
    routes.get(`/${path}`, async c => {
      if (!paged.has(name)) return c.json({[name]: rowsOf(await enter(c))})
      const rows = rowsOf(await enter(c, ['start', 'limit']))
      const query = c.req.query()
      const link = {url: `${new URL(c.req.url).origin}/metadata/v1/${path}`, query, kind: name}
      const {rows: shown, page} = pageOf(rows, (_row, index) => index + 1, readPage(query, name), link)
      return c.json({...page, [name]: shown})
    })
    routes.get(`/${path}/:id`, async c => {
      const id = c.req.param('id')
      const found = rowsOf(await enter(c)).find(each => each.id === id)
      if (found !== undefined) return c.json(found)
      const what = name.replaceAll('_', ' ').replace(/s$/, '')
      const message = `${what.charAt(0).toUpperCase()}${what.slice(1)} not found.`
      throw new ApiError(404, 'not_found', message, {name: 'id', type: 'parameter', value: id})
    })
  }
  return routes
}
