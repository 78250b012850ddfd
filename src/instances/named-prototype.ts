import type {InstancePrototype} from '../cloud/prototypes.ts'

/** What a person reads before an instance is created: what the prototype says, with names for IDs where `names` has them. */
export function namedPrototype(prototype: InstancePrototype, names: ReadonlyMap<string, string>): object {
  return Object(inWords(prototype, names))
}

function inWords(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map(each => inWords(each, names))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[key, only] = []] = entries
  if (entries.length === 1 && typeof only === 'string') {
    if (key === 'name' || key === 'crn') return only
    if (key === 'id') return names.has(only) ? `${names.get(only)} (${only})` : only
  }
  return Object.fromEntries(entries.map(([name, each]) => [name, inWords(each, names)]))
}
