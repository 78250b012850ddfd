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

/** The claims of a token that `key` signed, undefined of any other and of one that has expired at `now` (in seconds, by the sandbox's clock). */
export async function verifiedClaims(
  token: string,
  key: Parameters<typeof verify>[1],
  alg: 'HS256' | 'RS256',
  now: number,
): Promise<Claims | undefined> {
  const claims = await verify(token, key, {alg, exp: false, iat: false, nbf: false}).catch(() => undefined)
  return Number(claims?.exp) > now ? claims : undefined
}

/** A signed access token with the claims that IBM's have, valid from `issuedAt` for `ttlSeconds` (both in seconds). `claims` replace those of the API key's user. */
export function issueToken(
  secret: string,
  issuer: string,
  issuedAt: number,
  ttlSeconds: number,
  claims: Claims = {},
): Promise<string> {
  const all = {
    iam_id: iamId,
    id: iamId,
    realmid: 'IBMid',
    jti: randomUUID(),
    identifier: '0000SANDBOX',
    given_name: 'Test',
    family_name: 'User',
    name: 'Test User',
    email: user,
    sub: user,
    authn: {sub: user, iam_id: iamId, name: 'Test User'},
    account: {valid: true, bss: accountId, frozen: true},
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
    iss: issuer,
    grant_type: apiKeyGrant,
    scope: 'ibm openid',
    client_id: 'default',
    acr: 1,
    amr: ['pwd'],
    ...claims,
  }
  return sign(all, keyOf(secret))
}

/** Whether `token` was signed with `secret` and is not expired at `now` (in seconds). */
export async function isTokenValid(token: string, secret: string, now: number): Promise<boolean> {
  return (await verifiedClaims(token, keyOf(secret), 'HS256', now)) !== undefined
}
