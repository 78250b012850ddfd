import {Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {ApiError, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import type {FloatingIpRecord} from '../core/records.ts'
import {floatingIpTarget} from './networking.ts'
import {floatingIpBody} from './region-bodies.ts'

const floatingIpFilters: ReadonlyMap<string, (target: Record<string, unknown>) => unknown> = new Map([
  ['target.id', target => target.id],
  ['target.crn', target => target.crn],
  ['target.name', target => target.name],
  ['target.resource_type', target => target.resource_type],
])

function sortFloatingIps(records: readonly FloatingIpRecord[], sort: string | undefined): readonly FloatingIpRecord[] {
  if (sort === undefined) return records
  const field = sort.replace(/^-/, '')
  if (field !== 'name' && field !== 'created_at') {
    throw new ApiError(400, 'validation_enum', 'The value supplied was not a valid option.', {
      name: 'sort',
      type: 'parameter',
      value: sort,
    })
  }
  const compare = (a: FloatingIpRecord, b: FloatingIpRecord) =>
    field === 'name' ? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) : a.created - b.created
  return records.toSorted((a, b) => (sort.startsWith('-') ? compare(b, a) : compare(a, b)) || a.order - b.order)
}

/** `GET /floating_ips` with the filters and `sort` of IBM/vpc-node-sdk vpc/v1.ts `listFloatingIps`, and one floating IP. */
export function floatingIpRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/floating_ips', c => {
    const query = c.req.query()
    const asked = Object.entries(query).flatMap(([name, value]) => {
      const read = floatingIpFilters.get(name)
      return read ? [{read, value}] : []
    })
    const fits = (record: FloatingIpRecord) => {
      const instance = fleet.targetOf(record)
      if (instance === undefined) return false
      const target = floatingIpTarget(instance, c.get('base'))
      return asked.every(({read, value}) => read(target) === value)
    }
    const group = query['resource_group.id']
    const rows = fleet
      .floatingIpsOf(c.get('region').name)
      .filter(each => (group === undefined || each.resourceGroup.id === group) && (asked.length === 0 || fits(each)))
    const sorted = sortFloatingIps(rows, query.sort)
    // A sorted list has no lasting places: the token counts rows.
    const placeOf = (each: FloatingIpRecord, index: number) => (query.sort === undefined ? each.order : index + 1)
    const bodyOf = (each: FloatingIpRecord) => floatingIpBody(each, fleet.targetOf(each), c.get('base'))
    return answerPage(c, 'floating_ips', sorted, {bodyOf, placeOf, sort: query.sort ?? ''})
  })
  routes.get('/floating_ips/:id', c => {
    const found = fleet.floatingIpsOf(c.get('region').name).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(floatingIpBody(found, fleet.targetOf(found), c.get('base')))
  })
  return routes
}
