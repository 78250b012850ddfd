import {counted} from '../counted.ts'
import {usageError, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import {settingsLabel} from '../instances/settings.ts'
import type {RestartStep, RunHeader} from './journal.ts'
import {countResults, type Result, type Settled, wasTurnedOnRunning} from './outcomes.ts'
import type {PlannedChange, PowerAction} from './plan.ts'

/**
 * `unfinished`: the process was killed before it could end the run. `damaged`: the journal lacks what it takes to say that
 * the run is done, or what it was.
 */
export type RunState = 'done' | 'interrupted' | 'stopped' | 'running' | 'unfinished' | 'damaged'

/** What the journal knows of one change of a run: without an outcome neither `result` nor what comes with it. */
export interface RecordedChange extends Partial<Pick<Settled, 'result' | 'after' | 'status'>> {
  /** Its place in the journal. */
  i: number
  change: PlannedChange
  error?: {code: string; message: string; hint?: string; trace?: string}
  /** ISO 8601. */
  at?: string
  /** Whether it was, or may have been, sent without an outcome that was seen. */
  indeterminate: boolean
  /** Whether the last process at the run came to an outcome of it. */
  isTried: boolean
  /** The last step of its restart, and whether the instance was seen stopped since it was asked to stop. */
  restart?: {step: RestartStep; at: string; wasStopped: boolean}
}

/** What a journal lacks. */
export interface Damage {
  /** How many of its lines are damaged. */
  lines: number
  /** Of how many changes it does not know the server. */
  unknown: number
  /** Whether it does not say what run it was: of which account, and what was asked for. */
  header: boolean
  /** Whether what is lost may tell of a stop or a start. */
  restarts: boolean
}

export interface Run {
  header: RunHeader
  state: RunState
  /** ISO 8601; undefined while it has not ended. */
  endedAt: string | undefined
  changes: RecordedChange[]
  /** Undefined for a journal that is whole. */
  damage: Damage | undefined
  /** How much of the journal was read: `resume` checks that it has not grown since. */
  bytes: number
}

/** What the journal of a run lacks, in words, such as `3 lines of its journal are damaged`; undefined for one that is whole. */
export function describeDamage({damage}: Pick<Run, 'damage'>): string | undefined {
  if (!damage) return undefined
  const {lines, unknown, header, restarts} = damage
  const mayBeDown =
    'an instance that it stopped may be down without its journal saying so (see vpcmd instances list --status stopped)'
  const parts = [
    lines > 0 && `${counted(lines, 'line of its journal is', 'lines of its journal are')} damaged`,
    header && 'its account and what was asked for are not known',
    unknown > 0 && `${counted(unknown, 'of its servers is', 'of its servers are')} not known`,
    restarts && lines > 0 && mayBeDown,
  ]
  return parts.filter(Boolean).join(', and ')
}

/** Throws VpcmdError for a run that may be of any account, where the last one of an account is looked for. */
export function refuseToPass(run: Pick<Run, 'header' | 'damage'>): void {
  if (!run.damage?.header) return
  throw new VpcmdError({
    code: 'run_damaged',
    message: `Which run was the last is not certain. Run ${run.header.id} was at work late, and ${describeDamage(run)}.`,
    hint: 'Name the RUN that you mean. See: vpcmd metadata history',
  })
}

/** Throws VpcmdError for a run of which the journal does not say whose it is: `what` (`resumed`) can't be done with it. */
export function refuseUnknown(run: Run, what: string): void {
  if (!run.damage?.header) return
  const {id} = run.header
  throw new VpcmdError({
    code: 'run_damaged',
    message: `Run ${id} can't be ${what}: ${describeDamage(run)}.`,
    hint: `See what can be read of it: vpcmd metadata history ${id}`,
  })
}

/** Only credentials of its own account can go on with what was made there: a run, or a plan. */
export function otherAccount(what: string, made: string, account: string, isSandbox: boolean): VpcmdError {
  return isSandbox
    ? usageError(
        `${what} was made in account ${made}, and the sandbox is account ${account}.`,
        'A sandbox gets a new account when it is reset, and what was made before is gone. If it is a real account, drop --sandbox.',
      )
    : usageError(
        `${what} was made in account ${made}, and these credentials are of account ${account}.`,
        'Use credentials of that account.',
      )
}

/** Whether a change of a run is settled for good; what failed, was skipped or is in doubt can be tried again. */
export function isSettled({result, indeterminate}: Pick<RecordedChange, 'result' | 'indeterminate'>): boolean {
  return !indeterminate && (result === 'changed' || result === 'unchanged' || result === 'conflict')
}

/**
 * Whether something is left to do in a run: what is in doubt or may be down always is, what was not tried if the run did
 * not come to its end, and what failed before if its last process did not come to it.
 */
export function isResumable(run: Run): boolean {
  if (run.state === 'running') return false
  const isLeft = (each: RecordedChange) => !isSettled(each) && !(each.isTried && run.endedAt !== undefined)
  return run.changes.some(each => each.indeterminate || isBetween(each) || (run.state !== 'done' && isLeft(each)))
}

/** Whether a restart was begun and not seen to its end: this run may have stopped the instance, and not started it. */
export function isBetween({restart}: RecordedChange): boolean {
  return restart !== undefined && !endSteps.includes(restart.step)
}

const endSteps: readonly RestartStep[] = ['running', 'down', 'left']

/** What a run of `instances start`, `stop` or `restart` does; undefined for one that changes settings. */
export function powerOf({changes}: Pick<Run, 'changes'>): PowerAction | undefined {
  return changes.find(({change}) => change.power)?.change.power
}

/** The instances of a run that it may have stopped and not started, in words; the first of them by name. */
export function mayBeDown(run: Pick<Run, 'changes'>): string {
  const names = run.changes.filter(isBetween).map(({change}) => targetName(change.target))
  const more = names.length > mostNamed ? `, and ${names.length - mostNamed} more` : ''
  const what = {
    start: 'that it has asked to start may be down',
    stop: 'that it has asked to stop may be running',
    restart: 'that it has asked to stop may be down',
  }[powerOf(run) ?? 'restart']
  return `${names.length} ${what} (${names.slice(0, mostNamed).join(', ')}${more})`
}

const mostNamed = 20

/** Whether the run turned the service of a running instance on, and knows of no stop and start after that. */
export function awaitsRestart({change: {target, before}, restart, ...outcome}: RecordedChange): boolean {
  return wasTurnedOnRunning({...outcome, target, before}) && restart?.step !== 'running'
}

/** Whether a change was made, also where not as asked, or may have been. */
export function wasTouched({result, after, indeterminate}: Omit<RecordedChange, 'change'>): boolean {
  return indeterminate || result === 'changed' || (result === 'failed' && after !== undefined)
}

/** What it takes to choose a run among many. */
export interface RunSummary extends Pick<Run, 'header' | 'state' | 'endedAt' | 'damage'> {
  counts: Record<Result, number>
  /** How many it has sent, or may have, without an outcome that was seen. */
  inDoubt: number
  /** How many it asked to stop and did not see running again. */
  mayBeDown: number
  /** What it changed, in words, where that is the same for all. */
  made: string | undefined
  isResumable: boolean
  wasTouched: boolean
  awaitsRestart: boolean
}

function madeInWords(changes: RecordedChange[]): string | undefined {
  const [words, ...others] = new Set(
    changes.flatMap(({change: {before, set, power}}) =>
      power ? [] : [`${settingsLabel(before)} -> ${settingsLabel({...before, ...set})}`],
    ),
  )
  return others.length > 0 ? undefined : words
}

/** What a run comes to. */
export function summaryOf(run: Run): RunSummary {
  const {header, state, endedAt, changes, damage} = run
  const {planned, ...counts} = countResults(changes.map(({result}) => ({result: result ?? 'skipped'})))
  return {
    header,
    state,
    endedAt,
    counts,
    inDoubt: changes.filter(({result, indeterminate}) => indeterminate && result === undefined).length,
    mayBeDown: changes.filter(isBetween).length,
    made: madeInWords(changes),
    isResumable: isResumable(run),
    wasTouched: changes.some(wasTouched),
    awaitsRestart: changes.some(awaitsRestart),
    damage,
  }
}
