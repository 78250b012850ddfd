import type {InactiveAccount} from '../cloud/regions.ts'
import {groupBy} from '../counted.ts'
import {type AuditReport, countVerdicts} from './audit.ts'
import type {Unread} from './read-subjects.ts'
import {kindsInWords, label, type Referred} from './subjects.ts'

/** What was found in an account, and what could not be read there. */
export interface AccountShare extends Pick<AuditReport, 'counts' | 'unread'> {
  /** Undefined for what names no account. */
  account: Referred | undefined
}

/** What could not be read, in words: `bare metal servers of team-a, us-south`. */
export function unreadInWords({account, region, kinds}: Unread): string {
  return `${kindsInWords(kinds)} of ${account ? `${label(account)}, ` : ''}${region}`
}

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

/** Why nothing of an account was looked at. */
export function leftOutInWords({state}: InactiveAccount): string {
  return `left out, as the account is ${state} and not active`
}

/** Whether a report has to say what belongs to which account. */
export function isOfSeveralAccounts(report: Accounted): boolean {
  return accountsOf(report).length > 1
}

/** What is in each account, and last what names none. */
export function sharesByAccount(report: Accounted): AccountShare[] {
  const judged = groupBy(report.judgements, ({subject}) => subject.account?.id)
  return [...accountsOf(report), undefined].flatMap(account => {
    const counts = countVerdicts(judged.get(account?.id) ?? [])
    const unread = report.unread.filter(each => each.account?.id === account?.id)
    return counts.total > 0 || unread.length > 0 ? [{account, counts, unread}] : []
  })
}
