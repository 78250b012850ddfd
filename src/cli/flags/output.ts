import {Flags} from '@oclif/core'
import {type Column, columnsNamed, jsonKeysOf, keyOf} from '../../column.ts'
import {usageError} from '../../errors.ts'
import {type DataFormat, dataFormatNames, dataFormats, valueFormatNames} from '../../terminal/formats.ts'
import {colorModes} from '../../terminal/style.ts'
import {type Given, inGroup, listFlag} from './declare.ts'

const helpGroup = 'OUTPUT'

/** `-o`, with these formats. */
export function outputFlag(options: string[], summary = 'How to print the result.') {
  return Flags.string({char: 'o', summary, options, helpGroup})
}

/** The flags of every command. */
export const outputFlags = inGroup(helpGroup, {
  output: outputFlag(['table', ...dataFormatNames]),
  // Before json: oclif draws the usage in this order, and would leave a hole in it.
  quiet: Flags.boolean({char: 'q', summary: 'Print IDs only.', exclusive: ['output', 'json']}),
  json: Flags.boolean({summary: 'The same as --output json.', exclusive: ['output']}),
  query: Flags.string({
    helpValue: 'EXPRESSION',
    summary:
      'Print what this JMESPath expression finds in the output of -o json. A text is printed without quotes, unless -o json is given, too.',
    exclusive: ['quiet'],
  }),
  color: Flags.string({
    options: [...colorModes],
    helpValue: 'WHEN',
    summary: 'When to color text: auto, always or never.',
  }),
  'no-pager': Flags.boolean({summary: 'Do not pipe long output on a terminal into a pager.'}),
  'no-input': Flags.boolean({summary: 'Ask nothing; also with CI or VPCMD_NO_INPUT set.'}),
  debug: Flags.boolean({summary: 'Print each request on stderr, without secrets.'}),
})

/** The same where each row has a name. */
export const namedOutput = outputFlag(['table', ...dataFormatNames, 'name'])

export const noHeaders = Flags.boolean({summary: 'Print a table or CSV without its header.', helpGroup})

export const limit = Flags.integer({
  min: 1,
  helpValue: 'N',
  summary: 'Print at most the first N, with a note on stderr if there are more.',
})

/** `--columns`, where these are printed without it. */
export function columnsFlag(byDefault: readonly string[] | string) {
  const told = typeof byDefault === 'string' ? byDefault : byDefault.join(',')
  return listFlag({
    helpValue: 'NAMES',
    summary: `Columns, separated by commas, or all (default: ${told}). In JSON and YAML, the keys that these are read from.`,
  })
}

export type OutputFlags = Given<typeof outputFlags> & {columns?: string[]; 'no-headers'?: boolean; limit?: number}

export interface OutputOptions {
  format: DataFormat | 'table'
  /** IDs only. */
  quiet: boolean
  /** Names only. */
  names?: boolean
  /** What to print of it, as JMESPath. */
  query?: string
  /** Whether a text that the query finds is printed as it is. */
  isRaw?: boolean
  /** As typed; undefined where the command decides. */
  columns?: string[]
  headless?: boolean
  /** How many rows to print at most. */
  limit?: number
}

/** How to print, by the flags. Throws a usage error for a query on a format that is no data. */
export function readOutput(flags: OutputFlags): OutputOptions {
  const {query, columns, limit} = flags
  const asked = flags.json ? 'json' : flags.output
  const names = asked === 'name'
  const more = {names, columns, limit, headless: flags['no-headers'] ?? false}
  if (query === undefined) {
    const format = dataFormatNames.find(each => each === asked) ?? 'table'
    return {...more, format, quiet: flags.quiet ?? false}
  }
  const format = asked === undefined ? 'json' : valueFormatNames.find(each => each === asked)
  if (!format) {
    const instead = asked === 'csv' ? ' For CSV, choose --columns, where the command has them.' : ''
    throw usageError(
      `--query can't be combined with -o ${asked}.`,
      `Use -o ${valueFormatNames.join(', -o ')}.${instead}`,
    )
  }
  return {...more, format, quiet: false, query, isRaw: asked === undefined}
}

/** Whether what is printed is made of values, and not of cells. */
export function printsValues({format}: OutputOptions): boolean {
  return format !== 'table' && dataFormats[format].of !== 'cells'
}

/**
 * The columns to print: those of --columns, else these. Throws a usage error for one that does not exist, or that JSON has
 * no key for where that is what was asked for.
 */
export function chosenColumns<Each extends Pick<Column<never>, 'header' | 'key' | 'json'>>(
  out: OutputOptions,
  all: readonly Each[],
  byDefault: readonly Each[],
): readonly Each[] {
  if (!out.columns) return byDefault
  const chosen = columnsNamed(all, out.columns)
  const lacking = chosen.filter(column => jsonKeysOf(column).length === 0).map(keyOf)
  const isNamed = out.columns.every(text => !/(^|,)\s*all\s*(,|$)/i.test(text))
  if (printsValues(out) && isNamed && lacking.length > 0) {
    throw usageError(
      `JSON and YAML have no ${lacking.join(', ')}: only tables and CSV do.`,
      'Drop it from --columns, or use -o table or -o csv.',
    )
  }
  return chosen
}
