import {type Column, jsonKeysOf} from '../column.ts'
import {asVpcmdError, exitCodes} from '../errors.ts'
import {type Data, dataFormats, type Format, formatData, formatPieces} from '../terminal/formats.ts'
import {dim, statusStyle} from '../terminal/style.ts'
import type {NestedTable} from '../terminal/table.ts'
import {plain, plainLines} from '../terminal/text.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'

/** Rows as every format prints them. */
interface RowOutput<Row> {
  rows: Row[]
  columns: readonly Column<Row>[]
  /** Whether columns may be left out on a narrow terminal; not when the user chose them. */
  mayHide?: boolean
  /** A row as JSON; the row itself without. */
  toJson?(row: Row): unknown
  id(row: Row): string | undefined
  /** What -o name prints, where the command has that. */
  name?(row: Row): string | undefined
  /** What to print on stderr in place of an empty table, if anything. */
  empty?: string
  /** Whether they tell of a change, which nobody makes again to see more of it. */
  isOfChange?: boolean
  /** Whether a pager may show the table; not where more than the table has to be read. */
  isPaged?: boolean
  /** The whole as JSON and YAML, where that is not the array of rows, which it is given. */
  toWhole?(rows: unknown[]): unknown
}

/** One thing as every format prints it. */
interface RecordOutput {
  /** Whether one that is longer than the screen is shown in a pager: where something was done, what was said of it would be hidden. */
  isPaged?: boolean
  entries: readonly (readonly [string, string | NestedTable])[]
  json: object
  id: string
}

/** Prints rows: all data to stdout, and what goes with it to stderr. */
export async function printRows<Row>(context: Context, out: OutputOptions, output: RowOutput<Row>): Promise<void> {
  const {format, quiet, headless, limit} = out
  const {id} = output
  const rows = limit === undefined ? output.rows : output.rows.slice(0, limit)
  if (rows.length < output.rows.length) noteLimit(context, rows.length, output.rows.length)
  if (quiet) return context.print(linesOf(rows.map(id)))
  if (out.names) return context.print(nameLines(context, output)(rows))
  if (format === 'table') return printTable(context, {...output, rows}, headless)
  const data = dataOf(out, {...output, rows})
  if (out.query !== undefined) return printQueried(context, out, data.whole())
  for (const piece of await formatPieces(format, data)) await context.printed(piece)
}

/** Rows as formats of data have them. */
export function dataOf<Row>(
  out: Pick<OutputOptions, 'columns' | 'headless'>,
  output: Pick<RowOutput<Row>, 'rows' | 'columns' | 'toJson' | 'toWhole'>,
): Data {
  const {rows, columns, toWhole} = output
  const values = () => rows.map(jsonOf(out, output))
  const cells = () => [...(out.headless ? [] : [headersOf(columns)]), ...cellsOf(columns, rows)]
  return {cells, values, whole: () => (toWhole ? toWhole(values()) : values())}
}

/**
 * How to print rows a few at a time, while more of them are being read: undefined in a format that needs all of them.
 * What it gives rejects when the reader has closed the pipe, and that ends the command quietly.
 */
export async function rowPrinter<Row>(
  context: Context,
  out: OutputOptions,
  output: Pick<RowOutput<Row>, 'columns' | 'toJson' | 'id' | 'name'>,
): Promise<((rows: Row[]) => Promise<void>) | undefined> {
  const {columns, id} = output
  if (out.quiet) return rows => context.printed(linesOf(rows.map(id)))
  if (out.names) {
    const linesWithNames = nameLines(context, output)
    return rows => context.printed(linesWithNames(rows))
  }
  if (out.format === 'table' || out.query !== undefined) return undefined
  const format: Format = dataFormats[out.format]
  if (format.of === 'whole') return undefined
  if (format.of === 'values') {
    const toJson = jsonOf(out, output)
    return async rows => {
      for (const piece of format.pieces(rows.map(toJson))) await context.printed(piece)
    }
  }
  if (!out.headless) await context.printed(await format.write([headersOf(columns)]))
  return async rows => context.printed(await format.write(cellsOf(columns, rows)))
}

/** Tells that a list was cut: it must not be taken for the whole. `total` where it is known how many there are. */
export function noteLimit(context: Context, count: number, total?: number): void {
  context.note(`Printed the first ${count} of ${total ?? 'more'}, because of --limit.`)
}

/** How a row becomes JSON: with the keys of the columns alone, where the user named columns. */
function jsonOf<Row>(
  out: Pick<OutputOptions, 'columns'>,
  {columns, toJson = row => row}: Pick<RowOutput<Row>, 'columns' | 'toJson'>,
): (row: Row) => unknown {
  if (!out.columns) return toJson
  const keys = [...new Set(columns.flatMap(jsonKeysOf))]
  return row => {
    const whole: Record<string, unknown> = Object(toJson(row))
    return Object.fromEntries(keys.map(key => [key, whole[key] ?? null]))
  }
}

