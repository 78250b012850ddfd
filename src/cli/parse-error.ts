import {usageError, type VpcmdError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {quoteCommand} from '../quote-command.ts'
import {plain} from '../terminal/text.ts'

/** Errors of oclif's parser carry `oclif` (oclif/core, src/errors/errors/cli.ts); vpcmd itself throws none of that kind. */
export interface ParseError extends Error {
  flags?: string[]
  args?: unknown
}

export function isParseError(thrown: unknown): thrown is ParseError {
  return thrown instanceof Error && 'oclif' in thrown
}

/** What an option takes, as its declaration says it. */
interface TypedFlag {
  type?: string
  min?: number
  max?: number
  options?: readonly string[]
  helpValue?: string | string[]
}

export type TypedFlags = Record<string, TypedFlag>

/** How a command is used. */
export interface CommandUsage {
  flags: TypedFlags
  /** The names of its arguments. */
  args: string[]
  /** The line of usage. */
  usage: string
  /** As in `instances list`. */
  command: string
}

/** Sentences of oclif's parser (oclif/core, src/parser), and ours in their place. */
const rewordings: [pattern: RegExp, words: string][] = [
  [/^Missing required flags? (\S+)$/, '--$1 is required.'],
  [/^Exactly one of the following must be provided: (.*), (--\S+)$/, 'Pass either $1 or $2.'],
]

/** Those about which flags and values go together, which a line of usage would not make clearer. */
const valueRewordings: [pattern: RegExp, words: string][] = [
  [/^Expected (--\S+)=(.*) to be one of: (.*)$/s, '$1 takes one of $3, not $2.'],
  [/^Expected (.*) to be one of: (.*)$/s, 'Use one of $2, not $1.'],
  [/^Flag (--\S+) can only be specified once$/, '$1 can be given only once.'],
  [/^All of the following must be provided when using (--\S+): (.*)$/, '$1 needs $2.'],
  [/^(--[^ =]+)\S* cannot also be provided when using (--\S+)$/, "$1 and $2 can't be combined."],
]

/** What the parser says, in one line, with what to do next where the line does not say it. */
export function describeParseError(error: ParseError, {flags, args, usage, command}: CommandUsage): VpcmdError {
  const hint = `Usage: ${usage}`
  const [unknown] = (error.flags ?? []).map(plain)
  if (unknown !== undefined) {
    const [name = ''] = unknown.replace(/^-+/, '').split('=')
    const words = `Unknown flag ${unknown}.`
    if (args.includes(name)) return usageError(`${words} ${name.toUpperCase()} is an argument.`, hint)
    // Typed alone, it may be one of those that take no command.
    const alone = command === 'console' ? ['version', 'help'] : []
    const nearest = nearestName(name, [...Object.keys(flags), ...alone])
    if (nearest !== undefined) return usageError(`${words} Did you mean --${nearest}?`)
    return usageError(words, `See its flags: vpcmd ${command} --help`)
  }
  // Of a name that every object has, such as constructor, the parser does not tell which it was.
  if (error.message.startsWith('Unexpected flag '))
    return usageError('Unknown flag.', `See its flags: vpcmd ${command} --help`)
  const notFound = /^command (\S+) not found$/.exec(error.message)?.[1]
  if (notFound) return usageError(`Unknown command: vpcmd ${plain(notFound).replaceAll(':', ' ')}.`, hint)
  const missing = namesOfMissing(error)
  if (missing) return usageError(`${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing.`, hint)
  const [first = ''] = error.message
    .replace(/\n*See more help with --help/, '')
    .replace(/^The following errors? occurred:\s+/, '')
    // What the user typed may contain line breaks. Further errors show up once the first one is fixed.
    .split(/\n\s*(?=All of|Exactly one|--|Missing|Parsing )/)
  const message = plain(first).trim()
  const unexpected = /^Unexpected arguments?: ?(.*)$/.exec(message)?.[1]
  if (unexpected !== undefined) {
    // oclif puts a comma and a space between several.
    const [word = ''] = unexpected.split(', ')
    if (word === '') return usageError('An argument is empty.', hint)
    return args.length === 0 ? takesNoArgument(command, word, flags) : usageError(`Unexpected argument: ${word}.`, hint)
  }
  const ofValue = describeValue(message, flags) ?? reworded(message, valueRewordings)
  if (ofValue !== undefined) return usageError(`${ofValue}${nearestValue(message, flags)}`)
  return usageError(reworded(message, rewordings) ?? message.replace(/([^.!?])$/, '$1.'), hint)
}

/** The error of a command that takes no argument and got one, with what it may be meant for. */
export function takesNoArgument(command: string, word: string, flags: object): VpcmdError {
  const name = `vpcmd ${command}`
  const has = (flag: string) => Object.hasOwn(flags, flag)
  const isList = /^[a-z][\w-]*(,[\w-]+)+$/.test(word)
  let hint = `See its flags: ${name} --help`
  // gh's --json takes the names of fields.
  if (isList && has('columns')) hint = `To choose columns: ${name} --columns ${word}`
  else if (has('name'))
    hint = `To filter by name: ${name} ${quoteCommand(['--name', /[*?]/.test(word) ? word : `*${word}*`])}`
  return usageError(`${name} takes no argument, and ${word || 'an empty text'} is one.`, hint)
}

/** What was meant by a value that a flag does not take: one of its own that is near, or another flag that takes it. */
function nearestValue(message: string, flags: TypedFlags): string {
  const [, value = '', options] = /^Expected (?:--\S+=)?(.*) to be one of: (.*)$/s.exec(message) ?? []
  if (value === '' || options === undefined) return ''
  const typed = value.toLowerCase()
  // As tables have it.
  const shown = {on: 'enabled', off: 'disabled'}[typed]
  const nearest = nearestName(shown ?? typed, options.split(', '))
  // Words this short are near to each other by chance: bash is to tcsh.
  if (nearest !== undefined && (shown ?? nearest[0] === typed[0])) return ` Did you mean ${nearest}?`
  const [other, ...more] = Object.keys(flags).filter(name => flags[name]?.options?.includes(value))
  return other === undefined || more.length > 0 ? '' : ` Did you mean --${other} ${value}?`
}

function reworded(message: string, all: [RegExp, string][]): string | undefined {
  const found = all.find(([pattern]) => pattern.test(message))
  return found && message.replace(...found)
}

/** What a flag takes, where it got something else or nothing. */
function describeValue(message: string, flags: TypedFlags): string | undefined {
  const [, wrong, value = ''] = /^Parsing --(\S+)\s+Expected an integer.* but received: ?(.*)$/s.exec(message) ?? []
  if (wrong !== undefined) {
    return `--${wrong} takes ${takenBy(flags[wrong]) ?? 'a whole number'}, not ${value || 'an empty text'}.`
  }
  const [, empty] = /^Flag --(\S+) expects (?:a value|one of these values: .*)$/s.exec(message) ?? []
  if (empty === undefined) return undefined
  const needed = takenBy(flags[empty])
  return `--${empty} needs a value${needed === undefined ? '' : `: ${needed}`}.`
}

function takenBy({min, max, options, helpValue}: TypedFlag = {}): string | undefined {
  if (options) return `one of ${options.join(', ')}`
  if (min !== undefined && max !== undefined) return `a whole number from ${min} to ${max}`
  if (min !== undefined) return `a whole number from ${min}`
  return helpValue === undefined ? undefined : [helpValue].flat().join(' ')
}

/** What an error about arguments that were left out lacks; undefined for any other. */
function namesOfMissing({message, args}: ParseError): string[] | undefined {
  if (!/^Missing \d+ required args?/.test(message) || !Array.isArray(args)) return undefined
  return args.map((arg: {name?: unknown}) => String(arg.name).toUpperCase())
}
