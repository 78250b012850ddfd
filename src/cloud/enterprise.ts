import {exitCodes, VpcmdError} from '../errors.ts'
import {list, type Raw, text} from './readers/fields.ts'
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
  const inactive: EnterpriseAccounts['inactive'] = []
  const seen = new Set<string | undefined>()
  const doing = 'list the accounts of the enterprise'
  for (let start: string | undefined; ; ) {
    seen.add(start)
    const {rows, next} = await askService(service, {
      method: 'GET',
      path: '/accounts',
      query: {enterprise_id: enterprise, account_group_id: accountGroup, limit: pageSize, next_docid: start},
      doing,
      read: readPage,
    })
    for (const {id, name, state} of rows) {
      if (id === undefined) throw broken(doing, `one of them has no ID${name ? ` (${name})` : ''}`)
      const account = {id, ...(name !== undefined && {name})}
      // Others: PENDING, SUSPENDED, CANCEL_PENDING, CANCELED (ibm-cloud-docs/cli, ibmcloud_commands_account).
      if (state === undefined || state.toUpperCase() === 'ACTIVE') accounts.set(id, account)
      else inactive.push({...account, state})
    }
    if (next === undefined) break
    start = nextIn(next, service.url)
    if (start === undefined || seen.has(start) || seen.size > mostPages) {
      throw broken(doing, 'the answer does not say where the next page is')
    }
  }
  if (accounts.size > 0) return {accounts: [...accounts.values()], inactive}
  throw new VpcmdError({
    code: 'no_accounts',
    message: `${service.name} lists no active account${enterprise || accountGroup ? ' there' : ''}.`,
    hint: 'See whether the account that you sign in to is of an enterprise, and whether you may view its accounts (enterprise.account.retrieve).',
    exitCode: exitCodes.notFound,
  })
}

interface AccountRow {
  id: string | undefined
  name: string | undefined
  state: string | undefined
}

function readPage(raw: Raw): {rows: AccountRow[]; next: string | undefined} | undefined {
  const read = (row: Raw) => ({id: text(row, 'id'), name: text(row, 'name'), state: text(row, 'state')})
  const rows = list(raw, 'resources', read)
  return rows && {rows, next: text(raw, 'next_url')}
}

/** Only the mark of the next page is taken of its URL: a token goes nowhere else. */
function nextIn(next: string, url: string): string | undefined {
  return (URL.canParse(next, url) ? new URL(next, url) : undefined)?.searchParams.get('next_docid') || undefined
}

function broken(doing: string, why: string): VpcmdError {
  return new VpcmdError({code: 'unreadable_answer', message: `Could not ${doing}: ${why}.`})
}
