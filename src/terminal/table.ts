import type {Column} from '../column.ts'
import {type Cell, drawRows, gap} from './draw-rows.ts'
import {bold} from './style.ts'
import {plain, width} from './text.ts'

export interface TableOptions {
  /** The terminal's columns; undefined where there is no terminal, for as wide as it gets. */
  width: number | undefined
  color: boolean
  /** Whether columns with a priority may be left out when the terminal is too narrow. */
  mayHide: boolean
  /** Below this width (60), a table that can't be made to fit becomes a block of lines for each row. */
  narrowest?: number
  /** Whether the line of headers is left out; then there are no blocks either. */
  headless?: boolean
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

interface Grid {
  header: string
  cells: string[]
  priority: number | undefined
  style: Cell['style']
  /** Columns of the terminal: what all of it takes, what it must have, and what it has to make do with in the worst case. */
  natural: number
  least: number
  squeezed: number
}

const narrowestTable = 60

/**
 * Rows as a table without borders, at most `width` columns wide. Where it is too wide, cells wrap; where that does not do
 * either, the less important columns go; and in a very narrow terminal each row is a block of `header  value` lines.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  {width: available = Number.POSITIVE_INFINITY, color, mayHide, headless = false, ...options}: TableOptions,
): TableResult {
  if (rows.length === 0) return {text: '', hidden: []}
  const narrowest = headless ? 0 : (options.narrowest ?? narrowestTable)
  const grids = columns.map(column => measure(headless ? {...column, header: ''} : column, rows))
  keepApart(columns, grids, {available, mayHide})
  const shown = chosen(grids, {available, mayHide, narrowest})
  if (!shown) return {text: inBlocks(grids, rows.length, available, color), hidden: []}
  const hidden = columns.filter((_, index) => !shown.some(grid => grid === grids[index])).map(({header}) => header)
  return {text: inColumns(shown, rows.length, available, {color, headless}), hidden}
}

/**
 * One thing's properties, a line `label  value` each, at most `width` columns wide; longer ones go on in the next line.
 * A word that is longer, such as a CRN, is left to the terminal. A nested table stands in the column of values, with an
 * empty line after it.
 */
export function renderRecord(
  entries: readonly (readonly [label: string, value: string | NestedTable])[],
  {
    width: available = Number.POSITIVE_INFINITY,
    color,
    styles = {},
  }: Omit<TableOptions, 'mayHide'> & {styles?: Record<string, Cell['style']>},
): string {
  const labels = entries.map(([label]) => plain(label))
  const widths = recordWidths(labels, available)
  const rows = entries.flatMap(([, value], index): Cell[][] => {
    const label: Cell = {text: labels[index] ?? '', style: color ? bold : undefined}
    if (typeof value === 'string')
      return [
        [label, {text: inWords(cellOf(value), widths[1]), style: color ? styles[labels[index] ?? ''] : undefined}],
      ]
    return [[label, {text: renderNested(value, widths[1], color), isDrawn: true}], emptyRow]
  })
  return drawRecord(rows, widths[0]).trimEnd()
}

/** Draws labels and values that are in lines already. */
function drawRecord(rows: Cell[][], widthOfLabels: number): string {
  const widest = Math.max(1, ...rows.flatMap(([, cell]) => (cell?.text ?? '').split('\n').map(width)))
  return drawRows(rows, [widthOfLabels, widest])
}

/** A value in lines, broken between words only: half an ID can't be copied. */
function inWords(text: string, columns: number): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || width(`${line} ${word}`) > columns) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.join('\n')
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

/**
 * Rows of one name need columns that tell which is which: the narrowest ones that do together never go. Where not even
 * they have room, an ID among them is broken.
 */
