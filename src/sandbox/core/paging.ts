import {createHash} from 'node:crypto'
import {ApiError, type FieldCode, parameterError} from './api-error.ts'

const defaultLimit = 50
const maximumLimit = 100

/** Where a page begins and how many it holds. */
export interface PageRequest {
  limit: number
  /** The page holds what comes after this place in the list. */
  after: number
}

const checksum = (kind: string, after: number) =>
  createHash('sha1').update(`${kind}/${after}`).digest('base64url').slice(0, 6)

/** The `start` that stands for a place in this kind of list. */
export function tokenOf(kind: string, after: number): string {
  return Buffer.from(`${after}.${checksum(kind, after)}`).toString('base64url')
}

/** The place that a `start` of this kind of list stands for; undefined for what is none. */
export function placeOfToken(kind: string, token: string): number | undefined {
  const [after, sum] = Buffer.from(token, 'base64url').toString('latin1').split('.')
  const isToken = after !== undefined && /^\d+$/.test(after) && sum === checksum(kind, Number(after))
  return isToken ? Number(after) : undefined
}

/** The whole number in a parameter of the query, `otherwise` without it. Throws 400 for a number that is not from `least` to `most`, and for what is none. */
export function readCount(
  query: Record<string, string>,
  name: string,
  otherwise: number,
  most: number,
  least = 1,
): number {
  const text = query[name]
  if (text === undefined) return otherwise
  const refuse = (code: FieldCode) => parameterError(code, name, text)
  if (!/^-?\d+$/.test(text)) throw refuse('validation_invalid_field_type')
  const count = Number(text)
  if (count < least) throw refuse('validation_min_value')
  if (count > most) throw refuse('validation_max_value')
  return count
}

/** Reads `limit` (1 to 100, 50 without; the maximum is the sandbox's guess, no source states it) and `start`. Throws 400 for others; `kind` keeps one list's tokens from another's. */
export function readPageRequest(query: Record<string, string>, kind: string): PageRequest {
  const limit = readCount(query, 'limit', defaultLimit, maximumLimit)
  const {start: value} = query
  const after = value === undefined ? 0 : placeOfToken(kind, value)
  if (after !== undefined) return {limit, after}
  // errors.md names this code for a malformed `start`.
  const target = {name: 'start', type: 'parameter', ...(value !== undefined && {value})} as const
  throw new ApiError(400, 'invalid_id_format', 'Bad ID format. Ensure format is correct.', target)
}

/**
 * One page of `rows`: `first`, `limit`, `next` where there is more, `total_count` of all rows. Like IBM's, the hrefs carry
 * neither `version` nor `generation` (IBM/vpc-python-sdk#65), but the filters that were asked for.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  placeOf: (row: Row, index: number) => number,
  request: PageRequest,
  link: {url: string; query: Record<string, string>; kind: string},
): {rows: Row[]; page: Record<string, unknown>} {
  const from = firstAfter(rows, placeOf, request.after)
  const shown = rows.slice(from, from + request.limit)
  const {start, limit, version, generation, ...filters} = link.query
  const href = (extra: Record<string, string>) =>
    `${link.url}?${new URLSearchParams({limit: String(request.limit), ...extra, ...filters})}`
  const last = shown.at(-1)
  const more = last !== undefined && from + shown.length < rows.length
  return {
    rows: shown,
    page: {
      first: {href: href({})},
      limit: request.limit,
      ...(more && {
        next: {href: href({start: tokenOf(link.kind, placeOf(last, from + shown.length - 1))})},
      }),
      total_count: rows.length,
    },
  }
}

/** Index of the first row whose place is after `place`; rows are in order of place. */
function firstAfter<Row>(rows: readonly Row[], placeOf: (row: Row, index: number) => number, place: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = rows[middle]
    if (row !== undefined && placeOf(row, middle) <= place) low = middle + 1
    else high = middle
  }
  return low
}
