import {type Context, Hono} from 'hono'
import {checkNameIsFree, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {pageOf, readPage} from '../core/paging.ts'
import {readName, readObject, unknownField} from '../core/patch-fields.ts'
import type {TemplateRecord} from '../core/records.ts'
import {templateBody} from './template-body.ts'

/** Reads a patch of an instance template: nothing but `name` can be changed (IBM/vpc-node-sdk vpc/v1.ts `updateInstanceTemplate`). Throws 400. */
function readTemplatePatch(text: string): {name?: string} {
  const {name, ...others} = readObject(text)
  const [stranger] = Object.keys(others)
  if (stranger !== undefined) throw unknownField(stranger)
  return name === undefined ? {} : {name: readName(name)}
}

/** `/instance/templates`: list, get and update. No ETags: IBM's SDK names neither ETag nor `If-Match` for them. */
export function templateRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const find = (c: Context<Environment>): TemplateRecord => {
    const id = c.req.param('id') ?? ''
    const record = fleet.templates.find(c.get('region').name, id)
    if (record === undefined) throw notFound('id', id)
    return record
  }

  // The operation has neither `start` nor `limit` in IBM's SDK, although the collection's type has `next`: who asks for
  // no limit gets all of them.
  routes.get('/instance/templates', c => {
    const query = c.req.query()
    const rows = fleet.templates.of(c.get('region').name)
    const isWhole = query.limit === undefined && query.start === undefined
    const request = isWhole ? {limit: Math.max(50, rows.length), after: 0} : readPage(query, 'templates')
    const link = {url: `${c.get('base')}/instance/templates`, query, kind: 'templates'}
    const {rows: shown, page} = pageOf(rows, each => each.order, request, link)
    return c.json({...page, templates: shown.map(each => templateBody(each, c.get('base')))})
  })

  routes.get('/instance/templates/:id', c => c.json(templateBody(find(c), c.get('base'))))

  routes.patch('/instance/templates/:id', async c => {
    const {id} = find(c)
    const {name} = readTemplatePatch(await c.req.text())
    const record = await fleet.templates.update(c.get('region').name, id, current => {
      if (name === undefined || name === current.name) return undefined
      checkNameIsFree(name, fleet.templates.named(current.region, name))
      return {name}
    })
    if (record === undefined) throw notFound('id', id)
    return c.json(templateBody(record, c.get('base')))
  })
  return routes
}
