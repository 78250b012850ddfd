import {defaultFleet} from './default-fleet.ts'
import {etagOf} from './etag.ts'
import type {Fleet, InstanceSummary, NewInstance} from './fleet-access.ts'
import {generatedFleet} from './generated-fleet.ts'
import {uuidOf} from './ids.ts'
import {statusAt} from './instance-status.ts'
import type {
  FleetRecords,
  FloatingIpRecord,
  InstanceRecord,
  MetadataSettings,
  NamedResource,
  VpcRecord,
} from './records.ts'
import {defaultsGroup} from './records.ts'
import {type RegionPlace, regional} from './regions.ts'
import type {InstanceChange, State, StateStore} from './state.ts'

export interface FleetOptions {
  instances?: number
  vpcs?: number
}

/** All records of the sandbox: those that the arguments give, with the kept changes on top. */
export class FleetStore implements Fleet {
  readonly regions: readonly RegionPlace[]
  readonly #state: StateStore
  readonly #clock: () => number
  readonly #transitionMs: number
  readonly #byId = new Map<string, InstanceRecord>()
  readonly #byRegion = new Map<string, InstanceRecord[]>()
  readonly #byVpc = new Map<string, InstanceRecord[]>()
  readonly #vpcs: VpcRecord[]
  readonly #vpcNames: ReadonlyMap<string, string>
  readonly #floatingIps: FloatingIpRecord[]
  /** How changed records were before, by ID. */
  readonly #originals = new Map<string, Pick<InstanceRecord, 'name' | 'status' | 'metadata'>>()
  readonly #originalTargets: ReadonlyMap<string, string | undefined>
  #added = new Set<string>()
  #order = 0
  #applied: State | undefined

  constructor(
    regions: readonly RegionPlace[],
    options: FleetOptions,
    state: StateStore,
    time: {clock: () => number; transitionMs: number},
  ) {
    this.regions = regions
    this.#state = state
    this.#clock = time.clock
    this.#transitionMs = time.transitionMs
    const records = recordsOf(regions, options)
    this.#vpcs = records.vpcs
    this.#vpcNames = new Map(records.vpcs.map(each => [each.id, each.name]))
    this.#floatingIps = records.floatingIps
    this.#originalTargets = new Map(records.floatingIps.map(ip => [ip.id, ip.instance]))
    for (const record of records.instances) this.#insert(record)
    this.#applyAll()
  }

  /** Signs the tokens. */
  get secret(): string {
    return this.#state.current.secret
  }

  /** Takes in what other processes changed. To be called before each request. */
  refresh(): void {
    this.#state.refresh()
    this.#applyWhenNew()
  }

  /** The instances of a region, or of one of its VPCs, in the order of lists. */
  instancesOf(region: string, vpc?: string): InstanceRecord[] {
    const rows = vpc === undefined ? this.#byRegion.get(region) : this.#byVpc.get(vpc)
    return (rows ?? []).filter(each => !each.deleted && each.region === region)
  }

  instance(region: string, id: string): InstanceRecord | undefined {
    const found = this.#byId.get(id)
    return found && !found.deleted && found.region === region ? found : undefined
  }

  vpcsOf(region: string): VpcRecord[] {
    return this.#vpcs.filter(each => each.region === region)
  }

  vpcName(id: string): string {
    return this.#vpcNames.get(id) ?? ''
  }

  floatingIpsOf(region: string): FloatingIpRecord[] {
    return this.#floatingIps.filter(each => each.region === region)
  }

  /** The instance that a floating IP leads to, if it does. */
  targetOf(floatingIp: FloatingIpRecord): InstanceRecord | undefined {
    return floatingIp.instance === undefined ? undefined : this.instance(floatingIp.region, floatingIp.instance)
  }

