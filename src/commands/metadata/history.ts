import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud, usesSandbox} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {type OutputOptions, readOutput} from '../../cli/flags/output.ts'
import {warnOfDamage} from '../../cli/open-run.ts'
import {printRows} from '../../cli/output.ts'
import {resultStyle} from '../../cli/print-outcomes.ts'
import {runsFolder} from '../../cli/state-folder.ts'
import type {Column} from '../../column.ts'
import {exitCodes} from '../../errors.ts'
import {settingsLabel} from '../../instances/settings.ts'
import {type JsonRun, toJsonChange, toJsonRun} from '../../metadata/history.ts'
import {describeCounts} from '../../metadata/outcomes.ts'
import {readRun} from '../../metadata/read-run.ts'
import {readRuns} from '../../metadata/run-folder.ts'
import {mayBeDown, powerOf, type RecordedChange, type Run, summaryOf} from '../../metadata/runs.ts'
import {red} from '../../terminal/style.ts'

export default class MetadataHistory extends BaseCommand {
  static override summary = 'List the runs that changed settings or restarted instances, or show what one of them did.'
  static override description =
    `vpcmd keeps a journal of each run on this machine: when it ran, the account of its credentials, the selected servers, and their settings before and after. This command sends no request to IBM Cloud.

A sandbox has an account of its own, and a new one after a reset. With --sandbox, vpcmd lists only the runs of the sandbox as it is now.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a -o csv',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or the start of it.'})}
  static override flags = {sandbox: cloudFlags.sandbox}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataHistory)
    const folder = runsFolder(this.context.env)
    const out = readOutput(flags)
    if (args.run !== undefined) return this.showRun(await readRun(folder, args.run), out)
    const account = await this.sandboxAccount(flags)
    const rows: JsonRun[] = []
    const runs = readRuns(folder, ({message}) => {
      this.context.warning(message)
      this.context.exitCode = exitCodes.failed
    })
    for await (const run of runs) {
      // One that does not say whose it is may be of any.
      if (account !== undefined && run.header.account !== account && !run.damage?.header) continue
      this.warnOfDamage(run)
      rows.push(toJsonRun(run))
    }
    await printRows(this.context, out, {
      rows: rows.sort((a, b) => (a.id < b.id ? 1 : -1)),
      columns: rows.some(row => row.may_be_down > 0) ? [...runColumns, downColumn] : runColumns,
      id: ({id}) => id,
      empty:
        account === undefined
          ? 'No runs yet: vpcmd has changed nothing for this user on this machine.'
          : `No runs yet on this sandbox, account ${account}.`,
    })
  }

  /** The account of the sandbox, where it is the sandbox that is meant. */
  private async sandboxAccount(flags: {sandbox?: boolean}): Promise<string | undefined> {
    if (!usesSandbox(this.context, flags)) return undefined
    return (await (await connectCloud(this.context, {...flags, timeout: 30})).caller()).account
  }

  private async showRun(run: Run, out: OutputOptions): Promise<void> {
    const {header, changes, state, damage} = run
    const {id, account, iamId, startedAt, command, selection} = header
    const summary = toJsonRun(summaryOf(run))
    this.warnOfDamage(run)
    this.context.note(`Run ${id}, ${startedAt}${damage?.header ? '' : `, account ${account}, by ${iamId}`}: ${state}.`)
    const what = damage?.header ? 'What can be read' : `${command} ${selection}`
    this.context.note(`${what}: ${describeCounts({...summary.counts, planned: 0})}.`)
    if (summary.may_be_down > 0) {
      const finish = powerOf(run) === 'stop' ? 'Finish it' : 'Start them'
      this.context.warning(`${mayBeDown(run)}. ${finish} with: vpcmd metadata resume ${id}`)
    }
    for (const unread of summary.unread) {
      this.context.warning(`The selection was incomplete, as this could not be read: ${unread}`)
    }
    await printRows(this.context, out, {
      rows: changes,
      columns: changeColumns,
      toJson: toJsonChange,
      toWhole: () => ({...summary, changes: changes.map(toJsonChange)}),
      id: ({change}) => change.target.id,
    })
  }

  private warnOfDamage(run: Pick<Run, 'header' | 'damage'>): void {
    if (warnOfDamage(this.context, run)) this.context.exitCode = exitCodes.failed
  }
}

const runColumns: Column<JsonRun>[] = [
  {header: 'Run', value: ({id}) => id},
  {header: 'Started', value: ({started_at}) => started_at, priority: 4},
  {header: 'Account', value: ({account}) => account ?? '', priority: 3},
  {header: 'By', value: ({iam_id}) => iam_id ?? '', priority: 5},
  {header: 'Command', value: ({command}) => command ?? ''},
  {header: 'Selection', value: ({selection}) => selection ?? '', priority: 2, least: 16},
  {header: 'Changed', value: ({counts}) => String(counts.changed)},
  {header: 'Unchanged', value: ({counts}) => String(counts.unchanged), priority: 1},
  {header: 'Conflict', value: ({counts}) => String(counts.conflict), priority: 1},
  {header: 'Failed', value: ({counts}) => String(counts.failed)},
  {header: 'Skipped', value: ({counts}) => String(counts.skipped), priority: 1},
  {header: 'State', value: ({state}) => state, style: resultStyle},
]

const downColumn: Column<JsonRun> = {
  header: 'May be down',
  value: ({may_be_down: count}) => (count > 0 ? String(count) : ''),
  style: red,
}

const changeColumns: Column<RecordedChange>[] = [
  {header: 'Name', value: ({change}) => change.target.name, least: 20, tells: 'what'},
  {header: 'ID', value: ({change}) => change.target.id, priority: 3, tells: 'which'},
  {header: 'Zone', value: ({change}) => change.target.zone, priority: 2, tells: 'which'},
  {header: 'Before', value: ({change}) => (change.power ? change.target.status : settingsLabel(change.before))},
  {
    header: 'After',
    value: ({change, after, status}) => (change.power ? (status ?? '') : after ? settingsLabel(after) : ''),
  },
  {header: 'Result', value: ({result}) => result ?? 'skipped', style: resultStyle},
  {header: 'Restart', value: ({restart}) => restart?.step ?? '', priority: 4},
  {header: 'At', value: ({at}) => at ?? '', priority: 4},
  {header: 'Error', value: ({error}) => error?.message ?? '', least: 24},
]
