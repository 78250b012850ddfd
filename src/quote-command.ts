import {activeOnTerminals} from './safe-json.ts'

/** A command line that a POSIX shell reads back as just these words. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quoteWord).join(' ')
}

// As far as a message goes on: up to where its sentence ends, or another one follows.
const suggested =
  /(?<=(?<!Usage): )vpcmd (?:connect|console|instances|metadata)\b.*?(?=[.;,]? *$|[.;] [A-Z]|, (?:then|and) )/g

/** A message in which the commands that it suggests go to the same cloud. */
export function withCloudWords(text: string, words: readonly string[]): string {
  return text.replace(suggested, command => {
    const own = wordsTakenBy(command.slice('vpcmd '.length), words)
    if (own.length === 0) return command
    const [before, ...remote] = command.split(' -- ')
    return [`${before} ${quoteCommand(own)}`, ...remote].join(' -- ')
  })
}

/** Which of the words that name a cloud a command takes: a run has its own accounts, and what reads journals alone knows of none. */
export function wordsTakenBy(command: string, words: readonly string[]): readonly string[] {
  if (command.startsWith('metadata history')) return words.filter(word => word === '--sandbox')
  if (!/^metadata (resume|undo)\b/.test(command)) return words
  const isOfAccounts = (word = '') => accountFlags.includes(word)
  return words.filter((word, place) => !isOfAccounts(word) && !isOfAccounts(words[place - 1]))
}

const accountFlags = ['--assume', '--account', '--enterprise', '--account-group']

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
