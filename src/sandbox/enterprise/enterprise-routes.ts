import {Hono} from 'hono'
import type {Accounts} from '../accounts/accounts.ts'
import {ApiError, invalidRoute, notFound, parameterError} from '../core/api-error.ts'
import {type ApiRequest, type Filter, filterRows} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {placeOfToken, readCount, tokenOf} from '../core/paging.ts'
import {type Enterprise, enterpriseOf} from './enterprise.ts'

const maximumLimit = 100

type Row = Enterprise['accounts'][number]
type Filters = (all: Enterprise) => Record<string, Filter<Row>>

/** By parameter: "either immediate children or … a part of the hierarchy". The sandbox gives the whole hierarchy. */
const accountFilters: Filters = ({enterprise, groupOf}) => ({
  enterprise_id: () => enterprise.id,
  account_group_id: row => groupOf.get(row.id),
  parent: (row, value) => value === enterprise.crn || value === row.parent,
})
const groupFilters: Filters = ({enterprise}) => ({
  enterprise_id: () => enterprise.id,
  // No group is in another.
  parent_account_group_id: () => undefined,
  parent: row => row.parent,
})
const enterpriseFilters: Filters = ({groups, accounts}) => ({
  enterprise_account_id: row => String(row.enterprise_account_id),
  account_group_id: (_, value) => groups.some(each => each.id === value),
  account_id: (_, value) => accounts.some(each => each.id === value),
})

/**
 * `/accounts`, `/account-groups` and `/enterprises`, to read (IBM/platform-services-node-sdk enterprise-management/v1.ts).
 * An account without an enterprise, and one that is not its enterprise's own, sees none: lists have what "the calling
 * identity has access" to.
 */
export function enterpriseRoutes(accounts: Accounts): Hono<Environment> {
  const routes = new Hono<Environment>()
  const add = (path: string, rowsOf: (all: Enterprise) => Row[], filters: Filters) => {
    const serve = (c: ApiRequest, work: (rows: Row[], all: Enterprise | undefined) => Response) =>
      accounts.serve(c, ({number}) => {
        const all = number === 1 ? enterpriseOf(accounts) : undefined
        return work(all ? rowsOf(all) : [], all)
      })
    routes.get(path, c =>
      serve(c, (rows, all) => list(c, all ? filterRows(rows, filters(all), c.req.query()) : [], path)),
    )
    routes.get(`${path}/:id`, c =>
      serve(c, rows => {
        const row = rows.find(each => each.id === c.req.param('id'))
        if (row === undefined) throw notFound('id', c.req.param('id') ?? '')
        return c.json(row)
      }),
    )
  }
  add('/accounts', all => all.accounts, accountFilters)
  add('/account-groups', all => all.groups, groupFilters)
  add('/enterprises', all => [all.enterprise], enterpriseFilters)
  routes.all('*', c => {
    const path = c.req.path.replace(/^\/enterprise\/v1/, '')
    if (!/^\/(accounts|account-groups|enterprises)(\/|$)/.test(path)) throw invalidRoute()
    throw new ApiError(501, 'not_implemented', `The sandbox does not simulate ${c.req.method} ${path} of enterprises.`)
  })
  return routes
}

/** A page: `{rows_count, next_url?, resources}`. No account is ever deleted here, so `include_deleted` changes nothing. */
function list(c: ApiRequest, rows: readonly Row[], path: string): Response {
  const {limit: _, next_docid: token, ...others} = c.req.query()
  // "Valid values are between `0` and `100`": a page of none would lead nowhere, so 0 is taken for no limit.
  const limit = readCount(c.req.query(), 'limit', 0, maximumLimit, 0) || maximumLimit
  const from = token === undefined ? 0 : placeOfToken(path, token)
  if (from === undefined) throw parameterError('validation_failed', 'next_docid', token)
  const shown = rows.slice(from, from + limit)
  const next = new URLSearchParams({...others, limit: String(limit), next_docid: tokenOf(path, from + limit)})
  return c.json({
    rows_count: shown.length,
    ...(from + limit < rows.length && {next_url: `/v1${path}?${next}`}),
    resources: shown,
  })
}
