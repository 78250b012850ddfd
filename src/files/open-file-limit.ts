import {closeSync, openSync, readFileSync} from 'node:fs'
import {platform} from 'node:os'

/** The fewest open files that a command comes to its end with: its modules alone are read many at a time. */
export const fewestOpenFiles = 64

/** How many files and connections this process may have open at once, as far as that is below `most`. */
export function openFileLimit(most: number): number {
  // Windows has no such limit.
  if (platform() === 'win32') return most
  const told = platform() === 'linux' ? toldByLinux() : undefined
  return told ?? triedOut(most)
}

// proc_pid_limits(5). Node itself raises the soft limit to the hard one when it starts.
function toldByLinux(): number | undefined {
  try {
    const soft = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft === undefined ? undefined : Number(soft)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? 0 : undefined
  }
}

function triedOut(most: number): number {
  const opened: number[] = []
  try {
    do opened.push(openSync('/dev/null', 'r'))
    while ((opened.at(-1) ?? 0) + 1 < most)
    return most
  } catch {
    return (opened.at(-1) ?? -1) + 1
  } finally {
    for (const each of opened) closeSync(each)
  }
}
