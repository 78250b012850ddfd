import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'
import {NotPlain} from '../plain-file.ts'
import {
  describeHolder,
  type Holder,
  holderOf,
  LockHeld,
  type ProcessLock,
  silenceMs,
  takeLock,
} from '../process-lock.ts'

/**
 * Makes this process the only one at a run, also among those of other hosts and containers that share the folder. Throws
 * VpcmdError where another is at it, and what the file system throws.
 */
export async function lockRun(folder: string, id: string): Promise<ProcessLock> {
  try {
    return await takeLock(lockFile(folder, id))
  } catch (error) {
    if (error instanceof LockHeld) throw atWork(id, error.holder)
    throw error instanceof NotPlain ? oddLock(folder, id, error) : error
  }
}

/** Whether a process is at the run, as far as one look tells. Throws VpcmdError for a lock that vpcmd did not make. */
export async function isAtWork(folder: string, id: string): Promise<boolean> {
  try {
    return (await holderOf(lockFile(folder, id))) !== undefined
  } catch (error) {
    throw error instanceof NotPlain ? oddLock(folder, id, error) : error
  }
}

function lockFile(folder: string, id: string): string {
  return join(folder, `${id}.lock`)
}

function atWork(id: string, holder: Holder): VpcmdError {
  return new VpcmdError({
    code: 'run_at_work',
    message: `Run ${id} is being worked on by ${describeHolder(holder)}.`,
    hint: holder.isOfHere
      ? 'Wait until it has ended, or stop it with Ctrl-C there.'
      : `Wait until it has ended, or stop it with Ctrl-C there. If it is gone, try again ${silenceMs / 1000} seconds after its end.`,
  })
}

function oddLock(folder: string, id: string, {message}: NotPlain): VpcmdError {
  return new VpcmdError({
    code: 'lock_unreadable',
    message: `The lock of run ${id}, ${lockFile(folder, id)}, can't be used: ${message}.`,
    hint: 'Remove it if no vpcmd is at work on this run.',
  })
}
