import type {AuditReport} from './audit.ts'
import type {Referred} from './subjects.ts'

type Accounted = Pick<AuditReport, 'judgements' | 'unread' | 'assumed'>

/**
 * The accounts that were audited, each once; where none was assumed, those that something was found in, or not read in: what
 * names no account counts for none.
 */
export function accountsOf({judgements, unread, assumed}: Accounted): Referred[] {
  if (assumed) return assumed.accounts
  const accounts = new Map<string, Referred>()
  for (const {account} of [...judgements.map(({subject}) => subject), ...unread]) {
    if (account) accounts.set(account.id ?? '', account)
  }
  return [...accounts.values()]
}

/** Whether a report has to say what belongs to which account. */
export function isOfSeveralAccounts(report: Accounted): boolean {
  return accountsOf(report).length > 1
}
