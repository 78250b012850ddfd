import {ApiError} from '../core/api-error.ts'
import {uuidOf} from '../core/ids.ts'
import {makeRecordStore} from '../core/record-store.ts'
import type {BareMetalRecord, FleetRecords, FloatingIpRecord, InstanceRecord} from '../core/records.ts'
import type {RegionPlace} from '../core/regions.ts'
import type {StateStore} from '../core/state.ts'
import {firstKey} from '../vpc/keys.ts'
import {defaultFleet} from './default-fleet.ts'
import {generatedFleet} from './generated-fleet.ts'

interface FleetOptions {
  instances?: number
  vpcs?: number
  /** The number of accounts with such a fleet. */
  accounts?: number
  /** Gives the resources other IDs than those of another account. */
  idsOf?: string
}

export type FleetStore = ReturnType<typeof makeFleet>

/** All records of the sandbox: the fleet that the arguments give, with the kept changes on top. */
export function makeFleet(regions: readonly RegionPlace[], options: FleetOptions, state: StateStore) {
  const records = recordsOf(regions, options)
  const instances = makeRecordStore('instances', records.instances, state)
  const vpcs = makeRecordStore('vpcs', records.vpcs, state)
  const floatingIps = makeRecordStore('floatingIps', records.floatingIps, state)
  const keys = makeRecordStore('keys', regions.map(firstKey), state)
  return {
    regions,
    accountCount: options.accounts ?? 1,
    instances,
    bareMetalServers: makeRecordStore('bareMetalServers', records.bareMetalServers, state),
    templates: makeRecordStore('templates', records.templates, state),
    vpcs,
    floatingIps,
    keys,

    /** The secret that signs the tokens. */
    get secret(): string {
      return state.current.secret
    },
    get account(): string {
      return state.current.account
    },
    /** Takes in what other processes changed. Call it before each request. */
    refresh: () => state.refresh(),
    vpcName: (id: string) => vpcs.get(id)?.name ?? '',
    /** The instance that a floating IP leads to, if any. */
    targetOf: ({region, instance}: FloatingIpRecord) => (instance ? instances.find(region, instance) : undefined),
    /** The floating IPs that lead to an instance. */
    floatingIpsOf: ({region, id}: InstanceRecord) => floatingIps.of(region).filter(each => each.instance === id),
    /** The keys that an instance was created with, those that still exist. */
    keysOf: ({region, keyIds = [firstKey({name: region}).id]}: InstanceRecord) =>
      keys.of(region).filter(each => keyIds.includes(each.id)),
    /** Brings all records back to what the arguments give. Rejects when that can't be kept. */
    reset: () => state.reset(),
  }
}

function recordsOf(regions: readonly RegionPlace[], {instances, vpcs, idsOf}: FleetOptions): FleetRecords {
  const records =
    instances === undefined
      ? servedBy(regions, defaultFleet())
      : generatedFleet(instances, vpcs ?? regions.length, regions)
  return idsOf === undefined ? records : withIdsOf(idsOf, records)
}

function servedBy(regions: readonly RegionPlace[], fleet: FleetRecords): FleetRecords {
  const isServed = (each: {region: string}) => regions.some(region => region.name === each.region)
  const kinds = Object.entries(fleet).map(([kind, records]) => [kind, records.filter(isServed)])
  return Object.fromEntries(kinds)
}

/** The same fleet with IDs of another account's own. What IBM has for all accounts, such as images, stays. */
function withIdsOf(account: string, fleet: FleetRecords): FleetRecords {
  // What comes before the UUID says the zone or the region.
  const own = (id: string) => `${id.slice(0, 5)}${uuidOf(`${account}/${id}`)}`
  const placed = <Item extends {id: string; vpc: string}>(item: Item) => ({
    ...item,
    id: own(item.id),
    vpc: own(item.vpc),
  })
  return {
    instances: fleet.instances.map(each => ({...placed(each), known: undefined})),
    bareMetalServers: fleet.bareMetalServers.map(placed),
    templates: fleet.templates.map(placed),
    vpcs: fleet.vpcs.map(each => ({...each, id: own(each.id)})),
    floatingIps: fleet.floatingIps.map(each => ({
      ...each,
      id: own(each.id),
      instance: each.instance && own(each.instance),
    })),
  }
}

/** Finds an instance, or else a bare metal server, by ID, name, or region/name. Throws 404 for none and for several, with the parameter `instance` as target. */
export function findServer(fleet: FleetStore, text: string): InstanceRecord | BareMetalRecord {
  const isCalled = ({id, name, region}: InstanceRecord | BareMetalRecord) =>
    [id, name, `${region}/${name}`].includes(text)
  const instances = fleet.instances.all().filter(isCalled)
  const found = instances.length > 0 ? instances : fleet.bareMetalServers.all().filter(isCalled)
  const [first, ...more] = found
  const refuse = (message: string) =>
    new ApiError(404, 'not_found', message, {name: 'instance', type: 'parameter', value: text})
  if (first === undefined) throw refuse(`The sandbox has no instance ${text}.`)
  if (more.length === 0) return first
  const choices = found.map(({name, region}) => `${region}/${name}`).join(', ')
  throw refuse(`The sandbox has ${found.length} instances ${text}: ${choices}.`)
}
