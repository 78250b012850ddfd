import CliTable from 'cli-table3'
import type {Column} from '../column.ts'
import {bold} from './style.ts'
import {cut, pad, plain, width, wrap} from './text.ts'

const gap = '  '

export interface TableOptions {
  /** The terminal's columns; undefined where there is no terminal, for as wide as it gets. */
  width: number | undefined
  color: boolean
  /** Whether columns with a priority may be left out when the terminal is too narrow. */
  mayHide: boolean
  /** Below this width (60), a table that can't be made to fit becomes a block of lines for each row. */
  narrowest?: number
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

type Style = (text: string) => string

/** Text, or lines that are as they are to be. */
type Cell = string | {content: string; wordWrap: false}

interface Grid {
  header: string
  cells: string[]
  priority: number | undefined
  style: Style | undefined
  /** Columns of the terminal: what all of it takes, what it must have, and what it has to make do with in the worst case. */
  natural: number
  least: number
  squeezed: number
}

const narrowestTable = 60

/** More rows than anybody reads: they are written without wrapping, as cli-table3 takes 1 to 3 s for 10,000. */
const mostRows = 1000

/**
 * Rows as a table without borders, at most `width` columns wide. Where it is too wide, cells wrap; where that does not do
 * either, the less important columns go; and in a very narrow terminal each row is a block of `header  value` lines.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  {width: available = Number.POSITIVE_INFINITY, color, mayHide, narrowest = narrowestTable}: TableOptions,
): TableResult {
  if (rows.length === 0) return {text: '', hidden: []}
  const grids = columns.map(column => measure(column, rows))
  keepApart(columns, grids)
  const shown = chosen(grids, {available, mayHide, narrowest})
  if (!shown) return {text: inBlocks(grids, rows.length, available, color), hidden: []}
  const hidden = grids.filter(grid => !shown.includes(grid)).map(({header}) => header)
  return {text: inColumns(shown, rows.length, available, color), hidden}
}

/**
 * One thing's properties, a line `label  value` each, at most `width` columns wide; longer ones go on in the next line.
 * A nested table stands in the column of values, with an empty line after it.
 */
export function renderRecord(
  entries: readonly (readonly [label: string, value: string | NestedTable])[],
  {width: available = Number.POSITIVE_INFINITY, color}: Omit<TableOptions, 'mayHide'>,
): string {
  const labels = entries.map(([label]) => plain(label))
  const widths = recordWidths(labels, available)
  const rows = entries.flatMap(([, value], index): Cell[][] => {
    const label = labels[index] ?? ''
    if (typeof value === 'string') return [[label, cellOf(value)]]
    return [
      [label, {content: renderNested(value, widths[1], color), wordWrap: false}],
      ['', ''],
    ]
  })
  if (available === Number.POSITIVE_INFINITY) {
    widths[1] = Math.max(...rows.flatMap(([, cell]) => textOf(cell).split('\n').map(width)))
  }
  return draw(rows, widths, [color ? bold : undefined]).trimEnd()
}

function renderNested({columns, rows}: NestedTable, available: number, color: boolean): string {
  const nested = columns.map((header, index) => ({
    header: plain(header),
    value: (row: string[]) => row[index] ?? '',
  }))
  // A table without rows shows its header over dashes, as `ibmcloud is instance` does.
  const options = {width: available, color, mayHide: false, narrowest: Number.POSITIVE_INFINITY}
  return renderTable(nested, rows.length > 0 ? rows : [[]], options).text
}

function measure<Row>({header, value, priority, least, style}: Column<Row>, rows: readonly Row[]): Grid {
  const cells = rows.map(row => cellOf(value(row)))
  let natural = width(header)
  for (const cell of cells) natural = Math.max(natural, width(cell))
  const squeezed = Math.min(natural, Math.max(...header.split(' ').map(width), 8))
  return {
    header,
    cells,
    priority,
    style,
    natural,
    least: least === undefined ? natural : Math.min(natural, Math.max(least, squeezed)),
    squeezed,
  }
}

/** Rows of one name need a column that tells which is which: the narrowest that does never goes. */
function keepApart(columns: readonly Pick<Column<never>, 'tells'>[], grids: Grid[]): void {
  const names = grids.find((_, index) => columns[index]?.tells === 'what')?.cells ?? []
  if (new Set(names).size === names.length) return
  const tellsApart = ({cells}: Grid) =>
    new Set(names.map((name, row) => `${name}\n${cells[row]}`)).size === names.length
  const which = grids.filter((_, index) => columns[index]?.tells === 'which').sort((a, b) => a.natural - b.natural)
  const kept = which.find(tellsApart) ?? which.at(-1)
  if (kept) Object.assign(kept, {priority: undefined, least: Math.min(kept.least, leastOfIds)})
}

/** An ID that has to stay takes two lines or three where there is no room for one. */
const leastOfIds = 20

/** More than this of one value, in characters, no reader takes in; where it must be whole, there is JSON. */
const longestCell = 1000

function cellOf(value: string): string {
  return plain(value.length > longestCell ? `${value.slice(0, longestCell)}…` : value) || '-'
}

type Need = 'natural' | 'least' | 'squeezed'

/**
 * The columns to show. Cells wrap before a column goes, and what never goes wraps further only where all others are gone.
 * Undefined where a terminal is too narrow for any table.
 */
function chosen(
  grids: Grid[],
  {available, mayHide, narrowest}: {available: number; mayHide: boolean; narrowest: number},
): Grid[] | undefined {
  const lasting = mayHide ? grids.filter(({priority}) => priority === undefined) : grids
  if (fits(lasting, available, 'least')) return mayHide ? withoutLeastImportant(grids, available, 'least') : grids
  if (available < narrowest) return undefined
  return mayHide ? lasting : withoutLeastImportant(grids, available, 'squeezed')
}

function withoutLeastImportant(grids: Grid[], available: number, need: Need): Grid[] {
  let shown = grids
  while (!fits(shown, available, need)) {
    const least = shown.reduce<Grid | undefined>(
      (found, grid) => ((grid.priority ?? -1) >= (found?.priority ?? 0) ? grid : found),
      undefined,
    )
    if (!least) break
    shown = shown.filter(grid => grid !== least)
  }
  return withWhatFits(grids, shown, available, need)
}

/** Puts back what there is room for after all: a wide column that had to go leaves it to narrower ones. */
function withWhatFits(grids: Grid[], shown: Grid[], available: number, need: Need): Grid[] {
  const hidden = grids.filter(grid => !shown.includes(grid))
  const byImportance = hidden.sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0))
  return byImportance.reduce((kept, grid) => {
    const more = grids.filter(each => each === grid || kept.includes(each))
    return fits(more, available, need) ? more : kept
  }, shown)
}

