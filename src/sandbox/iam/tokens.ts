import {randomUUID} from 'node:crypto'
import {sign, verify} from 'hono/jwt'
import {accountId} from '../core/ids.ts'

const grantType = (name: string) => `urn:ibm:params:oauth:grant-type:${name}`

/** What a token is granted for: `apikey`, the profile to assume, or a token of a compute resource. */
export const grantTypes = {apiKey: grantType('apikey'), assume: grantType('assume'), crToken: grantType('cr-token')}

/** The IAM ID of the owner of the API key. */
export const ownerIamId = 'IBMid-0000SANDBOX'
const user = 'test.user@example.com'

/** What a token says. What it holds is read before it is used. */
export type Claims = Awaited<ReturnType<typeof verify>>

/** The key, made of a secret, that signs tokens of one kind. */
export const keyOf = (secret: string) => ({
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

/** What a token of the owner of the API key says. */
export const userClaims: Claims = {
  iam_id: ownerIamId,
  id: ownerIamId,
  realmid: 'IBMid',
  identifier: '0000SANDBOX',
  given_name: 'Test',
  family_name: 'User',
  name: 'Test User',
  email: user,
  sub: user,
  authn: {sub: user, iam_id: ownerIamId, name: 'Test User'},
  grant_type: grantTypes.apiKey,
}

/** A signed access token with the claims that IBM's have, valid from `issuedAt` for `ttlSeconds` (both in seconds). */
export function issueToken(
  secret: string,
  issuer: string,
  issuedAt: number,
  ttlSeconds: number,
  whose: Claims,
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

/**
 * The claims of a token that a trusted profile got: whose it is, and in `authn` who asked for it (IBM/node-sdk-core
 * auth/token-managers; IBM-Cloud/ibm-cloud-cli-sdk core_config/iam_token.go).
 */
export function profileClaims(
  {id, crn}: {id: string; crn: string},
  name: string,
  authn: {sub: string; iam_id: string; name: string},
  grant: string,
): Claims {
  const iamId = `iam-${id}`
  return {
    iam_id: iamId,
    id: iamId,
    realmid: 'iam',
    identifier: id,
    name,
    sub: id,
    sub_type: 'Profile',
    authn,
    grant_type: grant,
    profile: {id, crn},
  }
}

// Requests come with few tokens, one for each account, and to check one takes a tenth of a request.
const known = new Map<string, {secret: string; claims: Claims}>()
const mostKnown = 1000

/** The claims of a token that was signed with `secret` and is not expired at `now` (in seconds); undefined for any other. */
export async function claimsOf(token: string, secret: string, now: number): Promise<Claims | undefined> {
  const kept = known.get(token)
  if (kept?.secret === secret) return Number(kept.claims.exp) > now ? kept.claims : undefined
  const claims = await verifiedClaims(token, keyOf(secret), 'HS256', now)
  if (claims === undefined) return undefined
  if (known.size >= mostKnown) known.clear()
  known.set(token, {secret, claims})
  return claims
}
