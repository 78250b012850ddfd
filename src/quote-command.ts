import {activeOnTerminals} from './safe-json.ts'

/** A command line that a POSIX shell reads back as just these words. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quoteWord).join(' ')
}

// As far as a message goes on: up to where its sentence ends, or another one follows.
const suggested = /(?<=: )vpcmd (?:connect|console|instances|metadata)\b.*?(?=[.;,]? *$|[.;] [A-Z]|, (?:then|and) )/g

/** A message in which the commands that it suggests go to the same cloud. */
export function withCloudWords(text: string, words: readonly string[]): string {
  return text.replace(suggested, command => {
    const own = wordsTakenBy(command, words)
    if (own.length === 0) return command
    const [before, ...remote] = command.split(' -- ')
    return [`${before} ${quoteCommand(own)}`, ...remote].join(' -- ')
  })
}

/** Those of the words for the same cloud that a command, `vpcmd ...`, takes. */
export function wordsTakenBy(command: string, words: readonly string[]): readonly string[] {
  // What reads journals alone knows of no account.
  if (command.startsWith('vpcmd metadata history')) return words.filter(word => word === '--sandbox')
  // These work in the accounts of their run, and refuse others.
  if (!/^vpcmd metadata (?:resume|undo)\b/.test(command)) return words
  return words.filter((word, index) => !ofAccounts.has(word) && !ofAccounts.has(words[index - 1] ?? ''))
}

const ofAccounts = new Set(['--assume', '--account', '--enterprise', '--account-group'])

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
