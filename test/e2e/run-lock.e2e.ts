import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {chownSync, readdirSync, utimesSync} from 'node:fs'
import {hostname, userInfo} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment, type RunResult, runFile, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

// Two containers that share a state folder: PID namespaces of their own, in which each vpcmd has the process ID 1. Where
// they can't be made, and must be, VPCMD_E2E=1 says so.
const container = ['--pid', '--fork', '--mount-proc', '--kill-child']
const obstacle = findObstacle()
if (obstacle !== undefined) {
  if (process.env.VPCMD_E2E) throw new Error(`The test of locks across containers can't run: ${obstacle}.`)
  console.warn(`Skipped: the test of locks across containers, because ${obstacle}.`)
}

function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (userInfo().uid !== 0) return 'only root can make PID namespaces and files of others'
  try {
    execFileSync('unshare', [...container, 'true'], {stdio: 'ignore'})
    return undefined
  } catch {
    return 'this machine allows no PID namespaces'
  }
}

let sandbox: Sandbox
afterEach(() => sandbox.close())

const journalsIn = (env: Record<string, string>) => join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
const inContainer = (args: string[], env: Record<string, string>): Promise<RunResult> =>
  runFile('unshare', [...container, process.execPath, vpcmdPath, ...args], env, '')

describe.skipIf(obstacle !== undefined)('a state folder that containers share', () => {
  it('lets one vpcmd at a run, though both are process 1, and the next once the first was silent for a minute', {
    timeout: 120_000,
  }, async () => {
    sandbox = await startSandbox({regions: ['us-south'], instances: 60, latencyMs: 150})
    const env = freshEnvironment(sandbox.environment)
    for (const {id} of sandbox.fleet.list()) await sandbox.fleet.change(id, {metadata_service: {enabled: false}})
    const enabled = () => sandbox.fleet.list().filter(({metadata_service: settings}) => settings.enabled).length
    const enable = ['metadata', 'enable', '--all', '--yes', '--concurrency', '1']
    const first = spawn('unshare', [...container, process.execPath, vpcmdPath, ...enable], {env, stdio: 'ignore'})
    const closed = once(first, 'close')
    while (enabled() < 3) await sleep(20)

    const [{id, state}] = JSON.parse((await runVpcmd(['metadata', 'history', '--json'], {env})).stdout)
    expect(state).toBe('running')
    const held = {
      code: 1,
      stderr: expect.stringContaining(
        `Run ${id} is being worked on by process 1 on ${hostname()}, in another container or on another host.`,
      ),
    }
    expect(await runVpcmd(['metadata', 'resume', id], {env})).toMatchObject(held)
    expect(await inContainer(['metadata', 'resume', id], env)).toMatchObject(held)

    first.kill('SIGKILL')
    await closed
    await sleep(500)
    const left = enabled()
    expect(left).toBeLessThan(60)
    expect(await inContainer(['metadata', 'resume', id], env)).toMatchObject(held)
    expect(await runVpcmd(['metadata', 'resume', id], {env})).toMatchObject(held)
    expect(enabled()).toBe(left)

    const lock = join(journalsIn(env), `${id}.lock`)
    const aMinuteAgo = new Date(Date.now() - 61_000)
    for (const name of readdirSync(lock)) utimesSync(join(lock, name), aMinuteAgo, aMinuteAgo)
    expect(await inContainer(['metadata', 'resume'], env)).toMatchObject({code: 0})
    expect(enabled()).toBe(60)
    expect(readdirSync(journalsIn(env))).toEqual([`${id}.jsonl`])
  })

  it('does not make a journal trusted that belongs to another user', async () => {
    sandbox = await startSandbox({regions: ['us-south'], instances: 2})
    const env = freshEnvironment(sandbox.environment)
    for (const {id} of sandbox.fleet.list()) await sandbox.fleet.change(id, {metadata_service: {enabled: false}})
    await runVpcmd(['metadata', 'enable', '--all', '--yes'], {env})
    const [name = ''] = readdirSync(journalsIn(env))
    chownSync(join(journalsIn(env), name), 12345, 12345)
    const foreign = {code: 1, stderr: expect.stringContaining(`${name} can't be read: it belongs to another user.`)}
    for (const args of ['history', 'undo --yes', 'resume', `undo ${name.slice(0, -6)} --yes`]) {
      expect(await runVpcmd(`metadata ${args}`.split(' '), {env})).toMatchObject(foreign)
    }
    expect(sandbox.fleet.list().every(({metadata_service: settings}) => settings.enabled)).toBe(true)
  })
})
