import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {printRows} from '../../cli/output.ts'
import {runsFolder} from '../../cli/state-folder.ts'
import {exitCodes, type VpcmdError} from '../../errors.ts'
import {describeCounts} from '../../metadata/outcomes.ts'
import {readRun} from '../../metadata/read-run.ts'
import {readRuns} from '../../metadata/run-folder.ts'
import {
  describeDamage,
  mayBeDown,
  type RecordedChange,
  type RunState,
  type RunSummary,
  summaryOf,
} from '../../metadata/runs.ts'
import {settingsLabel} from '../../metadata/settings.ts'
import {green, red, yellow} from '../../terminal/style.ts'
import type {Column} from '../../terminal/table.ts'

export default class MetadataHistory extends BaseCommand {
  static override summary = 'List the runs that changed settings, or show what one of them did.'
  static override description =
    `vpcmd keeps a journal of each run on this machine: when, with the credentials of which account, which servers were chosen, and what each was before and after. Nothing is asked of IBM Cloud.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261125-161502-3f9a -o csv',
  ]
  static override args = {run: Args.string({description: 'ID of a run, or its beginning.'})}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataHistory)
    const folder = runsFolder(this.context.env)
    if (args.run === undefined) {
      const rows: RunRow[] = []
      const unreadable = ({message}: VpcmdError) => {
        this.context.warning(message)
        this.context.exitCode = exitCodes.failed
      }
      for await (const run of readRuns(folder, unreadable)) {
        this.tellDamage(run)
        rows.push(rowOf(run))
      }
      rows.sort((a, b) => (a.id < b.id ? 1 : -1))
      return printRows(this.context, readOutput(flags), {
        rows,
        columns: rows.some(row => row.may_be_down > 0) ? [...runColumns, downColumn] : runColumns,
        mayHide: true,
        toJson: row => row,
        id: ({id}) => id,
        empty: 'There are no runs: nothing was changed by vpcmd for this user on this machine.',
      })
    }
    const run = await readRun(folder, args.run)
    const {header, changes, state} = run
    const summary = rowOf(summaryOf(run))
    this.tellDamage(run)
    const who = run.damage?.header ? '' : `, account ${header.account}, by ${header.iamId}`
    this.context.note(`Run ${header.id}, ${header.startedAt}${who}: ${state}.`)
    const what = run.damage?.header ? 'What can be read' : `${header.command} ${header.selection}`
    this.context.note(`${what}: ${describeCounts({...summary.counts, planned: 0})}.`)
    if (summary.may_be_down > 0)
      this.context.warning(`${mayBeDown(run)}. Start what is down: vpcmd metadata resume ${header.id}`)
    for (const unread of summary.unread) this.context.warning(`Its selection is not all that there was: ${unread}`)
    await printRows(this.context, readOutput(flags), {
      rows: changes,
      columns: changeColumns,
      mayHide: true,
      toJson: toJsonChange,
      toWhole: () => ({...summary, changes: changes.map(toJsonChange)}),
      id: ({change}) => change.target.id,
    })
  }

  private tellDamage(run: Pick<RunSummary, 'header' | 'damage'>): void {
    const damage = describeDamage(run)
    if (damage === undefined) return
    this.context.warning(`Run ${run.header.id}: ${damage}.`)
    this.context.exitCode = exitCodes.failed
  }
}

interface RunRow {
  id: string
  started_at: string
  ended_at: string | null
  state: RunState
  /** Null, and so those that follow, where the journal is damaged at its beginning. */
  account: string | null
  iam_id: string | null
  vpcmd: string | null
  command: string | null
  selection: string | null
  undoes: string | null
  unread: string[]
  counts: Record<'changed' | 'unchanged' | 'conflict' | 'failed' | 'skipped', number>
  /** How many it asked to stop and did not see running again. */
  may_be_down: number
  damaged_lines: number
  /** How many servers it changed, or meant to, of which the journal does not tell any more. */
  unknown_servers: number
}

function rowOf({header, state, endedAt, counts, mayBeDown, damage}: RunSummary): RunRow {
  const told = (text: string) => (damage?.header ? null : text)
  return {
    id: header.id,
    started_at: header.startedAt,
    ended_at: endedAt ?? null,
    state,
    account: told(header.account),
    iam_id: told(header.iamId),
    vpcmd: told(header.vpcmd),
    command: told(header.command),
    selection: told(header.selection),
    undoes: header.undoes ?? null,
    unread: header.unread ?? [],
    counts,
    may_be_down: mayBeDown,
    damaged_lines: damage?.lines ?? 0,
    unknown_servers: damage?.unknown ?? 0,
  }
}

function toJsonChange({change, result, after, error, indeterminate, at, restart}: RecordedChange): object {
  const {target, before, set} = change
  return {
    id: target.id,
    name: target.name,
    crn: target.crn,
    kind: target.kind,
    region: target.region,
    zone: target.zone,
    before,
    set,
    result: result ?? 'skipped',
    after: after ?? null,
    indeterminate: indeterminate,
    at: at ?? null,
    ...(restart && {restart: {step: restart.step, at: restart.at}}),
    ...(error && {error}),
  }
}

const stateStyles: Record<string, (text: string) => string> = {
  done: green,
  changed: green,
  interrupted: yellow,
  stopped: yellow,
  running: yellow,
  skipped: yellow,
  unfinished: red,
  damaged: red,
  failed: red,
  conflict: red,
}
const style = (text: string) => stateStyles[text]?.(text) ?? text

const runColumns: Column<RunRow>[] = [
  {header: 'Run', value: ({id}) => id},
  {header: 'Started', value: ({started_at}) => started_at, priority: 4},
  {header: 'Account', value: ({account}) => account ?? '', priority: 3},
  {header: 'By', value: ({iam_id}) => iam_id ?? '', priority: 5},
  {header: 'Command', value: ({command}) => command ?? ''},
  {header: 'Selection', value: ({selection}) => selection ?? '', priority: 2},
  {header: 'Changed', value: ({counts}) => String(counts.changed)},
  {header: 'Unchanged', value: ({counts}) => String(counts.unchanged), priority: 1},
  {header: 'Conflict', value: ({counts}) => String(counts.conflict), priority: 1},
  {header: 'Failed', value: ({counts}) => String(counts.failed)},
  {header: 'Skipped', value: ({counts}) => String(counts.skipped), priority: 1},
  {header: 'State', value: ({state}) => state, style},
]

const downColumn: Column<RunRow> = {
  header: 'May be down',
  value: ({may_be_down: count}) => (count > 0 ? String(count) : ''),
  style: red,
}

const changeColumns: Column<RecordedChange>[] = [
  {header: 'Name', value: ({change}) => change.target.name},
  {header: 'ID', value: ({change}) => change.target.id, priority: 2},
  {header: 'Zone', value: ({change}) => change.target.zone, priority: 3},
  {header: 'Before', value: ({change}) => settingsLabel(change.before)},
  {header: 'After', value: ({after}) => (after ? settingsLabel(after) : '')},
  {header: 'Result', value: ({result}) => result ?? 'skipped', style},
  {header: 'Restart', value: ({restart}) => restart?.step ?? '', priority: 4},
  {header: 'At', value: ({at}) => at ?? '', priority: 4},
  {header: 'Error', value: ({error}) => error?.message ?? '', priority: 5},
]
