import {readdir} from 'node:fs/promises'
import {countEach} from '../counted.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import type {JournalLine, RunHeader} from './journal.ts'
import {type DamagedLine, type JournalStamp, readJournal, unreadableJournal} from './read-journal.ts'
import {RestartMarks} from './restart-marks.ts'
import {isAtWork} from './run-lock.ts'
import {isBetween, isSettled, type RecordedChange, type Run, type RunState} from './runs.ts'

const runFile = /^\d{8}-\d{6}-[0-9a-f]{4}\.jsonl$/

/** The file of a run's journal. */
export function journalFile(folder: string, id: string): string {
  // Not joined: ten thousand are made in one go.
  return `${folder}/${id}.jsonl`
}

/** The IDs of the runs in the folder, the newest first; none where there is no folder. */
export async function listRunIds(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw unreadableJournal(folder, error)
  })
  return names
    .filter(name => runFile.test(name))
    .sort()
    .reverse()
    .map(name => name.slice(0, -'.jsonl'.length))
}

/** What people call runs: the last four digits of an ID where they mean one run alone, else the whole ID. */
export async function shortRunIds(folder: string): Promise<(id: string) => string> {
  const ids = await listRunIds(folder)
  const counts = countEach(ids.map(tailOf))
  // `2026` is the end of one and the beginning of many.
  const beginnings = new Set(ids.map(id => id.slice(0, tailLength)))
  return id => (counts.get(tailOf(id)) === 1 && !beginnings.has(tailOf(id)) ? tailOf(id) : id)
}

const tailLength = 4

function tailOf(id: string): string {
  return id.slice(-tailLength)
}

/** One run by its ID, or by a beginning or the last four digits that no other has. Throws VpcmdError, exit 4, where there is none or more. */
export async function readRun(folder: string, asked: string): Promise<Run> {
  const ids = (await listRunIds(folder)).filter(id => id.startsWith(asked) || tailOf(id) === asked)
  const [id, other] = ids.includes(asked) ? [asked] : ids
  if (id === undefined || asked === '' || other !== undefined) {
    throw new VpcmdError({
      code: other === undefined ? 'run_not_found' : 'ambiguous_run',
      message: other === undefined ? `There is no run ${asked}.` : `${ids.length} runs match ${asked}.`,
      hint: 'See which there are: vpcmd metadata history',
      exitCode: exitCodes.notFound,
    })
  }
  const {run} = await readRunFile(folder, id)
  if (!run) throw unreadableJournal(journalFile(folder, id), new Error('it has no beginning'))
  return run
}

/** A run as its journal tells it: undefined where its process was killed before it had written what it meant to do. */
export interface ReadRun {
  run: Run | undefined
  marks: RestartMarks
  stamp: JournalStamp
}

/** Reads the journal of a run in full. Throws VpcmdError for one that can't be read. */
export async function readRunFile(folder: string, id: string): Promise<ReadRun> {
  const reading = new Reading(id)
  const {bytes, stamp} = await readJournal(journalFile(folder, id), line => reading.take(line))
  const run = reading.end(bytes)
  if (run) {
    if (run.state === 'unfinished' && (await isAtWork(folder, id))) run.state = 'running'
    // Killed after its last outcome: only the last line is missing.
    const isOver = reading.hasBegun && run.changes.every(each => isSettled(each) && !isBetween(each))
    if (run.state === 'unfinished' && isOver) run.state = 'done'
    const isClaim = run.state === 'done' || (run.damage?.header && run.state !== 'running')
    if (run.damage && isClaim) run.state = 'damaged'
  }
  return {run, marks: reading.marks, stamp}
}

/** A run while its journal is read, line by line. */
class Reading {
  hasBegun = false
  readonly marks = new RestartMarks()
  readonly #id: string
  readonly #changes = new Map<number, RecordedChange>()
  #header: RunHeader | undefined
  #begunAt: string | undefined
  #hasLines = false
  #state: RunState = 'unfinished'
  #endedAt: string | undefined
  #damaged = 0
  #speaksOfRestarts = false

