import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as wait} from 'node:timers/promises'
import {expect, it, vi} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

it('SIGINT twice ends a rollout at once, and resume looks at what is in doubt', async () => {
  const patched: string[] = []
  // Slow enough that what is under way has not ended when the second one comes.
  const sandbox = await startSandbox({
    instances: 400,
    regions: ['us-south', 'eu-de'],
    latencyMs: 2000,
    onRequest: ({method, path}) => {
      if (method === 'PATCH') patched.push(path.replace(/\?.*/, '').replace(/.*\//, ''))
    },
  })
  try {
    const env = freshEnvironment(sandbox.environment)
    const jsonOf = async (...args: string[]) => JSON.parse((await runVpcmd([...args, '--json'], {env})).stdout)
    const made = () => sandbox.fleet.list().filter(({metadata_service: each}) => each.response_hop_limit === 7)
    const enable = ['metadata', 'enable', '--all', '--hop-limit', '7', '--yes', '--json']
    const child = spawn(process.execPath, [vpcmdPath, ...enable], {env, stdio: ['ignore', 'ignore', 'pipe']})
    const closed = once(child, 'close')
    await vi.waitUntil(() => made().length >= 10, {timeout: 60_000, interval: 5})
    // The first ones were answered together: the next ones have to be under way.
    await wait(500)
    child.kill('SIGINT')
    await new Promise<void>(resolve =>
      child.stderr?.on('data', text => /again to stop at once/.test(text) && resolve()),
    )
    child.kill('SIGINT')
    expect((await closed)[0]).toBe(130)
    expect(await jsonOf('metadata', 'history')).toMatchObject([{state: 'unfinished'}])
    await wait(2500)
    const {changed} = await jsonOf('metadata', 'resume')
    expect(changed).toHaveLength(400)
    expect(made()).toHaveLength(400)
    expect(new Set(patched).size).toBe(patched.length)
  } finally {
    await sandbox.close()
  }
})