function keepApart(
  columns: readonly Pick<Column<never>, 'tells'>[],
  grids: Grid[],
  {available, mayHide}: {available: number; mayHide: boolean},
): void {
  const names = grids.find((_, index) => columns[index]?.tells === 'what')?.cells ?? []
  const areApart = (some: Grid[]) =>
    new Set(names.map((name, row) => JSON.stringify([name, ...some.map(({cells}) => cells[row])]))).size ===
    names.length
  if (areApart([])) return
  const which = grids.filter((_, index) => columns[index]?.tells === 'which')
  const widthOf = (some: Grid[]) => some.reduce((sum, {natural}) => sum + natural + gap.length, 0)
  const narrowestFirst = subsetsOf(which).sort((a, b) => widthOf(a) - widthOf(b))
  const kept = narrowestFirst.find(areApart) ?? narrowestFirst.findLast(({length}) => length === 1) ?? []
  for (const grid of kept) grid.priority = undefined
  if (fits(lastingOf(grids, mayHide), available, 'least')) return
  for (const grid of kept) grid.least = Math.min(grid.least, leastOfIds)
}

function subsetsOf<Each>(all: readonly Each[]): Each[][] {
  let subsets: Each[][] = [[]]
  for (const each of all) subsets = [...subsets, ...subsets.map(subset => [...subset, each])]
  return subsets
}

/** An ID that has to stay takes two lines or three where there is no room for one. */
const leastOfIds = 20

/** More than this of one value, in characters, no reader takes in; where it must be whole, there is JSON. */
const longestCell = 1000

function cellOf(value: string): string {
  return plain(value.length > longestCell ? `${value.slice(0, longestCell)}...` : value) || '-'
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
  const lasting = lastingOf(grids, mayHide)
  if (fits(lasting, available, 'least')) return mayHide ? withoutLeastImportant(grids, available, 'least') : grids
  if (available < narrowest) return undefined
  return mayHide ? lasting : withoutLeastImportant(grids, available, 'squeezed')
}

function lastingOf(grids: Grid[], mayHide: boolean): Grid[] {
  return mayHide ? grids.filter(({priority}) => priority === undefined) : grids
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

function inColumns(
  grids: readonly Grid[],
  rowCount: number,
  available: number,
  {color, headless}: Pick<TableOptions, 'color' | 'headless'>,
): string {
  const head = grids.map(({header}): Cell => ({text: header, style: color ? bold : undefined}))
  const rows = Array.from({length: rowCount}, (_, row) =>
    grids.map(({cells, style}): Cell => ({text: cells[row] ?? '', style: color ? style : undefined})),
  )
  const widths = widthsOf(grids, available)
  return `${headless ? '' : `${drawRows([head], widths)}\n`}${drawRows(rows, widths)}`
}

function inBlocks(grids: readonly Grid[], rowCount: number, available: number, color: boolean): string {
  const widths = recordWidths(
    grids.map(({header}) => header),
    available,
  )
  const rows = Array.from({length: rowCount}, (_, row) => [
    ...(row > 0 ? [emptyRow] : []),
    ...grids.map(({header, cells, style}): Cell[] => [
      {text: header, style: color ? bold : undefined},
      {text: inWords(cells[row] ?? '', widths[1]), style: color ? style : undefined},
    ]),
  ])
  return drawRecord(rows.flat(), widths[0])
}

const emptyRow: Cell[] = [{text: ''}, {text: ''}]

// Labels give way to values until a value gets this many columns: enough for most identifiers in one line.
const comfortableValueWidth = 42

function recordWidths(labels: readonly string[], available: number): [label: number, value: number] {
  const widest = Math.max(1, ...labels.map(width))
  if (available === Number.POSITIVE_INFINITY) return [widest, available]
  const shared = Math.max(2, available - gap.length)
  // A label wraps between its words, and within one only where that would take more than half.
  const word = Math.max(...labels.flatMap(label => label.split(' ').map(width)))
  const share = Math.max(1, Math.floor(shared * 0.4), shared - comfortableValueWidth)
  const label = Math.min(widest, Math.max(share, Math.min(word, Math.floor(shared / 2))))
  return [label, Math.max(1, shared - label)]
}
