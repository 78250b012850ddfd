import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {HTTPException} from 'hono/http-exception'
import {sign} from 'hono/jwt'
import type {Accounts} from '../accounts/accounts.ts'
import {accountId, inAccount} from '../core/ids.ts'
import {isoTime} from '../core/references.ts'
import {type AccountProfile, profileRoutes, profilesOf} from './profile-routes.ts'
import {type Claims, grantTypes, issueToken, keyOf, profileClaims, userClaims, verifiedClaims} from './tokens.ts'

/** The one API key that the sandbox knows. It opens nothing but a sandbox. */
export const sandboxApiKey = 'sandbox-api-key-not-a-secret'

/** The path that issues tokens. */
export const tokenPath = '/identity/token'

// What else IBM's IAM has, and the sandbox does not simulate. Grants and response types: IBM-Cloud/ibm-cloud-cli-sdk
// bluemix/authentication/iam/iam.go, and the documents of IBM's IAM client for Ruby (iam-authz).
const otherGrants = [
  ...['delegated-refresh-token', 'derive', 'iam-authz', 'identity-cookie', 'passcode'].map(
    each => `urn:ibm:params:oauth:grant-type:${each}`,
  ),
  'authorization_code',
  'password',
  'refresh_token',
]
const otherResponseTypes = ['delegated_refresh_token', 'ims_portal']
// Of IBM/platform-services-node-sdk iam-identity/v1.ts and iam-policy-management/v1.ts, iam.go, and what is beside the token.
const otherPaths = [
  '/identity/*',
  ...['account_settings_assignments', 'account_settings_templates', 'accounts', 'activity', 'apikeys', 'policies'].map(
    each => `/v1/${each}`,
  ),
  ...['profile_assignments', 'profile_templates', 'profiles', 'serviceids', 'sessions'].map(each => `/v1/${each}`),
  '/v2/policies',
  '/v2/roles',
]

/** A refusal of a request for a token. */
class Refusal extends Error {
  readonly status: 400 | 403 | 405 | 413 | 415 | 501
  readonly code: string
  readonly details: string | undefined

