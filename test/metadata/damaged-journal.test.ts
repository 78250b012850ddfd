import {execFileSync} from 'node:child_process'
import {appendFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {JournalFile} from '../../src/metadata/journal-file.ts'
import {readRun} from '../../src/metadata/read-run.ts'
import {readRestartsAwaited, readRuns} from '../../src/metadata/run-folder.ts'
import {describeDamage, isResumable, isSettled} from '../../src/metadata/runs.ts'
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
const file = () => join(folder, `${id}.jsonl`)

beforeEach(async () => {
  folder = join(folderOfTest(), 'runs')
  const journal = await JournalFile.begin(folder, header, changes)
  for (const i of [0, 1, 2, 3]) {
    await journal.write({t: 'sent', i, at})
    await journal.write({t: 'outcome', i, at, result: 'changed', after: on})
  }
  await journal.write({t: 'end', at, reason: 'done'})
  await journal.close()
})

/** Puts something else in the place of the lines that `is` chooses, of which there is at least one. */
function spoil(is: (line: Record<string, unknown>) => boolean, spoilt: (text: string) => string | undefined): void {
  const texts = readFileSync(file(), 'utf8').trimEnd().split('\n')
  expect(texts.some(text => is(JSON.parse(text)))).toBe(true)
  const all = texts.map(text => (is(JSON.parse(text)) ? spoilt(text) : text)).filter(text => text !== undefined)
  writeFileSync(file(), `${all.join('\n')}\n`)
}
const ofType = (t: string, i?: number) => (line: Record<string, unknown>) => line.t === t && line.i === i
const doubts = async () => (await readRun(folder, id)).changes.map(({indeterminate}) => indeterminate)

/** A line as disks, crashes and editors spoil it. */
const spoilers: [string, (text: string) => string][] = [
  ['has another bit', text => text.replace('"t"', '"u"')],
  ['lacks its end', text => text.slice(0, 40)],
  ['lacks its beginning', text => text.slice(10)],
  ['is a block of zeros', text => '\0'.repeat(text.length)],
  ['is JSON of another shape', text => text.replace(/"result":"\w+"/, '"result":7')],
  ['has a result that there is not', text => text.replace(/"result":"\w+"/, '"result":"fine"')],
  ['has settings that are none', text => text.replace('"enabled":true', '"enabled":"yes"')],
  ['is no text', text => text.replace('changed', 'chang\ufffd')],
  ['is of another change', text => text.replace('"i":1', '"i":-1')],
]

describe('a run of which a line', () => {
  it.each(spoilers)('%s is not done, and what it may hide is in doubt', async (_, spoilt) => {
    spoil(ofType('outcome', 1), spoilt)
    const run = await readRun(folder, id)
    expect(run).toMatchObject({state: 'damaged', damage: {lines: 1, unknown: 0, header: false}})
    expect(describeDamage(run)).toBe('1 line of its journal is damaged')
    expect(run.changes.map(({result}) => result)).toEqual(['changed', undefined, 'changed', 'changed'])
    expect(await doubts()).toEqual([false, true, false, false])
    expect(isResumable(run)).toBe(true)
  })

  it('of a change has tags that are none is no change to be made', async () => {
    spoil(ofType('change', 0), text => text.replace(/}$/, ',"tags":[7]}'))
    const run = await readRun(folder, id)
    expect(run).toMatchObject({state: 'damaged', damage: {lines: 1}})
    expect(run.changes.map(({i}) => i)).toEqual([1, 2, 3])
  })

  it('of a sending is lost is in doubt even where nothing else speaks of it', async () => {
    spoil(
      line => line.i === 2 && line.t !== 'change',
      text => (text.includes('sent') ? text.replace('{', '[') : undefined),
    )
    expect(await doubts()).toEqual([false, false, true, false])
  })

  it('that came after its outcome is lost is in doubt again', async () => {
    appendFileSync(file(), `{"t":"outcome","i":3,"at":"${at}","result":"fai\0ed"}\n`)
    expect(await doubts()).toEqual([false, false, false, true])
    const run = await readRun(folder, id)
    expect(run.changes.map(isSettled)).toEqual([true, true, true, false])
  })

  it('of a restart is lost says that an instance may be down, and takes none for it', async () => {
    appendFileSync(file(), `{"t":"restart","i":3,"at":"${at}","step":"sto\n`)
    const run = await readRun(folder, id)
    expect(describeDamage(run)).toMatch(/1 line .* is damaged, and an instance that it stopped may be down/)
    expect(run.changes.map(({restart}) => restart)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('was cut by a kill, and gone on with, is whole', async () => {
    spoil(ofType('end'), () => undefined)
    spoil(ofType('outcome', 3), () => undefined)
    appendFileSync(file(), `{"t":"outcome","i":3,"at":"${at}","res`)
    expect((await readRun(folder, id)).damage).toBeUndefined()
    const {bytes} = await readRun(folder, id)
    const journal = await JournalFile.resume(folder, id, bytes, at)
    await journal.write({t: 'outcome', i: 3, at, result: 'changed', after: on})
    await journal.write({t: 'end', at, reason: 'done'})
    await journal.close()
    expect(await readRun(folder, id)).toMatchObject({state: 'done', damage: undefined})
    // Killed once more, while it went on.
    appendFileSync(file(), `{"t":"sent","i":\n{"t":"resu\n{"t":"resumed","at":"${at}"}\n{"t":"end","at":"${at}`)
    expect((await readRun(folder, id)).damage).toBeUndefined()
  })

  it('holds a line separator in a name is whole', async () => {
    spoil(ofType('change', 0), text => text.replace('"web-0"', '"web\u2028\u20290"'))
    const run = await readRun(folder, id)
    expect(run).toMatchObject({state: 'done', damage: undefined})
    expect(run.changes[0]?.change.target.name).toBe('web\u2028\u20290')
  })
})

describe('a run of which a change', () => {
  it.each([
    ['is damaged', (text: string) => text.replace('{', '('), 1],
    ['names no server', (text: string) => text.replace(/"id":"[^"]+"/, '"id":""'), 1],
    ['sets nothing', (text: string) => text.replace(/"set":\{[^}]+\}/, '"set":{}'), 1],
    ['is for a place beyond', (text: string) => text.replace('"i":1', '"i":4000000000'), 1],
    ['is gone', () => undefined, 0],
  ])('%s is not done, and says how many servers it does not know', async (_, spoilt, lines) => {
    spoil(ofType('change', 1), spoilt)
    const run = await readRun(folder, id)
    expect(run).toMatchObject({state: 'damaged', damage: {lines, unknown: 1, header: false}})
    expect(describeDamage(run)).toContain('1 of its servers is not known')
    expect(run.changes.map(({i, result}) => [i, result])).toEqual([
      [0, 'changed'],
      [2, 'changed'],
      [3, 'changed'],
    ])
    expect(isResumable(run)).toBe(false)
  })
})

describe('a run of which the header', () => {
  it.each([
    ['is no text', (text: string) => '\0'.repeat(text.length)],
    ['is of another run', (text: string) => text.replace(id, '20261125-161502-0000')],
    ['leads elsewhere', (text: string) => text.replace(id, '../../other')],
    ['counts what can not be counted', (text: string) => text.replace('"count":4', '"count":-4')],
    ['is gone', () => undefined],
  ])('%s is a run, and damaged', async (_, spoilt) => {
    spoil(ofType('run'), spoilt)
    const run = await readRun(folder, id)
    expect(run).toMatchObject({state: 'damaged', endedAt: at, damage: {header: true, unknown: 0}})
    expect(run.header).toMatchObject({id, account: '', startedAt: header.startedAt, count: 4})
    expect(run.changes.map(({change}) => change.target.id)).toEqual(changes.map(({target}) => target.id))
    const found = []
    for await (const each of readRuns(folder)) found.push(each.header.id)
    expect(found).toEqual([id])
  })

  it('is of a later version can’t be read, and is not taken for damaged', async () => {
    spoil(ofType('run'), text => text.replace('"v":1', '"v":2'))
    await expect(readRun(folder, id)).rejects.toThrow(/a newer vpcmd wrote it/)
  })
})

describe('where the file of a run should be', () => {
  const aside = () => join(folder, '..', 'aside')
  it.each([
    ['a FIFO', () => execFileSync('mkfifo', [file()])],
    ['a symbolic link', () => symlinkSync(aside(), file())],
    ['a folder', () => mkdirSync(file())],
    ['a device', () => execFileSync('sh', ['-c', `mknod ${file()} c 1 3 || ln -s /dev/null ${file()}`])],
  ])('%s is told, and nobody waits for it', async (kind, make) => {
    renameSync(file(), aside())
    make()
    const other = '20261125-161502-3f9b'
    await (await JournalFile.begin(folder, {...header, id: other}, changes)).close()
    await expect(readRun(folder, id)).rejects.toMatchObject({code: 'journal_unreadable', exitCode: 1})
    await expect(readRun(folder, id)).rejects.toThrow(
      process.geteuid?.() === 0 ? `it is ${kind}` : /it is a (FIFO|symbolic link|folder|device)/,
    )
    await expect(JournalFile.resume(folder, id, 0, at)).rejects.toMatchObject({code: 'journal_failed'})
    const problems: unknown[] = []
    const found = []
    for await (const each of readRuns(folder, error => problems.push(error))) found.push(each.header.id)
    expect(found).toEqual([other])
    expect(problems).toHaveLength(1)
    await readRestartsAwaited(
      folder,
      async () => 'a1234567',
      error => problems.push(error),
    )
    expect(problems).toHaveLength(2)
  })

  it('its lock is a FIFO is told too', async () => {
    spoil(ofType('end'), () => undefined)
    spoil(ofType('outcome', 3), () => undefined)
    execFileSync('mkfifo', [join(folder, `${id}.lock`)])
    const odd = {code: 'lock_unreadable', exitCode: 1, message: expect.stringContaining('it is a FIFO')}
    await expect(readRun(folder, id)).rejects.toMatchObject(odd)
    await expect(JournalFile.resume(folder, id, 0, at)).rejects.toMatchObject(odd)
  })
})
