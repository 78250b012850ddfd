import type {Cloud} from '../cloud/cloud.ts'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {asVpcmdError, exitCodes, usageError, type VpcmdError} from '../errors.ts'
import type {RunHeader} from '../metadata/journal.ts'
import {countResults, describeCounts, type Outcome, type Settled} from '../metadata/outcomes.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import type {RolloutOptions, RolloutResult, Work} from '../metadata/rollout.ts'
import {duration} from '../terminal/progress.ts'
import type {Prompter} from '../terminal/prompts.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'
import type {RolloutPolicy} from './flags/rollout.ts'
import {listenForInterruption} from './interruption.ts'
import {printOutcomes} from './print-outcomes.ts'
import {describeRestarts, endOfRestarts, type RestartPlan, restartBegun, restartDue} from './restart-instances.ts'
import {runsFolder} from './state-folder.ts'

/** A run that is to be made, or gone on with. */
interface RunRequest {
  /** As the journal keeps it. */
  command: string
  selection: string
  changes: PlannedChange[]
  undoes?: string
  /** What could not be read while the servers were chosen, in words. */
  unread?: string[]
  /** Whether a server that has another name by now is left alone. */
  comparesNames?: boolean
  /** Whether the readings are of just now, so that no second look is owed before a change. */
  isFresh: boolean
  /** What interrupts it. Where it is aborted by now nothing new is sent: only what is down comes back. */
  interruption?: AbortController
  /** An earlier run that is gone on with, in place of a new one: its ID, how much of it was read, and what is left of it. */
  resumes?: {id: string; bytes: number; work: Work[]}
  /** Which restarts belong to it: what is down comes back first, the others follow the changes. */
  restarts?: RestartPlan
}

/** A run that has ended. */
type RunEnding = RolloutResult & {id: string}

/** Makes a run, and prints what became of it. Sends nothing, and keeps nothing, where there is nothing to change. */
export async function carryOut(
  context: Context,
  cloud: Cloud,
  {out, rollout}: {out: OutputOptions; rollout: RolloutPolicy},
  request: RunRequest & {outcomes(settled: Settled[]): Outcome[]},
): Promise<void> {
  const {now} = context.host
  const startedAt = now()
  const run = await runRollout(context, cloud, rollout, request)
  await printOutcomes(context, out, request.outcomes(run?.settled ?? []), request.unread)
  if (run) summarise(context, rollout, run, (now() - startedAt) / 1000, request.restarts)
}

/** Makes a run with its journal; undefined where there is nothing to change. */
export async function runRollout(
  context: Context,
  cloud: Cloud,
  policy: RolloutPolicy,
  request: RunRequest,
): Promise<RunEnding | undefined> {
  const {now, random, sleep} = context.host
  const work = request.resumes?.work ?? request.changes.map((change, i) => ({i, change, indeterminate: false}))
  const {restarts, interruption = new AbortController()} = request
  if (work.length === 0 && !restarts) return undefined
  const canary = await canaryOf(context, policy, work.length, interruption)
  const [{newRunId}, {JournalFile}, {rollOut}, {account, iamId}] = await Promise.all([
    import('../metadata/journal.ts'),
    import('../metadata/journal-file.ts'),
    import('../metadata/rollout.ts'),
    cloud.caller(),
  ])
  const folder = runsFolder(context.env)
  const time = () => new Date(now()).toISOString()
  const header: RunHeader = {
    id: request.resumes?.id ?? newRunId(now(), random()),
    command: request.command,
    account,
    iamId,
    vpcmd: context.version,
    startedAt: time(),
    selection: request.selection,
    count: request.changes.length,
    ...(request.undoes !== undefined && {undoes: request.undoes}),
    ...(request.unread?.length && {unread: request.unread}),
  }
  const journal = request.resumes
    ? await JournalFile.resume(folder, header.id, request.resumes.bytes, time())
    : await JournalFile.begin(folder, header, request.changes)

  const stopListening = listenForInterruption(context, interruption)
  const underWay = {id: header.id, journal, interrupted: interruption.signal}
  let result: RolloutResult
  try {
    if (restarts) await restartBegun(context, cloud, restarts, underWay)
    const bar = context.beginProgress('Changing')
    result = await rollOut(cloud, work, {
      journal,
      comparesNames: request.comparesNames,
      freshForMs: request.isFresh ? retryPolicy.freshForMs : 0,
      concurrency: policy.concurrency,
      maxFailures: policy.maxFailures(work.length),
      canary,
      interrupted: interruption.signal,
      onProgress: ({total, done, changed, failed}) => {
        const details = [`${changed} changed`, ...(failed > 0 ? [`${failed} failed`] : [])]
        if (total > 1) bar.update({total, done, details})
      },
      now,
      sleep,
    })
    context.clearProgress()
    if (restarts) {
      await restartDue(context, cloud, restarts, underWay, work, result)
      const {stop, error} = endOfRestarts(restarts)
      result = {...result, stop: result.stop ?? stop, error: result.error ?? error}
    }
    const reason = result.stop === 'interrupted' ? 'interrupted' : result.stop ? 'stopped' : 'done'
    // All is done and known: that the last line finds no room must not hide it.
    const ended = result.error ?? (await journal.write({t: 'end', at: time(), reason}).catch(asVpcmdError))
    if (ended) result = {...result, stop: result.stop ?? 'journal', error: ended}
  } finally {
    stopListening()
    context.endProgress()
    await journal.close()
  }
  return {...result, id: header.id}
}

