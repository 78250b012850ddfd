import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {mostAtOnce, restartsIn} from '../support/downtimes.ts'
import {one, PowerScene, three} from '../support/power-scene.ts'
import {keys} from '../support/pty.ts'
import {startInProcess} from '../support/run-in-process.ts'
import {vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const scene = new PowerScene()
const {vpcmd, named, statusOf} = scene

test('what earlier runs left to restart is told where restarts are asked for, and by no other run', async () => {
  await scene.set()
  await vpcmd('metadata', 'enable', one, 'web-2')
  const restart = ['--restart', '--accept-downtime']
  const {code, stderr} = await vpcmd('metadata', 'enable', one, 'web-2', three, '--protocol', 'https', ...restart)
  expect(code).toBe(0)
  expect(stderr).toMatch(/Restarts: 1 done\n! 2 still await a restart from an earlier run\n/)
  const ids = [one, 'web-2'].map(name => named(name)?.id)
  expect(stderr).toMatch(
    new RegExp(`restart  vpcmd instances restart ${ids.join(' ')}\n  undo     vpcmd metadata undo \\w+\n`),
  )
  // Nothing is left to change, and all the same.
  const again = await vpcmd('metadata', 'enable', one, '--protocol', 'https', ...restart)
  expect(again.stderr).toContain(`! ${one} still awaits a restart from an earlier run`)
  expect((await vpcmd('metadata', 'enable', one, '--hop-limit', '2')).stderr).not.toContain('earlier run')
  await vpcmd('instances', 'restart', one, '--accept-downtime')
  expect((await vpcmd('metadata', 'enable', one, '--hop-limit', '2', ...restart)).stderr).not.toContain('earlier run')
})

describe('the question', () => {
  test('is not answered by --yes, and nothing is sent without an answer', async () => {
    await scene.set()
    const {code, stdout, stderr} = await vpcmd('metadata', 'enable', one, three, '--restart', '--yes')
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/--yes does not cover restarts: Stop and start 2 instances\?\sNothing was sent\./)
    expect(stderr).toContain('--accept-downtime')
    expect(scene.requests).toEqual([])
  })

  test('is not answered for others by --accept-data-loss, but for those with local disks', async () => {
    await scene.set()
    expect((await vpcmd('metadata', 'enable', one, 'web-2', '--restart', '--accept-data-loss')).code).toBe(2)
    expect(scene.requests).toEqual([])
    const alone = await vpcmd('metadata', 'enable', 'web-2', '--restart', '--accept-data-loss', '--json')
    expect(alone.code).toBe(0)
    expect(restartsIn(alone)).toEqual({
      'web-2': {result: 'done', risks: expect.arrayContaining([expect.objectContaining({kind: 'local_disks'})])},
    })
    expect(scene.sandbox.fleet.downtimes()).toHaveLength(1)
  })

  test('comes on a terminal after what the stops risk; no sends nothing, yes restarts', async () => {
    await scene.set()
    const ask = () =>
      startInProcess(['metadata', 'enable', one, 'web-2', '--restart', '-y'], {env: scene.env, cols: 200})
    const no = ask()
    await no.waitFor('Stop and start 1 instance?')
    expect(no.everything()).toContain('no reservation keeps capacity')
    expect(no.everything()).toContain('--yes does not cover restarts: --accept-downtime does.')
    expect(no.everything()).toContain('its local disks would be erased')
    no.write(keys.enter)
    expect((await no.exit).exitCode).toBe(1)
    expect(no.everything()).toContain('Nothing was sent.')
    expect(scene.requests).toEqual([])
    const yes = ask()
    await yes.reply('Stop and start 1 instance?', `y${keys.enter}`)
    expect((await yes.exit).exitCode).toBe(0)
    expect(yes.everything()).toContain('Restarts: 1 done, 1 left out')
    expect(named('web-2')?.metadata_service.enabled).toBe(true)
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
  })

  test.each([
    [['--max-unavailable', '2'], /--restart/],
    [['--accept-downtime'], /--restart/],
    [['--restart', '--max-unavailable', '0'], /from 1/],
    [['--restart', '--max-unavailable', '101%'], /1% to 100%/],
    [['--restart', '--max-unavailable', 'many'], /not many/],
    [['--restart', '--step-timeout', '0'], /step-timeout/],
  ])('%j is wrong before anything is asked of the cloud', async (flags, message) => {
    await scene.set()
    const {code, stderr} = await vpcmd('metadata', 'enable', one, ...flags)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })
})

