import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags, readCloud} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {readRestart, restartFlags} from '../../cli/flags/restart.ts'
import {type RolloutPolicy, readRollout, refuseRegions, rolloutFlags} from '../../cli/flags/rollout.ts'
import {printOutcomes} from '../../cli/print-outcomes.ts'
import {
  mayRestart,
  planRestarts,
  type RestartRequest,
  showPreflights,
  withRestarts,
} from '../../cli/restart-instances.ts'
import {restartsAwaited} from '../../cli/restarts-awaited.ts'
import {carryOut, checkCanary, foresight} from '../../cli/run-rollout.ts'
import {runsFolder} from '../../cli/state-folder.ts'
import type {Cloud} from '../../cloud/cloud.ts'
import {asVpcmdError, exitCodes, VpcmdError} from '../../errors.ts'
import {type Outcome, outcomesOfChanges, type Settled} from '../../metadata/outcomes.ts'
import {readRun} from '../../metadata/read-run.ts'
import type {Work} from '../../metadata/rollout.ts'
import {readRuns} from '../../metadata/run-folder.ts'
import {
  awaitsRestart,
  describeDamage,
  isBetween,
  isSettled,
  mayBeDown,
  otherAccount,
  type RecordedChange,
  type Run,
  refuseToPass,
  refuseUnknown,
} from '../../metadata/runs.ts'

