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
  let start = known && startAfter(known)
  if (known && start === undefined) return
  do {
    if (start !== undefined && seen.has(start)) {
      throw new Error(`the next page is one that was read before: ${start}`)
    }
    if (start !== undefined) seen.add(start)
    let page: P | undefined = await fetchPage(start)
    start = startAfter(page)
    yield page
    // A suspended generator keeps what its variables hold, and a page is 1 MB.
    page = undefined
  } while (start !== undefined)
}

/** Has each item taken, and holds none while the next one is on its way, as the variable of a `for await` would. */
export async function takeEach<T>(items: AsyncGenerator<T>, take: (item: T) => Promise<void>): Promise<void> {
  const takeNext = async () => {
    const {done, value} = await items.next()
    if (!done) await take(value)
    return !done
  }
  while (await takeNext());
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
