import {stripVTControlCharacters} from 'node:util'

// What JSON and YAML may carry as it is and what would yet act on a terminal that it is printed to: DEL and the C1
// controls (U+009B starts an escape sequence), bidirectional and invisible characters. Not the line break between lines.
export const activeOnTerminals = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

// A CSV cell has no way to escape a character, so it keeps only what is printed, and line breaks.
const notForCells = /[\x00-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** A value as indented JSON with a line break at its end; whatever could act on a terminal is written as `\uXXXX`. */
export function toJson(value: unknown): string {
  return `${escapeJson(JSON.stringify(value, undefined, 2))}\n`
}

/** Each value as one line of JSON, escaped as in toJson; nothing at all for no values. */
export function toJsonLines(values: Iterable<unknown>): string {
  let lines = ''
  for (const value of values) lines += `${escapeJson(JSON.stringify(value))}\n`
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
  return stringify(records, {record_delimiter: 'windows', quote_record_delimiter: true, escape_formulas: true})
}

function plainCell(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\u2028\u2029\x85]/g, '\n')
    .replace(notForCells, '')
}

function escapeJson(json: string): string {
  // Most texts have none of them, and this is told so much faster than by a search for them.
  if (Buffer.byteLength(json) === json.length && !json.includes('\x7f')) return json
  return json.replace(activeOnTerminals, character =>
    Array.from({length: character.length}, (_, index) => `\\u${hexadecimal(character.charCodeAt(index), 4)}`).join(''),
  )
}

/** A number in hexadecimal, of at least so many digits. */
export function hexadecimal(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
