import type {VpcmdError} from '../errors.ts'
import {type KnownSettings, type Settings, weakenedBy} from '../instances/settings.ts'
import {type ManagedBy, toJsonManagedBy} from './managed-by.ts'
import type {Draft, PlannedChange, Target} from './plan.ts'
import type {Risk} from './preflight.ts'

/** What became of one server. `skipped`: nothing was sent, as the run ended before its turn, or there is nothing to be changed. */
export const results = ['changed', 'unchanged', 'conflict', 'failed', 'skipped'] as const
export type Result = (typeof results)[number]

/** What became of one restart. `done`: seen stopped, and seen running after that. */
export type RestartResult = 'done' | 'left_out' | 'failed' | 'skipped' | 'planned'

export interface Restarted {
  result: RestartResult
  /** Why it was left out or skipped, in words. */
  reason?: string
  error?: VpcmdError
  /** The primary private addresses, where the start brought another one. */
  address?: {before: string; after: string}
  /** What its stop and start risks, or risked. */
  risks?: Risk[]
}

/** How the change of one server ended. */
export interface Settled {
  result: Result
  /** The settings that were seen last; undefined where none were seen after the plan's own reading. */
  after?: Settings
  /** The server's status that was seen with them. */
  status?: string
  error?: VpcmdError
  /** Whether it may have been changed although nobody saw it. */
  indeterminate?: boolean
}

/** What a run would do with one server, or what became of it. */
export interface Outcome extends Omit<Settled, 'result'> {
  /** What the user called it: an ID, a name or a CRN. */
  asked: string
  target: Target | undefined
  result: Result | 'planned'
  before: KnownSettings | undefined
  /** What a policy forbids of it, in words. */
  breach?: string | undefined
  /** What manages it: null where nothing shows, undefined where it is not known or nobody asked. */
  managedBy?: ManagedBy | null | undefined
  /** What became of its restart: null where none was due, undefined where none was asked for. */
  restart?: Restarted | null
}

/** The outcomes of a draft whose changes are settled, in the draft's order; those that are not are planned. */
export function outcomesOf(drafts: Draft[], settled?: (Settled | undefined)[]): Outcome[] {
  let next = 0
  return drafts.map((draft): Outcome => {
    if ('error' in draft) {
      const result = draft.isOutOfReach ? 'skipped' : 'failed'
      return {asked: draft.asked, target: draft.target, result, before: undefined, error: draft.error}
    }
    const {asked, target, before, set} = draft
    if (!set) return {asked, target, before, result: 'unchanged', after: before}
    const each = settled?.[next++]
    // What it was before is what it is: somebody set it since it was read.
    if (each?.result === 'unchanged' && each.after) return {asked, target, ...each, before: {...before, ...each.after}}
    return {asked, target, before, ...(each ?? {result: 'planned', after: {...before, ...set}})}
  })
}

/** The outcomes of changes that nobody typed, in their order. */
export function outcomesOfChanges(changes: PlannedChange[], settled?: (Settled | undefined)[]): Outcome[] {
  return outcomesOf(
    changes.map(change => ({...change, asked: change.target.id})),
    settled,
  )
}

/** Whether the service of a running instance was turned on: one that does not run needs no more than its next start. */
export function wasTurnedOnRunning(
  change: Partial<Pick<Outcome, 'target' | 'before' | 'result' | 'after' | 'status'>>,
): boolean {
  const {target, before, result, after, status = target?.status} = change
  const isTurnedOn = result === 'changed' && after?.enabled === true && !before?.enabled
  return isTurnedOn && target?.kind === 'instance' && status === 'running'
}

/** Whether a server is as it was wished, by this change or before it. */
export function isAsWished({result}: {result: string}): boolean {
  return result === 'changed' || result === 'unchanged'
}

/** How many outcomes there are of each kind. */
export function countResults(outcomes: Iterable<{result: Outcome['result']}>): Record<Outcome['result'], number> {
  const counts = {changed: 0, unchanged: 0, conflict: 0, failed: 0, skipped: 0, planned: 0}
  for (const {result} of outcomes) counts[result]++
  return counts
}

/** Counts in words, those that are none left out: `980 changed, 20 failed`. */
export function describeCounts(counts: Record<Outcome['result'], number>): string {
  const parts = Object.entries(counts).flatMap(([result, count]) => (count > 0 ? [`${count} ${result}`] : []))
  return parts.join(', ') || 'nothing to do'
}

/**
 * Outcomes as `--json` prints them. A server that could not be found has what was asked in place of its name. `conflict`
 * and `skipped` are there only where there are any, and so is `planned`.
 */
export function byResult<Each extends {result: Outcome['result']}>(
  outcomes: Each[],
  toJson: (outcome: Each) => object,
): Record<string, object[]> {
  const of = (result: Outcome['result']) => outcomes.filter(outcome => outcome.result === result).map(toJson)
  const some = (result: Outcome['result']) => {
    const rows = of(result)
    return rows.length > 0 && {[result]: rows}
  }
  return {
    ...some('planned'),
    changed: of('changed'),
    unchanged: of('unchanged'),
    failed: of('failed'),
    ...some('conflict'),
    ...some('skipped'),
  }
}

/** What the JSON of any outcome begins with. */
export function outcomeHead(outcome: Pick<Outcome, 'asked' | 'target'> & {before?: unknown; after?: unknown}): object {
  const {asked, target, before, after} = outcome
  return {
    id: target?.id ?? null,
    name: target?.name ?? asked,
    ...(target?.account !== undefined && {account: target.account}),
    region: target?.region ?? null,
    before: before ?? null,
    after: after ?? null,
  }
}

export function toJsonOutcome(outcome: Outcome): object {
  const {before, after, breach, managedBy, error, restart} = outcome
  const weakened = weakenedBy(before ?? {}, after ?? {})
  return {
    ...outcomeHead(outcome),
    ...(weakened.length > 0 && {less_secure: weakened}),
    ...(breach !== undefined && {against_policy: breach}),
    ...(managedBy !== undefined && {managed_by: toJsonManagedBy(managedBy)}),
    ...(restart !== undefined && {
      restart: restart && {...restart, ...(restart.error && {error: restart.error.toJSON()})},
    }),
    ...(error && {error: error.toJSON()}),
  }
}
