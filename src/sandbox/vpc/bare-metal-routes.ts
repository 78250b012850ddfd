import {type Context, Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {checkNameIsFree, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {crnOf} from '../core/ids.ts'
import type {BareMetalRecord} from '../core/records.ts'
import type {BareMetalChange} from '../core/state.ts'
import {bareMetalBody} from './bare-metal-body.ts'
import {readBareMetalPatch} from './bare-metal-patch.ts'
import {checkUpdatable} from './instance-status.ts'

type Request = Context<Environment>
type Read = (record: BareMetalRecord, vpcName: string) => string | undefined

// All of `listBareMetalServers` in IBM/vpc-node-sdk vpc/v1.ts but `vpc.id`, which has an index. None here has a reservation.
const filters: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['resource_group.id', record => record.resourceGroup.id],
  ['name', record => record.name],
  ['reservation.id', () => undefined],
  ['reservation.crn', () => undefined],
  ['reservation.name', () => undefined],
  ['vpc.crn', record => crnOf(record.region, 'vpc', record.vpc)],
  ['vpc.name', (_record, vpcName) => vpcName],
])

/** `/bare_metal_servers`: list, get and update. No ETags: IBM's SDK names neither ETag nor `If-Match` for them. */
export function bareMetalRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const bodyOf = (c: Request, record: BareMetalRecord) =>
    bareMetalBody(record, fleet.vpcName(record.vpc), c.get('base'))
  const find = (c: Request): BareMetalRecord => {
    const id = c.req.param('id') ?? ''
    const record = fleet.bareMetalServers.find(c.get('region').name, id)
    if (record === undefined) throw notFound('id', id)
    return record
  }

  routes.get('/bare_metal_servers', c => {
    const query = c.req.query()
    const asked = Object.entries(query).flatMap(([name, value]) => {
      const read = filters.get(name)
      return read ? [{read, value}] : []
    })
    const all = fleet.bareMetalServers.of(c.get('region').name, query['vpc.id'])
    const rows = all.filter(each => asked.every(({read, value}) => read(each, fleet.vpcName(each.vpc)) === value))
    return answerPage(c, 'bare_metal_servers', rows, {bodyOf: each => bodyOf(c, each), placeOf: each => each.order})
  })

  routes.get('/bare_metal_servers/:id', c => c.json(bodyOf(c, find(c))))

  routes.patch('/bare_metal_servers/:id', async c => {
    const {id} = find(c)
    const patch = readBareMetalPatch(await c.req.text())
    const record = await fleet.bareMetalServers.update(c.get('region').name, id, current => {
      checkUpdatable(current.status)
      const change: BareMetalChange = {}
      if (patch.name !== undefined && patch.name !== current.name) {
        checkNameIsFree(patch.name, fleet.bareMetalServers.named(current.region, patch.name))
        change.name = patch.name
      }
      if (patch.metadata_service !== undefined) change.metadata = {...current.metadata, ...patch.metadata_service}
      return change
    })
    if (record === undefined) throw notFound('id', id)
    return c.json(bodyOf(c, record))
  })
  return routes
}