describe('enable --restart', () => {
  test('restarts what ran with the service off, and nothing else', async () => {
    await scene.set()
    await scene.sandbox.fleet.change(named('my-virtual-server-2')?.id ?? '', {metadata_service: {enabled: true}})
    const args = [one, 'my-virtual-server-2', three, 'web-2', 'batch-1', '--restart', '--accept-downtime']
    const dry = await vpcmd('metadata', 'enable', ...args, '--dry-run', '--json')
    expect(dry.code).toBe(0)
    expect(restartsIn(dry)[one]).toEqual({
      result: 'planned',
      risks: [expect.objectContaining({kind: 'no_reservation'})],
    })
    expect(dry.stderr).toContain('Will restart 2')
    expect(scene.requests).toEqual([])
    const made = await vpcmd('metadata', 'enable', ...args, '--json')
    expect(made.code).toBe(0)
    expect(restartsIn(made)).toMatchObject({
      [one]: {result: 'done'},
      [three]: {result: 'done'},
      'web-2': {result: 'left_out', reason: expect.stringContaining('local disks')},
      'batch-1': {result: 'left_out', reason: 'it is stopped, not running'},
    })
    // It was on before.
    expect(restartsIn(made)['my-virtual-server-2']).toBeNull()
    expect(statusOf('batch-1')).toBe('stopped')
    expect(named('batch-1')?.metadata_service.enabled).toBe(true)
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one, three])
    expect(mostAtOnce(scene.sandbox.fleet.downtimes())).toBe(1)
  })

  test('takes a share of the VPC’s instances in the run, rounded down', async () => {
    await scene.set({regions: ['us-south'], instances: 9, vpcs: 1, transitionMs: 600})
    for (const {id} of scene.sandbox.fleet.list())
      await scene.sandbox.fleet.change(id, {status: 'running', metadata_service: {enabled: false}})
    const {code, stdout} = await vpcmd(
      'metadata',
      'enable',
      '--all',
      '-y',
      '--restart',
      '--accept-downtime',
      '--max-unavailable',
      '35%',
      '-o',
      'csv',
    )
    expect(code).toBe(0)
    expect(stdout.split('\n').filter(line => line.includes(',changed,done,'))).toHaveLength(9)
    expect(mostAtOnce(scene.sandbox.fleet.downtimes())).toBe(3)
  })

  test('tells a start that fails first, and the command that it names makes it good', async () => {
    await scene.set()
    await scene.sandbox.fleet.failStarts(named(one)?.id ?? '')
    const args = ['metadata', 'enable', one, three, 'web-1', '--region', 'us-south', '--restart', '--accept-downtime']
    const made = await vpcmd(...args.filter(each => each !== 'web-1'))
    expect(made.code).toBe(1)
    const lines = made.stderr.split('\n').filter(line => !/^(Will restart|Will not restart| )/.test(line))
    expect(lines[0]).toMatch(/^Error: my-virtual-server-1 \(.*\) IS DOWN: .*cannot_start_capacity/)
    expect(made.stdout).toMatch(/my-virtual-server-3 .*changed +skipped/)
    expect(made.stderr).toContain('Restarts: 1 failed, 1 skipped')
    const id = await scene.lastRun()
    expect(lines[0]).toContain(`vpcmd metadata resume ${id}`)
    const again = await vpcmd('metadata', 'resume', id, '--json')
    expect(again.code).toBe(0)
    expect(restartsIn(again)).toEqual({[one]: {result: 'done'}, [three]: null})
    expect(statusOf(one)).toBe('running')
    const others = await vpcmd('metadata', 'resume', id, '--restart', '--accept-downtime', '--json')
    expect(others.code).toBe(0)
    expect(restartsIn(others)).toMatchObject({[one]: {result: 'done'}, [three]: {result: 'done'}})
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one, three])
  })
})

