import type {RateLimiter} from './rate-limiter.ts'
import {fields, type Raw} from './readers/fields.ts'
import {type Pacing, unreadable, withRetries} from './retries.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import {describeFailure} from './service-errors.ts'
import {type TokenSource, withNewTokens} from './token-source.ts'
import type {Line} from './transport.ts'

/** A service of IBM Cloud beside the VPC API, and how it is asked. */
export interface Service {
  /** As errors and notes call it. */
  name: string
  url: string
  /** The variable of its address, for advice. */
  variable: string
  /** Texts that an answer may hold, and no error must. */
  secrets: readonly string[]
  tokens: TokenSource
  pacing: Pacing
  limiter: RateLimiter
  line: Line
  /** Called with the name at each call, and what it returns when the call has ended. */
  onCall(name: string): () => void
}

/** A question that changes nothing, so that it may be sent twice. */
export interface ServiceQuestion<T> {
  method: 'GET' | 'POST'
  /** Below the service's URL. */
  path: string
  query?: Readonly<Record<string, string | number | undefined>>
  body?: object
  /** Goes after "could not". */
  doing: string
  /** The IAM action that it takes, for advice where it is refused. */
  iamAction?: string
  /** Ends it at once. */
  signal?: AbortSignal | undefined
  /** Reads the answer; undefined for what is none. */
  read(raw: Raw): T | undefined
}

/** Asks a service, as the retry policy says. Throws VpcmdError that says what was being done. */
export async function askService<T>(service: Service, question: ServiceQuestion<T>): Promise<T> {
  const {name, url, variable, secrets, tokens, pacing, limiter, line, onCall} = service
  const {method, path, query, body, doing, iamAction, signal: cancelled, read} = question
  const send = sdkAdapter(() => line, pacing.now)
  const attempt = () =>
    withRetries(
      async signal => {
        const request: {headers: Record<string, string>} = {headers: {}}
        await tokens.authenticate(request)
        const data = body && JSON.stringify(body)
        const answer = await send({method, url: `${url}${path}`, params: query, data, signal, ...request})
        const result = read(fields(answer.data))
        if (result === undefined) throw unreadable(answer.data)
        return result
      },
      {who: name, budget: 'read', repeatable: true, pacing, limiter, cancelled, prepare: () => tokens.ready()},
    )
  const end = onCall(name)
  try {
    return await withNewTokens(attempt, {
      tokens,
      pacing,
      mostRenewals: 1,
      describe: failure =>
        describeFailure(
          failure,
          {doing, url, variable, proxy: line.proxy?.variable, ...(iamAction && {iamAction})},
          secrets,
        ),
    })
  } finally {
    end()
  }
}
