/** What every collection of the VPC API says of itself beside its rows. */
interface Page {
  total_count: number
  next?: {href: string}
}

/** The rows that IBM's clients ask for at once; no source states the maximum. */
export const pageSize = 100

/**
 * Fetches the pages of a collection one after the other, or those after `known`: `start` is taken out of `next.href`, as
 * the API asks. Yields each page as it comes. Throws an Error when the API leads in a circle.
 */
export async function* pagesOf<P extends Page>(
  fetchPage: (start: string | undefined) => Promise<P>,
  known?: P,
): AsyncGenerator<P> {
  const seen = new Set<string>()
  let start: string | undefined
  if (known) start = startAfter(known)
  else {
    const first = await fetchPage(undefined)
    yield first
    start = startAfter(first)
  }
  while (start !== undefined) {
    if (seen.has(start)) throw new Error(`the next page is one that was read before: ${start}`)
    seen.add(start)
    const page = await fetchPage(start)
    yield page
    start = startAfter(page)
  }
}

/** What `items` gives, with one item fetched ahead while another is being worked on. */
export async function* fetchedAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  for (let next = items.next(); ; ) {
    const {done, value} = await next
    if (done) return
    next = items.next()
    // Whoever takes no more does not hear of the failure of what was fetched ahead.
    next.catch(() => undefined)
    yield value
  }
}

function startAfter({next}: Page): string | undefined {
  return next ? (new URL(next.href, 'https://localhost').searchParams.get('start') ?? undefined) : undefined
}