test('a no to resume --restart stops nothing else, and brings back what is down all the same', async () => {
  await scene.set()
  await scene.sandbox.fleet.failStarts(named(one)?.id ?? '', 1, 'stopped')
  const made = await vpcmd('metadata', 'enable', one, three, '--restart', '--accept-downtime', '-o', 'yaml')
  expect(made.code).toBe(1)
  expect(made.stdout).toMatch(/result: failed\n +error:\n +code: start_failed\n +message: .*IS DOWN/)
  expect(statusOf(one)).toBe('stopped')
  const resume = startInProcess(['metadata', 'resume', '--restart'], {env: scene.env, cols: 200})
  await resume.reply('Stop and start 1 instance?', keys.enter)
  expect((await resume.exit).exitCode).toBe(0)
  expect(resume.everything()).toContain('No other instance is stopped.')
  expect(statusOf(one)).toBe('running')
  expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
})

describe('a question of resume that nobody answers', () => {
  /** One is down, its change made; those of another two were refused, and are left to be made. */
  const halfDone = async () => {
    await scene.set()
    await scene.sandbox.fleet.failStarts(named(one)?.id ?? '')
    for (const name of [three, 'web-2']) {
      scene.sandbox.faults.push({kind: '403', method: 'PATCH', path: new RegExp(named(name)?.id ?? ''), count: 1})
    }
    const made = await vpcmd('metadata', 'enable', one, three, 'web-2', '--restart', '--accept-downtime')
    expect(made.code).toBe(1)
    expect(statusOf(one)).toBe('failed')
    scene.requests.length = 0
  }
  const isAllThatWasDone = () => {
    expect(statusOf(one)).toBe('running')
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
    expect(scene.requests).not.toContain('PATCH')
  }

  test('brings back what is down, by name, and then is refused', async () => {
    await halfDone()
    const refused = await vpcmd('metadata', 'resume', '--restart', '--json')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /1 that it has asked to stop may be down \(my-virtual-server-1 \(\S+\)\): starting those that are down first/,
    )
    expect(refused.stderr).toMatch(
      /Error: Can't ask .*: Stop and start 1 instance\? No other instance was stopped\. .*--accept-downtime/,
    )
    expect(restartsIn(refused)).toMatchObject({[one]: {result: 'done'}, [three]: {result: 'skipped'}})
    isAllThatWasDone()
    const rest = await vpcmd('metadata', 'resume', '--restart', '--accept-downtime', '--json')
    expect(rest.code).toBe(0)
    expect(restartsIn(rest)).toMatchObject({[one]: {result: 'done'}, [three]: {result: 'done'}})
  })

  test('brings back what is down after Ctrl-C too', async () => {
    await halfDone()
    const resume = startInProcess(['metadata', 'resume', '--restart'], {env: scene.env, cols: 200})
    await resume.reply(/Make 2 changes \(2 switched on with http\/1\)\?/, `y${keys.enter}`)
    await resume.reply('Stop and start 1 instance?', keys.ctrlC)
    expect((await resume.exit).exitCode).toBe(130)
    expect(resume.everything()).toMatch(/Restarts: .*1 done/)
    expect(resume.everything()).not.toContain('nothing was sent')
    isAllThatWasDone()
  })

  test('brings back what is down, and nothing else, where the answer is no', async () => {
    await halfDone()
    const resume = startInProcess(['metadata', 'resume', '--restart'], {env: scene.env, cols: 200})
    await resume.reply(/Make 2 changes/, keys.enter)
    expect((await resume.exit).exitCode).not.toBe(0)
    expect(resume.everything()).not.toContain('Stop and start')
    isAllThatWasDone()
  })

  test('brings back what is down also where it is the one after the canaries', async () => {
    await halfDone()
    const refused = await vpcmd('metadata', 'resume', '--canary', '1')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('Error: --canary asks before it goes on')
    isAllThatWasDone()
  })
})

