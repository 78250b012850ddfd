import {dim} from '../terminal/style.ts'
import {type Column, type NestedTable, renderRecord, renderTable} from '../terminal/table.ts'
import {plain} from '../terminal/text.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'

/** Rows as every format prints them. */
interface RowOutput<Row> {
  rows: Row[]
  columns: Column<Row>[]
  /** Whether columns may be left out on a narrow terminal; not when the user chose them. */
  mayHide: boolean
  toJson(row: Row): unknown
  id(row: Row): string | undefined
  /** What to print on stderr in place of an empty table, if anything. */
  empty?: string
  /** The whole as JSON and YAML, where that is not the array of rows. */
  whole?: unknown
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
  const {rows, columns} = output
  if (quiet) {
    const ids = rows.map(output.id).filter(id => id !== undefined)
    return context.print(ids.map(id => `${plain(id)}\n`).join(''))
  }
  if (format === 'table') return printTable(context, output)
  if (format === 'csv') {
    const cells = rows.map(row => columns.map(column => column.value(row)))
    return context.print(await asCsv(columns, cells))
  }
  const jsonRows = () => rows.map(output.toJson)
  if (format === 'jsonl') return context.print((await import('../terminal/formats.ts')).toJsonLines(jsonRows()))
  await printWhole(context, format, output.whole ?? jsonRows())
}

/**
 * How to print rows a few at a time, while more of them are being read: undefined in a format that needs all of them.
 * What it gives rejects when the reader has closed the pipe, and that ends the command quietly.
 */
export async function rowPrinter<Row>(
  context: Context,
  {format, quiet}: OutputOptions,
  {columns, toJson, id}: Pick<RowOutput<Row>, 'columns' | 'toJson' | 'id'>,
): Promise<((rows: Row[]) => Promise<void>) | undefined> {
  if (quiet) return rows => context.printed(rows.map(row => `${plain(id(row) ?? '')}\n`).join(''))
  if (format !== 'jsonl' && format !== 'csv') return undefined
  const {toCsvRows, toJsonLines} = await import('../terminal/formats.ts')
  if (format === 'jsonl') return rows => context.printed(toJsonLines(rows.map(toJson)))
  await context.printed(await asCsv(columns, []))
  return async rows => context.printed(await toCsvRows(rows.map(row => columns.map(column => column.value(row)))))
}

/** Prints one thing. */
export async function printRecord(
  context: Context,
  {format, quiet}: OutputOptions,
  {entries, json, id}: RecordOutput,
): Promise<void> {
  if (quiet) return context.print(`${plain(id)}\n`)
  if (format === 'table') return context.print(`${renderRecord(entries, context.canvas())}\n`)
  if (format === 'csv') {
    const cells = entries.map(([, value]) =>
      typeof value === 'string' ? value : value.rows.map(row => row.join(' ')).join('; '),
    )
    const headers = entries.map(([header]) => ({header}))
    return context.print(await asCsv(headers, [cells]))
  }
  if (format === 'jsonl') return context.print((await import('../terminal/formats.ts')).toJsonLines([json]))
  await printWhole(context, format, json)
}

function printTable<Row>(context: Context, {rows, columns, mayHide, empty}: RowOutput<Row>): void {
  if (rows.length === 0) {
    if (empty) context.note(empty)
    return
  }
  const {text, hidden} = renderTable(columns, rows, {...context.canvas(), mayHide})
  context.print(`${text}\n`)
  if (hidden.length === 0) return
  const note = `Not shown in so narrow a terminal: ${hidden.join(', ')}. -o json has all.`
  context.note(context.colorsNotes ? dim(note) : note)
}

async function asCsv(columns: readonly {header: string}[], rows: string[][]): Promise<string> {
  const {toCsv} = await import('../terminal/formats.ts')
  return toCsv(
    columns.map(({header}) => header),
    rows,
  )
}

async function printWhole(context: Context, format: 'json' | 'yaml', value: unknown): Promise<void> {
  if (format === 'json') context.print((await import('../terminal/formats.ts')).toJson(value))
  else context.print((await import('../terminal/yaml.ts')).toYaml(value))
}
