import {lstat, stat} from 'node:fs/promises'
import {usageError, type VpcmdError} from '../errors.ts'
import {fullPath} from '../files/file-trouble.ts'
import {notWritten, type OutputHost, writeThrough} from '../files/write-output.ts'

/** Throws a usage error if a key can't be written to the file, or would replace what is there against the user's will. */
export async function checkFree(file: string, mayReplace: boolean): Promise<void> {
  if (file === '') throw usageError('The name of the key file is empty.')
  fullPath(file)
  if (mayReplace || !(await lstat(file).catch(() => undefined))) return
  const target = await stat(file).catch(() => undefined)
  // A pipe or a device takes a key without losing anything.
  if (!target || target.isFile() || target.isDirectory()) throw taken(file)
}

/**
 * Writes a private key so that nobody but the user can read it (0600), all or nothing; an existing file stays unless it may
 * be replaced. Throws a VpcmdError.
 */
export async function writeKey(host: OutputHost, file: string, key: string, mayReplace: boolean): Promise<void> {
  try {
    await writeThrough(host, file, key, {isPrivate: true, isNew: !mayReplace})
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(file)
    throw notWritten(file, error, host.env, 'key_not_written')
  }
}

function taken(file: string): VpcmdError {
  return usageError(`${file} exists already, and a key is not replaced unasked.`, 'Name another file, or pass --force.')
}
