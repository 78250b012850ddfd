import type {Cloud} from '../cloud/cloud.ts'
import type {Account, InactiveAccount} from '../cloud/regions.ts'
import {type ExitCode, exitCodes} from '../errors.ts'
import {naturalOrder} from '../natural-order.ts'
import {hasExpired, type Judgement, judge, type Verdict, verdicts} from './judge.ts'
import type {Exemption, Policy} from './policy.ts'
import {readSubjects, type Unread} from './read-subjects.ts'
import {looksAtTags} from './selectors.ts'
import {label, type Scope, scopeInWords} from './subjects.ts'

export type Counts = Record<Verdict | 'total', number>

/** An exemption that no longer holds, and how many are not compliant for that. */
export interface ExpiredExemption {
  exemption: Exemption
  violations: number
}

export interface AuditReport extends Pick<AuditOptions, 'policy' | 'scope' | 'vpcmd'> {
  /** The ID of the account of the credentials; undefined where they do not tell. */
  account: string | undefined
  /** The trusted profile that was assumed, the accounts in which it was, and those left out as not active, where one was. */
  assumed?: {profile: string; accounts: Account[]; inactive: InactiveAccount[]}
  /** When the reading began, ISO 8601. */
  at: string
  /** The regions that were asked. */
  regions: string[]
  /** Whether these are all that there are; false where the user named some, by a flag, a variable or the config file. */
  hasAllRegions: boolean
  /** From worst to best, then by account, region, kind and name. */
  judgements: Judgement[]
  counts: Counts
  unread: Unread[]
  expired: ExpiredExemption[]
}

export interface AuditOptions {
  policy: Policy
  scope: Scope
  /** vpcmd's version. */
  vpcmd: string
  /** Epoch milliseconds. */
  now(): number
  /** Since when instances of the account await a stop and start, by ID, as far as vpcmd's journal knows; undefined where it can't be read. */
  restartsAwaited(): Promise<((server: {id: string; account?: string | undefined}) => string | undefined) | undefined>
}

/** Reads what is in scope and judges it. Throws as readSubjects does. */
export async function audit(cloud: Cloud, options: AuditOptions): Promise<AuditReport> {
  const {policy, scope, vpcmd, now} = options
  const at = new Date(now()).toISOString()
  const today = at.slice(0, 10)
  const needsImages = [...policy.rules, ...policy.exemptions].some(({match}) => match.image)
  const [{subjects, unnamed, regions, ...read}, caller, awaited, assumed] = await Promise.all([
    readSubjects(cloud, scope, {needsImages, needsTags: looksAtTags(policy), now}),
    // Some credentials give tokens that name no account.
    cloud.caller().catch(() => undefined),
    options.restartsAwaited(),
    assumedBy(cloud),
  ])
  const judgements = sorted(
    subjects.map(subject => {
      // One that does not run is on its way to a start already.
      const mayAwait = subject.settings.enabled && subject.status === 'running'
      const restartAwaited = mayAwait ? awaited?.({id: subject.id, account: subject.account?.id}) : undefined
      return {...judge(subject, policy, today), ...(restartAwaited !== undefined && {restartAwaited})}
    }),
  )
  const undetermined = new Set(
    judgements.flatMap(({verdict, subject}) =>
      verdict === 'undetermined' ? [subject.region, keyOfPlace(subject)] : [],
    ),
  )
  // Names that nothing hung on are not missed.
  const unread = [
    ...read.unread,
    ...unnamed.filter(each => undetermined.has(each.account ? keyOfPlace(each) : each.region)),
  ]
  const expired = policy.exemptions
    .filter(exemption => hasExpired(exemption, today))
    .map(exemption => ({
      exemption,
      violations: judgements.filter(judged => judged.verdict === 'violation' && judged.exemption === exemption).length,
    }))
  return {
    account: caller?.account,
    ...(assumed && {assumed}),
    at,
    vpcmd,
    policy,
    scope,
    regions,
    hasAllRegions: cloud.askedRegions.length === 0,
    judgements,
    counts: countVerdicts(judgements),
    unread,
    expired,
  }
}

async function assumedBy({assumes, accounts, inactiveAccounts}: Cloud): Promise<AuditReport['assumed']> {
  if (assumes === undefined || !accounts) return undefined
  return {profile: assumes, accounts: await accounts(), inactive: (await inactiveAccounts?.()) ?? []}
}

/** Whose account and which region something is of. */
function keyOfPlace({account, region}: Pick<Unread, 'account' | 'region'>): string {
  return `${account?.id ?? ''}/${region}`
}

/** How many there are of each verdict, and of all. */
export function countVerdicts(judgements: readonly Judgement[]): Counts {
  const counts: Counts = {total: 0, violation: 0, undetermined: 0, unmatched: 0, exempt: 0, compliant: 0}
  for (const {verdict} of judgements) counts[verdict]++
  counts.total = judgements.length
  return counts
}

/**
 * What an audit comes to: `incomplete` where something could not be read or judged, whatever else was found, and where no
 * rule matched anything, or the filters found nothing: a typo in a selector or a filter must not pass for compliance.
 */
export function resultOf({unread, counts, scope}: AuditReport): 'incomplete' | 'not_compliant' | 'compliant' {
  const isUnjudged = counts.total > 0 ? counts.unmatched === counts.total : scopeInWords(scope) !== ''
  if (unread.length > 0 || counts.undetermined > 0 || isUnjudged) return 'incomplete'
  return counts.violation > 0 ? 'not_compliant' : 'compliant'
}

/** Whether an audit is incomplete though all was read: the filters found nothing, or no rule matched. */
export function judgedNothing(report: AuditReport): boolean {
  return resultOf(report) === 'incomplete' && report.unread.length === 0 && report.counts.undetermined === 0
}

/** The exit code of an audit: 4 where the filters found nothing, 1 incomplete otherwise, 5 not compliant, 0 compliant. */
export function exitCodeOf(report: AuditReport): ExitCode {
  const result = resultOf(report)
  if (judgedNothing(report) && report.counts.total === 0) return exitCodes.notFound
  if (result === 'incomplete') return exitCodes.failed
  return result === 'not_compliant' ? exitCodes.notCompliant : exitCodes.done
}

function sorted(judgements: Judgement[]): Judgement[] {
  const ranks = new Map(verdicts.map((verdict, index) => [verdict, index]))
  const compare = naturalOrder()
  const order = (a: string, b: string) => (a === b ? 0 : compare(a, b))
  return judgements.sort(
    (a, b) =>
      (ranks.get(a.verdict) ?? 0) - (ranks.get(b.verdict) ?? 0) ||
      order(label(a.subject.account), label(b.subject.account)) ||
      order(a.subject.region, b.subject.region) ||
      order(a.subject.kind, b.subject.kind) ||
      order(a.subject.name ?? '', b.subject.name ?? '') ||
      order(a.subject.id, b.subject.id),
  )
}