function fits(grids: readonly Grid[], available: number, need: Need): boolean {
  return grids.reduce((sum, grid) => sum + grid[need], gap.length * (grids.length - 1)) <= available
}

/** As wide as they are where there is room, else as wide as can be: who needs little gets all of it, the others share the rest. */
function widthsOf(grids: readonly Grid[], available: number): number[] {
  if (fits(grids, available, 'natural')) return grids.map(({natural}) => natural)
  const need = fits(grids, available, 'least') ? 'least' : 'squeezed'
  const widths = grids.map(grid => grid[need])
  let left = available - gap.length * (grids.length - 1) - widths.reduce((sum, each) => sum + each, 0)
  while (left > 0) {
    const growing = grids.flatMap(({natural}, index) => ((widths[index] ?? 0) < natural ? [index] : []))
    const narrow = growing.reduce((a, b) => ((widths[b] ?? 0) < (widths[a] ?? 0) ? b : a), growing[0] ?? -1)
    if (widths[narrow] === undefined) break
    widths[narrow] += 1
    left -= 1
  }
  return widths
}

function inColumns(grids: readonly Grid[], rowCount: number, available: number, color: boolean): string {
  const widths = widthsOf(grids, available)
  const styles = grids.map(({style}) => (color ? style : undefined))
  const head = draw(
    [grids.map(({header}) => header)],
    widths,
    grids.map(() => (color ? bold : undefined)),
  )
  const rows = Array.from({length: rowCount}, (_, row) => grids.map(({cells}) => cells[row] ?? ''))
  const body = rowCount > mostRows ? write(rows, widths, styles) : draw(rows, widths, styles)
  return `${head}\n${body}`
}

