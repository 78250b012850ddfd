import {Hono} from 'hono'
import {invalidRoute, notFound, notSimulated, parameterError} from '../core/api-error.ts'
import {type ApiRequest, type Filter, filterRows} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {placeOfToken, readCount, tokenOf} from '../core/paging.ts'
import {isoTime} from '../core/references.ts'
import {ownerIamId} from '../iam/tokens.ts'
import {type Account, type Accounts, idFor} from './accounts.ts'

type Body = Record<string, unknown> & {id: string; parent?: string}

/** An enterprise with the bodies of all that is in it (IBM/platform-services-node-sdk enterprise-management/v1.ts). */
export interface Enterprise {
  enterprise: Body
  groups: Body[]
  accounts: Body[]
  /** The account group that an account is in, by the account's ID. */
  groupOf: ReadonlyMap<string, string>
}

const groupNames = ['production', 'development']

const stamps = {
  created_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  created_by: ownerIamId,
  updated_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  updated_by: ownerIamId,
}

/**
 * The enterprise of the accounts: the first is its own, and the others are in two account groups, in turn. Undefined for
 * one account alone. CRNs and paths are as ibm-cloud-docs prints those of an account directly below its enterprise; those
 * of account groups and of what is in them are the sandbox's guess.
 */
function enterpriseOf(accounts: Accounts): Enterprise | undefined {
  const [main, ...children] = accounts.all()
  if (main === undefined || children.length === 0) return undefined
  const id = idFor(`${main.id}/enterprise`)
  const crnOf = (type: string, of: string) => `crn:v1:bluemix:public:enterprise::a/${main.id}::${type}:${of}`
  const crn = crnOf('enterprise', id)
  const contact = {primary_contact_iam_id: ownerIamId, primary_contact_email: 'test.user@example.com'}
  const within = {enterprise_account_id: main.id, enterprise_id: id}
  const groups = groupNames.map(name => {
    const group = idFor(`${main.id}/account-group/${name}`)
    return {
      url: `/v1/account-groups/${group}`,
      id: group,
      crn: crnOf('account-group', group),
      parent: crn,
      ...within,
      enterprise_path: `enterprise:${id}`,
      name,
      state: 'ACTIVE',
      ...contact,
      ...stamps,
    }
  })
  const groupFor = (account: Account) => groups[account.number % groups.length]
  const bodyOf = (account: Account, group: (typeof groups)[number] | undefined): Body => ({
    url: `/v1/accounts/${account.id}`,
    id: account.id,
    crn: crnOf('account', account.id),
    parent: group?.crn ?? crn,
    ...within,
    enterprise_path: `enterprise:${id}${group ? `/account-group:${group.id}` : ''}`,
    name: account.name,
    state: account.state,
    owner_iam_id: ownerIamId,
    paid: true,
    owner_email: contact.primary_contact_email,
    is_enterprise_account: group === undefined,
    ...stamps,
  })
  return {
    enterprise: {
      url: `/v1/enterprises/${id}`,
      id,
      enterprise_account_id: main.id,
      crn,
      name: main.name,
      domain: 'example.com',
      state: 'ACTIVE',
      ...contact,
      source_account_id: main.id,
      ...stamps,
    },
    groups,
    accounts: [bodyOf(main, undefined), ...children.map(each => bodyOf(each, groupFor(each)))],
    groupOf: new Map(children.map(each => [each.id, groupFor(each)?.id ?? ''])),
  }
}

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
    throw notSimulated(`${c.req.method} ${path} of enterprises`)
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
