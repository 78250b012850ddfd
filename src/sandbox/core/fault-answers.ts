import type {HttpBindings} from '@hono/node-server'
import {RESPONSE_ALREADY_SENT} from '@hono/node-server/utils/response'
import type {Context} from 'hono'
import {answerError} from './answer-error.ts'
import {ApiError, unauthenticated} from './api-error.ts'
import type {Environment} from './environment.ts'
import type {Fault} from './faults.ts'

const page = `<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>cloudflare</center>
</body>
</html>
`

/**
 * Answers in place of the operation for the faults that are a status: 502 with a page of HTML as proxies send it, the
 * others in the API's shape. 429 and 5xx: ibm-cloud-docs/vpc errors.md; 403: ibm-cloud-docs/vpc cbr.md.
 */
export function refuseByFault(fault: Fault, c: Context<Environment>): Response {
  if (fault.kind === '502') return c.html(page, 502)
  return answerError(refusalOf(fault), c)
}

function refusalOf({kind, retryAfter}: Fault): ApiError {
  const headers: Record<string, string> = retryAfter === undefined ? {} : {'retry-after': retryAfter}
  switch (kind) {
    case '401':
      return unauthenticated()
    case '403':
      return new ApiError(403, 'not_authorized', 'the provided token is not authorized')
    case '429': {
      const message = 'Too many requests within a short time.'
      return new ApiError(429, 'rate_limit_exceeded', message, undefined, {'retry-after': '1', ...headers})
    }
    case '503':
    case '504': {
      const message = 'The back-end service is unavailable.'
      return new ApiError(kind === '503' ? 503 : 504, 'backend_service_unavailable', message, undefined, headers)
    }
    default:
      return new ApiError(500, 'internal_error', 'An internal error occurred.')
  }
}

/** Ends the connection with a reset. */
export function resetConnection({incoming}: HttpBindings): Response {
  incoming.socket.resetAndDestroy()
  return RESPONSE_ALREADY_SENT
}

/** Sends the head of `response`, with its full length, and half of its body; then ends the connection. */
export async function sendHalf({incoming, outgoing}: HttpBindings, response: Response): Promise<Response> {
  const body = Buffer.from(await response.arrayBuffer())
  outgoing.writeHead(response.status, {...Object.fromEntries(response.headers), 'content-length': body.length})
  await new Promise<void>(resolve => {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => resolve())
  })
  incoming.socket.destroy()
  return RESPONSE_ALREADY_SENT
}
