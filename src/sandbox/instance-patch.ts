import {ApiError, type ErrorTarget} from './api-error.ts'
import type {MetadataSettings} from './records.ts'

/** What a PATCH names; what it leaves out stays. */
export interface InstancePatch {
  name?: string
  metadata_service?: Partial<MetadataSettings>
}

// The other properties of an instance patch in IBM/vpc-node-sdk vpc/v1.ts `updateInstance`.
const notSimulated = new Set([
  'availability',
  'availability_policy',
  'confidential_compute_mode',
  'enable_secure_boot',
  'placement_target',
  'profile',
  'reservation_affinity',
  'total_volume_bandwidth',
  'vcpu',
  'volume_bandwidth_qos_mode',
])

/** What a name looks like, of at most 63 characters: IBM-Cloud/terraform-provider-ibm accepts those of instances by this pattern and length. */
export const validName = /^([a-z]|[a-z][-a-z0-9]*[a-z0-9])$/

type Body = Record<string, unknown>

/** 400 with `code` for the field called `name`, whose value it carries unless that is undefined. */
export function refusal(code: string, message: string, name: string, value: unknown): ApiError {
  const target: ErrorTarget = {name, type: 'field'}
  if (value !== undefined) target.value = typeof value === 'string' ? value : JSON.stringify(value)
  return new ApiError(400, code, message, target)
}

/** 400 for a field of another type. */
export function wrongType(name: string, value: unknown): ApiError {
  return refusal('validation_invalid_field_type', 'The value type does not match the field type.', name, value)
}

/** 400 for a field that no body of this operation has. */
export function unknownField(name: string): ApiError {
  return refusal('invalid_request_field', 'A field provided in the request is not valid.', name, undefined)
}

/** Reads a body as a JSON object, whatever content type it was sent with: IBM's own curl samples send none. Throws 400 `validation_failure`. */
export function readObject(text: string): Body {
  const failure = new ApiError(400, 'validation_failure', 'The JSON provided did not match the expected structure.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw failure
  }
  if (!isObject(value)) throw failure
  return value
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readHopLimit(value: unknown): number {
  const name = 'metadata_service.response_hop_limit'
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, value)
  if (value < 1) {
    throw refusal('validation_min_value', 'A value provided for a parameter is smaller than allowed.', name, value)
  }
  if (value > 64) {
    throw refusal('validation_max_value', 'A value provided for a parameter is larger than allowed.', name, value)
  }
  return value
}

function readProtocol(value: unknown): 'http' | 'https' {
  const name = 'metadata_service.protocol'
  if (typeof value !== 'string') throw wrongType(name, value)
  if (value !== 'http' && value !== 'https') {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', name, value)
  }
  return value
}

/** Reads `metadata_service` of a patch or a prototype. Throws 400 with the field as target. */
export function readSettings(value: unknown): Partial<MetadataSettings> {
  if (!isObject(value)) throw wrongType('metadata_service', value)
  const settings: Partial<MetadataSettings> = {}
  for (const [field, each] of Object.entries(value)) {
    if (field === 'enabled') {
      if (typeof each !== 'boolean') throw wrongType('metadata_service.enabled', each)
      settings.enabled = each
    } else if (field === 'protocol') settings.protocol = readProtocol(each)
    else if (field === 'response_hop_limit') settings.response_hop_limit = readHopLimit(each)
    else throw unknownField(`metadata_service.${field}`)
  }
  return settings
}

/**
 * Reads an instance patch: `metadata_service` with its limits from the contract (protocol http or https, hop limit 1 to
 * 64) and `name`. Throws 400 with the field as target, codes by ibm-cloud-docs/vpc errors.md; null, which no property of
 * a patch allows, is a wrong type. A property that IBM knows and the sandbox does not simulate is 501.
 */
export function readPatch(text: string): InstancePatch {
  const patch: InstancePatch = {}
  for (const [field, value] of Object.entries(readObject(text))) {
    if (field === 'metadata_service') patch.metadata_service = readSettings(value)
    else if (field === 'name') {
      if (typeof value !== 'string') throw wrongType('name', value)
      if (!validName.test(value) || value.length > 63) {
        throw refusal('validation_invalid_name', 'The value is not a valid name.', 'name', value)
      }
      patch.name = value
    } else if (notSimulated.has(field)) {
      throw new ApiError(501, 'not_implemented', `The sandbox does not simulate changing ${field}.`, {
        name: field,
        type: 'field',
      })
    } else throw unknownField(field)
  }
  return patch
}

export interface ActionRequest {
  type: 'reboot' | 'start' | 'stop'
  force: boolean | undefined
}

/** Reads the body of `POST /instances/{id}/actions`: `type`, and `force` if any. Throws 400. */
export function readAction(text: string): ActionRequest {
  const {type, force, ...rest} = readObject(text)
  const [stranger] = Object.keys(rest)
  if (stranger !== undefined) throw unknownField(stranger)
  if (type === undefined) throw refusal('validation_required_field', 'Missing a required field.', 'type', undefined)
  if (typeof type !== 'string') throw wrongType('type', type)
  if (type !== 'reboot' && type !== 'start' && type !== 'stop') {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', 'type', type)
  }
  if (force !== undefined && typeof force !== 'boolean') throw wrongType('force', force)
  return {type, force}
}
