import {randomUUID} from 'node:crypto'
import {ApiError, checkNameIsFree, fieldError, notFound, notSimulated} from '../core/api-error.ts'
import {type ApiRequest, collection, findByParameter, type Routes, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {nameChange} from '../core/record-store.ts'
import {defaultsGroup, type FloatingIpRecord, type InstanceRecord} from '../core/records.ts'
import {bodyHead, groupReference, partOf, vpcReference, zoneReference} from '../core/references.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {floatingIpReference, floatingIpTarget, virtualNetworkInterfacesOf} from './networking.ts'
import {findByNaming, isNamedBy, type Naming, readBodyAs, unknownNaming} from './request-body.ts'

/** `/virtual_network_interfaces`: those of the instances' network attachments, then those of the bare metal servers. */
function addVirtualNetworkInterfaces(routes: Routes, fleet: FleetStore) {
  return collection(routes, {
    path: '/virtual_network_interfaces',
    rows: c =>
      [fleet.instances, fleet.bareMetalServers].flatMap(store =>
        store.of(c.get('region').name).flatMap(virtualNetworkInterfacesOf),
      ),
    body: ({body, server}) => ({
      ...body(),
      resource_group: groupReference(server.resourceGroup),
      vpc: vpcReference(server, fleet.vpcName(server.vpc)),
    }),
    filters: {'resource_group.id': ({server}) => server.resourceGroup.id},
  })
}

/** "40 a zone": the quota of floating IPs (ibm-cloud-docs/vpc quotas.md). */
const floatingIpsPerZone = 40

/** An address of the blocks for documentation (RFC 5737), which no floating IP of the fleets has. */
function freshAddress(index: number): string {
  return index < 250 ? `203.0.113.${index + 1}` : `198.51.100.${(index - 249) % 256}`
}

function conflict(message: string, name: string, value?: string): ApiError {
  const target = value === undefined ? ({name, type: 'field'} as const) : ({name, type: 'parameter', value} as const)
  return new ApiError(409, 'invalid_state', message, target)
}

/**
 * `/floating_ips`, and adding them to interfaces and removing them (IBM/vpc-node-sdk vpc/v1.ts). Only the primary interface
 * of an instance can have one: another is 501. Where no source is named, the code of a refusal is the sandbox's.
 */
export function addFloatingIps(routes: Routes, {fleet, clock}: SimulatedCloud): void {
  const body = (ip: FloatingIpRecord) => {
    const instance = fleet.targetOf(ip)
    return {
      ...bodyHead('floating_ips', ip.zone, ip),
      address: ip.address,
      status: 'available',
      target: instance && floatingIpTarget(instance),
      zone: zoneReference(ip),
    }
  }
  const floatingIps = storedCollection(routes, fleet.floatingIps, {
    path: '/floating_ips',
    body,
    bodyFilters: ['resource_group.id', 'target.crn', 'target.id', 'target.name', 'target.resource_type'],
    sort: {name: ip => ip.name, created_at: ip => ip.created},
    // "This request disassociates (if associated) and releases a floating IP". A deleted one still
    // counts as added, so its address is not used again.
    remove: (c): Promise<unknown> => floatingIps.update(c, () => ({deleted: true})),
  })

  const checkZone = (ip: FloatingIpRecord, record: InstanceRecord) => {
    if (ip.zone !== record.zone) throw conflict('The floating IP is in another zone.', 'id', ip.id)
  }

  const findTarget = (c: ApiRequest, naming: Naming): InstanceRecord => {
    const region = c.get('region').name
    const found = fleet.instances.of(region).find(record => {
      // Or the interface that stands for its network attachment: IBM's sample takes its ID (ibm-cloud-docs/vpc fip-working).
      const standIn = {id: partOf(record, 'attachment')}
      return isNamedBy(naming, floatingIpTarget(record)) || isNamedBy(naming, standIn)
    })
    if (found !== undefined) return found
    const ofServers = fleet.bareMetalServers.of(region).flatMap(virtualNetworkInterfacesOf)
    const what = 'floating IPs of bare metal servers'
    if (ofServers.some(each => isNamedBy(naming, each))) throw notSimulated(what, what)
    throw unknownNaming(naming, 'target')
  }

  routes.post('/floating_ips', async c => {
    const asked = await readBodyAs(c, 'floatingIpPrototype')
    const {name, resource_group: resourceGroup = defaultsGroup} = asked
    const region = c.get('region')
    const made = await fleet.floatingIps.add((order, addedBefore) => {
      const target = asked.target && findTarget(c, asked.target)
      if (target !== undefined && asked.zone !== undefined) {
        const message = 'Only one of target and zone is allowed.'
        throw fieldError('validation_failed', 'zone', undefined, message)
      }
      const zones = region.zones.map(each => ({...each, id: each.name}))
      const zone = target?.zone ?? (asked.zone && findByNaming(zones, asked.zone, 'zone').name)
      if (zone === undefined) throw fieldError('validation_required_field', 'target')
      const all = fleet.floatingIps.of(region.name)
      if (target && fleet.floatingIpsOf(target).length > 0) {
        throw conflict('The target has a floating IP already.', 'target')
      }
      if (all.filter(each => each.zone === zone).length >= floatingIpsPerZone) {
        const message = `Creating a new floating IP exceeds the quota of ${floatingIpsPerZone} in ${zone}.`
        throw new ApiError(400, 'over_quota', message)
      }
      if (name !== undefined) checkNameIsFree(name, all)
      return {
        order,
        id: `${region.code}-${randomUUID()}`,
        name: name ?? `floating-ip-${order}`,
        region: region.name,
        zone,
        address: freshAddress(addedBefore),
        created: clock(),
        resourceGroup,
        instance: target?.id,
      }
    })
    return floatingIps.answer(c, made, 201)
  })

  // "The target resource to bind this floating IP to, replacing any existing binding" (IBM/vpc-node-sdk vpc/v1.ts
  // `FloatingIPPatch`); null unbinds it by the rules of a merge patch; no source shows it.
  routes.patch('/floating_ips/:id', async c => {
    const {name, target: naming} = await readBodyAs(c, 'floatingIpPatch')
    const changed = await floatingIps.update(c, ip => {
      const target = naming ? findTarget(c, naming) : undefined
      if (target !== undefined) {
        checkZone(ip, target)
        if (fleet.floatingIpsOf(target).some(each => each.id !== ip.id)) {
          throw conflict('The target has a floating IP already.', 'id', ip.id)
        }
      }
      return {
        ...nameChange(fleet.floatingIps, ip, name),
        ...(naming !== undefined && {instance: target?.id ?? null}),
      }
    })
    return floatingIps.answer(c, changed)
  })

  const virtualInterfaces = addVirtualNetworkInterfaces(routes, fleet)
  const virtualParameter = 'virtual_network_interface_id'
  /** The instance of the virtual network interface that the path names. */
  const withInterface = (c: ApiRequest) => {
    const {server, id, isPrimary} = virtualInterfaces.find(c, virtualParameter, 'id')
    const record = fleet.instances.find(server.region, server.id)
    if (record === undefined) throw notFound('id', id)
    return {record, isPrimary}
  }
  const withLegacyInterface = (c: ApiRequest): InstanceRecord => {
    const record = findByParameter(c, 'instance_id', id => fleet.instances.find(c.get('region').name, id))
    return findByParameter(c, 'network_interface_id', id =>
      record.legacyInterfaces && floatingIpTarget(record).id === id ? record : undefined,
    )
  }
  const part = (find: (c: ApiRequest) => InstanceRecord) => (c: ApiRequest) =>
    floatingIps.update(c, ip => {
      if (ip.instance !== find(c).id) throw notFound('id', ip.id)
      return {instance: null}
    })

  const bound = collection<FloatingIpRecord>(routes, {
    path: `/virtual_network_interfaces/:${virtualParameter}/floating_ips`,
    rows: c => {
      const {record, isPrimary} = withInterface(c)
      return isPrimary ? fleet.floatingIpsOf(record) : []
    },
    body: floatingIpReference,
    remove: part(c => withInterface(c).record),
  })
  routes.put(`/virtual_network_interfaces/:${virtualParameter}/floating_ips/:id`, async c => {
    const bind = await floatingIps.update(c, ip => {
      const {record, isPrimary} = withInterface(c)
      const what = 'the floating IP of a secondary interface'
      if (!isPrimary) throw notSimulated(what, what)
      checkZone(ip, record)
      if (ip.instance) throw conflict('The floating IP is bound to another resource.', 'id', ip.id)
      if (fleet.floatingIpsOf(record).length > 0) {
        throw conflict('The virtual network interface has a floating IP already.', 'id', ip.id)
      }
      return {instance: record.id}
    })
    return bound.answer(c, bind, 201)
  })

  const legacy = collection<FloatingIpRecord>(routes, {
    path: '/instances/:instance_id/network_interfaces/:network_interface_id/floating_ips',
    pages: 'never',
    rows: c => fleet.floatingIpsOf(withLegacyInterface(c)),
    body,
    remove: part(withLegacyInterface),
  })
  // "replacing any existing association"
  routes.put('/instances/:instance_id/network_interfaces/:network_interface_id/floating_ips/:id', async c => {
    const record = withLegacyInterface(c)
    checkZone(floatingIps.find(c), record)
    for (const {region, id} of fleet.floatingIpsOf(record)) {
      await fleet.floatingIps.update(region, id, () => ({instance: null}))
    }
    return legacy.answer(c, await floatingIps.update(c, () => ({instance: record.id})), 201)
  })
}
