import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {complete} from '../../src/cli/completion/complete.ts'
import type {JournalLine} from '../../src/metadata/journal.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import {readRun} from '../../src/metadata/read-run.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import type {RunResult} from '../support/run-vpcmd.ts'

const here = startEachSandbox({regions: ['us-south'], instances: 4})
const folder = () => join(here.env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
const journals = () => readdirSync(folder()).filter(name => name.endsWith('.jsonl'))
const file = (id: string) => join(folder(), `${id}.jsonl`)
const vpcmd = (line: string): Promise<RunResult> => runInProcess(line.split(' '), {env: here.env})
const enabled = () => here.sandbox.fleet.list().filter(({metadata_service: settings}) => settings.enabled).length
const patches = () => here.seen.filter(({method}) => method === 'PATCH').length

beforeEach(async () => {
  for (const {id} of here.sandbox.fleet.list())
    await here.sandbox.fleet.change(id, {metadata_service: {enabled: false}})
})

/** Turns all four instances on, and gives the run's ID. */
async function enableAll(): Promise<string> {
  expect((await vpcmd('metadata enable --all --yes')).code).toBe(0)
  const [name = ''] = journals()
  return name.replace('.jsonl', '')
}

/** Adds lines to a run that has ended, as a process that went on with it would have. */
async function goOn(id: string, lines: JournalLine[]): Promise<void> {
  const {bytes} = await readRun(folder(), id)
  const journal = await JournalFile.resume(folder(), id, bytes, new Date().toISOString())
  for (const line of lines) await journal.write(line)
  await journal.close()
}

function spoilLines(id: string, spoil: (text: string) => string | undefined): void {
  const texts = readFileSync(file(id), 'utf8').split('\n').map(spoil)
  writeFileSync(file(id), texts.filter(text => text !== undefined).join('\n'))
}

const at = new Date().toISOString()
const indeterminate = (i: number): JournalLine => ({
  t: 'outcome',
  i,
  at,
  result: 'failed',
  indeterminate: true,
  error: {code: 'no_answer', message: 'No answer.'},
})
const ended: JournalLine = {t: 'end', at, reason: 'done'}

describe('resume without RUN', () => {
  it('finds what is in doubt in a run that has ended, looks at it, and settles it', async () => {
    const id = await enableAll()
    await goOn(id, [indeterminate(0), indeterminate(1), ended])
    const {changes} = await readRun(folder(), id)
    // The one was made without being seen, the other was not made.
    await here.sandbox.fleet.change(changes[1]?.change.target.id ?? '', {metadata_service: {enabled: false}})
    here.seen = []
    const resumed = await vpcmd('metadata resume --json')
    expect(resumed).toMatchObject({code: 0, stderr: expect.stringContaining('2 of 4 left')})
    expect(JSON.parse(resumed.stdout).changed).toHaveLength(4)
    expect(enabled()).toBe(4)
    expect(patches()).toBe(1)
    expect(await readRun(folder(), id)).toMatchObject({state: 'done', changes: Array(4).fill({indeterminate: false})})
    expect((await vpcmd('metadata resume')).code).toBe(4)
  })

  it('is not held up for good by one in doubt that is gone', async () => {
    const id = await enableAll()
    await goOn(id, [indeterminate(0), ended])
    const {changes} = await readRun(folder(), id)
    await here.sandbox.fleet.remove(changes[0]?.change.target.id ?? '')
    expect((await vpcmd('metadata resume')).code).not.toBe(0)
    expect((await readRun(folder(), id)).changes[0]).toMatchObject({result: 'failed', indeterminate: false})
    expect(await vpcmd('metadata resume')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no unfinished run'),
    })
  })

  it('takes no run for unfinished that ended, and of which all have failed for certain', async () => {
    here.sandbox.faults.push({kind: '403', method: 'PATCH'})
    expect((await vpcmd('metadata enable --all --yes --max-failures 3')).code).not.toBe(0)
    expect(JSON.parse((await vpcmd('metadata history --json')).stdout)).toMatchObject([
      {state: 'stopped', counts: {failed: 4, skipped: 0}},
    ])
    expect(await vpcmd('metadata resume')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no unfinished run'),
    })
  })
})

