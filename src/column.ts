/** A column of a table that people read, and of CSV. */
export interface Column<Row> {
  header: string
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
