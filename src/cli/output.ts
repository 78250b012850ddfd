import type {Column} from '../column.ts'
import {dataFormats, type Format, formatData} from '../terminal/formats.ts'
import {dim, statusStyle} from '../terminal/style.ts'
import type {NestedTable} from '../terminal/table.ts'
import {plain} from '../terminal/text.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'

/** Rows as every format prints them. */
interface RowOutput<Row> {
  rows: Row[]
  columns: Column<Row>[]
  /** Whether columns may be left out on a narrow terminal; not when the user chose them. */
  mayHide?: boolean
  /** A row as JSON; the row itself without. */
  toJson?(row: Row): unknown
  id(row: Row): string | undefined
  /** What to print on stderr in place of an empty table, if anything. */
  empty?: string
  /** The whole as JSON and YAML, where that is not the array of rows. */
  toWhole?(): unknown
}

/** One thing as every format prints it. */
interface RecordOutput {
  entries: readonly (readonly [string, string | NestedTable])[]
  json: object
  id: string
}

/** Prints rows: all data to stdout, and what goes with it to stderr. */
export async function printRows<Row>(
  context: Context,
  {format, quiet}: OutputOptions,
  output: RowOutput<Row>,
): Promise<void> {
  const {rows, columns, toJson = row => row, id, toWhole} = output
  if (quiet) return context.print(linesOf(rows.map(id)))
  if (format === 'table') return printTable(context, output)
  const values = () => rows.map(toJson)
  const cells = () => [headersOf(columns), ...cellsOf(columns, rows)]
  context.print(await formatData(format, {cells, values, whole: toWhole ?? values}))
}

/**
 * How to print rows a few at a time, while more of them are being read: undefined in a format that needs all of them.
 * What it gives rejects when the reader has closed the pipe, and that ends the command quietly.
 */
export async function rowPrinter<Row>(
  context: Context,
  {format: name, quiet}: OutputOptions,
  {columns, toJson = row => row, id}: Pick<RowOutput<Row>, 'columns' | 'toJson' | 'id'>,
): Promise<((rows: Row[]) => Promise<void>) | undefined> {
  if (quiet) return rows => context.printed(linesOf(rows.map(id)))
  if (name === 'table') return undefined
  const format: Format = dataFormats[name]
  if (format.of === 'whole') return undefined
  if (format.of === 'values') return async rows => context.printed(await format.write(rows.map(toJson)))
  await context.printed(await format.write([headersOf(columns)]))
  return async rows => context.printed(await format.write(cellsOf(columns, rows)))
}

/** Prints one thing. */
export async function printRecord(
  context: Context,
  {format, quiet}: OutputOptions,
  {entries, json, id}: RecordOutput,
): Promise<void> {
  if (quiet) return context.print(linesOf([id]))
  if (format === 'table') {
    const {renderRecord} = await import('../terminal/table.ts')
    return context.print(`${renderRecord(entries, {...context.canvas(), styles})}\n`)
  }
  const cells = () => [
    entries.map(([header]) => header),
    entries.map(([, value]) => (typeof value === 'string' ? value : value.rows.map(row => row.join(' ')).join('; '))),
  ]
  context.print(await formatData(format, {cells, values: () => [json], whole: () => json}))
}

async function printTable<Row>(context: Context, output: RowOutput<Row>): Promise<void> {
  const {rows, columns, mayHide = true, empty} = output
  if (rows.length === 0) {
    if (empty) context.note(empty)
    return
  }
  const {renderTable} = await import('../terminal/table.ts')
  const {text, hidden} = renderTable(columns.map(withStyle), rows, {...context.canvas(), mayHide})
  context.print(`${text}\n`)
  if (hidden.length === 0) return
  const note = `Not shown in so narrow a terminal: ${hidden.join(', ')}. -o json has all.`
  context.note(note, context.colorsNotes ? {style: dim} : {})
}

/** The colours of columns that are the same in every table. */
const styles = {Status: statusStyle}

function withStyle<Row>(column: Column<Row>): Column<Row> {
  return column.header === 'Status' ? {style: styles.Status, ...column} : column
}

function linesOf(ids: (string | undefined)[]): string {
  return ids.map(id => (id === undefined ? '' : `${plain(id)}\n`)).join('')
}

function headersOf(columns: readonly {header: string}[]): string[] {
  return columns.map(({header}) => header)
}

/** Rows as their columns read. */
export function cellsOf<Row>(columns: readonly Pick<Column<Row>, 'value'>[], rows: Row[]): string[][] {
  return rows.map(row => columns.map(({value}) => value(row)))
}
