import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import type {Cloud} from '../../src/cloud/cloud.ts'
import type {VpcmdError} from '../../src/errors.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import {readRun} from '../../src/metadata/read-run.ts'
import {type RestartOptions, type RestartsEnding, type RestartWork, restartAll} from '../../src/metadata/restart.ts'
import {isBetween} from '../../src/metadata/runs.ts'
import type {SandboxOptions} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {mostAtOnce} from '../support/downtimes.ts'
import {changesOf, headerOf} from '../support/planned-change.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'
import {folderOfTest, untilTestEnds} from '../support/until-test-ends.ts'

allowSeconds(20, 'An hour of looks at a server, one after another, is gone through.')

const runId = '20261125-161502-3f9a'

interface Scene extends TestCloud {
  journal: JournalFile
  folder: string
  failures: VpcmdError[]
  work: RestartWork[]
  restart(work: RestartWork[], options?: Partial<RestartOptions>, cloud?: Cloud): Promise<RestartsEnding>
  /** The steps in the journal, in order: `0 stop`. */
  steps(): string[]
  status(i: number): string | undefined
}

/** Instances with the service on, a run's journal, and no long waits. */
async function setScene(sandboxOptions: SandboxOptions = {}): Promise<Scene> {
  const test = await startTestCloud(
    {transitionMs: 40, regions: ['us-south'], instances: 6, vpcs: 2, ...sandboxOptions},
    {timeoutMs: 300},
  )
  const {fleet} = test.sandbox
  for (const {id} of fleet.list()) await fleet.change(id, {status: 'running', metadata_service: {enabled: true}})
  const folder = folderOfTest()
  const changes = changesOf(test.sandbox, {enabled: true})
  const journal = await JournalFile.begin(folder, headerOf(runId, changes), changes)
  untilTestEnds({close: () => journal.close().catch(() => undefined)})
  const failures: VpcmdError[] = []
  return {
    ...test,
    journal,
    folder,
    failures,
    work: changes.map(({target}, i) => ({i, target})),
    restart: (work, options = {}, cloud = test.cloud) =>
      restartAll(cloud, work, {
        journal,
        maxUnavailable: () => 1,
        acceptsDataLoss: true,
        stepTimeoutMs: 5000,
        retryCommand: `vpcmd metadata resume ${runId}`,
        interrupted: new AbortController().signal,
        onProgress: () => undefined,
        onFailure: error => failures.push(error),
        now: Date.now,
        sleep: ms => wait(Math.min(ms, 10)),
        ...options,
      }),
    steps: () =>
      readFileSync(join(folder, `${runId}.jsonl`), 'utf8')
        .split('\n')
        .filter(line => line.includes('"t":"restart"'))
        .map(line => JSON.parse(line))
        .map(({i, step}) => `${i} ${step}`),
    status: i => fleet.get(changes[i]?.target.id ?? '')?.status,
  }
}

const resultsOf = ({restarted}: RestartsEnding) => [...restarted.values()].map(({result}) => result)
const posts = ({requests}: TestCloud) => requests.filter(({method}) => method === 'POST')
const actions = (scene: TestCloud) => posts(scene).filter(({path}) => path.endsWith('/actions'))

describe('what may be down at a time', () => {
  test.each([1, 2, 3])('is never more than %i of a VPC, and as many as may be', async max => {
    const scene = await setScene({instances: 12, vpcs: 3})
    const down: number[] = []
    const ending = await scene.restart(scene.work, {
      maxUnavailable: () => max,
      onProgress: progress => down.push(progress.down),
    })
    expect(Math.max(...down)).toBeLessThanOrEqual(3 * max)
    expect(down.at(-1)).toBe(0)
    expect(ending).toMatchObject({stop: undefined, error: undefined})
    expect(resultsOf(ending)).toEqual(Array(12).fill('done'))
    const downtimes = scene.sandbox.fleet.downtimes()
    expect(new Set(downtimes.map(({id}) => id)).size).toBe(12)
    expect(downtimes).toHaveLength(12)
    for (const vpc of new Set(downtimes.map(each => each.vpc))) {
      expect(mostAtOnce(downtimes.filter(each => each.vpc === vpc))).toBe(max)
    }
  })

  test('is told to the journal before it is sent, step by step', async () => {
    const scene = await setScene()
    await scene.restart(scene.work.slice(0, 1))
    expect(scene.steps()).toEqual(['0 stop', '0 stopped', '0 start', '0 running'])
  })
})

