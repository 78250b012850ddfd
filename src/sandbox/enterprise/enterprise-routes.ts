import {Hono} from 'hono'
import type {Accounts} from '../accounts/accounts.ts'
import {ApiError, invalidRoute, notFound, parameterError} from '../core/api-error.ts'
import type {ApiRequest} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {placeOfToken, readCount, tokenOf} from '../core/paging.ts'
import {type Enterprise, enterpriseOf} from './enterprise.ts'

const maximumLimit = 100

type Row = Enterprise['accounts'][number]
/** Whether a row is in what a parameter of a list names. */
type Filter = (row: Row, value: string, all: Enterprise) => boolean

/** By parameter: "either immediate children or … a part of the hierarchy". The sandbox gives the whole hierarchy. */
const accountFilters: Record<string, Filter> = {
  enterprise_id: (_, value, {enterprise}) => value === enterprise.id,
  account_group_id: ({id}, value, {groupOf}) => value === groupOf.get(id),
  parent: (row, value, {enterprise}) => value === enterprise.crn || value === row.parent,
}
const groupFilters: Record<string, Filter> = {
  enterprise_id: (_, value, {enterprise}) => value === enterprise.id,
  // No group is in another.
  parent_account_group_id: () => false,
  parent: (row, value) => value === row.parent,
}
const enterpriseFilters: Record<string, Filter> = {
  enterprise_account_id: (row, value) => value === row.enterprise_account_id,
  account_group_id: (_, value, {groups}) => groups.some(each => each.id === value),
  account_id: (_, value, {accounts}) => accounts.some(each => each.id === value),
}

/**
 * `/accounts`, `/account-groups` and `/enterprises`, to read (IBM/platform-services-node-sdk enterprise-management/v1.ts).
 * An account without an enterprise, and one that is not its enterprise's own, sees none: lists have what "the calling
 * identity has access" to.
 */
export function enterpriseRoutes(accounts: Accounts): Hono<Environment> {
  const routes = new Hono<Environment>()
  const add = (path: string, rowsOf: (all: Enterprise) => Row[], filters: Record<string, Filter>) => {
    const serve = (c: ApiRequest, work: (rows: Row[], all: Enterprise | undefined) => Response) =>
      accounts.serve(c, ({number}) => {
        const all = number === 1 ? enterpriseOf(accounts) : undefined
        return work(all ? rowsOf(all) : [], all)
      })
    routes.get(path, c => serve(c, (rows, all) => list(c, all ? filterRows(c, rows, filters, all) : [], path)))
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

function filterRows(c: ApiRequest, rows: Row[], filters: Record<string, Filter>, all: Enterprise): Row[] {
  const asked = Object.entries(c.req.query()).filter(([name]) => Object.hasOwn(filters, name))
  return rows.filter(row => asked.every(([name, value]) => filters[name]?.(row, value, all)))
}

/** A page: `{rows_count, next_url?, resources}`. No account is ever deleted here, so `include_deleted` changes nothing. */
function list(c: ApiRequest, rows: Row[], path: string): Response {
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
