import {randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {sign} from 'hono/jwt'
import type {Accounts} from '../accounts/accounts.ts'
import {accountId, inAccount} from '../core/ids.ts'
import {profileRoutes} from './profile-routes.ts'
import {
  apiKeyGrant,
  assumeGrant,
  type Claims,
  crTokenGrant,
  issueToken,
  keyOf,
  profileClaims,
  userClaims,
  verifiedClaims,
} from './tokens.ts'
import {type AccountProfile, profilesOf} from './trusted-profiles.ts'

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

interface IamOptions {
  accounts: Accounts
  clock: () => number
  ttlSeconds: number
}

/** The answer to a request for a token with a body that is larger than the sandbox reads: by analogy with a wrong method. */
export function tooLargeForIam({clock}: IamOptions, url: string): Response {
  return webException(refusing(clock, url), 413, 'Request Entity Too Large')
}

/**
 * `POST /identity/token`. Error codes and shape: BXNIM0415E and `context` by the contract, BXNIM0109E and BXNIM0060E as
 * public clients recorded them, BXNIM0106E from IBM-Cloud/bluemix-go#87. A wrong content type has no source: the answer
 * is that of a wrong method with 415 in it.
 */
export function iamRoutes({accounts, clock, ttlSeconds}: IamOptions): Hono {
  const routes = new Hono()
  const refusingOf = (c: Context) => refusing(clock, c.req.url)

  routes.post(tokenPath, async c => {
    const refuse = refusingOf(c)
    const wrong = (property: string, value: string, valid: string) => {
      const message = `Validation of property '${property}' with value '[${value}]' failed. Valid values: '${valid}'`
      return refuse(400, 'BXNIM0106E', message)
    }
    const type = c.req.header('content-type') ?? ''
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      return webException(refuse, 415, 'Unsupported Media Type')
    }
    const form = new URLSearchParams(await c.req.text())
    const grant = form.get('grant_type')
    if (!grant) return missing(refuse, 'grant_type')
    if (otherGrants.includes(grant)) return notSimulated(refuse, `the grant type ${grant}`)
    const isKnown = grant === apiKeyGrant || grant === assumeGrant || grant === crTokenGrant
    if (!isKnown) return wrong('grant_type', grant, apiKeyGrant)
    const responseType = form.get('response_type') ?? 'cloud_iam'
    if (otherResponseTypes.includes(responseType)) return notSimulated(refuse, `the response type ${responseType}`)
    if (responseType !== 'cloud_iam') return wrong('response_type', responseType, 'cloud_iam')
    accounts.refresh()
    const granted =
      grant === assumeGrant
        ? await assume(form, accounts, refuse)
        : grant === crTokenGrant
          ? await exchangeCrToken(form, accounts, clock(), refuse)
          : takeApiKey(form, accounts, refuse)
    if (granted instanceof Response) return granted
    const {account, claims} = granted
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
  routes.all(tokenPath, c => webException(refusingOf(c), 405, 'Method Not Allowed'))
  routes.route('/', profileRoutes(accounts))
  const paths = otherPaths.flatMap(path => (path.endsWith('*') ? [path] : [path, `${path}/*`]))
  for (const path of paths) {
    routes.all(path, c => notSimulated(refusingOf(c), `${c.req.method} ${c.req.path} of IAM`))
  }
  return routes
}

function takeApiKey(form: URLSearchParams, {main}: Accounts, refuse: Refuse): Grant | Response {
  const key = form.get('apikey')
  if (!key) return missing(refuse, 'apikey')
  if (key !== sandboxApiKey) return refuse(400, 'BXNIM0415E', 'Provided API key could not be found.')
  return {account: main.id, claims: userClaims}
}

/** A token to issue: for an account, with claims. */
interface Grant {
  account: string
  claims: Claims
}

// Codes without a number are the sandbox's: no source shows IBM's. Status 400 as for an API key that is not found.
const noProfile = (refuse: Refuse) => refuse(400, 'profile_not_found', 'Provided trusted profile could not be found.')

/**
 * Grants a token of a trusted profile to whoever it trusts (IBM/node-sdk-core auth/token-managers/iam-assume-token-manager.ts,
 * and the documents of IBM's IAM client for Ruby, get_token_assume). Both say that `profile_id` and `profile_crn` are of
 * the caller's own account; IBM's Terraform provider is used with those of others (#6693), so the sandbox takes them.
 */
export async function assume(form: URLSearchParams, accounts: Accounts, refuse: Refuse): Promise<Grant | Response> {
  const token = form.get('access_token')
  if (!token) {
    const other = ['refresh_token', 'cookie'].find(name => form.has(name))
    return other ? notSimulated(refuse, `assuming a profile with a ${other}`) : missing(refuse, 'access_token')
  }
  const [id, crn, name, account] = ['profile_id', 'profile_crn', 'profile_name', 'account'].map(each => form.get(each))
  if (!id && !crn && !name) return missing(refuse, 'profile_id')
  if (name && !account) return missing(refuse, 'account')
  const caller = await accounts.claimsOf(token)
  if (caller === undefined) return refuse(400, 'BXNIM0407E', 'Provided token is invalid or expired.')
  const candidates = account ? [accounts.find(account)].filter(each => each !== undefined) : accounts.all()
  const profile = candidates
    .flatMap(profilesOf)
    .find(each => (id ? each.id === id : crn ? each.crn === crn : each.name === name))
  if (profile === undefined) return noProfile(refuse)
  if (profile.account.state !== 'ACTIVE') {
    return refuse(403, 'account_not_active', `Account ${profile.account.id} is ${profile.account.state}.`)
  }
  // The token has to be "generated for the user or service id that has trust relationship with the profile" (IBM's IAM
  // client for Ruby): that of another profile has none. The code is the one of a delegation that is not allowed
  // (BXNIM0513E, as public clients recorded it).
  const {iam_id: iamId, sub, name: callerName} = caller
  if (typeof iamId !== 'string' || !profile.trusts.includes(iamId)) {
    return refuse(403, 'BXNIM0513E', 'You are not authorized to use this API')
  }
  return grantOf(profile, {sub: String(sub), iam_id: iamId, name: String(callerName)}, assumeGrant)
}

/**
 * Grants a token of a trusted profile to the compute resource that is linked to it (IBM/node-sdk-core
 * auth/token-managers/container-token-manager.ts). The profile is of the compute resource's account, the first one.
 */
async function exchangeCrToken(
  form: URLSearchParams,
  accounts: Accounts,
  nowMs: number,
  refuse: Refuse,
): Promise<Grant | Response> {
  const token = form.get('cr_token')
  if (!token) return missing(refuse, 'cr_token')
  const [id, crn, name] = ['profile_id', 'profile_crn', 'profile_name'].map(each => form.get(each))
  if (!id && !crn && !name) return missing(refuse, 'profile_id')
  const {main} = accounts
  const claims = await verifiedClaims(token, crKeyOf(main.cloud.fleet.secret), 'HS256', nowMs / 1000)
  if (claims === undefined) return refuse(400, 'cr_token_invalid', 'Provided compute resource token is not valid.')
  const profile = profilesOf(main).find(each => (id ? each.id === id : crn ? each.crn === crn : each.name === name))
  if (profile === undefined) return noProfile(refuse)
  if (!profile.isLinked) {
    return refuse(400, 'profile_not_linked', 'Provided compute resource is not linked to the trusted profile.')
  }
  return grantOf(profile, {sub: serviceAccount, iam_id: `crn-${clusterOf()}`, name: 'vpcmd'}, crTokenGrant)
}

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
  const issuedAt = Math.floor(nowMs / 1000)
  const claims = {
    aud: ['iam'],
    iss: inAccount({account: main.id}, clusterOf),
    sub: serviceAccount,
    iat: issuedAt,
    exp: issuedAt + crTokenSeconds,
  }
  return sign(claims, crKeyOf(main.cloud.fleet.secret))
}

type Status = 400 | 403 | 405 | 413 | 415 | 501
type Refuse = (status: Status, errorCode: string, errorMessage: string, errorDetails?: string) => Response

/** Makes refusals of a request for a token to `url`. */
export function refusing(clock: () => number, url: string): Refuse {
  const now = new Date(clock()).toISOString()
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
  return (status, errorCode, errorMessage, errorDetails) =>
    Response.json({context, errorCode, errorMessage, errorDetails}, {status})
}

/** What the web server before IAM refuses. */
function webException(refuse: Refuse, status: Status, what: string): Response {
  const message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing."
  return refuse(status, 'BXNIM0060E', message, `HTTP ${status} ${what}`)
}

/** A property that is not there. */
export function missing(refuse: Refuse, property: string): Response {
  return refuse(400, 'BXNIM0109E', 'Property missing or empty.', `Property '${property}' either missing or empty.`)
}

/** What exists at IBM and not here is neither a wrong value nor a missing page; code and words are the sandbox's. */
export function notSimulated(refuse: Refuse, what: string): Response {
  return refuse(501, 'not_implemented', `The sandbox does not simulate ${what}.`)
}
