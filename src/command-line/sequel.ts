import type {VpcmdError} from '../errors.ts'
import type {Journal} from '../metadata/journal.ts'
import type {RolloutResult, Work} from '../metadata/rollout.ts'

/** A run whose journal is open. */
export interface RunUnderWay {
  id: string
  journal: Journal
  interrupted: AbortSignal
}

/** What else belongs to a run than its changes, such as restarts. */
export interface Sequel {
  before(run: RunUnderWay): Promise<void>
  after(run: RunUnderWay, work: Work[], made: RolloutResult): Promise<void>
  /** Why it ended before it was through, if it did. */
  stop(): RolloutResult['stop']
  /** What is wrong with the journal, where that is why. */
  error(): VpcmdError | undefined
  /** Whether it leaves what the run has to be resumed for. */
  leavesWork(): boolean
  /** What the summary says of it, a line each. */
  summary(id: string): string[]
}
