import {exitCodes, VpcmdError} from '../errors.ts'
import {list, number, type Raw, text} from './readers/fields.ts'
import {type Account, type InactiveAccount, inactiveInWords, isAccountId} from './regions.ts'
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
  inactive: InactiveAccount[]
}

const iamAction = 'enterprise.account.retrieve'
/** The largest page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). */
const pageSize = 100
/** "This field must have 3 - 60 characters" (as above, createAccount): more of a longer one would only fill the screen. */
const longestName = 60
/** More pages than any enterprise has: then they do not end. */
const mostPages = 1000

/**
 * Lists the accounts of an enterprise, page by page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). An account
 * of an unknown state is one that may be worked in. Throws VpcmdError, exit 4 where there are none; a part of them is never
 * taken for all, nor another account for one of those that were asked for.
 */
export async function listEnterpriseAccounts(
  service: Service,
  {enterprise, accountGroup}: EnterpriseQuery,
): Promise<EnterpriseAccounts> {
  const found = new Map<string, AccountRow>()
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
      if (id === undefined) throw broken(doing, `one of them has no usable ID${name ? ` (${name})` : ''}`)
      // In place of another one, or because the list changed while it was read.
      if (found.has(id)) throw broken(doing, `the account ${name ?? id} came twice`)
      checkWithin(row, {enterprise, accountGroup}, doing)
      found.set(id, row)
    }
    most = Math.max(most, count ?? 0)
    if (isLast) break
    start = next === undefined ? undefined : nextIn(next, service.url)
    if (start === undefined || seen.has(start) || seen.size > mostPages) {
      throw broken(doing, 'the answer does not say where the next page is')
    }
  }
  // Whether it counts a page or all of them, no source says.
  if (found.size < most) throw broken(doing, `${found.size} came, and it counts ${most}`)
  const accounts: Account[] = []
  const inactive: InactiveAccount[] = []
  for (const [id, {name, state}] of found) {
    const account = {id, ...(name !== undefined && {name})}
    // Others: PENDING, SUSPENDED, CANCEL_PENDING, CANCELED (ibm-cloud-docs/cli, ibmcloud_commands_account).
    if (state === undefined || state.toUpperCase() === 'ACTIVE') accounts.push(account)
    else inactive.push({...account, state})
  }
  if (accounts.length > 0) return {accounts, inactive}
  const asked = accountGroup ? `the account group ${accountGroup}` : enterprise && `the enterprise ${enterprise}`
  const others = inactive.length > 0 ? `, but ${inactiveInWords(inactive)}` : ''
  throw new VpcmdError({
    code: 'no_accounts',
    message: `${service.name} lists no active account${asked ? ` in ${asked}` : ''}${others}.`,
    hint: `${asked ? 'Check this ID, whether' : 'See whether'} the account that you sign in to is of an enterprise, and whether you may view its accounts (${iamAction}).`,
    exitCode: exitCodes.notFound,
  })
}

/**
 * Throws unless a row says that it is of the enterprise and the group that were asked for: a service that leaves out what it
 * does not understand would give all accounts. `enterprise_path` and the CRN of `parent` name what an account is in
 * (IBM/platform-services-node-sdk, enterprise-management/v1.ts, Account).
 */
function checkWithin(row: AccountRow, {enterprise, accountGroup}: EnterpriseQuery, doing: string): void {
  const isIn = (id: string, ...told: (string | undefined)[]) => told.some(text => text?.split(/[:/]/).includes(id))
  const whose = row.name ?? row.id
  if (enterprise !== undefined && !isIn(enterprise, row.enterprise, row.path, row.parent)) {
    throw broken(doing, `the account ${whose} came, which is not said to be of the enterprise ${enterprise}`, notNamed)
  }
  if (accountGroup !== undefined && !isIn(accountGroup, row.path, row.parent)) {
    throw broken(doing, `the account ${whose} came, which is not said to be of the group ${accountGroup}`, notNamed)
  }
}

const notNamed = 'Name the accounts in place of it: --account ID,… or --account @FILE.'

type AccountRow = ReturnType<typeof readRow>

function readRow(row: Raw) {
  const id = text(row, 'id')
  return {
    id: id !== undefined && isAccountId(id) ? id : undefined,
    name: text(row, 'name')?.slice(0, longestName),
    state: text(row, 'state')?.slice(0, longestName),
    enterprise: text(row, 'enterprise_id'),
    /** The CRN of what it is directly in. */
    parent: text(row, 'parent'),
    /** Such as `enterprise:ID/account-group:ID`. */
    path: text(row, 'enterprise_path'),
  }
}

function readPage(raw: Raw) {
  const rows = list(raw, 'resources', readRow)
  // What says nothing of a next page is the last one; a URL that can't be read is no such word.
  const isLast = [undefined, null, ''].some(none => raw.next_url === none)
  return rows && {rows, count: number(raw, 'rows_count'), next: text(raw, 'next_url'), isLast}
}

/** Only the mark of the next page is taken of its URL: a token goes nowhere else. */
function nextIn(next: string, url: string): string | undefined {
  return (URL.canParse(next, url) ? new URL(next, url) : undefined)?.searchParams.get('next_docid') || undefined
}

function broken(
  doing: string,
  why: string,
  hint = 'Run the command again. If it stays so, name the accounts: --account ID,… or --account @FILE.',
): VpcmdError {
  return new VpcmdError({code: 'unreadable_answer', message: `Could not ${doing}: ${why}.`, hint})
}
