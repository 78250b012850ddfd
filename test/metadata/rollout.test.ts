import {setTimeout as sleep} from 'node:timers/promises'
import {describe, expect, it} from 'vitest'
import type {Cloud} from '../../src/cloud/cloud.ts'
import {VpcmdError} from '../../src/errors.ts'
import {newRunId} from '../../src/metadata/journal.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import type {Settled} from '../../src/metadata/outcomes.ts'
import type {PlannedChange} from '../../src/metadata/plan.ts'
import {readRun} from '../../src/metadata/read-run.ts'
import {type RolloutOptions, rollOut} from '../../src/metadata/rollout.ts'
import type {SandboxOptions} from '../../src/sandbox/index.ts'
import {changesOf, headerOf} from '../support/planned-change.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

const set = {enabled: true, protocol: 'https', response_hop_limit: 9}

let test: TestCloud

async function prepare(instances: number, options: SandboxOptions = {}): Promise<PlannedChange[]> {
  test = await startTestCloud({instances, regions: ['us-south', 'eu-de'], ...options})
  return changesOf(test.sandbox, set)
}

async function rollOutAll(changes: PlannedChange[], more: Partial<RolloutOptions> & {cloud?: Cloud} = {}) {
  const {cloud = test.cloud, ...options} = more
  const id = newRunId(Date.now(), 0)
  const folder = folderOfTest()
  const journal = await JournalFile.begin(folder, headerOf(id, changes), changes)
  const work = changes.map((change, i) => ({i, change, indeterminate: false}))
  const run = await rollOut(cloud, work, {
    journal,
    freshForMs: 60_000,
    interrupted: new AbortController().signal,
    onProgress: () => undefined,
    now: Date.now,
    sleep: async () => undefined,
    ...options,
  })
  await journal.close()
  return {...run, recorded: (await readRun(folder, id)).changes}
}

const results = (settled: {result?: Settled['result']}[]) => settled.map(({result}) => result)
const patched = () => test.requests.filter(({method}) => method === 'PATCH').map(({path}) => path.split('/').at(-1))
const isSet = (id: string) => test.sandbox.fleet.get(id)?.metadata_service.response_hop_limit === 9

describe('a rollout', () => {
  it('makes each change once, and gives them in their order, in the journal too', async () => {
    const changes = await prepare(150)
    const settled: number[] = []
    const run = await rollOutAll(changes, {onProgress: ({done}) => settled.push(done)})
    expect(run).toMatchObject({stop: undefined, error: undefined})
    expect(results(run.settled)).toEqual(changes.map(() => 'changed'))
    expect(results(run.recorded)).toEqual(changes.map(() => 'changed'))
    expect(patched().sort()).toEqual(changes.map(({target}) => target.id).sort())
    expect(settled).toEqual(changes.map((_, index) => index + 1))
    for (const {after} of run.recorded) expect(after).toEqual(set)
  })

  it('looks at what was read too long ago, whatever the clock of the plan said', async () => {
    const changes = await prepare(4)
    const old = [
      {readAt: Date.now() - 61_000},
      {readAt: Date.now() + 3_600_000},
      {etag: test.sandbox.fleet.list()[2]?.etag},
      {readAt: 0, etag: test.sandbox.fleet.list()[3]?.etag},
    ]
    const run = await rollOutAll(changes.map((change, index) => ({...change, ...old[index]})))
    expect(results(run.settled)).toEqual(changes.map(() => 'changed'))
    const looked = test.requests.filter(({method, path}) => method === 'GET' && path.includes('/instances/'))
    expect(looked.map(({path}) => path.split('/').at(-1)).sort()).toEqual(
      [0, 1, 3].map(index => changes[index]?.target.id).sort(),
    )
  })

  it.each([
    ['none of more than 50 that were just read', 60, false, 0],
    ['a few though they were just read', 20, false, 20],
    ['all while another run is at work', 60, true, 60],
  ])('looks at %s', async (_, count, hasCompany, looks) => {
    const changes = await prepare(count)
    const run = await rollOutAll(changes, {
      journal: {write: async () => undefined, hasCompany: async () => hasCompany},
    })
    expect(results(run.settled)).toEqual(changes.map(() => 'changed'))
    expect(test.requests.filter(({method, path}) => method === 'GET' && path.includes('/instances/'))).toHaveLength(
      looks,
    )
  })

  it('settles each on its own, and keeps the failures in the journal', async () => {
    const changes = await prepare(20)
    const gone = changes[3]?.target.id ?? ''
    await test.sandbox.fleet.remove(gone)
    const run = await rollOutAll([
      ...changes,
      {...(changes[0] as PlannedChange), target: {...(changes[0] as PlannedChange).target, id: 'x', region: 'mars'}},
    ])
    const expected = [...changes.map(({target}) => (target.id === gone ? 'failed' : 'changed')), 'failed']
    expect(results(run.settled)).toEqual(expected)
    expect(results(run.recorded)).toEqual(expected)
    expect(run.recorded[3]?.error?.code).toBe('not_found')
    expect(run.recorded.at(-1)?.error?.message).toMatch(/mars/)
    expect(run.stop).toBeUndefined()
  })

  it('is not brought down by one that fails in a way nobody thought of', async () => {
    const changes = await prepare(10)
    const odd = changes[4]?.target.id
    const cloud: Cloud = {
      ...test.cloud,
      api: (region, manner) => {
        const api = test.cloud.api(region, manner)
        return {
          ...api,
          updateInstance: async params => {
            const answer = await api.updateInstance(params)
            if (params.id === odd) throw new TypeError('cannot read properties of undefined')
            return answer
          },
        }
      },
    }
    const run = await rollOutAll(changes, {cloud})
    expect(results(run.settled)).toEqual(changes.map((_, index) => (index === 4 ? 'failed' : 'changed')))
    expect(run.recorded[4]).toMatchObject({result: 'failed', indeterminate: true, error: {code: 'unexpected'}})
  })

  it('sends as many at once as --concurrency lets it, beyond the usual', async () => {
    const changes = await prepare(300, {regions: ['us-south'], latencyMs: 40})
    const cloud = await test.open({concurrency: 150})
    let underWay = 0
    let most = 0
    const counting: Cloud = {
      ...cloud,
      api: (region, manner) => {
        const api = cloud.api(region, manner)
        return {
          ...api,
          updateInstance: async params => {
            most = Math.max(most, ++underWay)
            return api.updateInstance(params).finally(() => underWay--)
          },
        }
      },
    }
    await rollOutAll(changes, {cloud: counting, concurrency: 150})
    expect(most).toBeGreaterThan(64)
    expect(most).toBeLessThanOrEqual(150)
  })
})

