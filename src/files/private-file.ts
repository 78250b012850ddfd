import {createHash} from 'node:crypto'
import {mkdir, open, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {fileError} from './file-trouble.ts'
import {ownershipTrouble} from './own-folder.ts'
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
  try {
    await mkdir(folder, {mode: 0o700})
  } catch (error) {
    const isThere = await stat(folder).then(
      each => each.isDirectory(),
      () => false,
    )
    if (isThere) return
    // Something else is in its place.
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? fileError('ENOTDIR') : error
  }
}

/**
 * Writes a file so that nobody else can read it (0600 in a folder 0700) and no reader ever sees half of it. What is there
 * is replaced, and not written into: it may be readable to others, or lead elsewhere. Throws what the file system throws.
 */
export async function writePrivate(file: string, content: string): Promise<void> {
  await makePrivateFolder(dirname(file))
  await replaceFile(file, content, {isPrivate: true})
}

/** Writes JSON as `writePrivate` does. */
export async function writePrivateJson(file: string, value: unknown): Promise<void> {
  await writePrivate(file, JSON.stringify(value))
}

/**
 * Reads what writePrivateJson wrote. Throws what the file system throws, `EPERM` for a file that others may have written,
 * and SyntaxError for a file that is no JSON.
 */
export async function readPrivateJson(file: string): Promise<unknown> {
  const handle = await open(file)
  try {
    const trouble = ownershipTrouble(file, await handle.stat())
    if (trouble) throw fileError('EPERM', trouble.why)
    return JSON.parse(await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}
