import {once} from 'node:events'
import {setTimeout as wait} from 'node:timers/promises'
import type {HttpBindings} from '@hono/node-server'
import {RESPONSE_ALREADY_SENT} from '@hono/node-server/utils/response'
import type {MiddlewareHandler} from 'hono'
import type {SeenRequest} from '../fleet/public-types.ts'
import {ApiError, answerError, throttled, unauthorized} from './api-error.ts'
import type {Environment} from './environment.ts'
import {type Fault, meets} from './faults.ts'

/** Delays requests and makes them fail as the options say; calls `onRequest` before the answer goes out. */
export function makeTrouble(options: {
  latencyMs?: number
  /** Read anew for each request. */
  faults: readonly Fault[]
  onRequest?: (request: SeenRequest) => void
  closing: AbortSignal
}): MiddlewareHandler<Environment> {
  const {closing, latencyMs = 0, onRequest} = options
  const seen = new Map<Fault, number>()
  /** The first fault that applies to a request, if any. It counts for every fault that it matches. */
  const pick = (method: string, path: string) => {
    const matching = options.faults.filter(
      fault =>
        (fault.method?.toUpperCase() ?? method) === method &&
        (fault.path === undefined || path.search(fault.path) >= 0),
    )
    const met = matching.find(fault => meets(fault, seen.get(fault) ?? 0))
    for (const fault of matching) seen.set(fault, (seen.get(fault) ?? 0) + 1)
    return met
  }
  return async (c, next) => {
    const url = new URL(c.req.url)
    const path = url.pathname + url.search
    const fault = pick(c.req.method, path)
    const body = onRequest === undefined ? undefined : readable(await c.req.text())
    const tell = (status: number | undefined) => onRequest?.({method: c.req.method, path, status, body})
    if (latencyMs > 0) await wait(latencyMs, undefined, {signal: closing})
    if (fault?.kind === 'reset') {
      tell(undefined)
      c.env.incoming.socket.resetAndDestroy()
      return RESPONSE_ALREADY_SENT
    }
    if (fault?.kind === 'hang') {
      tell(undefined)
      if (!closing.aborted) await once(closing, 'abort')
      return RESPONSE_ALREADY_SENT
    }
    if (fault !== undefined && fault.kind !== 'cut') {
      const answer = fault.kind === '502' ? c.html(proxyPage, 502) : answerError(refusalOf(fault), c)
      tell(answer.status)
      return answer
    }
    await next()
    tell(c.res.status)
    if (fault === undefined) return undefined
    const sent = await sendHalf(c.env, c.res)
    // Hono would carry the headers of the answer over to its replacement.
    c.res = undefined
    c.res = sent
    return undefined
  }
}

// As proxies send it.
const proxyPage = `<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>cloudflare</center>
</body>
</html>
`

/** The API's own answer in place of the operation's. 429 and 5xx: ibm-cloud-docs/vpc errors.md; 403: ibm-cloud-docs/vpc cbr.md. */
function refusalOf({kind, retryAfter}: Fault): ApiError {
  if (kind === '401') return unauthorized()
  if (kind === '403') return new ApiError(403, 'not_authorized', 'the provided token is not authorized')
  if (kind === '429') return throttled(retryAfter ?? '1')
  if (kind === '500') return new ApiError(500, 'internal_error', 'An internal error occurred.')
  const headers: Record<string, string> = retryAfter === undefined ? {} : {'retry-after': retryAfter}
  const message = 'The back-end service is unavailable.'
  return new ApiError(kind === '503' ? 503 : 504, 'backend_service_unavailable', message, undefined, headers)
}

/** Sends the head of `response`, with its full length, and half of its body; then ends the connection. */
async function sendHalf({incoming, outgoing}: HttpBindings, response: Response): Promise<Response> {
  const body = Buffer.from(await response.arrayBuffer())
  outgoing.writeHead(response.status, {...Object.fromEntries(response.headers), 'content-length': body.length})
  await new Promise<void>(resolve => {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => resolve())
  })
  incoming.socket.destroy()
  return RESPONSE_ALREADY_SENT
}

function readable(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
