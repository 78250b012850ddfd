import type {Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions} from 'node:http'
import type {Readable} from 'node:stream'

// Every request of vpcmd goes through `ask`: the VPC API and IAM by way of the adapter that IBM's SDK is given, the metadata
// service and the sandbox directly. It is loaded by boot scripts, so it loads nothing that it does not need.

export interface Question {
  method: string
  url: string
  headers: Record<string, string>
  /** Sent as it is where it is text, else as JSON. */
  body?: string | object
  /** Whether it may be sent twice, where the method does not say so by itself: what changes something may not. */
  isRepeatable?: boolean
}

export interface Line {
  /** From the first packet to the last byte of the answer; without it, `signal` alone ends the exchange. */
  timeoutMs?: number
  /** The largest answer that is taken, in bytes, decompressed. */
  mostBytes?: number
  /** The certificates to trust in place of the usual ones, as PEM. */
  ca?: string
  /** Ends the exchange when nobody needs its answer any more. */
  signal?: AbortSignal
  /** Keeps connections for the next exchange, which over https is half of its time; without it, each ends with its exchange. */
  connections?: Connections
  /** `HOST:PORT` that the metadata service's name and address lead to in place of IBM Cloud's. */
  metadataAddress?: string
  /** Goes through a proxy in place of a connection of its own. */
  proxy?: HttpProxy
  /** Told of each exchange, without headers and bodies: no token. */
  log?: WireLog
}

export interface HttpProxy {
  /** Opens tunnels through it. */
  agent: Agent
  /** The variable that it is from, by name only: the value can hold a password. */
  variable: string
}

/** Where `--debug` writes. Only method, URL, status, time and IBM's trace are ever logged: no key and no token. */
export interface WireLog {
  note(text: string): void
}

/** Connections that are kept open. They do not keep a process from its end. */
export interface Connections {
  /** By protocol. */
  agents?: Record<string, Agent>
  /** How many there may be of each protocol; what comes then waits. */
  most?: number
  /** How long one may stay unused; without it, as long as the other side keeps it. */
  idleMs?: number
}

export interface Reply {
  kind: 'reply'
  status: number
  headers: IncomingHttpHeaders
  /** The body as it came: a long one is 1 MB, which is not copied before it is needed. */
  pieces: Buffer[]
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
  | 'proxy'
  | 'failed'

export interface NoReply {
  kind: 'none'
  why: Silence
  /** The code of the error below it, such as ECONNREFUSED; the status of a proxy that refused; empty where there is none. */
  code: string
  /** Whether something took the connection, although it gave no answer. */
  connected: boolean
}

/** What an answer may measure in bytes, decompressed. A page of 100 instances is about 1 MB, user data at most 64 KB. */
export const answerLimits = {list: 32 * 2 ** 20, other: 4 * 2 ** 20} as const

/** How an agent keeps connections. */
export const keptConnections = {keepAlive: true, scheduling: 'lifo'} as const

/** An error that a proxy's agent ends a request with, where the proxy answers something else than 200 to CONNECT. */
export const proxyRefusal = 'ERR_PROXY_REFUSED'

/** The service's name, which its certificate bears. */
export const metadataHost = 'api.metadata.cloud.ibm.com'

/** What that name resolves to (ibm-cloud-docs/vpc, api-metadata-change-log.md, 14 February 2023). */
export const linkLocalAddress = '169.254.169.254'

/**
 * Asks once, over a connection of ours alone, and what may be sent twice once more where a connection that was kept turns
 * out to be ended: no proxy but the one that is named, whatever the environment says, no redirect followed, no more of an
 * answer than its limit, and all of it within the time limit. Never throws for what the other side does.
 */
export async function ask(question: Question, line: Line): Promise<Reply | NoReply> {
  if (!line.log) return exchange(question, line)
  const startedAt = performance.now()
  const outcome = await exchange(question, line)
  const said =
    outcome.kind === 'reply' ? `${outcome.status}${traceOf(outcome)}` : `${outcome.why} ${outcome.code}`.trim()
  line.log.note(`${question.method} ${question.url} -> ${said} in ${Math.round(performance.now() - startedAt)} ms`)
  return outcome
}

/** The body of an answer as text. */
export function textOf({pieces}: Reply): string {
  return String(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))
}

function traceOf(reply: Reply): string {
  const trace = reply.status < 400 ? undefined : /"trace" *: *"([\w-]{1,64})"/.exec(textOf(reply).slice(0, 65_536))
  return trace ? ` (trace ${trace[1]})` : ''
}

