const kinds = ['401', '403', '429', '500', '502', '503', '504', 'reset', 'cut', 'hang'] as const

/**
 * What goes wrong with a request: an HTTP status (`502` with an HTML page, as proxies send it), `reset` (the connection is
 * cut before anything is done), `cut` (all is done, but half of the answer is lost), `hang` (no answer ever).
 */
export type FaultKind = (typeof kinds)[number]

/** How many requests or starts are affected; all, if neither is given. */
export interface Amount {
  /** 0 to 1. */
  share?: number
  /** The first so many. */
  count?: number
}

/** `share` and `count` apply to the requests that match. */
export interface Fault extends Amount {
  kind: FaultKind
  method?: string
  /** Matched against path and query. */
  path?: RegExp
  /** `Retry-After` of a 429 or 503: seconds or a date. Without it, a 429 says `1`, a 503 nothing. */
  retryAfter?: string
}

/** Reads a fault as the command line gives it: `500:5%` (a share), `reset:3` (the first three), `hang` (every request). Throws an Error that says what is wrong. */
export function parseFault(text: string): Fault {
  const [name, amount, ...rest] = text.split(':')
  const kind = kinds.find(each => each === name)
  if (kind === undefined || rest.length > 0) {
    throw new Error(`Not a fault: ${text}. It begins with one of ${kinds.join(', ')}; then :N or :P%, as in 500:5%.`)
  }
  if (amount === undefined) return {kind}
  const read = parseAmount(amount)
  if (read === undefined) {
    throw new Error(`Not a fault: ${text}. After the colon comes a share (5%) or a count (3); a share is at most 100%.`)
  }
  return {kind, ...read}
}

/** Reads a share (`5%`) or a count (`3`). Undefined for anything else, and for a share above 100 %. */
function parseAmount(text: string): Amount | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent) {
    const share = Number(percent[1]) / 100
    return share > 1 ? undefined : {share}
  }
  return /^\d+$/.test(text) ? {count: Number(text)} : undefined
}

/** Whether the request or start that comes after `before` others is affected. A share is exact, not random. */
export function meets({count, share = 1}: Amount, before: number): boolean {
  if (count !== undefined && before >= count) return false
  return Math.floor((before + 1) * share) > Math.floor(before * share)
}

/** Reads which starts fail, as the command line gives it: `5%` (a share), `3` (the first three). Throws an Error that says what is wrong. */
export function parseFailingStarts(text: string): Amount {
  const amount = parseAmount(text)
  if (amount === undefined) {
    throw new Error(`Not an amount of failing starts: ${text}. It is a count (3) or a share (5%), at most 100%.`)
  }
  return amount
}
