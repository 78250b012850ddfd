import type {AuditReport} from './audit.ts'
import type {Referred} from './subjects.ts'

/** The accounts that something was found in, or not read in, each once; what names no account counts for none. */
export function accountsOf({judgements, unread}: Pick<AuditReport, 'judgements' | 'unread'>): Referred[] {
  const accounts = new Map<string, Referred>()
  for (const {account} of [...judgements.map(({subject}) => subject), ...unread]) {
    if (account) accounts.set(account.id ?? '', account)
  }
  return [...accounts.values()]
}

/** Whether a report has to say what belongs to which account. */
export function isOfSeveralAccounts(report: Pick<AuditReport, 'judgements' | 'unread'>): boolean {
  return accountsOf(report).length > 1
}
