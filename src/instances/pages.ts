/** What every collection of the VPC API says of itself beside its rows. */
interface Page {
  total_count: number
  next?: {href: string}
}

/** The rows that IBM's clients ask for at once; no source states the maximum. */
export const pageSize = 100

/**
 * Fetches the pages of a collection one after the other, or those after `known`: `start` is taken out of `next.href`, as
 * the API asks. Yields each page as it comes, and fetches one page ahead while it is being worked on. Throws an Error
 * when the API leads in a circle.
 */
export async function* pagesOf<P extends Page>(
  fetchPage: (start: string | undefined) => Promise<P>,
  known?: P,
): AsyncGenerator<P> {
  const seen = new Set<string>()
  const follow = async (start: string) => {
    if (seen.has(start)) throw new Error(`the next page is one that was read before: ${start}`)
    seen.add(start)
    return fetchPage(start)
  }
  let page = known ?? (await fetchPage(undefined))
  for (let isKnown = known !== undefined; ; isKnown = false) {
    const start = startAfter(page)
    const next = start === undefined ? undefined : follow(start)
    // Whoever takes no more pages does not hear of the failure of one that was fetched ahead.
    next?.catch(() => undefined)
    if (!isKnown) yield page
    if (next === undefined) return
    page = await next
  }
}

function startAfter({next}: Page): string | undefined {
  return next ? (new URL(next.href, 'https://localhost').searchParams.get('start') ?? undefined) : undefined
}
