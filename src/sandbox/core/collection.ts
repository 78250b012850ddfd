import type {Context, Hono} from 'hono'
import {notFound, parameterError} from './api-error.ts'
import type {Environment} from './environment.ts'
import {pageOf, readPageRequest} from './paging.ts'
import type {RecordStore} from './record-store.ts'
import type {StoredRecord} from './records.ts'

export type ApiRequest = Context<Environment>
export type Routes = Hono<Environment>

/** Gives the value of a row that a query parameter has to equal; or true where the row fits. */
export type Filter<Row> = (row: Row, value: string) => boolean | string | undefined

type Pages = 'always' | 'when asked' | 'never'

interface Collection<Row> {
  /** Path of the list, such as `/instances/:instance_id/disks`; a row is below it. Parameters have IBM's names: a 404 shows them. */
  path: string
  /** Name of the list in its body; without it, the last part of the path. */
  name?: string
  /** The property by which a path names a row; `id` without it. */
  key?: 'id' | 'name'
  /** All rows, in the order of the list. */
  rows: (c: ApiRequest) => readonly Row[]
  /** Finds one row; without it, all rows are searched by key. */
  find?: (c: ApiRequest, key: string) => Row | undefined
  body: (row: Row, c: ApiRequest) => unknown
  /** The JSON of a body in a list of `count`, in UTF-8; without it, that of `body`. */
  bytes?: (row: Row, c: ApiRequest, count: number) => Buffer
  etag?: (row: Row) => string
  /** By query parameter. */
  filters?: Record<string, Filter<Row>>
  /** Properties of the body that are filters, too, such as `vpc.name`: for lists of which bodies are made quickly. */
  bodyFilters?: readonly string[]
  /** By the value of `sort`, which may begin with `-` for descending. */
  sort?: Record<string, (row: Row) => number | string>
  /** Place in the list, which outlives changes; without it, the row's number. */
  place?: (row: Row) => number
  /** When the list is cut into pages; `never` is a list without `limit` and `total_count`. */
  pages?: Pages | ((c: ApiRequest) => Pages)
  /** Removes the row that the path names. */
  remove?: (c: ApiRequest) => Promise<unknown>
}

const [comma, end] = [Buffer.from(','), Buffer.from(']}')]

/** The JSON of a body. Its links are made without what they begin with, the endpoint that a request came by; here they get it. */
export function withLinks(base: string, body: unknown): string {
  return JSON.stringify(body).replaceAll('"href":"/', `"href":"${base}/`)
}

/** Answers with a body and its links. */
export function send(
  c: ApiRequest,
  body: unknown,
  status: 200 | 201 = 200,
  headers?: Record<string, string>,
): Response {
  return c.body(withLinks(c.get('base'), body), status, {'content-type': 'application/json', ...headers})
}

const pieceBytes = 64 * 1024

/** Answers with JSON of many parts. A long body in one piece would be copied twice on its way, which takes more time than to make it. */
function sendParts(c: ApiRequest, parts: readonly Buffer[]): Response {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const headers = {'content-type': 'application/json', 'content-length': String(length)}
  if (length <= pieceBytes) return c.body(Buffer.concat(parts), 200, headers)
  let next = 0
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const first = next
    for (let bytes = 0; next < parts.length && bytes < pieceBytes; next++) bytes += parts[next]?.length ?? 0
    controller.enqueue(Buffer.concat(parts.slice(first, next)))
    if (next === parts.length) controller.close()
  }
  return c.body(new ReadableStream({pull}), 200, headers)
}

/** Finds what a parameter of the path names. Throws 404 with the parameter, or `target`, as target. */
export function findByParameter<Row>(
  c: ApiRequest,
  parameter: string,
  find: (value: string) => Row | undefined,
  target = parameter,
): Row {
  const value = c.req.param(parameter) ?? ''
  const row = find(value)
  if (row === undefined) throw notFound(target, value)
  return row
}

/**
 * Adds the list of a resource with its filters, order and pages, one row of it, and its removal where there is one. Returns
 * `find`, which throws 404 for a path that names no row, and `answer`, which sends a row.
 */
