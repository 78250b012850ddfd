import {Args, Flags, type Interfaces} from '@oclif/core'
import {type FilterName, type Filters, filterList} from '../../instances/filters.ts'
import {tunables} from '../../instances/settings.ts'
import {checkStdin} from '../check-files.ts'
import type {SettingFlagName} from '../wanted-settings.ts'
import {type Given, listFlag} from './declare.ts'

type FilterFlags = {[Name in FilterName]: Interfaces.OptionFlag<Filters[Name]>}

/** The flags by which instances are chosen, wherever many can be. */
export const filterFlags = Object.fromEntries(
  filterList.map(({name, word, details = '', helpValue, values, bounds, isList}) => {
    const options = {helpGroup: 'FILTER', summary: `Filter by ${word}${details}.`}
    if (bounds) return [name, Flags.integer({...options, ...bounds, helpValue: `${bounds.min}-${bounds.max}`})]
    if (values) return [name, Flags.option({...options, options: values})()]
    if (!isList) return [name, Flags.string({...options, helpValue})]
    return [name, listFlag({...options, helpValue})]
  }),
) as FilterFlags

/** The flags by which a command that takes instances chooses many; filters then narrow `--all`. */
const manyFlags = {
  'from-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Take the instances of a file, - for stdin: IDs, names or CRNs, one a line, or JSON of instances list.',
  }),
  all: Flags.boolean({
    summary: 'Take all instances that match the filters, in all regions or those of --region.',
  }),
}

export const instanceArgs = {
  instance: Args.string({multiple: true, description: 'IDs, names or CRNs of instances.'}),
}

export const selectionFlags = {...manyFlags, ...filterFlags}

type NameForChanges<Name extends FilterName> = Name extends SettingFlagName ? `having-${Name}` : Name
type ForChanges<Values extends {[Name in FilterName]?: unknown}> = {
  [Name in FilterName as NameForChanges<Name>]: Values[Name]
}
const nameForChanges = (name: string) => (tunables.some(({key}) => key === name) ? `having-${name}` : name)

/** The same where --protocol and --hop-limit say what is wanted. */
export const selectionFlagsForChanges = {
  ...manyFlags,
  ...(Object.fromEntries(
    filterList.map(({name}) => [nameForChanges(name), filterFlags[name]]),
  ) as ForChanges<FilterFlags>),
}

type ManyFlagValues = Given<typeof manyFlags> & {
  /** A file that is read, too, and may be stdin. */
  policy?: string
  yes?: boolean
  'api-key-file'?: string
}

/** What the flags are given by which instances are chosen. */
export type SelectionFlags = ManyFlagValues & Filters

/** How instances are chosen, as typed. */
export interface SelectionOptions {
  /** As arguments. */
  typed: string[]
  file: string | undefined
  all: boolean
  filters: Filters
  /** The filters in words. */
  filterWords: string[]
  /** Whether all questions are answered by --yes: an ambiguous name is not asked about. */
  yes: boolean
}

/**
 * How instances are chosen, by the arguments and flags. Throws a usage error for a list and a key that both are to come
 * from stdin: the list would be taken for the key.
 */
export function readSelection(
  flags: SelectionFlags,
  typed: string[] = [],
  flagOf = (name: string): string => name,
): SelectionOptions {
  const file = flags['from-file']
  checkStdin(flags, {'list of instances': file, policy: flags.policy})
  const values = new Map<string, unknown>(Object.entries(flags))
  const filters = toFilters(Object.fromEntries(filterList.map(({name}) => [name, values.get(flagOf(name))])))
  const filterWords = filterList.flatMap(({name}) =>
    filters[name] === undefined ? [] : `--${flagOf(name)} ${filters[name]}`,
  )
  return {typed, file, all: flags.all ?? false, filters, filterWords, yes: flags.yes ?? false}
}

/** The same where --protocol and --hop-limit say what is wanted. */
export function readSelectionForChanges(
  flags: ManyFlagValues & Partial<ForChanges<Filters>>,
  typed?: string[],
): SelectionOptions {
  return readSelection(flags, typed, nameForChanges)
}

/** The filters among the flags; lists may be written with commas. */
export function toFilters(flags: Filters): Filters {
  const given = filterList.map(({name, isList}) => {
    const value = flags[name]
    return [name, isList && Array.isArray(value) ? value.flatMap(text => text.split(',')) : value]
  })
  return Object.fromEntries(given)
}

/** Whether any filter was given. */
export function hasFilters(filters: Filters): boolean {
  return Object.values(filters).some(value => value !== undefined)
}
