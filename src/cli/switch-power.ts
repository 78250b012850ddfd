import type {Cloud} from '../cloud/cloud.ts'
import {rateLimits} from '../cloud/rate-limiter.ts'
import {placeOf, serverKey} from '../cloud/regions.ts'
import type {Column} from '../column.ts'
import {counted} from '../counted.ts'
import {asVpcmdError, exitCodes, type VpcmdError} from '../errors.ts'
import {countResults, isAsWished, type Restarted} from '../metadata/outcomes.ts'
import {type PlannedChange, type PowerAction, type Target, targetOf} from '../metadata/plan.ts'
import {
  type ChosenTarget,
  type PowerItem,
  type PowerOutcome,
  plannedOutcome,
  readPowerItems,
  settledBy,
  statusAfter,
  toJsonPowerOutcome,
} from '../metadata/power-plan.ts'
import type {RestartWork} from '../metadata/restart.ts'
import {isBetween, isSettled, mayBeDown, type Run} from '../metadata/runs.ts'
import {chooseThen} from '../terminal/steps.ts'
import {connectCloud} from './connect-cloud.ts'
import type {Context} from './context.ts'
import {dryRunNote, type Ending, listEach, movedLines, type Next, printEnding, resultLine} from './ending.ts'
import {type ChangeFlags, type ChangePolicy, readPowerChange} from './flags/change.ts'
import type {CloudFlags} from './flags/cloud.ts'
import {readSelection, type SelectionFlags} from './flags/selection.ts'
import {listenForInterruption} from './interruption.ts'
import {movedTo, printServers, resultColumn} from './print-outcomes.ts'
import {reportUnanswered} from './report-failures.ts'
import {confirmDowntime, powerVerbs, showPreflights, withRestartProgress} from './restart-instances.ts'
import {exitForStop, openJournal, runName, writeEnd} from './run-journal.ts'
import {runInWords} from './run-words.ts'
import {type Selection, selectInstances} from './select-instances.ts'
import {showOthers} from './show-changes.ts'

/**
 * Chooses instances, by the flags or those that are `typed`, and starts, stops or restarts them, as `metadata enable
 * --restart` restarts what it enabled.
 */
export async function switchPower(
  context: Context,
  action: PowerAction,
  flags: ChangeFlags & SelectionFlags & CloudFlags,
  typed: string[] | undefined,
): Promise<void> {
  const policy = readPowerChange(flags)
  const selection = readSelection(flags, typed)
  const cloud = await connectCloud(context, flags)
  const picker = {question: `${powerVerbs[action]} which instances?`}
  const choose = async () => {
    const chosen: Chosen = await selectInstances(context, cloud, selection, picker, found => ({
      asked: found.asked,
      target: targetOf('instance', found.instance, placeOf(found.region)),
      tags: found.tags,
    }))
    return {chosen, hasAsked: chosen.how === 'picked'}
  }
  await chooseThen(context, choose, chosen => switchChosen(context, cloud, policy, action, chosen))
}

type Chosen = Selection<ChosenTarget>

async function switchChosen(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  action: PowerAction,
  {items, how, words, unread}: Chosen,
): Promise<void> {
  const notFound: PowerOutcome[] = []
  // An instance may be named twice, by its ID and by its name.
  const targets = new Map<string, ChosenTarget>()
  for (const item of items) {
    if ('error' in item) notFound.push({...item, target: undefined, result: 'failed'})
    else if (!targets.has(serverKey(item.target))) targets.set(serverKey(item.target), item)
  }
  const read = await readItems(context, cloud, policy, action, [...targets.values()])
  const planned = [...read.map(item => plannedOutcome(item, how !== 'all')), ...notFound]
  const preflights = preflightsOf(policy, action, read)
  const request = {action, preflights, words, unread, isNamed: how === 'typed'}
  if (policy.isDryRun) return dryRun(context, policy, request, planned)
  if (!(await mayGoOn(context, policy, request, planned))) return context.declined()
  const due = read.flatMap(({change}) => (change ? [change] : []))
  const work = due.map(({target, tags}, i): RestartWork => ({i, target, tags, power: action}))
  await carryOutPower(context, cloud, policy, {...request, planned, work, begin: {changes: due}})
}

