import {randomUUID} from 'node:crypto'
import {link, lstat, rename, rm, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {usageError, VpcmdError} from '../errors.ts'

/** Throws a usage error where there is a file already that may not be replaced. */
export async function checkFree(file: string, mayReplace: boolean): Promise<void> {
  if (file === '') throw usageError('The name of the key file is empty.')
  if (mayReplace) return
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  )
  if (isThere) throw taken(file)
}

/**
 * Writes a private key so that nobody but the user can read it (0600), all or nothing; an existing file stays unless it may
 * be replaced. Throws a VpcmdError.
 */
export async function writeKey(file: string, key: string, mayReplace: boolean): Promise<void> {
  const draft = join(dirname(file), `.${randomUUID()}.tmp`)
  try {
    await writeFile(draft, key, {mode: 0o600, flag: 'wx'})
    // Unlike a rename, a link fails where there is a file.
    if (mayReplace) await rename(draft, file)
    else await link(draft, file).catch(error => moveToFree(draft, file, error))
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw taken(file)
    throw new VpcmdError({code: 'key_not_written', message: `The key could not be written to ${file} (${code}).`})
  } finally {
    await rm(draft, {force: true})
  }
}

/** Where the disk has no hard links (vfat, some FUSE and SMB mounts): the name is taken first, and then replaced. */
async function moveToFree(draft: string, file: string, error: NodeJS.ErrnoException): Promise<void> {
  if (!noLinks.includes(error.code ?? '')) throw error
  await writeFile(file, '', {mode: 0o600, flag: 'wx'})
  await rename(draft, file).catch(async (failure: unknown) => {
    await rm(file, {force: true})
    throw failure
  })
}

const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

function taken(file: string): VpcmdError {
  return usageError(`${file} exists already, and a key is not replaced unasked.`, 'Name another file, or pass --force.')
}
