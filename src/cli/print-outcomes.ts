import {type Outcome, toJsonLine, toJsonOutcomes, wasTurnedOnRunning} from '../metadata/outcomes.ts'
import {settingsLabel} from '../metadata/settings.ts'
import {green, red, yellow} from '../terminal/style.ts'
import type {Column} from '../terminal/table.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'
import {printRows} from './output.ts'
import {reportFailures} from './report-failures.ts'

/** What IBM's FAQ says of instances created with the service off (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). */
export const switchedOnNote =
  "IBM's FAQ: an instance that was created with the service off must be stopped and started before the service works fully. A stop erases instance storage for good, so vpcmd does not do it unasked, but with: vpcmd metadata resume --restart"

/** Prints what became of changes, why some failed, and what is left to be done. Sets the exit code where some failed. */
export async function printOutcomes(
  context: Context,
  out: OutputOptions,
  outcomes: Outcome[],
  unread: string[] = [],
): Promise<void> {
  // What was never sent is counted, and not told one by one.
  const errors = outcomes.flatMap(({error, result}) => (error && result !== 'skipped' ? [error] : []))
  reportFailures(context, errors, outcomes.length)
  await printRows(context, out, {
    rows: outcomes,
    columns: outcomeColumns(outcomes),
    mayHide: true,
    toJson: toJsonLine,
    toWhole: () => ({...toJsonOutcomes(outcomes), ...(unread.length > 0 && {unread})}),
    id: ({target, result}) => (result === 'changed' || result === 'planned' ? target?.id : undefined),
  })
  const awaitsRestart = outcomes.some(each => wasTurnedOnRunning(each) && each.restart?.result !== 'done')
  if (awaitsRestart) context.note(switchedOnNote)
}

/** How outcomes read in a table; restarts have a column only where some were asked for. */
function outcomeColumns(outcomes: Outcome[]): Column<Outcome>[] {
  return outcomes.some(({restart}) => restart !== undefined) ? [...columns, ...restartColumns] : columns
}

const styles: Record<string, (text: string) => string> = {
  changed: green,
  done: green,
  planned: yellow,
  skipped: yellow,
  'left out': yellow,
  conflict: red,
  failed: red,
}
const style = (text: string) => styles[text]?.(text) ?? text

const columns: Column<Outcome>[] = [
  {header: 'Name', value: ({target, asked}) => target?.name ?? asked},
  {header: 'ID', value: ({target}) => target?.id ?? '', priority: 2},
  {header: 'Zone', value: ({target}) => target?.zone ?? '', priority: 3},
  {header: 'Before', value: ({before}) => (before ? settingsLabel(before) : '')},
  {header: 'After', value: ({after}) => (after ? settingsLabel(after) : '')},
  {header: 'Result', value: ({result}) => result, style},
]

const restartColumns: Column<Outcome>[] = [
  {header: 'Restart', value: ({restart}) => restart?.result.replace('_', ' ') ?? '', style},
  {header: 'Restart reason', value: ({restart}) => restart?.reason ?? restart?.error?.message ?? '', priority: 4},
]