test('history and undo say what may be down; what an undo turned off awaits no restart', async () => {
  await scene.set()
  await scene.sandbox.fleet.failStarts(named(one)?.id ?? '')
  await vpcmd('metadata', 'enable', one, three, '--restart', '--accept-downtime')
  const id = await scene.lastRun()
  const mayBeDown = new RegExp(`1 that it has asked to stop may be down \\(my-virtual-server-1 .*resume ${id}`)
  const history = await vpcmd('metadata', 'history')
  expect(history.stdout).toMatch(/1 may be down$/m)
  const json = JSON.parse((await vpcmd('metadata', 'history', id, '--json')).stdout)
  expect(json).toMatchObject({may_be_down: 1, counts: {changed: 2}})
  expect((await vpcmd('metadata', 'history', id)).stderr).toMatch(mayBeDown)
  const undone = await vpcmd('metadata', 'undo', id, '--yes')
  expect(undone.code).toBe(0)
  expect(undone.stderr).toMatch(mayBeDown)
  const unnamed = await vpcmd('metadata', 'resume')
  expect(unnamed.code).toBe(4)
  expect(unnamed.stderr).toContain(`Start them with: vpcmd metadata resume ${id}`)
  const resumed = await vpcmd('metadata', 'resume', id)
  expect(resumed.code).toBe(0)
  expect(resumed.stderr).not.toContain('await a stop and start')
  expect(statusOf(one)).toBe('running')
  expect(JSON.parse((await vpcmd('metadata', 'history', id, '--json')).stdout)).toMatchObject({may_be_down: 0})
  expect((await vpcmd('metadata', 'history')).stdout).not.toContain('may be down')
  expect((await vpcmd('metadata', 'resume', '--restart', '--accept-downtime')).code).toBe(4)
})

test('resume --restart of a run that was taken back leaves alone what another run has turned on since', async () => {
  await scene.set()
  await vpcmd('metadata', 'enable', one)
  const id = await scene.lastRun()
  await vpcmd('metadata', 'undo', '--yes')
  await vpcmd('metadata', 'enable', one)
  const resumed = await vpcmd('metadata', 'resume', id, '--restart', '--accept-downtime')
  expect(resumed.code).toBe(0)
  expect(scene.sandbox.fleet.downtimes()).toEqual([])
  expect((await vpcmd('metadata', 'resume', '--restart', '--accept-downtime')).code).toBe(0)
  expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
})

test('apply --restart does what the plan does not say', async () => {
  await scene.set()
  const file = join(scene.env.HOME ?? '', 'plan.json')
  await vpcmd('metadata', 'plan', '--enable', one, three, '--out', file)
  await scene.sandbox.fleet.change(named(three)?.id ?? '', {metadata_service: {enabled: true}})
  const refused = await vpcmd('metadata', 'apply', file, '--yes', '--restart')
  expect(refused.code).toBe(2)
  expect(scene.requests).toEqual([])
  const made = await vpcmd('metadata', 'apply', file, '--yes', '--restart', '--accept-downtime', '--json')
  expect(made.code).toBe(0)
  expect(restartsIn(made)).toMatchObject({
    [one]: {result: 'done'},
    [three]: {result: 'skipped', reason: 'this run did not enable its service'},
  })
  expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
})

