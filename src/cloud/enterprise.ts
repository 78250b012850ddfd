import {exitCodes, VpcmdError} from '../errors.ts'
import {list, number, type Raw, text} from './readers/fields.ts'
import {type Account, isAccountId} from './regions.ts'
import {askService, type Service} from './service-call.ts'

/** Which accounts of an enterprise are meant; all that the caller may see where nothing is said. */
export interface EnterpriseQuery {
  /** The enterprise's ID. */
  enterprise?: string | undefined
  /** The ID of an account group. */
  accountGroup?: string | undefined
}

export interface EnterpriseAccounts {
  /** What can be worked in, as the enterprise lists them. */
  accounts: Account[]
  /** Those that are not active, with their states. */
  inactive: (Account & {state: string})[]
}

const iamAction = 'enterprise.account.retrieve'
/** The largest page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). */
const pageSize = 100
/** More pages than any enterprise has: then they do not end. */
const mostPages = 1000

/**
 * Lists the accounts of an enterprise, page by page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). An account
 * of an unknown state is one that may be worked in. Throws VpcmdError, exit 4 where there are none; a part of them is never
 * taken for all.
 */
export async function listEnterpriseAccounts(
  service: Service,
  {enterprise, accountGroup}: EnterpriseQuery,
): Promise<EnterpriseAccounts> {
  // By ID: of an account that moves from page to page, the last row is the newest.
  const found = new Map<string, AccountRow>()
  let rowsCame = 0
  let most = 0
  const seen = new Set<string | undefined>()
  const doing = 'list the accounts of the enterprise'
  for (let start: string | undefined; ; ) {
    seen.add(start)
    const {rows, count, next, isLast} = await askService(service, {
      method: 'GET',
      path: '/accounts',
      query: {enterprise_id: enterprise, account_group_id: accountGroup, limit: pageSize, next_docid: start},
      doing,
      iamAction,
      read: readPage,
    })
    for (const row of rows) {
      const {id, name} = row
      if (id === undefined) throw broken(doing, `one of them has no usable ID${name ? ` (${name.slice(0, 100)})` : ''}`)
      found.set(id, row)
    }
    rowsCame += rows.length
    most = Math.max(most, count ?? 0)
    if (isLast) break
    start = next === undefined ? undefined : nextIn(next, service.url)
    if (start === undefined || seen.has(start) || seen.size > mostPages) {
      throw broken(doing, 'the answer does not say where the next page is')
    }
  }
  // Whether it counts a page or all of them, no source says.
  if (rowsCame < most) throw broken(doing, `${rowsCame} came, and it counts ${most}`)
  const accounts: Account[] = []
  const inactive: EnterpriseAccounts['inactive'] = []
  for (const [id, {name, state}] of found) {
    const account = {id, ...(name !== undefined && {name})}
    // Others: PENDING, SUSPENDED, CANCEL_PENDING, CANCELED (ibm-cloud-docs/cli, ibmcloud_commands_account).
    if (state === undefined || state.toUpperCase() === 'ACTIVE') accounts.push(account)
    else inactive.push({...account, state})
  }
  if (accounts.length > 0) return {accounts, inactive}
  const asked = accountGroup ? `the account group ${accountGroup}` : enterprise && `the enterprise ${enterprise}`
  throw new VpcmdError({
    code: 'no_accounts',
    message: `${service.name} lists no active account${asked ? ` in ${asked}` : ''}.`,
    hint: `${asked ? 'Check this ID, whether' : 'See whether'} the account that you sign in to is of an enterprise, and whether you may view its accounts (${iamAction}).`,
    exitCode: exitCodes.notFound,
  })
}

interface AccountRow {
  id: string | undefined
  name: string | undefined
  state: string | undefined
}

interface AccountPage {
  rows: AccountRow[]
  count: number | undefined
  /** The URL of the next page; undefined where it can't be read. */
  next: string | undefined
  /** Whether the answer says nothing of a next page. */
  isLast: boolean
}

function readPage(raw: Raw): AccountPage | undefined {
  const rows = list(raw, 'resources', row => {
    const id = text(row, 'id')
    return {
      id: id !== undefined && isAccountId(id) ? id : undefined,
      name: text(row, 'name'),
      state: text(row, 'state'),
    }
  })
  const isLast = [undefined, null, ''].some(none => raw.next_url === none)
  return rows && {rows, count: number(raw, 'rows_count'), next: text(raw, 'next_url'), isLast}
}

/** Only the mark of the next page is taken of its URL: a token goes nowhere else. */
function nextIn(next: string, url: string): string | undefined {
  return (URL.canParse(next, url) ? new URL(next, url) : undefined)?.searchParams.get('next_docid') || undefined
}

function broken(doing: string, why: string): VpcmdError {
  return new VpcmdError({code: 'unreadable_answer', message: `Could not ${doing}: ${why}.`})
}
