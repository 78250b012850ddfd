import type {Bend, FakeCloud} from './fake-cloud.ts'
import type {Asked} from './wire.ts'
import type {World} from './world.ts'

export type Mode = 'text' | 'json'

/** One promise about a run, checked by itself and counted as one case. */
export interface Case {
  odd: string
  hold: (seen: Seen) => string[]
}

/** One odd cloud, one command, and what must hold. It is run once for each mode, each on a cloud of its own. */
export interface Trial {
  kind: string
  odd: string
  /** The command; {dir} stands for a directory of its own. --json is added. */
  args: string[]
  bend: Bend
  /** Commands that are run before, on a cloud whose answers are honest. */
  before?: string[][]
  /** A command before all others of which each PATCH for alpha is refused with this status: a run to resume. */
  first?: {args: string[]; refuse: number}
  /** What happens to the cloud between these and the command. */
  turn?: (world: World, cloud: FakeCloud) => void
  modes?: Mode[]
  /** The exit code, or those of which it must be one. */
  code?: number | number[]
  /** IDs of the servers that may be sent a PATCH; none without. */
  mayChange?: string[]
  /** IDs of the instances that may be sent an action; none without. */
  mayAct?: string[]
  /** The accounts in which anything may be asked; that of the key without. */
  accounts?: string[]
  /** IDs of accounts that can't be read. */
  unread?: string[]
  /** What stdout and stderr, taken together, must say. */
  says?: (string | RegExp)[]
  /** What neither stdout nor stderr may say. */
  never?: (string | RegExp)[]
  hold?: (seen: Seen) => string[]
  /** Where many odd things are tried in one run: what must hold for each. They are counted in place of the run. */
  cases?: Case[]
  /** Files that the command reads, by name in {dir}. */
  files?: Record<string, string>
  env?: Record<string, string>
  /** How many requests the command may make at most; 300 without. */
  requests?: number
  /** Run in one mode only, text and JSON in turn: of a family whose other members are run in the other one. */
  oneMode?: boolean
  /** vpcmd may wait for as long as it is asked to: the run is ended after so long, and must have kept quiet till then. */
  endAfterMs?: number
  /** The trial mostly waits: many of the kind are run at a time. */
  waits?: boolean
}

/** What came of one command. */
export interface Run {
  args: string[]
  code: number | null
  /** Why it was ended before its end. */
  ended?: 'time' | 'flood'
  stdout: string
  stderr: string
  ms: number
}

/** What came of a trial in one mode: its last command, and what the cloud saw of it. */
export interface Seen {
  trial: Trial
  mode: Mode
  run: Run
  cloud: FakeCloud
  /** The requests of the last command. */
  asked: Asked[]
  /** The changes that the last command made in the cloud. */
  changes: FakeCloud['changes']
  /** The exit code of the same trial in the other mode, once it has run. */
  otherCode?: number | null
}