/** Prints what a query finds in a value. Where it does not fit the value, that is an error, and the rest is reported all the same. */
async function printQueried(
  context: Context,
  {format, query = '@', isRaw}: OutputOptions,
  value: unknown,
): Promise<void> {
  const {compileQuery, tooMuchFound} = await import('../terminal/query.ts')
  let text: string
  try {
    const found = compileQuery(query)(value)
    const values = () => (Array.isArray(found) ? found : [found])
    const data = {cells: () => [], values, whole: () => found}
    text =
      isRaw && typeof found === 'string'
        ? `${plainLines(found)}\n`
        : await formatData(format === 'table' ? 'json' : format, data)
  } catch (error) {
    // Longer than a text can be.
    context.error(error instanceof RangeError ? tooMuchFound() : asVpcmdError(error))
    context.exitCode = exitCodes.failed
    return
  }
  context.print(text)
}

/** Prints one thing. */
export async function printRecord(
  context: Context,
  out: OutputOptions,
  {entries, json, id, isPaged = true}: RecordOutput,
): Promise<void> {
  const {format, quiet} = out
  if (quiet) return context.print(linesOf([id]))
  if (out.query !== undefined) return printQueried(context, out, json)
  if (format === 'table') {
    const {renderRecord} = await import('../terminal/table.ts')
    return context.print(`${renderRecord(entries, {...context.canvas(), styles})}\n`, isPaged)
  }
  const cells = () => [
    entries.map(([header]) => header),
    entries.map(([, value]) => (typeof value === 'string' ? value : value.rows.map(row => row.join(' ')).join('; '))),
  ]
  context.print(await formatData(format, {cells, values: () => [json], whole: () => json}), isPaged)
}

/** Prints what a command did: as a sentence on stderr, or its facts where a format is asked for. */
export async function printDone(
  context: Context,
  out: OutputOptions,
  sentence: string,
  {json, id}: Pick<RecordOutput, 'json' | 'id'>,
): Promise<void> {
  if (out.format === 'table' && !out.quiet) context.note(sentence)
  else await printRecord(context, out, {entries: entriesOf(json), json, id})
}

/** The fields of an object, each as a text: a list with commas, and nothing for null. */
export function entriesOf(json: object): [string, string][] {
  return Object.entries(json).map(([name, value]) => [name, [value ?? ''].flat().join(',')])
}

async function printTable<Row>(context: Context, output: RowOutput<Row>, headless = false): Promise<void> {
  const {rows, columns, mayHide = true, empty, isOfChange = false, isPaged = true} = output
  if (rows.length === 0) {
    if (empty) context.note(empty)
    return
  }
  const {renderTable} = await import('../terminal/table.ts')
  const {text, hidden} = renderTable(columns.map(withStyle), rows, {...context.canvas(), mayHide, headless})
  context.print(`${text}\n`, isPaged)
  if (hidden.length === 0) return
  const note = `Hidden at this width: ${hidden.join(', ')}.${isOfChange ? '' : ' -o json has all.'}`
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

/** Whether a terminal shows a name as it is, and no command takes it for a flag: IBM's names may begin with a hyphen. */
function isSafeToHandOn(name: string): boolean {
  return name !== '' && plain(name) === name && !name.startsWith('-')
}

/**
 * Rows as a name a line; as the ID where there is no name, or none that is safe to hand on: a script that does must never
 * mean another instance. Says once where a name is not the only one.
 */
function nameLines<Row>(
  context: Context,
  {id, name = id}: Pick<RowOutput<Row>, 'id' | 'name'>,
): (rows: Row[]) => string {
  const seen = new Set<string>()
  let isTold = false
  return rows => {
    const lines = rows.map(row => {
      const called = name(row)
      const line = called !== undefined && isSafeToHandOn(called) ? called : id(row)
      if (line !== undefined && seen.has(line) && !isTold) {
        isTold = true
        context.note(`More than one is called ${line}: -q prints IDs, which tell them apart.`)
      }
      if (line !== undefined) seen.add(line)
      return line
    })
    return linesOf(lines)
  }
}

function headersOf(columns: readonly {header: string}[]): string[] {
  return columns.map(({header}) => header)
}

/** Rows as their columns read. */
function cellsOf<Row>(columns: readonly Pick<Column<Row>, 'value'>[], rows: Row[]): string[][] {
  return rows.map(row => columns.map(({value}) => value(row)))
}
