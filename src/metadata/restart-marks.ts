import type {JournalLine} from './journal.ts'
import {wasTurnedOnRunning} from './outcomes.ts'
import type {PlannedChange} from './plan.ts'

/**
 * When instances were last turned on while they ran, and when they were last restarted or turned off, by ID: what journals
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

  take({target, before}: PlannedChange, line: JournalLine & {t: 'sent' | 'outcome' | 'restart'}): void {
    if (target.kind !== 'instance') return
    if (line.t === 'restart') {
      if (line.step === 'running') keepLatest(this.settled, target.id, line.at)
    } else if (line.t === 'outcome' && line.result === 'changed') {
      if (line.after?.enabled === false) keepLatest(this.settled, target.id, line.at)
      else if (wasTurnedOnRunning({...line, target, before})) keepLatest(this.turnedOn, target.id, line.at)
    }
  }

  add({turnedOn, settled}: RestartMarks): void {
    for (const [id, at] of turnedOn) keepLatest(this.turnedOn, id, at)
    for (const [id, at] of settled) keepLatest(this.settled, id, at)
  }

  /** Since when instances await a stop and start, in ISO 8601, by ID. */
  awaited(): Map<string, string> {
    return new Map([...this.turnedOn].filter(([id, at]) => at > (this.settled.get(id) ?? '')))
  }
}

function keepLatest(map: Map<string, string>, id: string, at: string): void {
  if (at > (map.get(id) ?? '')) map.set(id, at)
}
