import type {RateLimiter} from './rate-limiter.ts'
import {type Pacing, RequestFailure, type RetryOptions, withRetries} from './retries.ts'
import {type Doing, describeFailure} from './service-errors.ts'
import type {TokenSource} from './token-source.ts'

/** A service of IBM Cloud, and what all requests to it share. */
export interface Peer {
  /** The service URL. */
  url: string
  /** The proxy that it is asked through, by the name of its variable. */
  proxy?: string | undefined
  /** Texts that an answer may hold, and no error must. */
  secrets: readonly string[]
  tokens: TokenSource
  pacing: Pacing
  limiter: RateLimiter
  /** Called with the place of each call, and what it returns when the call has ended. */
  onCall(place: string): () => void
}

interface TriedCall extends Omit<RetryOptions, 'pacing' | 'limiter' | 'prepare'> {
  /** What is shown while it is under way. */
  place: string
  doing: Omit<Doing, 'url' | 'proxy'>
  /** How often it is sent with a new token where the one that it was sent with is refused. */
  mostRenewals: number
}

/**
 * Makes a call, tried as the retry policy says. Throws VpcmdError that says what was being done, and all that is no failure of a
 * request as it is.
 */
export async function callTried<T>(
  {url, proxy, secrets, tokens, pacing, limiter, onCall}: Peer,
  {place, doing, mostRenewals, ...retries}: TriedCall,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = onCall(place)
  try {
    for (let renewals = 0; ; renewals++) {
      const startedAt = pacing.now()
      try {
        return await withRetries(send, {...retries, pacing, limiter, prepare: () => tokens.ready()})
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error
        const mayRenew = error.failure.status === 401 && renewals < mostRenewals
        if (!mayRenew || !tokens.renew(startedAt)) throw describeFailure(error, {...doing, url, proxy}, secrets)
      }
    }
  } finally {
    end()
  }
}
