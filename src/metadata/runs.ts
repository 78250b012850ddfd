import {createReadStream} from 'node:fs'
import {readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import type {JournalLine, RestartStep, RunHeader} from './journal.ts'
import {type Result, wasTurnedOnRunning} from './outcomes.ts'
import {type PlannedChange, type Target, targetName} from './plan.ts'
import {isAtWork} from './run-lock.ts'
import type {Settings} from './settings.ts'

/** `unfinished`: the process was killed before it could end the run. */
export type RunState = 'done' | 'interrupted' | 'stopped' | 'running' | 'unfinished'

/** What the journal knows of one change of a run. */
export interface RecordedChange {
  change: PlannedChange
  /** Undefined where no outcome was recorded. */
  result: Result | undefined
  after: Settings | undefined
  /** The server's status when it was changed, where the journal knows: earlier versions wrote none. */
  status: string | undefined
  error: {code: string; message: string; hint?: string; trace?: string} | undefined
  /** Whether it was, or may have been, sent without an outcome that was seen. */
  inDoubt: boolean
  /** ISO 8601; undefined without an outcome. */
  at: string | undefined
  /** The last step of its restart, and whether the instance was seen stopped since it was asked to stop. */
  restart: {step: RestartStep; at: string; wasStopped: boolean} | undefined
}

export interface Run {
  header: RunHeader
  state: RunState
  /** ISO 8601; undefined while it has not ended. */
  endedAt: string | undefined
  changes: RecordedChange[]
  /** How much of the journal was read, for whoever goes on with it. */
  bytes: number
}

const runFile = /^\d{8}-\d{6}-[0-9a-f]{4}\.jsonl$/

/** The IDs of the runs in the folder, the newest first; none where there is no folder. */
export async function listRunIds(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw unreadable(folder, error)
  })
  return names
    .filter(name => runFile.test(name))
    .map(name => name.replace(/\.jsonl$/, ''))
    .sort()
    .reverse()
}

/**
 * All runs, the one first that was at work last: one that was gone on with may have begun before others. `keep` chooses by
 * header, so that the others need not be read in full. Throws VpcmdError for one that can't be read, unless `onUnreadable`
 * takes it: whoever acts on the first must not take another for it.
 */
export async function* readRuns(
  folder: string,
  keep: (header: RunHeader) => boolean = () => true,
  onUnreadable?: (error: VpcmdError) => void,
): AsyncGenerator<Run> {
  const times = await Promise.all(
    (await listRunIds(folder)).map(async id => {
      const {mtimeMs} = await stat(join(folder, `${id}.jsonl`)).catch(() => ({mtimeMs: Number.POSITIVE_INFINITY}))
      return {id, mtimeMs}
    }),
  )
  for (const {id} of times.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
    const run = await readRunFile(folder, id, keep).catch((error: unknown) => {
      if (!(error instanceof VpcmdError) || !onUnreadable) throw error
      onUnreadable(error)
      return undefined
    })
    if (run) yield run
  }
}

/** One run by its ID, or by the only beginning that it has. Throws VpcmdError, exit 4, where there is none or more. */
export async function readRun(folder: string, asked: string): Promise<Run> {
  const ids = (await listRunIds(folder)).filter(id => id.startsWith(asked))
  const [id, other] = ids.includes(asked) ? [asked] : ids
  if (id === undefined || asked === '' || other !== undefined) {
    throw new VpcmdError({
      code: other === undefined ? 'run_not_found' : 'ambiguous_run',
      message: other === undefined ? `There is no run ${asked}.` : `${ids.length} runs begin with ${asked}.`,
      hint: 'See which there are: vpcmd metadata history',
      exitCode: exitCodes.notFound,
    })
  }
  const run = await readRunFile(folder, id, () => true)
  if (!run) throw unreadable(join(folder, `${id}.jsonl`), new Error('it has no beginning'))
  return run
}

async function readRunFile(folder: string, id: string, keep: (header: RunHeader) => boolean): Promise<Run | undefined> {
  const file = join(folder, `${id}.jsonl`)
  const run: Run = {header: noHeader, state: 'unfinished', endedAt: undefined, changes: [], bytes: 0}
  let hasBegun = false
  let isKept = true
  run.bytes = await readLines(file, line => {
    if (line.t === 'run') {
      const {t, v, ...header} = line
      if (v !== 1) throw new Error('a newer vpcmd wrote it')
      isKept = keep(header)
      run.header = header
    } else if (line.t === 'begin') hasBegun = true
    else take(run, line)
    return isKept
  })
  if (!isKept) return undefined
  if (run.header === noHeader) return undefined
  // One that was killed while it wrote what it meant to do has done nothing of it.
  if (!hasBegun) run.changes = []
  if (run.state === 'unfinished' && (await isAtWork(folder, id))) run.state = 'running'
  // Killed after its last outcome: only the last line is missing.
  const isOver = hasBegun && run.changes.every(each => isSettled(each) && !isBetween(each))
  if (run.state === 'unfinished' && isOver) run.state = 'done'
  return run
}

const noHeader: RunHeader = {
  id: '',
  command: '',
  account: '',
  iamId: '',
  vpcmd: '',
  startedAt: '',
  selection: '',
  count: 0,
}

function parseLine(text: string): JournalLine | undefined {
  if (!text.startsWith('{"t":')) return undefined
  try {
    return JSON.parse(text) as JournalLine
  } catch {
    return undefined
  }
}