  /**
   * Changes an instance: `decide` is called with its newest record, alone, and returns what changes, or undefined for
   * nothing. Resolves to the record, undefined when there is no such instance; rejects with what `decide` throws.
   */
  async update(
    region: string,
    id: string,
    decide: (record: InstanceRecord) => InstanceChange | undefined,
  ): Promise<InstanceRecord | undefined> {
    let record: InstanceRecord | undefined
    try {
      await this.#state.update(state => {
        this.#applyWhenNew()
        record = this.instance(region, id)
        const change = record && decide(record)
        if (record === undefined || change === undefined) return false
        // A status is no modifiable state: start and stop leave the ETag as it is.
        const revision = record.revision + (change.name === undefined && change.metadata === undefined ? 0 : 1)
        state.instances[id] = {...state.instances[id], ...change, revision}
        this.#apply(record, state.instances[id])
        return true
      })
    } finally {
      this.refresh()
    }
    return record
  }

  list(): InstanceSummary[] {
    this.refresh()
    return [...this.#byId.values()].filter(each => !each.deleted).map(each => this.#summary(each))
  }

  get(id: string): InstanceSummary | undefined {
    this.refresh()
    const record = this.#byId.get(id)
    return record && !record.deleted ? this.#summary(record) : undefined
  }

  async add(instance: NewInstance): Promise<InstanceSummary> {
    let record: InstanceRecord | undefined
    await this.#state.update(state => {
      this.#applyWhenNew()
      record = this.#newRecord(instance)
      state.added.push(structuredClone(record))
      this.#added.add(record.id)
      this.#insert(record)
      return true
    })
    if (record === undefined) throw new Error(`The instance ${instance.name} was not added.`)
    return this.#summary(record)
  }

  async change(
    id: string,
    change: {name?: string; status?: string; metadata_service?: Partial<MetadataSettings>},
  ): Promise<InstanceSummary> {
    const {metadata_service: settings, ...rest} = change
    return this.#summary(
      await this.#updateById(id, record => ({
        ...rest,
        ...(change.status !== undefined && {action: undefined}),
        ...(settings && {metadata: {...record.metadata, ...settings}}),
      })),
    )
  }

  async remove(id: string): Promise<void> {
    await this.#updateById(id, () => ({deleted: true}))
  }

  async detachFloatingIp(id: string): Promise<void> {
    const found = this.#floatingIps.find(each => each.id === id)
    if (found === undefined) throw new Error(`There is no floating IP ${id}.`)
    await this.#state.update(state => {
      this.#applyWhenNew()
      state.floatingIps[id] = {instance: null}
      found.instance = undefined
      return true
    })
  }

  async #updateById(id: string, decide: (record: InstanceRecord) => InstanceChange): Promise<InstanceRecord> {
    const region = this.#byId.get(id)?.region ?? ''
    const record = await this.update(region, id, decide)
    if (record === undefined) throw new Error(`There is no instance ${id}.`)
    return record
  }

  #summary(record: InstanceRecord): InstanceSummary {
    return {
      id: record.id,
      name: record.name,
      region: record.region,
      zone: record.zone,
      vpc: record.vpc,
      status: statusAt(record, this.#clock(), this.#transitionMs),
      metadata_service: {...record.metadata},
      etag: etagOf(record),
    }
  }

  #newRecord(given: NewInstance): InstanceRecord {
    const region = this.regions.find(each => each.name === (given.region ?? given.zone?.slice(0, -2)))
    const place = region ?? this.regions[0]
    const zone = place?.zones.find(each => each.name === given.zone) ?? place?.zones[0]
    if (place === undefined || zone === undefined) throw new Error('The sandbox has no region.')
    const image: NamedResource = regional(place.name, 'image', 'ibm-ubuntu-24-04-6-minimal-amd64-3')
    const order = this.#order + 1
    return {
      order,
      id: `${zone.prefix}_${uuidOf(`added/${order}/${this.#added.size}/${given.name}`)}`,
      name: given.name,
      region: place.name,
      zone: zone.name,
      vpc: given.vpc ?? this.vpcsOf(place.name)[0]?.id ?? regional(place.name, 'vpc', 'added').id,
      address: `10.250.${(order >>> 8) & 255}.${order & 255}`,
      created: this.#clock(),
      status: given.status ?? 'running',
      action: undefined,
      metadata: {enabled: false, protocol: 'http', response_hop_limit: 1, ...given.metadata_service},
      revision: 0,
      deleted: false,
      profile: 'bx2-2x8',
      resourceGroup: defaultsGroup,
      image,
      userData: given.userData,
      trustedProfile: given.trustedProfile,
    }
  }

  #insert(record: InstanceRecord): void {
    this.#byId.set(record.id, record)
    append(this.#byRegion, record.region, record)
    append(this.#byVpc, record.vpc, record)
    this.#order = Math.max(this.#order, record.order)
  }

  // A state kept in a file may have been read anew since.
  #applyWhenNew(): void {
    if (this.#applied !== this.#state.current) this.#applyAll()
  }

  #applyAll(): void {
    const state = this.#state.current
    this.#applied = state
    for (const record of state.added) {
      if (!this.#byId.has(record.id)) this.#insert({...record})
    }
    const now = new Set(state.added.map(each => each.id))
    const gone = [...this.#added].filter(id => !now.has(id))
    this.#added = now
    for (const id of new Set([...this.#originals.keys(), ...Object.keys(state.instances), ...gone, ...now])) {
      const record = this.#byId.get(id)
      if (record === undefined) continue
      this.#apply(record, state.instances[id] ?? {})
      if (gone.includes(id)) record.deleted = true
    }
    for (const ip of this.#floatingIps) {
      const change = state.floatingIps[ip.id]
      ip.instance = change === undefined ? this.#originalTargets.get(ip.id) : (change.instance ?? undefined)
    }
  }

  #apply(record: InstanceRecord, change: InstanceChange): void {
    const original = this.#originals.get(record.id) ?? {
      name: record.name,
      status: record.status,
      metadata: record.metadata,
    }
    this.#originals.set(record.id, original)
    record.name = change.name ?? original.name
    record.status = change.status ?? original.status
    record.metadata = change.metadata ?? original.metadata
    record.action = change.action
    record.revision = change.revision ?? 0
    record.deleted = change.deleted ?? false
  }
}

function recordsOf(regions: readonly RegionPlace[], options: FleetOptions): FleetRecords {
  if (options.instances !== undefined) {
    return generatedFleet(options.instances, options.vpcs ?? regions.length, regions)
  }
  const records = defaultFleet()
  const served = (each: {region: string}) => regions.some(region => region.name === each.region)
  return {
    instances: records.instances.filter(served),
    vpcs: records.vpcs.filter(served),
    floatingIps: records.floatingIps.filter(served),
  }
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
