import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {signIn} from '../../cli/connect-cloud.ts'
import {readChange, refusePlaces, rolloutFlags} from '../../cli/flags/change.ts'
import {accountFlagNames, cloudFlagsBut} from '../../cli/flags/cloud.ts'
import {makeChanges} from '../../cli/make-changes.ts'
import {openRun} from '../../cli/open-run.ts'
import {runName} from '../../cli/run-journal.ts'
import {runInWords} from '../../cli/run-words.ts'
import {counted} from '../../counted.ts'
import {usageError, VpcmdError} from '../../errors.ts'
import {countChanges} from '../../instances/settings.ts'
import {outcomesOfChanges} from '../../metadata/outcomes.ts'
import {isBetween, mayBeDown, powerOf, type Run, wasTouched} from '../../metadata/runs.ts'
import {invertRun, lastToUndo} from '../../metadata/undo-run.ts'

export default class MetadataUndo extends BaseCommand {
  static override summary = 'Undo exactly the changes of a run.'
  static override description =
    `vpcmd shows the changes and asks before it makes them, unless you pass --yes. A server that somebody changed since is a conflict and is left alone. Without RUN, it undoes the most recent run of the account that changed settings, and none that is older than a stop or a start.

An undo is itself a run. To undo it, pass its ID.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --dry-run',
  ]
  static override args = {
    run: Args.string({description: 'ID of a run, or its start or last four digits; see vpcmd metadata history.'}),
  }
  static override flags = {...cloudFlagsBut(['region', ...accountFlagNames]), ...rolloutFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataUndo)
    const {context} = this
    const policy = readChange(flags)
    refusePlaces(flags, 'an undo')
    const {run, cloud} = await openRun(context, await signIn(context, flags), args.run, {
      done: 'undone',
      last: lastToUndo,
      due: ({changes}) => changes.filter(wasTouched),
    })
    const {id} = run.header
    if (run.state === 'running') {
      throw new VpcmdError({
        code: 'run_at_work',
        message: `Run ${id} is still running.`,
        hint: 'Wait for it to end, or press Ctrl-C where it runs.',
      })
    }
    refusePower(run, args.run !== undefined)
    const changes = invertRun(run)
    const name = await runName(context, id)
    context.note(`Run ${name} (${runInWords(context, run.header)}): ${counted(changes.length, 'change')} to undo.`)
    if (run.changes.some(isBetween)) {
      context.warning(`${mayBeDown(run)}, and undo starts no instance. Start them with: vpcmd metadata resume ${id}`)
    }
    await makeChanges(context, cloud, policy, {
      command: 'undo',
      selection: `of run ${id}`,
      undoes: id,
      changes,
      isFresh: false,
      question: due => `Undo ${counted(due.length, 'change')} (${countChanges(due)})?`,
      outcomes: settled => outcomesOfChanges(changes, settled),
    })
  }
}

/** A stop or a start has no settings to take back. Throws a usage error that says what to run instead. */
function refusePower(run: Run, isNamed: boolean): void {
  const power = powerOf(run)
  if (!power) return
  const opposite = {stop: 'start', start: 'stop'}
  const names = run.changes.map(({change}) => change.target.id)
  const few = names.length > 5 ? `${names.slice(0, 5).join(' ')} ...` : names.join(' ')
  throw usageError(
    `Run ${run.header.id} is a ${power} of ${counted(names.length, 'instance')}: it changed no settings that an undo could bring back.`,
    power === 'restart'
      ? 'An instance that is down is started with vpcmd instances start.'
      : `${isNamed ? 'Do' : 'To undo an earlier run, name it. Or do'} the opposite: vpcmd instances ${opposite[power]} ${few}`,
  )
}
