import {spawn} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {thisProcess} from '../../src/lock-owner.ts'
import {newRunId} from '../../src/metadata/journal.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import {listRunIds, readRun} from '../../src/metadata/read-run.ts'
import {readRuns} from '../../src/metadata/run-folder.ts'
import {isResumable, type Run} from '../../src/metadata/runs.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {headerOf, plannedChange} from '../support/planned-change.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const on = {enabled: true, protocol: 'https', response_hop_limit: 1}
const at = '2026-11-25T16:15:03.000Z'
const id = '20261125-161502-3f9a'
const changes = [0, 1, 2, 3].map(index => plannedChange(index))
const header = headerOf(id, changes)
let folder: string
const file = (run = id) => join(folder, `${run}.jsonl`)
const lock = (run = id) => join(folder, `${run}.lock`)
const lines = () => readFileSync(file(), 'utf8').trimEnd().split('\n')
const results = ({changes: all}: Run) => all.map(({result}) => result)

beforeEach(() => {
  folder = join(folderOfTest(), 'runs')
})

/** A run of which the first two changes are settled, and the third was sent. */
async function halfDone(): Promise<void> {
  const journal = await JournalFile.begin(folder, header, changes)
  for (const i of [0, 1, 2]) await journal.write({t: 'sent', i, at})
  for (const i of [0, 1]) await journal.write({t: 'outcome', i, at, result: 'changed', after: on})
  await journal.close()
}

async function resumed(): Promise<JournalFile> {
  const {bytes} = await readRun(folder, id)
  return JournalFile.resume(folder, id, bytes, at)
}

/** The ID of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0'])
  await new Promise(resolve => child.on('close', resolve))
  return child.pid ?? 0
}

/** Leaves the lock of a process of this machine, as one that is killed does. */
async function leaveLock(pid: number, began = ''): Promise<void> {
  mkdirSync(lock())
  writeFileSync(join(lock(), randomUUID()), JSON.stringify({...(await thisProcess()), pid, began}))
}

describe('a journal', () => {
  it('is on disk, whole and for its user alone, before anything is sent', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    expect(lines().map(line => JSON.parse(line).t)).toEqual(['run', 'change', 'change', 'change', 'change', 'begin'])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    await journal.close()
    expect(readdirSync(folder)).toEqual([`${id}.jsonl`])
    const run = await readRun(folder, id)
    expect(run).toMatchObject({header, state: 'unfinished', endedAt: undefined, bytes: statSync(file()).size})
    expect(run.changes.map(({change}) => change)).toEqual(changes)
  })

  it('keeps what was sent, what came of it, and how it ended', async () => {
    await halfDone()
    const run = await readRun(folder, '20261125-16')
    expect(results(run)).toEqual(['changed', 'changed', undefined, undefined])
    expect(run.changes.map(({indeterminate}) => indeterminate)).toEqual([false, false, true, false])
    expect(isResumable(run)).toBe(true)
    const journal = await resumed()
    await journal.write({
      t: 'outcome',
      i: 2,
      at,
      result: 'failed',
      error: {code: 'x', message: 'y'},
      indeterminate: true,
    })
    await journal.write({t: 'outcome', i: 3, at, result: 'skipped'})
    await journal.write({t: 'end', at, reason: 'interrupted'})
    await journal.close()
    const ended = await readRun(folder, id)
    expect(ended).toMatchObject({state: 'interrupted', endedAt: at})
    expect(ended.changes[2]).toMatchObject({result: 'failed', indeterminate: true, error: {code: 'x', message: 'y'}})
    expect(isResumable(ended)).toBe(true)
  })

  it('that lacks only its end is done: the process was killed after its last outcome', async () => {
    await halfDone()
    const journal = await resumed()
    for (const i of [2, 3]) await journal.write({t: 'outcome', i, at, result: 'unchanged', after: on})
    await journal.close()
    const run = await readRun(folder, id)
    expect(run.state).toBe('done')
    expect(isResumable(run)).toBe(false)
  })

  it('takes many lines at once, in their order, and gives each its flush', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    await Promise.all(Array.from({length: 2000}, (_, i) => journal.write({t: 'sent', i, at})))
    await journal.close()
    expect(
      lines()
        .slice(6)
        .map(line => JSON.parse(line).i),
    ).toEqual(Array.from({length: 2000}, (_, i) => i))
  })
})

