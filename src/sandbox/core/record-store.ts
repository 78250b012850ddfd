import {checkNameIsFree} from './api-error.ts'
import type {StoredRecord} from './records.ts'
import type {RecordKind, State, StateStore} from './state.ts'

/**
 * The records of one kind: those that the arguments give, with the kept changes on top. No look-up and no change goes
 * through all of them, because there can be 100,000.
 */
export class RecordStore<Item extends StoredRecord> {
  readonly #state: StateStore
  readonly #kind: RecordKind
  readonly #byId = new Map<string, Item>()
  /** Names are unique within a region only, and a test may give the same name twice. */
  readonly #byName = new Map<string, Item[]>()
  readonly #byPlace = new Map<string, Item[]>()
  /** The records of a place that are not deleted; cleared when one is added or deleted. */
  readonly #lists = new Map<string, Item[]>()
  /** Changed records as they were at first, by ID. */
  readonly #originals = new Map<string, Item>()
  #added = new Set<string>()
  #order = 0
  #applied: State | undefined

  constructor(kind: RecordKind, records: readonly Item[], state: StateStore) {
    this.#kind = kind
    this.#state = state
    for (const record of records) this.#insert(record)
  }

  /** The records of a region, or of one of its VPCs, in the order of lists. Do not change the array. */
  of(region: string, vpc?: string): readonly Item[] {
    this.#sync()
    const place = placeOf(region, vpc)
    const known = this.#lists.get(place)
    if (known !== undefined) return known
    const list = (this.#byPlace.get(place) ?? []).filter(each => !each.deleted)
    // Unknown places are not kept: there could be any number of them.
    if (list.length > 0) this.#lists.set(place, list)
    return list
  }

  /** The records of a region that have this name. */
  named(region: string, name: string): readonly Item[] {
    this.#sync()
    const found = (this.#byName.get(name) ?? []).filter(each => each.region === region && !each.deleted)
    return found.sort((a, b) => a.order - b.order)
  }

  find(region: string, id: string): Item | undefined {
    const found = this.get(id)
    return found?.region === region ? found : undefined
  }

  /** The record with this ID, in whatever region. */
  get(id: string): Item | undefined {
    this.#sync()
    const found = this.#byId.get(id)
    return found?.deleted ? undefined : found
  }

  /** All records, of all regions. */
  all(): Item[] {
    this.#sync()
    return [...this.#byId.values()].filter(each => !each.deleted)
  }

  /**
   * Changes a record: `decide` gets its newest form, with nobody else at work, and returns what changes, or undefined.
   * Resolves to the record, undefined when there is none; rejects with what `decide` throws.
   */
  async update(
    region: string,
    id: string,
    decide: (record: Item) => Partial<Item> | undefined,
  ): Promise<Item | undefined> {
    let record: Item | undefined
    try {
      await this.#state.update(state => {
        record = this.find(region, id)
        const change = record && decide(record)
        if (record === undefined || change === undefined) return false
        const {changes} = state.records[this.#kind]
        const revision = (record.revision ?? 0) + (isNew(change, record) ? 1 : 0)
        const all: Partial<StoredRecord> = {...changes[id], ...change, revision}
        changes[id] = all
        this.#apply(record, all)
        return true
      })
    } finally {
      // A change that could not be kept is forgotten.
      this.#state.refresh()
    }
    return record
  }

  /** Adds the record that `make` returns for its order and the number of those added before. Rejects, with nothing added, when it can't be kept. */
  async add(make: (order: number, addedBefore: number) => Item): Promise<Item> {
    let record: Item | undefined
    await this.#state.update(state => {
      this.#sync()
      const {added} = state.records[this.#kind]
      record = make(this.#order + 1, added.length)
      added.push(structuredClone(record))
      this.#added.add(record.id)
      this.#insert(record)
      return true
    })
    if (record === undefined) throw new Error('The record was not added.')
    return record
  }

  #insert(record: Item): void {
    this.#byId.set(record.id, record)
    append(this.#byName, record.name, record)
    append(this.#byPlace, placeOf(record.region), record)
    if (record.vpc !== undefined) append(this.#byPlace, placeOf(record.region, record.vpc), record)
    this.#order = Math.max(this.#order, record.order)
    this.#lists.clear()
  }

  // A state kept in a file may have been read anew since.
  #sync(): void {
    const state = this.#state.current
    if (this.#applied === state) return
    this.#applied = state
    const {changes, added} = state.records[this.#kind]
    // The section holds records of this kind only.
    for (const record of added) if (!this.#byId.has(record.id)) this.#insert({...record} as Item)
    const now = new Set(added.map(each => each.id))
    const gone = new Set([...this.#added].filter(id => !now.has(id)))
    this.#added = now
    for (const id of new Set([...this.#originals.keys(), ...Object.keys(changes), ...gone, ...now])) {
      const record = this.#byId.get(id)
      if (record) this.#apply(record, gone.has(id) ? {...changes[id], deleted: true} : changes[id])
    }
  }

  #apply(record: Item, change: Partial<StoredRecord> | undefined): void {
    const original = this.#originals.get(record.id) ?? {deleted: false, ...record}
    this.#originals.set(record.id, original)
    const {name, deleted} = record
    Object.assign(record, original, change)
    if (record.deleted !== deleted) this.#lists.clear()
    if (record.name === name) return
    const others = (this.#byName.get(name) ?? []).filter(each => each !== record)
    if (others.length > 0) this.#byName.set(name, others)
    else this.#byName.delete(name)
    append(this.#byName, record.name, record)
  }
}

/** The change that gives a record another name; none without `name`. Throws 400 when another record of the region has it. */
export function nameChange<Item extends StoredRecord>(
  store: RecordStore<Item>,
  record: Item,
  name: string | undefined,
): {name?: string} {
  if (name === undefined || name === record.name) return {}
  checkNameIsFree(name, store.named(record.region, name))
  return {name}
}

// The status does not count as modifiable: start and stop do not change the ETag.
function isNew(change: Partial<StoredRecord>, record: StoredRecord): boolean {
  const {name = record.name, metadata = record.metadata} = change
  return name !== record.name || JSON.stringify(metadata) !== JSON.stringify(record.metadata)
}

function placeOf(region: string, vpc?: string): string {
  return vpc === undefined ? region : `${region}/${vpc}`
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