/**
 * Goes on with a run of `instances start`, `stop` or `restart`. What a restart has stopped comes back whatever the flags
 * and answers are; all else is read again, and asked for again.
 */
export async function resumePower(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  {run, action}: {run: Run; action: PowerAction},
): Promise<void> {
  const {id, selection, unread = []} = run.header
  const left = run.changes.filter(each => !isSettled(each))
  const name = await runName(context, id)
  context.note(`Run ${name} (${runInWords(context, run.header)}): ${left.length} of ${run.changes.length} left.`)
  // Killed after the last step, and before its outcome was on disk.
  const isDone = ({restart}: (typeof left)[number]) => restart?.step === 'running' || restart?.step === 'down'
  const begun = action === 'restart' ? left.filter(isBetween) : []
  const others = left.filter(each => !isDone(each) && !begun.includes(each))
  if (begun.length > 0) context.note(`${mayBeDown(run)}: starting those that are down first.`)
  const targets = others.map(({change: {target, tags}}) => ({asked: target.id, target, tags}))
  const items = await readItems(context, cloud, policy, action, targets)
  const planned = [
    ...left.filter(isDone).map(({change: {target}}) => doneBefore(action, target)),
    ...begun.map(({change: {target}}): PowerOutcome => ({asked: target.id, target, result: 'planned'})),
    ...items.map(item => plannedOutcome(item, true)),
  ]
  const request = {action, preflights: preflightsOf(policy, action, items), words: selection, unread, isNamed: true}
  if (policy.isDryRun) return dryRun(context, policy, request, planned)
  let isAgreed = false
  let unanswered: VpcmdError | undefined
  try {
    isAgreed = await mayGoOn(context, policy, request, planned)
  } catch (error) {
    // What it has stopped must come back in any case.
    if (begun.length === 0) throw error
    unanswered = asVpcmdError(error)
  }
  if (!isAgreed && begun.length === 0) return context.declined()
  if (!isAgreed) context.note('No other instance is stopped.')
  const places = new Map(run.changes.map(({i, change}) => [serverKey(change.target), i]))
  const work = [
    ...begun.map(
      ({i, change: {target}, restart}): RestartWork => ({
        i,
        target,
        power: action,
        begun: {wasStopped: restart?.wasStopped ?? false},
      }),
    ),
    ...items.flatMap(({target, change}): RestartWork[] =>
      change && isAgreed ? [{i: places.get(serverKey(target)) ?? 0, target, tags: change.tags, power: action}] : [],
    ),
  ]
  const settled = planned.flatMap(outcome => {
    const i = places.get(serverKey(outcome.target))
    return i !== undefined && isAsWished(outcome) ? [{i, outcome}] : []
  })
  const isWhole = isAgreed || items.every(({change}) => !change)
  const resumes = {id, bytes: run.bytes, settled, isWhole}
  await carryOutPower(context, cloud, policy, {...request, planned, work, begin: {changes: [], resumes}})
  reportUnanswered(context, unanswered)
}

function doneBefore(action: PowerAction, target: Target): PowerOutcome {
  return {asked: target.id, target, before: target.status, after: statusAfter[action], result: 'changed'}
}

interface PowerRequest {
  action: PowerAction
  preflights: ReturnType<typeof preflightsOf>
  words: string
  unread: string[]
  /** Whether the instances were typed: a start of them needs no confirmation. */
  isNamed: boolean
}

function readItems(
  context: Context,
  cloud: Cloud,
  {restart: {acceptsDataLoss}}: ChangePolicy,
  action: PowerAction,
  targets: ChosenTarget[],
): Promise<PowerItem[]> {
  if (targets.length > 20) context.note(`Checking what a ${action} would cost ${targets.length} instances.`)
  return readPowerItems(cloud, action, targets, {acceptsDataLoss, now: context.host.now})
}

