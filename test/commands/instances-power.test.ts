import {readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {mostAtOnce} from '../support/downtimes.ts'
import {one, PowerScene, three} from '../support/power-scene.ts'
import {keys} from '../support/pty.ts'
import {startInProcess} from '../support/run-in-process.ts'

const scene = new PowerScene()
const {vpcmd, named, statusOf} = scene

/** The journal of the only run, cut after the first line that has `text`, as a killed process leaves it. */
function cutJournalAfter(text: string): void {
  const folder = join(scene.env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
  const [file = ''] = readdirSync(folder).filter(name => name.endsWith('.jsonl'))
  const lines = readFileSync(join(folder, file), 'utf8').split('\n')
  const at = lines.findIndex(line => line.includes(text))
  expect(at).toBeGreaterThan(0)
  writeFileSync(join(folder, file), `${lines.slice(0, at + 1).join('\n')}\n`)
}

describe('instances stop and start', () => {
  test('stop takes an instance down, start brings it back, and each is unchanged the second time', async () => {
    await scene.set()
    const stop = await vpcmd('instances', 'stop', one, '--accept-downtime', '--json')
    expect(stop).toMatchObject({code: 0, stderr: expect.stringContaining('1 changed')})
    expect(JSON.parse(stop.stdout)).toMatchObject({changed: [{name: one, before: 'running', after: 'stopped'}]})
    expect(stop.stderr).toContain(`start  vpcmd instances start ${named(one)?.id}\n`)
    expect(statusOf(one)).toBe('stopped')
    const again = await vpcmd('instances', 'stop', one, '--json')
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({changed: [], unchanged: [{name: one, after: 'stopped'}]})
    const start = await vpcmd('instances', 'start', one, '--json')
    expect(start.code).toBe(0)
    expect(JSON.parse(start.stdout)).toMatchObject({changed: [{name: one, before: 'stopped', after: 'running'}]})
    expect(statusOf(one)).toBe('running')
    const running = await vpcmd('instances', 'start', one)
    expect(running).toMatchObject({code: 0, stdout: expect.stringContaining('unchanged')})
    expect(scene.requests).toEqual(['POST', 'POST'])
  })

  test('the history names an instance that was given by its CRN', async () => {
    await scene.set()
    const {crn} = JSON.parse((await vpcmd('instances', 'show', one, '--json')).stdout)
    expect(crn).toMatch(/^crn:/)
    await vpcmd('instances', 'stop', crn, three, '--accept-downtime')
    const [run] = JSON.parse((await vpcmd('metadata', 'history', '--json')).stdout)
    expect(run.selection).toBe(`${one} ${three}`)
  })

  test('stop asks although the instance was typed, --yes does not answer, and nothing is sent', async () => {
    await scene.set()
    const {code, stderr} = await vpcmd('instances', 'stop', one, '--yes')
    expect(code).toBe(2)
    expect(stderr).toMatch(/--yes does not cover this: Stop 1 instance\?\sNothing was sent\./)
    const terminal = startInProcess(['instances', 'stop', one], {env: scene.env, cols: 200})
    await terminal.waitFor('Stop 1 instance?')
    expect(terminal.everything()).toContain('Each stays down until it is started.')
    terminal.write(keys.enter)
    expect((await terminal.exit).exitCode).toBe(1)
    expect(scene.requests).toEqual([])
  })

  test('what would lose its local disks is left alone without --accept-data-loss, and that is a failure', async () => {
    await scene.set()
    const {code, stderr} = await vpcmd('instances', 'stop', one, 'web-2', '--accept-downtime')
    expect(code).toBe(1)
    expect(stderr).toContain('local disks would be erased')
    // There is nothing that a resume could try again.
    expect(stderr).toContain('1 changed, 1 failed')
    expect(stderr).not.toContain('metadata resume')
    const [latest] = JSON.parse((await vpcmd('metadata', 'history', '--json')).stdout)
    expect(latest).toMatchObject({command: 'stop', counts: {changed: 1, failed: 0}, failed_before: 1})
    expect((await vpcmd('metadata', 'history')).stdout).toMatch(/1 changed, 1 failed before it began/)
    expect([statusOf(one), statusOf('web-2')]).toEqual(['stopped', 'running'])
    expect((await vpcmd('instances', 'stop', 'web-2', '--accept-data-loss')).code).toBe(0)
    expect(statusOf('web-2')).toBe('stopped')
  })

  test('--dry-run shows what it would cost, and sends nothing', async () => {
    await scene.set()
    const {code, stdout, stderr} = await vpcmd('instances', 'restart', one, '--dry-run', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({planned: [{name: one, before: 'running', after: null}]})
    expect(stderr).toMatch(/Will restart 1 instance, at most 1 per VPC.*no reservation.*Dry run: nothing was sent/s)
    expect(scene.requests).toEqual([])
  })

  test.each(['stop', 'restart'])('--all is not all done by a %s that leaves an instance running', async action => {
    await scene.set()
    const switchAll = (...which: string[]) =>
      vpcmd('instances', action, '--all', ...which, '--accept-downtime', '--yes')
    expect(await switchAll('--name', 'web-2')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/skipped .*local disks would be erased/),
    })
    // What is stopped is no instance to stop, or to restart.
    expect((await switchAll('--status', 'stopped')).code).toBe(0)
    expect((await switchAll('--name', 'web-2', '--dry-run')).code).toBe(1)
    expect(scene.requests).toEqual([])
  })

  test('--all starts what filters let through, after a yes', async () => {
    await scene.set()
    await vpcmd('instances', 'stop', one, three, '--accept-downtime')
    expect((await vpcmd('instances', 'start', '--all', '--status', 'stopped', '--name', 'my-*')).code).toBe(2)
    const {code} = await vpcmd('instances', 'start', '--all', '--status', 'stopped', '--name', 'my-*', '--yes')
    expect(code).toBe(0)
    expect([statusOf(one), statusOf(three)]).toEqual(['running', 'running'])
  })
})

describe('instances restart', () => {
  test('never has more of a VPC down than allowed, and takes one that is named twice once', async () => {
    await scene.set()
    const id = named(one)?.id ?? ''
    const {code, stdout} = await vpcmd('instances', 'restart', one, id, three, '--accept-downtime', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).changed).toHaveLength(2)
    expect(mostAtOnce(scene.sandbox.fleet.downtimes())).toBe(1)
  })

  test('leaves one alone that is stopped, and says how to start it', async () => {
    await scene.set()
    await vpcmd('instances', 'stop', one, '--accept-downtime')
    const {code, stderr} = await vpcmd('instances', 'restart', one, '--accept-downtime')
    expect(code).toBe(1)
    expect(stderr).toMatch(/it is stopped, not running.*vpcmd instances start/)
    expect(statusOf(one)).toBe('stopped')
  })

  test('after a kill, resume starts what was down without a flag, and stops nothing else unasked', async () => {
    await scene.set()
    await vpcmd('instances', 'restart', one, three, '--accept-downtime')
    cutJournalAfter('"stopped"')
    const first = scene.sandbox.fleet.downtimes()[0]?.name ?? ''
    await scene.sandbox.fleet.change(named(first)?.id ?? '', {status: 'stopped'})
    scene.requests = []
    const listed = await vpcmd('metadata', 'history', '--json')
    expect(JSON.parse(listed.stdout)).toMatchObject([{command: 'restart', may_be_down: 1, state: 'unfinished'}])
    const {code, stderr} = await vpcmd('metadata', 'resume')
    expect(code).toBe(2)
    expect(stderr).toContain('--accept-downtime')
    expect(statusOf(first)).toBe('running')
    expect(scene.requests).toEqual(['POST'])
    expect((await vpcmd('metadata', 'resume', '--accept-downtime')).code).toBe(0)
    expect(scene.requests).toHaveLength(3)
    expect(JSON.parse((await vpcmd('metadata', 'history', '--json')).stdout)).toMatchObject([
      {state: 'done', may_be_down: 0, counts: {changed: 2}},
    ])
    expect((await vpcmd('metadata', 'resume')).code).toBe(4)
  })

  test('one that later runs have overtaken is gone on with only by name, and says what came since', async () => {
    await scene.set()
    await vpcmd('instances', 'stop', one, '--accept-downtime')
    const id = await scene.lastRun()
    cutJournalAfter('"step":"stop"')
    expect((await vpcmd('metadata', 'history')).stdout).toMatch(/unfinished: nothing is settled; 1 may be running or/)
    await vpcmd('instances', 'start', one)
    scene.requests = []
    const late = await vpcmd('metadata', 'resume', '--accept-downtime')
    expect(late).toMatchObject({code: 2, stdout: ''})
    expect(late.stderr).toMatch(/Since run \S+, later runs changed the same servers: \S+ \(start my-virtual-server-1\)/)
    expect(scene.requests).toEqual([])
    const named = await vpcmd('metadata', 'resume', id, '--accept-downtime')
    expect(named).toMatchObject({code: 0, stderr: expect.stringContaining('Warning: Since run')})
    expect(statusOf(one)).toBe('stopped')
  })

  test('one that was down when its run was killed, and that later runs switched, is left as they left it', async () => {
    await scene.set()
    await vpcmd('metadata', 'enable', three, '--restart', '--accept-downtime', '--yes')
    const id = await scene.lastRun()
    cutJournalAfter('"step":"stopped"')
    await vpcmd('instances', 'stop', three, '--accept-downtime')
    scene.requests = []
    const late = await vpcmd('metadata', 'resume')
    expect(late).toMatchObject({code: 2, stderr: expect.stringContaining('later runs changed the same servers')})
    expect({status: statusOf(three), sent: scene.requests}).toEqual({status: 'stopped', sent: []})
    // What can't be read of other runs keeps nobody from going on with one by name.
    symlinkSync('/nowhere', join(scene.env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs', '20991231-235959-aaaa.jsonl'))
    const named = await vpcmd('metadata', 'resume', id)
    expect(named).toMatchObject({code: 0, stderr: expect.stringContaining('it is a symbolic link')})
    expect(statusOf(three)).toBe('running')
  })

  test('one whose last step is in the journal is not restarted again', async () => {
    await scene.set()
    await vpcmd('instances', 'restart', one, '--accept-downtime')
    cutJournalAfter('"step":"running"')
    scene.requests = []
    expect((await vpcmd('metadata', 'resume', '--accept-downtime')).code).toBe(0)
    expect(scene.requests).toEqual([])
  })

  test('is shown by history, and undo says that it has no settings to bring back', async () => {
    await scene.set()
    await vpcmd('instances', 'stop', one, '--accept-downtime')
    const id = await scene.lastRun()
    const shown = await vpcmd('metadata', 'history', id)
    expect(shown.stdout).toMatch(/running\s+.*stopped\s+.*changed/)
    expect(JSON.parse((await vpcmd('metadata', 'history', id, '--json')).stdout)).toMatchObject({
      changes: [{name: one, power: 'stop', result: 'changed'}],
    })
    const undo = await vpcmd('metadata', 'undo', id)
    expect(undo.code).toBe(2)
    expect(undo.stderr).toMatch(/changed no settings.*vpcmd instances start/s)
    expect((await vpcmd('metadata', 'undo')).code).toBe(2)
  })

  test('an undo without a run passes over a restart, and takes back nothing that is older than a stop', async () => {
    await scene.set()
    await vpcmd('metadata', 'enable', one, '--protocol', 'https')
    await vpcmd('instances', 'restart', one, '--accept-downtime')
    expect((await vpcmd('metadata', 'undo', '--dry-run')).stderr).toContain('1 change to undo')
    await vpcmd('instances', 'stop', one, '--accept-downtime')
    scene.requests = []
    const undo = await vpcmd('metadata', 'undo', '--yes')
    expect(undo.code).toBe(2)
    expect(undo.stderr).toMatch(/is a stop of 1 instance.*To undo an earlier run, name it/s)
    expect(scene.requests).toEqual([])
  })

  test('a start that finds no capacity fails, and says so without claiming that vpcmd stopped it', async () => {
    await scene.set()
    await vpcmd('instances', 'stop', one, '--accept-downtime')
    await scene.sandbox.fleet.failStarts(named(one)?.id ?? '')
    const {code, stderr} = await vpcmd('instances', 'start', one)
    expect(code).toBe(1)
    expect(stderr).toMatch(/was asked to start, and was not seen running.*capacity/)
    expect(stderr).not.toContain('vpcmd stopped it')
    expect(stderr).toMatch(/ finish +vpcmd metadata resume/)
  })
})

test('enable without --restart names the command that restarts', async () => {
  await scene.set()
  const {stderr} = await vpcmd('metadata', 'enable', one)
  expect(stderr).toContain(`vpcmd instances restart ${one}`)
})
