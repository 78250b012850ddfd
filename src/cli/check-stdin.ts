import {usageError} from '../errors.ts'
import {isStdin} from '../files/read-input.ts'

/** Throws a usage error where the API key and something else are both to come from standard input. */
export function checkStdin(flags: {'api-key-file'?: string}, file: string | undefined, what: string): void {
  const key = flags['api-key-file']
  if (file !== undefined && key !== undefined && isStdin(file) && isStdin(key)) {
    throw usageError(`Standard input can be the ${what} or the API key, not both.`)
  }
}
