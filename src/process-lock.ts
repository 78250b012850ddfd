import {randomUUID} from 'node:crypto'
import type {Stats} from 'node:fs'
import {lstat, mkdir, open, readdir, rename, rm, rmdir, unlink, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {isOfHere, isRunning, type LockOwner, thisProcess} from './lock-owner.ts'
import {NotPlain, oddKindOf, openPlain, probe} from './plain-file.ts'

// A lock is a folder with one file in it, named by a token of its owner and rewritten while that lives. It gets its name
// by a rename, whole: a folder can't be renamed over one that holds something, on any file system, and unlike link(2)
// that needs no hard links. It is taken from a dead owner by removing that owner's file, which can't be anybody else's.

/** How often an owner shows that it lives. */
export const beatMs = 3000
/** How long an owner that can't be looked for must have been silent to be taken for dead. */
export const silenceMs = 60_000
/** How long a lock that seems silent is watched before it is taken: longer than two beats. */
const watchMs = 2 * beatMs + 1000

/** Who holds a lock. */
export interface Holder {
  /** Undefined where its file does not tell, as it was damaged. */
  owner: LockOwner | undefined
  /** Whether its process can be looked for here: it is of this host, boot and PID namespace. */
  isOfHere: boolean
}

interface Found extends Holder {
  file: string
  text: string
}

/** Thrown where a lock is held by a process that lives, or may. */
export class LockHeld extends Error {
  readonly holder: Holder
  constructor(holder: Holder) {
    super(`It is held by ${describeHolder(holder)}.`)
    this.holder = holder
  }
}

/** A lock that this process holds, and keeps alive. */
export class ProcessLock {
  readonly #folder: string
  readonly #file: string
  readonly #timer: NodeJS.Timeout
  #beating: Promise<void> | undefined
  #beats = 0

  constructor(path: string, token: string) {
    this.#folder = path
    this.#file = join(path, token)
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined
      })
    }, beatMs)
    this.#timer.unref()
  }

  /** Whether it is still ours: a process that stood still for a minute may have been taken for dead. */
  async isHeld(): Promise<boolean> {
    try {
      // NFS asks its server for what is opened, and may answer anything else from memory.
      await (await open(this.#file, 'r')).close()
      return true
    } catch (error) {
      return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR'
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    await unlink(this.#file).catch(ifGone)
    await removeEmpty(this.#folder)
  }

  async #beat(): Promise<void> {
    const text = ownerText(await thisProcess(), ++this.#beats)
    try {
      // Never made anew: where it is gone, the lock is another's.
      const handle = await open(this.#file, 'r+')
      await handle.write(text, 0).finally(() => handle.close())
    } catch {
      // A disk that is full, or away for a moment: the next beat tries again.
    }
  }
}

/**
 * Makes this process the only one that holds the lock at `path`, in a folder that is there. The lock of an owner that is
 * dead is taken over: at once where its process can be looked for, else after it has been silent for so long. Throws
 * LockHeld, NotPlain where something else is at the path, and what the file system throws.
 */
export async function takeLock(path: string, silentForMs = silenceMs): Promise<ProcessLock> {
  const token = randomUUID()
  const draft = `${path}.${token}`
  await mkdir(draft, {mode: 0o700})
  try {
    await writeFile(join(draft, token), ownerText(await thisProcess(), 0), {mode: 0o600, flag: 'wx'})
    for (let tries = 1; tries <= 8; tries++) {
      if (await isRenamed(draft, path)) return new ProcessLock(path, token)
      const found = await findHolder(path)
      if (found && (await isAlive(found, silentForMs, true))) throw new LockHeld(found)
      if (found) await unlink(found.file).catch(unless('ENOENT', 'ENOTDIR', 'EISDIR', 'EPERM'))
      await removeEmpty(path)
    }
    throw new NotPlain('it holds what is not of a lock')
  } catch (error) {
    await rm(draft, {recursive: true, force: true}).catch(() => undefined)
    throw error
  }
}

/** Who holds the lock at `path`, as far as one look tells; undefined where nobody does. Throws NotPlain. */
export async function holderOf(path: string, silentForMs = silenceMs): Promise<Holder | undefined> {
  const found = await findHolder(path)
  return found && (await isAlive(found, silentForMs, false)) ? found : undefined
}

/** A holder in words: `process 12`, and where that is if it is elsewhere. */
export function describeHolder({owner, isOfHere}: Holder): string {
  if (!owner) return 'a process that is not known'
  return isOfHere
    ? `process ${owner.pid}`
    : `process ${owner.pid} on ${owner.host}, in another container or on another host`
}

async function isRenamed(draft: string, path: string): Promise<boolean> {
  try {
    await rename(draft, path)
    return true
  } catch (error) {
    // Each system has its own word for what is there already: ENOTEMPTY, EEXIST, ENOTDIR, EPERM.
    if (await look(path)) return false
    // It was there, and has just been released.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))) return false
    throw error
  }
}

async function findHolder(path: string): Promise<Found | undefined> {
  const stats = await look(path)
  if (!stats) return undefined
  if (!stats.isDirectory()) throw new NotPlain(`it is ${oddKindOf(stats) ?? 'a file'}`)
  const names = await readdir(path).catch(ifGone)
  const token = names?.find(name => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name))
  if (token === undefined) return undefined
  const file = join(path, token)
  const text = await readStart(file)
  if (text === undefined) return undefined
  const owner = parseOwner(text)
  return {owner, isOfHere: owner !== undefined && (await isOfHere(owner)), file, text}
}

/** The beginning of an owner's file, of which a stranger may have made anything; undefined where it is gone. */
async function readStart(file: string): Promise<string | undefined> {
  const handle = await openPlain(file).catch(ifGone)
  if (!handle) return undefined
  try {
    const {bytesRead, buffer} = await handle.read(Buffer.alloc(1024), 0, 1024, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function isAlive(found: Found, silentForMs: number, mayWatch: boolean): Promise<boolean> {
  if (found.owner && found.isOfHere) return isRunning(found.owner)
  const stats = await look(found.file)
  if (!stats) return false
  // Both times are by the file server's clock: the clocks of hosts differ.
  const silentMs = (await probe(dirname(dirname(found.file)))).now - stats.mtimeMs
  const isAhead = silentMs < -beatMs
  if (!isAhead && silentMs < silentForMs) return true
  if (!mayWatch) return isAhead
  // That clock may have been set, and whoever stood still may go on: it is watched, and for all of the time where the
  // clock tells nothing.
  const end = performance.now() + (isAhead ? silentForMs : Math.min(watchMs, silentForMs))
  while (performance.now() < end) {
    await sleep(500)
    const text = await readStart(found.file)
    if (text === undefined) return false
    if (text !== found.text) return true
  }
  return false
}

/** As long at each beat, so that one that is read while it is written is whole. */
function ownerText({pid, began, host, boot, pids}: LockOwner, beats: number): string {
  return `${JSON.stringify({pid, began, host, boot, pids, beats: String(beats).padStart(12, '0')})}\n`
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const {pid, began, host, boot, pids} = JSON.parse(text)
    const areTexts = [began, host, boot, pids].every(each => typeof each === 'string')
    return Number.isInteger(pid) && pid > 0 && areTexts ? {pid, began, host, boot, pids} : undefined
  } catch {
    return undefined
  }
}

async function look(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(ifGone)
}

async function removeEmpty(path: string): Promise<void> {
  await rmdir(path).catch(unless('ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EBUSY', 'EACCES'))
}

const ifGone = unless('ENOENT', 'ENOTDIR')

/** For a catch that takes these errors of the file system for nothing, and throws any other. */
function unless(...codes: string[]): (error: unknown) => undefined {
  return error => {
    if (!codes.includes(codeOf(error))) throw error
    return undefined
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}
