import {ApiError, type ErrorTarget} from './api-error.ts'
import {isNestedTooDeep} from './body-limits.ts'

export type Body = Record<string, unknown>

/** 400 with a field as its target; codes by ibm-cloud-docs/vpc errors.md. */
export function refusal(code: string, message: string, name: string, value: unknown): ApiError {
  const target: ErrorTarget = {name, type: 'field'}
  if (value !== undefined) target.value = typeof value === 'string' ? value : JSON.stringify(value)
  return new ApiError(400, code, message, target)
}

export function wrongType(name: string, value: unknown): ApiError {
  return refusal('validation_invalid_field_type', 'The value type does not match the field type.', name, value)
}

export function unknownField(name: string): ApiError {
  return refusal('invalid_request_field', 'A field provided in the request is not valid.', name, undefined)
}

/** 501 for a property that IBM knows and the sandbox does not simulate: never a silent success. */
export function notSimulated(name: string): ApiError {
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate changing ${name}.`, {name, type: 'field'})
}

/** Reads a body as a JSON object, whatever content type it was sent with: IBM's own curl samples send none. Throws 400 `validation_failure`. */
export function readObject(text: string): Body {
  if (isNestedTooDeep(text)) throw new ApiError(400, 'validation_failure', 'The JSON provided is nested too deeply.')
  const value = parse(text)
  if (isObject(value)) return value
  throw new ApiError(400, 'validation_failure', 'The JSON provided did not match the expected structure.')
}

/** The value of a JSON text; undefined where it is none. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a name looks like, of at most 63 characters: IBM-Cloud/terraform-provider-ibm accepts those of instances by this pattern and length. */
export const validName = /^([a-z]|[a-z][-a-z0-9]*[a-z0-9])$/

/** Reads the property `name`. Throws 400. */
export function readName(value: unknown): string {
  if (typeof value !== 'string') throw wrongType('name', value)
  if (!validName.test(value) || value.length > 63) {
    throw refusal('validation_invalid_name', 'The value is not a valid name.', 'name', value)
  }
  return value
}

/** Reads `metadata_service.enabled`. Throws 400. */
export function readEnabled(value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType('metadata_service.enabled', value)
  return value
}

/** Reads `metadata_service.protocol`. Throws 400. */
export function readProtocol(value: unknown): 'http' | 'https' {
  const name = 'metadata_service.protocol'
  if (typeof value !== 'string') throw wrongType(name, value)
  if (value !== 'http' && value !== 'https') {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', name, value)
  }
  return value
}
