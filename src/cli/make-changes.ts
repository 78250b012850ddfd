import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {exitCodes, usageError, type VpcmdError} from '../errors.ts'
import {
  countResults,
  describeCounts,
  isAsWished,
  type Outcome,
  type RestartResult,
  type Settled,
  wasTurnedOnRunning,
} from '../metadata/outcomes.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import {losesData} from '../metadata/preflight.ts'
import type {RestartPlan} from '../metadata/restart-plan.ts'
import type {RolloutOptions, RolloutResult, Work} from '../metadata/rollout.ts'
import {isSettled} from '../metadata/runs.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {inSteps} from '../terminal/steps.ts'
import type {Context} from './context.ts'
import {
  awaitedSince,
  dryRunNote,
  type Ending,
  listEach,
  movedLines,
  type Next,
  printEnding,
  restartNeeded,
  resultLine,
} from './ending.ts'
import type {ChangePolicy} from './flags/change.ts'
import {listenForInterruption} from './interruption.ts'
import {type Breaches, withBreaches} from './policy-file.ts'
import {printOutcomes} from './print-outcomes.ts'
import {mayRestart, planRestarts, restartInstances, showPreflights} from './restart-instances.ts'
import {restartsAwaited} from './restarts-awaited.ts'
import {exitForStop, openJournal, runName, writeEnd} from './run-journal.ts'
import {showChanges, showOthers} from './show-changes.ts'

/** A run to make, or to go on with. */
interface RunRequest {
  /** As the journal keeps it. */
  command: string
  selection: string
  changes: PlannedChange[]
  undoes?: string
  /** What could not be read while the servers were chosen, in words. */
  unread?: string[]
  /** How many of those that were meant had failed by then. */
  failedBefore?: number
  /** Whether a server that has another name by now is left alone. */
  comparesNames?: boolean
  /** Whether the readings are of just now, so that no second look is owed before a change. */
  isFresh: boolean
  /** What interrupts it. Where it is aborted by now nothing new is sent: only what is down comes back. */
  interruption?: AbortController
  /**
   * An earlier run to go on with, in place of a new one: its ID, how much of it was read, what is left of it, whether what it
   * changed was taken back since, and the IDs of those that it turned on and that still await a restart.
   */
  resumes?: {id: string; bytes: number; work: Work[]; isUndone: boolean; awaits: ReadonlySet<string>}
  /** Which restarts belong to it: what is down comes back first, the others follow the changes. */
  restarts?: RestartPlan
}

/** Asks whether these changes are to be made. */
type Question = (changes: PlannedChange[]) => string

type Outcomes = (settled?: (Settled | undefined)[]) => Outcome[]

/**
 * Shows changes, asks `question` of them where there is one, makes them, and prints what became of them; or what would, with
 * --dry-run. What was read long ago is read anew before a question, which is only of what is still to be made.
 */
export async function makeChanges(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  request: RunRequest & {question: Question | undefined; outcomes: Outcomes; breaches?: Breaches},
): Promise<void> {
  const {changes, question, breaches = new Map()} = request
  const outcomes: Outcomes = settled => withBreaches(request.outcomes(settled), breaches)
  const asks = question !== undefined && changes.length > 0 && !policy.yes && !policy.isDryRun
  const isSeen = asks
    ? !request.isFresh && (await context.prompter()) !== undefined
    : policy.isDryRun && (!request.isFresh || changes.some(({tags}) => tags))
  const seen = isSeen
    ? await (await import('../metadata/preview-changes.ts')).previewChanges(cloud, changes, request.comparesNames)
    : []
  // What could not be read now may well be read, and changed, after the answer.
  const due = changes.filter((_, index) => !seen[index] || (asks && seen[index].result === 'failed'))
  const restarts = await planRestarts(context, cloud, policy.restart, {changes, due})
  if (policy.isDryRun) {
    if (restarts) await showPreflights(context, restarts)
    return printDryRun(context, policy, restarts, outcomes(seen), request.unread)
  }
  if (asks && due.length === 0 && !restarts) {
    const all = outcomes(seen)
    await printOutcomes(context, policy.out, all, {unread: request.unread, listsAll: policy.listsAll})
    const ending = {lines: [resultLine(all, {unread: request.unread})], next: []}
    return printEnding(context, await withEarlier(context, cloud, policy, all, ending), policy.out.quiet)
  }
  let isAgreed = true
  await inSteps(context, [
    async () => {
      if (!asks || due.length === 0) return false
      const settled = seen.flatMap(each => (each && each.result !== 'failed' ? [each] : []))
      if (settled.length > 0) context.note(`Read anew: ${describeCounts(countResults(settled))}; left to change:`)
      showOthers(context, outcomes(seen))
      showChanges(context, due, breaches, '--dry-run lists')
      isAgreed = await context.confirm(question(due), false)
      return true
    },
    async () => {
      isAgreed = isAgreed && (await mayRestart(context, policy, restarts))
      return true
    },
  ])
  if (!isAgreed) return context.declined()
  await carryOut(context, cloud, policy, {...request, restarts: changes.length > 0 ? restarts : undefined}, settled => {
    const settledOutcomes = outcomes(settled)
    return restarts ? restarts.addTo(settledOutcomes, true) : settledOutcomes
  })
}

