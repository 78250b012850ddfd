import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'
import {NotPlain} from '../plain-file.ts'
import {describeHolder, holderOf, LockHeld, type ProcessLock, silenceMs, takeLock} from '../process-lock.ts'

/**
 * Makes this process the only one at a run, also among those of other hosts and containers that share the folder. Throws
 * VpcmdError where another is at it, and what the file system throws.
 */
export function lockRun(folder: string, id: string): Promise<ProcessLock> {
  return explained(folder, id, takeLock)
}

/** Whether a process is at the run, as far as one look tells. Throws VpcmdError for a lock that vpcmd did not make. */
export async function isAtWork(folder: string, id: string): Promise<boolean> {
  return (await explained(folder, id, holderOf)) !== undefined
}

async function explained<T>(folder: string, id: string, use: (lock: string) => Promise<T>): Promise<T> {
  const lock = join(folder, `${id}.lock`)
  try {
    return await use(lock)
  } catch (error) {
    if (error instanceof LockHeld) {
      const {holder} = error
      const silence = `If it is gone, try again ${silenceMs / 1000} seconds after its end.`
      throw new VpcmdError({
        code: 'run_at_work',
        message: `Run ${id} is being worked on by ${describeHolder(holder)}.`,
        hint: `Wait until it has ended, or stop it with Ctrl-C there.${holder.isOfHere ? '' : ` ${silence}`}`,
      })
    }
    if (!(error instanceof NotPlain)) throw error
    throw new VpcmdError({
      code: 'lock_unreadable',
      message: `The lock of run ${id}, ${lock}, can't be used: ${error.message}.`,
      hint: 'Remove it if no vpcmd is at work on this run.',
    })
  }
}