export default class MetadataResume extends BaseCommand {
  static override summary = 'Finish a run that was interrupted, stopped or killed.'
  static override description =
    `What the journal does not know to be settled is done now: servers in doubt are looked at first, what has changed meanwhile is a conflict and is left alone, and what failed is tried once more. Without RUN it is, of the runs of the account that did not come to their end, or have servers in doubt, and were not taken back since, the one that was at work last.

Instances that the run stopped are looked at first, and started where they are down: that needs no flag. No other instance is stopped without --restart; with it, those on which the run turned the service on, and which were not stopped and started since, are restarted as with metadata enable --restart, also when the run itself is done.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --dry-run',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --restart --max-unavailable 2',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or its beginning; see metadata history.'})}
  static override flags = {...cloudFlags, ...rolloutFlags, ...restartFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataResume)
    const {context} = this
    const rollout = readRollout(flags)
    refuseRegions(flags, 'a run')
    const options = {out: readOutput(flags), rollout, restart: readRestart(flags, true)}
    const cloud = await connectCloud(context, readCloud(flags))
    const {account} = await cloud.caller()
    const folder = runsFolder(context.env)
    const awaited = await restartsAwaited(context, cloud)
    // What another run has turned off, or restarted, since awaits nothing any more.
    const isAwaiting = (recorded: RecordedChange) =>
      awaitsRestart(recorded) && (awaited?.has(recorded.change.target.id) ?? true)
    const run =
      args.run === undefined
        ? await lastUnfinished(folder, account, options.restart.isWanted ? isAwaiting : undefined)
        : await readRun(folder, args.run)
    refuseUnknown(run, 'resumed')
    if (run.header.account !== account) throw otherAccount(run, account)
    const damage = describeDamage(run)
    if (damage !== undefined) context.warning(`Run ${run.header.id}: ${damage}.`)
    if (run.damage?.unknown) {
      context.warning("Servers that are not known can't be finished: only the others are.")
      context.exitCode = exitCodes.failed
    }
    const work = run.changes.flatMap(recorded =>
      isSettled(recorded) ? [] : [{i: recorded.i, change: recorded.change, indeterminate: recorded.indeterminate}],
    )
    context.note(
      `Run ${run.header.id} (${run.header.command} ${run.header.selection}): ${work.length} of ${run.changes.length} left.`,
    )
    const seen = await previewWork(cloud, rollout, work)
    const isLeftAlone = (settled: Settled | undefined) => settled !== undefined && settled.result !== 'changed'
    const request = restartsIn(
      run,
      work.filter((_, index) => !isLeftAlone(seen?.[index])),
      isAwaiting,
    )
    const awaiting = request.awaiting?.length ?? 0
    if (request.begun?.length) {
      context.note(`${mayBeDown(run)}: ${request.begun.length === 1 ? 'it is' : 'they are'} started first.`)
    }
    if (awaiting > 0 && !options.restart.isWanted) {
      context.note(`${awaiting} on which it turned the service on await a stop and start: --restart makes it.`)
    }
    const restarts = await planRestarts(context, cloud, options.restart, request)
    if (seen) {
      if (restarts && options.restart.isWanted) await showPreflights(context, restarts)
      const outcomes = outcomesOfChanges(
        work.map(({change}) => change),
        seen,
      )
      await printOutcomes(context, options.out, withRestarts(restarts, outcomes, false))
      context.note('Nothing was sent: this was a dry run.')
      return
    }
    const interruption = new AbortController()
    let unanswered: VpcmdError | undefined
    try {
      await checkCanary(context, rollout, work.length)
      if (restarts && !(await mayRestart(context, options.restart, restarts))) {
        context.note('No other instance is stopped.')
        restarts.preflights.clear()
      }
    } catch (error) {
      // The run itself was confirmed when it began, and what it has stopped must come back in any case.
      if (!request.begun?.length) throw error
      unanswered = asVpcmdError(error)
      interruption.abort()
    }
    await carryOut(context, cloud, options, {
      command: run.header.command,
      selection: run.header.selection,
      changes: run.changes.map(({change}) => change),
      isFresh: false,
      interruption,
      resumes: {id: run.header.id, bytes: run.bytes, work},
      restarts,
      outcomes: settled => withRestarts(restarts, whole(run.changes, settled), true),
    })
    // Not thrown, as what became of the run is printed already; of an interruption that says enough.
    if (unanswered && unanswered.exitCode !== exitCodes.interrupted) {
      context.note(`Error: ${unanswered.inOneLine}`)
      context.exitCode = unanswered.exitCode
    }
  }
}

/** With --dry-run, what would become of what is left: what was in doubt and is as wanted counts as changed. */
async function previewWork(
  cloud: Cloud,
  rollout: RolloutPolicy,
  work: Work[],
): Promise<(Settled | undefined)[] | undefined> {
  const changes = work.map(({change}) => change)
  const seen = await foresight(cloud, rollout, changes)
  return seen?.map((settled, index) =>
    work[index]?.indeterminate && settled?.result === 'unchanged' ? {...settled, result: 'changed'} : settled,
  )
}

/** What a run has begun, done and left of its restarts. */
function restartsIn({changes}: Run, work: Work[], isAwaiting: (recorded: RecordedChange) => boolean): RestartRequest {
  const all = changes.map(recorded => ({recorded, i: recorded.i, target: recorded.change.target}))
  return {
    changes: changes.map(({change}) => change),
    due: work.map(({change}) => change),
    begun: all.flatMap(({recorded, i, target}) =>
      isBetween(recorded) ? [{i, target, begun: {wasStopped: recorded.restart?.wasStopped ?? false}}] : [],
    ),
    awaiting: all.flatMap(({recorded, i, target}) =>
      isAwaiting(recorded) && !isBetween(recorded) ? [{i, target}] : [],
    ),
    earlier: new Map(
      all.flatMap(({recorded, target}) =>
        recorded.restart?.step === 'running' ? [[target.id, {result: 'done'}] as const] : [],
      ),
    ),
  }
}

/** All of the run's outcomes: those that were recorded before, and what became of the rest now. */
function whole(changes: RecordedChange[], settled: Settled[]): Outcome[] {
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

async function lastUnfinished(
  folder: string,
  account: string,
  isAwaiting: ((recorded: RecordedChange) => boolean) | undefined,
): Promise<Run> {
  let atWork: string | undefined
  /** What was taken back since: an undo was at work later, and so comes first. */
  const undone = new Set<string>()
  let leftDown: string | undefined
  for await (const found of readRuns(folder)) {
    refuseToPass(found)
    if (found.header.account !== account) continue
    const {id, undoes} = found.header
    if (undoes !== undefined) undone.add(undoes)
    if (found.state === 'running') atWork ??= id
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
    message: `No run of account ${account} is unfinished${atWork === undefined ? '' : `, but for ${atWork}, which is still running`}.`,
    hint: leftDown
      ? `One that was taken back may have left instances down. Start them with: vpcmd metadata resume ${leftDown}`
      : 'See all of them: vpcmd metadata history',
    exitCode: exitCodes.notFound,
  })
}
