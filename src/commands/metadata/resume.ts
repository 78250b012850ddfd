import {Args} from '@oclif/core'
import {exitCodes, VpcmdError} from '../../errors.ts'
import {type Outcome, outcomesOfChanges, type Settled} from '../../metadata/outcomes.ts'
import {
  isResumable,
  isSettled,
  otherAccount,
  type RecordedChange,
  type Run,
  readRun,
  readRuns,
} from '../../metadata/runs.ts'
import {RolloutCommand, rolloutFlags} from '../../rollout-command.ts'
import {runsFolder} from '../../state-folder.ts'

export default class MetadataResume extends RolloutCommand {
  static override summary = 'Finish a run that was interrupted, stopped or killed.'
  static override description =
    `What the journal does not know to be settled is done now: servers in doubt are looked at first, what has changed meanwhile is a conflict and is left alone, and what failed is tried once more. Without RUN it is the newest run of the account that did not come to its end.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a --dry-run',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or its beginning; see metadata history.'})}
  static override flags = rolloutFlags

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataResume)
    this.maxFailures(flags, 0)
    this.refuseRegions(flags, 'a run')
    const cloud = await this.cloud(flags)
    const {account} = await cloud.caller()
    const folder = runsFolder(process.env)
    const run = args.run === undefined ? await newestUnfinished(folder, account) : await readRun(folder, args.run)
    if (run.header.account !== account) throw otherAccount(run, account)
    const work = run.changes.flatMap((recorded, i) =>
      isSettled(recorded) ? [] : [{i, change: recorded.change, inDoubt: recorded.inDoubt}],
    )
    this.note(
      `Run ${run.header.id} (${run.header.command} ${run.header.selection}): ${work.length} of ${run.changes.length} left.`,
    )
    if (flags['dry-run']) {
      await this.printOutcomes(flags, outcomesOfChanges(work.map(({change}) => change)))
      this.note('Nothing was sent: this was a dry run.')
      return
    }
    await this.carryOut(flags, cloud, {
      command: run.header.command,
      selection: run.header.selection,
      changes: run.changes.map(({change}) => change),
      isFresh: false,
      resumes: {id: run.header.id, bytes: run.bytes, work},
      outcomes: settled => whole(run.changes, settled),
    })
  }
}

/** All of the run's outcomes: those that were recorded before, and what became of the rest now. */
function whole(changes: RecordedChange[], settled: Settled[]): Outcome[] {
  let next = 0
  const all = changes.map((recorded): Settled => {
    if (!isSettled(recorded)) return settled[next++] ?? {result: 'skipped'}
    const error = recorded.error && new VpcmdError(recorded.error)
    return {result: recorded.result ?? 'skipped', after: recorded.after, ...(error && {error})}
  })
  return outcomesOfChanges(
    changes.map(({change}) => change),
    all,
  )
}

async function newestUnfinished(folder: string, account: string): Promise<Run> {
  for await (const run of readRuns(folder, header => header.account === account)) if (isResumable(run)) return run
  throw new VpcmdError({
    code: 'nothing_to_resume',
    message: `No run of account ${account} is unfinished.`,
    hint: 'See all of them: vpcmd metadata history',
    exitCode: exitCodes.notFound,
  })
}
