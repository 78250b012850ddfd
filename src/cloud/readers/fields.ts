import {isRecord} from '../../json-object.ts'

/** What the API sent, before a reader has read it. */
export type Raw = Readonly<Record<string, unknown>>

/** What a reader gives: a field that may be undefined may also be left out. */
export type ReadBy<Reader extends (...args: never[]) => object> = Partial<ReturnType<Reader>> &
  Pick<ReturnType<Reader>, KnownField<ReturnType<Reader>>>

type KnownField<T> = {[Name in keyof T]-?: undefined extends T[Name] ? never : Name}[keyof T]

const nothing: Raw = Object.freeze({})

/** The fields of what should be an object; none where it is something else. */
export function fields(value: unknown): Raw {
  return isRecord(value) ? value : nothing
}

// Each of these reads the field at a path, and gives undefined where that is missing, null or of another type.

/** A text that is not empty. */
export function text(raw: Raw, ...path: string[]): string | undefined {
  return asText(valueAt(raw, path))
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number. */
export function number(raw: Raw, ...path: string[]): number | undefined {
  const value = valueAt(raw, path)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A truth value. */
export function flag(raw: Raw, ...path: string[]): boolean | undefined {
  const value = valueAt(raw, path)
  return typeof value === 'boolean' ? value : undefined
}

/** What stands at a path; undefined where something on the way is missing. */
export function valueAt(raw: unknown, path: readonly string[]): unknown {
  let value = raw
  for (const name of path) value = fields(value)[name]
  return value
}

/** A list, each item as `read` gives it. */
export function list<T>(raw: Raw, name: string, read: (item: Raw) => T): T[] | undefined {
  const value = raw[name]
  return Array.isArray(value) ? value.map(item => read(fields(item))) : undefined
}

/** How many items a list has. */
export function countOf(raw: Raw, name: string): number | undefined {
  const value = raw[name]
  return Array.isArray(value) ? value.length : undefined
}

/** Another resource, as far as the API told it. */
export interface Reference {
  id?: string
  name?: string
  crn?: string
  /** Whether the API says that the resource was deleted since (IBM/vpc-node-sdk, vpc/v1.ts, Deleted). */
  isDeleted: boolean
}

/** Reads what the API calls a reference; undefined where it has neither ID, nor name, nor CRN. */
export function reference(raw: Raw, ...path: string[]): Reference | undefined {
  return asReference(fields(valueAt(raw, path)))
}

/** The references in a list; none where there is no list. */
export function references(raw: Raw, name: string): Reference[] {
  return (list(raw, name, asReference) ?? []).filter(each => each !== undefined)
}

/** Reads an object as a reference. */
export function asReference(raw: Raw): Reference | undefined {
  const id = asText(raw.id)
  const name = asText(raw.name)
  const crn = asText(raw.crn)
  if (id === undefined && name === undefined && crn === undefined) return undefined
  return {id, name, crn, isDeleted: raw.deleted !== undefined && raw.deleted !== null}
}

/**
 * The ID of a row, in the API's own letters (IBM/vpc-node-sdk, vpc/v1.ts: `^[-0-9a-z_]+$`, at most 64), as it becomes a part
 * of URLs and file names. Undefined for a row that can't be identified.
 */
export function identity(raw: Raw): string | undefined {
  const id = asText(raw.id)
  return id !== undefined && /^[-0-9a-z_]{1,64}$/.test(id) ? id : undefined
}
