import {randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {ApiError, checkNameIsFree, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {crnOf} from '../core/ids.ts'
import {readObject, refusal} from '../core/patch-fields.ts'
import {
  isNamed,
  notSimulated,
  readFields,
  readIdentity,
  readName,
  readResourceGroup,
  requiredField,
  unknownIdentity,
} from '../core/prototype-fields.ts'
import {defaultsGroup, type FloatingIpRecord, type InstanceRecord} from '../core/records.ts'
import {partOf, reference} from '../core/references.ts'
import type {State} from '../core/state.ts'
import {bareMetalInterface} from './bare-metal-body.ts'
import {
  floatingIpReference,
  floatingIpTarget,
  virtualNetworkInterfaceBody,
  virtualNetworkInterfaceIds,
} from './networking.ts'
import {floatingIpBody, groupReference} from './region-bodies.ts'

type Request = Context<Environment>

/** "40 a zone": the quota of floating IPs (ibm-cloud-docs/vpc quotas.md). */
const floatingIpsPerZone = 40

function conflict(message: string, name: string, value: string): ApiError {
  return new ApiError(409, 'invalid_state', message, {name, type: 'parameter', value})
}

/**
 * Floating IPs as they are reserved, bound, renamed, parted and released (`POST /floating_ips`, `PATCH` of one, the two kinds of `PUT` and `DELETE`
 * of `…/floating_ips/{id}`, and `DELETE /floating_ips/{id}`), and virtual network interfaces, by IBM/vpc-node-sdk vpc/v1.ts. An instance's floating IP is
 * that of its primary interface: another one is 501. Codes of refusals are the sandbox's where none else is named.
 */
export function associationRoutes({fleet, clock}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()

  const boundTo = (record: InstanceRecord) =>
    fleet.floatingIpsOf(record.region).filter(each => each.instance === record.id)

  const withInterface = (c: Request, id: string) => {
    const found = fleet.instances.of(c.get('region').name).find(each => virtualNetworkInterfaceIds(each).includes(id))
    if (found === undefined) throw notFound('id', id)
    return found
  }
  const withLegacyInterface = (c: Request) => {
    const {instance = '', interface: id = ''} = c.req.param() as Record<string, string>
    const record = fleet.instances.find(c.get('region').name, instance)
    if (record === undefined) throw notFound('instance_id', instance)
    if (!record.legacyInterfaces || floatingIpTarget(record, '').id !== id) throw notFound('network_interface_id', id)
    return record
  }
  const floatingIp = (c: Request): FloatingIpRecord => {
    const id = c.req.param('id') ?? ''
    const found = fleet.floatingIpsOf(c.get('region').name).find(each => each.id === id)
    if (found === undefined) throw notFound('id', id)
    return found
  }
  const checkZone = (ip: FloatingIpRecord, record: InstanceRecord) => {
    if (ip.zone !== record.zone) throw conflict('The floating IP is in another zone.', 'id', ip.id)
  }
  const bind = (state: State, ip: FloatingIpRecord, record: InstanceRecord) => {
    state.floatingIps[ip.id] = {instance: record.id}
  }

  routes.post('/floating_ips', async c => {
    const body = readFields(
      readObject(await c.req.text()),
      '',
      ['name', 'resource_group', 'target', 'zone'],
      ['address'],
    )
    const {name, created} = {name: body.name === undefined ? undefined : readName(body.name, 'name'), created: clock()}
    const resourceGroup = readResourceGroup(body.resource_group) ?? defaultsGroup
    const region = c.get('region')
    const made = await fleet.keep(state => {
      const target = body.target === undefined ? undefined : findTarget(c, body.target)
      if (target === undefined && body.zone === undefined) throw requiredField('target')
      if (target !== undefined && body.zone !== undefined) {
        throw refusal('validation_failed', 'Only one of target and zone is allowed.', 'zone', undefined)
      }
      const zone = target?.zone ?? findZone(c, body.zone)
      const all = fleet.floatingIpsOf(region.name)
      if (target !== undefined && boundTo(target).length > 0) {
        throw new ApiError(409, 'invalid_state', 'The target has a floating IP already.', {
          name: 'target',
          type: 'field',
        })
      }
      if (all.filter(each => each.zone === zone).length >= floatingIpsPerZone) {
        throw new ApiError(
          400,
          'over_quota',
          `Creating a new floating IP exceeds the quota of ${floatingIpsPerZone} in ${zone}.`,
        )
      }
      if (name !== undefined && all.some(each => each.name === name)) {
        throw refusal('validation_unique_failed', `Provided Name (${name}) is not unique`, 'name', name)
      }
      const added = state.addedFloatingIps ?? []
      const order = Math.max(0, ...all.map(each => each.order), ...added.map(each => each.order)) + 1
      const ip: FloatingIpRecord = {
        order,
        id: `${region.code}-${randomUUID()}`,
        name: name ?? `floating-ip-${order}`,
        region: region.name,
        zone,
        address: freshAddress(added.length),
        created,
        resourceGroup,
        instance: target?.id,
      }
      state.addedFloatingIps = [...added, ip]
      if (target !== undefined) bind(state, ip, target)
      return ip
    })
    return c.json(floatingIpBody(made, fleet.targetOf(made), c.get('base')), 201)
  })

  const findTarget = (c: Request, value: unknown): InstanceRecord => {
    const identity = readIdentity(value, 'target', ['id', 'crn', 'href'])
    const region = c.get('region').name
    const found = fleet.instances.of(region).find(record => {
      const {id, crn} = floatingIpTarget(record, '')
      // Or the interface that stands for its network attachment: IBM's sample takes its ID (ibm-cloud-docs/vpc fip-working).
      const standIn = {id: partOf(record, 'attachment')}
      return isNamed(identity, {id: String(id), crn: String(crn)}) || isNamed(identity, standIn)
    })
    if (found !== undefined) return found
    const ofServers = fleet.bareMetalServers.of(region).map(each => bareMetalInterface(each, '') as {id: string})
    if (ofServers.some(each => isNamed(identity, each))) throw notSimulated('floating IPs of bare metal servers')
    throw unknownIdentity(identity)
  }
  const findZone = (c: Request, value: unknown): string => {
    const identity = readIdentity(value, 'zone', ['name', 'href'])
    const found = c.get('region').zones.find(each => isNamed(identity, {...each, id: each.name}))
    if (found === undefined) throw unknownIdentity(identity)
    return found.name
  }

  routes.get('/virtual_network_interfaces/:interface', c => {
    const base = c.get('base')
    const id = c.req.param('interface')
    const servers = fleet.bareMetalServers.of(c.get('region').name)
    const server = servers.find(each => bareMetalInterface(each, base).id === id)
    const record = server ?? withInterface(c, id)
    return c.json({
      ...(server ? bareMetalInterface(server, base) : virtualNetworkInterfaceBody(withInterface(c, id), id, base)),
      resource_group: groupReference(record.resourceGroup),
      vpc: reference(base, 'vpcs', 'vpc', {
        id: record.vpc,
        crn: crnOf(record.region, 'vpc', record.vpc),
        name: fleet.vpcName(record.vpc),
      }),
    })
  })

  routes.get('/virtual_network_interfaces/:interface/floating_ips', c => {
    const record = withInterface(c, c.req.param('interface'))
    const isPrimary = virtualNetworkInterfaceIds(record)[0] === c.req.param('interface')
    const rows = (isPrimary ? boundTo(record) : []).map(each => floatingIpReference(each, c.get('base')))
    return c.json({
      first: {href: `${c.get('base')}/virtual_network_interfaces/${c.req.param('interface')}/floating_ips?limit=50`},
      floating_ips: rows,
      limit: 50,
      total_count: rows.length,
    })
  })

  routes.put('/virtual_network_interfaces/:interface/floating_ips/:id', async c => {
    const ip = await fleet.keep(state => {
      const [found, record] = [floatingIp(c), withInterface(c, c.req.param('interface'))]
      if (virtualNetworkInterfaceIds(record)[0] !== c.req.param('interface')) {
        throw notSimulated('the floating IP of a secondary interface')
      }
      checkZone(found, record)
      if (found.instance !== undefined) throw conflict('The floating IP is bound to another resource.', 'id', found.id)
      if (boundTo(record).length > 0) {
        throw conflict('The virtual network interface has a floating IP already.', 'id', found.id)
      }
      bind(state, found, record)
      return found
    })
    return c.json(floatingIpReference(ip, c.get('base')), 201)
  })

  // "replacing any existing association"
  routes.put('/instances/:instance/network_interfaces/:interface/floating_ips/:id', async c => {
    await fleet.keep(state => {
      const found = floatingIp(c)
      const record = withLegacyInterface(c)
      checkZone(found, record)
      for (const other of boundTo(record)) state.floatingIps[other.id] = {instance: null}
      bind(state, found, record)
    })
    const ip = floatingIp(c)
    return c.json(floatingIpBody(ip, fleet.targetOf(ip), c.get('base')), 201)
  })

  // "The target resource to bind this floating IP to, replacing any existing binding" (IBM/vpc-node-sdk vpc/v1.ts
  // `FloatingIPPatch`); null parts it by the rules of a merge patch, no source shows it.
  routes.patch('/floating_ips/:id', async c => {
    const body = readFields(readObject(await c.req.text()), '', ['name', 'target'])
    const name = body.name === undefined ? undefined : readName(body.name, 'name')
    await fleet.keep(state => {
      const found = floatingIp(c)
      const others = fleet.floatingIpsOf(found.region).filter(each => each.id !== found.id)
      if (name !== undefined) {
        checkNameIsFree(
          name,
          others.filter(each => each.name === name),
        )
      }
      const target = body.target === undefined || body.target === null ? undefined : findTarget(c, body.target)
      if (target !== undefined) {
        checkZone(found, target)
        if (others.some(each => each.instance === target.id)) {
          throw conflict('The target has a floating IP already.', 'id', found.id)
        }
      }
      if (body.target !== undefined) state.floatingIps[found.id] = {instance: target?.id ?? null}
      if (name !== undefined) state.renamed = {...state.renamed, [found.id]: name}
    })
    const ip = floatingIp(c)
    return c.json(floatingIpBody(ip, fleet.targetOf(ip), c.get('base')))
  })

  // "This request disassociates (if associated) and releases a floating IP". What is deleted stays among those that were
  // added: its address is not given again.
  routes.delete('/floating_ips/:id', async c => {
    await fleet.keep(state => {
      const {id} = floatingIp(c)
      state.removed = [...(state.removed ?? []), id]
    })
    return c.body(null, 204)
  })

  const part = async (c: Request, find: () => InstanceRecord) => {
    await fleet.keep(state => {
      const [record, ip] = [find(), floatingIp(c)]
      if (ip.instance !== record.id) throw notFound('id', ip.id)
      state.floatingIps[ip.id] = {instance: null}
    })
    return c.body(null, 204)
  }
  routes.delete('/virtual_network_interfaces/:interface/floating_ips/:id', c =>
    part(c, () => withInterface(c, c.req.param('interface'))),
  )
  routes.delete('/instances/:instance/network_interfaces/:interface/floating_ips/:id', c =>
    part(c, () => withLegacyInterface(c)),
  )
  return routes
}

/** An address that leads nowhere: of the block for documentation (RFC 5737), which no floating IP of the fleets has. */
function freshAddress(index: number): string {
  return index < 250 ? `203.0.113.${index + 1}` : `198.51.100.${(index - 249) % 256}`
}