describe('an instance that is not ours to restart', () => {
  test('is left as it is where it has local disks by now, unless their loss is accepted', async () => {
    const scene = await setScene({instances: undefined, vpcs: undefined, regions: ['eu-de']})
    const work = scene.work.filter(({target}) => target.name === 'web-2')
    const [id] = work.map(({target}) => target.id)
    const {restarted} = await scene.restart(work, {acceptsDataLoss: false})
    expect(restarted.get(id ?? '')).toMatchObject({
      result: 'left_out',
      reason: expect.stringMatching(/^its local disks would be erased \(.*GB\), and --accept-data-loss was not given$/),
    })
    expect(actions(scene)).toEqual([])
    expect(resultsOf(await scene.restart(work))).toEqual(['done'])
  })

  test.each(['stopped', 'failed', 'starting', 'pending'])('is left as it is when it is %s', async status => {
    const scene = await setScene()
    await scene.sandbox.fleet.change(scene.work[0]?.target.id ?? '', {status})
    const ending = await scene.restart(scene.work.slice(0, 1))
    expect([...ending.restarted.values()]).toEqual([{result: 'left_out', reason: `it is ${status}, not running`}])
    expect(actions(scene)).toEqual([])
    expect(scene.steps()).toEqual([])
  })

  test('is left as it is when its service is off again, or it is gone', async () => {
    const scene = await setScene()
    const [off, gone] = scene.work.map(({target}) => target.id)
    await scene.sandbox.fleet.change(off ?? '', {metadata_service: {enabled: false}})
    await scene.sandbox.fleet.remove(gone ?? '')
    const ending = await scene.restart(scene.work.slice(0, 2))
    expect(ending.restarted.get(off ?? '')?.reason).toBe('its service is off')
    expect(ending.restarted.get(gone ?? '')?.reason).toBe('it is no longer there')
    expect(actions(scene)).toEqual([])
    expect(ending.stop).toBeUndefined()
  })

  test('stays stopped where somebody else stops it first', async () => {
    const scene = await setScene({transitionMs: 60_000})
    const id = scene.work[0]?.target.id ?? ''
    // Between the look and the stop.
    const write = scene.journal.write.bind(scene.journal)
    scene.journal.write = async line => {
      await scene.sandbox.fleet.change(id, {status: 'stopped'})
      return write(line)
    }
    const ending = await scene.restart(scene.work.slice(0, 1))
    expect(ending.restarted.get(id)).toEqual({result: 'left_out', reason: 'it is stopped, and not by vpcmd'})
    expect(scene.sandbox.fleet.get(id)?.status).toBe('stopped')
    expect(scene.steps()).toEqual(['0 stop', '0 left'])
  })
})

describe('a start that fails', () => {
  test.each(['failed', 'stopped'] as const)(
    'for want of capacity (%s) is told at once, and stops further stops',
    async ends => {
      const scene = await setScene({vpcs: 1})
      await scene.sandbox.fleet.failStarts(scene.work[1]?.target.id ?? '', 1, ends)
      const ending = await scene.restart(scene.work)
      expect(resultsOf(ending)).toEqual(['done', 'failed', 'skipped', 'skipped', 'skipped', 'skipped'])
      expect(ending.stop).toBe('failures')
      expect(scene.failures).toHaveLength(1)
      expect(scene.failures[0]).toMatchObject({
        code: 'start_failed',
        message: expect.stringMatching(/IS DOWN: .*capacity.*cannot_start_capacity/),
        hint: `Try to start it again: vpcmd metadata resume ${runId}`,
      })
      expect(scene.status(1)).toBe(ends)
      expect(actions(scene)).toHaveLength(4)
    },
  )

  test.each(['failed', 'stopped'] as const)('is made good by the next try, from %s', async ends => {
    const scene = await setScene()
    await scene.sandbox.fleet.failStarts(scene.work[0]?.target.id ?? '', 1, ends)
    await scene.restart(scene.work.slice(0, 1))
    const [recorded] = (await readRun(scene.folder, runId)).changes
    expect(recorded && isBetween(recorded)).toBe(true)
    expect(recorded?.restart).toMatchObject({step: 'failed', wasStopped: true})
    const again = await scene.restart([{...(scene.work[0] as RestartWork), begun: {wasStopped: true}}])
    expect(resultsOf(again)).toEqual(['done'])
    expect(scene.status(0)).toBe('running')
    expect(scene.steps().at(-1)).toBe('0 running')
  })

  test('leaves those that are down with it to come back', async () => {
    const scene = await setScene({vpcs: 1})
    await scene.sandbox.fleet.failStarts(scene.work[0]?.target.id ?? '')
    const ending = await scene.restart(scene.work, {maxUnavailable: () => 3})
    expect(resultsOf(ending).filter(result => result === 'failed')).toHaveLength(1)
    const wentDown = new Set(scene.sandbox.fleet.downtimes().map(({id}) => id))
    const running = scene.sandbox.fleet.list().filter(({status}) => status === 'running')
    expect(running).toHaveLength(5)
    expect([...ending.restarted].filter(([id, {result}]) => wentDown.has(id) !== (result !== 'skipped'))).toEqual([])
  })
})

