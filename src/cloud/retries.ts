import {type Ending, type Lane, NeverSent} from './lane.ts'

/** What vpcmd does when IBM Cloud does not answer well: stated here, once, for every request that it makes. */
export const retryPolicy = {
  tries: 5,
  /**
   * For so long being throttled counts as no try, where IBM Cloud asks to wait (429, or Retry-After with a 503) or where
   * many are to be changed; where both hold it never does. It runs anew whenever another request to the region comes
   * through: with many of them in line, a turn can take minutes.
   */
  patienceMs: 5 * 60_000,
  /** Answers that a later try may better. */
  statuses: [429, 500, 502, 503, 504],
  /** The first pause; each next one is twice as long, up to the longest, and a random half of it is left out. */
  firstPauseMs: 500,
  longestPauseMs: 20_000,
  /** A pause that is longer than this is told on stderr. */
  quietPauseMs: 1000,
} as const

/** What went wrong with one try, told apart as far as a retry and a sentence for the user need it. */
export interface Failure {
  kind: 'status' | 'timeout' | 'refused' | 'unresolved' | 'tls' | 'broken' | 'unreadable' | 'unsent' | 'other'
  /** The HTTP status, where there was an answer. */
  status?: number
  /** The body, where there was an answer: parsed JSON, or the text that came instead. */
  body?: unknown
  /** What `Retry-After` asks for. */
  retryAfterMs?: number
  /** The connection's error code, such as ECONNREFUSED. */
  connectionCode?: string
  message: string
}

/** Thrown when every try has failed, or the failure is not one to try again: the last failure, and how many tries. */
export class RequestFailure extends Error {
  readonly failure: Failure
  readonly tries: number

  constructor(failure: Failure, tries: number) {
    super(failure.message)
    this.failure = failure
    this.tries = tries
  }
}

export interface Pacing {
  /** How long one try may take, in milliseconds. */
  timeoutMs: number
  /** Rejects at once when the signal comes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Epoch milliseconds. */
  now(): number
  /** A random number from 0 up to 1. */
  random(): number
  /** Called before a pause that the user would notice. */
  onPause(pause: {ms: number; failure: Failure; nextTry?: number}): void
}

export interface RetryOptions {
  /** Whether sending twice is harmless; otherwise it is sent again only if it surely was not acted on. */
  repeatable: boolean
  /** Statuses that a later try may better here, beside those of the policy. */
  alsoOn?: readonly number[]
  pacing: Pacing
  /** Ends it, whatever it is doing. */
  cancelled?: AbortSignal
  /** After it no further try begins, and the one under way is awaited. */
  lastTry?: AbortSignal
  /** The way that each try has to take; only there is being throttled waited for beyond the tries. */
  lane?: Lane
  /** Whether it is one of many changes, none of which is to fail for being throttled. */
  isPatient?: boolean
}

/**
 * Calls `send` until it succeeds, as the retry policy says, and hands back its answer. Throws RequestFailure; of the
 * kind `unsent` where it was called off before anything was sent.
 */
export async function withRetries<T>(
  send: (signal: AbortSignal) => Promise<T>,
  {repeatable, alsoOn = [], pacing, cancelled, lastTry, lane, isPatient}: RetryOptions,
): Promise<T> {
  const endings = [cancelled, lastTry].filter(signal => signal !== undefined)
  let throttledSince: number | undefined
  let last: Failure = {kind: 'unsent', message: 'it was called off before it was sent'}
  for (let tries = 1, sent = 1; ; tries++, sent++) {
    const leave = await lane?.enter(endings).catch((error: unknown) => {
      throw error instanceof NeverSent ? new RequestFailure(last, tries - 1) : error
    })
    const timeout = AbortSignal.timeout(pacing.timeoutMs)
    let ending: Ending = 'bad'
    try {
      const answer = await send(cancelled ? AbortSignal.any([timeout, cancelled]) : timeout)
      ending = 'good'
      return answer
    } catch (error) {
      if (cancelled?.aborted) throw new RequestFailure({kind: 'other', message: 'it was cancelled'}, tries)
      const failure = timeout.aborted
        ? {kind: 'timeout' as const, message: `no answer within ${pacing.timeoutMs / 1000} s`}
        : understand(error, pacing.now())
      if (!failure) throw error
      last = failure
      const isThrottled = failure.status === 429 || failure.status === 503
      // In a lane all others wait as well: how often this one was refused says little of how long.
      const ms = failure.retryAfterMs ?? backOff(lane ? tries : sent, pacing.random())
      if (isThrottled) ending = {pauseMs: ms, isRate: failure.status === 429}
      const isNewPause = leave ? leave(ending) || !isThrottled : true
      if (isThrottled) throttledSince ??= pacing.now()
      const inVainSince = Math.max(throttledSince ?? 0, lane?.lastGoodAt ?? 0)
      const isEarly = pacing.now() - inVainSince < retryPolicy.patienceMs
      const isForgiven = isPatient ? isEarly || asksToWait(failure) : isEarly && asksToWait(failure)
      const isNoTry = isThrottled && isForgiven
      if (isNoTry) tries--
      const isLast = tries >= retryPolicy.tries || lastTry?.aborted
      const goesOn = !isLast && mayTryAgain(failure, repeatable, alsoOn)
      // The lane holds all others too, and they are told once.
      if ((goesOn || lane) && isNewPause && ms > retryPolicy.quietPauseMs) {
        pacing.onPause({ms, failure, ...(goesOn && !isNoTry && {nextTry: tries + 1})})
      }
      if (!goesOn) throw new RequestFailure(failure, tries)
      // A throttled request waits in the lane, with all others.
      if (lane && isThrottled) continue
      const ended = AbortSignal.any(endings)
      await pacing.sleep(ms, ended).catch(() => undefined)
      if (ended.aborted) throw new RequestFailure(failure, tries)
    } finally {
      leave?.(ending)
    }
  }
}

