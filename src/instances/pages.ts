/** What every collection of the VPC API says of itself beside its rows. */
interface Page {
  total_count: number
  next?: {href: string}
}

/** The rows that IBM's clients ask for at once; no source states the maximum. */
export const pageSize = 100

/**
 * Fetches the pages of a collection one after the other: `start` is taken out of `next.href`, as the API asks.
 * Yields each page as it comes. Throws an Error when the API leads in a circle.
 */
export async function* pagesOf<P extends Page>(
  fetchPage: (start: string | undefined) => Promise<P>,
): AsyncGenerator<P> {
  const seen = new Set<string>()
  let start: string | undefined
  do {
    const page = await fetchPage(start)
    yield page
    start = page.next
      ? (new URL(page.next.href, 'https://localhost').searchParams.get('start') ?? undefined)
      : undefined
    if (start !== undefined && seen.has(start)) throw new Error(`the next page is one that was read before: ${start}`)
    if (start !== undefined) seen.add(start)
  } while (start !== undefined)
}
