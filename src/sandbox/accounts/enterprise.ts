import {Hono} from 'hono'
import {invalidRoute, notFound, notSimulated, parameterError} from '../core/api-error.ts'
import {type ApiRequest, type Filter, filterRows} from '../core/collection.ts'
import type {Environment} from '../core/environment.ts'
import {placeOfToken, readCount, tokenOf} from '../core/paging.ts'
import {isoTime} from '../core/references.ts'
import {ownerIamId} from '../iam/tokens.ts'
import {type Account, type Accounts, idFor} from './accounts.ts'

type Row = Record<string, unknown> & {id: string; parent?: string}

const paths = ['accounts', 'account-groups', 'enterprises'] as const

/** What each path lists, and its filters by parameter. */
type Enterprise = Record<(typeof paths)[number], {rows: Row[]; filters: Record<string, Filter<Row>>}>

const groupNames = ['production', 'development']
const maximumLimit = 100

const stamps = {
  created_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  created_by: ownerIamId,
  updated_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  updated_by: ownerIamId,
}

/**
 * The enterprise of the accounts, with all that is in it (IBM/platform-services-node-sdk enterprise-management/v1.ts): the
 * first is its own, and the others are in two account groups, in turn. Undefined for one account alone. CRNs and paths are
 * as ibm-cloud-docs prints those of an account directly below its enterprise; those of account groups and of what is in
 * them are the sandbox's guess.
 */
function enterpriseOf(accounts: Accounts): Enterprise | undefined {
  const {main} = accounts
  const all = accounts.all()
  if (all.length === 1) return undefined
  const id = idFor(`${main.id}/enterprise`)
  const head = (path: string, type: string, own: string) => ({
    url: `/v1/${path}/${own}`,
    id: own,
    crn: `crn:v1:bluemix:public:enterprise::a/${main.id}::${type}:${own}`,
  })
  const contact = {primary_contact_iam_id: ownerIamId, primary_contact_email: 'test.user@example.com'}
  const within = {enterprise_account_id: main.id, enterprise_id: id}
  const {url, crn} = head('enterprises', 'enterprise', id)
  const enterprise = {
    url,
    id,
    enterprise_account_id: main.id,
    crn,
    name: main.name,
    domain: 'example.com',
    state: 'ACTIVE',
    ...contact,
    source_account_id: main.id,
    ...stamps,
  }
  const groups = groupNames.map(name => ({
    ...head('account-groups', 'account-group', idFor(`${main.id}/account-group/${name}`)),
    parent: crn,
    ...within,
    enterprise_path: `enterprise:${id}`,
    name,
    state: 'ACTIVE',
    ...contact,
    ...stamps,
  }))
  const groupOf = ({number}: Account) => (number === 1 ? undefined : groups[number % groups.length])
  const rows = all.map(account => {
    const group = groupOf(account)
    return {
      ...head('accounts', 'account', account.id),
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
    }
  })
  return {
    accounts: {
      rows,
      filters: {
        enterprise_id: () => id,
        account_group_id: row => groups.find(each => each.crn === row.parent)?.id,
        // "either immediate children or … a part of the hierarchy". The sandbox gives the whole hierarchy.
        parent: (row, value) => value === crn || value === row.parent,
      },
    },
    'account-groups': {
      rows: groups,
      filters: {
        enterprise_id: () => id,
        // No group is in another.
        parent_account_group_id: () => undefined,
        parent: row => row.parent,
      },
    },
    enterprises: {
      rows: [enterprise],
      filters: {
        enterprise_account_id: () => main.id,
        account_group_id: (_, value) => groups.some(each => each.id === value),
        account_id: (_, value) => rows.some(each => each.id === value),
      },
    },
  }
}

/**
 * `/accounts`, `/account-groups` and `/enterprises`, to read (IBM/platform-services-node-sdk enterprise-management/v1.ts).
 * An account without an enterprise, and one that is not its enterprise's own, sees none: lists have what "the calling
 * identity has access" to.
 */
export function enterpriseRoutes(accounts: Accounts): Hono<Environment> {
  const routes = new Hono<Environment>()
  for (const path of paths) {
    const serve = (c: ApiRequest, work: (listed: Enterprise[typeof path]) => Response) =>
      accounts.serve(c, ({number}) => {
        const enterprise = number === 1 ? enterpriseOf(accounts) : undefined
        return work(enterprise?.[path] ?? {rows: [], filters: {}})
      })
    routes.get(`/${path}`, c =>
      serve(c, ({rows, filters}) => list(c, filterRows(rows, filters, c.req.query()), `/${path}`)),
    )
    routes.get(`/${path}/:id`, c =>
      serve(c, ({rows}) => {
        const row = rows.find(each => each.id === c.req.param('id'))
        if (row === undefined) throw notFound('id', c.req.param('id') ?? '')
        return c.json(row)
      }),
    )
  }
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
