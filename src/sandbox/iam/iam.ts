import {type Context, Hono} from 'hono'
import type {Accounts} from '../accounts/accounts.ts'
import {inAccount} from '../core/ids.ts'
import {assume, exchangeCrToken, type Grant} from './profile-grants.ts'
import {profileRoutes} from './profile-routes.ts'
import {missing, notSimulated, type Refuse, refusing, webException} from './refusals.ts'
import {apiKeyGrant, assumeGrant, crTokenGrant, issueToken, userClaims} from './tokens.ts'

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

export interface IamOptions {
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
