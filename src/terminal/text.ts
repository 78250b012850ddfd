import {stripVTControlCharacters} from 'node:util'
import stringWidth from 'string-width'

const printableAscii = /^[ -~]*$/

// A string command (OSC, DCS, SOS, PM, APC; window titles, hyperlinks) up to its terminator. node's own stripper stops
// at the first space of a title, so these go first. No control character may sit inside, which keeps the scan linear.
const stringCommands = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)/g

const lineBreaksAndTabs = /(?:\r\n|[\t\n\v\f\r\x85\u2028\u2029])/g

// Controls, everything that is invisible or turns the writing direction, and halves of surrogate pairs.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** The text without escape sequences, control, bidirectional and invisible characters, so that it is safe on a terminal; line breaks and tabs become a space. */
export function plain(text: string): string {
  if (printableAscii.test(text)) return text
  return stripVTControlCharacters(text.replace(stringCommands, ''))
    .replace(lineBreaksAndTabs, ' ')
    .replace(unprintable, '')
}

/** The text made safe as by `plain`, line by line: its line breaks stay. */
export function plainLines(text: string): string {
  return text.split(/\r?\n/).map(plain).join('\n')
}

// Vowels and tones above and below letters, as Thai and Hindi have them: string-width 4 takes a column for each.
const marks = /[\p{Mn}\p{Me}]/gu

/** The number of terminal columns that text without line breaks takes: two for each wide character, none for a mark on a letter or an escape sequence. */
export function width(text: string): number {
  return printableAscii.test(text) ? text.length : stringWidth(text.replace(marks, ''))
}

/** Whether it takes fewer columns than string-width 4, which cli-table3 measures with, believes. */
export function hasMarks(text: string): boolean {
  return text.search(marks) >= 0
}

/** The text filled up with spaces to the given number of columns; text that is wider stays as it is. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

/** The text, or as much of its start as fits into the given number of columns with the ellipsis. For plain text. */
export function cut(text: string, columns: number, ellipsis: string): string {
  if (width(text) <= columns) return text
  let kept = ''
  let used = width(ellipsis)
  for (const character of characters(text)) {
    used += width(character)
    if (used > columns) break
    kept += character
  }
  return kept + ellipsis.slice(0, columns)
}

/** The text in lines of at most the given number of columns, broken at spaces where there are any, with nothing left out. For plain text. */
export function wrap(text: string, columns: number): string[] {
  if (width(text) <= columns) return [text]
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const character of characters(text)) {
    const taken = width(character)
    if (used + taken > columns && line !== '') {
      const space = character === ' ' ? line.length : line.lastIndexOf(' ')
      const broken = space > 0 ? line.slice(0, space) : line
      lines.push(broken)
      line = space > 0 ? line.slice(space + 1) : ''
      used = width(line)
      // The line break stands for the space.
      if (character === ' ' && line === '') continue
    }
    line += character
    used += taken
  }
  if (line !== '') lines.push(line)
  return lines
}

/** The text as it goes on in a sentence. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** How many rows of a terminal so wide these lines take. */
export function rowsOf(lines: readonly string[], columns = 80): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(width(line) / columns)), 0)
}

/** What a reader sees as characters: an accent or a second half stays with its letter. */
function characters(text: string): Iterable<string> {
  if (printableAscii.test(text)) return text
  return Array.from(new Intl.Segmenter().segment(text), part => part.segment)
}
