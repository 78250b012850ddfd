/** What an error is about: a field of the body, a header, or a parameter of the path or query. */
export interface ErrorTarget {
  name: string
  type: 'field' | 'header' | 'parameter'
  value?: string
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 412 | 413 | 429 | 500 | 501 | 503 | 504

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

/** The body of every error of the VPC API: `{errors: [{code, message, more_info?, target?}], trace}` (ibm-cloud-docs/vpc cbr.md, block_storage_vpc_ts8.md). */
export function errorBody(error: ApiError, trace: string): Record<string, unknown> {
  const moreInfo = linkedCodes.has(error.code)
    ? {more_info: `https://cloud.ibm.com/docs/vpc?topic=vpc-rias-error-messages#${error.code}`}
    : {}
  const target = error.target ? {target: error.target} : {}
  return {errors: [{code: error.code, message: error.message, ...moreInfo, ...target}], trace}
}

/** 404 for an ID that does not exist, worded as ibm-cloud-docs/vpc vsi_is_private_catalog_custom_images.md shows it. */
export function notFound(name: string, value: string): ApiError {
  return new ApiError(404, 'not_found', 'The requested resource does not exist, or cannot be accessed.', {
    name,
    type: 'parameter',
    value,
  })
}

/** 404 for a path that no operation has. */
export function invalidRoute(): ApiError {
  return new ApiError(404, 'invalid_route', 'The requested route does not exist.')
}

/** 501 for an operation of IBM's that is not simulated: nobody shall believe that it does not exist. */
export function notSimulatedRoute(method: string, path: string): ApiError {
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate ${method} ${path}.`)
}

/** 413 for a body that is larger than the sandbox reads. No source shows IBM's own code. */
export function tooLarge(): ApiError {
  return new ApiError(413, 'request_entity_too_large', 'The request body is too large.')
}

/** 401: no token, or one that is expired, foreign or garbled (wording: kubernetes-sigs/cluster-api-provider-ibmcloud#1610). */
export function unauthenticated(): ApiError {
  return new ApiError(401, 'not_authorized', 'The request is not authorized.')
}

/**
 * Throws 400 when `holders`, those who have the name, are any: names are unique among a region's resources of a kind
 * (IBM/vpc-node-sdk vpc/v1.ts). Code and message as IBM/vpc-python-sdk#65 and ibm-cloud-docs show them for VPCs.
 */
export function checkNameIsFree(name: string, holders: readonly unknown[]): void {
  if (holders.length === 0) return
  throw new ApiError(400, 'validation_unique_failed', `Provided Name (${name}) is not unique`, {
    name: 'name',
    type: 'field',
    value: name,
  })
}
