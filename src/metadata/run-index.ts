import {join} from 'node:path'
import {crc32} from 'node:zlib'
import {writePrivate} from '../cloud/private-file.ts'
import {openPlain} from '../plain-file.ts'
import {isRecord} from './journal-lines.ts'
import type {JournalStamp} from './read-journal.ts'
import {RestartMarks} from './restart-marks.ts'
import type {ReadRun, RunSummary} from './runs.ts'
import {summaryOf} from './runs.ts'

type Entry = [size: number, mtimeMs: number, ino: number, summary: RunSummary]

/**
 * What ended runs come to, in one file beside their journals, so that ten thousand of them need not be read. It only
 * repeats what they say: an entry holds for as long as the journal's file is as it was, and without the file, or with one
 * that is damaged or was written by another process meanwhile, journals are read again.
 */
export class RunIndex {
  readonly #file: string
  readonly #entries: Map<string, Entry>
  /** Of all runs that it has or had, by account. As journals are only appended to, what they said once they still say. */
  readonly #marks: Map<string, RestartMarks>
  #fresh = 0
  #freshBytes = 0

  /** Reads the index of a folder that has these journals, by their runs. Never throws: one that can't be used is empty. */
  static async open(folder: string, stamps: Map<string, JournalStamp | undefined>): Promise<RunIndex> {
    const file = join(folder, 'index.json')
    let {entries, marks} = await readIndex(file).catch(nothing)
    for (const [id, [size, mtimeMs, ino]] of entries) {
      const stamp = stamps.get(id)
      if (stamp?.size === size && stamp.mtimeMs === mtimeMs && stamp.ino === ino) continue
      entries.delete(id)
      // One that is gone, or another, takes back what it said, and that can't be told from what the others say.
      if (!stamp || stamp.size < size || stamp.ino !== ino) {
        ;({entries, marks} = nothing())
        break
      }
    }
    return new RunIndex(file, entries, marks)
  }

  private constructor(file: string, entries: Map<string, Entry>, marks: Map<string, RestartMarks>) {
    this.#file = file
    this.#entries = entries
    this.#marks = marks
  }

  /** What a run comes to; undefined where its journal is to be read. */
  find(id: string): RunSummary | undefined {
    return this.#entries.get(id)?.[3]
  }

  /** Keeps what a journal says, if its run has ended and the journal is whole. */
  add(id: string, {run, marks, stamp}: ReadRun): void {
    if (!run || run.damage || !['done', 'interrupted', 'stopped'].includes(run.state)) return
    this.#entries.set(id, [stamp.size, stamp.mtimeMs, stamp.ino, summaryOf(run)])
    this.marksOf(run.header.account).add(marks)
    this.#fresh++
    this.#freshBytes += stamp.size
  }

  /** What the journals that it has say of an account's restarts. */
  marksOf(account: string): RestartMarks {
    const marks = this.#marks.get(account) ?? new RestartMarks()
    this.#marks.set(account, marks)
    return marks
  }

  /** Writes it, where there is enough to add that the next one saves time. That it can't be written does no harm. */
  async save(): Promise<void> {
    if (this.#fresh < enoughRuns && this.#freshBytes < enoughBytes) return
    const marks = [...this.#marks].map(([account, {turnedOn, settled}]) => [account, [...turnedOn], [...settled]])
    const body = JSON.stringify({v: 1, runs: [...this.#entries], marks})
    this.#fresh = 0
    this.#freshBytes = 0
    await writePrivate(this.#file, `${crc32(body)}\n${body}`).catch(() => undefined)
  }
}

const enoughRuns = 16
const enoughBytes = 4 * 1024 * 1024

interface Content {
  entries: Map<string, Entry>
  marks: Map<string, RestartMarks>
}

function nothing(): Content {
  return {entries: new Map(), marks: new Map()}
}

async function readIndex(file: string): Promise<Content> {
  const handle = await openPlain(file)
  const text = await handle.readFile('utf8').finally(() => handle.close())
  const end = text.indexOf('\n')
  const body = text.slice(end + 1)
  if (String(crc32(body)) !== text.slice(0, end)) return nothing()
  const value: unknown = JSON.parse(body)
  // The checksum is ours: what is of this version is as we wrote it.
  if (!isRecord(value) || value.v !== 1) return nothing()
  const {runs, marks} = value as {runs: [string, Entry][]; marks: [string, [string, string][], [string, string][]][]}
  return {
    entries: new Map(runs),
    marks: new Map(marks.map(([account, turnedOn, settled]) => [account, new RestartMarks(turnedOn, settled)])),
  }
}