/** Prints what would become of changes. */
export async function printDryRun(
  context: Context,
  {out}: ChangePolicy,
  restarts: RestartPlan | undefined,
  outcomes: Outcome[],
  unread?: string[],
): Promise<void> {
  await printOutcomes(context, out, restarts ? restarts.addTo(outcomes, false) : outcomes, {unread, isPlan: true})
  context.note(dryRunNote(outcomes, unread))
}

/** Makes a run, and prints what became of it. Sends nothing, and keeps nothing, where there is nothing to change. */
export async function carryOut(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  request: RunRequest,
  outcomes: Outcomes,
): Promise<void> {
  const {now} = context.host
  const startedAt = now()
  const failedBefore = countResults(outcomes()).failed
  const run = await runRollout(context, cloud, policy, {...request, failedBefore})
  const all = outcomes(run?.settled ?? [])
  const {out, listsAll} = policy
  const isCut = await printOutcomes(context, out, all, {unread: request.unread, listsAll})
  const seconds = (now() - startedAt) / 1000
  const ending = run
    ? await endingOf(
        context,
        cloud,
        run,
        {outcomes: all, seconds, isCut, resumes: request.resumes, unread: request.unread},
        request.restarts,
      )
    : {lines: [resultLine(all, {unread: request.unread, ...(request.resumes && {now: []})})], next: []}
  printEnding(context, await withEarlier(context, cloud, policy, all, ending), out.quiet)
  if (!run) return
  if (run.error) context.error(run.error)
  exitForStop(context, run.stop)
}

/** The ending with what earlier runs left to restart, where restarts were asked for: the servers would be taken for ready. */
async function withEarlier(
  context: Context,
  cloud: Cloud,
  {restart}: ChangePolicy,
  outcomes: Outcome[],
  {lines, next}: Ending,
): Promise<Ending> {
  const others = outcomes.filter(each => isAsWished(each) && !wasTurnedOnRunning(each))
  if (!restart.isWanted || others.length === 0) return {lines, next}
  const awaited = await restartsAwaited(context, cloud)
  const earlier = awaitedSince(others.flatMap(({target}) => (target && awaited?.(target) ? [target] : [])))
  const undo = next.findIndex(([purpose]) => purpose === 'undo')
  const at = undo < 0 ? next.length : undo
  return {lines: [...lines, ...earlier.lines], next: next.toSpliced(at, 0, ...earlier.next)}
}

/** Makes a run with its journal; undefined where there is nothing to change. */
export async function runRollout(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  request: RunRequest,
): Promise<(RolloutResult & {id: string}) | undefined> {
  const {now, sleep} = context.host
  const work = request.resumes?.work ?? request.changes.map((change, i) => ({i, change, indeterminate: false}))
  const {restarts, interruption = new AbortController()} = request
  if (work.length === 0 && !restarts) return undefined
  const canary = await canaryOf(context, policy, work.length, interruption)
  const [{rollOut}, open] = await Promise.all([import('../metadata/rollout.ts'), openJournal(context, cloud, request)])
  const {id, journal} = open
  const stopListening = listenForInterruption(context, interruption, id)
  const underWay = {id, journal, interrupted: interruption.signal}
  let result: RolloutResult
  try {
    if (restarts) await restartInstances(context, cloud, restarts, restarts.begun, underWay)
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
        bar.update({total, done, details})
      },
      now,
      sleep,
    })
    if (restarts) {
      await restartInstances(context, cloud, restarts, restarts.dueAfter(work, result), underWay)
      const {stop, error} = restarts.ending
      result = {...result, stop: result.stop ?? stop, error: result.error ?? error}
    }
    if (result.stop === 'interrupted' && isThrough(result, restarts)) result = {...result, stop: undefined}
    const ended = result.error ?? (await writeEnd(open, result.stop))
    if (ended) result = {...result, stop: result.stop ?? 'journal', error: ended}
  } finally {
    stopListening()
    context.endProgress()
    await journal.close()
  }
  return {...result, id}
}

/** Whether nothing was left to do when a run was interrupted. */
function isThrough({settled}: RolloutResult, restarts: RestartPlan | undefined): boolean {
  const isLeft = restarts && (restarts.ending.leavesWork || restarts.summary().counts.has('skipped'))
  return !isLeft && settled.every(({result, indeterminate = false}) => isSettled({result, indeterminate}))
}

