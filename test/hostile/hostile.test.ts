import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {fieldsTrials} from './cases/fields.ts'
import {settingsTrials} from './cases/settings.ts'
import {type Outcome, runTrial} from './run-trial.ts'
import type {Trial} from './trial.ts'

// HOSTILE_ONLY=TEXT runs only the trials whose kind or oddity has this text in it.
const only = process.env.HOSTILE_ONLY ?? ''
const trials: Trial[] = [...settingsTrials, ...fieldsTrials].filter(trial =>
  `${trial.kind}: ${trial.odd}`.includes(only),
)

const busyAtATime = 3
const waitingAtATime = 12
const runs = new Map<Trial, Promise<Outcome[]>>()
const outcomes: Outcome[] = []

/** Runs trials side by side, so many at a time, in their order. */
function runSideBySide(chosen: Trial[], atATime: number): void {
  const lanes = Array.from({length: atATime}, () => Promise.resolve())
  for (const [index, trial] of chosen.entries()) {
    const lane = index % atATime
    const run = (lanes[lane] ?? Promise.resolve()).then(() => runTrial(trial))
    lanes[lane] = run.then(
      () => undefined,
      () => undefined,
    )
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
  const lines = broken.map(({kind, odd, args, failures}) => `- ${kind}: ${odd} (${args})\n    ${failures.join('\n    ')}`)
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