/** What is shown before the question: what goes, and what is left out. */
function preflightsOf(policy: ChangePolicy, action: PowerAction, items: PowerItem[]) {
  const going = items.filter(({change}) => change)
  const ofVpc = (vpc: string) => going.filter(({target}) => target.vpc.id === vpc).length
  return {
    going,
    leftOut: items.filter(({leftOut}) => leftOut !== undefined),
    maxUnavailable: (vpc: string) =>
      action === 'restart' ? policy.restart.maxUnavailable(ofVpc(vpc)) : (policy.concurrency ?? rateLimits.max),
  }
}

async function dryRun(
  context: Context,
  policy: ChangePolicy,
  {action, preflights, unread}: PowerRequest,
  planned: PowerOutcome[],
): Promise<void> {
  if (preflights.going.length + preflights.leftOut.length > 0) await showPreflights(context, preflights, action)
  await printPowerOutcomes(context, policy, planned, unread)
  reportLeftAlone(context, action, planned)
  context.note(dryRunNote(planned, unread))
}

/** Shows what it would cost, and asks: for a start as for any change, for what takes instances down by a question of its own. */
async function mayGoOn(
  context: Context,
  policy: ChangePolicy,
  request: PowerRequest,
  planned: PowerOutcome[],
): Promise<boolean> {
  const {action, isNamed, preflights} = request
  const {going} = preflights
  if (going.length === 0) return true
  if (action !== 'start' || !(isNamed || policy.yes)) showOthers(context, planned)
  if (action === 'start') {
    const isSettled = isNamed || policy.yes
    if (!isSettled) await showPreflights(context, preflights, action)
    return context.confirm(`${powerVerbs.start} ${counted(going.length, 'instance')}?`, isSettled)
  }
  await showPreflights(context, preflights, action)
  return confirmDowntime(context, policy.restart, {
    action,
    going,
    asked: 'this',
    left: 'Nothing was sent.',
    yes: policy.yes,
  })
}

interface PowerRun extends PowerRequest {
  planned: PowerOutcome[]
  work: RestartWork[]
  begin: {
    changes: PlannedChange[]
    /** An earlier run to go on with: what is known to be settled is written first; `isWhole`: all that is left is done. */
    resumes?: {id: string; bytes: number; settled: {i: number; outcome: PowerOutcome}[]; isWhole: boolean}
  }
}

/** Makes a run, and prints what became of it. Sends nothing, and keeps nothing, where there is nothing to do. */
async function carryOutPower(context: Context, cloud: Cloud, policy: ChangePolicy, run: PowerRun): Promise<void> {
  const {planned, work, begin, action, unread} = run
  if (work.length === 0 && !begin.resumes) {
    await printPowerOutcomes(context, policy, planned, unread)
    reportLeftAlone(context, action, planned)
    return printEnding(context, {lines: [resultLine(planned, {unread})], next: []}, policy.out.quiet)
  }
  const {now, sleep} = context.host
  const startedAt = now()
  const {changes, resumes} = begin
  const failedBefore = countResults(planned).failed
  const [{restartAll}, open] = await Promise.all([
    import('../metadata/restart.ts'),
    openJournal(context, cloud, {command: action, selection: run.words, unread, failedBefore, changes, resumes}),
  ])
  const {id, journal, time} = open
  const interruption = new AbortController()
  const stopListening = listenForInterruption(context, interruption, id)
  let stop: string | undefined
  let failure: VpcmdError | undefined
  let restarted = new Map<string, Restarted>()
  try {
    for (const {i, outcome} of resumes?.settled ?? []) {
      await journal.write({t: 'outcome', i, at: time(), result: 'changed', status: outcome.after})
    }
    const underWay = {id, journal, interrupted: interruption.signal}
    const ending = await withRestartProgress(context, action, underWay, options =>
      restartAll(cloud, work, {
        ...options,
        maxUnavailable: run.preflights.maxUnavailable,
        acceptsDataLoss: policy.restart.acceptsDataLoss,
        stepTimeoutMs: policy.restart.stepTimeoutMs,
        onSettled: ({i, target}, each) => {
          const {error, ...settled} = settledBy(action, target, each)
          return journal.write({t: 'outcome', i, at: time(), ...settled, ...(error && {error: error.toJSON()})})
        },
        now,
        sleep,
      }),
    )
    restarted = ending.restarted
    const isThrough =
      restarted.size === work.length && [...restarted.values()].every(({result}) => /^(done|left_out)$/.test(result))
    // Interrupted when nothing was left to do.
    const early = ending.stop === 'interrupted' && isThrough ? undefined : ending.stop
    stop = early ?? (resumes?.isWhole === false ? 'interrupted' : undefined)
    failure = ending.error
    failure ??= await writeEnd(open, stop)
    if (failure) stop ??= 'journal'
  } finally {
    stopListening()
    context.endProgress()
    await journal.close()
  }
  const outcomes = planned.map(outcome => whole(action, outcome, restarted))
  const isCut = await printPowerOutcomes(context, policy, outcomes, unread)
  reportLeftAlone(context, action, outcomes)
  // What was left alone from the beginning is in no journal: nothing could try it again.
  const isLeft = stop !== undefined || countResults(outcomes).failed > failedBefore
  const told = {stop, unread, seconds: (now() - startedAt) / 1000, isLeft}
  printEnding(context, endingOf(action, await runName(context, id), outcomes, isCut, told), policy.out.quiet)
  if (failure) context.error(failure)
  exitForStop(context, stop)
}

