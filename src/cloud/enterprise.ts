import {exitCodes, VpcmdError} from '../errors.ts'
import {identity, list, number, type Raw, text} from './readers/fields.ts'
import type {Account} from './regions.ts'
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
  const accounts = new Map<string, Account>()
  const inactive = new Map<string, EnterpriseAccounts['inactive'][number]>()
  let came = 0
  const seen = new Set<string | undefined>()
  const doing = 'list the accounts of the enterprise'
  for (let start: string | undefined; ; ) {
    seen.add(start)
    const {rows, count, next} = await askService(service, {
      method: 'GET',
      path: '/accounts',
      query: {enterprise_id: enterprise, account_group_id: accountGroup, limit: pageSize, next_docid: start},
      doing,
      iamAction,
      read: readPage,
    })
    for (const {id, name, state} of rows) {
      if (id === undefined) throw broken(doing, `one of them has no ID${name ? ` (${name})` : ''}`)
      const account = {id, ...(name !== undefined && {name})}
      // Others: PENDING, SUSPENDED, CANCEL_PENDING, CANCELED (ibm-cloud-docs/cli, ibmcloud_commands_account).
      if (state === undefined || state.toUpperCase() === 'ACTIVE') accounts.set(id, account)
      else inactive.set(id, {...account, state})
    }
    came += rows.length
    // "The number of accounts returned": of this page or of all, it is never more than came.
    if (next === undefined && count !== undefined && count > came) {
      throw broken(doing, `the answer counts ${count}, and ${came} came`)
    }
    if (next === undefined) break
    start = nextIn(next, service.url)
    if (start === undefined || seen.has(start) || seen.size > mostPages) {
      throw broken(doing, 'the answer does not say where the next page is')
    }
  }
  if (accounts.size > 0) return {accounts: [...accounts.values()], inactive: [...inactive.values()]}
  throw new VpcmdError({
    code: 'no_accounts',
    message: `${service.name} lists no active account${enterprise || accountGroup ? ' there' : ''}.`,
    hint: `See whether the account that you sign in to is of an enterprise, and whether you may view its accounts (${iamAction}).`,
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
  next: string | undefined
}

function readPage(raw: Raw): AccountPage | undefined {
  const read = (row: Raw) => ({id: identity(row), name: text(row, 'name'), state: text(row, 'state')})
  const rows = list(raw, 'resources', read)
  const next = text(raw, 'next_url')
  // One that is none must not pass for the last page.
  if (next === undefined && raw.next_url) return undefined
  return rows && {rows, count: number(raw, 'rows_count'), next}
}

/** Only the mark of the next page is taken of its URL: a token goes nowhere else. */
function nextIn(next: string, url: string): string | undefined {
  return (URL.canParse(next, url) ? new URL(next, url) : undefined)?.searchParams.get('next_docid') || undefined
}

function broken(doing: string, why: string): VpcmdError {
  return new VpcmdError({code: 'unreadable_answer', message: `Could not ${doing}: ${why}.`})
}
