import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as wait} from 'node:timers/promises'
import {expect, it, vi} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {mostAtOnce, restartsIn} from '../support/downtimes.ts'
import {seeded} from '../support/fake-clock.ts'
import {freshEnvironment, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

const seed = Number(process.env.VPCMD_TEST_SEED ?? Date.now() % 1_000_000)
const rounds = 6

/** Kills a rollout with restarts at a random action or look, `afterRequests` requests after it began. */
it(`is told to restart, killed, and forgets no instance that it stopped (seed ${seed})`, {
  timeout: 300_000,
}, async () => {
  const random = seeded(seed)
  let killed = 0
  for (let round = 0; round < rounds; round++) {
    let left = Math.floor(5 + random() * 40)
    let kill = () => {}
    const sandbox = await startSandbox({
      regions: ['us-south'],
      instances: 6,
      vpcs: 2,
      transitionMs: 150,
      onRequest: ({path}) => {
        if (path.includes('/instances/') && --left === 0) kill()
      },
    })
    try {
      const {fleet} = sandbox
      for (const {id} of fleet.list()) {
        await fleet.change(id, {status: 'running', metadata_service: {enabled: false}})
      }
      const env = freshEnvironment(sandbox.environment)
      const args = ['metadata', 'enable', '--all', '--yes', '--restart', '--accept-downtime']
      const child = spawn(process.execPath, [vpcmdPath, ...args], {env, stdio: 'ignore'})
      kill = () => child.kill('SIGKILL')
      const [, signal] = await once(child, 'close')
      if (signal === 'SIGKILL') killed++
      // What is on its way arrives while nobody looks.
      await wait(300)
      const stopped = new Set(fleet.downtimes().map(({id}) => id))

      // Exit 4 where it was killed before it began anything.
      const resumed = await runVpcmd(['metadata', 'resume'], {env})
      expect([0, 4], resumed.stderr).toContain(resumed.code)
      expect(fleet.list().map(({status}) => status)).toEqual(Array(6).fill('running'))
      expect(new Set(fleet.downtimes().map(({id}) => id))).toEqual(stopped)

      const rest = await runVpcmd(['metadata', 'resume', '--restart', '--accept-downtime'], {env})
      expect([0, 4], rest.stderr).toContain(rest.code)
      const isMade = fleet.list().every(({metadata_service: settings}) => settings.enabled)
      const downtimes = fleet.downtimes()
      expect(downtimes.map(({id}) => id).sort(), rest.stderr).toEqual(
        isMade
          ? fleet
              .list()
              .map(({id}) => id)
              .sort()
          : [],
      )
      expect(fleet.list().map(({status}) => status)).toEqual(Array(6).fill('running'))
      for (const vpc of new Set(downtimes.map(each => each.vpc))) {
        expect(mostAtOnce(downtimes.filter(each => each.vpc === vpc))).toBe(1)
      }
    } finally {
      await sandbox.close()
    }
  }
  expect(killed).toBeGreaterThan(0)
})

it.each(['stopping', 'stopped', 'starting'])(
  'SIGKILL while it is %s: resume brings back what the run stopped, and stops nothing else',
  async status => {
    const [one, three] = ['my-virtual-server-1', 'my-virtual-server-3']
    const sandbox = await startSandbox({transitionMs: status === 'stopped' ? 1200 : 2000})
    try {
      const env = freshEnvironment(sandbox.environment)
      const statusOf = (name: string) => sandbox.fleet.list().find(each => each.name === name)?.status
      const restart = ['metadata', 'enable', one, three, '--restart', '--accept-downtime']
      const child = spawn(process.execPath, [vpcmdPath, ...restart], {env, stdio: 'ignore'})
      const closed = once(child, 'close')
      await vi.waitUntil(() => statusOf(one) === status, {timeout: 30_000, interval: 10})
      child.kill('SIGKILL')
      expect((await closed)[1]).toBe('SIGKILL')
      const resumed = await runVpcmd(['metadata', 'resume', '--json'], {env})
      expect(resumed.code).toBe(0)
      expect(resumed.stderr).toContain('1 that it has asked to stop may be down')
      expect(restartsIn(resumed)).toEqual({[one]: {result: 'done'}, [three]: null})
      expect(statusOf(one)).toBe('running')
      expect(sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
      const rest = await runVpcmd(['metadata', 'resume', '--restart', '--accept-downtime', '--json'], {env})
      expect(restartsIn(rest)).toMatchObject({[one]: {result: 'done'}, [three]: {result: 'done'}})
      expect(sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one, three])
    } finally {
      await sandbox.close()
    }
  },
)
