import type {RecordedChange, RunSummary} from './runs.ts'

/** A run as `metadata history` prints it. What is null is damaged in the journal. */
export function toJsonRun({header, state, endedAt, counts, inDoubt, mayBeDown, damage}: RunSummary, undoneBy?: string) {
  const told = (text: string) => (damage?.header ? null : text)
  return {
    id: header.id,
    started_at: header.startedAt,
    ended_at: endedAt ?? null,
    state,
    account: told(header.account),
    /** The trusted profile that it assumed in the servers' accounts. */
    assumes: header.assumes ?? null,
    iam_id: told(header.iamId),
    vpcmd: told(header.vpcmd),
    command: told(header.command),
    selection: told(header.selection),
    undoes: header.undoes ?? null,
    /** The last run that took back changes of this one. */
    undone_by: undoneBy ?? null,
    unread: header.unread ?? [],
    /** How many of those that were meant had failed before it began: no count has them. */
    failed_before: header.failedBefore ?? 0,
    counts,
    /** How many of those that count as skipped may have been sent all the same. */
    in_doubt: inDoubt,
    /** How many it asked to stop and did not see running again. */
    may_be_down: mayBeDown,
    damaged_lines: damage?.lines ?? 0,
    /** How many servers it changed, or meant to, that the journal does not name any more. */
    unknown_servers: damage?.unknown ?? 0,
  }
}

export type JsonRun = ReturnType<typeof toJsonRun>

/** A change of a run as `metadata history RUN` prints it. */
export function toJsonChange({change, result, after, error, indeterminate, at, restart}: RecordedChange): object {
  const {target, before, set} = change
  const {id, name, crn, kind, account, region, zone} = target
  return {
    id,
    name,
    crn,
    kind,
    ...(account !== undefined && {account}),
    region,
    zone,
    before,
    set,
    ...(change.power && {power: change.power}),
    result: result ?? 'skipped',
    after: after ?? null,
    indeterminate,
    at: at ?? null,
    ...(restart && {restart: {step: restart.step, at: restart.at}}),
    ...(error && {error}),
  }
}
