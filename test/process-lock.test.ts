import {execFileSync} from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {beatMs, holderOf, LockHeld, takeLock} from '../src/process-lock.ts'
import {allowSeconds} from './support/allow-seconds.ts'
import {type LockProcess, lockProgram} from './support/lock-processes.ts'

// In the end-to-end tests more processes race for a lock, and more often, and what takes seconds of waiting is waited for.
const isLong = process.env.MODE === 'e2e'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const root = mkdtempSync(join(tmpdir(), 'vpcmd-lock-'))
const path = join(root, 'runs', 'a.lock')
let start: (before?: string[]) => Promise<LockProcess>
const started: LockProcess[] = []

beforeAll(async () => {
  start = await lockProgram(root, path)
})
beforeEach(() => mkdirSync(join(root, 'runs')))
afterEach(async () => {
  await Promise.all(started.splice(0).map(each => each.kill()))
  rmSync(join(root, 'runs'), {recursive: true, force: true})
})
afterAll(() => rmSync(root, {recursive: true, force: true}))

async function aProcess(before?: string[]): Promise<LockProcess> {
  const each = await start(before)
  started.push(each)
  return each
}

/** The file of whoever holds the lock. */
const ownerFile = () => join(path, readdirSync(path)[0] ?? '')
/** Makes the lock look as if its owner had been silent for so long. */
function silence(seconds: number): void {
  const at = new Date(Date.now() - seconds * 1000)
  utimesSync(ownerFile(), at, at)
}
/** Makes the lock another host's. */
function moveElsewhere(): void {
  const file = ownerFile()
  writeFileSync(file, readFileSync(file, 'utf8').replace(`"${hostname()}"`, '"far-away"'))
}
const leftOver = () => readdirSync(join(root, 'runs'))

describe('a lock', () => {
  it('keeps others off while its owner lives, and is gone without a trace after that', async () => {
    const lock = await takeLock(path)
    expect(await (await aProcess()).take()).toBe(`It is held by process ${process.pid}.`)
    expect(await holderOf(path)).toMatchObject({owner: {pid: process.pid, host: hostname()}, isOfHere: true})
    expect(await lock.isHeld()).toBe(true)
    await lock.release()
    expect(await holderOf(path)).toBeUndefined()
    expect(leftOver()).toEqual([])
  })

  it('of a process that was killed is taken over at once', async () => {
    const dead = await aProcess()
    expect(await dead.take()).toBe('taken')
    await dead.kill()
    const began = performance.now()
    await (await takeLock(path)).release()
    expect(performance.now() - began).toBeLessThan(beatMs)
    expect(leftOver()).toEqual([])
  })

  it('of a killed process that nobody asked for its exit code, as in a container without an init, is too', async () => {
    const parent = await aProcess(['sh', '-c', 'exec 3<&0; "$0" "$@" <&3 & exec sleep 60'])
    expect(await parent.take()).toBe('taken')
    const {pid} = (await holderOf(path))?.owner ?? {}
    process.kill(pid ?? 0, 'SIGKILL')
    while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await sleep(10)
    await (await takeLock(path)).release()
  })

  it('of a killed process is taken by exactly one of many that try at the same time', {timeout: 120_000}, async () => {
    const dead = await aProcess()
    expect(await dead.take()).toBe('taken')
    await dead.kill()
    const copy = join(root, 'dead.lock')
    cpSync(path, copy, {recursive: true})
    const rivals = await Promise.all(Array.from({length: isLong ? 6 : 4}, () => aProcess()))
    for (let round = 0; round < (isLong ? 30 : 8); round++) {
      rmSync(path, {recursive: true, force: true})
      cpSync(copy, path, {recursive: true})
      const answers = await Promise.all(rivals.map(each => each.take()))
      const winner = rivals[answers.indexOf('taken')]
      expect(answers.filter(answer => answer === 'taken')).toHaveLength(1)
      expect(new Set(answers)).toEqual(new Set(['taken', `It is held by process ${winner?.child.pid}.`]))
      await winner?.release()
      expect(leftOver()).toEqual([])
    }
  })

  it('that was taken from an owner that stood still is known to it as lost', async () => {
    const lock = await takeLock(path)
    rmSync(ownerFile())
    const other = await takeLock(path)
    expect(await lock.isHeld()).toBe(false)
    // The one that lost it takes nothing from the one that has it.
    await lock.release()
    expect(await other.isHeld()).toBe(true)
    await other.release()
  })

  it('without an owner, as a process leaves it that is killed while it lets go, is nobody’s', async () => {
    mkdirSync(path)
    expect(await holderOf(path)).toBeUndefined()
    await (await takeLock(path)).release()
  })
})

describe('a lock of another host', () => {
  it.runIf(isLong)('is not dead before it has been silent for a minute, and tells who holds it', async () => {
    const dead = await aProcess()
    expect(await dead.take()).toBe('taken')
    await dead.kill()
    moveElsewhere()
    silence(55)
    const held = await takeLock(path).catch(error => error)
    expect(held).toBeInstanceOf(LockHeld)
    expect(held.message).toBe(
      `It is held by process ${dead.child.pid} on far-away, in another container or on another host.`,
    )
    expect(await holderOf(path)).toMatchObject({isOfHere: false})
    silence(65)
    expect(await holderOf(path)).toBeUndefined()
    await (await takeLock(path)).release()
  })

  it.each(isLong ? [120, -3600] : [120])(
    'is not taken, whatever its time (%d s ago), while it still beats',
    async seconds => {
      const live = await aProcess()
      expect(await live.take()).toBe('taken')
      moveElsewhere()
      silence(seconds)
      await expect(takeLock(path)).rejects.toBeInstanceOf(LockHeld)
      expect(live.child.exitCode).toBeNull()
    },
  )

  it('of which nothing can be read is treated as one that can’t be looked for', async () => {
    const lock = await takeLock(path)
    writeFileSync(ownerFile(), '\0\0\0')
    await expect(takeLock(path)).rejects.toThrow('It is held by a process that is not known.')
    await lock.release()
  })

  it.runIf(isLong)('shows that it lives by its file’s time too', async () => {
    const lock = await takeLock(path)
    silence(120)
    const old = statSync(ownerFile()).mtimeMs
    await sleep(beatMs + 1000)
    expect(statSync(ownerFile()).mtimeMs).toBeGreaterThan(old + 100_000)
    await lock.release()
  })
})

describe('something else in the place of a lock', () => {
  const file = join(root, 'somewhere')
  it.each([
    ['a file', () => writeFileSync(path, '12345')],
    ['a FIFO', () => execFileSync('mkfifo', [path])],
    ['a symbolic link', () => symlinkSync(file, path)],
    [
      'a FIFO',
      () => execFileSync('sh', ['-c', `mkdir ${path} && mkfifo ${path}/00000000-0000-4000-8000-000000000000`]),
    ],
  ])('such as %s is no lock, and nobody waits for it', async (kind, make) => {
    make()
    await expect(holderOf(path)).rejects.toThrow(`it is ${kind}`)
    await expect(takeLock(path)).rejects.toThrow(`it is ${kind}`)
    expect(leftOver()).toEqual(['a.lock'])
  })

  it('such as a folder of somebody’s files is left as it is', async () => {
    mkdirSync(path)
    writeFileSync(join(path, 'notes.txt'), 'mine')
    await expect(takeLock(path)).rejects.toThrow('it holds what is not of a lock')
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine')
  })
})
