import {ApiError} from './api-error.ts'
import {isObject, refusal, unknownField, validName, wrongType} from './patch-fields.ts'
import {defaultsGroup, productionGroup} from './records.ts'

/** How a prototype names something that exists: `{"id": …}`, `{"crn": …}`, and so on; exactly one of them. */
export interface Identity {
  by: string
  value: string
  /** Of the identifying property, such as `keys[0].id`. */
  field: string
}

/** 400 for a field that is not there and has to be. */
export function requiredField(name: string): ApiError {
  return refusal('validation_required_field', 'Missing a required field.', name, undefined)
}

/**
 * 404 for an identity that nothing has, with the field as target. That the API answers 404 and not 400 here is by analogy
 * with a path; no source shows it.
 */
export function unknownIdentity({field, value}: Identity): ApiError {
  return new ApiError(404, 'not_found', 'The requested resource does not exist, or cannot be accessed.', {
    name: field,
    type: 'field',
    value,
  })
}

/** 501 for what the API takes and the sandbox does not simulate. */
export function notSimulated(field: string): ApiError {
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate ${field}.`, {name: field, type: 'field'})
}

/** An object whose fields are all among `known`. Throws 400, or 501 for one of `unsimulated`. */
export function readFields(
  value: unknown,
  field: string,
  known: readonly string[],
  unsimulated: readonly string[] = [],
): Record<string, unknown> {
  if (!isObject(value)) throw wrongType(field, value)
  for (const name of Object.keys(value)) {
    const full = field === '' ? name : `${field}.${name}`
    if (unsimulated.includes(name)) throw notSimulated(full)
    if (!known.includes(name)) throw unknownField(full)
  }
  return value
}

/** An identity by one of `ways`. Throws 400 for none, more than one, or another. */
export function readIdentity(value: unknown, field: string, ways: readonly string[]): Identity {
  if (value === undefined) throw requiredField(field)
  const [[by, text] = [], ...more] = Object.entries(readFields(value, field, ways))
  if (by === undefined) throw requiredField(`${field}.${ways[0]}`)
  if (more.length > 0) throw refusal('validation_failed', 'Exactly one identifying property is allowed.', field, value)
  if (typeof text !== 'string') throw wrongType(`${field}.${by}`, text)
  return {by, value: text, field: `${field}.${by}`}
}

/** Whether a resource is the one that an identity names; an href by its last part. */
export function isNamed(
  identity: Identity,
  resource: {id: string; crn?: string; name?: string; fingerprint?: string},
): boolean {
  const {by, value} = identity
  if (by === 'href') return value.split('/').at(-1) === resource.id
  return Object.entries(resource).some(([key, each]) => key === by && each === value)
}

/** A name by the rules of an instance's. Throws 400. */
export function readName(value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, value)
  if (validName.test(value) && value.length <= 63) return value
  throw refusal('validation_invalid_name', 'The value is not a valid name.', field, value)
}

/** `true` or `false`, or undefined where it is left out. Throws 400. */
export function readBoolean(value: unknown, field: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw wrongType(field, value)
}

/** `resource_group` by ID, or undefined where it is left out. Throws 400, and 404 for one that the account has not. */
export function readResourceGroup(value: unknown): {id: string; name: string} | undefined {
  if (value === undefined) return undefined
  const identity = readIdentity(value, 'resource_group', ['id'])
  const found = [defaultsGroup, productionGroup].find(each => each.id === identity.value)
  if (found === undefined) throw unknownIdentity(identity)
  return found
}
