import {randomUUID} from 'node:crypto'
import {sign, verify} from 'hono/jwt'
import {accountId} from '../core/ids.ts'

export const apiKeyGrant = 'urn:ibm:params:oauth:grant-type:apikey'

const iamId = 'IBMid-0000SANDBOX'
const user = 'test.user@example.com'

type Claims = Awaited<ReturnType<typeof verify>>

const keyOf = (secret: string) => ({
  kty: 'oct',
  alg: 'HS256' as const,
  kid: 'sandbox',
  k: Buffer.from(secret).toString('base64url'),
})

/** The claims of a token that `key` signed; undefined for any other token, and for one that has expired at `now` (in seconds). */
export async function verifiedClaims(
  token: string,
  key: Parameters<typeof verify>[1],
  alg: 'HS256' | 'RS256',
  now: number,
): Promise<Claims | undefined> {
  const claims = await verify(token, key, {alg, exp: false, iat: false, nbf: false}).catch(() => undefined)
  return Number(claims?.exp) > now ? claims : undefined
}

// The owner of the API key.
const userClaims: Claims = {
  iam_id: iamId,
  id: iamId,
  realmid: 'IBMid',
  identifier: '0000SANDBOX',
  given_name: 'Test',
  family_name: 'User',
  name: 'Test User',
  email: user,
  sub: user,
  authn: {sub: user, iam_id: iamId, name: 'Test User'},
  grant_type: apiKeyGrant,
}

/** A signed access token with the claims that IBM's have, valid from `issuedAt` for `ttlSeconds` (both in seconds). */
export function issueToken(
  secret: string,
  issuer: string,
  issuedAt: number,
  ttlSeconds: number,
  whose = userClaims,
): Promise<string> {
  const claims = {
    ...whose,
    jti: randomUUID(),
    account: {valid: true, bss: accountId(), frozen: true},
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
    iss: issuer,
    scope: 'ibm openid',
    client_id: 'default',
    acr: 1,
    amr: ['pwd'],
  }
  return sign(claims, keyOf(secret))
}

// Nearly all requests have the same token, and to check one takes a tenth of a request.
let lastValid = {token: '', secret: '', exp: 0}

/** Whether `token` was signed with `secret` and is not expired at `now` (in seconds). */
export async function isTokenValid(token: string, secret: string, now: number): Promise<boolean> {
  if (lastValid.token === token && lastValid.secret === secret) return lastValid.exp > now
  const claims = await verifiedClaims(token, keyOf(secret), 'HS256', now)
  if (claims !== undefined) lastValid = {token, secret, exp: Number(claims.exp)}
  return claims !== undefined
}
