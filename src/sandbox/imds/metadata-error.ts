import {randomUUID} from 'node:crypto'
import {ApiError, type ErrorTarget} from '../core/api-error.ts'

/**
 * The metadata and identity services' answer for anything thrown: `{errors: [{code, message, more_info, target?}],
 * status_code, trace}`. What is no ApiError is 500 `service_error`. Codes, statuses and, where it gives one, the wording:
 * ibm-cloud-docs/vpc metadata-error-codes.md.
 */
export function metadataErrorAnswer(error: unknown): Response {
  const refusal = error instanceof ApiError ? error : new ApiError(500, 'service_error', 'An internal error occurred.')
  const {status, code, message, target} = refusal
  // The page's one anchor with an underscore.
  const anchor = code === 'unknown_field' ? code : code.replaceAll('_', '-')
  const page = 'https://cloud.ibm.com/docs/vpc?topic=vpc-instance-metadata-error-codes'
  const described = {code, message, more_info: `${page}#${anchor}-error-code`, target}
  return Response.json({errors: [described], status_code: status, trace: randomUUID()}, {status})
}

/** 400 for a part of a request. */
export function refusedPart(
  type: ErrorTarget['type'],
  name: string,
  code: string,
  message: string,
  value?: unknown,
): ApiError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return new ApiError(400, code, message, {name, type, ...(shown !== undefined && {value: shown.slice(0, 200)})})
}

/** 404 for a path that no operation has. Not in IBM's list of codes: worded by analogy. */
export function noSuchPath(path: string): ApiError {
  const target = {name: 'path', type: 'parameter', value: path} as const
  return new ApiError(404, 'not_found', 'The requested path was not found.', target)
}
