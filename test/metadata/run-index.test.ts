import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import type {JournalLine} from '../../src/metadata/journal.ts'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import {readRun} from '../../src/metadata/read-run.ts'
import {readRestartsAwaited, readRuns} from '../../src/metadata/run-folder.ts'
import {headerOf, plannedChange} from '../support/planned-change.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

const many = 40
const on = {enabled: true, protocol: 'http', response_hop_limit: 1}
const at = (minute: number) => `2026-11-25T10:${String(minute).padStart(2, '0')}:00.000Z`
const runId = (minute: number) => `20261125-10${String(minute).padStart(2, '0')}00-0000`
const instance = (index: number) => plannedChange(index).target.id

let folder: string
const file = (minute: number) => join(folder, `${runId(minute)}.jsonl`)
const index = () => join(folder, 'index.json')

// Each journal is written for good before the next line: once for all tests, of which each has a copy.
let written: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-index-'))
  written = folder
  for (let minute = 0; minute < many; minute++) {
    await keepRun(minute, [{t: 'outcome', i: 0, at: at(minute), result: 'changed', after: on}])
  }
})
afterAll(() => rmSync(written, {recursive: true, force: true}))
beforeEach(() => {
  folder = folderOfTest()
  cpSync(written, folder, {recursive: true, preserveTimestamps: true})
})

/** A run that turned one instance on, of its own number, and ended. */
async function keepRun(minute: number, lines: JournalLine[]): Promise<void> {
  const changes = [plannedChange(minute)]
  const header = headerOf(runId(minute), changes, {account: 'mine', startedAt: at(minute)})
  const journal = await JournalFile.begin(folder, header, changes)
  for (const line of lines) await journal.write(line)
  await journal.write({t: 'end', at: at(minute), reason: 'done'})
  await journal.close()
}

async function history(): Promise<Record<string, string>> {
  const rows: [string, string][] = []
  for await (const {header, state} of readRuns(folder)) rows.push([header.id, state])
  return Object.fromEntries(rows.sort())
}
const awaited = async () => {
  const fail = (problem: unknown) => {
    throw problem
  }
  return Object.fromEntries(await readRestartsAwaited(folder, async () => 'mine', fail))
}
const all = Object.fromEntries(Array.from({length: many}, (_, minute) => [runId(minute), 'done']))
const allAwaited = Object.fromEntries(Array.from({length: many}, (_, minute) => [instance(minute), at(minute)]))

/** Makes a journal another one that looks the same from without: whoever reads it now finds no run in it. */
function emptyBehindItsBack(minute: number): void {
  const {size, atime, mtime} = statSync(file(minute))
  writeFileSync(file(minute), '\n'.repeat(size))
  utimesSync(file(minute), atime, mtime)
}

/** Gives all journals whole seconds, which a test can give them again. */
function roundTimes(): void {
  for (let minute = 0; minute < many; minute++) utimesSync(file(minute), 1_700_000_000 + minute, 1_700_000_000 + minute)
}

it('journals of runs that ended are not read again, by history and by show', async () => {
  roundTimes()
  expect(await history()).toEqual(all)
  expect(existsSync(index())).toBe(true)
  for (let minute = 0; minute < many; minute++) emptyBehindItsBack(minute)
  expect(await history()).toEqual(all)
  expect(await awaited()).toEqual(allAwaited)
  await expect(readRun(folder, runId(0))).rejects.toMatchObject({code: 'journal_unreadable'})
})

it('a few are read each time, without an index', async () => {
  for (let minute = 10; minute < many; minute++) rmSync(file(minute))
  expect(Object.keys(await history())).toHaveLength(10)
  expect(existsSync(index())).toBe(false)
})

it('a run that was gone on with since is seen as it is now', async () => {
  await history()
  const {bytes} = await readRun(folder, runId(7))
  const journal = await JournalFile.resume(folder, runId(7), bytes, at(50))
  expect(await history()).toEqual({...all, [runId(7)]: 'running'})
  await journal.write({t: 'restart', i: 0, at: at(51), step: 'running'})
  await journal.write({t: 'end', at: at(51), reason: 'interrupted'})
  await journal.close()
  expect(await history()).toEqual({...all, [runId(7)]: 'interrupted'})
  const {[instance(7)]: _, ...others} = allAwaited
  expect(await awaited()).toEqual(others)
})

it('a run whose journal was removed is gone, with what it said', async () => {
  await history()
  rmSync(file(3))
  const {[runId(3)]: _, ...others} = all
  expect(await history()).toEqual(others)
  expect(await awaited()).not.toHaveProperty(instance(3))
})

it.each([
  ['is damaged', () => writeFileSync(index(), readFileSync(index(), 'utf8').replaceAll('done', 'gone'))],
  ['is cut', () => truncateSync(index(), 1000)],
  ['is empty', () => writeFileSync(index(), '')],
  ['is gone', () => rmSync(index())],
])('an index that %s is made anew from the journals', async (_, spoil) => {
  await history()
  spoil()
  expect(await awaited()).toEqual(allAwaited)
  expect(await history()).toEqual(all)
})

it('many that read at once, while runs begin, lose none', async () => {
  const reads = Array.from({length: 6}, async () => {
    for (let round = 0; round < 5; round++) expect(await history()).toMatchObject(all)
  })
  for (let minute = many; minute < many + 15; minute++) {
    await keepRun(minute, [{t: 'outcome', i: 0, at: at(minute), result: 'changed', after: on}])
  }
  await Promise.all(reads)
  expect(Object.keys(await history())).toHaveLength(many + 15)
  expect(Object.keys(await awaited())).toHaveLength(many + 15)
})

it('a run that has ended and is not settled stays to be resumed, also from the index', async () => {
  rmSync(file(5))
  await keepRun(5, [{t: 'outcome', i: 0, at: at(5), result: 'failed', indeterminate: true}])
  for (let round = 0; round < 2; round++) {
    const found = []
    for await (const run of readRuns(folder)) if (run.isResumable) found.push(run.header.id)
    expect(found).toEqual([runId(5)])
  }
})
