import {createHash, randomUUID} from 'node:crypto'
import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {dirname, join} from 'node:path'

/** A folder of ours below the user's cache or state: its path, and what is kept in it. */
export interface PrivateFolder {
  path: string
}

/** A file name that tells nothing of its parts, which may be secrets. */
export function hashedName(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 40)
}

/**
 * Writes JSON so that nobody else can read it (0600 in a folder 0700) and no reader ever sees half of it. Throws what
 * the file system throws.
 */
export async function writePrivateJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), {recursive: true, mode: 0o700})
  const draft = join(dirname(file), `.${randomUUID()}.tmp`)
  try {
    await writeFile(draft, JSON.stringify(value), {mode: 0o600, flag: 'wx'})
    await rename(draft, file)
  } catch (error) {
    await rm(draft, {force: true})
    throw error
  }
}

/** Reads what writePrivateJson wrote. Throws what the file system throws, and SyntaxError for a file that is no JSON. */
export async function readPrivateJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}
