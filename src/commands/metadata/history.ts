import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud, usesSandbox} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {limit, noHeaders, type OutputOptions} from '../../cli/flags/output.ts'
import {nameAccounts, warnOfDamage} from '../../cli/open-run.ts'
import {printRows} from '../../cli/output.ts'
import {resultStyle} from '../../cli/print-outcomes.ts'
import {runName} from '../../cli/run-journal.ts'
import {runInWords} from '../../cli/run-words.ts'
import {accountOf} from '../../cli/show-changes.ts'
import {runsFolder} from '../../cli/state-folder.ts'
import type {Column} from '../../column.ts'
import {exitCodes, usageError} from '../../errors.ts'
import {settingsLabel} from '../../instances/settings.ts'
import {type JsonRun, toJsonChange, toJsonRun} from '../../metadata/history.ts'
import {describeCounts} from '../../metadata/outcomes.ts'
import {powerActions} from '../../metadata/plan.ts'
import {readRun, shortRunIds} from '../../metadata/read-run.ts'
import {readRuns} from '../../metadata/run-folder.ts'
import {mayBeDown, powerOf, type RecordedChange, type Run, type RunSummary, summaryOf} from '../../metadata/runs.ts'
import {green, red, yellow} from '../../terminal/style.ts'
import {readableTime, withReadableTimes} from '../../terminal/time.ts'

