import {createHash} from 'node:crypto'
import pLimit from 'p-limit'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {accountTrials} from './cases/accounts.ts'
import {auditTrials} from './cases/audits.ts'
import {betweenTrials} from './cases/between.ts'
import {bodyTrials} from './cases/bodies.ts'
import {errorTrials} from './cases/errors.ts'
import {fieldsTrials} from './cases/fields.ts'
import {honestTrials} from './cases/honest.ts'
import {iamTrials} from './cases/iam.ts'
import {identityTrials} from './cases/identity.ts'
import {pagingTrials} from './cases/paging.ts'
import {patchTrials} from './cases/patches.ts'
import {regionTrials} from './cases/regions.ts'
import {restartTrials} from './cases/restarts.ts'
import {settingsTrials} from './cases/settings.ts'
import {tagTrials} from './cases/tags.ts'
import {wordAndFilterTrials} from './cases/words.ts'
import {type Outcome, runTrial} from './run-trial.ts'
import type {Mode, Trial} from './trial.ts'

/**
 * What no answer of IBM Cloud may bring vpcmd to: each trial is one odd cloud, in the form of fake-cloud.ts, and one
 * command, run as a process of its own; oracles.ts says what must hold of every run, and the trial what besides.
 */
const every: Trial[] = [
  ...honestTrials,
  ...settingsTrials,
  ...fieldsTrials,
  ...identityTrials,
  ...patchTrials,
  ...pagingTrials,
  ...regionTrials,
  ...iamTrials,
  ...bodyTrials,
  ...errorTrials,
  ...auditTrials,
  ...wordAndFilterTrials,
  ...restartTrials,
  ...accountTrials,
  ...tagTrials,
  ...betweenTrials,
]
// HOSTILE_ONLY=REGEXP runs only the trials whose kind and oddity it matches. So that all end within minutes, each is run
// in text or JSON, and of large families a quarter is run, always the same; HOSTILE=all runs all, in both where it counts.
const only = new RegExp(process.env.HOSTILE_ONLY ?? '')
const all = process.env.HOSTILE === 'all'
const trials = every.filter(
  trial => only.test(`${trial.kind}: ${trial.odd}`) && (all || !trial.oneMode || hashOf(trial) % 4 === 0),
)

const busyAtATime = 3
const waitingAtATime = 12
const runs = new Map<Trial, Promise<Outcome[]>>()
const outcomes: Outcome[] = []

/** A number from 0 to 255 that is the same for the same trial. */
function hashOf(trial: Trial): number {
  const [first = 0] = createHash('sha256')
    .update(`${trial.odd} ${trial.args.join(' ')}`)
    .digest()
  return first
}

/** In which modes a trial is run: where not all are, text for half of them and JSON for the others. */
function modesOf(trial: Trial): Mode[] {
  const both: Mode[] = ['text', 'json']
  const inBoth = !trial.oneMode && (all || trial.cases !== undefined)
  return trial.modes ?? (inBoth ? both : [hashOf(trial) % 8 < 4 ? 'text' : 'json'])
}

/** Runs trials side by side, so many at a time. */
function runSideBySide(chosen: Trial[], atATime: number): void {
  const limit = pLimit(atATime)
  for (const trial of chosen) {
    const run = limit(() => runTrial({...trial, modes: modesOf(trial)}))
    // Its test awaits it, maybe long after it has failed.
    run.catch(() => undefined)
    runs.set(trial, run)
  }
}

beforeAll(() => {
  runSideBySide(
    trials.filter(trial => trial.waits),
    waitingAtATime,
  )
  runSideBySide(
    trials.filter(trial => !trial.waits),
    busyAtATime,
  )
})

afterAll(() => {
  const broken = outcomes.filter(({failures}) => failures.length > 0)
  const short = (value: string, most: number) => (value.length > most ? `${value.slice(0, most)}…` : value)
  const lines = broken.map(
    ({kind, odd, args, failures}) =>
      `- ${kind}: ${odd} (${short(args, 100)})\n    ${failures.map(failure => short(failure, 800)).join('\n    ')}`,
  )
  console.log([...lines, `${outcomes.length} cases, ${outcomes.length - broken.length} held`].join('\n'))
})

describe('a hostile cloud', () => {
  it.for(trials.map(trial => ({trial, name: `${trial.kind}: ${trial.odd}`})))(
    '$name',
    {timeout: 600_000},
    async ({trial}) => {
      const found = (await runs.get(trial)) ?? []
      outcomes.push(...found)
      expect(found.filter(({failures}) => failures.length > 0).map(({odd}) => odd)).toEqual([])
    },
  )
})
