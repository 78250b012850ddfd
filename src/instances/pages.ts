import type {Page} from '../cloud/readers/page.ts'
import type {Answer} from '../cloud/vpc-api.ts'
import {counted} from '../counted.ts'
import {VpcmdError} from '../errors.ts'

/** The rows that IBM's clients ask for at once; no source states the maximum. */
export const pageSize = 100

/** A reading ends after this many pages in a row without a new row. */
const idlePages = 3

/** No list has more pages than this, of 100 rows. */
const mostPages = 20_000

/** What is kept of a page whose rows were taken: they are 1 MB. */
export interface TakenPage extends Omit<Page<never>, 'rows'> {
  /** The IDs of its rows. */
  ids: Set<string>
}

/** Where a page starts, and how many rows it has, as the API's lists take it. */
export interface Paging {
  start: string | undefined
  limit: number
}

/**
 * Fetches the pages of a collection one after the other, or those after `known`. Yields each page as it comes. `what` names
 * the list in errors: `the instances of us-south`. Throws VpcmdError where the pages lead in a circle or nowhere, have
 * nothing new, or many more rows than the API counts.
 */
export async function* pagesOf<Row extends {id: string}>(
  what: string,
  list: (paging: Paging) => Promise<Answer<Page<Row>>>,
  known?: TakenPage,
): AsyncGenerator<Page<Row>> {
  const seen = new Set<string>()
  const ids = new Set(known?.ids)
  let idle = 0
  if (known?.brokenNext !== undefined) throw broken(what, known.brokenNext)
  let start = known?.next
  if (known && start === undefined) return
  for (let pages = 1; ; pages++) {
    if (start !== undefined && seen.has(start)) throw broken(what, 'its pages lead in a circle')
    if (start !== undefined) seen.add(start)
    let page: Page<Row> | undefined = (await list({start, limit: pageSize})).result
    const before = ids.size
    for (const {id} of page.rows) ids.add(id)
    idle = ids.size > before ? 0 : idle + 1
    const {brokenNext, total} = page
    start = page.next
    yield page
    // A suspended generator keeps what its variables hold, and a page is 1 MB.
    page = undefined
    if (brokenNext !== undefined) throw broken(what, brokenNext)
    if (start === undefined) return
    if (idle >= idlePages) throw broken(what, `the last ${idlePages} pages had nothing new, and there are more`)
    if (total !== undefined && ids.size > 2 * total + 1000) {
      throw broken(what, `${ids.size} came, the API counts ${total}, and there are more`)
    }
    if (pages >= mostPages) throw broken(what, `${pages} pages came, and there are more`)
  }
}

/** Why a list is not complete, beside its rows; nothing where it is. `came` are the rows that can be identified. */
export function problemsOfList(
  what: string,
  {came, total, unidentified, untold = 0}: {came: number; total?: number; unidentified: number; untold?: number},
): VpcmdError[] {
  const found = came + unidentified
  const problems: VpcmdError[] = []
  if (found !== (total ?? found)) {
    const hint = 'Run the command again: some may have been created or deleted meanwhile.'
    problems.push(incompleteList(what, `${found} came, and the API counts ${total}`, hint, 'may be'))
  }
  if (unidentified > 0) {
    const why = counted(unidentified, 'of its rows has no ID of its own', 'of its rows have no ID of their own')
    problems.push(incompleteList(what, why, 'Run the command again. If it stays so, tell IBM support.'))
  }
  if (untold > 0) {
    const why = `${counted(untold, 'instance is', 'instances are')} left out, as the API does not report what the filters ask for`
    problems.push(incompleteList(what, why, 'Leave the filter out to see them.'))
  }
  return problems
}

/** The error of a list of which a part is missing. */
export function incompleteList(what: string, why: string, hint: string, is: 'is' | 'may be' = 'is'): VpcmdError {
  return new VpcmdError({code: 'incomplete_listing', message: `The list of ${what} ${is} incomplete: ${why}.`, hint})
}

function broken(what: string, why: string): VpcmdError {
  return new VpcmdError({
    code: 'broken_paging',
    message: `The list of ${what} could not be read to its end: ${why}.`,
    hint: 'Run the command again. If it happens again, tell IBM support.',
  })
}

/**
 * Has each item taken, and holds none while the next one is on its way, as the variable of a `for await` would. With
 * `isAhead`, the next one is fetched while one is being taken.
 */
export async function takeEach<T>(
  items: AsyncGenerator<T>,
  take: (item: T) => Promise<void>,
  {isAhead = false} = {},
): Promise<void> {
  let ahead: Promise<IteratorResult<T>> | undefined
  const takeNext = async () => {
    const {done, value} = await (ahead ?? items.next())
    if (done) return false
    if (isAhead) {
      ahead = items.next()
      // A failure of what was fetched ahead and is not taken matters to nobody.
      ahead.catch(() => undefined)
    }
    await take(value)
    return true
  }
  while (await takeNext());
}
