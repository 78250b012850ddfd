import type {Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions} from 'node:http'
import {linkLocalAddress, metadataHost} from './endpoints.ts'

export interface Question {
  method: 'GET' | 'PUT' | 'POST'
  url: string
  headers: Record<string, string>
  /** Sent as JSON. */
  body?: object
}

export interface Line {
  /** From the first packet to the last byte of the answer. */
  timeoutMs: number
  /** The certificates to trust in place of the usual ones, as PEM. */
  ca?: string
  /** Ends the exchange when nobody needs its answer any more. */
  signal?: AbortSignal
  /** Keeps connections for the next exchange, which over https is half of its time; without it, each ends with its exchange. */
  connections?: Connections
  /** Told of each exchange, without headers and bodies: no token. */
  log?: {note(text: string): void}
}

/** Connections that are open, by protocol. They do not keep a process from its end. */
export type Connections = Record<string, Agent>

export interface Reply {
  kind: 'reply'
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Why there was no answer, or none that can be used. */
export type Silence =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'unknown-host'
  | 'untrusted'
  | 'other-protocol'
  | 'reset'
  | 'too-big'
  | 'failed'

export interface NoReply {
  kind: 'none'
  why: Silence
  /** The code of the error below it, such as ECONNREFUSED; empty where there is none. */
  code: string
  /** Whether something took the connection, although it gave no answer. */
  connected: boolean
}

// User data is at most 64 KB, as JSON six times that; all of an instance's metadata is far from this.
const mostBytes = 4 * 2 ** 20

/**
 * Asks once, over a connection of ours alone, and once more where one that was kept turns out to be ended: no proxy
 * whatever the environment says, no redirect followed, at most 4 MiB of answer, and all of it within the time limit. Never
 * throws for what the other side does.
 */
export async function ask(question: Question, line: Line): Promise<Reply | NoReply> {
  if (!line.log) return exchange(question, line)
  const startedAt = performance.now()
  const outcome = await exchange(question, line)
  const said = outcome.kind === 'reply' ? String(outcome.status) : `${outcome.why} ${outcome.code}`.trim()
  line.log.note(`${question.method} ${question.url} -> ${said} in ${Math.round(performance.now() - startedAt)} ms`)
  return outcome
}

async function exchange(question: Question, line: Line): Promise<Reply | NoReply> {
  const url = new URL(question.url)
  const body = question.body === undefined ? undefined : Buffer.from(JSON.stringify(question.body))
  const options: RequestOptions & {servername?: string} = {
    ...addressOf(url),
    path: url.pathname + url.search,
    method: question.method,
    headers: {
      host: url.host,
      accept: 'application/json',
      'user-agent': 'vpcmd',
      ...(body && {'content-type': 'application/json', 'content-length': body.length}),
      ...question.headers,
    },
  }
  const request = await opener(url.protocol, options, line)
  return new Promise(resolve => {
    let connected = false
    let settled = false
    const settle = (outcome: Reply | NoReply) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      line.signal?.removeEventListener('abort', leave)
      resolve(outcome)
      if (outcome.kind === 'none') outgoing?.destroy()
    }
    const silence = (why: Silence, code = '') => settle({kind: 'none', why, code, connected})
    const leave = () => silence('failed', 'ABORTED')
    const timer = setTimeout(() => silence('timeout'), line.timeoutMs)
    let outgoing: ClientRequest | undefined
    const send = (sent: ClientRequest) => {
      outgoing = sent
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const why = whyOf(error.code ?? '')
        // The other side ended the connection that was kept as the question went out, which may be asked again, whichever it is.
        if (!settled && why === 'reset' && sent.reusedSocket) send(request({agent: false}))
        else silence(why, error.code)
      })
      sent.on('socket', socket => {
        if (socket.connecting) socket.once('connect', () => (connected = true))
        else connected = true
      })
      sent.on('response', response => readReply(response, settle, silence))
      sent.end(body)
    }
    line.signal?.addEventListener('abort', leave)
    if (line.signal?.aborted) leave()
    else send(request())
  })
}

/** The service's name is not looked up: its address is fixed, and a resolver that hangs would hold up the end of the process, too. */
function addressOf(url: URL): RequestOptions & {servername?: string} {
  const port = url.port || (url.protocol === 'https:' ? 443 : 80)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return hostname === metadataHost ? {hostname: linkLocalAddress, servername: metadataHost, port} : {hostname, port}
}

/** The global agents are not used: they take proxies from the environment where Node is told to (NODE_USE_ENV_PROXY). */
async function opener(
  protocol: string,
  options: RequestOptions,
  {ca, connections}: Line,
): Promise<(other?: RequestOptions) => ClientRequest> {
  const {request, Agent} = protocol === 'http:' ? await import('node:http') : await import('node:https')
  if (connections) connections[protocol] ??= new Agent({keepAlive: true})
  return other => request({...options, ca, agent: connections?.[protocol] ?? false, ...other})
}

function readReply(
  response: IncomingMessage,
  settle: (reply: Reply) => void,
  silence: (why: Silence, code?: string) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  response.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > mostBytes) silence('too-big')
    else chunks.push(chunk)
  })
  response.on('error', (error: NodeJS.ErrnoException) => silence('reset', error.code))
  response.on('end', () => {
    const {statusCode: status = 0, headers} = response
    settle({kind: 'reply', status, headers, body: Buffer.concat(chunks)})
  })
}

function whyOf(code: string): Silence {
  if (code === 'ECONNREFUSED') return 'refused'
  if (/^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN|EACCES|EPERM)$/.test(code)) return 'unreachable'
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'unknown-host'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (/^(ECONNRESET|EPIPE)$/.test(code)) return 'reset'
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-big'
  // TLS where there is none, and no HTTP where some was expected.
  if (/^(EPROTO|ERR_SSL_|ERR_TLS_HANDSHAKE|HPE_)/.test(code)) return 'other-protocol'
  if (/CERT|SIGNATURE|ALTNAME|ISSUER|^UNABLE_TO/.test(code)) return 'untrusted'
  return 'failed'
}
