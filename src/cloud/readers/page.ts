import {isDeepStrictEqual} from 'node:util'
import {whyOtherCloud} from '../endpoints.ts'
import {fields, identity, number, type Raw, text} from './fields.ts'

/** A page of a collection. */
export interface Page<Row> {
  rows: Row[]
  /** How many rows can't be identified: they are null, or have no ID or that of another one, which is not the same. */
  unidentified: number
  /** How many there are in all, where that was told. */
  total?: number
  /** The `start` of the next page; undefined on the last one. */
  next?: string
  /** Why there is a next page and no way to it. */
  brokenNext?: string
}

/** What makes a row of an object, whose ID is known. */
export type RowReader<Row> = (raw: Raw, id: string) => Row

/**
 * Reads a page of the collection under `key`; undefined where there is no such list. `identify` finds the ID of a row, or
 * the name where that is what it has. Of the next page only `start` is taken, and only from where `serviceUrl` is.
 */
export function readPage<Row>(
  body: Raw,
  key: string,
  read: RowReader<Row>,
  serviceUrl: string,
  identify: (raw: Raw) => string | undefined = identity,
): Page<Row> | undefined {
  const items = body[key]
  if (!Array.isArray(items)) return undefined
  const rows: Row[] = []
  const raws = new Map<string, Raw>()
  let unidentified = 0
  for (const item of items) {
    const raw = fields(item)
    const id = identify(raw)
    const known = id === undefined ? undefined : raws.get(id)
    if (id === undefined || (known && !isSame(known, raw))) unidentified++
    if (id === undefined || known) continue
    raws.set(id, raw)
    rows.push(read(raw, id))
  }
  const total = number(body, 'total_count')
  return {
    rows,
    unidentified,
    ...(total !== undefined && Number.isInteger(total) && total >= 0 && {total}),
    ...nextIn(body, serviceUrl),
  }
}

/** Whether two rows say the same; not where they are nested too deep to be compared. */
function isSame(a: Raw, b: Raw): boolean {
  try {
    return isDeepStrictEqual(a, b)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function nextIn(body: Raw, serviceUrl: string): Pick<Page<never>, 'next' | 'brokenNext'> {
  if (body.next === undefined || body.next === null) return {}
  const href = text(fields(body.next), 'href')
  if (href === undefined || !URL.canParse(href)) return {brokenNext: 'its link to the next page is no URL'}
  const url = new URL(href)
  const start = url.searchParams.get('start')
  url.search = ''
  const why = whyOtherCloud(serviceUrl, url.href)
  if (why !== undefined) return {brokenNext: `its link to the next page is not followed: ${why}`}
  return start ? {next: start} : {brokenNext: 'its link to the next page does not say where that starts'}
}
