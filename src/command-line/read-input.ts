import {usageError} from '../errors.ts'

/**
 * The bytes of a file that the user named, or of standard input for `-`. Throws a usage error that says what there is
 * none of and why: `No plan from plan.json: there is no such file.`
 */
export async function readInput(file: string, what: string): Promise<Buffer> {
  if (file === '-') return readStdin()
  const {readFile} = await import('node:fs/promises')
  return readFile(file).catch(({code}: NodeJS.ErrnoException) => {
    const why = code === 'ENOENT' ? 'there is no such file' : `it can't be read (${code})`
    throw usageError(`No ${what} from ${file}: ${why}.`)
  })
}

/** The same as text, without the byte order mark that editors on Windows put before it. */
export async function readText(file: string, what: string): Promise<string> {
  return new TextDecoder().decode(await readInput(file, what))
}

/** Throws a usage error where the API key and something else are both to come from standard input. */
export function checkStdin(flags: {'api-key-file'?: string}, file: string | undefined, what: string): void {
  if (file === '-' && flags['api-key-file'] === '-') {
    throw usageError(`Standard input can be the ${what} or the API key, not both.`)
  }
}

/** All of standard input, or no more of it than `mostBytes` and what comes along with the last of them. */
export async function readStdin(mostBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= mostBytes) break
  }
  return Buffer.concat(chunks)
}

/** What such a file is called in a sentence. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file
}
