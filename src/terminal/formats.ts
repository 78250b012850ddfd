import {isAscii} from 'node:buffer'
import {stripVTControlCharacters} from 'node:util'
import {inertJson, plainJson, safeJson} from '../safe-json.ts'

// Where spreadsheets see a formula: they trim a cell first, and take the characters of full width as well.
const formula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u

// A CSV cell has no way to escape a character, so it keeps only what is printed, and line breaks.
const notForCells = /[\x00-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** A value as indented JSON with a line break at its end; whatever could act on a terminal is written as `\uXXXX`. */
export function toJson(value: unknown): string {
  return `${safeJson(value, 2)}\n`
}

/** The same in pieces, where it is a list: a text has a greatest length, and 100,000 instances have more. */
export function* jsonPieces(value: unknown): Generator<string | Buffer> {
  if (!Array.isArray(value) || value.length === 0) yield toJson(value)
  else yield* inertPieces(jsonTexts(value))
}

function* jsonTexts(values: unknown[]): Generator<string[]> {
  let before = '['
  for (const value of values) {
    yield [before, plainJson([value], 2).slice(1, -2)]
    before = ','
  }
  yield ['\n]\n']
}

/** Each value as one line of JSON, escaped likewise; nothing at all for no values. */
export function toJsonLines(values: Iterable<unknown>): string {
  return Array.from(jsonLinePieces(values), String).join('')
}

/** The same in pieces. */
export function* jsonLinePieces(values: Iterable<unknown>): Generator<Buffer> {
  yield* inertPieces(jsonLines(values))
}

function* jsonLines(values: Iterable<unknown>): Generator<string[]> {
  for (const value of values) yield [plainJson(value), '\n']
}

const pieceBytes = 1024 * 1024

/**
 * Texts of JSON, one after the other, in pieces of at most a megabyte unless some that belong together have more, with what
 * could act on a terminal escaped. They are bytes: to write each text where it belongs takes less time than to join them.
 */
function* inertPieces(parts: Iterable<string[]>): Generator<Buffer> {
  let piece = Buffer.alloc(0)
  let end = 0
  for (const texts of parts) {
    // A character of a text has three bytes at most.
    const most = texts.reduce((sum, {length}) => sum + 3 * length, 0)
    if (end + most > piece.length) {
      if (end > 0) yield inertBytes(piece.subarray(0, end))
      piece = Buffer.allocUnsafeSlow(Math.max(pieceBytes, most))
      end = 0
    }
    for (const text of texts) end += piece.write(text, end)
  }
  if (end > 0) yield inertBytes(piece.subarray(0, end))
}

const del = 0x7f

function inertBytes(lines: Buffer): Buffer {
  // As nearly always, there is nothing in them that could act.
  return isAscii(lines) && !lines.includes(del) ? lines : Buffer.from(inertJson(lines.toString('utf8')))
}

/**
 * Rows as CSV, of which the first may be the header: RFC 4180, but with LF at the end of lines, as what reads lines (grep,
 * cut, read) would take a CR for a part of the last cell. Control and invisible characters are left out, and a cell that a
 * spreadsheet would run as a formula starts with an apostrophe.
 */
export async function toCsv(rows: Iterable<readonly string[]>): Promise<string> {
  const {stringify} = await import('csv-stringify/sync')
  const records = Array.from(rows, cells => cells.map(plainCell))
  return stringify(records, {record_delimiter: 'unix', quote_record_delimiter: true})
}

function plainCell(text: string): string {
  const cell = stripVTControlCharacters(text)
    .replace(/[\u2028\u2029\x85]/g, '\n')
    .replace(notForCells, '')
  return formula.test(cell) ? `'${cell}` : cell
}

type Text = string | Promise<string>

/** How a format writes a result: row by row of `cells` or `values`, so that it can be streamed, or as a `whole`. */
export type Format =
  | {of: 'cells'; write(rows: string[][]): Text}
  | {of: 'values'; pieces(values: Iterable<unknown>): Iterable<Buffer>}
  | {of: 'whole'; write(value: unknown): Text}

/** The formats of data, by the name that -o takes. A table is drawn for the terminal and is none of them. */
export const dataFormats = {
  json: {of: 'whole', write: toJson},
  jsonl: {of: 'values', pieces: jsonLinePieces},
  yaml: {of: 'whole', write: async value => (await import('./yaml.ts')).toYaml(value)},
  csv: {of: 'cells', write: toCsv},
} satisfies Record<string, Format>

export type DataFormat = keyof typeof dataFormats
export const dataFormatNames = Object.keys(dataFormats) as DataFormat[]

/** The formats that have all of a value, and not only what is in the columns. */
export const valueFormatNames = dataFormatNames.filter(name => dataFormats[name].of !== 'cells')

/** A result in the forms that formats write; each is made when it is asked for. */
export interface Data {
  /** With the header. */
  cells(): string[][]
  values(): unknown[]
  whole(): unknown
}

/** A result as text in a format. Throws RangeError where it is longer than a text can be. */
export async function formatData(name: DataFormat, data: Data): Promise<string> {
  const format: Format = dataFormats[name]
  if (format.of === 'cells') return format.write(data.cells())
  if (format.of === 'whole') return format.write(data.whole())
  return Array.from(format.pieces(data.values()), String).join('')
}

/** The same in pieces, where the format has such. */
export async function formatPieces(name: DataFormat, data: Data): Promise<Iterable<string | Buffer>> {
  const format: Format = dataFormats[name]
  if (name === 'json') return jsonPieces(data.whole())
  return format.of === 'values' ? format.pieces(data.values()) : [await formatData(name, data)]
}
