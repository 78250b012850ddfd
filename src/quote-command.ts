import {activeOnTerminals} from './safe-json.ts'

/** A command line that a POSIX shell reads back as just these words. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quoteWord).join(' ')
}

function quoteWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  const quoted = `'${word.replaceAll("'", `'\\''`)}'`
  // What could do something to a terminal is not printed as it is.
  return quoted.replace(active, controls => `'"$(printf '${octal(controls)}')"'`)
}

const active = new RegExp(`(?:[\\x00-\\x08\\x0b-\\x1f]|${activeOnTerminals.source})+`, 'gu')

function octal(text: string): string {
  return [...Buffer.from(text)].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
