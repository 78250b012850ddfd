import {createServer, type IncomingHttpHeaders} from 'node:http'
import type {Sandbox} from '../../src/sandbox/index.ts'
import {listening} from './until-test-ends.ts'

export interface AskedOfCloud {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: string
  /** How often this method and path came, this time included. */
  count: number
}

export interface OddAnswer {
  status: number
  headers?: Record<string, string>
  /** An object is sent as JSON. */
  body?: string | Buffer | object
}

export interface Oddity {
  /** Answers in place of the sandbox; `silence` never does. */
  answer?(asked: AskedOfCloud): OddAnswer | 'silence' | undefined
  /** Changes what the sandbox answered. */
  change?(asked: AskedOfCloud, body: Record<string, unknown>): void
  /** Parameters of the query that the cloud does as if it had not seen. */
  ignores?: string[]
}

export interface OddCloud {
  url: string
  environment: Sandbox['environment']
  endpoints: {vpcUrl: string; iamUrl: string; isPrivate: boolean}
  asked: AskedOfCloud[]
  close(): Promise<void>
}

/** The sandbox, with something odd before it until the test ends: a hole in a body, a refusal, silence. */
export async function startOddCloud(sandbox: Sandbox, odd: Oddity): Promise<OddCloud> {
  const asked: AskedOfCloud[] = []
  let own = ''
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', own)
    const method = request.method ?? 'GET'
    const count = asked.filter(each => each.method === method && each.url.pathname === url.pathname).length + 1
    const question = {method, url, headers: request.headers, body: Buffer.concat(chunks).toString(), count}
    asked.push(question)
    const answer = odd.answer?.(question)
    if (answer === 'silence') return
    if (answer) {
      const {status, headers, body = ''} = answer
      response.writeHead(status, {'content-type': 'application/json', ...headers})
      return response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
    }
    const target = new URL(url.pathname + url.search, sandbox.url)
    for (const name of odd.ignores ?? []) target.searchParams.delete(name)
    const {host, connection, 'content-length': _, 'accept-encoding': __, ...headers} = request.headers
    const real = await fetch(target, {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && {body: Buffer.concat(chunks)}),
    })
    let text = (await real.text()).replaceAll(sandbox.url, own)
    if (odd.change && text !== '') {
      const body = JSON.parse(text)
      odd.change(question, body)
      text = JSON.stringify(body)
    }
    const {'content-length': ___, 'content-encoding': ____, ...kept} = Object.fromEntries(real.headers)
    response.writeHead(real.status, kept)
    response.end(text)
  })
  own = await listening(server)
  return {
    url: own,
    environment: {...sandbox.environment, VPC_URL: `${own}/v1`, VPC_AUTH_URL: own},
    endpoints: {vpcUrl: `${own}/v1`, iamUrl: own, isPrivate: false},
    asked,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The instances in a body, be it one or a list. */
export function instancesIn(body: Record<string, unknown>): Record<string, unknown>[] {
  if (Array.isArray(body.instances)) return body.instances
  return typeof body.crn === 'string' && body.crn.includes(':instance:') ? [body] : []
}
