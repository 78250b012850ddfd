import {fields, type Raw} from './readers/fields.ts'
import {unreadable} from './retries.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import type {Line} from './transport.ts'
import {callTried, type Peer} from './tried-call.ts'

/** A service of IBM Cloud beside the VPC API, and how it is asked. */
export interface Service extends Peer {
  /** As errors and notes call it. */
  name: string
  line: Line
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
export function askService<T>(service: Service, question: ServiceQuestion<T>): Promise<T> {
  const {name: place, url, tokens, pacing, line} = service
  const {method, path, query, body, doing, iamAction, signal: cancelled, read} = question
  const send = sdkAdapter(() => line, pacing.now)
  const call = {place, doing, iamAction, budget: 'read', repeatable: true, cancelled} as const
  return callTried(service, call, async signal => {
    const request: {headers: Record<string, string>} = {headers: {}}
    await tokens.authenticate(request)
    const data = body && JSON.stringify(body)
    const answer = await send({method, url: `${url}${path}`, params: query, data, signal, ...request})
    const result = read(fields(answer.data))
    if (result === undefined) throw unreadable(answer.data)
    return result
  })
}
