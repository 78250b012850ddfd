import {statSync} from 'node:fs'
import {dirname} from 'node:path'
import {usageError} from '../errors.ts'
import {fullPath} from '../files/file-trouble.ts'
import {isStdin} from '../files/read-input.ts'

/**
 * Throws a usage error for a file that is to be written and has no folder to be in, is written twice, or is one of those
 * that are read: before an hour's reading, and not after it.
 */
export function checkFiles(written: (string | undefined)[], read: (string | undefined)[]): void {
  const given = (files: (string | undefined)[]) => files.flatMap(file => file ?? [])
  const taken = new Map(given(read).map(file => [fullPath(file), 'is read by the same command']))
  for (const file of given(written)) {
    const path = fullPath(file)
    checkFolder(file)
    const why = taken.get(path)
    if (why) throw usageError(`${file} can't be written: it ${why}.`, 'Name another file.')
    taken.set(path, 'is already written by the same command')
  }
}

function checkFolder(file: string): void {
  if (file === '-')
    throw usageError(
      'Only one output can go to stdout.',
      'Choose the format of stdout with -o, and write to files otherwise.',
    )
  if (statSync(file, {throwIfNoEntry: false})?.isDirectory()) throw usageError(`${file} is a folder.`)
  if (!statSync(dirname(file), {throwIfNoEntry: false})?.isDirectory()) {
    throw usageError(`Can't write ${file}: there is no folder ${dirname(file)}.`)
  }
}

/** Throws a usage error where the API key and something else, or two others, are to come from standard input. */
export function checkStdin(flags: {'api-key-file'?: string}, others: Record<string, string | undefined>): void {
  const named = Object.entries({...others, 'API key': flags['api-key-file']})
  const [one, other] = named.flatMap(([what, file]) => (file !== undefined && isStdin(file) ? [what] : []))
  if (one && other) throw usageError(`Stdin can be the ${one} or the ${other}, not both.`)
}
