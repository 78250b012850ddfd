import {lstatSync, readFileSync, type Stats} from 'node:fs'
import {join} from 'node:path'
import {crc32} from 'node:zlib'
import {entryOf, once} from '../counted.ts'
import {writePrivate} from '../files/private-file.ts'
import {isRecord} from '../json-object.ts'
import {openPlain} from '../plain-file.ts'
import type {RunHeader} from './journal.ts'
import {journalFile, type ReadRun} from './read-run.ts'
import {RestartMarks} from './restart-marks.ts'
import {type RunSummary, summaryOf} from './runs.ts'

type Stamp = [size: number, mtimeMs: number, ino: number]

/**
 * What ended runs come to, in one file beside their journals, so that ten thousand of them need not be read. It only
 * repeats what they say: an entry holds for as long as the journal's file is as it was, and without the file, or with one
 * that is damaged or was written by another process meanwhile, journals are read again.
 */
export class RunIndex {
  readonly #file: string
  readonly #content: Content
  #fresh = 0
  #freshBytes = 0

  /** Reads the index of a folder that has these runs. Never throws: one that can't be used is empty. */
  static async open(folder: string, ids: string[]): Promise<RunIndex> {
    const file = join(folder, 'index.json')
    const content = await readIndex(file).catch(nothing)
    return new RunIndex(file, isOf(content.stamps, folder, ids) ? content : nothing())
  }

  private constructor(file: string, content: Content) {
    this.#file = file
    this.#content = content
  }

  /** Whether it knows what the journal of a run says. */
  has(id: string): boolean {
    return this.#content.stamps.has(id)
  }

  /** When a run that it has was at work last, in epoch milliseconds. */
  timeOf(id: string): number | undefined {
    return this.#content.stamps.get(id)?.[1]
  }

  /** What a run comes to; undefined where its journal must be read. */
  find(id: string): RunSummary | undefined {
    return this.has(id) ? this.#content.summaries().get(id) : undefined
  }

  /** What the journals that it has say of an account's restarts. */
  marksOf(account: string): RestartMarks {
    return entryOf(this.#content.marks, account, () => new RestartMarks())
  }

  /** Keeps what a journal says, if its run has ended and the journal is whole. */
  add(id: string, {run, marks, stamp}: ReadRun): void {
    if (!run || run.damage || !['done', 'interrupted', 'stopped'].includes(run.state)) return
    this.#content.summaries().set(id, summaryOf(run))
    this.#content.stamps.set(id, [stamp.size, stamp.mtimeMs, stamp.ino])
    this.marksOf(ownerOf(run.header)).add(marks)
    this.#fresh++
    this.#freshBytes += stamp.size
  }

  /** Writes it, where there is enough to add that the next one saves time. That it can't be written does no harm. */
  async save(): Promise<void> {
    if (this.#fresh < enoughRuns && this.#freshBytes < enoughBytes) return
    const marks = [...this.#content.marks].map(([account, {turnedOn, settled}]) => [
      account,
      [...turnedOn],
      [...settled],
    ])
    const summaries = [...this.#content.summaries()].filter(([id]) => this.has(id))
    // Apart, as not everybody who asks needs them all.
    const body = `${JSON.stringify({v: 2, stamps: [...this.#content.stamps], marks})}\n${JSON.stringify(summaries)}`
    this.#fresh = 0
    this.#freshBytes = 0
    await writePrivate(this.#file, `${crc32(body)}\n${body}`).catch(() => undefined)
  }
}

/** Whether stamps are of journals that are there. Takes out those of journals that were appended to since. */
function isOf(stamps: Map<string, Stamp>, folder: string, ids: string[]): boolean {
  let left = stamps.size
  for (const id of ids) {
    const stamp = stamps.get(id)
    if (!stamp) continue
    left--
    const [size, mtimeMs, ino] = stamp
    const now = lookAt(journalFile(folder, id))
    // What a journal said that is gone, or another now, can't be separated from what the others say.
    if (!now || now.size < size || now.ino !== ino) return false
    if (now.size !== size || now.mtimeMs !== mtimeMs) stamps.delete(id)
  }
  return left === 0
}

/** Ten thousand of these, one by one, take a fifth of the time that they take side by side. Undefined for what is not there. */
export function lookAt(file: string): Stats | undefined {
  try {
    return lstatSync(file)
  } catch {
    // Whoever reads it will tell why.
    return undefined
  }
}

const enoughRuns = 16
const enoughBytes = 4 * 1024 * 1024

interface Content {
  stamps: Map<string, Stamp>
  /** Of all runs that it has or had, by account. As journals are only appended to, what they said once they still say. */
  marks: Map<string, RestartMarks>
  /** Read when they are first asked for. */
  summaries(): Map<string, RunSummary>
}

function nothing(): Content {
  return {stamps: new Map(), marks: new Map(), summaries: once(() => new Map())}
}

async function readIndex(file: string): Promise<Content> {
  const handle = await openPlain(file)
  let bytes: Buffer
  try {
    // In one go: it has megabytes, and in pieces, as the other way reads, that takes many times as long.
    bytes = readFileSync(handle.fd)
  } finally {
    await handle.close()
  }
  const begin = bytes.indexOf(10) + 1
  const body = bytes.subarray(begin)
  if (String(crc32(body)) !== bytes.toString('latin1', 0, begin - 1)) return nothing()
  const end = body.indexOf(10)
  const value: unknown = JSON.parse(body.toString('utf8', 0, end))
  // The checksum holds: what is of this version is as we wrote it.
  if (!isRecord(value) || value.v !== 2) return nothing()
  const {stamps, marks} = value as {
    stamps: [string, Stamp][]
    marks: [string, [string, string][], [string, string][]][]
  }
  return {
    stamps: new Map(stamps),
    marks: new Map(marks.map(([account, turnedOn, settled]) => [account, new RestartMarks(turnedOn, settled)])),
    summaries: once(() => new Map(JSON.parse(body.toString('utf8', end + 1)))),
  }
}

/** Whose account the servers of a run are of; empty where that may be any, as IDs are of all accounts. */
export function ownerOf({account, assumes}: RunHeader): string {
  return assumes === undefined ? account : ''
}
