import {openFileLimit} from '../files/open-file-limit.ts'

/** So many open files are more than any command takes: 64 connections to each of a dozen regions. */
const plenty = 1024

/** What Node itself, modules and journals take. */
const others = 48

/**
 * How many connections there may be where the process may open few files: a request that finds no room would fail, and is to
 * wait. `perConnection` is how many files one takes, which is 2 where the server is in this process. Undefined for no limit.
 */
export function connectionLimit(perConnection: 1 | 2): number | undefined {
  const limit = openFileLimit(plenty)
  return limit >= plenty ? undefined : Math.max(1, Math.floor((limit - others) / perConnection))
}
