import {randomUUID} from 'node:crypto'
import type {ErrorTarget} from '../core/api-error.ts'

type MetadataErrorCode =
  | 'invalid_request'
  | 'invalid_value'
  | 'invalid_version_range'
  | 'missing_field'
  | 'missing_value'
  | 'not_found'
  | 'profile_not_linked'
  | 'service_error'
  | 'unauthenticated'
  | 'unauthorized'
  | 'unknown_field'

/** A refusal of the metadata or identity service. Codes, statuses and, where it gives one, the wording: ibm-cloud-docs/vpc metadata-error-codes.md. */
export class MetadataError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 413 | 500
  readonly code: MetadataErrorCode
  readonly target: ErrorTarget | undefined

  constructor(status: MetadataError['status'], code: MetadataErrorCode, message: string, target?: ErrorTarget) {
    super(message)
    this.status = status
    this.code = code
    this.target = target
  }
}

/** The answer for anything thrown: `{errors: [{code, message, more_info, target?}], status_code, trace}`. What is no MetadataError is 500 `service_error`. */
export function metadataErrorAnswer(error: unknown): Response {
  const refusal =
    error instanceof MetadataError ? error : new MetadataError(500, 'service_error', 'An internal error occurred.')
  const {status, code, message, target} = refusal
  // The page's one anchor with an underscore.
  const anchor = code === 'unknown_field' ? code : code.replaceAll('_', '-')
  const page = 'https://cloud.ibm.com/docs/vpc?topic=vpc-instance-metadata-error-codes'
  const described = {code, message, more_info: `${page}#${anchor}-error-code`, target}
  return Response.json({errors: [described], status_code: status, trace: randomUUID()}, {status})
}

/** 400 for a part of a request, or another refusal where the code calls for it. */
export function refusedPart(
  type: ErrorTarget['type'],
  name: string,
  code: MetadataErrorCode,
  message: string,
  value?: unknown,
): MetadataError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return new MetadataError(400, code, message, {name, type, ...(shown !== undefined && {value: shown.slice(0, 200)})})
}

/** 404 for a path that no operation has. Not in IBM's list of codes: worded by analogy. */
export function noSuchPath(path: string): MetadataError {
  const target = {name: 'path', type: 'parameter', value: path} as const
  return new MetadataError(404, 'not_found', 'The requested path was not found.', target)
}

/** 401: an identity token that is expired, malformed, or another instance's. */
export function invalidToken(): MetadataError {
  const target = {name: 'Authorization', type: 'header'} as const
  return new MetadataError(401, 'unauthenticated', 'The provided token is invalid or expired.', target)
}
