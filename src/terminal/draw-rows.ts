import CliTable from 'cli-table3'
import {hasMarks, pad, width, wrap} from './text.ts'

/** Between two columns. */
export const gap = '  '

type Style = (text: string) => string

export interface Cell {
  text: string
  style?: Style
  /** Whether its lines are as they are to be, a table within the table. */
  isDrawn?: boolean
}

/** More rows than anybody reads: they are written without cli-table3, which takes 1 to 3 s for 10,000. */
const mostRows = 1000

const noLines = {
  ...{top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': ''},
  ...{'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: gap},
}

/** cli-table3 looks along all rows of a table for each cell: many small tables are drawn sooner than a big one. */
const rowsAtOnce = 25

/** Longer texts are wrapped here: cli-table3 measures all of a text anew for each line. */
const longText = 200

/** Rows of cells in columns of these widths, without borders; longer cells go on in the next line. */
export function drawRows(rows: Cell[][], widths: number[]): string {
  const isOwn = rows.length > mostRows || rows.some(cells => cells.some(({text}) => hasMarks(text)))
  const lines = isOwn ? write(rows, widths) : drawn(rows, widths)
  return lines.map(line => line.trimEnd()).join('\n')
}

function drawn(rows: Cell[][], widths: number[]): string[] {
  const short = rows.flatMap(cells =>
    cells.some(({text}) => text.length > longText) ? inLines(cells, widths) : [cells],
  )
  const lines: string[] = []
  for (let from = 0; from < short.length; from += rowsAtOnce) {
    const table = new CliTable({
      chars: noLines,
      style: {'padding-left': 0, 'padding-right': 0, head: [], border: []},
      colWidths: widths,
      wordWrap: true,
    })
    for (const cells of short.slice(from, from + rowsAtOnce)) {
      table.push(
        cells.map(({text, style, isDrawn}, index) => {
          if (isDrawn) return {content: text, wordWrap: false}
          const broken = withBreaks(text, widths[index] ?? 0)
          return style?.(broken) ?? broken
        }),
      )
    }
    lines.push(...table.toString().split('\n'))
  }
  return lines
}

/** The same, for more rows than cli-table3 is quick with, and for letters that it measures wrongly. */
function write(rows: Cell[][], widths: number[]): string[] {
  const padded = ({text, style}: Cell, index: number) =>
    (style?.(text) ?? text) + pad(text, widths[index] ?? 0).slice(text.length)
  return rows.flatMap(cells => inLines(cells, widths)).map(cells => cells.map(padded).join(gap))
}

/** A row as rows of one line each. */
function inLines(cells: Cell[], widths: number[]): Cell[][] {
  if (cells.every(({text}, index) => !text.includes('\n') && width(text) <= (widths[index] ?? 0))) return [cells]
  const columns = cells.map(({text}, index) => {
    const columns = widths[index] ?? 0
    return withBreaks(text, columns)
      .split('\n')
      .flatMap(line => wrap(line, columns))
  })
  const height = Math.max(...columns.map(lines => lines.length))
  return Array.from({length: height}, (_, line) =>
    cells.map((cell, index) => ({...cell, text: columns[index]?.[line] ?? ''})),
  )
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
