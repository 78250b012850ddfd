import {isRecord} from './answers.ts'

/** What stands at a path of names in a JSON value; undefined where something on the way is missing. */
export function fieldAt(value: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), value)
}

/** The text, number or truth value at a path of names, as text; empty where there is none. */
export function textAt(value: unknown, ...names: string[]): string {
  const found = fieldAt(value, ...names)
  return ['string', 'number', 'boolean'].includes(typeof found) ? String(found) : ''
}

/** The list at a path of names; empty where there is none. */
export function listAt(value: unknown, ...names: string[]): unknown[] {
  const found = fieldAt(value, ...names)
  return Array.isArray(found) ? found : []
}

/** A named thing as `name (id)`, or as much of that as there is. */
export function namedAt(value: unknown, ...names: string[]): string {
  const [name, id] = [textAt(value, ...names, 'name'), textAt(value, ...names, 'id')]
  return name && id ? `${name} (${id})` : name || id
}
