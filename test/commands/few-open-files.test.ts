import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runShell} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
let sandbox: Sandbox
let env: Record<string, string>

beforeEach(async () => {
  sandbox = await startSandbox()
  env = freshEnvironment(sandbox.environment)
})
afterEach(() => sandbox.close())

describe('with few open files', () => {
  it.each(['instances list --sandbox', `metadata enable ${id} --sandbox`])(
    'vpcmd %s says how to raise the limit',
    async words => {
      for (const json of ['', ' --json']) {
        const {code, stdout, stderr} = await runShell(`ulimit -n 24; vpcmd ${words}${json}`, env)
        expect(code).toBe(1)
        const said = json ? Object.values(JSON.parse(stdout).error).join(' ') : stderr
        expect(said).toMatch(/needs at least 64 open files.*ulimit -n 1024/s)
        expect(stderr).not.toMatch(/\n\s+at |EMFILE/)
      }
      expect(existsSync(join(env.XDG_STATE_HOME ?? '', 'vpcmd'))).toBe(false)
    },
  )

  it('a rollout makes fewer connections, and loses no change', async () => {
    await sandbox.close()
    sandbox = await startSandbox({instances: 400, regions: ['us-south', 'eu-de', 'jp-tok'], latencyMs: 20})
    env = freshEnvironment(sandbox.environment)
    const {code, stdout, stderr} = await runShell(
      'ulimit -n 64; vpcmd metadata enable --all --hop-limit 9 --yes --json',
      env,
    )
    expect({code, stderr}).toEqual({code: 0, stderr: expect.not.stringContaining('EMFILE')})
    expect(JSON.parse(stdout).failed).toEqual([])
    expect(
      sandbox.fleet.list().every(({metadata_service: each}) => each.enabled && each.response_hop_limit === 9),
    ).toBe(true)
    const own = await runShell('ulimit -n 64; vpcmd metadata enable --all --hop-limit 9 --yes --json --sandbox', env)
    expect({code: own.code, failed: JSON.parse(own.stdout).failed}).toEqual({code: 0, failed: []})
  })
})
