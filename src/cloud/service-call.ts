import type {Credentials} from './credential-kinds.ts'
import {type Pacing, RequestFailure, withRetries} from './retries.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import {describeFailure} from './service-errors.ts'
import type {TokenSource} from './token-source.ts'
import type {Line} from './transport.ts'

/** By what services beside the VPC API are asked: whose token, over which lines, at what pace. */
export interface ServiceAccess {
  tokens: TokenSource
  lineTo(url: string): Line
  pacing: Pacing
  secrets: Credentials['secrets']
}

export interface ServiceQuestion {
  method: 'GET' | 'POST'
  /** The service URL, of which the errors tell the host. */
  url: string
  path: string
  query?: Record<string, string | number | undefined>
  /** Sent as JSON. A POST with it reads, and may be sent twice. */
  body?: object
  /** Goes after "could not": `list the accounts of the enterprise`. */
  doing: string
  /** What the caller must be allowed, where a source says it. */
  iamAction?: string
  /** Calls it off at once. */
  signal?: AbortSignal
}

/**
 * Reads something of a service of IBM Cloud, as the retry policy says, with another token where one is refused. Gives the
 * JSON that came, unread. Throws VpcmdError.
 */
export async function readService(access: ServiceAccess, question: ServiceQuestion): Promise<unknown> {
  const {tokens, lineTo, pacing, secrets} = access
  const {method, url, path, query, body, signal: cancelled} = question
  const send = sdkAdapter(lineTo, pacing.now)
  for (let isRenewed = false; ; isRenewed = true) {
    const startedAt = pacing.now()
    const request = {headers: {}}
    await tokens.authenticate(request)
    const headers = {...request.headers, Accept: 'application/json', ...(body && {'Content-Type': 'application/json'})}
    try {
      return await withRetries(
        async signal => {
          const data = body && JSON.stringify(body)
          return (await send({method, url: `${url}${path}`, params: query, headers, data, signal})).data
        },
        {who: new URL(url).host, budget: 'read', repeatable: true, pacing, cancelled},
      )
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error
      const mayRenew = error.failure.status === 401 && !isRenewed && tokens.renew(startedAt)
      if (!mayRenew) throw describeFailure(error, question, secrets)
    }
  }
}