/** Of many, one that can't be restarted because it is stopped is no news; one that is left as it is against the wish is. */
function reportLeftAlone(context: Context, action: PowerAction, outcomes: PowerOutcome[]): void {
  const isLeft = ({result, before}: PowerOutcome) =>
    result === 'skipped' && (action === 'start' || before !== 'stopped')
  if (outcomes.some(isLeft) && !context.host.exitCode) context.exitCode = exitCodes.failed
}

/** A planned outcome with what became of it. */
function whole(action: PowerAction, outcome: PowerOutcome, restarted: Map<string, Restarted>): PowerOutcome {
  if (outcome.result !== 'planned' || !outcome.target) return outcome
  const each: Restarted = restarted.get(serverKey(outcome.target)) ?? {
    result: 'skipped',
    reason: 'it was not confirmed',
  }
  const {status, ...settled} = settledBy(action, outcome.target, each)
  return {...outcome, ...settled, after: status, address: each.address}
}

/** The last words on a run that people call `name`; `told` is what they say beside what became of each instance. */
function endingOf(
  action: PowerAction,
  name: string,
  outcomes: PowerOutcome[],
  isCut: boolean,
  told: {stop: string | undefined; seconds: number; unread: string[]; isLeft: boolean},
): Ending {
  const moved = outcomes.flatMap(({target, address}) => (target && address ? [{name: target.name, address}] : []))
  const finish: Next = [told.stop ? 'finish' : 'retry', ['metadata', 'resume', name]]
  const stopped = outcomes.flatMap(({result, target}) => (result === 'changed' && target ? [target.id] : []))
  const isBackSoon = action === 'stop' && stopped.length > 0 && stopped.length <= 3
  const back: Next[] = isBackSoon ? [['start', ['instances', 'start', ...stopped]]] : []
  return {
    lines: [resultLine(outcomes, told), ...movedLines(moved)],
    next: [...(told.isLeft ? [finish] : []), ...(isCut ? [listEach(name)] : []), ...back],
  }
}

function printPowerOutcomes(
  context: Context,
  {out, listsAll, isDryRun}: ChangePolicy,
  outcomes: PowerOutcome[],
  unread: string[],
): Promise<boolean> {
  return printServers(context, out, {
    outcomes,
    unread,
    columns,
    listsAll: listsAll || isDryRun,
    isPlan: isDryRun,
    isNotable: ({address}) => address !== undefined,
    toJson: toJsonPowerOutcome,
  })
}

const columns: Column<PowerOutcome>[] = [
  {header: 'Before', value: ({before}) => before ?? ''},
  {header: 'After', value: ({after}) => after ?? ''},
  resultColumn,
  {header: 'Reason', value: ({error, reason, address}) => reason ?? error?.message ?? movedTo(address), least: 24},
]
