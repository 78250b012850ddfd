import {everyColumn} from '../../audit/columns.ts'
import {keyOf} from '../../column.ts'
import {instanceColumns, showColumns} from '../../instances/columns.ts'
import {filterTable} from '../../instances/filters.ts'
import {preferenceNames} from '../preference-table.ts'
import {withoutShortcut} from '../shortcuts.ts'
import type {NameKind} from './known-names.ts'

// What may stand where the cursor is. No oclif: nobody waits at a Tab for a framework.

/** What of oclif.manifest.json is looked at. */
export interface Manifest {
  commands: Record<string, ManifestCommand>
}

interface ManifestCommand {
  summary?: string
  hidden?: boolean
  args: Record<string, {name: string; multiple?: boolean; hidden?: boolean; options?: string[]}>
  flags: Record<string, ManifestFlag>
}

interface ManifestFlag {
  name: string
  type: string
  char?: string
  summary?: string
  hidden?: boolean
  multiple?: boolean
  options?: string[]
  helpValue?: string
  helpGroup?: string
}

/** A value, and what it is. */
export type Candidate = [value: string, description: string]

/** `files`: the shell knows better. */
export type Offer = {candidates: Candidate[]; files: boolean}

export interface Sources {
  manifest: Manifest
  /** By their own name: `instances`. */
  topics: Record<string, {description?: string}>
  /** Names as they were last listed, by kind. */
  names(kind: NameKind): string[]
  regions(): string[]
  /** The names of the profiles of the config file. */
  profiles(): string[]
  /** IDs of runs, newest first. */
  runs(): string[]
}

const nothing: Offer = {candidates: [], files: false}

/** What can stand in place of the last of the words, which follow `vpcmd` and may be begun or empty. */
export function offerFor(words: string[], sources: Sources): Offer {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const [first = ''] = before
  if (before.length === 0 && !current.startsWith('-')) return startingWith(current, topLevel(sources))
  if (before.length === 1 && Object.hasOwn(sources.topics, first) && !current.startsWith('-')) {
    return startingWith(current, verbsOf(first, sources))
  }
  const [id, typed] = commandIn(before, sources)
  const command = sources.manifest.commands[id]
  if (!command) return first === 'help' ? offerFor(words.slice(1), sources) : startingWith(current, helpFlags)
  if (typed.includes('--')) return {candidates: [], files: true}
  const waiting = flagNamed(typed.at(-1) ?? '', command)
  if (waiting && waiting.type !== 'boolean') return valuesFor(waiting, id, current, sources)
  const [, name = '', value] = /^--([^=]+)=(.*)$/s.exec(current) ?? []
  const assigned = value === undefined ? undefined : command.flags[name]
  if (assigned && value !== undefined) return prefixed(`--${name}=`, valuesFor(assigned, id, value, sources))
  if (current.startsWith('-')) return startingWith(current, [...flagsOf(command, typed), ...helpFlags])
  return argumentsFor(command, id, typed, current, sources)
}

const helpFlags: Candidate[] = [
  ['--help', 'Show all help.'],
  ['-h', 'Show short help.'],
]

function topLevel({manifest, topics}: Sources): Candidate[] {
  const commands = Object.entries(manifest.commands).filter(([id, {hidden}]) => !id.includes(':') && !hidden)
  return [
    ...Object.entries(topics).map(([name, {description = ''}]): Candidate => [name, description]),
    ...commands.map(([id, {summary = ''}]): Candidate => [id, summary]),
    ['help', 'Show help of a command.'],
  ]
}

function verbsOf(topic: string, {manifest}: Sources): Candidate[] {
  return Object.entries(manifest.commands).flatMap(([id, {summary = '', hidden}]) =>
    id.startsWith(`${topic}:`) && !hidden ? [[id.slice(topic.length + 1), summary]] : [],
  )
}

/** The ID of the command, empty for none, and the words that follow it. */
function commandIn(words: string[], {manifest}: Sources): [id: string, rest: string[]] {
  const all = withoutShortcut(words)
  const count = [2, 1].find(
    each => all.length >= each && Object.hasOwn(manifest.commands, all.slice(0, each).join(':')),
  )
  return count === undefined ? ['', words] : [all.slice(0, count).join(':'), all.slice(count)]
}

function flagNamed(word: string, {flags}: ManifestCommand): ManifestFlag | undefined {
  if (word.startsWith('--')) return flags[word.slice(2)]
  return /^-\w$/.test(word) ? Object.values(flags).find(({char}) => char === word[1]) : undefined
}

