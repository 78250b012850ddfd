import {accessSync, constants, statSync} from 'node:fs'
import {dirname, isAbsolute, relative, resolve} from 'node:path'
import {usageError} from '../errors.ts'
import {ownUid} from '../machine.ts'
import {quoteCommand} from '../quote-command.ts'
import {homeFolder} from './user-folders.ts'

/** Why the file system refused something, in words that stand behind a colon, and what to do about it in words that do. */
export interface FileTrouble {
  why: string
  advice: string | undefined
}

/** What to do where no file can be opened any more. */
export const raiseFileLimit = 'raise the limit of open files: ulimit -n 1024'

// errno(3).
const known: Record<string, {why: string; advice?: string}> = {
  EROFS: {why: 'its file system is read-only'},
  ENOSPC: {why: 'the disk is full', advice: 'make room on the disk'},
  EDQUOT: {why: 'your disk quota is used up', advice: 'make room on the disk'},
  EFBIG: {
    why: 'it would be larger than a file may be',
    advice: 'raise the limit of the file size: ulimit -f unlimited',
  },
  EMFILE: {why: 'too many files are open in this process', advice: raiseFileLimit},
  ENFILE: {why: 'too many files are open on this machine', advice: 'end other programs'},
  EEXIST: {why: 'it is there already'},
  EISDIR: {why: 'it is a folder'},
  ENOTDIR: {why: 'a part of its path is not a folder'},
  ENAMETOOLONG: {why: 'its name is too long'},
  ELOOP: {why: 'its links lead in a circle'},
  EIO: {why: 'the disk failed (EIO)', advice: 'look at the disk'},
  EPIPE: {why: 'nobody reads it any more'},
  ENXIO: {why: 'it is a socket, or a device that is not there'},
}

/** An error as the file system throws it. */
export function fileError(code: string, message = code): NodeJS.ErrnoException {
  return Object.assign(new Error(message), {code})
}

/** Says why a file or folder at `path` could not be written, or read, and whose it is where permission is what lacks. */
export function explainTrouble(
  error: unknown,
  path: string,
  env: NodeJS.ProcessEnv,
  doing: 'write' | 'read' = 'write',
): FileTrouble {
  const {code, message} = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return missing(path, doing)
  if (code === 'EACCES' || code === 'EPERM') return denied(path, code, env)
  return {advice: undefined, ...(known[code ?? ''] ?? {why: code ?? message})}
}

function missing(path: string, doing: 'write' | 'read'): FileTrouble {
  if (!isAbsolute(path) && !isHere()) return {why: 'the current folder is gone', advice: goElsewhere}
  const folder = dirname(path)
  // Whoever writes a file makes it: what is not there is its folder.
  const isFile = doing === 'read' || statSync(folder, {throwIfNoEntry: false})
  return {why: isFile ? 'there is no such file' : `there is no folder ${folder}`, advice: undefined}
}

function denied(path: string, code: string, env: NodeJS.ProcessEnv): FileTrouble {
  const place = nearest(path)
  const uid = ownUid()
  if (!place || uid === undefined || uid === 0) return {why: `permission is denied (${code})`, advice: undefined}
  if (place.uid !== uid) {
    const home = homeFolder(env)
    const isAtHome = home !== undefined && !relative(home, place.path).startsWith('..')
    return {
      why: `${place.path} belongs to ${ownerName(place.uid)}`,
      advice: isAtHome ? takeOver(place.path) : undefined,
    }
  }
  const isOpen = isWritable(place.path)
  return {
    why: isOpen ? `permission is denied (${code})` : `the permissions of ${place.path} forbid it`,
    advice: isOpen ? undefined : `change them: chmod u+rwX ${quoteCommand([place.path])}`,
  }
}

/** The file or folder itself, or the nearest one around it that can be looked at. */
function nearest(path: string): {path: string; uid: number} | undefined {
  let at = isHere() ? resolve(path) : path
  for (;;) {
    try {
      return {path: at, uid: statSync(at).uid}
    } catch {
      if (dirname(at) === at) return undefined
      at = dirname(at)
    }
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** What a user is called in a sentence. */
export function ownerName(uid: number): string {
  return uid === 0 ? 'root' : `another user (ID ${uid})`
}

/** How to make a folder one's own, in words that stand behind a colon. */
export function takeOver(folder: string): string {
  return `make it yours: sudo chown -R "$USER" ${quoteCommand([folder])}`
}

const goElsewhere = 'go to a folder that exists, or give a full path'

function isHere(): boolean {
  try {
    resolve()
    return true
  } catch {
    return false
  }
}

/** The full path of a file that the user named. Throws a usage error for a relative one where the current folder is gone. */
export function fullPath(file: string): string {
  if (!isAbsolute(file) && !isHere()) {
    throw usageError(`${file} can't be found: the current folder is gone.`, sentence(goElsewhere))
  }
  return resolve(file)
}

/** Advice as a sentence of its own. */
export function sentence(advice: string): string {
  return `${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`
}