describe('a step that takes too long', () => {
  test('names the step, and stops further stops', async () => {
    const scene = await setScene({transitionMs: 60_000, vpcs: 1})
    const ending = await scene.restart(scene.work.slice(0, 2), {stepTimeoutMs: 100})
    expect(resultsOf(ending)).toEqual(['failed', 'skipped'])
    expect(scene.failures[0]?.message).toMatch(/was asked to stop.*may go down yet: after 0.1 s it is stopping/)
    expect(scene.steps()).toEqual(['0 stop', '0 failed'])
    const [recorded] = (await readRun(scene.folder, runId)).changes
    expect(recorded && isBetween(recorded)).toBe(true)
  })
})

describe('an answer that is lost', () => {
  const path = /actions/
  test.each([
    ['cut', {kind: 'cut', method: 'POST', path, count: 3}],
    ['reset', {kind: 'reset', method: 'POST', path, count: 3}],
    ['hang', {kind: 'hang', method: 'POST', path, count: 2}],
    ['500', {kind: '500', method: 'POST', path, count: 3}],
    ['503', {kind: '503', method: 'POST', path, count: 3}],
    ['429', {kind: '429', method: 'POST', path, count: 3, retryAfter: '0'}],
    ['401', {kind: '401', method: 'POST', path, count: 1}],
  ] as const)('to a stop or start (%s) is looked after, and nothing is done twice', async (_, fault) => {
    const scene = await setScene()
    scene.sandbox.faults.push(fault)
    const ending = await scene.restart(scene.work)
    expect(resultsOf(ending)).toEqual(Array(6).fill('done'))
    expect(scene.sandbox.fleet.downtimes()).toHaveLength(6)
    expect(scene.sandbox.fleet.list().map(({status}) => status)).toEqual(Array(6).fill('running'))
    const accepted = actions(scene).filter(({status}) => status === 201)
    expect(accepted).toHaveLength(12)
  })

  test('to a look proves nothing', async () => {
    const scene = await setScene()
    scene.sandbox.faults.push({kind: '500', method: 'GET', path: /instances/, share: 0.3})
    expect(resultsOf(await scene.restart(scene.work))).toEqual(Array(6).fill('done'))
    expect(scene.sandbox.fleet.downtimes()).toHaveLength(6)
  })
})

test('a stop that is refused leaves the instance running, and is no restart', async () => {
  const scene = await setScene()
  scene.sandbox.faults.push({kind: '403', method: 'POST', path: /actions/})
  const ending = await scene.restart(scene.work.slice(0, 1))
  const [restarted] = ending.restarted.values()
  expect(restarted).toMatchObject({
    result: 'failed',
    error: {exitCode: 3, hint: expect.stringContaining('is.instance.instance.operate')},
  })
  expect(scene.steps()).toEqual(['0 stop', '0 left'])
  expect(scene.status(0)).toBe('running')
})

test('the first Ctrl-C stops nothing more, and brings back what is down', async () => {
  const scene = await setScene({vpcs: 1, transitionMs: 150})
  const interruption = new AbortController()
  const ending = scene.restart(scene.work, {interrupted: interruption.signal, maxUnavailable: () => 2})
  while (!scene.steps().includes('0 stopped')) await wait(5)
  interruption.abort()
  expect(await ending).toMatchObject({stop: 'interrupted'})
  expect(resultsOf(await ending).sort()).toEqual(['done', 'done', ...Array(4).fill('skipped')])
  expect(scene.sandbox.fleet.list().map(({status}) => status)).toEqual(Array(6).fill('running'))
  expect(new Set(scene.sandbox.fleet.downtimes().map(({id}) => id)).size).toBe(2)
})

test('a journal that fails while an instance is down does not keep it down', async () => {
  const scene = await setScene({vpcs: 1, transitionMs: 100})
  const ending = scene.restart(scene.work)
  while (!scene.steps().includes('0 stop')) await wait(5)
  await scene.journal.close()
  expect(await ending).toMatchObject({stop: 'journal', error: {code: 'journal_failed'}})
  expect(resultsOf(await ending)).toEqual(['done', ...Array(5).fill('skipped')])
  expect(scene.status(0)).toBe('running')
})

