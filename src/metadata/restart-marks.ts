import type {JournalLine} from './journal.ts'
import {wasTurnedOnRunning} from './outcomes.ts'
import type {PlannedChange} from './plan.ts'

/**
 * When instances were last turned on while they ran, and when they were last restarted or turned off, by account and ID: what journals
 * know of restarts that are awaited. Runs overlap, as one can be resumed after another began: the times tell which came
 * last, and so it does not matter in which order journals are read, or how often.
 */
export class RestartMarks {
  readonly turnedOn: Map<string, string>
  readonly settled: Map<string, string>

  constructor(turnedOn: Iterable<[string, string]> = [], settled: Iterable<[string, string]> = []) {
    this.turnedOn = new Map(turnedOn)
    this.settled = new Map(settled)
  }

  /** Takes a line of a run of `account`, which is empty where that is not known. */
  take(
    {target, before}: PlannedChange,
    line: JournalLine & {t: 'sent' | 'outcome' | 'restart'},
    account: string,
  ): void {
    if (target.kind !== 'instance') return
    const key = `${target.account ?? account}/${target.id}`
    if (line.t === 'restart') {
      if (line.step === 'running') keepLatest(this.settled, key, line.at)
    } else if (line.t === 'outcome' && line.result === 'changed') {
      if (line.after?.enabled === false) keepLatest(this.settled, key, line.at)
      else if (wasTurnedOnRunning({...line, target, before})) keepLatest(this.turnedOn, key, line.at)
    }
  }

  add({turnedOn, settled}: RestartMarks): void {
    for (const [key, at] of turnedOn) keepLatest(this.turnedOn, key, at)
    for (const [key, at] of settled) keepLatest(this.settled, key, at)
  }

  /** Since when instances await a stop and start, in ISO 8601, by `serverKey`: those of `own`, or of nobody knows which account, by their ID. */
  awaited(own: string): Map<string, string> {
    const [turnedOn, settled] = [asSeenBy(own, this.turnedOn), asSeenBy(own, this.settled)]
    return new Map([...turnedOn].filter(([key, at]) => at > (settled.get(key) ?? '')))
  }
}

function asSeenBy(own: string, marks: ReadonlyMap<string, string>): Map<string, string> {
  const seen = new Map<string, string>()
  for (const [key, at] of marks) {
    const end = key.lastIndexOf('/')
    const isOwn = end === 0 || key.slice(0, end) === own
    keepLatest(seen, isOwn ? key.slice(end + 1) : key, at)
  }
  return seen
}

function keepLatest(map: Map<string, string>, id: string, at: string): void {
  if (at > (map.get(id) ?? '')) map.set(id, at)
}
