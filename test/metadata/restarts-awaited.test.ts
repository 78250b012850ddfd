import {appendFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, expect, test} from 'vitest'
import type {JournalLine} from '../../src/metadata/journal.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import type {PlannedChange} from '../../src/metadata/plan.ts'
import {readRestartsAwaited} from '../../src/metadata/run-folder.ts'
import {headerOf, plannedChange} from '../support/planned-change.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

let folder: string
beforeEach(() => {
  folder = folderOfTest()
})

const on = {enabled: true, protocol: 'http', response_hop_limit: 1}
const off = {...on, enabled: false}
const at = (minute: number) => `2026-11-25T10:${String(minute).padStart(2, '0')}:00.000Z`

/** A run as it is on disk; runs have IDs in the order in which they began. */
async function keepRun(begun: number, changes: PlannedChange[], lines: JournalLine[], account = 'mine'): Promise<void> {
  const id = `20261125-10${String(begun).padStart(2, '0')}00-0000`
  const journal = await JournalFile.begin(folder, headerOf(id, changes, {account, startedAt: at(begun)}), changes)
  await Promise.all(lines.map(line => journal.write(line)))
  await journal.close()
}
const turnedOn = (i: number, minute: number) => ({
  t: 'outcome' as const,
  i,
  at: at(minute),
  result: 'changed' as const,
  after: on,
})
const fail = (problem: unknown) => {
  throw problem
}
const awaited = async () => Object.fromEntries(await readRestartsAwaited(folder, async () => 'mine', fail))
const id = (index: number) => plannedChange(index).target.id

test('nothing is awaited without a journal', async () => {
  expect(await awaited()).toEqual({})
  expect(await readRestartsAwaited(join(folder, 'nosuch'), async () => 'mine', fail)).toEqual(new Map())
})

test('what was turned on while it ran is awaited since then, until a stop and start', async () => {
  await keepRun(
    1,
    [plannedChange(1), plannedChange(2), plannedChange(3)],
    [
      turnedOn(0, 2),
      turnedOn(1, 2),
      {t: 'restart', i: 1, at: at(3), step: 'stop'},
      {t: 'restart', i: 1, at: at(3), step: 'stopped'},
      {t: 'restart', i: 1, at: at(4), step: 'start'},
      {t: 'restart', i: 1, at: at(5), step: 'running'},
      turnedOn(2, 2),
      {t: 'restart', i: 2, at: at(3), step: 'stop'},
      {t: 'restart', i: 2, at: at(3), step: 'failed'},
    ],
  )
  expect(await awaited()).toEqual({[id(1)]: at(2), [id(3)]: at(2)})
})

test('what did not run, was on already, is a bare metal server, failed or belongs to another account is not', async () => {
  const stopped = plannedChange(1)
  const bareMetal = plannedChange(2)
  await keepRun(
    1,
    [
      {...stopped, target: {...stopped.target, status: 'stopped'}},
      {...bareMetal, target: {...bareMetal.target, kind: 'bare_metal_server'}},
      plannedChange(3, {before: on, set: {protocol: 'https'}}),
      plannedChange(4),
    ],
    [turnedOn(0, 2), turnedOn(1, 2), turnedOn(2, 2), {t: 'outcome', i: 3, at: at(2), result: 'failed', after: off}],
  )
  await keepRun(2, [plannedChange(5)], [turnedOn(0, 3)], 'theirs')
  expect(await awaited()).toEqual({})
})

test('where the journal tells the status at the change, that counts and not the one of the plan', async () => {
  const stopped = plannedChange(1)
  await keepRun(
    1,
    [{...stopped, target: {...stopped.target, status: 'stopped'}}, plannedChange(2)],
    [
      {...turnedOn(0, 2), status: 'running'},
      {...turnedOn(1, 2), status: 'stopped'},
    ],
  )
  expect(await awaited()).toEqual({[id(1)]: at(2)})
})

test('what was turned off again, by an undo too, is not; turned on once more it is', async () => {
  await keepRun(1, [plannedChange(1)], [turnedOn(0, 2)])
  await keepRun(
    3,
    [plannedChange(1, {before: on, set: {enabled: false}})],
    [{t: 'outcome', i: 0, at: at(4), result: 'changed', after: off}],
  )
  expect(await awaited()).toEqual({})
  await keepRun(5, [plannedChange(1)], [turnedOn(0, 6)])
  expect(await awaited()).toEqual({[id(1)]: at(6)})
})

test('the times count and not the order of the runs: one can be resumed after another began', async () => {
  await keepRun(1, [plannedChange(1)], [turnedOn(0, 2), {t: 'restart', i: 0, at: at(9), step: 'running'}])
  await keepRun(3, [plannedChange(1)], [turnedOn(0, 4)])
  expect(await awaited()).toEqual({})
})

test('half a line at the end is as if it had not begun', async () => {
  await keepRun(1, [plannedChange(1)], [turnedOn(0, 2)])
  appendFileSync(join(folder, '20261125-100100-0000.jsonl'), '{"t":"restart","i":0,"at":"2026-11-25T10:0')
  expect(await awaited()).toEqual({[id(1)]: at(2)})
})

test('what a damaged journal may hide is told, and what it still says counts', async () => {
  await keepRun(1, [plannedChange(1)], [turnedOn(0, 2)])
  appendFileSync(join(folder, '20261125-100100-0000.jsonl'), '{"t":"restart","i":0,"step":\0}\n')
  const problems: unknown[] = []
  const known = await readRestartsAwaited(
    folder,
    async () => 'mine',
    problem => problems.push(problem),
  )
  expect([...known]).toEqual([[id(1), at(2)]])
  expect(problems).toMatchObject([{header: {id: '20261125-100100-0000'}, damage: {lines: 1, restarts: true}}])
})
