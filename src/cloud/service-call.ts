import {takeOut} from './long-bodies.ts'
import type {RateLimiter} from './rate-limiter.ts'
import {fields, type Raw} from './readers/fields.ts'
import {type Pacing, RequestFailure, type RetryOptions, unreadable, withRetries} from './retries.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import {type Doing, describeFailure} from './service-errors.ts'
import type {TokenSource} from './token-source.ts'
import type {Line} from './transport.ts'

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
  /** How often it is sent with a new token where the one that it was sent with is refused; once without this. */
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

/** A service of IBM Cloud beside the VPC API, and how it is asked. */
export interface Service extends Peer {
  /** As errors and notes call it. */
  name: string
  line: Line
}

/** A question that changes nothing, so that it may be sent twice. */
export interface ServiceQuestion<T> extends Pick<Doing, 'doing' | 'iamAction'> {
  method: 'GET' | 'POST'
  /** Below the service's URL. */
  path: string
  query?: Readonly<Record<string, string | number | undefined>>
  body?: object
  /** Ends it at once. */
  signal?: AbortSignal | undefined
  /** Reads the answer; undefined for what is none. */
  read(raw: Raw): T | undefined
}

/** Asks a service, as the retry policy says. Throws VpcmdError that says what was being done. */
export function askService<T>(service: Service, question: ServiceQuestion<T>): Promise<T> {
  const {name: place, url, tokens, pacing, line} = service
  const {method, path, query, body: asked, doing, iamAction, signal: cancelled, read} = question
  const send = sdkAdapter(() => line, pacing.now)
  const call = {place, doing, iamAction, budget: 'read', repeatable: true, cancelled} as const
  return callTried(service, call, async signal => {
    const request: {headers: Record<string, string>} = {headers: {}}
    await tokens.authenticate(request)
    const data = asked && JSON.stringify(asked)
    const answer = await send({method, url: `${url}${path}`, params: query, data, signal, ...request})
    const body = takeOut(answer, 'data', undefined)
    const result = read(fields(body))
    if (result === undefined) throw unreadable(body)
    return result
  })
}
