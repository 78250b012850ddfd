import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {isConfirmed} from '../../cli/confirm-changes.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags, readCloud} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {readRollout, refuseRegions, rolloutFlags} from '../../cli/flags/rollout.ts'
import {printOutcomes} from '../../cli/print-outcomes.ts'
import {carryOut, foresight} from '../../cli/run-rollout.ts'
import {runsFolder} from '../../cli/state-folder.ts'
import {exitCodes, usageError, VpcmdError} from '../../errors.ts'
import {outcomesOfChanges} from '../../metadata/outcomes.ts'
import type {PlannedChange} from '../../metadata/plan.ts'
import {readRun} from '../../metadata/read-run.ts'
import {readRuns} from '../../metadata/run-folder.ts'
import {
  describeDamage,
  isBetween,
  mayBeDown,
  otherAccount,
  type RecordedChange,
  type Run,
  refuseToPass,
  refuseUnknown,
  wasTouched,
} from '../../metadata/runs.ts'
import {inFullFor, patchBetween, reversed} from '../../metadata/settings.ts'

export default class MetadataUndo extends BaseCommand {
  static override summary = 'Bring back exactly what a run changed.'
  static override description =
    `The way back is shown as a plan, and asked for, unless --yes answers. A server that somebody changed since is a conflict and is left alone. Without RUN it is the run of the account that changed something last.

An undo is a run of its own, and can be undone, but only by its ID.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --dry-run',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or its beginning; see metadata history.'})}
  static override flags = {...cloudFlags, ...rolloutFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataUndo)
    const {context} = this
    const options = {out: readOutput(flags), rollout: readRollout(flags)}
    refuseRegions(flags, 'what a run changed')
    const cloud = await connectCloud(context, readCloud(flags))
    const {account} = await cloud.caller()
    const folder = runsFolder(context.env)
    const run = args.run === undefined ? await lastThatChanged(folder, account) : await readRun(folder, args.run)
    const {header, state} = run
    refuseUnknown(run, 'undone')
    if (header.account !== account) throw otherAccount(run, account)
    if (state === 'running') {
      throw new VpcmdError({
        code: 'run_at_work',
        message: `Run ${header.id} has not ended.`,
        hint: 'Wait until it has, or end it with Ctrl-C there.',
      })
    }
    const damage = describeDamage(run)
    if (damage !== undefined) context.warning(`Run ${header.id}: ${damage}.`)
    if (run.damage?.unknown) {
      context.warning("Servers that are not known can't be brought back: only the others are.")
      context.exitCode = exitCodes.failed
    }
    const changes = run.changes.flatMap(invert)
    const outcomes = (settled?: Parameters<typeof outcomesOfChanges>[1]) => outcomesOfChanges(changes, settled)
    context.note(`Run ${header.id} (${header.command} ${header.selection}): ${changes.length} to take back.`)
    if (run.changes.some(isBetween)) {
      context.warning(`${mayBeDown(run)}, and undo starts none. Start what is down: vpcmd metadata resume ${header.id}`)
    }
    const seen = await foresight(cloud, options.rollout, changes)
    if (seen) {
      await printOutcomes(context, options.out, outcomes(seen))
      context.note('Nothing was sent: this was a dry run.')
      return
    }
    const many = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
    if (!(await isConfirmed(context, options.rollout, `Take back ${many}?`, changes))) {
      context.note('Nothing was sent.')
      return
    }
    await carryOut(context, cloud, options, {
      command: 'undo',
      selection: `of run ${header.id}`,
      undoes: header.id,
      changes,
      isFresh: false,
      outcomes,
    })
  }
}

/** The change that leads back, for what was changed, also where not as asked, and for what may have been: a look tells. */
function invert(recorded: RecordedChange): PlannedChange[] {
  if (!wasTouched(recorded)) return []
  const {change, after} = recorded
  // Where nobody saw it in full it was made as it was sent.
  const made = (after && inFullFor(change.target.kind, after)) ?? {...change.before, ...change.set}
  const set = patchBetween(made, reversed(change.set, change.before))
  // What was read then is long past: whoever makes this change looks first.
  return set ? [{target: change.target, before: made, set, readAt: 0}] : []
}

async function lastThatChanged(folder: string, account: string): Promise<Run> {
  for await (const found of readRuns(folder)) {
    refuseToPass(found)
    if (found.header.account !== account || !found.wasTouched) continue
    const run = await found.read()
    if (run.changes.flatMap(invert).length === 0) continue
    const {id, undoes} = run.header
    if (undoes === undefined) return run
    throw usageError(
      `The last run, ${id}, is itself an undo, of run ${undoes}.`,
      `Name the run to take back, of those in vpcmd metadata history; vpcmd metadata undo ${id} makes its changes anew.`,
    )
  }
  throw new VpcmdError({
    code: 'nothing_to_undo',
    message: `No run of account ${account} changed anything.`,
    hint: 'See all of them: vpcmd metadata history',
    exitCode: exitCodes.notFound,
  })
}