function take(run: Run, line: Exclude<JournalLine, {t: 'run' | 'begin'}>): void {
  if (line.t === 'resumed') {
    run.state = 'unfinished'
    run.endedAt = undefined
    return
  }
  if (line.t === 'end') {
    run.state = line.reason
    run.endedAt = line.at
    return
  }
  if (line.t === 'change') {
    const {t, i, ...change} = line
    run.changes[i] = {
      change,
      result: undefined,
      after: undefined,
      status: undefined,
      error: undefined,
      inDoubt: false,
      at: undefined,
      restart: undefined,
    }
    return
  }
  const recorded = run.changes[line.i]
  if (!recorded) return
  if (line.t === 'sent') recorded.inDoubt = true
  else if (line.t === 'restart') {
    const {step, at} = line
    const wasStopped = step === 'stopped' || (step !== 'stop' && (recorded.restart?.wasStopped ?? false))
    recorded.restart = {step, at, wasStopped}
  } else {
    recorded.result = line.result
    recorded.after = line.after
    recorded.status = line.status
    recorded.error = line.error as RecordedChange['error']
    recorded.inDoubt = line.inDoubt ?? false
    recorded.at = line.at
  }
}

/** A run is gone on with, or taken back, only by credentials of its own account. */
export function otherAccount({header}: Run, account: string): VpcmdError {
  return usageError(
    `Run ${header.id} was made in account ${header.account}, and these credentials are of account ${account}.`,
    'Use an API key of that account.',
  )
}

/** Whether a change of a run is settled for good; what failed or was skipped can be tried again. */
export function isSettled({result}: RecordedChange): boolean {
  return result === 'changed' || result === 'unchanged' || result === 'conflict'
}

/** Whether something is left to do in a run that did not come to its end. */
export function isResumable(run: Run): boolean {
  return (
    run.state !== 'running' && run.state !== 'done' && run.changes.some(each => !isSettled(each) || isBetween(each))
  )
}

/** Whether a restart was begun and not seen to its end: this run may have stopped the instance, and not started it. */
export function isBetween({restart}: RecordedChange): boolean {
  return restart !== undefined && restart.step !== 'running' && restart.step !== 'left'
}

/** The instances of a run that it may have stopped and not started, in words; the first of them by name. */
export function mayBeDown({changes}: Run): string {
  const names = changes.filter(isBetween).map(({change}) => targetName(change.target))
  const more = names.length > mostNamed ? `, and ${names.length - mostNamed} more` : ''
  return `${names.length} that it has asked to stop may be down (${names.slice(0, mostNamed).join(', ')}${more})`
}

const mostNamed = 20

/** Whether the run turned the service of a running instance on, and knows of no stop and start after that. */
export function awaitsRestart({change: {target, before}, restart, ...outcome}: RecordedChange): boolean {
  return wasTurnedOnRunning({...outcome, target, before}) && restart?.step !== 'running'
}

/**
 * The instances of which the journals of an account know that the service was turned on while they ran, and of no stop
 * and start after that: since when, in ISO 8601, by ID. Runs are read line by line, and no more is kept of each than
 * that.
 */
export async function readRestartsAwaited(folder: string, account: string): Promise<Map<string, string>> {
  const turnedOn = new Map<string, string>()
  const settled = new Map<string, string>()
  // Runs overlap, as one can be resumed after another began: the times tell which came last.
  const keepLatest = (map: Map<string, string>, id: string, at: string) => {
    if (at > (map.get(id) ?? '')) map.set(id, at)
  }
  for (const id of await listRunIds(folder)) {
    let isWanted = true
    const servers = new Map<number, {target: Pick<Target, 'id' | 'kind' | 'status'>; before: {enabled: boolean}}>()
    await readLines(join(folder, `${id}.jsonl`), line => {
      if (line.t === 'run') isWanted = line.account === account
      else if (line.t === 'change' && line.target.kind === 'instance') {
        const {id, kind, status} = line.target
        servers.set(line.i, {target: {id, kind, status}, before: {enabled: line.before.enabled}})
      } else if (line.t === 'outcome' && line.result === 'changed') {
        const server = servers.get(line.i)
        if (server && line.after?.enabled === false) keepLatest(settled, server.target.id, line.at)
        else if (server && wasTurnedOnRunning({...server, ...line})) keepLatest(turnedOn, server.target.id, line.at)
      } else if (line.t === 'restart' && line.step === 'running') {
        const server = servers.get(line.i)
        if (server) keepLatest(settled, server.target.id, line.at)
      }
      return isWanted
    })
  }
  return new Map([...turnedOn].filter(([id, at]) => at > (settled.get(id) ?? '')))
}

/**
 * Hands over each line of a journal until `take` says that it has seen enough; gives how many bytes were read. Throws
 * VpcmdError for an unreadable one.
 */
async function readLines(file: string, take: (line: JournalLine) => boolean): Promise<number> {
  const input = createReadStream(file, 'utf8')
  try {
    for await (const text of createInterface({input, crlfDelay: Number.POSITIVE_INFINITY})) {
      // Half a line is what a process was writing when it was killed: as if it had not begun.
      const line = parseLine(text)
      if (line && !take(line)) break
    }
    return input.bytesRead
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    input.destroy()
  }
}

function unreadable(file: string, error: unknown): VpcmdError {
  const {code, message} = error as NodeJS.ErrnoException
  return new VpcmdError({code: 'journal_unreadable', message: `The journal ${file} can't be read: ${code ?? message}.`})
}
