import {createHmac, randomUUID, timingSafeEqual} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {accountId} from '../core/ids.ts'

/** The one API key that the sandbox knows. It opens nothing but a sandbox. */
export const sandboxApiKey = 'sandbox-api-key-not-a-secret'

const iamId = 'IBMid-0000SANDBOX'
const apiKeyGrant = 'urn:ibm:params:oauth:grant-type:apikey'
// Of IBM/node-sdk-core auth/token-managers (assume, cr-token) and IBM-Cloud/ibm-cloud-cli-sdk iam.go (passcode, refresh_token).
const otherGrants = [
  'urn:ibm:params:oauth:grant-type:assume',
  'urn:ibm:params:oauth:grant-type:cr-token',
  'urn:ibm:params:oauth:grant-type:passcode',
  'refresh_token',
]
// Of IBM/platform-services-node-sdk iam-identity/v1.ts and iam-policy-management/v1.ts, and what is beside the token.
const otherPaths = [
  '/identity/*',
  ...['account_settings_assignments', 'account_settings_templates', 'accounts', 'activity', 'apikeys', 'policies'].map(
    each => `/v1/${each}`,
  ),
  ...['profile_assignments', 'profile_templates', 'profiles', 'serviceids'].map(each => `/v1/${each}`),
  '/v2/policies',
  '/v2/roles',
]

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signatureOf(signed: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(signed).digest()
}

/** A signed access token with the claims that IBM's have, valid from `issuedAt` for `ttlSeconds` (both in seconds). `claims` replace those of the API key's user. */
export function issueToken(
  secret: string,
  issuer: string,
  issuedAt: number,
  ttlSeconds: number,
  claims: Record<string, unknown> = {},
): string {
  const header = encode({kid: 'sandbox', alg: 'HS256'})
  const payload = encode({
    iam_id: iamId,
    id: iamId,
    realmid: 'IBMid',
    jti: randomUUID(),
    identifier: '0000SANDBOX',
    given_name: 'Test',
    family_name: 'User',
    name: 'Test User',
    email: 'test.user@example.com',
    sub: 'test.user@example.com',
    authn: {sub: 'test.user@example.com', iam_id: iamId, name: 'Test User'},
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
  })
  const signed = `${header}.${payload}`
  return `${signed}.${signatureOf(signed, secret).toString('base64url')}`
}

/** Whether `token` was signed with `secret` and is not expired at `now` (in seconds). */
export function isTokenValid(token: string, secret: string, now: number): boolean {
  const [header, claims, signature, ...more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return false
  const given = Buffer.from(signature, 'base64url')
  const wanted = signatureOf(`${header}.${claims}`, secret)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false
  // What is signed was written by issueToken: it needs no further doubt.
  const {exp} = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {exp: number}
  return exp > now
}

export interface IamOptions {
  secret: () => string
  clock: () => number
  ttlSeconds: number
}

/** Where tokens are asked for. */
export const tokenPath = '/identity/token'

type Status = 400 | 405 | 413 | 415 | 501

function refusal(
  clock: () => number,
  status: Status,
  errorCode: string,
  errorMessage: string,
  url: string,
  details?: string,
): Response {
  const now = new Date(clock()).toISOString()
  const body = {
    context: {
      requestId: randomUUID(),
      requestType: 'incoming.Identity_Token',
      url,
      startTime: now,
      endTime: now,
      elapsedTime: '1',
      locale: 'en_US',
      clusterName: 'sandbox',
    },
    errorCode,
    errorMessage,
    ...(details && {errorDetails: details}),
  }
  return Response.json(body, {status})
}

function webException(clock: () => number, status: Status, details: string, url: string): Response {
  const name = 'javax.ws.rs.ClientErrorException'
  const message = `Web application exception '${name}' during request processing.`
  return refusal(clock, status, 'BXNIM0060E', message, url, details)
}

/** The answer to a request for a token with a body that is larger than the sandbox reads: by analogy with a wrong method. */
export function tooLargeForIam({clock}: IamOptions, url: string): Response {
  return webException(clock, 413, 'HTTP 413 Request Entity Too Large', new URL(url).origin)
}

/**
 * `POST /identity/token`. Error codes and shape: BXNIM0415E and `context` by the contract, BXNIM0109E and BXNIM0060E as
 * public clients recorded them, BXNIM0106E from IBM-Cloud/bluemix-go#87. A wrong content type has no source: the answer
 * is that of a wrong method with 415 in it.
 */
export function iamRoutes(options: IamOptions): Hono {
  const routes = new Hono()
  const {clock} = options
  const missing = (property: string, url: string) =>
    refusal(
      clock,
      400,
      'BXNIM0109E',
      'Property missing or empty.',
      url,
      `Property '${property}' either missing or empty.`,
    )
  // What exists at IBM and not here is neither a wrong value nor a missing page; code and words are the sandbox's.
  const notSimulated = (what: string, url: string) =>
    refusal(clock, 501, 'not_implemented', `The sandbox does not simulate ${what}.`, url)
  const wrongValue = (property: string, value: string, valid: string, url: string) =>
    refusal(
      clock,
      400,
      'BXNIM0106E',
      `Validation of property '${property}' with value '[${value}]' failed. Valid values: '${valid}'`,
      url,
    )

  routes.post(tokenPath, async c => {
    const url = new URL(c.req.url).origin
    const type = c.req.header('content-type') ?? ''
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      return webException(clock, 415, 'HTTP 415 Unsupported Media Type', url)
    }
    const form = new URLSearchParams(await c.req.text())
    const grant = form.get('grant_type')
    if (!grant) return missing('grant_type', url)
    if (otherGrants.includes(grant)) return notSimulated(`the grant type ${grant}`, url)
    if (grant !== apiKeyGrant) return wrongValue('grant_type', grant, apiKeyGrant, url)
    const responseType = form.get('response_type')
    if (responseType !== null && responseType !== 'cloud_iam') {
      return wrongValue('response_type', responseType, 'cloud_iam', url)
    }
    const key = form.get('apikey')
    if (!key) return missing('apikey', url)
    if (key !== sandboxApiKey) return refusal(clock, 400, 'BXNIM0415E', 'Provided API key could not be found.', url)
    const issuedAt = Math.floor(options.clock() / 1000)
    return c.json({
      access_token: issueToken(options.secret(), `${url}/identity`, issuedAt, options.ttlSeconds),
      refresh_token: 'not_supported',
      token_type: 'Bearer',
      expires_in: options.ttlSeconds,
      expiration: issuedAt + options.ttlSeconds,
      scope: 'ibm openid',
    })
  })
  routes.all(tokenPath, c => webException(clock, 405, 'HTTP 405 Method Not Allowed', new URL(c.req.url).origin))
  for (const path of otherPaths) {
    const answer = (c: Context) => notSimulated(`${c.req.method} ${c.req.path} of IAM`, new URL(c.req.url).origin)
    routes.all(path, answer)
    if (!path.endsWith('*')) routes.all(`${path}/*`, answer)
  }
  return routes
}
