import {type Clock, type Ending, NeverSent, type RateLimiter} from './rate-limiter.ts'
import {pauseAfter, retryPolicy} from './retry-policy.ts'
import type {NoReply, Silence} from './transport.ts'

export type Budget = keyof typeof retryPolicy.patienceMs

/** What went wrong with one try, told apart as far as a retry and a sentence for the user need it. */
export interface Failure {
  kind: 'status' | 'unreadable' | 'unsent' | 'cancelled' | Silence
  /** The HTTP status, where there was an answer, or the proxy's where it refused. */
  status?: number
  /** The body, where there was an answer: parsed JSON, or the text that came instead. */
  body?: unknown
  /** What `Retry-After` asks for. */
  retryAfterMs?: number
  /** Where a redirect leads, which was not followed. */
  location?: string
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

/** Thrown by one try, with what went wrong. */
export class TryFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export interface Pacing extends Clock {
  /** How long one try may take, in milliseconds. */
  timeoutMs: number
  /** A random number from 0 up to 1. */
  random(): number
  /** Called before each pause. */
  onPause(pause: Pause): void
}

export interface Pause {
  ms: number
  failure: Failure
  /** Who is waited for: `IAM`, or `us-south`. */
  who: string
}

export interface RetryOptions {
  /** Whom a pause is due to. */
  who: string
  budget: Budget
  /** Whether sending twice is harmless; otherwise it is sent again only if it surely was not acted on. */
  repeatable: boolean
  /** Whether another change that is under way (409) is waited for. */
  awaitsConflicts?: boolean
  /** Statuses that a later try may better here, beside those of the policy. */
  alsoOn?: readonly number[]
  pacing: Pacing
  /** Ends it, whatever it is doing. */
  cancelled?: AbortSignal
  /** After it no further try begins, and the one under way is awaited. */
  lastTry?: AbortSignal
  /** The way that each try has to take. */
  limiter?: RateLimiter
  /** Awaited before each try, outside of its time: what it throws ends all. */
  prepare?(): Promise<unknown>
  /** Awaited before each try, once the limiter has let it in: what it throws ends all. */
  onTurn?(): Promise<unknown>
}

/**
 * Calls `send` until it succeeds, as the retry policy says, and hands back its answer. Throws RequestFailure; of the
 * kind `unsent` where it was called off before anything was sent. What `send` throws other than TryFailure is thrown on.
 */
export async function withRetries<T>(send: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  const {budget, pacing, cancelled, lastTry, limiter} = options
  const endings = [cancelled, lastTry].filter(signal => signal !== undefined)
  const startedAt = pacing.now()
  let throttledSince: number | undefined
  let last: Failure = {kind: 'unsent', message: 'it was cancelled before it was sent'}
  for (let tries = 1, sent = 1; ; tries++, sent++) {
    await options.prepare?.()
    const leave = await limiter?.enter(endings).catch((error: unknown) => {
      throw error instanceof NeverSent ? new RequestFailure(last, tries - 1) : error
    })
    const timeout = AbortSignal.timeout(pacing.timeoutMs)
    let ending: Ending = 'bad'
    try {
      await options.onTurn?.()
      const answer = await send(cancelled ? AbortSignal.any([timeout, cancelled]) : timeout)
      ending = 'good'
      return answer
    } catch (error) {
      if (!(error instanceof TryFailure)) throw error
      if (cancelled?.aborted) throw new RequestFailure({kind: 'cancelled', message: 'it was cancelled'}, tries)
      const failure: Failure = timeout.aborted
        ? {kind: 'timeout', message: `no answer within ${pacing.timeoutMs / 1000} s`}
        : error.failure
      last = failure
      const now = pacing.now()
      const isThrottled = failure.status === 429 || failure.status === 503
      // In a rate limiter all others wait as well: how often nothing came through says more than how often this one was refused.
      const pauses = limiter && isThrottled ? limiter.refusals : sent - 1
      const backoffMs = pauseAfter(pauses, retryPolicy.request.pauses) * (0.5 + pacing.random() / 2)
      if (isThrottled) throttledSince ??= now
      const inVainMs = now - Math.max(throttledSince ?? now, limiter?.lastGoodAt ?? 0)
      const patienceLeftMs = retryPolicy.patienceMs[budget] - inVainMs
      const isForgiven = isThrottled && patienceLeftMs > 0 && (budget === 'rollout' || asksToWait(failure))
      const isConflict = options.awaitsConflicts === true && failure.kind === 'status' && failure.status === 409
      const conflictLeftMs = retryPolicy.conflictMs - (now - startedAt)
      // A wait that is asked for is kept, but for no longer than there is patience: then comes the last try.
      const askedMs = Math.max(failure.retryAfterMs ?? 0, backoffMs)
      const ms = Math.min(
        askedMs,
        isForgiven ? patienceLeftMs : isConflict ? conflictLeftMs : retryPolicy.patienceMs[budget],
      )
      if (isThrottled) ending = {pauseMs: ms, isRate: failure.status === 429}
      const isNewPause = leave ? leave(ending) || !isThrottled : true
      const isAwaited = isConflict && conflictLeftMs > 0
      const isNoTry = isForgiven || isAwaited
      if (isNoTry) tries--
      // Who was throttled until all patience was gone has tried for long enough.
      const isSpent = isThrottled && patienceLeftMs <= 0
      const isLast = isSpent || tries >= retryPolicy.request.tries || lastTry?.aborted
      const goesOn = !isLast && (isAwaited || mayTryAgain(failure, options))
      // The rate limiter holds back all the others too: the pause is reported once.
      if ((goesOn || limiter) && isNewPause && ms > 0) pacing.onPause({ms, failure, who: options.who})
      if (!goesOn) throw new RequestFailure(failure, tries)
      // A throttled request waits in the limiter, with all others.
      if (limiter && isThrottled) continue
      const ended = AbortSignal.any(endings)
      await pacing.sleep(ms, ended).catch(() => undefined)
      if (ended.aborted) throw new RequestFailure(failure, tries)
    } finally {
      leave?.(ending)
    }
  }
}

/** Whether the answer asks to try again later. */
export function asksToWait({status, retryAfterMs}: Failure): boolean {
  return status === 429 || (status === 503 && retryAfterMs !== undefined)
}

function mayTryAgain(failure: Failure, {repeatable, alsoOn = []}: RetryOptions): boolean {
  // 429, a refused connection and an unknown host say that nothing reached what would act on it.
  if (failure.status === 429 || isUnreached(failure)) return true
  if (!repeatable) return false
  if (failure.kind === 'status') {
    return [...retryPolicy.statuses, ...alsoOn].some(status => status === failure.status)
  }
  return failure.kind === 'timeout' || failure.kind === 'reset' || failure.kind === 'failed'
}

/** Whether a failure says that there was no connection at all. */
export function isUnreached({kind}: Failure): boolean {
  return kind === 'refused' || kind === 'unreachable' || kind === 'unknown-host'
}

/**
 * `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when it is neither, or asks for no
 * wait at all.
 */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const seconds = Number(value)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now
  return ms > 0 ? ms : undefined
}

/** An exchange without an answer as the failure of a try. */
export function failureOf({why, code}: NoReply): Failure {
  if (why === 'proxy') return {kind: why, status: Number(code), message: `the proxy answered ${code}`}
  return {kind: why, connectionCode: code, message: code || 'no answer came'}
}

/** A good status with a body that is not what was asked for, such as a proxy's HTML page. */
export function unreadable(body: unknown, message = 'the answer is not what the API sends', status = 200): TryFailure {
  return new TryFailure({kind: 'unreadable', status, body, message})
}
