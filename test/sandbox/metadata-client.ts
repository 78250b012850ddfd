import {readFileSync} from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type {MetadataAddress, Sandbox} from '../../src/sandbox/index.ts'

type Json = Record<string, unknown>

/** Every body of the metadata and identity services in one. That a test finds what it looks into is its own claim. */
export interface MetadataBody extends Json {
  access_token: string
  certificates: string[]
  default_trusted_profile: {target: {id: string; crn: string}}
  errors: [{code: string; message: string; target?: {name: string; type: string; value?: string}}]
  expires_in: number
  id: string
  keys: MetadataBody[]
  status_code: number
  trace: string
  user_data?: string
}

export interface MetadataAnswer {
  status: number
  body: MetadataBody
}

export interface Asked {
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON, or as it is when it is a string. */
  body?: unknown
  /** Sends neither a body nor a word of one. */
  bare?: boolean
}

export const newest = 'version=2025-08-26'

/** Sends one request on a connection of its own, with the CA trusted. Rejects when the connection ends without an answer. */
export function ask(address: MetadataAddress, path: string, asked: Asked = {}): Promise<MetadataAnswer> {
  const url = new URL(path, address.url)
  const {body} = asked
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const options = {method: asked.method ?? 'GET', headers: asked.headers, agent: false}
  return new Promise((resolve, reject) => {
    const answered = (response: http.IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        resolve({status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString())})
      })
    }
    const request =
      url.protocol === 'https:'
        ? https.request(url, {...options, ca: readFileSync(address.ca_file)}, answered)
        : http.request(url, options, answered)
    request.on('error', reject)
    if (asked.bare) request.useChunkedEncodingByDefault = false
    request.end(text)
  })
}

/** An instance as a program within it sees its metadata service: with an identity token. */
export class Inside {
  readonly address: MetadataAddress
  readonly token: string

  private constructor(address: MetadataAddress, token: string) {
    this.address = address
    this.token = token
  }

  static async of(sandbox: Sandbox, instance: string): Promise<Inside> {
    const address = await sandbox.metadataAddress(instance)
    return new Inside(address, (await requestIdentity(address)).body.access_token)
  }

  get(path: string, version = newest): Promise<MetadataAnswer> {
    return ask(this.address, `/metadata/v1/${path}?${version}`, {headers: this.headers})
  }

  post(path: string, body?: unknown): Promise<MetadataAnswer> {
    return ask(this.address, `${path}?${newest}`, {method: 'POST', headers: this.headers, body})
  }

  private get headers() {
    return {authorization: `Bearer ${this.token}`}
  }
}

/** Asks for an identity token on the new path. */
export function requestIdentity(address: MetadataAddress, body: unknown = {}): Promise<MetadataAnswer> {
  const headers = {'metadata-flavor': 'ibm'}
  return ask(address, `/identity/v1/token?${newest}`, {method: 'PUT', headers, body})
}

/** The claims of a token, unchecked. */
export function claimsOf(token: string): Json {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