describe('a run with a damaged line', () => {
  it('is told as damaged, looked at by resume before anything is sent, and undone in full', async () => {
    const id = await enableAll()
    spoilLines(id, text => (/"outcome","i":[12]/.test(text) ? text.replace('result', '\0\0\0\0\0\0') : text))
    const words = `Run ${id}: 2 lines of its journal are damaged`
    for (const args of ['metadata history --json', `metadata history ${id} --json`]) {
      const {code, stdout, stderr} = await vpcmd(args)
      expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining(words)})
      const [told] = [JSON.parse(stdout)].flat()
      expect(told).toMatchObject({
        state: 'damaged',
        damaged_lines: 2,
        unknown_servers: 0,
        counts: {changed: 2, skipped: 2},
      })
    }
    here.seen = []
    expect(await vpcmd('metadata resume')).toMatchObject({code: 0, stderr: expect.stringContaining(words)})
    expect({patches: patches(), enabled: enabled()}).toEqual({patches: 0, enabled: 4})
    expect(await vpcmd(`metadata undo ${id} --yes`)).toMatchObject({code: 0, stderr: expect.stringContaining(words)})
    expect(enabled()).toBe(0)
  })

  it('of which a server is not known is never done, and says of how many', async () => {
    const id = await enableAll()
    spoilLines(id, text => (/"change","i":3/.test(text) ? undefined : text))
    const words = /1 of its servers is not known/
    const history = await vpcmd('metadata history --json')
    expect(history).toMatchObject({code: 1, stderr: expect.stringMatching(words)})
    expect(JSON.parse(history.stdout)).toMatchObject([{state: 'damaged', unknown_servers: 1, counts: {changed: 3}}])
    expect(await vpcmd(`metadata resume ${id}`)).toMatchObject({code: 1, stderr: expect.stringMatching(words)})
    expect(await vpcmd(`metadata undo ${id} --yes`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/can't be undone: only the others/),
    })
    expect(enabled()).toBe(1)
  })

  it('at its beginning is there, and neither undone nor resumed', async () => {
    const id = await enableAll()
    spoilLines(id, text => text.replace('{"t":"run"', '\0"t":"run"'))
    here.seen = []
    const history = await vpcmd('metadata history --json')
    expect(history.code).toBe(1)
    expect(JSON.parse(history.stdout)).toMatchObject([{id, state: 'damaged', account: null, counts: {changed: 4}}])
    expect(JSON.parse((await vpcmd(`metadata history ${id} --json`)).stdout).changes).toHaveLength(4)
    for (const [args, said] of [
      [`undo ${id} --yes`, `Run ${id} can't be undone`],
      [`resume ${id}`, `Run ${id} can't be resumed`],
      ['undo --yes', 'Which run was the last is not certain'],
      ['resume', 'Which run was the last is not certain'],
    ]) {
      expect(await vpcmd(`metadata ${args}`)).toMatchObject({code: 1, stderr: expect.stringContaining(said ?? '')})
    }
    expect({patches: patches(), enabled: enabled()}).toEqual({patches: 0, enabled: 4})
  })
})

describe('a FIFO', () => {
  it('in the place of a journal is told, and hides no other run', async () => {
    const id = await enableAll()
    const odd = '20200101-000000-0000'
    execFileSync('mkfifo', [file(odd)])
    const history = await vpcmd('metadata history --json')
    expect(history).toMatchObject({code: 1, stderr: expect.stringMatching(/20200101-000000-0000.* it is a FIFO/)})
    expect(JSON.parse(history.stdout)).toMatchObject([{id}])
    for (const args of [`history ${odd}`, `undo ${odd} --yes`, `resume ${odd}`]) {
      expect(await vpcmd(`metadata ${args}`)).toMatchObject({code: 1, stderr: expect.stringContaining('it is a FIFO')})
    }
    expect(await vpcmd('metadata show --all')).toMatchObject({code: 0, stderr: expect.stringContaining('it is a FIFO')})
  })

  it('in the place of a lock is told, and hides no other run', async () => {
    const id = await enableAll()
    const other = '20200101-000000-0000'
    spoilLines(id, text => (/"t":"end"|"outcome","i":3/.test(text) ? undefined : text))
    writeFileSync(file(other), readFileSync(file(id), 'utf8').replaceAll(id, other), {mode: 0o600})
    execFileSync('mkfifo', [file(id).replace('jsonl', 'lock')])
    const history = await vpcmd('metadata history --json')
    expect(history).toMatchObject({code: 1, stderr: expect.stringMatching(/lock .*it is a FIFO/)})
    expect(JSON.parse(history.stdout)).toMatchObject([{id: other}])
    expect(await vpcmd(`metadata resume ${id}`)).toMatchObject({code: 1, stderr: expect.stringContaining('FIFO')})
  })

  it('in the place of the index is no index', async () => {
    await enableAll()
    execFileSync('mkfifo', [join(folder(), 'index.json')])
    expect((await vpcmd('metadata history')).code).toBe(0)
  })
})

