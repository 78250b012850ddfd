import {objectIn} from './json-object.ts'

/** The claims of a JWT, whose signature is not checked; undefined for a text that is no JWT. */
export function claimsIn(token: string): Record<string, unknown> | undefined {
  const [header, payload, signature, ...more] = token.trim().split('.')
  if (!header || !payload || signature === undefined || more.length > 0) return undefined
  return objectIn(Buffer.from(payload, 'base64url').toString('utf8'))
}
