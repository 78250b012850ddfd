/** What the API sent, before a reader has read it. */
export type Raw = Readonly<Record<string, unknown>>

const nothing: Raw = Object.freeze({})

/** The fields of what should be an object; none where it is something else. */
export function fields(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : nothing
}

/** Whether there are fields at all. */
export function isTold(value: unknown): boolean {
  return fields(value) !== nothing
}

/** A text that is not empty; undefined where it is missing, null or of another type. */
export function text(raw: Raw, name: string): string | undefined {
  const value = raw[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number; undefined likewise. */
export function number(raw: Raw, name: string): number | undefined {
  const value = raw[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A truth value; undefined likewise. */
export function flag(raw: Raw, name: string): boolean | undefined {
  const value = raw[name]
  return typeof value === 'boolean' ? value : undefined
}

/** A list, each item as `read` gives it; undefined where there is no list. */
export function list<T>(raw: Raw, name: string, read: (item: Raw) => T): T[] | undefined {
  const value = raw[name]
  return Array.isArray(value) ? value.map(item => read(fields(item))) : undefined
}

/** Another resource, as far as it was told; undefined where there is none. */
export interface Reference {
  id?: string
  name?: string
  crn?: string
  /** Whether the API says that the resource was deleted since (IBM/vpc-node-sdk, vpc/v1.ts, Deleted). */
  isDeleted: boolean
}

/** Reads what the API calls a reference; undefined where neither ID, nor name, nor CRN is told. */
export function reference(raw: Raw, name: string): Reference | undefined {
  return asReference(fields(raw[name]))
}

/** The same of an object that is at hand. */
export function asReference(raw: Raw): Reference | undefined {
  const [id, name, crn] = [text(raw, 'id'), text(raw, 'name'), text(raw, 'crn')]
  if (id === undefined && name === undefined && crn === undefined) return undefined
  return {id, name, crn, isDeleted: raw.deleted !== undefined && raw.deleted !== null}
}

/**
 * The ID of a row, where it is one: in the API's own letters (IBM/vpc-node-sdk, vpc/v1.ts: `^[-0-9a-z_]+$`, at most 64), as
 * it becomes a part of URLs and file names. Undefined for a row that can't be identified.
 */
export function identity(raw: Raw): string | undefined {
  const id = text(raw, 'id')
  return id !== undefined && /^[-0-9a-z_]{1,64}$/.test(id) ? id : undefined
}