describe('what an earlier process has begun', () => {
  const begun = (scene: Scene, wasStopped: boolean): RestartWork[] =>
    scene.work.slice(0, 1).map(each => ({...each, begun: {wasStopped}}))

  test('is started where it is stopped', async () => {
    const scene = await setScene()
    await scene.sandbox.fleet.change(scene.work[0]?.target.id ?? '', {status: 'stopped'})
    expect(resultsOf(await scene.restart(begun(scene, false)))).toEqual(['done'])
    expect(scene.steps()).toEqual(['0 stopped', '0 start', '0 running'])
    expect(scene.status(0)).toBe('running')
  })

  test('is no restart where it only runs: it may have been rebooted, or never stopped', async () => {
    const scene = await setScene()
    const ending = await scene.restart(begun(scene, false))
    expect([...ending.restarted.values()]).toEqual([{result: 'left_out', reason: 'it runs, and was not seen stopped'}])
    expect(scene.steps()).toEqual(['0 left'])
    const [recorded] = (await readRun(scene.folder, runId)).changes
    expect(recorded && isBetween(recorded)).toBe(false)
  })

  test('is a restart where it was seen stopped, and runs', async () => {
    const scene = await setScene()
    expect(resultsOf(await scene.restart(begun(scene, true)))).toEqual(['done'])
    expect(actions(scene)).toEqual([])
  })

  test('comes back also after Ctrl-C, and before anything else is stopped', async () => {
    const scene = await setScene({vpcs: 1})
    await scene.sandbox.fleet.change(scene.work[0]?.target.id ?? '', {status: 'stopped'})
    const ending = await scene.restart([...begun(scene, true), ...scene.work.slice(1)], {
      interrupted: AbortSignal.abort(),
    })
    expect(resultsOf(ending)).toEqual(['done', ...Array(5).fill('skipped')])
    expect(scene.status(0)).toBe('running')
  })

  test('is nobody’s any more where it is gone', async () => {
    const scene = await setScene()
    await scene.sandbox.fleet.remove(scene.work[0]?.target.id ?? '')
    expect(resultsOf(await scene.restart(begun(scene, true)))).toEqual(['left_out'])
    expect(scene.steps()).toEqual(['0 left'])
  })
})

describe('another change that is under way at an instance', () => {
  const refusal = (status: number, code: string) => ({
    status,
    body: {errors: [{code, message: 'The instance is being updated by another request.'}]},
  })

  async function restartWith(refuse: (type: string, count: number) => {status: number; body: object} | undefined) {
    const scene = await setScene()
    const counts: Record<string, number> = {}
    const {cloud} = await scene.openBehind({
      answer: ({method, url, body}) => {
        if (method !== 'POST' || !url.pathname.endsWith('/actions')) return undefined
        const {type} = JSON.parse(body)
        counts[type] = (counts[type] ?? 0) + 1
        return refuse(type, counts[type])
      },
    })
    let time = Date.now()
    const sleep = async (ms: number) => {
      time += ms
      await wait(5)
    }
    const options = {stepTimeoutMs: 600_000, now: () => time, sleep}
    const {restarted} = await scene.restart(scene.work.slice(0, 1), options, cloud)
    return {restarted: [...restarted.values()][0], counts, failures: scene.failures}
  }

  test.each([
    ['a stop', 'stop', 409, 'instance_conflict'],
    ['a start', 'start', 409, 'instance_conflict'],
    ['a start, for its status,', 'start', 400, 'instance_invalid_state'],
  ])('is waited for by %s, and it comes back', async (_what, type, status, code) => {
    const {restarted, counts} = await restartWith((asked, count) =>
      asked === type && count <= 4 ? refusal(status, code) : undefined,
    )
    expect(restarted).toMatchObject({result: 'done'})
    expect(counts).toEqual({stop: 1, start: 1, [type]: 5})
  })

  test('that keeps a start from being taken for as long as a step may take leaves the instance down, and says so', async () => {
    const {restarted, failures} = await restartWith(type =>
      type === 'start' ? refusal(409, 'instance_conflict') : undefined,
    )
    expect(restarted).toMatchObject({result: 'failed', error: {message: expect.stringContaining('IS DOWN')}})
    expect(failures).toHaveLength(1)
  })

  test('that keeps a stop from being taken for two minutes leaves the instance as it is', async () => {
    const {restarted, counts} = await restartWith(() => refusal(409, 'instance_conflict'))
    expect(restarted).toMatchObject({result: 'failed', error: {status: 409}})
    expect(counts.start).toBeUndefined()
    expect(counts.stop).toBeGreaterThan(10)
  })
})
