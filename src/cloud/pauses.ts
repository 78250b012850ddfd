import type {Failure, Pause} from './retries.ts'

/** A wait of more than this is said. */
const longMs = 2000
/** Short waits are said as soon as they add up to this. */
const manyShortMs = 5000
/** The same cause is not said again for so long. */
const quietMs = 60_000

/**
 * Says whom vpcmd waits for and why: at the first long wait, or once short ones have added up, for each cause; and then
 * each minute for as long as it lasts.
 */
export function pauseTeller(say: (text: string) => void, now: () => number): (pause: Pause) => void {
  const causes = new Map<string, {shortMs: number; saidAt: number}>()
  return ({ms, failure, who}) => {
    const cause = `${causeOf(failure)} from ${who}`
    const known = causes.get(cause) ?? {shortMs: 0, saidAt: Number.NEGATIVE_INFINITY}
    causes.set(cause, known)
    known.shortMs += ms
    const isDue = ms > longMs || known.shortMs >= manyShortMs
    if (!isDue || now() - known.saidAt < quietMs) return
    known.shortMs = 0
    known.saidAt = now()
    say(`Waiting${ms > longMs ? ` ${Math.round(ms / 1000)} s` : ''}: ${cause}.`)
  }
}

/** A pause as part of a line that is gone when it is over: `waiting 3 s: 503 from jp-tok`. */
export function describePause({ms, failure, who}: Pause): string {
  return `waiting ${Math.max(1, Math.round(ms / 1000))} s: ${causeOf(failure)} from ${who}`
}

function causeOf({kind, status, connectionCode, message}: Failure): string {
  if (kind === 'status') return String(status)
  return kind === 'timeout' ? 'no answer' : connectionCode || message
}