/** With a dry run, what would become of changes that were read a while ago if they were made now. */
export async function foresight(
  cloud: Cloud,
  {isDryRun}: RolloutPolicy,
  changes: PlannedChange[],
  comparesNames = false,
): Promise<(Settled | undefined)[] | undefined> {
  if (!isDryRun) return undefined
  const {previewChanges} = await import('../metadata/preview-changes.ts')
  return previewChanges(cloud, changes, comparesNames)
}

/** Who is to be asked after the canaries; undefined where nobody is. Throws a usage error where nobody can answer. */
export async function checkCanary(
  context: Context,
  {canary: size, yes}: RolloutPolicy,
  total: number,
): Promise<Prompter | undefined> {
  // Where all are canaries they are read back, and nothing is left to be asked for.
  if (size === undefined || yes || size >= total) return undefined
  const prompter = await context.prompter()
  if (prompter) return prompter
  throw usageError(
    'After the canaries vpcmd asks whether to go on, and nobody can answer without a terminal: no change was sent.',
    'Pass --yes to go on if all of them are right.',
  )
}

async function canaryOf(
  context: Context,
  policy: RolloutPolicy,
  total: number,
  interruption: AbortController,
): Promise<RolloutOptions['canary']> {
  const size = policy.canary
  if (size === undefined || interruption.signal.aborted) return undefined
  const prompter = await checkCanary(context, policy, total)
  return {
    size,
    mayGoOn: async (settled, areRight) => {
      context.clearProgress()
      context.note(`Canaries, read back: ${describeCounts(countResults(settled))}.`)
      for (const {error} of settled) if (error) context.note(`  ${error.message}`)
      if (!prompter) {
        if (!areRight) context.note('Not all of them are right: the others are left alone.')
        return areRight
      }
      const rest = total - size
      const doubt = areRight ? '' : 'Not all of them are right. '
      return prompter.confirm({message: `${doubt}Go on with the other ${rest}?`}).catch((error: VpcmdError) => {
        if (error.exitCode !== exitCodes.interrupted) throw error
        interruption.abort()
        return false
      })
    },
  }
}

function summarise(
  context: Context,
  policy: RolloutPolicy,
  run: RunEnding,
  seconds: number,
  restarts?: RestartPlan,
): void {
  const {id, settled, stop, error} = run
  const counts = {...countResults(settled)}
  const indeterminate = settled.filter(each => each.indeterminate).length
  // With --quiet nothing is told of a run that went through; why it did not must be.
  if (!policy.quiet || stop || error || indeterminate > 0) {
    const undo = counts.changed > 0 ? ` Take it back with: vpcmd metadata undo ${id}` : ''
    const made = settled.length === 0 && restarts ? 'no setting was left to change' : describeCounts(counts)
    context.note(`Run ${id}: ${made} in ${duration(seconds)}.${undo}`)
    if (indeterminate > 0)
      context.note(`${indeterminate} of those that are not changed may have been changed all the same.`)
    for (const line of restarts ? describeRestarts(restarts, id) : []) context.note(line)
    if (error) context.note(`Error: ${error.inOneLine}`)
    const isLeft =
      settled.some(({result}) => result === 'skipped' || result === 'failed') ||
      (restarts && endOfRestarts(restarts).leavesWork)
    if (indeterminate > 0 || (stop && isLeft)) context.note(`Finish it with: vpcmd metadata resume ${id}`)
  }
  if (stop === 'interrupted') context.exitCode = exitCodes.interrupted
  else if (stop) context.exitCode = exitCodes.failed
}
