import {randomUUID} from 'node:crypto'
import {constants, type Stats} from 'node:fs'
import {type FileHandle, lstat, open, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {effectiveUid} from './machine.ts'

/** Thrown where something else is in the place of a file of this user: `message` says what, as in `it is a FIFO`. */
export class NotPlain extends Error {}

/**
 * Opens a file of this user, to read it or (`O_WRONLY` and such in `flags`) to write it. Never waits for anybody, as an
 * open of a FIFO would. Throws NotPlain for what is no file or belongs to another user, and what the file system throws.
 */
export async function openPlain(file: string, flags = constants.O_RDONLY): Promise<FileHandle> {
  // Looked at first: to open a device can do something to it.
  refuseOthers(await lstat(file))
  // Windows knows neither flag.
  const handle = await open(file, flags | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = await handle.stat()
    refuseOthers(stats)
    await refuseForeign(file, stats)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** What a thing in the file system is called in a sentence; undefined for a file. */
export function oddKindOf(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined
  if (stats.isDirectory()) return 'a folder'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isFIFO()) return 'a FIFO'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}

function refuseOthers(stats: Stats): void {
  const kind = oddKindOf(stats)
  if (kind !== undefined) throw new NotPlain(`it is ${kind}`)
}

async function refuseForeign(file: string, {uid}: Stats): Promise<void> {
  const own = effectiveUid()
  if (own === undefined || uid === own) return
  // A mount may show all files as one user's (vfat, SMB), or map users (NFS): what we make there tells who we are to it.
  const {uid: mapped} = await probe(dirname(file))
  if (uid !== (mapped ?? own)) throw new NotPlain('it belongs to another user')
}

/**
 * What a folder's file system makes of a file that is written now: its time, in epoch milliseconds by the file server's
 * clock, and its user. Where none can be written, the time is this machine's and there is no user.
 */
export async function probe(folder: string): Promise<{now: number; uid?: number}> {
  const file = join(folder, `.${randomUUID()}.probe`)
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.write('.')
    } finally {
      await handle.close()
    }
    const {mtimeMs, uid} = await lstat(file)
    return {now: mtimeMs, uid}
  } catch {
    return {now: Date.now()}
  } finally {
    await rm(file, {force: true}).catch(() => undefined)
  }
}