/** Whether the answer says to come again later, and so that what was asked for can be had then. */
export function asksToWait({status, retryAfterMs}: Failure): boolean {
  return status === 429 || (status === 503 && retryAfterMs !== undefined)
}

function mayTryAgain(failure: Failure, repeatable: boolean, alsoOn: readonly number[]): boolean {
  // 429, a refused connection and an unknown host say that nothing reached what would act on it.
  if (failure.status === 429 || failure.kind === 'refused' || failure.kind === 'unresolved') return true
  if (!repeatable) return false
  if (failure.status !== undefined && failure.kind === 'status') {
    return [...retryPolicy.statuses, ...alsoOn].some(status => status === failure.status)
  }
  return failure.kind === 'timeout' || failure.kind === 'broken'
}

function backOff(tries: number, random: number): number {
  const full = Math.min(retryPolicy.firstPauseMs * 2 ** (tries - 1), retryPolicy.longestPauseMs)
  return full * (0.5 + random / 2)
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when it is neither. */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return waitable(seconds * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : waitable(date - now)
}

/** A timer takes 31 bits of milliseconds, and fires at once for more. */
function waitable(ms: number): number {
  return Math.min(Math.max(0, ms), 2 ** 31 - 1)
}

/**
 * Reads an error of IBM's SDK core: with `status`, `result` and `headers` when there was an answer, else with the
 * connection's code in `statusText` (IBM/node-sdk-core, lib/request-wrapper.ts, formatError). Undefined for an error
 * that is not about a request.
 */
function understand(error: unknown, now: number): Failure | undefined {
  if (error instanceof UnreadableAnswer) return {kind: 'unreadable', body: error.body, message: error.message}
  if (!(error instanceof Error) || error instanceof RequestFailure) return undefined
  const {status, result, headers, statusText} = error as {
    status?: unknown
    result?: unknown
    headers?: Record<string, unknown>
    statusText?: unknown
  }
  if (typeof status === 'number') {
    // A body that stops in the middle of a good answer reaches us as an error that carries the good status.
    if (status < 300) return {kind: 'broken', message: 'the answer was cut off'}
    return {
      kind: 'status',
      status,
      body: result,
      retryAfterMs: parseRetryAfter(headers?.['retry-after'], now),
      message: error.message,
    }
  }
  if (error.message.startsWith('Error processing HTTP response')) {
    return {kind: 'broken', message: 'the answer was cut off or is not JSON'}
  }
  if (typeof statusText !== 'string') return undefined
  return {kind: connectionKind(statusText), connectionCode: statusText, message: error.message || statusText}
}

function connectionKind(code: string): Failure['kind'] {
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unresolved'
  if (code === 'EPROTO' || code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || /CERT|_SIGNATURE/.test(code)) {
    return 'tls'
  }
  return 'broken'
}

/** A good status with a body that is not what the API sends, such as a proxy's HTML page. */
export class UnreadableAnswer extends Error {
  readonly body: unknown

  constructor(body: unknown) {
    super('the answer is not JSON')
    this.body = body
  }
}
