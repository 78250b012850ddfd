import type {z} from 'zod'
import {ApiError, type FieldCode, fieldError, notFound, notSimulated} from '../core/api-error.ts'
import {isNestedTooDeep} from '../core/body-limits.ts'
import type {ApiRequest} from '../core/collection.ts'
import type {RequestSchemas} from './request-schemas.ts'

export type RequestBody<Name extends keyof RequestSchemas> = z.infer<RequestSchemas[Name]>

/** Names something that exists: `{"id": …}`, `{"crn": …}`, and so on; exactly one of them. */
export type Naming = Record<string, string>

/** The body of a request as a JSON object, whatever content type it was sent with: IBM's own curl samples send none. Throws 400 `validation_failure`. */
export async function readObject(c: ApiRequest): Promise<Record<string, unknown>> {
  const text = await c.req.text()
  if (isNestedTooDeep(text)) throw new ApiError(400, 'validation_failure', 'The JSON provided is nested too deeply.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Refused below.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new ApiError(400, 'validation_failure', 'The JSON provided did not match the expected structure.')
}

/**
 * The body of a request by the schema called `name`. Throws 400 with the first wrong field as target, codes by
 * ibm-cloud-docs/vpc errors.md; null, which no property allows unless its schema does, is a wrong type. A property that IBM
 * knows and the sandbox does not simulate is 501.
 */
export async function readBodyAs<Name extends keyof RequestSchemas>(
  c: ApiRequest,
  name: Name,
): Promise<RequestBody<Name>> {
  const body = await readObject(c)
  // zod takes longer to load than the rest of the sandbox.
  const {requestSchemas} = await import('./request-schemas.ts')
  const read = requestSchemas[name].safeParse(body)
  if (read.success) return read.data as RequestBody<Name>
  const {issues} = read.error
  const issue = issues.find(each => each.code === 'unrecognized_keys') ?? issues[0]
  if (issue === undefined) throw new Error('zod refuses a body without an issue.')
  throw errorOf(issue, body, c.req.method === 'PATCH' ? 'changing ' : '')
}

const limits = {
  number: {too_small: 'validation_min_value', too_big: 'validation_max_value'},
  string: {too_small: 'validation_invalid_name', too_big: 'validation_invalid_name'},
} satisfies Record<string, Record<string, FieldCode>>

/** Turns an issue of zod into an error of IBM's API. */
function errorOf(issue: z.core.$ZodIssue, body: unknown, verb: string): ApiError {
  const name = fieldName(issue.path)
  const value = issue.path.reduce<unknown>((each, key) => (each as Record<PropertyKey, unknown>)?.[key], body)
  switch (issue.code) {
    case 'unrecognized_keys':
      return fieldError('invalid_request_field', fieldName([...issue.path, issue.keys[0] ?? '']))
    case 'custom':
      return issue.params?.error(name)
    case 'invalid_type':
      if (issue.expected === 'never') return notSimulated(`${verb}${name}`, name)
      break
    case 'invalid_value':
      if (typeof value === 'string') return fieldError('validation_enum', name, value)
      break
    case 'too_small':
    case 'too_big':
      return fieldError(limits[typeof value === 'string' ? 'string' : 'number'][issue.code], name, value)
    case 'invalid_format':
      return fieldError('validation_invalid_name', name, value)
  }
  if (value === undefined) return fieldError('validation_required_field', name)
  return fieldError('validation_invalid_field_type', name, value)
}

/** `keys[0].id` */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map(each => (typeof each === 'number' ? `[${each}]` : `.${String(each)}`))
    .join('')
    .replace(/^\./, '')
}

interface Nameable {
  id: string
  crn?: string
  name?: string
  fingerprint?: string
}

/** Whether a resource is the named one; an href is compared by its last part. */
export function isNamedBy(naming: Naming, resource: Nameable): boolean {
  const {href, ...others} = naming
  if (href !== undefined) return href.split('/').at(-1) === resource.id
  return Object.entries(others).some(([key, value]) => resource[key as keyof Nameable] === value)
}

/** Finds the row that a field of a body names. Throws 404 with the field as target. */
export function findByNaming<Row extends Nameable>(rows: readonly Row[], naming: Naming, field: string): Row {
  const found = rows.find(each => isNamedBy(naming, each))
  if (found === undefined) throw unknownNaming(naming, field)
  return found
}

/** 404 for a field that names something that does not exist. */
export function unknownNaming(naming: Naming, field: string): ApiError {
  const [[by, value] = ['', '']] = Object.entries(naming)
  return notFound(`${field}.${by}`, value, 'field')
}
