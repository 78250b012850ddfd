import {VpcmdError} from '../errors.ts'
import {objectIn} from './answers.ts'

export type Claims = Record<string, unknown>

/** The claims of a JWT, whose signature is not checked. Throws a VpcmdError, which never quotes it, for what is none. */
export function claimsOf(token: string): Claims {
  const [header, payload, signature, ...more] = token.trim().split('.')
  if (header && payload && signature !== undefined && more.length === 0) {
    const claims = objectIn(Buffer.from(payload, 'base64url').toString('utf8'))
    if (claims) return claims
  }
  throw new VpcmdError({
    code: 'no_token',
    message: 'That is no token: a JWT has three parts with dots between them, and its claims are JSON.',
  })
}
