import type {Context} from 'hono'
import type {Environment} from './environment.ts'

/** What an error is about: a field of the body, a header, or a parameter of the path or query. */
export interface ErrorTarget {
  name: string
  type: 'field' | 'header' | 'parameter'
  value?: string
}

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 412 | 413 | 429 | 500 | 501 | 503 | 504

/** A refusal in the VPC API's own words. Codes and messages, unless a throwing place says otherwise, are those of ibm-cloud-docs/vpc errors.md ("API error messages"). */
export class ApiError extends Error {
  readonly status: ErrorStatus
  readonly code: string
  readonly target: ErrorTarget | undefined
  readonly headers: Record<string, string>

  constructor(
    status: ErrorStatus,
    code: string,
    message: string,
    target?: ErrorTarget,
    headers: Record<string, string> = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.target = target
    this.headers = headers
  }
}

// Refusals at the front door were seen with a link to the page of messages, those of resources without one
// (kubernetes-sigs/cluster-api-provider-ibmcloud#1610; validation_unique_failed in ibm-cloud-docs).
const linkedCodes = new Set([
  'internal_error',
  'invalid_generation_parameter',
  'invalid_route',
  'invalid_version',
  'invalid_version_range',
  'missing_generation_parameter',
  'missing_version',
  'not_authorized',
  'rate_limit_exceeded',
])

/**
 * Answers with what was thrown: an ApiError as it is, anything else as 500 `internal_error` with its message. The
 * body is `{errors: [{code, message, more_info?, target?}], trace}` (ibm-cloud-docs/vpc cbr.md, block_storage_vpc_ts8.md).
 */
export function answerError(error: unknown, c: Context<Environment>): Response {
  const {status, code, message, target, headers} =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'internal_error', error instanceof Error ? error.message : String(error))
  const moreInfo = linkedCodes.has(code)
    ? {more_info: `https://cloud.ibm.com/docs/vpc?topic=vpc-rias-error-messages#${code}`}
    : {}
  return c.json(
    {errors: [{code, message, ...moreInfo, ...(target && {target})}], trace: c.get('trace')},
    status,
    headers,
  )
}

/**
 * 404 for an ID that does not exist, worded as ibm-cloud-docs/vpc vsi_is_private_catalog_custom_images.md shows it. For a
 * field of a body it is 404 and not 400 by analogy with a path; no source shows it.
 */
export function notFound(name: string, value: string, type: ErrorTarget['type'] = 'parameter'): ApiError {
  const message = 'The requested resource does not exist, or cannot be accessed.'
  return new ApiError(404, 'not_found', message, {name, type, value})
}

/** 404 for a path that no operation has. */
export function invalidRoute(): ApiError {
  return new ApiError(404, 'invalid_route', 'The requested route does not exist.')
}

/** 501 for what IBM's API takes and the sandbox does not simulate: never a silent success. A `field` is its target. */
export function notSimulated(what: string, field?: string): ApiError {
  const target: ErrorTarget | undefined = field === undefined ? undefined : {name: field, type: 'field'}
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate ${what}.`, target)
}

/** 401: no token, or one that is expired, foreign or garbled (wording: kubernetes-sigs/cluster-api-provider-ibmcloud#1610). */
export function unauthorized(): ApiError {
  return new ApiError(401, 'not_authorized', 'The request is not authorized.')
}

/** 429 of the rate limit. */
export function throttled(retryAfter: string): ApiError {
  const message = 'Too many requests within a short time.'
  return new ApiError(429, 'rate_limit_exceeded', message, undefined, {'retry-after': retryAfter})
}

const fieldMessages = {
  invalid_request_field: 'A field provided in the request is not valid.',
  validation_enum: 'The value supplied was not a valid option.',
  validation_failed: 'The value is not valid.',
  validation_invalid_field_type: 'The value type does not match the field type.',
  validation_invalid_name: 'The value is not a valid name.',
  validation_max_length: 'A value provided for a parameter is longer than allowed.',
  validation_max_value: 'A value provided for a parameter is larger than allowed.',
  validation_min_value: 'A value provided for a parameter is smaller than allowed.',
  validation_required_field: 'Missing a required field.',
  validation_unique_failed: 'A value provided for a parameter is not unique.',
}

export type FieldCode = keyof typeof fieldMessages

/** 400 with a field of the body as its target, with the message of its code unless another one is given. */
export function fieldError(code: FieldCode, name: string, value?: unknown, message = fieldMessages[code]): ApiError {
  const target: ErrorTarget = {name, type: 'field'}
  if (value !== undefined) target.value = typeof value === 'string' ? value : JSON.stringify(value)
  return new ApiError(400, code, message, target)
}

/** 400 with a parameter of the query as its target. */
export function parameterError(code: FieldCode, name: string, value?: string): ApiError {
  return new ApiError(400, code, fieldMessages[code], {name, type: 'parameter', ...(value !== undefined && {value})})
}

/**
 * Throws 400 when one of `rows` other than the one with the ID `own` has the name: names are unique among a region's
 * resources of a kind (IBM/vpc-node-sdk vpc/v1.ts). Code and message as IBM/vpc-python-sdk#65 and ibm-cloud-docs show them
 * for VPCs.
 */
export function checkNameIsFree(name: string, rows: readonly {id: string; name: string}[], own?: string): void {
  if (!rows.some(each => each.name === name && each.id !== own)) return
  throw fieldError('validation_unique_failed', 'name', name, `Provided Name (${name}) is not unique`)
}
