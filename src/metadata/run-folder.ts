import {serverKey} from '../cloud/regions.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import type {RunHeader} from './journal.ts'
import {journalFile, listRunIds, type ReadRun, readRun, readRunFile} from './read-run.ts'
import {RestartMarks} from './restart-marks.ts'
import {lookAt, ownerOf, RunIndex} from './run-index.ts'
import {isBetween, type RecordedChange, type Run, type RunSummary, summaryOf, wasTouched} from './runs.ts'

/** One run of a folder: what it comes to, and a way to read all of it. */
export interface FoundRun extends RunSummary {
  /** Throws VpcmdError. */
  read(): Promise<Run>
}

/**
 * All runs, the one first that was at work last: one that was resumed may have begun before others. Throws VpcmdError
 * for one that can't be read, unless `onUnreadable` takes it: a caller that acts on the first must not take another for it.
 */
export async function* readRuns(folder: string, onUnreadable?: (error: VpcmdError) => void): AsyncGenerator<FoundRun> {
  const ids = await listRunIds(folder)
  const index = await RunIndex.open(folder, ids)
  const timeOf = (id: string) =>
    index.timeOf(id) ?? lookAt(journalFile(folder, id))?.mtimeMs ?? Number.POSITIVE_INFINITY
  const runs = ids.map(id => ({id, time: timeOf(id)})).sort((a, b) => b.time - a.time)
  try {
    for (const {id} of runs) {
      const known = index.find(id)
      const fresh = known ? undefined : await readOne(folder, id, onUnreadable)
      if (fresh) index.add(id, fresh)
      const summary = known ?? (fresh && summaryOf(fresh.run))
      if (summary) yield {...summary, read: async () => fresh?.run ?? (await readRun(folder, id))}
    }
  } finally {
    await index.save()
  }
}

/**
 * The runs of the same account that began after a run did: `undo`, the last one that took back all it made, and `over`, those
 * that set or switched the servers of these changes of it, where that is what is to be done with them; the latest first.
 * Throws as readRuns does, unless `onUnreadable` takes what can't be read.
 */
export async function runsSince(
  folder: string,
  run: Run,
  changes: readonly RecordedChange[],
  onUnreadable?: (error: VpcmdError) => void,
): Promise<{undo: RunHeader | undefined; over: RunHeader[]}> {
  const {header} = run
  // One that was resumed after its undo has made more.
  const madeAt =
    run.changes
      .flatMap(each => (wasTouched(each) && each.at ? [each.at] : []))
      .sort()
      .at(-1) ?? ''
  const keyed = changes.map(each => ({isSwitched: each.change.power !== undefined || isBetween(each), each}))
  const serversOf = (some: typeof keyed) => new Set(some.map(({each}) => serverKey(each.change.target)))
  const switched = serversOf(keyed.filter(({isSwitched}) => isSwitched))
  const set = serversOf(keyed.filter(({isSwitched}) => !isSwitched))
  const isOver = (each: RecordedChange) => {
    const server = serverKey(each.change.target)
    const {change, restart} = each
    const switches = restart !== undefined || (change.power !== undefined && wasTouched(each))
    return (switches && switched.has(server)) || (!change.power && wasTouched(each) && set.has(server))
  }
  let undo: RunHeader | undefined
  const over: RunHeader[] = []
  for await (const found of readRuns(folder, onUnreadable)) {
    if (found.header.account !== header.account || found.header.startedAt <= header.startedAt) continue
    if (found.header.undoes === header.id && found.wasTouched && found.header.startedAt > madeAt) undo ??= found.header
    if (changes.length === 0 || !(found.wasTouched || found.mayBeDown > 0)) continue
    const other = await found.read().catch((error: unknown) => {
      if (!onUnreadable) throw error
      onUnreadable(asVpcmdError(error))
    })
    if (other?.changes.some(isOver)) over.push(found.header)
  }
  return {undo, over}
}

/**
 * The instances of which the journals of an account know that the service was turned on while they ran, and of no stop
 * and start after that: since when, in ISO 8601, by ID, and those of other accounts that were assumed by `serverKey`. What can't be read, or is damaged, goes to `onProblem`; the
 * account is asked for only where there are journals.
 */
export async function readRestartsAwaited(
  folder: string,
  accountOf: () => Promise<string>,
  onProblem: (problem: VpcmdError | Run) => void,
): Promise<Map<string, string>> {
  const ids = await listRunIds(folder)
  if (ids.length === 0) return new Map()
  const index = await RunIndex.open(folder, ids)
  const account = await accountOf()
  const marks = new RestartMarks()
  for (const owner of new Set([account, ''])) marks.add(index.marksOf(owner))
  for (const id of ids) {
    if (index.has(id)) continue
    const fresh = await readOne(folder, id, onProblem)
    if (!fresh) continue
    index.add(id, fresh)
    const {damage, header} = fresh.run
    if (![account, ''].includes(ownerOf(header)) && !damage?.header) continue
    // IDs are of all accounts: those of a run that does not say whose it is do no harm.
    if (damage) onProblem(fresh.run)
    marks.add(fresh.marks)
  }
  await index.save()
  return marks.awaited(account)
}

/** Reads a run in full; undefined for one without a beginning, and, with `onUnreadable`, for one that can't be read. */
async function readOne(
  folder: string,
  id: string,
  onUnreadable?: (error: VpcmdError) => void,
): Promise<(ReadRun & {run: Run}) | undefined> {
  const read = await readRunFile(folder, id).catch(asVpcmdError)
  if (!(read instanceof VpcmdError)) return read.run && {...read, run: read.run}
  if (!onUnreadable) throw read
  onUnreadable(read)
  return undefined
}
