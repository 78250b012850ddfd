import {sign} from 'hono/jwt'
import type {Accounts} from '../accounts/accounts.ts'
import {accountId, inAccount} from '../core/ids.ts'
import {type AccountProfile, profilesOf} from './account-profiles.ts'
import {missing, notSimulated, type Refuse} from './refusals.ts'
import {assumeGrant, type Claims, crTokenGrant, keyOf, profileClaims, verifiedClaims} from './tokens.ts'

/** A token to issue: for an account, with claims. */
export interface Grant {
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
export async function exchangeCrToken(
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