export function collection<Row extends object>(routes: Routes, resource: Collection<Row>) {
  const {path, key = 'id', rows, body, etag, filters = {}, bodyFilters = [], sort = {}, place, remove} = resource
  const {name = path.slice(path.lastIndexOf('/') + 1)} = resource
  const bytesOf = resource.bytes ?? ((row: Row, c: ApiRequest) => Buffer.from(withLinks(c.get('base'), body(row, c))))
  const among = (c: ApiRequest, value: string) => rows(c).find(row => (row as Record<string, unknown>)[key] === value)
  const findRow = resource.find ?? among
  const find = (c: ApiRequest, parameter: string = key, target = parameter) =>
    findByParameter(c, parameter, value => findRow(c, value), target)
  const answer = (c: ApiRequest, row: Row, status: 200 | 201 = 200) =>
    send(c, body(row, c), status, etag && {etag: etag(row)})

  routes.get(path, c => {
    const query = c.req.query()
    const ofBody = bodyFilters.map(each => [each, (row: Row) => textAt(body(row, c), each)])
    const fitting = filterRows(rows(c), {...filters, ...Object.fromEntries(ofBody)}, query)
    const pages = typeof resource.pages === 'function' ? resource.pages(c) : resource.pages
    if (pages === 'never') return send(c, {[name]: fitting.map(row => body(row, c))})
    const ordered = sortRows(fitting, sort, query.sort, place)
    const isSorted = ordered !== fitting
    const kind = isSorted ? `${name}/${query.sort}` : name
    const isWhole = pages === 'when asked' && query.limit === undefined && query.start === undefined
    const request = isWhole ? {limit: Math.max(50, ordered.length), after: 0} : readPageRequest(query, kind)
    // A sorted list has no lasting places: the token counts rows.
    const placeOf = place === undefined || isSorted ? (_: Row, index: number) => index + 1 : place
    const link = {url: `${c.get('origin')}${c.req.path}`, query, kind}
    const {rows: shown, page} = pageOf(ordered, placeOf, request, link)
    // `total_count` comes before the list, as in what IBM sends.
    const begin = Buffer.from(`${JSON.stringify(page).slice(0, -1)},${JSON.stringify(name)}:[`)
    const items = shown.flatMap((row, index) => [...(index === 0 ? [] : [comma]), bytesOf(row, c, ordered.length)])
    return sendParts(c, [begin, ...items, end])
  })
  routes.get(`${path}/:${key}`, c => answer(c, find(c)))
  if (remove !== undefined) {
    routes.delete(`${path}/:${key}`, async c => {
      await remove(c)
      return c.body(null, 204)
    })
  }
  return {find, answer}
}

/** A collection of the records of a store. Returns `update` too, which changes the record that the path names. */
export function storedCollection<Item extends StoredRecord>(
  routes: Routes,
  store: RecordStore<Item>,
  resource: Omit<Collection<Item>, 'find' | 'place' | 'rows'> & Partial<Pick<Collection<Item>, 'rows'>>,
) {
  const added = collection<Item>(routes, {
    rows: c => store.of(c.get('region').name),
    find: (c, id) => store.find(c.get('region').name, id),
    place: record => record.order,
    ...resource,
  })
  /** As `update` of RecordStore; rejects with 404 where the path names no record. */
  const update = async (c: ApiRequest, decide: (record: Item) => Partial<Item> | undefined): Promise<Item> => {
    const record = await store.update(c.get('region').name, c.req.param('id') ?? '', decide)
    return findByParameter(c, 'id', () => record)
  }
  return {...added, update}
}

/** The rows that fit. Compares values exactly; ignores parameters that are no filters. */
export function filterRows<Row>(
  rows: readonly Row[],
  filters: Record<string, Filter<Row>>,
  query: Record<string, string>,
): readonly Row[] {
  const asked = Object.entries(query).filter(([name]) => Object.hasOwn(filters, name))
  if (asked.length === 0) return rows
  const fits = (row: Row, [name, value]: [string, string]) => {
    const read = filters[name]?.(row, value)
    return read === true || read === value
  }
  return rows.filter(row => asked.every(each => fits(row, each)))
}

/** The value of a property such as `vpc.name`, as text; undefined where there is none. */
function textAt(body: unknown, name: string): string | undefined {
  const value = name.split('.').reduce((part, key) => (part as Record<string, unknown> | undefined)?.[key], body)
  return value === undefined ? undefined : String(value)
}

function sortRows<Row>(
  rows: readonly Row[],
  fields: Record<string, (row: Row) => number | string>,
  sort: string | undefined,
  place: ((row: Row) => number) | undefined,
): readonly Row[] {
  if (sort === undefined || Object.keys(fields).length === 0) return rows
  const field = fields[sort.replace(/^-/, '')]
  if (field === undefined) throw parameterError('validation_enum', 'sort', sort)
  const sign = sort.startsWith('-') ? -1 : 1
  const compare = (a: number | string, b: number | string) => (a < b ? -1 : a > b ? 1 : 0)
  return rows.toSorted((a, b) => sign * compare(field(a), field(b)) || (place ? place(a) - place(b) : 0))
}
