import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {inFullFor, patchBetween, reversed} from '../instances/settings.ts'
import type {PlannedChange} from './plan.ts'
import {shortRunIds} from './read-run.ts'
import {readRuns} from './run-folder.ts'
import {powerOf, type Run, refuseToPass, wasTouched} from './runs.ts'

/** The changes that lead back, for what was changed, also where not as asked, and for what may have been: a look tells. */
export function invertRun({changes}: Run): PlannedChange[] {
  return changes.filter(wasTouched).flatMap(({change, after, indeterminate}): PlannedChange[] => {
    // Where nobody saw it in full, or what was seen may not be the last word, it was made as it was sent.
    const seen = after && !indeterminate ? inFullFor(change.target.kind, after) : undefined
    const made = seen ?? {...change.before, ...change.set}
    const set = patchBetween(made, reversed(change.set, change.before))
    // What was read then is long past: whoever makes this change looks first.
    return set ? [{target: change.target, before: made, set, readAt: 0}] : []
  })
}

/** The run of an account that changed settings, stopped or started servers last. Throws VpcmdError where there is none, or it is itself an undo. */
export async function lastToUndo(folder: string, account: string): Promise<Run> {
  for await (const found of readRuns(folder)) {
    refuseToPass(found)
    if (found.header.account !== account || !found.wasTouched) continue
    const run = await found.read()
    const power = powerOf(run)
    // A restart leaves nothing to take back; a stop or a start does, and an undo of what was before it may surprise.
    if (power === 'restart' || (!power && invertRun(run).length === 0)) continue
    const {id, undoes} = run.header
    if (undoes === undefined) return run
    const nameOf = await shortRunIds(folder)
    throw usageError(
      `The last run, ${nameOf(id)}, is itself an undo, of run ${nameOf(undoes)}.`,
      `Name the run to undo. See which there are: vpcmd metadata history. To make the undone changes again: vpcmd metadata undo ${nameOf(id)}`,
    )
  }
  throw new VpcmdError({
    code: 'nothing_to_undo',
    message: `No run of account ${account} changed anything.`,
    hint: 'List all runs with: vpcmd metadata history',
    exitCode: exitCodes.notFound,
  })
}
