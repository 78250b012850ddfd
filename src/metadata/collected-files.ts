import {randomUUID} from 'node:crypto'
import {mkdir, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'

/** The files that an instance's metadata goes to. */
export interface CollectedFiles {
  /** The JSON. */
  file: string
  /** The user data, byte for byte; undefined where there is none. */
  userDataFile: string | undefined
}

/**
 * Names for the files of instances, without an ending, in their order. A name from outside never leads out of the folder:
 * one that is not as IBM's are, or that another instance has as well, is replaced by the ID.
 */
export function fileNames(instances: readonly {id: string; name: string}[]): string[] {
  return instances.map(({id, name}) => {
    const isAlone = instances.filter(other => other.name === name).length === 1
    return isAlone && /^[a-z0-9][-a-z0-9]{0,62}$/.test(name) ? name : id.replace(/[^\w-]/g, '_')
  })
}

/**
 * Writes an instance's JSON, and its user data where there is any, into a folder that is made (0700) if need be. Nobody
 * else can read them (0600), and what is there is replaced as a whole. Throws VpcmdError where they can't be written.
 */
export async function writeCollected(
  folder: string,
  name: string,
  json: string,
  userData: string | undefined,
): Promise<CollectedFiles> {
  const files = {
    file: join(folder, `${name}.json`),
    userDataFile: userData === undefined ? undefined : join(folder, `${name}.user-data`),
  }
  try {
    await mkdir(folder, {recursive: true, mode: 0o700})
    await replace(folder, files.file, json)
    if (files.userDataFile !== undefined) await replace(folder, files.userDataFile, userData ?? '')
  } catch (error) {
    throw new VpcmdError({
      code: 'not_written',
      message: `${files.file} can't be written (${(error as NodeJS.ErrnoException).code}).`,
      hint: 'Choose another folder with --out.',
    })
  }
  return files
}

// Not written in place: a file that is there may be readable to others, or lead elsewhere.
async function replace(folder: string, file: string, content: string): Promise<void> {
  const draft = join(folder, `.${randomUUID()}.tmp`)
  try {
    await writeFile(draft, content, {mode: 0o600, flag: 'wx'})
    await rename(draft, file)
  } catch (error) {
    await rm(draft, {force: true})
    throw error
  }
}
