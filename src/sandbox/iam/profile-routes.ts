import {createHash, randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {HTTPException} from 'hono/http-exception'
import type {Account, Accounts} from '../accounts/accounts.ts'
import {uuidOf} from '../core/ids.ts'
import {placeOfToken, tokenOf} from '../core/paging.ts'
import {isoTime} from '../core/references.ts'
import {ownerIamId} from './tokens.ts'
import {auditorName, linkedProfile, profileOf, type TrustedProfile, unlinkedProfile} from './trusted-profiles.ts'

/** A trusted profile of an account, as IAM lists it. */
export interface AccountProfile extends TrustedProfile {
  name: string
  description: string
  account: Account
  /** The IAM IDs of those who may assume it. */
  trusts: readonly string[]
  /** Whether the sandbox's compute resource is linked to it. */
  isLinked: boolean
}

/** The trusted profiles of an account. */
export function profilesOf(account: Account): AccountProfile[] {
  const isFirst = account.number === 1
  const idOf = (name: string) => `Profile-${uuidOf(`${account.id}/profile/${name}`)}`
  const made = (id: string, name: string, description: string, trusts: string[] = []): AccountProfile => ({
    ...profileOf(id, account.id),
    name,
    description,
    account,
    trusts,
    // "the profile must exist in the same account like the Compute Resource" (IBM's IAM client for Ruby, cr-token).
    isLinked: name === auditorName && isFirst,
  })
  const auditor = made(idOf(auditorName), auditorName, 'Reads and changes metadata services', [ownerIamId])
  const instances = 'instance-identity'
  return [
    ...(account.hasAuditor ? [auditor] : []),
    made(isFirst ? linkedProfile.id : idOf(instances), instances, 'Linked to all instances'),
    ...(isFirst ? [made(unlinkedProfile.id, 'unused-identity', 'Linked to nothing')] : []),
  ]
}

const entityTag = (text: string) => `1-${createHash('md5').update(text).digest('hex')}`

const since = isoTime(Date.UTC(2025, 0, 14, 9, 30))

/** The TrustedProfile object (IBM/platform-services-node-sdk iam-identity/v1.ts). */
function profileBody({id, crn, name, description, account}: AccountProfile): Record<string, unknown> {
  return {
    id,
    entity_tag: entityTag(id),
    crn,
    name,
    description,
    created_at: since,
    modified_at: since,
    iam_id: `iam-${id}`,
    account_id: account.id,
  }
}

/** An ExceptionResponse, to throw (IBM/platform-services-node-sdk iam-identity/v1.ts). The codes are the sandbox's: no source shows IBM's. */
function refusal(c: Context, status: 400 | 401 | 403 | 404 | 501, code: string, message: string): HTTPException {
  const trace = randomUUID()
  const context = {transaction_id: trace, operation: `${c.req.method} ${c.req.path}`}
  const errors = [{code, message_code: code.toUpperCase(), message}]
  return new HTTPException(status, {res: c.json({context, status_code: String(status), errors, trace}, status)})
}

/**
 * `GET /v1/profiles` of the token's own account, one of them, and who may assume it (IBM/platform-services-node-sdk
 * iam-identity/v1.ts listProfiles, getProfile, getProfileIdentities).
 */
export function profileRoutes(accounts: Accounts): Hono {
  const routes = new Hono()
  const accountOf = async (c: Context) => {
    accounts.refresh()
    const account = await accounts.ofRequest(c)
    if (account === undefined) throw refusal(c, 401, 'unauthorized', 'The token is invalid or expired.')
    return account
  }
  const askedProfile = async (c: Context) => {
    const profile = profilesOf(await accountOf(c)).find(each => each.id === c.req.param('id'))
    if (profile === undefined) throw refusal(c, 404, 'not_found', 'The trusted profile was not found.')
    return profile
  }

  routes.get('/v1/profiles', async c => listProfiles(c, await accountOf(c)))
  routes.get('/v1/profiles/:id', async c => c.json(profileBody(await askedProfile(c))))
  routes.get('/v1/profiles/:id/identities', async c => {
    const {id, trusts} = await askedProfile(c)
    const identity = {type: 'user', accounts: [accounts.main.id], description: 'The owner of the API key'}
    const identities = trusts.map(iamId => ({iam_id: iamId, identifier: iamId, ...identity}))
    return c.json({entity_tag: entityTag(`${id}/identities`), identities})
  })
  return routes
}

function listProfiles(c: Context, account: Account): Response {
  const {account_id: accountId, name, pagesize = '20', pagetoken, sort, order, filter, include_history} = c.req.query()
  const other = Object.entries({sort, order, filter, include_history}).find(([, value]) => value !== undefined)
  if (other) throw refusal(c, 501, 'not_implemented', `The sandbox does not simulate the parameter ${other[0]}.`)
  const invalid = (what: string) => refusal(c, 400, 'invalid_request', `The parameter ${what}.`)
  if (!accountId) throw invalid('account_id is required')
  if (accountId !== account.id) throw refusal(c, 403, 'forbidden', 'The token is for another account.')
  const size = Number(pagesize)
  if (!Number.isInteger(size) || size < 1 || size > 100) throw invalid('pagesize must be 1 to 100')
  const from = pagetoken === undefined ? 0 : placeOfToken('profiles', pagetoken)
  if (from === undefined) throw invalid('pagetoken is not valid')
  const fitting = profilesOf(account).filter(each => name === undefined || each.name === name)
  const link = (place: number) => {
    const query = new URLSearchParams({account_id: accountId, pagesize, ...(name !== undefined && {name})})
    if (place > 0) query.set('pagetoken', tokenOf('profiles', place))
    return `${new URL(c.req.url).origin}${c.req.path}?${query}`
  }
  return c.json({
    offset: from,
    limit: size,
    first: link(0),
    ...(from > 0 && {previous: link(Math.max(0, from - size))}),
    ...(from + size < fitting.length && {next: link(from + size)}),
    profiles: fitting.slice(from, from + size).map(profileBody),
  })
}
