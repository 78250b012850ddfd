import {usageError, type VpcmdError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {plain} from '../terminal/text.ts'

/** Errors of oclif's parser carry `oclif` (oclif/core, src/errors/errors/cli.ts); vpcmd itself throws none of that kind. */
interface ParseError extends Error {
  flags?: string[]
  args?: unknown
}

export function isParseError(thrown: unknown): thrown is ParseError {
  return thrown instanceof Error && 'oclif' in thrown
}

/** Each sentence of oclif's parser (oclif/core, src/parser), and ours in its place. */
const rewordings: [pattern: RegExp, words: string][] = [
  [/^Unexpected arguments?: (.*)$/s, 'Unexpected argument: $1.'],
  [/^Expected (--\S+)=(.*) to be one of: (.*)$/s, '$1 takes one of $3, not $2.'],
  [/^Expected (.*) to be one of: (.*)$/s, 'Use one of $2, not $1.'],
  [/^Flag (--\S+) expects (?:a value|one of these values: (.*))$/s, '$1 needs a value.'],
  [/^Flag (--\S+) can only be specified once$/, '$1 can be given only once.'],
  [/^Missing required flags? (\S+)$/, '--$1 is required.'],
  [/^All of the following must be provided when using (--\S+): (.*)$/, '$1 needs $2.'],
  [/^Exactly one of the following must be provided: (.*), (--\S+)$/, 'Pass either $1 or $2.'],
  [/^(--[^ =]+)\S* cannot also be provided when using (--\S+)$/, "$1 and $2 can't be combined."],
  [/^Parsing (--\S+)\s+Expected an integer but received: (.*)$/s, '$1 takes a whole number, not $2.'],
  [
    /^Parsing (--\S+)\s+Expected an integer greater than or equal to (\d+) but received: (.*)$/s,
    '$1 takes $2 or more, not $3.',
  ],
  [
    /^Parsing (--\S+)\s+Expected an integer less than or equal to (\d+) but received: (.*)$/s,
    '$1 takes $2 or less, not $3.',
  ],
]

/** What the parser says, in one line, with the usage of the command as what to do next. */
export function describeParseError(error: ParseError, flagNames: string[], usage: string | undefined): VpcmdError {
  const hint = usage ? `Usage: ${usage}` : 'See vpcmd --help.'
  const [unknown] = (error.flags ?? []).map(plain)
  if (unknown !== undefined) {
    const nearest = nearestName(unknown.replace(/^-+/, ''), flagNames)
    return usageError(`Unknown flag ${unknown}.${nearest ? ` Did you mean --${nearest}?` : ''}`, hint)
  }
  const notFound = /^command (\S+) not found$/.exec(error.message)?.[1]
  if (notFound) return usageError(`Unknown command: vpcmd ${plain(notFound).replaceAll(':', ' ')}.`, hint)
  const missing = namesOfMissing(error)
  if (missing) return usageError(`${missing} is missing.`, hint)
  const [first = ''] = error.message
    .replace(/\n*See more help with --help/, '')
    .replace(/^The following errors? occurred:\s+/, '')
    // What the user typed may contain line breaks. Further errors show up once the first one is fixed.
    .split(/\n(?=All of|Exactly one|--|Missing|Parsing )/)
  const message = plain(first).trim()
  const found = rewordings.find(([pattern]) => pattern.test(message))
  return usageError(found ? message.replace(...found) : message.replace(/([^.!?])$/, '$1.'), hint)
}

/** What an error about arguments that were left out lacks; undefined for any other. */
function namesOfMissing({message, args}: ParseError): string | undefined {
  if (!/^Missing \d+ required args?/.test(message) || !Array.isArray(args)) return undefined
  return args.map((arg: {name?: unknown}) => String(arg.name).toUpperCase()).join(' and ')
}
