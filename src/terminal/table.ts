import {bold} from './style.ts'
import {pad, plain, width, wrap} from './text.ts'

const gap = '  '

// In a record, labels give way to values until a value gets this many columns: enough for most identifiers in one line.
const comfortableValueWidth = 42

export interface Column<Row> {
  header: string
  /** What the cell says. Anything in it that is not safe to print is left out; an empty cell is printed as `-`. */
  value: (row: Row) => string
  /** On a narrow terminal the column with the highest number goes first; one without a number never goes. */
  priority?: number
  /** Colours for a cell's text, which must not change its width. Used only with `color`. */
  style?: (text: string) => string
}

export interface TableOptions {
  /** The terminal's columns; undefined where there is no terminal, for as wide as it gets. */
  width: number | undefined
  color: boolean
  /** Whether columns with a priority may be left out when the terminal is too narrow. */
  mayHide: boolean
}

export interface TableResult {
  /** Lines without a line break after the last one; empty when there are no rows. */
  text: string
  /** The headers of the columns that were left out, in their order. */
  hidden: string[]
}

export interface NestedTable {
  columns: string[]
  rows: string[][]
}

interface Grid<Row> {
  column: Column<Row>
  cells: string[]
  width: number
}

/**
 * Rows as a table without borders, at most `width` columns wide: without its less important columns where it may hide
 * some, and as one block of `header  value` lines for each row, with everything in it, where even that does not fit.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions,
): TableResult {
  if (rows.length === 0) return {text: '', hidden: []}
  const grids = columns.map(column => measure(column, rows))
  const shown = options.mayHide ? withoutLeastImportant(grids, options.width) : grids
  if (fits(shown, options.width)) {
    const hidden = grids.filter(grid => !shown.includes(grid)).map(grid => grid.column.header)
    return {text: horizontal(shown, rows.length, options.color), hidden}
  }
  const widths = recordColumns(
    columns.map(({header}) => header),
    options.width,
  )
  const blocks = rows.map((_, index) =>
    grids.flatMap(({column, cells}) => {
      const entry = {label: column.header, lines: wrap(cells[index] ?? '', widths.value), style: column.style}
      return entryLines(entry, widths, options.color)
    }),
  )
  return {text: blocks.map(lines => lines.join('\n')).join('\n\n'), hidden: []}
}

/**
 * One thing's properties, a line `label  value` each, at most `width` columns wide; longer ones go on in the next line.
 * A nested table stands in the column of values, with an empty line after it, and its cells below each other where it
 * is too wide.
 */
export function renderRecord(
  entries: readonly (readonly [label: string, value: string | NestedTable])[],
  options: Omit<TableOptions, 'mayHide'>,
): string {
  const widths = recordColumns(
    entries.map(([label]) => plain(label)),
    options.width,
  )
  const lines = entries.flatMap(([label, value]) => {
    const valueLines =
      typeof value === 'string'
        ? wrap(cellOf(value), widths.value)
        : [...renderNested(value, {...options, width: widths.value}).split('\n'), '']
    return entryLines({label: plain(label), lines: valueLines}, widths, options.color)
  })
  return lines.join('\n').trimEnd()
}

function renderNested(table: NestedTable, options: Omit<TableOptions, 'mayHide'>): string {
  const columns = table.columns.map((header, index) => ({
    header: plain(header),
    value: (row: string[]) => row[index] ?? '',
  }))
  // A table without rows shows its header over dashes, as `ibmcloud is instance` does.
  const rows = table.rows.length > 0 ? table.rows : [[]]
  return renderTable(columns, rows, {...options, mayHide: false}).text
}

function measure<Row>(column: Column<Row>, rows: readonly Row[]): Grid<Row> {
  const cells = rows.map(row => cellOf(column.value(row)))
  let widest = width(column.header)
  for (const cell of cells) widest = Math.max(widest, width(cell))
  return {column, cells, width: widest}
}

/** More than this of one value, in characters, no reader takes in; where it must be whole, there is JSON. */
const longestCell = 1000

function cellOf(value: string): string {
  return plain(value.length > longestCell ? `${value.slice(0, longestCell)}…` : value) || '-'
}

function withoutLeastImportant<Row>(grids: Grid<Row>[], available: number | undefined): Grid<Row>[] {
  let shown = grids
  while (!fits(shown, available)) {
    const priorities = shown.map(grid => grid.column.priority ?? Number.NEGATIVE_INFINITY)
    const highest = Math.max(...priorities)
    if (highest === Number.NEGATIVE_INFINITY) break
    const least = priorities.lastIndexOf(highest)
    shown = shown.filter((_, index) => index !== least)
  }
  return withWhatFits(grids, shown, available)
}

/** Puts back what there is room for after all: a wide column that had to go leaves it to narrower ones. */
function withWhatFits<Row>(grids: Grid<Row>[], shown: Grid<Row>[], available: number | undefined): Grid<Row>[] {
  const hidden = grids.filter(grid => !shown.includes(grid))
  const byImportance = hidden.sort((a, b) => (a.column.priority ?? 0) - (b.column.priority ?? 0))
  return byImportance.reduce((kept, grid) => {
    const more = grids.filter(each => each === grid || kept.includes(each))
    return fits(more, available) ? more : kept
  }, shown)
}

function fits<Row>(grids: readonly Grid<Row>[], available: number | undefined): boolean {
  const needed = grids.reduce((sum, grid) => sum + grid.width, gap.length * (grids.length - 1))
  return available === undefined || needed <= available
}

// cli-table3 0.6 was measured for this and left. 10,000 rows of 8 columns take it 8.7 s, as its layout looks along all rows
// for each cell, and 1.1 s as tables of 25 rows with widths given, against 0.02 s here. It counts Thai and Devanagari as
// wider than they are (string-width 4), so that it cuts them off in a column of the width they have.
function horizontal<Row>(grids: readonly Grid<Row>[], rowCount: number, color: boolean): string {
  const lines = [grids.map(grid => styled(grid.column.header, grid.width, color ? bold : undefined))]
  for (let row = 0; row < rowCount; row++) {
    lines.push(grids.map(grid => styled(grid.cells[row] ?? '', grid.width, color ? grid.column.style : undefined)))
  }
  return lines.map(cells => cells.join(gap).trimEnd()).join('\n')
}

function styled(text: string, columns: number, style: ((text: string) => string) | undefined): string {
  const filled = pad(text, columns)
  return style ? style(text) + filled.slice(text.length) : filled
}

interface Entry {
  label: string
  lines: string[]
  style?: (text: string) => string
}

function entryLines(entry: Entry, widths: RecordColumns, color: boolean): string[] {
  const labels = wrap(entry.label, widths.label)
  const style = color ? entry.style : undefined
  return Array.from({length: Math.max(labels.length, entry.lines.length)}, (_, index) => {
    const label = labels[index] ?? ''
    const value = entry.lines[index] ?? ''
    const line = styled(label, widths.label, color && label ? bold : undefined) + gap
    return (line + (style && value ? style(value) : value)).trimEnd()
  })
}

interface RecordColumns {
  label: number
  value: number
}

function recordColumns(labels: readonly string[], available: number | undefined): RecordColumns {
  const widest = Math.max(0, ...labels.map(width))
  if (available === undefined) return {label: widest, value: Number.POSITIVE_INFINITY}
  const shared = Math.max(2, available - gap.length)
  const label = Math.min(widest, Math.max(1, Math.floor(shared * 0.4), shared - comfortableValueWidth))
  return {label, value: Math.max(1, shared - label)}
}