  constructor(id: string) {
    this.#id = id
  }

  take(line: JournalLine | DamagedLine): void {
    const isFirst = !this.#hasLines
    this.#hasLines = true
    if (line.t === 'run') {
      const {t, v, ...header} = line
      // A file that was renamed, or copied, is not the journal of the run that it names.
      if (isFirst && header.id === this.#id) this.#header = header
      else this.#damage(undefined, false)
    } else if (line.t === 'change') this.#plan(line)
    else if (line.t === 'damaged') {
      this.#damage(line.i, line.isRestart)
      if (!isFirst) this.hasBegun = true
    } else {
      this.hasBegun = true
      if (line.t === 'begin') this.#begunAt = line.at
      else this.#record(line)
    }
  }

  end(bytes: number): Run | undefined {
    if (!this.#hasLines) return undefined
    const header = this.#header ?? this.#unknownHeader()
    // One that was killed while it wrote what it meant to do has done nothing of it.
    const changes = this.hasBegun ? [...this.#changes.values()].sort((a, b) => a.i - b.i) : []
    const unknown = this.hasBegun ? Math.max(header.count - changes.length, 0) : 0
    const hasDamage = this.#damaged > 0 || unknown > 0 || !this.#header
    // What is lost may be an attempt, or an outcome, of any that is not known to be settled: a look tells.
    if (this.#damaged > 0) for (const each of changes) if (!isSettled(each)) each.indeterminate = true
    const restarts = this.#speaksOfRestarts || changes.some(({restart}) => restart)
    return {
      header,
      state: this.#state,
      endedAt: this.#endedAt,
      changes,
      damage: hasDamage ? {lines: this.#damaged, unknown, header: !this.#header, restarts} : undefined,
      bytes,
    }
  }

  #plan({t, i, ...change}: JournalLine & {t: 'change'}): void {
    if (this.#changes.has(i) || i >= (this.#header?.count ?? mostChanges)) {
      this.#damage(i, false)
      return
    }
    this.#changes.set(i, {i, change, indeterminate: false, isTried: false})
  }

  #record(line: Exclude<JournalLine, {t: 'run' | 'change' | 'begin'}>): void {
    if (line.t === 'resumed') {
      this.#state = 'unfinished'
      this.#endedAt = undefined
      for (const each of this.#changes.values()) each.isTried = false
      return
    }
    if (line.t === 'end') {
      this.#state = line.reason
      this.#endedAt = line.at
      return
    }
    const recorded = this.#changes.get(line.i)
    if (!recorded) return
    this.marks.take(recorded.change, line, this.#header?.account ?? '')
    if (line.t === 'sent') recorded.indeterminate = true
    else if (line.t === 'restart') {
      const {step, at} = line
      const wasStopped = step === 'stopped' || (step !== 'stop' && (recorded.restart?.wasStopped ?? false))
      recorded.restart = {step, at, wasStopped}
    } else {
      const {result, after, status, at, error, indeterminate = false} = line
      const isTried = result !== 'skipped'
      Object.assign(recorded, {result, after, status, at, error, indeterminate, isTried})
    }
  }

  #damage(i: number | undefined, isRestart: boolean): void {
    this.#damaged++
    this.#speaksOfRestarts ||= isRestart
    const recorded = i === undefined || isRestart ? undefined : this.#changes.get(i)
    if (recorded) recorded.indeterminate = true
  }

  /** What is known without the first line: the ID tells when it began. */
  #unknownHeader(): RunHeader {
    const [, day, time] = /^(\d{8})-(\d{6})/.exec(this.#id) ?? []
    const digits = `${day}${time}`.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6.000Z')
    const count = [...this.#changes.keys()].reduce((most, i) => Math.max(most, i + 1), 0)
    const nothing = {command: '', account: '', iamId: '', vpcmd: '', selection: ''}
    return {id: this.#id, ...nothing, startedAt: this.#begunAt ?? digits, count}
  }
}

/** More than there are servers in an account, by far: a place beyond is none. */
const mostChanges = 1_000_000
