import {isLong, jsonIn, takeOut, textIn, together, turnToRead} from './long-bodies.ts'
import {failureOf, parseRetryAfter, TryFailure, unreadable} from './retries.ts'
import {ask, type Line} from './transport.ts'

/** What IBM's SDK core hands to the HTTP adapter that it is given (axios, lib/core/dispatchRequest.js), as far as it is read here. */
interface SdkRequest {
  method?: string
  url?: string
  params?: object
  headers: object
  data?: unknown
  signal?: unknown
}

interface SdkResponse<Request> {
  data: unknown
  status: number
  statusText: string
  headers: Record<string, string>
  config: Request
}

export type SdkAdapter = <Request extends SdkRequest>(request: Request) => Promise<SdkResponse<Request>>

/**
 * The adapter by which IBM's SDK core sends each of its requests through the transport. What goes wrong is a TryFailure; the
 * core wraps what an adapter throws, so it is kept for `failureOfTry`.
 */
export function sdkAdapter(lineTo: (url: string) => Line, now: () => number): SdkAdapter {
  return async request => {
    const signal = request.signal instanceof AbortSignal ? request.signal : undefined
    try {
      return await send(request, {...lineTo(request.url ?? ''), signal}, now)
    } catch (error) {
      if (signal && error instanceof TryFailure) failures.set(signal, error)
      throw error
    }
  }
}

/** What went wrong with the requests of which each signal is the one that can end it. */
const failures = new WeakMap<AbortSignal, TryFailure>()

/** What went wrong with the request that this signal could end, for what IBM's core threw in its place. */
export function failureOfTry(signal: AbortSignal): TryFailure | undefined {
  return failures.get(signal)
}

async function send<Request extends SdkRequest>(
  request: Request,
  line: Line,
  now: () => number,
): Promise<SdkResponse<Request>> {
  const outcome = await ask(
    {
      method: (request.method ?? 'get').toUpperCase(),
      url: withQuery(request.url ?? '', request.params),
      headers: plainHeaders(request.headers),
      ...(typeof request.data === 'string' && {body: request.data}),
      // The retry policy sees to that.
      isRepeatable: false,
    },
    line,
  )
  if (outcome.kind === 'none') throw new TryFailure(failureOf(outcome))
  // The answer is here in time: however long it waits for its turn, nothing ends it any more.
  request.signal = undefined
  const {status, headers} = outcome
  if (isLong(outcome.pieces)) await turnToRead()
  const bytes = together(takeOut(outcome, 'pieces', []))
  const body = jsonIn(bytes)
  if (status < 200 || status > 299) {
    throw new TryFailure({
      kind: 'status',
      status,
      body: body ?? textIn(bytes),
      retryAfterMs: parseRetryAfter(headers['retry-after'], now()),
      location: headers.location,
      message: `status ${status}`,
    })
  }
  if (typeof body !== 'object' || body === null) throw unreadable(textIn(bytes), 'the answer is not JSON')
  return {data: body, status, statusText: '', headers: plainHeaders(headers), config: request}
}

function withQuery(url: string, params: object = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null) query.append(name, String(value))
  }
  return query.size > 0 ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url
}

/** Headers by their small names; what is no text is left out. */
function plainHeaders(headers: object): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' || typeof value === 'number') plain[name.toLowerCase()] = String(value)
  }
  return plain
}
