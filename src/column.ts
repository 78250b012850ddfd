import {usageError} from './errors.ts'
import {nearestName} from './nearest-name.ts'

/** A column of a table that people read, and of CSV. */
export interface Column<Row> {
  header: string
  /** Its name for --columns, where that is not its header in lower case with hyphens. */
  key?: string
  /** The keys of the row as JSON that say the same, where that is not its own name; an empty list for none. */
  json?: readonly string[]
  /** What the cell says. Anything in it that is not safe to print is left out; an empty cell is printed as `-`. */
  value: (row: Row) => string
  /** On a narrow terminal the column with the highest number goes first; one without a number never goes. */
  priority?: number
  /** How narrow its cells may get, in columns of the terminal, before another column goes: longer ones wrap. Without it they stay whole. */
  least?: number
  /** Whether it names a row (`what`), or tells rows of one name apart (`which`). */
  tells?: 'what' | 'which'
  /** Colours for a cell's text, which must not change its width. */
  style?: (text: string) => string
}

type Named = Pick<Column<never>, 'header' | 'key' | 'json'>

/** The name of a column for --columns. */
export function keyOf({key, header}: Named): string {
  return key ?? header.toLowerCase().replaceAll(' ', '-')
}

/** The keys of a row as JSON that hold what a column says. */
export function jsonKeysOf(column: Named): readonly string[] {
  return column.json ?? [keyOf(column).replaceAll('-', '_')]
}

/**
 * The columns that comma-separated lists name, by key or header, each once; `all` stands for every one. Throws a usage
 * error with the nearest name for one that does not exist.
 */
export function columnsNamed<Each extends Named>(columns: readonly Each[], names: readonly string[]): Each[] {
  const asked = names.flatMap(text => text.split(',')).map(name => name.trim())
  const found = asked.flatMap(name => (name.toLowerCase() === 'all' ? columns : [columnNamed(columns, name)]))
  return [...new Set(found)]
}

/** One column by key or header. Throws as columnsNamed does. */
export function columnNamed<Each extends Named>(columns: readonly Each[], name: string): Each {
  const wanted = name.trim().toLowerCase()
  const column = columns.find(each => keyOf(each) === wanted || each.header.toLowerCase() === wanted)
  if (column) return column
  const keys = columns.map(keyOf)
  const nearest = nearestName(wanted, keys)
  throw usageError(
    `There is no column ${name}${nearest === undefined ? '.' : `: did you mean ${nearest}?`}`,
    `There are: ${keys.join(', ')}, and all.`,
  )
}