export default class MetadataHistory extends BaseCommand {
  static override summary = 'List the runs that changed settings or restarted instances, or show what one of them did.'
  static override description =
    `vpcmd keeps a journal of each run on this machine: when it ran, the account of its credentials, the selected servers, and their settings before and after. This command sends no request to IBM Cloud.

A sandbox has an account of its own, and a new one after a reset. With --sandbox, vpcmd lists only the runs of the sandbox as it is now.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a -o csv',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or its start or last four digits.'})}
  static override flags = {sandbox: cloudFlags.sandbox, limit, 'no-headers': noHeaders}

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(MetadataHistory)
    const folder = runsFolder(this.context.env)
    if (args.run !== undefined && out.limit !== undefined) {
      throw usageError("--limit is for the list of runs, and can't be combined with a run.", 'Drop --limit.')
    }
    const run = args.run === undefined ? undefined : await readRun(folder, args.run)
    const account = run ? undefined : await this.sandboxAccount(flags)
    const found: RunSummary[] = []
    /** The last undo of each run that changed something. */
    const undone = new Map<string, RunSummary>()
    const runs = readRuns(folder, ({message}) => {
      // Who asks for one run is not told of the others.
      if (run) return
      this.context.warning(message)
      this.context.exitCode = exitCodes.failed
    })
    for await (const each of runs) {
      // One that does not say whose it is may be of any.
      if (account !== undefined && each.header.account !== account && !each.damage?.header) continue
      if (!run) this.warnOfDamage(each)
      found.push(each)
      const {undoes} = each.header
      const last = undoes === undefined ? undefined : undone.get(undoes)
      if (undoes !== undefined && each.wasTouched && (!last || last.header.id < each.header.id))
        undone.set(undoes, each)
    }
    if (run) return this.showRun(run, undone.get(run.header.id)?.header.id, out)
    const nameOf = await shortRunIds(folder)
    const ofAccounts = new Set(found.map(({header}) => header.account)).size
    const rows = found
      .sort((a, b) => (a.header.id < b.header.id ? 1 : -1))
      .map(summary => ({summary, json: toJsonRun(summary, undone.get(summary.header.id)?.header.id)}))
    const now = this.context.host.now()
    const whatOf = ({summary: {made}, json: {command, selection, undoes}}: RunRow) => {
      const selected = undoes === null ? (selection ?? '') : `of ${nameOf(undoes)}`
      const what = runInWords(this.context, {command: command ?? '', selection: selected})
      return made === undefined ? what : `${what}: ${made}`
    }
    const resultOf = ({summary, json}: RunRow) => resultInWords(summary, undone.get(json.id), nameOf)
    const tableColumns: Column<RunRow>[] = [
      {header: 'Run', value: ({json}) => nameOf(json.id), tells: 'which'},
      {header: 'When', value: ({json}) => ago(now - Date.parse(json.started_at))},
      ...(ofAccounts > 1 ? [accountColumn] : []),
      {header: 'What', value: whatOf, least: 16},
      {header: 'Result', value: resultOf, least: 16, style: historyStyle},
    ]
    await printRows(this.context, out, {
      rows,
      columns: out.format === 'table' ? tableColumns : runColumns,
      toJson: ({json}) => json,
      id: ({json}) => json.id,
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

  private async showRun(run: Run, undoneBy: string | undefined, out: OutputOptions): Promise<void> {
    const {header, changes, state, damage} = run
    const {id, account, iamId, startedAt, command, selection} = header
    const came = summaryOf(run)
    const summary = toJsonRun(came, undoneBy)
    nameAccounts(this.context, run)
    this.warnOfDamage(run)
    const assumed = header.assumes === undefined ? '' : `, as ${header.assumes} in the accounts of its servers`
    const whose = damage?.header ? '' : `, account ${account}, by ${iamId}${assumed}`
    this.context.note(`Run ${id}, ${readableTime(startedAt)}${whose}: ${state}.`)
    const what = damage?.header ? 'What can be read' : `${command} ${withReadableTimes(selection)}`
    this.context.note(`${what}: ${countsInWords(came)}.`)
    if (summary.may_be_down > 0) {
      const finish = powerOf(run) === 'stop' ? 'Finish it' : 'Start them'
      this.context.warning(`${mayBeDown(run)}. ${finish} with: vpcmd metadata resume ${id}`)
    }
    if (undoneBy !== undefined) this.context.note(`Undone by run ${await runName(this.context, undoneBy)}.`)
    for (const unread of summary.unread) {
      this.context.warning(`The selection was incomplete, as this could not be read: ${unread}`)
    }
    await printRows(this.context, out, {
      rows: changes,
      columns: changeColumns(
        changes.some(({change}) => change.target.account !== undefined),
        accountId => (out.format === 'table' ? accountOf(this.context, accountId) : accountId),
      ),
      toJson: toJsonChange,
      toWhole: () => ({...summary, changes: changes.map(toJsonChange)}),
      id: ({change}) => change.target.id,
    })
  }

  private warnOfDamage(run: Pick<Run, 'header' | 'damage'>): void {
    if (warnOfDamage(this.context, run)) this.context.exitCode = exitCodes.failed
  }
}

interface RunRow {
  summary: RunSummary
  json: JsonRun
}

const accountColumn: Column<RunRow> = {header: 'Account', value: ({json}) => json.account ?? '', priority: 3}

const runColumns: Column<RunRow>[] = [
  {header: 'Run', value: ({json}) => json.id},
  {header: 'Started', value: ({json}) => json.started_at},
  accountColumn,
  {header: 'By', value: ({json}) => json.iam_id ?? ''},
  {header: 'Command', value: ({json}) => json.command ?? ''},
  {header: 'Selection', value: ({json}) => json.selection ?? ''},
  {header: 'Changed', value: ({json}) => String(json.counts.changed)},
  {header: 'Unchanged', value: ({json}) => String(json.counts.unchanged)},
  {header: 'Conflict', value: ({json}) => String(json.counts.conflict)},
  {header: 'Failed', value: ({json}) => String(json.counts.failed)},
  {header: 'Skipped', value: ({json}) => String(json.counts.skipped)},
  {header: 'State', value: ({json}) => json.state},
  {header: 'Undone by', value: ({json}) => json.undone_by ?? ''},
  {header: 'May be down', value: ({json}) => String(json.may_be_down)},
]

/** What a run came to, in words: `2 changed, 1 failed; undone by 3f9a`. */
function resultInWords(
  {header, state, counts, inDoubt, mayBeDown: down}: RunSummary,
  undo: RunSummary | undefined,
  nameOf: (id: string) => string,
): string {
  const came = countsInWords({header, counts, inDoubt, mayBeDown: down})
  // One that was resumed after its undo has made more.
  const isLess = undo && undo.counts.changed + undo.counts.unchanged < counts.changed
  const isPart = undo && (isLess || undo.counts.failed + undo.counts.conflict + undo.counts.skipped > 0)
  return [
    state === 'done' ? came : `${state}: ${came}`,
    ...(down > 0 ? [`${down} may be ${header.command === 'stop' ? 'running or stopped' : 'down'}`] : []),
    ...(undo ? [`undone${isPart ? ' in part' : ''} by ${nameOf(undo.header.id)}`] : []),
  ].join('; ')
}

/** Of what a stop or start is under way, something was sent: it counts for nothing until it is seen to its end. */
function countsInWords({
  header,
  counts,
  inDoubt,
  mayBeDown,
}: Pick<RunSummary, 'header' | 'counts' | 'inDoubt' | 'mayBeDown'>): string {
  const isPower = powerActions.some(action => action === header.command)
  const skipped = Math.max(0, counts.skipped - (isPower ? mayBeDown : inDoubt))
  const all = {...counts, skipped, planned: 0}
  const besides = [
    ...(isPower || inDoubt === 0 ? [] : [`${inDoubt} in doubt`]),
    ...(header.failedBefore ? [`${header.failedBefore} failed before it began`] : []),
  ]
  if (Object.values(all).some(count => count > 0)) return [describeCounts(all), ...besides].join(', ')
  return mayBeDown > 0 ? 'nothing is settled' : besides.join(', ') || describeCounts(all)
}

function historyStyle(text: string): string {
  if (/failed|unfinished|damaged|may be/.test(text)) return red(text)
  return /conflict|skipped|doubt|interrupted|stopped|running/.test(text) ? yellow(text) : green(text)
}

/** How long ago something was, of so many milliseconds: `5 min ago`. */
function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  // The clock was put back since, or the journal is of another machine.
  if (minutes < -1) return 'in the future'
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`
  return `${Math.floor(minutes / 60 / 24)} days ago`
}

const accountOfChange = (nameOf: (id: string) => string): Column<RecordedChange> => ({
  header: 'Account',
  value: ({change: {target}}) => (target.account === undefined ? '' : nameOf(target.account)),
  priority: 2,
  tells: 'which',
})

const changeColumns = (hasAccounts: boolean, nameOf: (id: string) => string): Column<RecordedChange>[] => [
  {header: 'Name', value: ({change}) => change.target.name, least: 20, tells: 'what'},
  {header: 'ID', value: ({change}) => change.target.id, priority: 3, tells: 'which'},
  ...(hasAccounts ? [accountOfChange(nameOf)] : []),
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