describe('a rollout that goes wrong', () => {
  it.each([0, 3])('stops when more than %i have failed', async maxFailures => {
    const changes = await prepare(300, {latencyMs: 5})
    test.sandbox.faults.push({kind: '403', method: 'PATCH'})
    const {settled, stop, recorded} = await rollOutAll(changes, {maxFailures})
    expect(stop).toBe('failures')
    const failed = settled.filter(({result}) => result === 'failed')
    const skipped = settled.filter(({result}) => result === 'skipped')
    expect(failed.length).toBeGreaterThan(maxFailures)
    expect(failed.length + skipped.length).toBe(300)
    // What was under way in both regions is all that came after.
    expect(patched().length).toBe(failed.length)
    expect(failed.length).toBeLessThan(150)
    expect(skipped[0]?.error?.code).toBe('too_many_failures')
    expect(results(recorded).filter(result => result === 'failed')).toHaveLength(failed.length)
  })

  it('goes on while no more than that have failed', async () => {
    const changes = await prepare(60)
    test.sandbox.faults.push({kind: '403', method: 'PATCH', count: 3})
    const {settled, stop} = await rollOutAll(changes, {maxFailures: 3})
    expect(stop).toBeUndefined()
    expect(settled.filter(({result}) => result === 'changed')).toHaveLength(57)
  })

  it('because its journal can’t be written sends nothing more, and says what is wrong', async () => {
    const changes = await prepare(200, {latencyMs: 5})
    let lines = 0
    const {settled, stop, error} = await rollOutAll(changes, {
      // As when the disk is full from here on.
      journal: {
        write: async () => {
          if (++lines > 60) throw new VpcmdError({code: 'journal_failed', message: "It can't be written."})
        },
        hasCompany: async () => false,
      },
    })
    expect(stop).toBe('journal')
    expect(error?.message).toMatch(/can't be written/)
    const changed = settled.filter(({result}) => result === 'changed')
    expect(settled.filter(({result}) => result === 'skipped')).toHaveLength(200 - changed.length)
    expect(changed.length).toBeLessThan(200)
    expect(patched()).toHaveLength(changed.length)
  })
})

describe('an interruption', () => {
  it('sends nothing new, awaits what is under way, and records all of it', async () => {
    const changes = await prepare(300, {latencyMs: 20})
    const interruption = new AbortController()
    const {settled, stop, recorded} = await rollOutAll(changes, {
      interrupted: interruption.signal,
      onProgress: ({done}) => done === 40 && interruption.abort(),
    })
    expect(stop).toBe('interrupted')
    const really = changes.filter(({target}) => isSet(target.id) && patched().includes(target.id))
    const changed = settled.flatMap(({result}, index) => (result === 'changed' ? [changes[index]] : []))
    expect(changed).toEqual(really)
    expect(new Set(results(settled))).toEqual(new Set(['changed', 'skipped']))
    expect(results(recorded).filter(result => result === 'changed')).toHaveLength(changed.length)
    expect(recorded.some(({indeterminate}) => indeterminate)).toBe(false)
    expect(settled.find(({result}) => result === 'skipped')?.error?.code).toBe('interrupted')
  })

  it('that comes before anything sends nothing at all', async () => {
    const changes = await prepare(20)
    const {settled} = await rollOutAll(changes, {interrupted: AbortSignal.abort()})
    expect(results(settled)).toEqual(changes.map(() => 'skipped'))
    expect(patched()).toEqual([])
  })

  it('ends a long pause between two tries at once', async () => {
    const changes = await prepare(4)
    test.sandbox.faults.push({kind: '500', method: 'PATCH'})
    const interruption = new AbortController()
    const {settled} = await rollOutAll(changes, {
      interrupted: interruption.signal,
      sleep: (_ms, signal) => {
        interruption.abort()
        return sleep(3_600_000, undefined, {signal, ref: false})
      },
    })
    expect(results(settled)).not.toContain('changed')
    expect(settled.some(({indeterminate}) => indeterminate)).toBe(true)
  })
})

describe('canaries', () => {
  it('are the first ones, are read back, and the others go on when all are right', async () => {
    const changes = await prepare(30)
    const seen: Settled[][] = []
    const {settled, stop} = await rollOutAll(changes, {
      canary: {
        size: 3,
        mayGoOn: async (canaries, areRight) => {
          seen.push(canaries)
          expect(patched().sort()).toEqual(
            changes
              .slice(0, 3)
              .map(({target}) => target.id)
              .sort(),
          )
          expect(test.requests.slice(-3).map(({method}) => method)).toEqual(['GET', 'GET', 'GET'])
          return areRight
        },
      },
    })
    expect(seen).toEqual([[1, 2, 3].map(() => expect.objectContaining({result: 'changed', after: set}))])
    expect(stop).toBeUndefined()
    expect(results(settled)).toEqual(changes.map(() => 'changed'))
  })

  it('that are not as asked when read back have failed, in the journal too, and end it', async () => {
    const changes = await prepare(30)
    const second = changes[1]?.target.id ?? ''
    const {settled, stop, recorded} = await rollOutAll(changes, {
      onProgress: async ({done}) => {
        if (done === 3) await test.sandbox.fleet.change(second, {metadata_service: {enabled: false}})
      },
      canary: {size: 3, mayGoOn: async (_, areRight) => areRight},
    })
    expect(stop).toBe('canary')
    expect(results(settled).slice(0, 4)).toEqual(['changed', 'failed', 'changed', 'skipped'])
    expect(patched()).toHaveLength(3)
    expect(recorded[1]).toMatchObject({result: 'failed', error: {code: 'not_applied'}, after: {enabled: false}})
    expect(settled[3]?.error?.code).toBe('canary_stopped')
  })

  it('are not asked about once the rollout has ended', async () => {
    const changes = await prepare(30)
    const interruption = new AbortController()
    let asked = 0
    const {stop, settled} = await rollOutAll(changes, {
      interrupted: interruption.signal,
      onProgress: ({done}) => {
        // While the canaries are read back.
        if (done === 3) setImmediate(() => setImmediate(() => interruption.abort()))
      },
      canary: {
        size: 3,
        mayGoOn: async () => {
          asked++
          return !interruption.signal.aborted
        },
      },
    })
    expect({stop, asked}).toEqual({stop: 'interrupted', asked: 0})
    expect(results(settled).slice(0, 4)).toEqual(['changed', 'changed', 'changed', 'skipped'])
  })
})

it('gives an error of the API as an outcome only', async () => {
  const changes = await prepare(2)
  test.sandbox.faults.push({kind: '403', method: 'PATCH'})
  const {settled} = await rollOutAll(changes)
  for (const {error} of settled) expect(error).toBeInstanceOf(VpcmdError)
})