  constructor(status: Refusal['status'], code: string, message: string, details?: string) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/** What the web server before IAM refuses. */
function webException(status: 405 | 413 | 415, what: string): Refusal {
  const message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing."
  return new Refusal(status, 'BXNIM0060E', message, `HTTP ${status} ${what}`)
}

const missing = (property: string) =>
  new Refusal(400, 'BXNIM0109E', 'Property missing or empty.', `Property '${property}' either missing or empty.`)

function wrong(property: string, value: string, valid: string): Refusal {
  const message = `Validation of property '${property}' with value '[${value}]' failed. Valid values: '${valid}'`
  return new Refusal(400, 'BXNIM0106E', message)
}

/** What exists at IBM and not here is neither a wrong value nor a missing page; code and words are the sandbox's. */
const notSimulated = (what: string) => new Refusal(501, 'not_implemented', `The sandbox does not simulate ${what}.`)

function answer({status, code, message, details}: Refusal, nowMs: number, url: string): Response {
  const now = isoTime(nowMs)
  const context = {
    requestId: randomUUID(),
    requestType: 'incoming.Identity_Token',
    url: new URL(url).origin,
    startTime: now,
    endTime: now,
    elapsedTime: '1',
    locale: 'en_US',
    clusterName: 'sandbox',
  }
  return Response.json({context, errorCode: code, errorMessage: message, errorDetails: details}, {status})
}

/** The answer to a request for a token with a body that is larger than the sandbox reads: by analogy with a wrong method. */
export function tooLargeForIam(nowMs: number, url: string): Response {
  return answer(webException(413, 'Request Entity Too Large'), nowMs, url)
}

/**
 * `POST /identity/token`. Error codes and shape: BXNIM0415E and `context` by the contract, BXNIM0109E and BXNIM0060E as
 * public clients recorded them, BXNIM0106E from IBM-Cloud/bluemix-go#87. A wrong content type has no source: the answer
 * is that of a wrong method with 415 in it.
 */
export function iamRoutes(accounts: Accounts, clock: () => number, ttlSeconds: number): Hono {
  const routes = new Hono()
  routes.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    if (error instanceof Refusal) return answer(error, clock(), c.req.url)
    throw error
  })
  routes.post(tokenPath, async c => {
    const type = c.req.header('content-type') ?? ''
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) throw webException(415, 'Unsupported Media Type')
    const form = new URLSearchParams(await c.req.text())
    const name = form.get('grant_type')
    if (!name) throw missing('grant_type')
    if (otherGrants.includes(name)) throw notSimulated(`the grant type ${name}`)
    const grant = grants.get(name)
    if (grant === undefined) throw wrong('grant_type', name, grantTypes.apiKey)
    const responseType = form.get('response_type') ?? 'cloud_iam'
    if (otherResponseTypes.includes(responseType)) throw notSimulated(`the response type ${responseType}`)
    if (responseType !== 'cloud_iam') throw wrong('response_type', responseType, 'cloud_iam')
    accounts.refresh()
    const {account, claims} = await grant(form, accounts, clock())
    const issuedAt = Math.floor(clock() / 1000)
    const issuer = `${new URL(c.req.url).origin}/identity`
    const {secret} = accounts.main.cloud.fleet
    return c.json({
      access_token: await inAccount({account}, () => issueToken(secret, issuer, issuedAt, ttlSeconds, claims)),
      refresh_token: 'not_supported',
      token_type: 'Bearer',
      expires_in: ttlSeconds,
      expiration: issuedAt + ttlSeconds,
      scope: 'ibm openid',
    })
  })
  routes.all(tokenPath, () => {
    throw webException(405, 'Method Not Allowed')
  })
  routes.route('/', profileRoutes(accounts))
  for (const path of otherPaths.flatMap(each => (each.endsWith('*') ? [each] : [each, `${each}/*`]))) {
    routes.all(path, c => {
      throw notSimulated(`${c.req.method} ${c.req.path} of IAM`)
    })
  }
  return routes
}

/** A token to issue: for an account, with claims. */
interface Grant {
  account: string
  claims: Claims
}

function takeApiKey(form: URLSearchParams, {main}: Accounts): Grant {
  const key = form.get('apikey')
  if (!key) throw missing('apikey')
  if (key !== sandboxApiKey) throw new Refusal(400, 'BXNIM0415E', 'Provided API key could not be found.')
  return {account: main.id, claims: userClaims}
}

/** Whether a profile is the one that a form names. Throws where it names none. */
function profileNamed(form: URLSearchParams): (profile: AccountProfile) => boolean {
  const key = (['id', 'crn', 'name'] as const).find(each => form.get(`profile_${each}`))
  if (key === undefined) throw missing('profile_id')
  return profile => profile[key] === form.get(`profile_${key}`)
}

// Codes without a number are the sandbox's: no source shows IBM's. Status 400 as for an API key that is not found.
const noProfile = () => new Refusal(400, 'profile_not_found', 'Provided trusted profile could not be found.')

/**
 * Grants a token of a trusted profile to whoever it trusts (IBM/node-sdk-core auth/token-managers/iam-assume-token-manager.ts,
 * and the documents of IBM's IAM client for Ruby, get_token_assume). Both say that `profile_id` and `profile_crn` are of
 * the caller's own account; IBM's Terraform provider is used with those of others (#6693), so the sandbox takes them.
 */