describe('the runs of one sandbox', () => {
  const inHome = (line: string, more = {}) => runInProcess(line.split(' '), {env: {...here.env, ...more}})
  const own = (line: string) => inHome(line, {VPCMD_SANDBOX: '1'})
  const idsIn = ({stdout}: RunResult) => JSON.parse(stdout).map(({id}: {id: string}) => id)

  it('are not undone, resumed, listed or completed after a reset, nor in another sandbox', async () => {
    expect((await own('metadata enable my-virtual-server-2 --protocol https')).code).toBe(0)
    const [id = ''] = idsIn(await own('metadata history --json'))
    const tab = () => complete(['metadata', 'undo', '--sandbox', ''], here.env, new URL('../..', import.meta.url))
    expect(tab()).toContain(id)

    await enableAll()
    const elsewhere = await vpcmd(`metadata undo ${id} --yes`)
    expect(elsewhere).toMatchObject({code: 2, stderr: expect.stringContaining(`Run ${id} was made in account`)})
    expect(idsIn(await own('metadata history --json'))).toEqual([id])

    expect((await own('sandbox reset')).code).toBe(0)
    expect(await own('metadata undo --yes')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('No run of account'),
    })
    expect(await own(`metadata undo ${id} --yes`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('A sandbox gets a new account when it is reset'),
    })
    expect((await own(`metadata resume ${id}`)).code).toBe(2)
    expect(idsIn(await own('metadata history --json'))).toEqual([])
    expect((await own('metadata enable my-virtual-server-1 --protocol https')).code).toBe(0)
    const [next = ''] = idsIn(await own('metadata history --json'))
    expect(tab()).toContain(next)
    expect(tab()).not.toContain(id)
    // On this machine there are all three.
    expect(idsIn(await inHome('metadata history --json'))).toHaveLength(3)
  })

  it('are not those of the one that served at its address before, whose token is still kept', async () => {
    const port = Number(new URL(here.sandbox.url).port)
    await enableAll()
    const {account} = here.sandbox
    await here.sandbox.close()
    here.sandbox = await startSandbox({
      regions: ['us-south'],
      instances: 4,
      port,
      onRequest: request => here.seen.push(request),
    })
    expect(here.sandbox.account).not.toBe(account)
    const {code, stderr} = await vpcmd('metadata undo --yes')
    expect({code, stderr}).toEqual({
      code: 4,
      stderr: expect.stringContaining(`No run of account ${here.sandbox.account}`),
    })
    expect(patches()).toBe(4)
  })
})

it('a long selection takes a few lines of the history, and its times are those that people read', async () => {
  await enableAll()
  const [name = ''] = journals()
  const selection = `plan of 2026-11-28T23:31:50.230Z: enable ${'0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf '.repeat(5)}`
  spoilLines(name.replace('.jsonl', ''), line =>
    line.includes('--all') ? JSON.stringify({...JSON.parse(line), selection}) : line,
  )
  const {stdout} = await vpcmd('metadata history')
  expect(stdout).toContain('plan of 2026-11-28 23:31 UTC: enable 0717_')
  expect(Math.max(...stdout.split('\n').map(line => line.length))).toBeLessThan(130)
  expect(JSON.parse((await vpcmd('metadata history --json')).stdout)[0].selection).toBe(selection)
  const undo = await vpcmd('metadata undo --dry-run')
  expect(undo.stderr).toMatch(/^Run [0-9a-f]{4} \(enable plan of 2026-11-28 23:31 UTC: /m)
})

it('a run of a time that has yet to come is not told as one of just now', async () => {
  await enableAll()
  const hoursAgo = Date.now() - 3 * 3600_000
  const {stdout} = await runInProcess(['metadata', 'history'], {env: here.env, host: {now: () => hoursAgo}})
  expect(stdout).toMatch(/^[0-9a-f]{4} +in the future +enable --all +4 changed$/m)
})
