import type {Outcome} from '../metadata/outcomes.ts'
import {settingsLabel} from '../metadata/settings.ts'
import {green, red, yellow} from '../terminal/style.ts'
import type {Column} from '../terminal/table.ts'

/** How outcomes read in a table; restarts have a column only where some were asked for. */
export function outcomeColumns(outcomes: Outcome[]): Column<Outcome>[] {
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