function inBlocks(grids: readonly Grid[], rowCount: number, available: number, color: boolean): string {
  const labels = grids.map(({header}) => header)
  const widths = recordWidths(labels, available)
  const blocks = Array.from({length: rowCount}, (_, row) => {
    const lines = grids.map(({header, cells, style}) => {
      const styles = color ? [bold, style] : []
      return draw([[header, cells[row] ?? '']], widths, styles)
    })
    return lines.join('\n')
  })
  return blocks.join('\n\n')
}

const noLines = {
  ...{top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': ''},
  ...{'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: gap},
}

/** cli-table3 looks along all rows of a table for each cell: many small tables are drawn sooner than a big one. */
const rowsAtOnce = 25

/** Rows of cells in columns of these widths; longer cells go on in the next line. */
function draw(rows: Cell[][], widths: number[], styles: (Style | undefined)[]): string {
  const lines: string[] = []
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const table = new CliTable({
      chars: noLines,
      style: {'padding-left': 0, 'padding-right': 0, head: [], border: []},
      colWidths: widths,
      wordWrap: true,
    })
    for (const cells of rows.slice(from, from + rowsAtOnce).flatMap(cells => inLines(cells, widths))) {
      table.push(
        cells.map((cell, index) => {
          if (typeof cell !== 'string') return cell
          const text = withBreaks(cell, widths[index] ?? 0)
          return styles[index]?.(text) ?? text
        }),
      )
    }
    lines.push(...table.toString().split('\n'))
  }
  return lines.map(line => line.trimEnd()).join('\n')
}

/** Rows of cells, a line each: longer cells are cut. */
function write(rows: string[][], widths: number[], styles: (Style | undefined)[]): string {
  const cellAt = (cell: string, index: number) => {
    const text = cut(cell, widths[index] ?? 0)
    return (styles[index]?.(text) ?? text) + pad(text, widths[index] ?? 0).slice(text.length)
  }
  return rows.map(cells => cells.map(cellAt).join(gap).trimEnd()).join('\n')
}

/** A longer text is wrapped here: cli-table3 measures all of it anew for each line. */
const longText = 200

function inLines(cells: Cell[], widths: number[]): Cell[][] {
  if (!cells.some(cell => textOf(cell).length > longText)) return [cells]
  const columns = cells.map((cell, index) =>
    textOf(cell)
      .split('\n')
      .flatMap(line => wrap(line, widths[index] ?? 0)),
  )
  const height = Math.max(...columns.map(lines => lines.length))
  return Array.from({length: height}, (_, line) => columns.map(lines => lines[line] ?? ''))
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : (cell?.content ?? '')
}

/** Words that are longer than a line are broken here, after a hyphen where there is one: cli-table3 would cut them off. */
function withBreaks(text: string, columns: number): string {
  if (width(text) <= columns) return text
  return text.replace(/[^\s]+/g, word => brokenWord(word, columns).join('\n'))
}

function brokenWord(word: string, columns: number): string[] {
  const [start = word] = wrap(word, columns)
  if (start === word) return [word]
  const hyphen = start.lastIndexOf('-') + 1
  const end = hyphen > start.length / 2 ? hyphen : start.length
  return [word.slice(0, end), ...brokenWord(word.slice(end), columns)]
}

// Labels give way to values until a value gets this many columns: enough for most identifiers in one line.
const comfortableValueWidth = 42

function recordWidths(labels: readonly string[], available: number): [label: number, value: number] {
  const widest = Math.max(1, ...labels.map(width))
  if (available === Number.POSITIVE_INFINITY) return [widest, available]
  const shared = Math.max(2, available - gap.length)
  const label = Math.min(widest, Math.max(1, Math.floor(shared * 0.4), shared - comfortableValueWidth))
  return [label, Math.max(1, shared - label)]
}
