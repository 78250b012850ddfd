import {valueAt} from '../cloud/readers/fields.ts'

/** What a JSON value has at a path, such as `vcpu.count`; undefined where something on the way is missing. */
export function fieldAt(value: unknown, path: string): unknown {
  return valueAt(value, path.split('.'))
}

/** The text, number or truth value at the first path that has one, as text; empty where none has. */
export function textAt(value: unknown, ...paths: string[]): string {
  const found = paths.map(path => fieldAt(value, path))
  return (
    found
      .filter(each => ['string', 'number', 'boolean'].includes(typeof each))
      .map(String)
      .find(Boolean) ?? ''
  )
}

/** The list at a path; empty where there is none. */
export function listAt(value: unknown, path: string): unknown[] {
  const found = fieldAt(value, path)
  return Array.isArray(found) ? found : []
}

/** A named thing as `name (id)`, or as much of that as there is. */
export function namedAt(value: unknown, path?: string): string {
  const thing = path === undefined ? value : fieldAt(value, path)
  const [name, id] = [textAt(thing, 'name'), textAt(thing, 'id')]
  return name && id ? `${name} (${id})` : name || id
}