describe('what a killed process leaves', () => {
  it('half a last line is as if it had not been written', async () => {
    await halfDone()
    appendFileSync(file(), `{"t":"outcome","i":2,"at":"${at}","result":"chan`)
    const run = await readRun(folder, id)
    expect(results(run)).toEqual(['changed', 'changed', undefined, undefined])
    expect(run.changes[2]?.indeterminate).toBe(true)
  })

  it('half a line in the middle does not take the next one with it', async () => {
    await halfDone()
    appendFileSync(file(), `{"t":"sent","i":3,"a`)
    const journal = await resumed()
    await journal.write({t: 'outcome', i: 2, at, result: 'changed', after: on})
    await journal.close()
    const run = await readRun(folder, id)
    expect(results(run)).toEqual(['changed', 'changed', 'changed', undefined])
    expect(run.changes[3]?.indeterminate).toBe(false)
  })

  it('bytes that are no text, such as a disk leaves after a power cut, are passed over', async () => {
    await halfDone()
    appendFileSync(
      file(),
      Buffer.concat([Buffer.alloc(100), Buffer.from('\n\xff\xfe{"t":\n[]\nnull\n{"t":"odd"}\n', 'latin1')]),
    )
    const run = await readRun(folder, id)
    expect(results(run)).toEqual(['changed', 'changed', undefined, undefined])
    expect(run.damage).toMatchObject({lines: 5, unknown: 0, header: false})
  })

  it('a header without a beginning is a run that has done nothing of what it meant to do', async () => {
    await halfDone()
    writeFileSync(file(), `${lines().slice(0, 3).join('\n')}\n{"t":"change","i":2`)
    const run = await readRun(folder, id)
    expect(run).toMatchObject({header: {id, count: 4}, state: 'unfinished', changes: []})
    expect(isResumable(run)).toBe(false)
  })

  it('no header at all is no run', async () => {
    await halfDone()
    writeFileSync(file(), '{"t":"run","v":1,"id":"20')
    await expect(readRun(folder, id)).rejects.toMatchObject({code: 'journal_unreadable'})
    const all = []
    for await (const run of readRuns(folder)) all.push(run)
    expect(all).toEqual([])
  })

  it.each(['', '12345'])('its lock of a process that began at "%s" is taken over', async began => {
    await halfDone()
    await leaveLock(await deadPid(), began)
    expect((await readRun(folder, id)).state).toBe('unfinished')
    await (await resumed()).close()
    expect(readdirSync(folder)).toEqual([`${id}.jsonl`])
  })

  it('its lock does not hold us off because we have got its process ID', async () => {
    await halfDone()
    // As in a container, where each process gets the same one.
    await leaveLock(process.pid)
    await (await resumed()).close()
    await leaveLock(process.pid, '1')
    await (await resumed()).close()
  })

  it('an empty lock is nobody’s', async () => {
    await halfDone()
    mkdirSync(lock())
    await (await resumed()).close()
  })
})