async function assume(form: URLSearchParams, accounts: Accounts): Promise<Grant> {
  const token = form.get('access_token')
  if (!token) {
    const other = ['refresh_token', 'cookie'].find(name => form.has(name))
    throw other ? notSimulated(`assuming a profile with a ${other}`) : missing('access_token')
  }
  const isNamed = profileNamed(form)
  const account = form.get('account')
  if (form.get('profile_name') && !account) throw missing('account')
  const caller = await accounts.claimsOf(token)
  if (caller === undefined) throw new Refusal(400, 'BXNIM0407E', 'Provided token is invalid or expired.')
  const candidates = account ? [accounts.find(account)].filter(each => each !== undefined) : accounts.all()
  const profile = candidates.flatMap(profilesOf).find(isNamed)
  if (profile === undefined) throw noProfile()
  const {id, state} = profile.account
  if (state !== 'ACTIVE') throw new Refusal(403, 'account_not_active', `Account ${id} is ${state}.`)
  // The token has to be "generated for the user or service id that has trust relationship with the profile" (IBM's IAM
  // client for Ruby): that of another profile has none. The code is the one of a delegation that is not allowed
  // (BXNIM0513E, as public clients recorded it).
  const {iam_id: iamId, sub, name} = caller
  if (typeof iamId !== 'string' || !profile.trusts.includes(iamId)) {
    throw new Refusal(403, 'BXNIM0513E', 'You are not authorized to use this API')
  }
  return grantOf(profile, {sub: String(sub), iam_id: iamId, name: String(name)}, grantTypes.assume)
}

/**
 * Grants a token of a trusted profile to the compute resource that is linked to it (IBM/node-sdk-core
 * auth/token-managers/container-token-manager.ts). The profile is of the compute resource's account, the first one.
 */
async function exchangeCrToken(form: URLSearchParams, {main}: Accounts, nowMs: number): Promise<Grant> {
  const token = form.get('cr_token')
  if (!token) throw missing('cr_token')
  const isNamed = profileNamed(form)
  const claims = await verifiedClaims(token, crKeyOf(main.cloud.fleet.secret), 'HS256', nowMs / 1000)
  if (claims === undefined) throw new Refusal(400, 'cr_token_invalid', 'Provided compute resource token is not valid.')
  const profile = profilesOf(main).find(isNamed)
  if (profile === undefined) throw noProfile()
  if (!profile.isLinked) {
    const message = 'Provided compute resource is not linked to the trusted profile.'
    throw new Refusal(400, 'profile_not_linked', message)
  }
  return grantOf(profile, {sub: serviceAccount, iam_id: `crn-${clusterOf()}`, name: 'vpcmd'}, grantTypes.crToken)
}

const grants = new Map<string, (form: URLSearchParams, accounts: Accounts, nowMs: number) => Grant | Promise<Grant>>([
  [grantTypes.apiKey, takeApiKey],
  [grantTypes.assume, assume],
  [grantTypes.crToken, exchangeCrToken],
])

function grantOf(profile: AccountProfile, authn: {sub: string; iam_id: string; name: string}, grant: string): Grant {
  return {account: profile.account.id, claims: profileClaims(profile, profile.name, authn, grant)}
}

const serviceAccount = 'system:serviceaccount:default:vpcmd'
const clusterOf = () => `crn:v1:bluemix:public:containers-kubernetes:us-south:a/${accountId()}:sandbox::`

// Otherwise the token would be taken for one of IAM's.
const crKeyOf = (secret: string) => keyOf(`${secret}/cr-token`)

/** So long a compute resource token is good: nothing in a sandbox renews it, as a cluster does. */
const crTokenSeconds = 365 * 24 * 3600

/**
 * A compute resource token of the first account, as a cluster puts it into a pod's file (ibm-cloud-docs/containers
 * access-pod-identity.md).
 */
export async function issueCrToken(accounts: Accounts, nowMs: number): Promise<string> {
  accounts.refresh()
  const {main} = accounts
  const iat = Math.floor(nowMs / 1000)
  const iss = inAccount({account: main.id}, clusterOf)
  const claims = {aud: ['iam'], iss, sub: serviceAccount, iat, exp: iat + crTokenSeconds}
  return sign(claims, crKeyOf(main.cloud.fleet.secret))
}
