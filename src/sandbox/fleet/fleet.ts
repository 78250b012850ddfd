import {RecordStore} from '../core/record-store.ts'
import type {
  BareMetalRecord,
  FleetRecords,
  FloatingIpRecord,
  InstanceRecord,
  TemplateRecord,
  VpcRecord,
} from '../core/records.ts'
import type {RegionPlace} from '../core/regions.ts'
import type {BareMetalChange, InstanceChange, State, StateStore, TemplateChange} from '../core/state.ts'
import {defaultFleet} from './default-fleet.ts'
import {generatedFleet} from './generated-fleet.ts'

export interface FleetOptions {
  instances?: number
  vpcs?: number
}

/** All records of the sandbox: the fleet that the arguments give, with the kept changes on top. */
export class FleetStore {
  readonly regions: readonly RegionPlace[]
  readonly instances: RecordStore<InstanceRecord, InstanceChange>
  readonly bareMetalServers: RecordStore<BareMetalRecord, BareMetalChange>
  readonly templates: RecordStore<TemplateRecord, TemplateChange>
  readonly #state: StateStore
  readonly #vpcs: ReadonlyMap<string, VpcRecord[]>
  readonly #vpcNames: ReadonlyMap<string, string>
  readonly #givenFloatingIps: readonly FloatingIpRecord[]
  #floatingIps: ReadonlyMap<string, FloatingIpRecord[]> = new Map()
  #applied: State | undefined

  constructor(regions: readonly RegionPlace[], options: FleetOptions, state: StateStore) {
    this.regions = regions
    this.#state = state
    const records = recordsOf(regions, options)
    this.#vpcs = byRegion(records.vpcs)
    this.#vpcNames = new Map(records.vpcs.map(each => [each.id, each.name]))
    this.#givenFloatingIps = records.floatingIps
    this.instances = new RecordStore(
      records.instances,
      state,
      current => ({changes: current.instances, added: current.added}),
      pick('name', 'metadata', 'status', 'action', 'failures', 'revision', 'deleted'),
    )
    this.bareMetalServers = new RecordStore(
      records.bareMetalServers,
      state,
      current => current.bareMetalServers,
      pick('name', 'metadata', 'status', 'revision', 'deleted'),
    )
    this.templates = new RecordStore(
      records.templates,
      state,
      current => current.templates,
      pick('name', 'metadata', 'revision', 'deleted'),
    )
  }

  /** The secret that signs the tokens. */
  get secret(): string {
    return this.#state.current.secret
  }

  /** Takes in what other processes changed. Call it before each request. */
  refresh(): void {
    this.#state.refresh()
  }

  vpcsOf(region: string): readonly VpcRecord[] {
    return this.#vpcs.get(region) ?? []
  }

  vpcName(id: string): string {
    return this.#vpcNames.get(id) ?? ''
  }

  /** In the order of lists. Do not change the array. */
  floatingIpsOf(region: string): readonly FloatingIpRecord[] {
    this.#syncFloatingIps()
    return this.#floatingIps.get(region) ?? []
  }

  /** The instance that a floating IP leads to, if any. */
  targetOf(floatingIp: FloatingIpRecord): InstanceRecord | undefined {
    return floatingIp.instance === undefined ? undefined : this.instances.find(floatingIp.region, floatingIp.instance)
  }

  /** Detaches a floating IP from its instance. Rejects for an unknown ID, and when the change can't be kept. */
  async detachFloatingIp(id: string): Promise<void> {
    this.#syncFloatingIps()
    const found = [...this.#floatingIps.values()].flat().find(each => each.id === id)
    if (found === undefined) throw new Error(`There is no floating IP ${id}.`)
    await this.keep(state => {
      state.floatingIps[id] = {instance: null}
    })
  }

  /** What was changed and added, as it is kept. Change it within `keep` only. */
  get kept(): State {
    return this.#state.current
  }

  /**
   * Changes keys and floating IPs: `change` gets the newest state, with nobody else at work, and must throw before it changes
   * anything, if at all. Resolves to what it returns; rejects with what it throws, or when the state can't be kept.
   */
  async keep<T>(change: (state: State) => T): Promise<T> {
    let result: {value: T} | undefined
    await this.#state.update(state => {
      result = {value: change(state)}
      return true
    })
    this.#state.refresh()
    this.#applied = undefined
    if (result === undefined) throw new Error('Nothing was kept.')
    return result.value
  }

  /** Brings all records back to what the arguments give. Rejects when that can't be kept. */
  async reset(): Promise<void> {
    await this.#state.reset()
  }

  // A state kept in a file may have been read anew since.
  #syncFloatingIps(): void {
    const state = this.#state.current
    if (this.#applied === state) return
    this.#applied = state
    const all = [...this.#givenFloatingIps, ...(state.addedFloatingIps ?? [])].flatMap(ip => {
      if (state.removed?.includes(ip.id)) return []
      const change = state.floatingIps[ip.id]
      const name = state.renamed?.[ip.id]
      if (change === undefined && name === undefined) return [ip]
      return [{...ip, ...(name && {name}), ...(change && {instance: change.instance ?? undefined})}]
    })
    this.#floatingIps = byRegion(all)
  }
}

const pick =
  <Name extends string>(...names: Name[]) =>
  <Item extends Record<Name, unknown>>(item: Item) =>
    Object.fromEntries(names.map(name => [name, item[name]])) as Pick<Item, Name>

function recordsOf(regions: readonly RegionPlace[], {instances, vpcs}: FleetOptions): FleetRecords {
  if (instances !== undefined) return generatedFleet(instances, vpcs ?? regions.length, regions)
  const isServed = (each: {region: string}) => regions.some(region => region.name === each.region)
  const kinds = Object.entries(defaultFleet()).map(([kind, records]) => [kind, records.filter(isServed)])
  return Object.fromEntries(kinds)
}

function byRegion<Item extends {region: string}>(items: readonly Item[]): Map<string, Item[]> {
  const map = new Map<string, Item[]>()
  for (const item of items) {
    const others = map.get(item.region)
    if (others) others.push(item)
    else map.set(item.region, [item])
  }
  return map
}