async function exchange(question: Question, line: Line): Promise<Reply | NoReply> {
  const url = new URL(question.url)
  const body =
    question.body === undefined
      ? undefined
      : Buffer.from(typeof question.body === 'string' ? question.body : JSON.stringify(question.body))
  const options: RequestOptions & {servername?: string} = {
    ...addressOf(url, line),
    protocol: url.protocol,
    // Node would find one for http, too, which takes time.
    ...(url.protocol === 'http:' && {servername: ''}),
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
  const request = opener(url.protocol, options, line)
  return new Promise(resolve => {
    let connected = false
    let settled = false
    let timer: NodeJS.Timeout | undefined
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
    if (line.timeoutMs !== undefined) timer = setTimeout(() => silence('timeout'), line.timeoutMs)
    let outgoing: ClientRequest | undefined
    const send = (sent: ClientRequest) => {
      outgoing = sent
      sent.on('error', (error: NodeJS.ErrnoException & {status?: number}) => {
        const why = whyOf(error.code ?? '')
        // The other side may have ended the connection that was kept just as the question went out.
        if (!settled && why === 'reset' && sent.reusedSocket && isRepeatable(question))
          send(request({agent: line.proxy?.agent ?? false}))
        else silence(why, why === 'proxy' ? String(error.status) : error.code)
      })
      sent.on('socket', socket => {
        if (socket.connecting) socket.once('connect', () => (connected = true))
        else connected = true
      })
      // Nobody asked for another protocol: what came of the question, this does not say.
      sent.on('upgrade', () => silence('reset', 'UPGRADE'))
      sent.on('response', response => {
        readReply(response, line.mostBytes ?? answerLimits.other, settle, silence)
      })
      sent.end(body)
    }
    line.signal?.addEventListener('abort', leave)
    if (line.signal?.aborted) leave()
    else {
      try {
        send(request())
      } catch (error) {
        // A header or a path that HTTP does not take: nothing was sent.
        silence('failed', (error as NodeJS.ErrnoException).code)
      }
    }
  })
}

function isRepeatable({method, isRepeatable = method === 'GET' || method === 'PUT'}: Question): boolean {
  return isRepeatable
}

/** The metadata service's name is not looked up: its address is fixed, and a resolver that hangs would hold up the end of the process, too. */
function addressOf(url: URL, {metadataAddress}: Line): RequestOptions & {servername?: string} {
  const port = url.port || (url.protocol === 'https:' ? 443 : 80)
  const hostname = withoutBrackets(url.hostname)
  const isMetadata = hostname === metadataHost || hostname === linkLocalAddress
  if (isMetadata && metadataAddress !== undefined) {
    const place = new URL(`http://${metadataAddress}`)
    return {hostname: withoutBrackets(place.hostname), servername: metadataHost, port: place.port || 80}
  }
  return hostname === metadataHost ? {hostname: linkLocalAddress, servername: metadataHost, port} : {hostname, port}
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Opens requests, not through the global agents: with NODE_USE_ENV_PROXY these take proxies from the environment. */
function opener(
  protocol: string,
  options: RequestOptions,
  {ca, connections, proxy}: Line,
): (other?: RequestOptions) => ClientRequest {
  // An import of these would read all that they export, for which Node loads WebSocket and fetch.
  const {request, Agent} =
    protocol === 'http:' ? process.getBuiltinModule('node:http') : process.getBuiltinModule('node:https')
  if (connections) {
    const {agents = {}, most: maxTotalSockets = Number.POSITIVE_INFINITY, idleMs: timeout} = connections
    connections.agents = agents
    agents[protocol] ??= new Agent({...keptConnections, maxTotalSockets, timeout})
  }
  const agent = proxy?.agent ?? connections?.agents?.[protocol] ?? false
  return other => request({...options, ca, agent, ...other})
}

// Of an answer that comes byte by byte, what holds each byte would be five hundred times as much.
const smallPiece = 1024
const mostSmall = 1024

function readReply(
  response: IncomingMessage,
  mostBytes: number,
  settle: (reply: Reply) => void,
  silence: (why: Silence, code?: string) => void,
): void {
  const pieces: Buffer[] = []
  let small: Buffer[] = []
  const joinSmall = () => {
    if (small.length > 0) pieces.push(small.length === 1 && small[0] ? small[0] : Buffer.concat(small))
    small = []
  }
  let length = 0
  const broken = (error: NodeJS.ErrnoException) => silence('reset', error.code)
  response.on('error', broken)
  const body = decompressed(response)
  body.on('error', broken)
  body.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > mostBytes) {
      silence('too-big')
      body.destroy()
    } else if (chunk.length < smallPiece) {
      small.push(chunk)
      if (small.length === mostSmall) joinSmall()
    } else {
      joinSmall()
      pieces.push(chunk)
    }
  })
  body.on('end', () => {
    const {statusCode: status = 0, headers} = response
    joinSmall()
    settle({kind: 'reply', status, headers, pieces: pieces.splice(0)})
  })
}

/** The body without the compression that was asked for, which is gzip; what else it is, it stays. */
function decompressed(response: IncomingMessage): Readable {
  if (!/^(x-)?gzip$/i.test(response.headers['content-encoding'] ?? '')) return response
  const {createGunzip} = process.getBuiltinModule('node:zlib')
  return response.pipe(createGunzip())
}

function whyOf(code: string): Silence {
  if (code === proxyRefusal) return 'proxy'
  if (code === 'ECONNREFUSED') return 'refused'
  // With too many open files there is no connection to send anything on, either.
  if (/^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN|EACCES|EPERM|EMFILE|ENFILE)$/.test(code)) {
    return 'unreachable'
  }
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'unknown-host'
  if (code === 'ETIMEDOUT') return 'timeout'
  if (/^(ECONNRESET|EPIPE)$/.test(code)) return 'reset'
  if (code === 'HPE_HEADER_OVERFLOW') return 'too-big'
  // TLS where there is none, and no HTTP where some was expected.
  if (/^(EPROTO|ERR_SSL_|ERR_TLS_HANDSHAKE|HPE_)/.test(code)) return 'other-protocol'
  if (/CERT|SIGNATURE|ALTNAME|ISSUER|^UNABLE_TO/.test(code)) return 'untrusted'
  return 'failed'
}
