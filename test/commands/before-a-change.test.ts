import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {keys} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

let sandbox: Sandbox
let env: Record<string, string>
let folder: string
let patched: number
beforeEach(async () => {
  patched = 0
  sandbox = await startSandbox({onRequest: ({method}) => void (method === 'PATCH' && patched++)})
  env = freshEnvironment(sandbox.environment)
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-before-'))
})
afterEach(async () => {
  await sandbox.close()
  rmSync(folder, {recursive: true})
})

const vpcmd = (line: string) => runInProcess(line.split(' '), {env})
const onTerminal = (line: string) => startInProcess(line.split(' '), {env, cols: 200})
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const lastRun = async () => JSON.parse((await vpcmd('metadata history --json')).stdout)[0]

describe('the question before a change', () => {
  it('comes after who was not found, and who is so already', async () => {
    await vpcmd('metadata enable my-virtual-server-3 --protocol https --hop-limit 1')
    const names = file('names', 'my-virtual-server-1\nmy-virtual-servr-2\nmy-virtual-server-3\n')
    const asked = onTerminal(`metadata enable --from-file ${names} --protocol https`)
    await asked.waitFor('(y/N)')
    expect(asked.everything()).toMatch(
      /1 of 3 can't be changed:\n {2}There is no instance with the name my-virtual-servr-2 .*\n1 of 3 is so already\.\n/,
    )
    asked.write(keys.enter)
    expect(await asked.exit).toEqual({exitCode: 1})
    expect(patched).toBe(1)
  })

  it.each(['xterm-256color', 'dumb'])('is not answered by what was typed before it stood there: %s', async TERM => {
    const asked = startInProcess(['instances', 'stop', 'my-virtual-server-1'], {env: {...env, TERM}, cols: 200})
    asked.write('y\r')
    await asked.waitFor('Stop 1 instance? (y/N)')
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(asked.screen()).toMatch(/Stop 1 instance\? \(y\/N\)$/)
    asked.write('n\r')
    expect(await asked.exit).toEqual({exitCode: 1})
    const interrupted = startInProcess(['instances', 'stop', 'my-virtual-server-1'], {env: {...env, TERM}, cols: 200})
    interrupted.write('\x03')
    expect(await interrupted.exit).toEqual({exitCode: 130})
  })

  it('comes after them where instances are stopped, too', async () => {
    const asked = onTerminal('instances stop my-virtual-server-1 nosuch')
    await asked.waitFor('Stop 1 instance?')
    expect(asked.everything()).toMatch(/1 of 2 can't be changed:\n {2}There is no instance with the name nosuch/)
    asked.write(keys.enter)
    expect(await asked.exit).toEqual({exitCode: 1})
  })

  it('is asked of typed instances, too, where they become less secure', async () => {
    await vpcmd('metadata enable my-virtual-server-1 --protocol https')
    const asked = onTerminal('metadata enable my-virtual-server-1 --protocol http')
    await asked.waitFor('(less secure: protocol)')
    await asked.reply('(y/N)', keys.enter)
    expect(await asked.exit).toEqual({exitCode: 1})
    expect(patched).toBe(1)
    // A script has said what it means.
    expect((await vpcmd('metadata enable my-virtual-server-1 --protocol http')).code).toBe(0)
  })

  it('is asked everywhere where they go against the policy', async () => {
    const policy = file('policy.yaml', 'version: 1\nrules: [{name: all, match: {}, require: {protocol: https}}]\n')
    const line = `metadata enable my-virtual-server-1 --protocol http --policy ${policy}`
    const refused = await vpcmd(line)
    expect(refused).toMatchObject({code: 2, stderr: expect.stringMatching(/against the policy[\s\S]*Pass --yes/)})
    expect(patched).toBe(0)
    expect((await vpcmd(`${line} --yes`)).code).toBe(0)
  })
})

it('warns before the undo of a run whose servers later runs changed', async () => {
  await vpcmd('metadata enable my-virtual-server-1 --protocol http')
  const first = await lastRun()
  await vpcmd('metadata enable my-virtual-server-1 --protocol https')
  await vpcmd('metadata enable my-virtual-server-1 --protocol http')
  const {code, stderr} = await vpcmd(`metadata undo ${first.id} --yes`)
  expect(code).toBe(0)
  expect(stderr).toMatch(/Warning: Since run \S+, later runs changed the same servers: \S+ \(enable .*\), \S+ \(enable/)
})

it('does not warn before an undo of what was done last', async () => {
  await vpcmd('metadata enable my-virtual-server-1')
  expect((await vpcmd('metadata undo --yes')).stderr).not.toContain('Warning')
})

it('asks on a terminal before a resume, and a no sends nothing', async () => {
  sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
  await vpcmd('metadata enable my-virtual-server-1 my-virtual-server-3 --concurrency 1 --max-failures 0')
  const before = patched
  const {id} = await lastRun()
  const asked = onTerminal(`metadata resume ${id}`)
  await asked.reply(/Make \d changes? \(.*switched on with http\/1\)\?/, keys.enter)
  expect(await asked.exit).toEqual({exitCode: 1})
  expect(asked.everything()).toContain('Nothing was sent.')
  expect(patched).toBe(before)
})

it('tells of a run that is through that nothing was left to do', async () => {
  await vpcmd('metadata enable my-virtual-server-1')
  const {id} = await lastRun()
  const {code, stderr} = await vpcmd(`metadata resume ${id}`)
  expect({code, stderr}).toEqual({
    code: 0,
    stderr: expect.stringContaining('Nothing was left to change; in all 1 changed'),
  })
})

it('counts in the history as in doubt what was sent and not seen to its end, and not as skipped', async () => {
  await vpcmd('metadata enable my-virtual-server-1 my-virtual-server-3 --concurrency 1')
  const {id} = await lastRun()
  const journal = join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs', `${id}.jsonl`)
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
  // As a process leaves it that is killed while it waits for the second answer.
  const last = lines.findLastIndex(line => line.includes('"t":"sent"'))
  expect(last).toBeGreaterThan(0)
  writeFileSync(journal, `${lines.slice(0, last + 1).join('\n')}\n`)
  expect((await vpcmd('metadata history')).stdout).toMatch(/ unfinished: 1 changed, 1 in doubt$/m)
  expect(await lastRun()).toMatchObject({counts: {changed: 1, skipped: 1}, in_doubt: 1})
})
