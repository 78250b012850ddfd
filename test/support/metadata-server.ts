import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import {createServer as createTcpServer, type Socket} from 'node:net'
import {listening} from './until-test-ends.ts'

export interface SeenByServer {
  method: string
  /** With the query. */
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export interface MetadataServer {
  /** `http://127.0.0.1:PORT` */
  url: string
  seen: SeenByServer[]
}

/** An identity token that is well formed, with these claims. */
export function tokenWith(claims: object): string {
  const parts = [{alg: 'RS256', kid: 'test'}, claims].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return [...parts, 'c2lnbmF0dXJl'].join('.')
}

export const goodToken = tokenWith({iss: 'VSI-CR_us-south', iat: 1_795_000_000, exp: 1_795_000_300})

/**
 * A server until the test ends that answers as the test says: where `answer` returns false, as a metadata service with nothing in
 * it does.
 */
export async function serve(
  answer: (request: SeenByServer, response: ServerResponse) => boolean | undefined,
): Promise<MetadataServer> {
  const seen: SeenByServer[] = []
  const server = createServer((incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    incoming.on('end', () => {
      const request = {method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body}
      seen.push(request)
      if (answer(request, response) === false) answerPlainly(request, response)
    })
  })
  return {url: await listening(server), seen}
}

/** A port until the test ends that takes connections and does with them what the test says: nothing at all, without. */
export async function serveRaw(onSocket: (socket: Socket) => void = () => undefined): Promise<{url: string}> {
  const sockets: Socket[] = []
  const server = createTcpServer(socket => {
    sockets.push(socket.on('error', () => undefined))
    onSocket(socket)
  })
  const url = await listening(
    Object.assign(server, {
      closeAllConnections() {
        for (const socket of sockets) socket.destroy()
      },
    }),
  )
  return {url}
}

/** Sends JSON. */
export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(value))
}

function answerPlainly({method, url}: SeenByServer, response: ServerResponse): void {
  if (method === 'PUT' && url.startsWith('/identity/v1/token?')) {
    json(response, 200, {access_token: goodToken, expires_in: 300})
  } else {
    json(response, 404, {errors: [{code: 'not_found', message: 'Not found.'}], status_code: 404, trace: 'a-trace'})
  }
}
