import {type Stats, statSync} from 'node:fs'
import {quoteCommand} from '../quote-command.ts'
import {type FileTrouble, ownerName, takeOver} from './file-trouble.ts'

/**
 * What keeps a folder from being trusted: it is another user's, or others can write to it, and so could have put there
 * what vpcmd would take for its own. Undefined where nothing does, or there is no such folder.
 */
export function folderTrouble(folder: string): FileTrouble | undefined {
  let there: Stats | undefined
  try {
    there = statSync(folder, {throwIfNoEntry: false})
  } catch {
    // What can't be looked at, whoever uses it will tell.
    return undefined
  }
  return there?.isDirectory() ? ownershipTrouble(folder, there) : undefined
}

/** The same of a file or folder that was looked at. */
export function ownershipTrouble(path: string, {uid, mode}: Pick<Stats, 'uid' | 'mode'>): FileTrouble | undefined {
  const own = process.getuid?.()
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
