import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {type Outcome, outcomesOfChanges, type Settled} from './outcomes.ts'
import type {RestartRequest} from './restart-plan.ts'
import type {Work} from './rollout.ts'
import {readRuns} from './run-folder.ts'
import {isBetween, isSettled, type RecordedChange, type Run, refuseToPass} from './runs.ts'

type IsAwaiting = (recorded: RecordedChange) => boolean

/** The changes of a run that are not settled. */
export function workLeft({changes}: Run): Work[] {
  return changes.filter(each => !isSettled(each))
}

/** What would become of what is left: what was in doubt and is as wanted counts as changed. */
export async function previewWork(cloud: Cloud, work: Work[]): Promise<(Settled | undefined)[]> {
  const {previewChanges} = await import('./preview-changes.ts')
  const seen = await previewChanges(
    cloud,
    work.map(({change}) => change),
  )
  return seen.map((settled, index) =>
    work[index]?.indeterminate && settled?.result === 'unchanged' ? {...settled, result: 'changed'} : settled,
  )
}

/** What a run has begun, done and left of its restarts. `seen`: what would become of the work that is left. */
export function restartsIn(
  {changes}: Run,
  work: Work[],
  seen: (Settled | undefined)[],
  isAwaiting: IsAwaiting,
): RestartRequest & Required<Pick<RestartRequest, 'awaiting' | 'begun'>> {
  const all = changes.map(recorded => ({recorded, i: recorded.i, target: recorded.change.target}))
  const isLeftAlone = (settled: Settled | undefined) => settled !== undefined && settled.result !== 'changed'
  return {
    changes: changes.map(({change}) => change),
    due: work.flatMap(({change}, index) => (isLeftAlone(seen[index]) ? [] : [change])),
    begun: all.flatMap(({recorded, i, target}) =>
      isBetween(recorded) ? [{i, target, begun: {wasStopped: recorded.restart?.wasStopped ?? false}}] : [],
    ),
    awaiting: all.flatMap(({recorded, i, target}) =>
      isAwaiting(recorded) && !isBetween(recorded) ? [{i, target, tags: recorded.change.tags}] : [],
    ),
    earlier: new Map(
      all.flatMap(({recorded, target}) =>
        recorded.restart?.step === 'running' ? [[serverKey(target), {result: 'done'}] as const] : [],
      ),
    ),
  }
}

/** All of a run's outcomes: those that were recorded before, and in their order what became of the rest now. */
export function wholeOutcomes({changes}: Run, settled: (Settled | undefined)[]): Outcome[] {
  let next = 0
  const all = changes.map((recorded): Settled => {
    if (!isSettled(recorded)) return settled[next++] ?? {result: 'skipped'}
    const error = recorded.error && new VpcmdError(recorded.error)
    const {result = 'skipped', after, status} = recorded
    return {result, after, status, ...(error && {error})}
  })
  return outcomesOfChanges(
    changes.map(({change}) => change),
    all,
  )
}

/**
 * The run of an account to go on with: of those that did not come to their end, or with `isAwaiting` await a restart, the
 * one that was at work last. Throws VpcmdError, exit 4, where there is none.
 */
export async function lastUnfinished(
  folder: string,
  account: string,
  isAwaiting: IsAwaiting | undefined,
): Promise<Run> {
  let running: string | undefined
  /** What was taken back since: an undo was at work later, and so comes first. */
  const undone = new Set<string>()
  let leftDown: string | undefined
  for await (const found of readRuns(folder)) {
    refuseToPass(found)
    if (found.header.account !== account) continue
    const {id, undoes} = found.header
    if (undoes !== undefined && found.wasTouched) undone.add(undoes)
    if (found.state === 'running') running ??= id
    if (undone.has(id) && found.mayBeDown > 0) leftDown ??= id
    if (undone.has(id)) continue
    if (found.isResumable) return found.read()
    if (isAwaiting && found.awaitsRestart) {
      const run = await found.read()
      if (run.changes.some(isAwaiting)) return run
    }
  }
  throw new VpcmdError({
    code: 'nothing_to_resume',
    message: `Account ${account} has no unfinished run${running === undefined ? '' : `, except ${running}, which is still running`}.`,
    hint: leftDown
      ? `A run that was undone may have left instances down. Start them with: vpcmd metadata resume ${leftDown}`
      : 'List all runs with: vpcmd metadata history',
    exitCode: exitCodes.notFound,
  })
}
