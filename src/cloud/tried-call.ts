import type {RateLimiter} from './rate-limiter.ts'
import {type Pacing, RequestFailure, type RetryOptions, withRetries} from './retries.ts'
import {type Doing, describeFailure} from './service-errors.ts'
import type {TokenSource} from './token-source.ts'

/** A service of IBM Cloud, and what all requests to it share. */
export interface Peer extends Pick<Doing, 'url' | 'variable' | 'proxy'> {
  /** Texts that an answer may hold, and no error must. */
  secrets: readonly string[]
  tokens: TokenSource
  pacing: Pacing
  limiter: RateLimiter
  /** Called with who is asked by each call, and what it returns when the call has ended. */
  onCall(who: string): () => void
}

interface TriedCall
  extends Pick<Doing, 'doing' | 'iamAction'>,
    Omit<RetryOptions, 'who' | 'pacing' | 'limiter' | 'prepare'> {
  /** Who is asked, as is shown meanwhile; empty for IBM Cloud, where no region is meant. */
  place: string
  /** How often it is sent with a new token where the one that it was sent with is refused: once, unless this says otherwise. */
  mostRenewals?: number
}

/**
 * Makes a call, tried as the retry policy says. Throws VpcmdError that says what was being done, and all that is no failure of a
 * request as it is.
 */
export async function callTried<T>(
  {url, variable, proxy, secrets, tokens, pacing, limiter, onCall}: Peer,
  {place, doing, iamAction, mostRenewals = 1, ...retries}: TriedCall,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const who = place || 'IBM Cloud'
  const end = onCall(who)
  try {
    for (let renewals = 0; ; renewals++) {
      const startedAt = pacing.now()
      try {
        return await withRetries(send, {...retries, who, pacing, limiter, prepare: () => tokens.ready()})
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error
        const mayRenew = error.failure.status === 401 && renewals < mostRenewals
        if (mayRenew && tokens.renew(startedAt)) continue
        throw describeFailure(error, {doing, iamAction, url, variable, proxy}, secrets)
      }
    }
  } finally {
    end()
  }
}
