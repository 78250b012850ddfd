import {checkNameIsFree} from './api-error.ts'
import type {StoredRecord} from './records.ts'
import type {RecordKind, State, StateStore} from './state.ts'

export type RecordStore<Item extends StoredRecord> = ReturnType<typeof makeRecordStore<Item>>

/**
 * The records of one kind: those that the arguments give, with the kept changes on top. No look-up and no change goes
 * through all of them, because there can be 100,000.
 */
export function makeRecordStore<Item extends StoredRecord>(
  kind: RecordKind,
  given: readonly Item[],
  state: StateStore,
) {
  const byId = new Map<string, Item>()
  /** Names are unique within a region only, and a test may give the same name twice. */
  const byName = new Map<string, Item[]>()
  const byPlace = new Map<string, Item[]>()
  /** The records of a place that are not deleted; cleared when one is added or deleted. */
  const lists = new Map<string, Item[]>()
  /** Changed records as they were at first, by ID. */
  const originals = new Map<string, Item>()
  let addedIds = new Set<string>()
  let lastOrder = 0
  let applied: State | undefined

  const insert = (record: Item) => {
    byId.set(record.id, record)
    append(byName, record.name, record)
    append(byPlace, placeOf(record.region), record)
    if (record.vpc !== undefined) append(byPlace, placeOf(record.region, record.vpc), record)
    lastOrder = Math.max(lastOrder, record.order)
    lists.clear()
  }
  const apply = (record: Item, change: Partial<StoredRecord> | undefined) => {
    const original = originals.get(record.id) ?? {deleted: false, ...record}
    originals.set(record.id, original)
    const {name, deleted} = record
    Object.assign(record, original, change)
    if (record.deleted !== deleted) lists.clear()
    if (record.name === name) return
    const others = (byName.get(name) ?? []).filter(each => each !== record)
    if (others.length > 0) byName.set(name, others)
    else byName.delete(name)
    append(byName, record.name, record)
  }
  // A state kept in a file may have been read anew since.
  const sync = () => {
    const {current} = state
    if (applied === current) return
    applied = current
    const {changes, added} = current.records[kind]
    // The section holds records of this kind only.
    for (const record of added) if (!byId.has(record.id)) insert({...record} as Item)
    const now = new Set(added.map(each => each.id))
    const gone = new Set([...addedIds].filter(id => !now.has(id)))
    addedIds = now
    for (const id of new Set([...originals.keys(), ...Object.keys(changes), ...gone, ...now])) {
      const record = byId.get(id)
      if (record) apply(record, gone.has(id) ? {...changes[id], deleted: true} : changes[id])
    }
  }
  for (const record of given) insert(record)

  const store = {
    /** The records of a region, or of one of its VPCs, in the order of lists. Do not change the array. */
    of(region: string, vpc?: string): readonly Item[] {
      sync()
      const place = placeOf(region, vpc)
      const known = lists.get(place)
      if (known !== undefined) return known
      const list = (byPlace.get(place) ?? []).filter(each => !each.deleted)
      // Unknown places are not kept: there could be any number of them.
      if (list.length > 0) lists.set(place, list)
      return list
    },

    /** The records of a region that have this name. */
    named(region: string, name: string): readonly Item[] {
      sync()
      const found = (byName.get(name) ?? []).filter(each => each.region === region && !each.deleted)
      return found.sort((a, b) => a.order - b.order)
    },

    find(region: string, id: string): Item | undefined {
      const found = store.get(id)
      return found?.region === region ? found : undefined
    },

    /** The record with this ID, in whatever region. */
    get(id: string): Item | undefined {
      sync()
      const found = byId.get(id)
      return found?.deleted ? undefined : found
    },

    /** All records, of all regions. */
    all(): Item[] {
      sync()
      return [...byId.values()].filter(each => !each.deleted)
    },

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
        await state.update(({records}) => {
          record = store.find(region, id)
          const change = record && decide(record)
          if (record === undefined || change === undefined) return false
          const {changes} = records[kind]
          const revision = (record.revision ?? 0) + (isNew(change, record) ? 1 : 0)
          const all: Partial<StoredRecord> = {...changes[id], ...change, revision}
          changes[id] = all
          apply(record, all)
          return true
        })
      } finally {
        // A change that could not be kept is forgotten.
        state.refresh()
      }
      return record
    },

    /** Adds the record that `make` returns for its order and the number of those added before. Rejects, with nothing added, when it can't be kept. */
    async add(make: (order: number, addedBefore: number) => Item): Promise<Item> {
      let record: Item | undefined
      await state.update(({records}) => {
        sync()
        const {added} = records[kind]
        record = make(lastOrder + 1, added.length)
        added.push(structuredClone(record))
        addedIds.add(record.id)
        insert(record)
        return true
      })
      if (record === undefined) throw new Error('The record was not added.')
      return record
    },
  }
  return store
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
