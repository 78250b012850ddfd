import type {Context} from 'hono'
import type {Environment} from './environment.ts'
import {pageOf, readPage} from './paging.ts'

interface Listed<Row> {
  bodyOf: (row: Row) => unknown
  /** Place in the list, which outlives changes; the row's number without. */
  placeOf?: (row: Row, index: number) => number
  /** Keeps the tokens of one order from those of another. */
  sort?: string
}

/** Answers with a page of a list, whose rows are called `name` and are found at `/name`. Throws 400 for a wrong `limit` or `start`. */
export function answerPage<Row>(
  c: Context<Environment>,
  name: string,
  rows: readonly Row[],
  {bodyOf, placeOf = (_, index) => index + 1, sort}: Listed<Row>,
): Response {
  const query = c.req.query()
  const kind = sort === undefined ? name : `${name}/${sort}`
  const link = {url: `${c.get('base')}/${name}`, query, kind}
  const {rows: shown, page} = pageOf(rows, placeOf, readPage(query, kind), link)
  return c.json({...page, [name]: shown.map(bodyOf)})
}
