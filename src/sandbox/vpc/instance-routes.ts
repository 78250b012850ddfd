import {randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {ApiError, checkNameIsFree, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {etagOf} from '../core/etag.ts'
import {pageOf, readPage} from '../core/paging.ts'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import type {InstanceChange} from '../core/state.ts'
import {initializationBody} from './initialization-body.ts'
import {instanceBody} from './instance-body.ts'
import {filterInstances} from './instance-filters.ts'
import {readAction, readPatch} from './instance-patch.ts'
import {checkAction, checkUpdatable, isForced, lastAction, statusAt, statusFound} from './instance-status.ts'
import {InstanceTexts} from './instance-texts.ts'
import {attachmentBodies, interfaceBodies} from './networking.ts'
import {keysOfInstance} from './ssh-keys.ts'

type Request = Context<Environment>

const isOneOf = (header: string, etag: string) =>
  header.split(',').some(each => each.trim() === '*' || each.trim() === etag)

/**
 * Throws 412 when `If-Match` names another ETag. No source states status, code or message of a failed one: all three are
 * the sandbox's. Compared as IBM's samples do it, the weak mark being part of the value (block_storage_vpc_manage.md).
 */
function checkIfMatch(c: Request, record: InstanceRecord): void {
  const header = c.req.header('if-match')
  if (header === undefined || isOneOf(header, etagOf(record))) return
  throw new ApiError(
    412,
    'precondition_failed',
    'The If-Match value does not match the current ETag of the resource.',
    {
      name: 'If-Match',
      type: 'header',
      value: header,
    },
  )
}

/** `/instances` and what is below it: list, get, update, delete, actions, initialization, attachments and interfaces. */
export function instanceRoutes({fleet, actions, clock, transitionMs}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const texts = new InstanceTexts()
  const bodyOf = (c: Request, record: InstanceRecord) =>
    instanceBody(record, fleet.vpcName(record.vpc), {base: c.get('base'), now: clock(), transitionMs})
  const find = (c: Request): InstanceRecord => {
    const id = c.req.param('id') ?? ''
    const record = fleet.instances.find(c.get('region').name, id)
    if (record === undefined) throw notFound('id', id)
    return record
  }
  const update = async (c: Request, decide: (record: InstanceRecord) => InstanceChange | undefined) => {
    const id = c.req.param('id') ?? ''
    const record = await fleet.instances.update(c.get('region').name, id, decide)
    if (record === undefined) throw notFound('id', id)
    return record
  }

  routes.get('/instances', c => {
    const query = c.req.query()
    const request = readPage(query, 'instances')
    const rows = filterInstances(fleet, c.get('region').name, query)
    const link = {url: `${c.get('base')}/instances`, query, kind: 'instances'}
    const {rows: shown, page} = pageOf(rows, each => each.order, request, link)
    const sending = {base: c.get('base'), now: clock(), transitionMs}
    const each = shown.map(record => texts.of(record, fleet.vpcName(record.vpc), sending, rows.length))
    const text = `${JSON.stringify(page).slice(0, -1)},"instances":[${each.join(',')}]}`
    return c.body(text, 200, {'content-type': 'application/json'})
  })

  routes.get('/instances/:id', c => {
    const record = find(c)
    return c.json(bodyOf(c, record), 200, {etag: etagOf(record)})
  })

  routes.patch('/instances/:id', async c => {
    find(c)
    const patch = readPatch(await c.req.text())
    const record = await update(c, current => {
      checkIfMatch(c, current)
      checkUpdatable(statusAt(current, clock(), transitionMs))
      const change: InstanceChange = {}
      if (patch.name !== undefined && patch.name !== current.name) {
        checkNameIsFree(patch.name, fleet.instances.named(current.region, patch.name))
        change.name = patch.name
      }
      const metadata = {...current.metadata, ...patch.metadata_service}
      if (JSON.stringify(metadata) !== JSON.stringify(current.metadata)) change.metadata = metadata
      return Object.keys(change).length > 0 ? change : undefined
    })
    return c.json(bodyOf(c, record), 200, {etag: etagOf(record)})
  })

  // "Any floating IPs associated with instance network interfaces are implicitly disassociated" (IBM/vpc-node-sdk vpc/v1.ts
  // `deleteInstance`). Here it is gone at once.
  routes.delete('/instances/:id', async c => {
    const {id} = await update(c, current => {
      checkIfMatch(c, current)
      return {deleted: true}
    })
    await fleet.keep(state => {
      const bound = fleet.floatingIpsOf(c.get('region').name).filter(each => each.instance === id)
      for (const ip of bound) state.floatingIps[ip.id] = {instance: null}
    })
    return c.body(null, 204)
  })

  routes.post('/instances/:id/actions', async c => {
    find(c)
    const {type, force} = readAction(await c.req.text())
    const at = clock()
    const record = await update(c, current => {
      const find = isForced(type, force ?? false) ? statusAt : statusFound
      checkAction(type, force ?? false, find(current, at, transitionMs))
      return actions.begin(current, type, at, force)
    })
    const action = lastAction(record)
    if (action) actions.note(record, action)
    const id = `${record.id.slice(0, 4)}-${randomUUID()}`
    const body = {
      created_at: isoTime(at),
      ...(force !== undefined && {force}),
      href: `${c.get('base')}/instances/${record.id}/actions/${id}`,
      id,
      status: 'pending',
      type,
    }
    return c.json(body, 201)
  })

  routes.get('/instances/:id/initialization', c => {
    const record = find(c)
    return c.json(initializationBody(record, keysOfInstance(fleet, record), c.get('base')))
  })

  routes.get('/instances/:id/network_attachments', c =>
    c.json({network_attachments: attachmentBodies(find(c), c.get('base'))}),
  )
  routes.get('/instances/:id/network_attachments/:attachment', c => {
    const id = c.req.param('attachment')
    const found = attachmentBodies(find(c), c.get('base')).find(each => each.id === id)
    if (found === undefined) throw notFound('id', id)
    return c.json(found)
  })

  const interfaces = (c: Request) => {
    const record = find(c)
    const ips = fleet.floatingIpsOf(record.region).filter(each => each.instance === record.id)
    return interfaceBodies(record, ips, c.get('base'))
  }
  routes.get('/instances/:id/network_interfaces', c => c.json({network_interfaces: interfaces(c)}))
  routes.get('/instances/:id/network_interfaces/:interface', c => {
    const id = c.req.param('interface')
    const found = interfaces(c).find(each => each.id === id)
    if (found === undefined) throw notFound('id', id)
    return c.json(found)
  })
  return routes
}
