import {createHmac, randomUUID} from 'node:crypto'
import type {IncomingHttpHeaders, ServerResponse} from 'node:http'
import {account, type Row} from './world.ts'

/** The questions to the services beside the VPC API: IAM's grant to assume, accounts, search and tags. */
export type BesideCall = 'assume' | 'accounts' | 'search' | 'tags'

/** Which question of the contract a request asks. */
export type Call =
  | BesideCall
  | 'token'
  | 'regions'
  | 'instances'
  | 'instance'
  | 'patch'
  | 'actions'
  | 'floating_ips'
  | 'vpcs'
  | 'templates'
  | 'bare_metal_servers'
  | 'bare_metal_server'
  | 'patch_bare_metal'
  | 'image'
  | 'other'

/** A request as it came, and what became of it. */
export interface Asked {
  call: Call
  method: string
  url: URL
  region?: string
  id?: string
  /** The account of the request's token; undefined where it has none. */
  account?: string
  body: string
  headers: IncomingHttpHeaders
  /** How often this method and path were asked before, plus one. */
  nth: number
}

/** What is sent back: a JSON body, or raw bytes, or whatever `act` does with the connection. */
export interface Reply {
  status?: number
  headers?: Record<string, string>
  body?: unknown
  raw?: string | Buffer
  act?: (response: ServerResponse) => void
}

export const ibmTrace = '7c1f0d9e-0000-4000-8000-0123456789ab'

/** A refusal in the form of IBM's VPC API. */
export function refusal(status: number, code: string, message: string, headers?: Record<string, string>): Reply {
  return {status, headers, body: {errors: [{code, message}], trace: ibmTrace}}
}

/** A JWT of the account, with these claims besides. */
export function makeToken(claims: Row = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const payload = {
    iam_id: 'IBMid-5500HOSTILE',
    id: 'IBMid-5500HOSTILE',
    realmid: 'IBMid',
    jti: randomUUID(),
    account: {valid: true, bss: account, frozen: true},
    iat: now - 1,
    exp: now + 3600,
    ...claims,
  }
  const head = `${part({kid: '20260101', alg: 'HS256'})}.${part(payload)}`
  return `${head}.${createHmac('sha256', 'hostile').update(head).digest('base64url')}`
}

/** The answer of IAM to a good key. */
export function tokenAnswer(claims: Row = {}): Row {
  const token = makeToken(claims)
  const expiration = Math.floor(Date.now() / 1000) + 3600
  return {
    access_token: token,
    refresh_token: 'not_supported',
    token_type: 'Bearer',
    expires_in: 3600,
    expiration,
    scope: 'ibm openid',
  }
}

/** Whether a value is a JSON object. */
export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