describe('two at once', () => {
  it('the second is told who is at it', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    expect((await readRun(folder, id)).state).toBe('running')
    await expect(resumed()).rejects.toMatchObject({
      code: 'run_at_work',
      message: `Run ${id} is being worked on by process ${process.pid}.`,
    })
    expect(readdirSync(folder).sort()).toEqual([`${id}.jsonl`, `${id}.lock`])
    await journal.write({t: 'end', at, reason: 'done'})
    await journal.close()
  })

  it('at two runs know of each other, and do not forget that there was another', async () => {
    const first = await JournalFile.begin(folder, header, changes)
    expect(await first.hasCompany()).toBe(false)
    const second = await JournalFile.begin(folder, {...header, id: '20261125-161503-0001'}, changes)
    expect([await first.hasCompany(), await second.hasCompany()]).toEqual([true, true])
    await first.close()
    expect(await second.hasCompany()).toBe(true)
    await second.close()
  })

  it('a run that ended after the servers were read counts as well', async () => {
    // The clock of a file system may be some milliseconds behind.
    const read = changes.map(change => ({...change, readAt: Date.now() - 50}))
    const before = await JournalFile.begin(folder, header, changes)
    await before.close()
    const late = await JournalFile.begin(folder, {...header, id: '20261125-161503-0001'}, read)
    expect(await late.hasCompany()).toBe(true)
    await late.close()
    const next = read.map(change => ({...change, readAt: Date.now() + 1000}))
    const alone = await JournalFile.begin(folder, {...header, id: '20261125-161503-0002'}, next)
    expect(await alone.hasCompany()).toBe(false)
    await alone.close()
  })

  it('that both find a dead lock: one gets it', async () => {
    await halfDone()
    const dead = await deadPid()
    for (let round = 0; round < 20; round++) {
      await leaveLock(dead)
      const {bytes} = await readRun(folder, id)
      const both = await Promise.allSettled([1, 2, 3].map(() => JournalFile.resume(folder, id, bytes, at)))
      const taken = both.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
      expect(taken).toHaveLength(1)
      expect(both.filter(({status}) => status === 'rejected')).toMatchObject([
        {reason: {code: 'run_at_work'}},
        {reason: {code: 'run_at_work'}},
      ])
      for (const journal of taken) await journal.close()
      rmSync(lock(), {recursive: true, force: true})
    }
  })

  it('one that stood still, and was taken for dead, writes nothing more', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    rmSync(lock(), {recursive: true})
    const other = await resumed()
    const size = statSync(file()).size
    await expect(journal.write({t: 'sent', i: 0, at})).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('is gone: nothing more is sent'),
    })
    await journal.close()
    expect(statSync(file()).size).toBe(size)
    await other.write({t: 'sent', i: 0, at})
    await other.close()
  })

  it('one that read the run before another went on with it must read again', async () => {
    await halfDone()
    const {bytes} = await readRun(folder, id)
    const other = await resumed()
    await other.write({t: 'outcome', i: 2, at, result: 'changed', after: on})
    await other.close()
    await expect(JournalFile.resume(folder, id, bytes, at)).rejects.toMatchObject({code: 'run_went_on'})
    expect(readdirSync(folder)).toEqual([`${id}.jsonl`])
    await (await resumed()).close()
  })

  it('that begin with the same ID: one gets it', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    await journal.close()
    await expect(JournalFile.begin(folder, header, [])).rejects.toMatchObject({code: 'journal_failed'})
    expect((await readRun(folder, id)).changes).toHaveLength(4)
  })
})

describe('a journal that can’t be written', () => {
  it('because its folder can’t be made stops the run before it begins', async () => {
    writeFileSync(folder, 'a file')
    await expect(JournalFile.begin(folder, header, changes)).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringMatching(/can't be written \(a part of its path is not a folder\): nothing more is sent/),
      hint: expect.stringContaining('XDG_STATE_HOME'),
    })
  })

  it('because it is gone is no run to go on with', async () => {
    await halfDone()
    const {bytes} = await readRun(folder, id)
    rmSync(file())
    await expect(JournalFile.resume(folder, id, bytes, at)).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('there is no such file'),
    })
    expect(readdirSync(folder)).toEqual([])
  })

  it('fails each later line too, in the same words', async () => {
    const journal = await JournalFile.begin(folder, header, changes)
    await journal.close()
    const failed = {code: 'journal_failed', message: expect.stringContaining(file())}
    await expect(journal.write({t: 'sent', i: 0, at})).rejects.toMatchObject(failed)
    await expect(journal.write({t: 'sent', i: 1, at})).rejects.toMatchObject(failed)
  })
})

describe('listRunIds', () => {
  it('knows runs by their names, newest first, and nothing else', async () => {
    expect(await listRunIds(folder)).toEqual([])
    await halfDone()
    const later = newRunId(Date.parse('2026-11-25T16:15:02.999Z'), 0.9999)
    expect(later).toBe('20261125-161502-ffff')
    await (await JournalFile.begin(folder, {...header, id: later}, [])).close()
    for (const name of ['notes.txt', '.jsonl', 'x.jsonl', `${id}.jsonl.bak`, `${id}.lock`]) {
      writeFileSync(join(folder, name), '')
    }
    expect(await listRunIds(folder)).toEqual([later, id])
  })

  it('says of a beginning that fits none or several', async () => {
    await halfDone()
    await (await JournalFile.begin(folder, {...header, id: '20261125-161502-3f9b'}, [])).close()
    await expect(readRun(folder, '20261125-161502-3f9')).rejects.toMatchObject({code: 'ambiguous_run', exitCode: 4})
    for (const asked of ['2027', '', '../x', `${id}x`]) {
      await expect(readRun(folder, asked)).rejects.toMatchObject({code: expect.stringMatching(/run/), exitCode: 4})
    }
  })
})

it('IDs of runs sort by time, also within a second', () => {
  const began = Date.parse('2026-11-25T16:15:02Z')
  const ids = Array.from({length: 2000}, (_, index) => newRunId(began + index, ((index * 7919) % 100) / 100))
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(2000)
  expect(newRunId(began, 0.9)).not.toBe(newRunId(began, 0.1))
})
