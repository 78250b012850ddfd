import {gzipSync} from 'node:zlib'
import type {Reply} from './wire.ts'

/** Takes the request and never answers. */
export const silence: Reply = {act: () => undefined}

/** Breaks the connection without an answer. */
export const reset: Reply = {act: response => response.socket?.resetAndDestroy()}

/** Answers with this text, of this type. */
export function text(raw: string | Buffer, type = 'text/plain', status = 200): Reply {
  return {status, headers: {'content-type': type}, raw}
}

/** Sends to another place. */
export function redirect(location: string, status = 307): Reply {
  return {status, headers: {location}, body: {}}
}

/** Sends the head and half of the body, then breaks the connection. */
export function cut(body: unknown): Reply {
  const raw = JSON.stringify(body)
  return {
    act: response => {
      response.writeHead(200, {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(raw))})
      response.write(raw.slice(0, raw.length / 2), () => response.socket?.destroy())
    },
  }
}

/** Sends the head and half of the body, and then nothing more. */
export function stall(body: unknown): Reply {
  const raw = JSON.stringify(body)
  return {
    act: response => {
      response.writeHead(200, {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(raw))})
      response.write(raw.slice(0, raw.length / 2))
    },
  }
}

/** Sends a byte now and then, for ever. */
export const drip: Reply = {
  act: response => {
    response.writeHead(200, {'content-type': 'application/json'})
    const timer = setInterval(() => response.write(' '), 200)
    response.on('close', () => clearInterval(timer))
  },
}

/** Says that the body is this much longer, or shorter, than it is. */
export function wrongLength(body: unknown, by: number): Reply {
  const raw = JSON.stringify(body)
  return {
    act: response => {
      const socket = response.socket
      const length = Buffer.byteLength(raw) + by
      socket?.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${raw}`)
    },
  }
}

/** Bytes that are no HTTP. */
export function noHttp(bytes: string): Reply {
  return {act: response => response.socket?.end(bytes)}
}

/** A small gzip body that unpacks to this many MiB of JSON. */
export function gzipBomb(mib: number): Reply {
  const inner = `{"name":"${'a'.repeat(mib * 1024 * 1024)}"}`
  return {headers: {'content-encoding': 'gzip'}, raw: gzipSync(inner)}
}
