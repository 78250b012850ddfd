import {createHash, randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import type {Account, Accounts} from '../accounts/accounts.ts'
import {placeOfToken, tokenOf} from '../core/paging.ts'
import {isoTime} from '../core/references.ts'
import {type AccountProfile, profilesOf} from './account-profiles.ts'

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

/** An ExceptionResponse (IBM/platform-services-node-sdk iam-identity/v1.ts). The codes are the sandbox's: no source shows IBM's. */
function refuse(c: Context, status: 400 | 401 | 403 | 404 | 501, code: string, message: string): Response {
  const trace = randomUUID()
  const context = {transaction_id: trace, operation: `${c.req.method} ${c.req.path}`}
  const errors = [{code, message_code: code.toUpperCase(), message}]
  return c.json({context, status_code: String(status), errors, trace}, status)
}

/**
 * `GET /v1/profiles` of the token's own account, one of them, and who may assume it (IBM/platform-services-node-sdk
 * iam-identity/v1.ts listProfiles, getProfile, getProfileIdentities).
 */
export function profileRoutes(accounts: Accounts): Hono {
  const routes = new Hono()
  const serve = async (c: Context, work: (account: Account) => Response) => {
    accounts.refresh()
    const account = await accounts.ofRequest(c)
    return account === undefined ? refuse(c, 401, 'unauthorized', 'The token is invalid or expired.') : work(account)
  }
  const serveProfile = (c: Context, work: (profile: AccountProfile) => Response) =>
    serve(c, account => {
      const profile = profilesOf(account).find(each => each.id === c.req.param('id'))
      return profile === undefined ? refuse(c, 404, 'not_found', 'The trusted profile was not found.') : work(profile)
    })

  routes.get('/v1/profiles', c => serve(c, account => listProfiles(c, account)))
  routes.get('/v1/profiles/:id', c => serveProfile(c, profile => c.json(profileBody(profile))))
  routes.get('/v1/profiles/:id/identities', c =>
    serveProfile(c, ({id, trusts}) =>
      c.json({
        entity_tag: entityTag(`${id}/identities`),
        identities: trusts.map(iamId => ({
          iam_id: iamId,
          identifier: iamId,
          type: 'user',
          accounts: [accounts.main.id],
          description: 'The owner of the API key',
        })),
      }),
    ),
  )
  return routes
}

function listProfiles(c: Context, account: Account): Response {
  const {account_id: accountId, name, pagesize = '20', pagetoken, sort, order, filter, include_history} = c.req.query()
  const other = Object.entries({sort, order, filter, include_history}).find(([, value]) => value !== undefined)
  if (other) return refuse(c, 501, 'not_implemented', `The sandbox does not simulate the parameter ${other[0]}.`)
  if (!accountId) return refuse(c, 400, 'invalid_request', 'The parameter account_id is required.')
  if (accountId !== account.id) return refuse(c, 403, 'forbidden', 'The token is for another account.')
  const size = Number(pagesize)
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    return refuse(c, 400, 'invalid_request', 'The parameter pagesize must be 1 to 100.')
  }
  const from = pagetoken === undefined ? 0 : placeOfToken('profiles', pagetoken)
  if (from === undefined) return refuse(c, 400, 'invalid_request', 'The parameter pagetoken is not valid.')
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
