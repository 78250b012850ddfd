import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {keys, type Pty, startPty} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let sandbox: Sandbox
let env: Record<string, string>
let pty: Pty | undefined
let patched: number

beforeEach(async () => {
  patched = 0
  sandbox = await startSandbox({
    instances: 300,
    vpcs: 3,
    regions: ['us-south', 'eu-de'],
    latencyMs: 40,
    onRequest: ({method}) => {
      if (method === 'PATCH') patched++
    },
  })
  env = freshEnvironment(sandbox.environment)
})

afterEach(async () => {
  pty?.kill()
  await sandbox.close()
})

function start(args: string, {cols = 100, more = {}}: {cols?: number; more?: Record<string, string>} = {}): Pty {
  pty = startInProcess([...args.split(' ')], {cols, rows: 60, env: {...env, ...more}})
  return pty
}

const enable = 'metadata enable --all --hop-limit 7'
const drawn = (text: string) =>
  text
    .split('\r\x1b[2K')
    .slice(1)
    .map(piece => piece.split('\r\n')[0] ?? '')
const history = async () => JSON.parse((await runInProcess(['metadata', 'history', '--json'], {env})).stdout)

describe('on a terminal', () => {
  it('a rollout shows what it is about to do, asks, and shows how far it is', async () => {
    const terminal = start(enable)
    await terminal.waitFor(/Enable the metadata service of 300 instances/)
    expect(terminal.everything()).toMatch(/-> https?\/7/)
    expect(terminal.everything()).toMatch(/… and 280 more/)
    expect(terminal.everything()).toMatch(/\d+ in us-south, VPC vpc-\d+/)
    expect(patched).toBe(0)
    terminal.write('y')
    terminal.write(keys.enter)
    await terminal.waitFor(/Changing █*░+ \d+ of 300, \d+ changed/)
    expect((await terminal.exit).exitCode).toBe(0)
    expect(terminal.everything()).not.toMatch(/Changing/)
    expect(patched).toBe(300)
  })

  it('a no sends nothing', async () => {
    const terminal = start(enable)
    await terminal.reply(/of 300 instances/, 'n')
    terminal.write(keys.enter)
    expect((await terminal.exit).exitCode).toBe(1)
    expect(terminal.everything()).toMatch(/Nothing was sent\./)
    expect(patched).toBe(0)
  })

  it('of 60 columns the bar keeps within its line, and NO_COLOR is kept', async () => {
    const terminal = start(`${enable} --yes`, {cols: 60, more: {NO_COLOR: '1'}})
    // What was written last may come after the exit is told.
    await terminal.waitFor(/✓ 300 changed[\s\S]*vpcmd metadata undo/)
    expect((await terminal.exit).exitCode).toBe(0)
    const bars = drawn(terminal.written()).filter(text => / of 300(?! are listed| need a restart)/.test(text))
    expect(bars.length).toBeGreaterThan(2)
    for (const bar of bars) expect(bar.length).toBeLessThan(60)
    expect(terminal.written()).not.toMatch(/\x1b\[[\d;]*m/)
  })

  it('the canaries are asked about, and a yes goes on', async () => {
    const terminal = start(`${enable} --canary 4 -q`)
    await terminal.reply(/of 300 instances/, `y${keys.enter}`)
    await terminal.waitFor(/Canaries, read back: 4 changed\.[\s\S]*Go on with the other 296\?/)
    expect(patched).toBe(4)
    terminal.write(`y${keys.enter}`)
    expect((await terminal.exit).exitCode).toBe(0)
    expect(patched).toBe(300)
  })

  it('a canary that is wrong is named in the question, and a no ends it', async () => {
    sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
    const terminal = start(`${enable} --canary 4 -q`)
    await terminal.reply(/of 300 instances/, `y${keys.enter}`)
    await terminal.reply(
      /3 changed, 1 failed\.[\s\S]*Not all canaries are right\. Go on with the other 296\?/,
      `n${keys.enter}`,
    )
    expect((await terminal.exit).exitCode).toBe(1)
    expect(patched).toBe(4)
    expect(await history()).toMatchObject([{state: 'stopped', counts: {changed: 3, failed: 1, skipped: 296}}])
  })

  it.each([
    ['Ctrl-C', keys.ctrlC],
    ['Esc', keys.esc],
  ])('%s at that question is an interruption: 130, and resume finishes', async (_what, key) => {
    const terminal = start(`${enable} --canary 4 -q`)
    await terminal.reply(/of 300 instances/, `y${keys.enter}`)
    await terminal.reply(/Go on with the other 296\?/, key)
    expect((await terminal.exit).exitCode).toBe(130)
    expect(terminal.cursorVisible()).toBe(true)
    expect(patched).toBe(4)
    expect(await history()).toMatchObject([{state: 'interrupted', counts: {changed: 4, failed: 0, skipped: 296}}])
    expect((await runInProcess(['metadata', 'resume', '-q'], {env})).code).toBe(0)
    expect(patched).toBe(300)
  })

  it('Ctrl-C in the middle ends the bar, awaits what is under way, and says how to go on', async () => {
    // The terminal of a system turns the key into a signal.
    const args = [...enable.split(' '), '--yes', '--no-pager', '-o', 'csv']
    const terminal = startPty(process.execPath, [vpcmdPath, ...args], {rows: 60, env})
    pty = terminal
    await terminal.reply(/\d+ of 300/, keys.ctrlC)
    expect((await terminal.exit).exitCode).toBe(130)
    expect(terminal.everything()).toMatch(/Interrupted: waiting for what is in progress/)
    expect(terminal.everything()).toMatch(
      /! Interrupted: \d+ changed, \d+ skipped.*[\s\S]* finish +vpcmd metadata resume/,
    )
    const [run] = await history()
    expect(run.state).toBe('interrupted')
    expect(run.counts.changed).toBe(patched)
  })
})