describe('what was planned while it was in another status', () => {
  const apply = async (before: string, by: string) => {
    await scene.set()
    const id = named(one)?.id ?? ''
    const file = join(scene.env.HOME ?? '', 'plan.json')
    await scene.sandbox.fleet.change(id, {status: before})
    await vpcmd('metadata', 'plan', '--enable', one, '--out', file)
    await scene.sandbox.fleet.change(id, {status: by})
    return vpcmd('metadata', 'apply', file, '--yes')
  }

  test('awaits a restart where it ran when it was turned on', async () => {
    expect((await apply('stopped', 'running')).stderr).toContain('Restart needed')
    expect((await vpcmd('metadata', 'show', one)).stdout).toContain('Restart awaited since')
    expect((await vpcmd('metadata', 'resume', '--restart', '--accept-downtime')).code).toBe(0)
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
  })

  test('awaits none where it did not run by then', async () => {
    expect((await apply('running', 'stopped')).stderr).not.toContain('Restart needed')
    await scene.sandbox.fleet.change(named(one)?.id ?? '', {status: 'running'})
    expect((await vpcmd('metadata', 'show', one)).stdout).not.toContain('awaited')
    expect((await vpcmd('metadata', 'resume', '--restart', '--accept-downtime')).code).toBe(4)
  })
})

describe('show', () => {
  test('says what awaits a restart, until there was one', async () => {
    await scene.set()
    const before = await vpcmd('metadata', 'show', one)
    expect(before.stdout).not.toContain('awaited')
    const made = await vpcmd('metadata', 'enable', one, 'batch-1')
    expect(made.stderr).toContain(`vpcmd instances restart ${one}`)
    const shown = await vpcmd('metadata', 'show', one, three, 'batch-1')
    expect(shown.stdout).toMatch(/Restart awaited since/)
    expect(shown.stdout.match(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g)).toHaveLength(1)
    const rows = JSON.parse((await vpcmd('metadata', 'show', one, three, '--json')).stdout)
    expect(rows[0].restart_awaited_since).toMatch(/^20/)
    expect(rows[1]).not.toHaveProperty('restart_awaited_since')
    expect((await vpcmd('metadata', 'resume', '--restart', '--accept-downtime')).code).toBe(0)
    expect((await vpcmd('metadata', 'show', one)).stdout).not.toContain('awaited')
  })
})

/** A run of the built vpcmd that can be interrupted. */
function startVpcmd(...args: string[]) {
  const child = spawn(process.execPath, [vpcmdPath, ...args], {env: scene.env, stdio: ['ignore', 'pipe', 'pipe']})
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  child.stdout.resume()
  const exit = once(child, 'close').then(([code, signal]) => ({code, signal, stderr}))
  return {kill: (signal: NodeJS.Signals) => child.kill(signal), exit}
}

async function until(check: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !check(); await wait(10)) {
    if (Date.now() > deadline) throw new Error('it did not come to that within 30 s')
  }
}

const restartTwo = () => startVpcmd('metadata', 'enable', one, three, '--restart', '--accept-downtime')
const isDown = () => ['stopping', 'stopped'].includes(statusOf(one) ?? '')

describe('an end in the middle', () => {
  test('Ctrl-C stops nothing more, and waits until what is down runs again', async () => {
    await scene.set({transitionMs: 500})
    const run = restartTwo()
    await until(isDown)
    run.kill('SIGINT')
    const {code, stderr} = await run.exit
    expect(code).toBe(130)
    expect(stderr).toContain('vpcmd starts those that are down and waits for them')
    expect(stderr).toContain('Restarts: 1 done, 1 skipped')
    expect(stderr).toMatch(/vpcmd metadata resume \S+ --restart/)
    expect(scene.sandbox.fleet.downtimes().map(({name}) => name)).toEqual([one])
    expect(statusOf(one)).toBe('running')
  })

  test('Ctrl-C twice ends it at once, and says what may be down', async () => {
    await scene.set({transitionMs: 20_000})
    const run = restartTwo()
    await until(isDown)
    run.kill('SIGINT')
    await wait(500)
    run.kill('SIGINT')
    const {code, stderr} = await run.exit
    expect(code).toBe(130)
    expect(stderr).toMatch(/may be down.*vpcmd metadata resume \d{8}-/)
  })
})
