import type {Column} from '../column.ts'
import {settingsLabel, weakenedBy} from '../instances/settings.ts'
import {byResult, type Outcome, toJsonOutcome, wasTurnedOnRunning} from '../metadata/outcomes.ts'
import {green, red, yellow} from '../terminal/style.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'
import {printRows} from './output.ts'
import {reportFailures} from './report-failures.ts'

/** What IBM's FAQ says of instances created with the service off (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). */
export function switchedOnNote(names: string[]): string {
  // Many are better restarted by their run, which knows them.
  const command = names.length > 3 ? 'metadata resume --restart' : `instances restart ${names.join(' ')}`
  return `An instance that was created with the service off must be stopped and started before the service works fully (IBM's FAQ). A stop erases instance storage for good, so vpcmd only does it when asked: vpcmd ${command}`
}

/** Prints what became of changes, and what is left to do. Sets the exit code where some failed. */
export async function printOutcomes(
  context: Context,
  out: OutputOptions,
  outcomes: Outcome[],
  unread: string[] = [],
): Promise<void> {
  const hasRestarts = outcomes.some(({restart}) => restart !== undefined)
  const hasRisks = outcomes.some(outcome => weakenedBy(outcome.before ?? {}, outcome.after ?? {}).length > 0)
  await printServers(context, out, {
    outcomes,
    unread,
    columns: [
      {header: 'Before', value: ({before}) => (before ? settingsLabel(before) : '')},
      {header: 'After', value: ({after}) => (after ? settingsLabel(after) : '')},
      resultColumn,
      ...(hasRisks ? [riskColumn] : []),
      ...(hasRestarts ? restartColumns : []),
    ],
    toJson: toJsonOutcome,
  })
  const awaiting = outcomes.filter(each => wasTurnedOnRunning(each) && each.restart?.result !== 'done')
  if (awaiting.length > 0) context.note(switchedOnNote(awaiting.map(({target, asked}) => target?.name || asked)))
}

/** What became of a server, whatever was done with it. */
type ServerOutcome = Pick<Outcome, 'asked' | 'target' | 'result' | 'error'>

/** Prints a row for each server, and why some failed. Sets the exit code where some failed. */
export async function printServers<Each extends ServerOutcome>(
  context: Context,
  out: OutputOptions,
  request: {outcomes: Each[]; unread: string[]; columns: Column<Each>[]; toJson(outcome: Each): object},
): Promise<void> {
  const {outcomes, unread, columns, toJson} = request
  // What was never sent is counted, not listed.
  const errors = outcomes.flatMap(({error, result}) => (error && result !== 'skipped' ? [error] : []))
  reportFailures(context, errors, outcomes.length)
  await printRows(context, out, {
    rows: outcomes,
    columns: [...serverColumns, ...columns],
    toJson: outcome => ({...toJson(outcome), result: outcome.result}),
    toWhole: () => ({...byResult(outcomes, toJson), ...(unread.length > 0 && {unread})}),
    id: ({target, result}) => (result === 'changed' || result === 'planned' ? target?.id : undefined),
  })
}

const styles = new Map([
  ...['changed', 'done'].map(each => [each, green] as const),
  ...['planned', 'skipped', 'left out', 'interrupted', 'stopped', 'running'].map(each => [each, yellow] as const),
  ...['conflict', 'failed', 'unfinished', 'damaged'].map(each => [each, red] as const),
])

/** What became of a change, a restart or a run, in its colour. */
export function resultStyle(text: string): string {
  return styles.get(text)?.(text) ?? text
}

const serverColumns: Column<ServerOutcome>[] = [
  {header: 'Name', value: ({target, asked}) => target?.name ?? asked, least: 20, tells: 'what'},
  {header: 'ID', value: ({target}) => target?.id ?? '', priority: 3, tells: 'which'},
  {header: 'Zone', value: ({target}) => target?.zone ?? '', priority: 2, tells: 'which'},
]

export const resultColumn: Column<ServerOutcome> = {header: 'Result', value: ({result}) => result, style: resultStyle}

const riskColumn: Column<Outcome> = {
  header: 'Risk',
  value: ({before = {}, after = {}}) => (weakenedBy(before, after).length > 0 ? 'less secure' : ''),
  style: text => (text === '-' ? text : yellow(text)),
}

const restartColumns: Column<Outcome>[] = [
  {header: 'Restart', value: ({restart}) => restart?.result.replace('_', ' ') ?? '', style: resultStyle},
  {header: 'Restart reason', value: ({restart}) => restart?.reason ?? restart?.error?.message ?? '', least: 24},
]
