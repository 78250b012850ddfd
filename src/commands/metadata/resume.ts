import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {signIn} from '../../cli/connect-cloud.ts'
import {checkRestartFlags, readPowerChange, refusePlaces, restartFlags, rolloutFlags} from '../../cli/flags/change.ts'
import {accountFlagNames, cloudFlagsBut} from '../../cli/flags/cloud.ts'
import {carryOut, checkCanary, printDryRun} from '../../cli/make-changes.ts'
import {openRun} from '../../cli/open-run.ts'
import {reportUnanswered} from '../../cli/report-failures.ts'
import {mayRestart, planRestarts, showPreflights} from '../../cli/restart-instances.ts'
import {restartsAwaited} from '../../cli/restarts-awaited.ts'
import {runName} from '../../cli/run-journal.ts'
import {runInWords} from '../../cli/run-words.ts'
import {resumePower} from '../../cli/switch-power.ts'
import {serverKey} from '../../cloud/regions.ts'
import {counted} from '../../counted.ts'
import {asVpcmdError, type VpcmdError} from '../../errors.ts'
import {countChanges} from '../../instances/settings.ts'
import {outcomesOfChanges} from '../../metadata/outcomes.ts'
import {awaitsRestart, isBetween, isSettled, mayBeDown, powerOf, type RecordedChange} from '../../metadata/runs.ts'
import {lastUnfinished, previewWork, restartsIn, wholeOutcomes, workLeft} from '../../metadata/unfinished-run.ts'

export default class MetadataResume extends BaseCommand {
  static override summary = 'Finish a run that was interrupted, stopped or killed.'
  static override description =
    `vpcmd makes the changes that the journal does not show as finished. It checks servers in doubt first, leaves alone any that changed in the meantime (a conflict), and retries those that failed. Without RUN, it resumes the most recent run of the account that is unfinished, or has servers in doubt, and was not undone. On a terminal it asks first; a run that was undone it resumes nowhere without a yes.

Instances that the run stopped are checked first, and started if they are down; this needs no flag. No other instance is stopped without --restart. With it, vpcmd restarts the instances on which the run enabled the service and that were not stopped and started since, as vpcmd metadata enable --restart does, even if the run itself is done.

A run of vpcmd instances start, stop or restart is finished in the same way: what a restart stopped is started again, and what is left to stop is asked for again, or confirmed with --accept-downtime.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --dry-run',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --restart --max-unavailable 2',
  ]
  static override args = {
    run: Args.string({description: 'ID of a run, or its start or last four digits; see vpcmd metadata history.'}),
  }
  static override flags = {
    ...cloudFlagsBut(['region', ...accountFlagNames]),
    ...rolloutFlags,
    ...restartFlags,
    yes: Flags.boolean({
      char: 'y',
      summary:
        'Skip the confirmation, which is asked on a terminal, and of a run that was undone. With --canary, go on if all N are right.',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataResume)
    const {context} = this
    refusePlaces(flags, 'a run')
    // A run of `instances stop` or `restart` takes these flags alone, and which run it is shows later.
    const policy = readPowerChange(flags)
    const signedIn = await signIn(context, flags)
    const awaited = await restartsAwaited(context, signedIn.base)
    // What another run has turned off, or restarted, since awaits nothing any more, and what it has turned on awaits its own.
    const isAwaiting = (recorded: RecordedChange) => {
      const since = awaited?.(recorded.change.target)
      const isOfThisRun = since !== undefined && (recorded.at === undefined || since <= recorded.at)
      return awaitsRestart(recorded) && (!awaited || isOfThisRun)
    }
    const {run, cloud, isUndone} = await openRun(context, signedIn, args.run, {
      done: 'resumed',
      last: (folder, account) => lastUnfinished(folder, account, policy.restart.isWanted ? isAwaiting : undefined),
      due: ({changes}) => changes.filter(each => !isSettled(each) || isBetween(each)),
    })
    const action = powerOf(run)
    if (action) return resumePower(context, cloud, policy, {run, action})
    checkRestartFlags(flags, true)
    const {id, command, selection, unread} = run.header
    const work = workLeft(run)
    const toMake = work.map(({change}) => change)
    const name = await runName(context, id)
    context.note(`Run ${name} (${runInWords(context, run.header)}): ${work.length} of ${run.changes.length} left.`)
    const seen = policy.isDryRun ? await previewWork(cloud, work) : []
    const request = restartsIn(run, work, seen, isAwaiting)
    if (request.begun.length > 0) context.note(`${mayBeDown(run)}: starting those that are down first.`)
    if (request.awaiting.length > 0 && !policy.restart.isWanted) {
      context.note(
        `${counted(request.awaiting.length, 'instance')} on which it enabled the service still must be stopped and started: add --restart to do so.`,
      )
    }
    const restarts = await planRestarts(context, cloud, policy.restart, request)
    if (policy.isDryRun) {
      if (restarts && policy.restart.isWanted) await showPreflights(context, restarts)
      return printDryRun(context, policy, restarts, outcomesOfChanges(toMake, seen), unread)
    }
    const interruption = new AbortController()
    let unanswered: VpcmdError | undefined
    try {
      await checkCanary(context, policy, work.length)
      if (!policy.yes && work.length > 0 && (isUndone || (await context.prompter()))) {
        if (!(await context.confirm(`Make ${counted(work.length, 'change')} (${countChanges(toMake)})?`, false))) {
          if (request.begun.length === 0) return context.declined()
          // What it has stopped must come back all the same.
          interruption.abort()
        }
      }
      if (restarts && !interruption.signal.aborted && !(await mayRestart(context, policy, restarts))) {
        context.note(restarts.begun.length > 0 ? 'No other instance is stopped.' : 'No instance is stopped.')
        restarts.cancel()
      }
    } catch (error) {
      // The run itself was confirmed when it began, and what it has stopped must come back in any case.
      if (request.begun.length === 0) throw error
      unanswered = asVpcmdError(error)
      interruption.abort()
    }
    const resumed = {
      command,
      selection,
      changes: request.changes,
      unread,
      isFresh: false,
      interruption,
      resumes: {
        id,
        bytes: run.bytes,
        work,
        isUndone,
        awaits: new Set(request.awaiting.map(({target}) => serverKey(target))),
      },
      restarts,
    }
    await carryOut(context, cloud, policy, resumed, (settled = []) => {
      // What was taken back since is none of what there is in all.
      const outcomes = isUndone ? outcomesOfChanges(toMake, settled) : wholeOutcomes(run, settled)
      return restarts ? restarts.addTo(outcomes, true) : outcomes
    })
    reportUnanswered(context, unanswered)
  }
}
