import {spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {expect, it} from 'vitest'
import type {JournalLine} from '../../src/metadata/journal.ts'
import {type InstanceSummary, type Sandbox, type SeenRequest, startSandbox} from '../../src/sandbox/index.ts'
import {seeded} from '../support/fake-clock.ts'
import {freshEnvironment, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

const seed = Number(process.env.VPCMD_TEST_SEED ?? Date.now() % 1_000_000)
const leastKills = 20
const wanted = {enabled: true, protocol: 'https', response_hop_limit: 2}

/** What reached the cloud, told apart by whether it changed anything. */
class Watch {
  readonly effective = new Map<string, number>()
  readonly idle: string[] = []
  /** Called with each request of the VPC API to a single instance. */
  onRequest: () => void = () => undefined
  readonly #etags = new Map<string, string>()
  #sandbox: Sandbox | undefined

  begin(sandbox: Sandbox): void {
    this.#sandbox = sandbox
    this.effective.clear()
    for (const {id, etag} of sandbox.fleet.list()) this.#etags.set(id, etag)
  }

  readonly see = ({method, path, status}: SeenRequest): void => {
    const id = /\/instances\/([^/?]+)/.exec(path)?.[1]
    if (id === undefined) return
    if (method === 'PATCH' && status === 200) {
      const etag = this.#sandbox?.fleet.get(id)?.etag ?? ''
      if (etag === this.#etags.get(id)) this.idle.push(id)
      else this.effective.set(id, (this.effective.get(id) ?? 0) + 1)
      this.#etags.set(id, etag)
    }
    this.onRequest()
  }
}

const settingsOf = (instances: InstanceSummary[]) =>
  new Map(instances.map(({id, metadata_service: settings}) => [id, settings]))
const isWanted = ({metadata_service: settings}: InstanceSummary) =>
  settings.enabled && settings.protocol === 'https' && settings.response_hop_limit === 2

function journalOf(env: Record<string, string>): JournalLine[] {
  const folder = join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
  const name = readdirSync(folder).find(each => each.endsWith('.jsonl'))
  if (name === undefined) return []
  return readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        return [JSON.parse(line) as JournalLine]
      } catch {
        return []
      }
    })
}

/** Whether the last process at the run had begun it, or gone on with it, and not ended it. */
function wasLive(lines: JournalLine[], lives: number): boolean {
  const begun = lines.filter(({t}) => t === 'begin' || t === 'resumed').length
  const last = lines.findLast(({t}) => t === 'begin' || t === 'resumed' || t === 'end')
  return begun === lives && last?.t !== 'end'
}

it(`a rollout of 500 that is killed at random points is finished by resume (seed ${seed})`, {
  timeout: 180_000,
}, async () => {
  const random = seeded(seed)
  const watch = new Watch()
  const sandbox = await startSandbox({
    instances: 500,
    vpcs: 8,
    regions: ['us-south', 'eu-de', 'jp-tok', 'br-sao'],
    latencyMs: 25,
    onRequest: watch.see,
  })
  const figures = {rounds: 0, kills: 0, missed: 0, changes: 0, doubled: 0, unasked: 0, idle: 0}
  try {
    while (figures.kills < leastKills) {
      figures.rounds++
      const env = freshEnvironment(sandbox.environment)
      watch.begin(sandbox)
      const atStart = sandbox.fleet.list()
      const needed = atStart.filter(instance => !isWanted(instance)).map(({id}) => id)
      const enable = 'metadata enable --all --protocol https --hop-limit 2 --yes --json'.split(' ')
      const resume = 'metadata resume --yes --json'.split(' ')
      let lives = 0
      for (let args = enable; ; args = resume) {
        const child = spawn(process.execPath, [vpcmdPath, ...args], {env, stdio: 'ignore'})
        const exit = new Promise<NodeJS.Signals | number | null>(resolve =>
          child.on('close', (code, signal) => resolve(signal ?? code)),
        )
        // After so many requests, and then some time, so that it hits everything in between too.
        let left = 1 + Math.floor(random() * 300)
        const afterMs = random() * 25
        watch.onRequest = () => {
          if (--left === 0 && figures.kills < leastKills) void sleep(afterMs).then(() => child.kill('SIGKILL'))
        }
        const ended = await exit
        watch.onRequest = () => undefined
        // What is still under way in the cloud comes to its end.
        await sleep(60)
        lives++
        if (ended === 'SIGKILL') {
          if (wasLive(journalOf(env), lives)) figures.kills++
          else {
            figures.missed++
            lives = journalOf(env).filter(({t}) => t === 'begin' || t === 'resumed').length
          }
          continue
        }
        // Nothing is left where it was killed after its last outcome.
        expect([0, 4]).toContain(ended)
        break
      }

      expect(sandbox.fleet.list().filter(instance => !isWanted(instance))).toEqual([])
      const doubled = [...watch.effective].filter(([, times]) => times > 1)
      const unasked = [...watch.effective.keys()].filter(id => !needed.includes(id))
      expect({doubled, unasked, idle: watch.idle}).toEqual({doubled: [], unasked: [], idle: []})
      expect([...watch.effective.keys()].sort()).toEqual([...needed].sort())
      figures.changes += watch.effective.size
      figures.doubled += doubled.length
      figures.unasked += unasked.length
      figures.idle += watch.idle.length

      const history = JSON.parse((await runVpcmd(['metadata', 'history', '--json'], {env})).stdout)
      expect(history).toEqual([
        expect.objectContaining({
          command: 'enable',
          state: 'done',
          counts: {changed: needed.length, unchanged: 0, conflict: 0, failed: 0, skipped: 0},
        }),
      ])
      const run = JSON.parse((await runVpcmd(['metadata', 'history', history[0].id, '--json'], {env})).stdout)
      const before = settingsOf(atStart)
      expect(run.changes).toHaveLength(needed.length)
      for (const change of run.changes) {
        expect(change).toMatchObject({
          result: 'changed',
          indeterminate: false,
          before: before.get(change.id),
          after: wanted,
        })
      }

      const undone = await runVpcmd(['metadata', 'undo', '--yes', '--json'], {env})
      expect(undone.code).toBe(0)
      expect(JSON.parse(undone.stdout).changed).toHaveLength(needed.length)
      expect(settingsOf(sandbox.fleet.list())).toEqual(before)
      expect(watch.idle).toEqual([])
    }
  } finally {
    await sandbox.close()
    console.log(`kill and resume, seed ${seed}: ${JSON.stringify(figures)}`)
  }
  expect(figures.kills).toBeGreaterThanOrEqual(leastKills)
})
