import {createHash} from 'node:crypto'
import {constants, type Stats, statSync} from 'node:fs'
import {mkdir, open, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {ownUid} from '../machine.ts'
import {quoteCommand} from '../quote-command.ts'
import {type FileTrouble, fileError, ownerName, takeOver} from './file-trouble.ts'
import {replaceFile} from './write-output.ts'

/** A file name that tells nothing of its parts, which may be secrets. */
export function hashedName(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 40)
}

/** Makes a folder, and those above it, for the user alone (0700) where it is not there. Throws what the file system throws. */
export async function makePrivateFolder(folder: string): Promise<void> {
  // Node's own `recursive` never ends where the system says ENOENT below a folder that is there, such as in /proc.
  try {
    await makeOne(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makePrivateFolder(dirname(folder))
    await makeOne(folder)
  }
}

async function makeOne(folder: string): Promise<void> {
  await mkdir(folder, {mode: 0o700}).catch(async (error: NodeJS.ErrnoException) => {
    const there = await stat(folder).catch(() => undefined)
    if (there?.isDirectory()) return
    // Something else is in its place.
    throw error.code === 'EEXIST' ? fileError('ENOTDIR') : error
  })
}

/**
 * Writes a file so that nobody else can read it (0600 in a folder 0700) and no reader ever sees half of it. What is there
 * is replaced, and not written into: it may be readable to others, or lead elsewhere. Throws what the file system throws.
 */
export async function writePrivate(file: string, content: string): Promise<void> {
  await makePrivateFolder(dirname(file))
  await replaceFile(file, content, {isPrivate: true})
}

/**
 * Reads JSON that writePrivate wrote. Throws what the file system throws, `EPERM` for a file that others may have written,
 * `EFBIG` for one of more bytes than `mostBytes`, and SyntaxError for a file that is no JSON.
 */
export async function readPrivateJson(file: string, mostBytes = Number.POSITIVE_INFINITY): Promise<unknown> {
  // A FIFO is not waited for.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const there = await handle.stat()
    if (!there.isFile()) throw fileError('EPERM', 'it is no file')
    const trouble = ownershipTrouble(file, there)
    if (trouble) throw fileError('EPERM', trouble.why)
    if (there.size > mostBytes) throw fileError('EFBIG')
    return JSON.parse(await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}

/**
 * What keeps a folder from being trusted: it is another user's, or others can write to it, and so could have put there
 * what vpcmd would take for its own. Undefined where nothing does, or there is no such folder.
 */
export function folderTrouble(folder: string): FileTrouble | undefined {
  try {
    const there = statSync(folder)
    return there.isDirectory() ? ownershipTrouble(folder, there) : undefined
  } catch {
    // There is none, or whoever uses it will tell why it can't be looked at.
    return undefined
  }
}

/** The same of a file or folder that was looked at. */
export function ownershipTrouble(path: string, {uid, mode}: Pick<Stats, 'uid' | 'mode'>): FileTrouble | undefined {
  const own = ownUid()
  // Windows has neither.
  if (own === undefined) return undefined
  if (uid !== own) {
    const advice = own === 0 ? 'run vpcmd as that user' : takeOver(path)
    return {why: `${path} belongs to ${ownerName(uid)}`, advice}
  }
  if ((mode & 0o022) === 0) return undefined
  return {
    why: `others can write to ${path} (its mode is ${(mode & 0o777).toString(8)})`,
    advice: `take that away from them: chmod go-w ${quoteCommand([path])}`,
  }
}
