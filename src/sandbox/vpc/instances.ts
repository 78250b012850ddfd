import {randomUUID} from 'node:crypto'
import {ApiError, checkNameIsFree} from '../core/api-error.ts'
import {type ApiRequest, collection, type Filter, type Routes, send, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {crnOf} from '../core/ids.ts'
import {nameChange} from '../core/record-store.ts'
import type {InstanceRecord, NamedResource} from '../core/records.ts'
import {isoTime, type WireBody} from '../core/references.ts'
import {newInstanceRecord} from './create-instance.ts'
import {checkAction, checkUpdatable, etagOf, isForced, lastAction, statusAt, statusFound} from './instance-actions.ts'
import {bootAttachmentBody, initializationBody, instanceBody, instanceBytes} from './instance-body.ts'
import {attachmentBodies, interfaceBodies} from './networking.ts'
import {readBodyAs} from './request-body.ts'

/**
 * Throws 412 when `If-Match` has another ETag. Status, code and message are the sandbox's: no source states them. The weak
 * mark is part of the value, as in IBM's samples (block_storage_vpc_manage.md).
 */
function checkIfMatch(c: ApiRequest, record: InstanceRecord): void {
  const value = c.req.header('if-match')
  if (value === undefined || value.split(',').some(each => ['*', etagOf(record)].includes(each.trim()))) return
  const message = 'The If-Match value does not match the current ETag of the resource.'
  throw new ApiError(412, 'precondition_failed', message, {name: 'If-Match', type: 'header', value})
}

const partFilters = (
  prefix: string,
  parts: (keyof NamedResource)[],
  pick: (record: InstanceRecord) => NamedResource | undefined,
): Record<string, Filter<InstanceRecord>> =>
  Object.fromEntries(parts.map(part => [`${prefix}.${part}`, record => pick(record)?.[part]]))

/** `/instances` and what is below it, with all filters of `listInstances` in IBM/vpc-node-sdk vpc/v1.ts. */
export function addInstances(routes: Routes, {fleet, actions, clock, transitionMs}: SimulatedCloud): void {
  // Of many accounts, all regions of all are listed.
  const others = fleet.accountCount > 1 ? fleet.accountCount * fleet.regions.length : 1
  const sending = () => ({now: clock(), transitionMs})
  const instances = storedCollection(routes, fleet.instances, {
    path: '/instances',
    // Each page of a list asks again: by VPC and by name there are indexes.
    rows: c => {
      const {'vpc.id': vpc, name} = c.req.query()
      if (name === undefined) return fleet.instances.of(c.get('region').name, vpc)
      const named = fleet.instances.named(c.get('region').name, name)
      return vpc === undefined ? named : named.filter(each => each.vpc === vpc)
    },
    body: record => instanceBody(record, fleet.vpcName(record.vpc), sending()),
    bytes: (record, c, count) =>
      instanceBytes(record, fleet.vpcName(record.vpc), sending(), {base: c.get('base'), count: count * others}),
    etag: etagOf,
    filters: {
      'resource_group.id': record => record.resourceGroup.id,
      'availability.class': record => (record.spot ? 'spot' : 'standard'),
      ...partFilters('cluster_network', ['id', 'crn', 'name'], record => record.clusterNetwork),
      ...partFilters('dedicated_host', ['id', 'crn', 'name'], record => record.dedicatedHost),
      ...partFilters('instance_group_membership.instance_group', ['id', 'crn'], record => record.instanceGroup),
      // A placement group is the instance's `placement_target`.
      ...partFilters('placement_group', ['id', 'crn', 'name'], each => each.placementGroup ?? each.dedicatedHost),
      'reservation_affinity.policy': record => record.reservationPolicy ?? 'automatic',
      ...partFilters('reservation', ['id', 'crn', 'name'], record => record.reservation),
      'vpc.crn': record => crnOf(record.region, 'vpc', record.vpc),
      'vpc.name': record => fleet.vpcName(record.vpc),
    },
    // "Any floating IPs associated with instance network interfaces are implicitly disassociated" (IBM/vpc-node-sdk
    // vpc/v1.ts `deleteInstance`). Here the instance is gone at once.
    remove: async c => {
      const record = await instances.update(c, current => {
        checkIfMatch(c, current)
        return {deleted: true}
      })
      for (const {region, id} of fleet.floatingIpsOf(record)) {
        await fleet.floatingIps.update(region, id, () => ({instance: null}))
      }
    },
  })

  // By image (IBM/vpc-node-sdk vpc/v1.ts `createInstance`). A new instance starts at once, as IBM's does.
  routes.post('/instances', async c => {
    const asked = await readBodyAs(c, 'instancePrototype')
    const region = c.get('region')
    const made = await fleet.instances.add(order => {
      const record = newInstanceRecord(asked, fleet, region, {order, now: clock()})
      checkNameIsFree(record.name, fleet.instances.named(region.name, record.name))
      return record
    })
    // Like any other start, it can fail, and another status can end it.
    const start = (current: InstanceRecord) => actions.begin(current, 'start', made.created)
    return instances.answer(c, (await fleet.instances.update(region.name, made.id, start)) ?? made, 201)
  })

  routes.patch('/instances/:id', async c => {
    instances.find(c)
    const {name, metadata_service: settings} = await readBodyAs(c, 'instancePatch')
    const record = await instances.update(c, current => {
      checkIfMatch(c, current)
      checkUpdatable(statusAt(current, clock(), transitionMs))
      const change: Partial<InstanceRecord> = nameChange(fleet.instances, current, name)
      const metadata = {...current.metadata, ...settings}
      if (JSON.stringify(metadata) !== JSON.stringify(current.metadata)) change.metadata = metadata
      return Object.keys(change).length > 0 ? change : undefined
    })
    return instances.answer(c, record)
  })

  routes.post('/instances/:id/actions', async c => {
    instances.find(c)
    const {type, force} = await readBodyAs(c, 'action')
    const at = clock()
    const record = await instances.update(c, current => {
      const found = isForced(type, force ?? false) ? statusAt : statusFound
      checkAction(type, force ?? false, found(current, at, transitionMs))
      return actions.begin(current, type, at, force)
    })
    const action = lastAction(record)
    if (action) actions.note(record, action)
    const id = `${record.id.slice(0, 4)}-${randomUUID()}`
    const body = {
      created_at: isoTime(at),
      ...(force !== undefined && {force}),
      href: `/instances/${record.id}/actions/${id}`,
      id,
      status: 'pending',
      type,
    }
    return send(c, body, 201)
  })

  routes.get('/instances/:id/initialization', c => {
    const record = instances.find(c)
    return send(c, initializationBody(record, fleet.keysOf(record)))
  })

  const parts: Record<string, (record: InstanceRecord) => WireBody[]> = {
    network_attachments: attachmentBodies,
    network_interfaces: record => interfaceBodies(record, fleet.floatingIpsOf(record)),
    volume_attachments: record => [bootAttachmentBody(record)],
  }
  for (const [name, bodiesOf] of Object.entries(parts)) {
    collection<WireBody>(routes, {
      path: `/instances/:instance_id/${name}`,
      pages: 'never',
      rows: c => bodiesOf(instances.find(c, 'instance_id')),
      body: each => each,
    })
  }
}
