import type {Context} from 'hono'
import {ApiError, errorBody} from './api-error.ts'
import type {Environment} from './environment.ts'

/** The answer for anything thrown: an ApiError as it is, what else went wrong as 500 `internal_error` with its message. */
export function answerError(error: unknown, c: Context<Environment>): Response {
  const refusal =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'internal_error', error instanceof Error ? error.message : String(error))
  return c.json(errorBody(refusal, c.get('trace')), refusal.status, refusal.headers)
}
