import {setTimeout as wait} from 'node:timers/promises'
import {RESPONSE_ALREADY_SENT} from '@hono/node-server/utils/response'
import type {Context, MiddlewareHandler, Next} from 'hono'
import type {Environment} from './environment.ts'
import {refuseByFault, resetConnection, sendHalf} from './fault-answers.ts'
import {type Fault, FaultPicker} from './faults.ts'
import type {SeenRequest} from './seen-request.ts'

export interface TroubleOptions {
  latencyMs: number
  /** Read anew for each request. */
  faults: readonly Fault[]
  onRequest: ((request: SeenRequest) => void) | undefined
  /** Aborted when the sandbox closes: nothing waits any longer. */
  closing: AbortSignal
}

/** Makes each request late, or lets it come to grief, as the options say; tells `onRequest` of it before the answer goes out. */
export function makeTrouble(options: TroubleOptions): MiddlewareHandler<Environment> {
  const picker = new FaultPicker()
  return async (c, next) => {
    const url = new URL(c.req.url)
    const path = url.pathname + url.search
    const fault = picker.pick(options.faults, c.req.method, path)
    const body = options.onRequest === undefined ? undefined : readable(await c.req.text())
    const tell = (status: number | undefined) => options.onRequest?.({method: c.req.method, path, status, body})
    if (options.latencyMs > 0) await wait(options.latencyMs, undefined, {signal: options.closing})
    if (fault === undefined) {
      await next()
      tell(c.res.status)
      return
    }
    return meet(fault, c, next, tell, options.closing)
  }
}

async function meet(
  fault: Fault,
  c: Context<Environment>,
  next: Next,
  tell: (status: number | undefined) => void,
  closing: AbortSignal,
): Promise<Response | undefined> {
  switch (fault.kind) {
    case 'reset':
      tell(undefined)
      return resetConnection(c.env)
    case 'hang':
      tell(undefined)
      await untilClosed(closing)
      return RESPONSE_ALREADY_SENT
    case 'cut': {
      await next()
      tell(c.res.status)
      const sent = await sendHalf(c.env, c.res)
      // Hono would carry the headers of the answer over to its replacement.
      c.res = undefined
      c.res = sent
      return undefined
    }
    default: {
      const answer = refuseByFault(fault, c)
      tell(answer.status)
      return answer
    }
  }
}

function untilClosed(closing: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (closing.aborted) resolve()
    else closing.addEventListener('abort', () => resolve(), {once: true})
  })
}

function readable(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