function flagsOf(command: ManifestCommand, typed: string[]): Candidate[] {
  const given = typed.map(word => flagNamed(word.replace(/=.*/s, ''), command)?.name)
  // A command's own first, as in its help.
  const flags = Object.values(command.flags).sort((a, b) => Number(!!a.helpGroup) - Number(!!b.helpGroup))
  return flags.flatMap(({name, summary = '', hidden, multiple}) =>
    hidden || (given.includes(name) && !multiple) ? [] : [[`--${name}`, summary]],
  )
}

function argumentsFor(command: ManifestCommand, id: string, typed: string[], current: string, sources: Sources): Offer {
  const positional = typed.filter((word, index) => {
    const flag = index > 0 ? flagNamed(typed[index - 1] ?? '', command) : undefined
    return !word.startsWith('-') && (flag === undefined || flag.type === 'boolean')
  })
  const args = Object.values(command.args).filter(({hidden}) => !hidden)
  const arg = args[positional.length] ?? args.find(({multiple}) => multiple)
  if (!arg) return startingWith(current, flagsOf(command, typed))
  if (id === 'config:unset') return oneOf(preferenceNames, current)
  if (id === 'config:set' && arg.name === 'value') return valuesOfPreference(positional[0] ?? '', current, sources)
  if (arg.options) return oneOf(arg.options, current)
  if (arg.name === 'plan' || arg.name === 'file') return {candidates: [], files: true}
  if (id.startsWith('profiles:')) return oneOf(sources.profiles(), current)
  if (arg.name === 'run') return oneOf(runsNamed(sources.runs(), current), current)
  if (arg.name !== 'instance' || id === 'sandbox:addresses') return nothing
  return oneOf(
    sources.names('instances').filter(name => !positional.includes(name)),
    current,
  )
}

function valuesFor(
  {name, options, helpValue, multiple}: ManifestFlag,
  id: string,
  current: string,
  sources: Sources,
): Offer {
  if (options) return oneOf(options, current)
  const known = valuesByFlag[name]?.(sources, id)
  if (known) {
    // A list is written with commas: what is completed is its last part.
    const done = multiple ? current.slice(0, current.lastIndexOf(',') + 1) : ''
    const taken = done.split(',')
    const left = known.filter(value => !taken.includes(value))
    return prefixed(done, oneOf(left, current.slice(done.length)))
  }
  return {candidates: [], files: /FILE|FOLDER|DIR/.test(helpValue ?? '')}
}

/** What flags take that is known here; undefined where a flag of the name means something else in that command. */
const valuesByFlag: Record<string, (sources: Sources, id: string) => readonly string[] | undefined> = {
  region: ({regions}) => regions(),
  profile: ({profiles}, id) => (id === 'instances:create' ? undefined : profiles()),
  zone: ({names}) => names('zones'),
  vpc: ({names}) => names('vpcs'),
  'resource-group': ({names}) => names('resourceGroups'),
  like: ({names}) => names('instances'),
  name: ({names}, id) => (id === 'instances:create' ? undefined : names('instances')),
  status: () => filterTable.status.known,
  architecture: () => filterTable.architecture.known,
  columns: (_sources, id) => [...(columnsOf[id] ?? []).map(keyOf), 'all'],
  sort: (_sources, id) =>
    id === 'instances:list' ? [...instanceColumns.flatMap(({key}) => [key, `-${key}`]), 'none'] : undefined,
}

const columnsOf: Record<string, Parameters<typeof keyOf>[0][]> = {
  'instances:list': instanceColumns,
  'metadata:show': showColumns,
  'metadata:audit': everyColumn.table,
}

/** What `vpcmd config set` can give a setting: what the flag of that meaning takes. */
function valuesOfPreference(key: string, current: string, sources: Sources): Offer {
  if (key === 'profile') return oneOf(sources.profiles(), current)
  const id = key === 'output' ? 'instances:show' : 'instances:list'
  const flag = sources.manifest.commands[id]?.flags[key.replace(/^regions$/, 'region')]
  return flag ? valuesFor(flag, id, current, sources) : nothing
}

/** Runs by their whole IDs, or by the ends of these, as messages name them, where the one that is typed begins so. */
function runsNamed(ids: string[], start: string): string[] {
  const ends = ids.map(id => id.slice(id.lastIndexOf('-') + 1))
  const isWhole = start === '' || ids.some(id => id.startsWith(start))
  return isWhole ? ids : ends.filter(end => ends.indexOf(end) === ends.lastIndexOf(end))
}

function oneOf(values: readonly string[], start: string): Offer {
  return startingWith(
    start,
    values.map(value => [value, '']),
  )
}

function startingWith(start: string, candidates: Candidate[]): Offer {
  return {candidates: candidates.filter(([value]) => value.startsWith(start)), files: false}
}

function prefixed(prefix: string, {candidates, files}: Offer): Offer {
  return {candidates: candidates.map(([value, description]) => [`${prefix}${value}`, description]), files}
}
