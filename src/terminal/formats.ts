import {stripVTControlCharacters} from 'node:util'
import {safeJson} from '../safe-json.ts'

// Where spreadsheets see a formula: they trim a cell first, and take the characters of full width as well.
const formula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u

// A CSV cell has no way to escape a character, so it keeps only what is printed, and line breaks.
const notForCells = /[\x00-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** A value as indented JSON with a line break at its end; whatever could act on a terminal is written as `\uXXXX`. */
export function toJson(value: unknown): string {
  return `${safeJson(value, 2)}\n`
}

/** Each value as one line of JSON, escaped likewise; nothing at all for no values. */
export function toJsonLines(values: Iterable<unknown>): string {
  let lines = ''
  for (const value of values) lines += `${safeJson(value)}\n`
  return lines
}

/** Header and rows as CSV (RFC 4180: CRLF line ends, the last one included). Control and invisible characters are left out, and a cell that a spreadsheet would run as a formula starts with an apostrophe. */
export async function toCsv(headers: readonly string[], rows: Iterable<readonly string[]>): Promise<string> {
  return toCsvRows([headers, ...rows])
}

/** Rows as CSV without a header, as in toCsv. */
export async function toCsvRows(rows: Iterable<readonly string[]>): Promise<string> {
  const {stringify} = await import('csv-stringify/sync')
  const records = Array.from(rows, cells => cells.map(plainCell))
  return stringify(records, {record_delimiter: 'windows', quote_record_delimiter: true})
}

function plainCell(text: string): string {
  const cell = stripVTControlCharacters(text)
    .replace(/[\u2028\u2029\x85]/g, '\n')
    .replace(notForCells, '')
  return formula.test(cell) ? `'${cell}` : cell
}
