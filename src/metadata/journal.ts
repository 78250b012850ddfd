import type {Settled} from './outcomes.ts'
import type {PlannedChange} from './plan.ts'

/** What a run says of itself before it changes anything. */
export interface RunHeader {
  /** Sorts by time: `20261125-161502-3f9a`. */
  id: string
  /** `enable`, `disable`, `apply` or `undo`. */
  command: string
  account: string
  iamId: string
  /** vpcmd's version. */
  vpcmd: string
  /** ISO 8601. */
  startedAt: string
  /** How the servers were chosen, in words. */
  selection: string
  /** How many changes it means to make. */
  count: number
  /** The run whose changes this one takes back. */
  undoes?: string
  /** What could not be read while the servers were chosen, in words: nothing of that is in the run. */
  unread?: string[]
}

/**
 * The steps of a restart: `stop` and `start` are written before they are sent, `stopped`, `running` and `failed` once
 * they are seen. `left`: nothing is to be finished, as the instance was not stopped by this run, or is gone.
 */
export type RestartStep = 'stop' | 'stopped' | 'start' | 'running' | 'failed' | 'left'

/** One line of a journal. `i` is the change's place in the run; times are ISO 8601. */
export type JournalLine =
  | ({t: 'run'; v: 1} & RunHeader)
  | ({t: 'change'; i: number} & PlannedChange)
  | {t: 'begin'; at: string}
  | {t: 'sent'; i: number; at: string}
  | ({t: 'outcome'; i: number; at: string; error?: object} & Omit<Settled, 'error'>)
  | {t: 'restart'; i: number; at: string; step: RestartStep; error?: object}
  | {t: 'resumed'; at: string}
  | {t: 'end'; at: string; reason: 'done' | 'interrupted' | 'stopped'}

/** Where a run keeps what it is about to send and what came of it. */
export interface Journal {
  /** Resolves when the line is kept. Rejects with VpcmdError when it can't be kept; so does every later one. */
  write(line: JournalLine): Promise<void>
  /**
   * Whether another run is at work, or was since the servers were read, as far as this machine and what it shares can tell:
   * what was read may no longer hold.
   */
  hasCompany(): Promise<boolean>
}

/** An ID for a run that begins at `now` (epoch milliseconds), so that IDs sort by time; `random` (0 to 1) keeps two of a millisecond apart. */
export function newRunId(now: number, random: number): string {
  const [date, time] = new Date(now).toISOString().slice(0, 19).split('T')
  const tail = Math.floor((((now % 1000) + random) / 1000) * 0x10000)
    .toString(16)
    .padStart(4, '0')
  return `${date?.replaceAll('-', '')}-${time?.replaceAll(':', '')}-${tail}`
}
