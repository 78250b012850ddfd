import {exitCodes, VpcmdError} from '../errors.ts'
import {fields, list, text} from './readers/fields.ts'
import type {Account} from './regions.ts'
import {readService, type ServiceAccess} from './service-call.ts'

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

/** What listing takes (ibm-cloud-docs/account, iam-service-roles-actions). */
const iamAction = 'enterprise.account.retrieve'
/** The largest page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). */
const pageSize = 100
/** More accounts than any enterprise has: then the pages do not end. */
const mostPages = 1000

/**
 * Lists the accounts of an enterprise at `url`, page by page (IBM/platform-services-node-sdk, enterprise-management/v1.ts). An
 * account of an unknown state is one that may be worked in. Throws VpcmdError, exit 4 where there are none.
 */
export async function listEnterpriseAccounts(
  access: ServiceAccess,
  url: string,
  {enterprise, accountGroup}: EnterpriseQuery,
): Promise<EnterpriseAccounts> {
  const accounts = new Map<string, Account>()
  const inactive: EnterpriseAccounts['inactive'] = []
  const seen = new Set<string>()
  const doing = 'list the accounts of the enterprise'
  for (let start: string | undefined, pages = 0; ; ) {
    const query = {
      enterprise_id: enterprise,
      account_group_id: accountGroup,
      limit: pageSize,
      next_docid: start,
    }
    const body = fields(await readService(access, {method: 'GET', url, path: '/accounts', query, doing, iamAction}))
    const rows = list(body, 'resources', each => each)
    if (!rows) throw unreadable(doing, url, 'the answer has no list of accounts')
    for (const row of rows) {
      const [id, name, state] = [text(row, 'id'), text(row, 'name'), text(row, 'state')]
      if (id === undefined) throw unreadable(doing, url, `one of them has no ID${name ? ` (${name})` : ''}`)
      const account = {id, ...(name !== undefined && {name})}
      // Others: PENDING, SUSPENDED, CANCEL_PENDING, CANCELED (ibm-cloud-docs/cli, ibmcloud_commands_account).
      if (state === undefined || state.toUpperCase() === 'ACTIVE') accounts.set(id, account)
      else inactive.push({...account, state})
    }
    const next = text(body, 'next_url')
    if (next === undefined) break
    start = nextIn(next, url)
    if (start === undefined || seen.has(start) || ++pages > mostPages) {
      throw unreadable(doing, url, 'it does not tell where the next page is')
    }
    seen.add(start)
  }
  if (accounts.size > 0) return {accounts: [...accounts.values()], inactive}
  throw new VpcmdError({
    code: 'no_accounts',
    message: `${new URL(url).host} lists no active account${enterprise || accountGroup ? ' there' : ''}.`,
    hint: 'See whether the account that you sign in to is of an enterprise, and which of its accounts you may view.',
    exitCode: exitCodes.notFound,
  })
}

/** Only the mark of the next page is taken of its URL: a token goes nowhere else. */
function nextIn(next: string, url: string): string | undefined {
  const whole = URL.canParse(next, url) ? new URL(next, url) : undefined
  return whole?.searchParams.get('next_docid') || undefined
}

function unreadable(doing: string, url: string, why: string): VpcmdError {
  return new VpcmdError({code: 'unreadable_answer', message: `Could not ${doing}: ${why} (${new URL(url).host}).`})
}