/** Who to ask after the canaries; undefined where nobody is asked. Throws a usage error where nobody can answer. */
export async function checkCanary(
  context: Context,
  {canary: size, yes}: ChangePolicy,
  total: number,
): Promise<Prompter | undefined> {
  // Where all are canaries they are read back, and nothing is left to ask for.
  if (size === undefined || yes || size >= total) return undefined
  const prompter = await context.prompter()
  if (prompter) return prompter
  throw usageError(
    `--canary asks before it goes on, and vpcmd can't ask, as ${context.whyNobody}: no change was sent.`,
    'Pass --yes to go on if all canaries are right.',
  )
}

async function canaryOf(
  context: Context,
  policy: ChangePolicy,
  total: number,
  interruption: AbortController,
): Promise<RolloutOptions['canary']> {
  const size = policy.canary
  if (size === undefined || interruption.signal.aborted) return undefined
  const prompter = await checkCanary(context, policy, total)
  return {
    size,
    mayGoOn: async (settled, areRight) => {
      context.note(`Canaries, read back: ${describeCounts(countResults(settled))}.`)
      for (const {error} of settled) if (error) context.note(`  ${error.message}`)
      if (!prompter) {
        if (!areRight) context.note('Not all canaries are right: stopping here.')
        return areRight
      }
      const doubt = areRight ? '' : 'Not all canaries are right. '
      const message = `${doubt}Go on with the other ${total - size}?`
      return prompter.confirm({message}).catch((error: VpcmdError) => {
        if (error.exitCode !== exitCodes.interrupted) throw error
        interruption.abort()
        return false
      })
    },
  }
}

async function endingOf(
  context: Context,
  cloud: Cloud,
  {id, settled, stop}: RolloutResult & {id: string},
  {
    outcomes,
    seconds,
    isCut,
    resumes,
    unread,
  }: Pick<RunRequest, 'resumes' | 'unread'> & {outcomes: Outcome[]; seconds: number; isCut: boolean},
  restarts?: RestartPlan,
): Promise<Ending> {
  const run = await runName(context, id)
  const indeterminate = settled.filter(each => each.indeterminate).length
  const now = countResults(settled)
  const turned = countResults(outcomes)
  const {counts, moved} = restarts?.summary() ?? {counts: new Map<RestartResult, number>(), moved: []}
  const skipped = counts.get('skipped') ?? 0
  const changedNow = new Set(
    resumes?.work.flatMap(({change}, index) =>
      settled[index]?.result === 'changed' ? [serverKey(change.target)] : [],
    ),
  )
  const stillAwaits = (server: string) => !resumes || resumes.awaits.has(server) || changedNow.has(server)
  const awaiting = outcomes.filter(
    each => wasTurnedOnRunning(each) && each.restart?.result !== 'done' && stillAwaits(serverKey(each.target)),
  )
  const isLeft = restarts?.ending.leavesWork || now.skipped > 0 || now.failed > 0
  const resume = ['metadata', 'resume', run]
  const finish: Next = [stop ? 'finish' : 'retry', resume]
  const restart: Next = ['restart', [...resume, '--restart']]
  const undo: Next = ['undo', ['metadata', 'undo', run]]
  // What was skipped is restarted with the others, by the run.
  const isNeeded = awaiting.length > 0 && skipped === 0
  const servers = awaiting.flatMap(({target, asked}) => (target ? [{asked, id: target.id, name: target.name}] : []))
  const needed: Ending = isNeeded ? restartNeeded(cloud, servers, run, turned.changed) : {lines: [], next: []}
  // As this run was: the same command would leave them out again.
  const leavesOut = awaiting.some(({restart}) => restart?.result === 'left_out' && losesData(restart))
  if (leavesOut) for (const [, words] of needed.next) words.push('--accept-data-loss')
  return {
    lines: [
      resultLine(outcomes, {stop, seconds, unread, ...(resumes && !resumes.isUndone && {now: settled})}),
      ...(indeterminate > 0
        ? [{mark: 'failed' as const, text: `${indeterminate} of those not reported as changed may have changed anyway`}]
        : []),
      ...(counts.size > 0 ? [restartLine(counts)] : []),
      ...movedLines(moved),
      ...needed.lines,
    ],
    next: [
      ...(indeterminate > 0 || isLeft ? [finish] : []),
      ...(skipped > 0 ? [restart] : []),
      ...needed.next,
      ...(isCut ? [listEach(run)] : []),
      ...(now.changed > 0 ? [undo] : []),
    ],
  }
}

function restartLine(counts: Map<RestartResult, number>): Ending['lines'][number] {
  const mark = counts.has('failed') ? 'failed' : counts.has('skipped') || counts.has('left_out') ? 'notice' : 'done'
  const list = [...counts].map(([result, count]) => `${count} ${result.replace('_', ' ')}`)
  return {mark, text: `Restarts: ${list.join(', ')}`}
}
