import type {Cloud} from '../cloud/cloud.ts'
import {placeKey, placeName, placeOf} from '../cloud/regions.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {type InputHost, inputLimits, inputName, readText} from '../files/read-input.ts'
import {toQuery} from '../instances/filters.ts'
import {
  AmbiguousName,
  type FoundInstance,
  findInstance,
  findInstances,
  foundKey,
  instanceChoices,
  type Search,
} from '../instances/find-instance.ts'
import {refuseImpossible, refuseNothing, wholeNameHint} from '../instances/impossible-filters.ts'
import {collectInstances} from '../instances/list-instances.ts'
import {settingsLabel} from '../instances/settings.ts'
import {naturalOrder} from '../natural-order.ts'
import type {Choice, Prompter} from '../terminal/prompts.ts'
import type {Context} from './context.ts'
import type {SelectionOptions} from './flags/selection.ts'
import {noneFound, reportRegions} from './report-failures.ts'

/** What was chosen, in the order asked: as `map` made it of each instance, or why it could not be found. */
export interface Selection<T> {
  items: (T | {asked: string; error: VpcmdError})[]
  how: 'typed' | 'picked' | 'file' | 'all'
  /** The same in words, for whoever asks afterwards. */
  words: string
  /** What could not be read, in words. */
  unread: string[]
}

export type Selected = FoundInstance & {
  asked: string
  /** When it was read at the earliest, in epoch milliseconds: a picker may be open for long. */
  readAt: number
  /** The tags by which it was chosen, if so. */
  tags?: string[] | undefined
}

export interface Picker {
  question: string
  /** Whether one only is picked. */
  picksOne?: boolean
  /** Whether filters that let nothing through are no failure, as in a listing. */
  mayBeNone?: boolean
  /** The IDs of those that were picked last, which are ticked where it is asked again. */
  ticked?: ReadonlySet<string>
}

/**
 * The instance that was named, or else the one that the user picks, unless `yes` was said to all questions. Throws a usage
 * error, exit 2, where nobody can.
 */
export async function findOrPick(
  context: Context,
  cloud: Cloud,
  asked: string | undefined,
  question: string,
  yes = false,
): Promise<FoundInstance> {
  if (asked === undefined) {
    const {prompter, choices} = await readChoices(context, cloud)
    return prompter.pick({message: question, choices, multiple: false})
  }
  return findInstance(cloud, asked).catch((error: VpcmdError) => pickOneOf(context, asked, error, yes))
}

/** The one that the user picks of those that have the same name. Throws `error` where it is another one, or nobody can. */
async function pickOneOf(context: Context, asked: string, error: VpcmdError, yes: boolean): Promise<FoundInstance> {
  const prompter = error instanceof AmbiguousName && !yes ? await context.prompter() : undefined
  if (!prompter || !(error instanceof AmbiguousName)) throw error
  const {found} = error
  const message = `${found.length} instances are called ${asked}. Which one?`
  return prompter.pick({message, choices: choicesOf(found), multiple: false})
}

/**
 * Chooses instances: by argument, from a file, all that filters let through, or picked from a list. Each is handed to
 * `map` as it comes, so that a fleet need not be held in full. Many are never chosen by leaving something out: throws a
 * usage error for filters without --all.
 */
export async function selectInstances<T>(
  context: Context,
  cloud: Cloud,
  selection: SelectionOptions,
  picker: Picker,
  map: (found: Selected) => T,
): Promise<Selection<T>> {
  const {question, picksOne, mayBeNone = false} = picker
  const {file, typed, yes} = selection
  const text = checkedWay(selection)
  if (selection.all) return selectAll(context, cloud, selection, mayBeNone, map)
  if (file === undefined && typed.length === 0) {
    const {prompter, choices, readAt} = await readChoices(context, cloud, picker.ticked)
    const picked = picksOne
      ? [await prompter.pick({message: question, choices, multiple: false})]
      : await prompter.pick({message: question, choices, multiple: true})
    picker.ticked = new Set(picked.map(foundKey))
    const items = picked.map(found => map({...found, asked: found.instance.id, readAt}))
    return {items, how: 'picked', words: 'picked from the list', unread: []}
  }
  const asked = file === undefined ? typed : await readListFile(context.host, file)
  if (asked.length === 0) context.note(`${inputName(file ?? '')} names no instances: nothing to do.`)
  const readAt = context.host.now()
  const searches: Search[] = []
  const seen = new Set<string>()
  for (const search of await findInstances(cloud, asked)) {
    // A list of many names is not gone through by hand.
    const isAsked = 'error' in search && file === undefined && search.error instanceof AmbiguousName
    const one = isAsked ? await pickInPlace(context, search, yes) : search
    const key = 'instance' in one && foundKey(one)
    if (!key || !seen.has(key)) searches.push(one)
    if (key) seen.add(key)
  }
  return {
    items: searches.map(search => ('error' in search ? search : map({...search, readAt}))),
    how: file === undefined ? 'typed' : 'file',
    words: file === undefined ? withoutCrns(text, searches) : `from ${inputName(file)}`,
    unread: [],
  }
}

/** What was typed, with names in place of CRNs, which are longer than a line. */
function withoutCrns(text: string, searches: Search[]): string {
  let words = text
  for (const search of searches) {
    if (!('instance' in search) || !search.asked.startsWith('crn:')) continue
    words = words.replaceAll(search.asked, () => search.instance.name ?? search.instance.id)
  }
  return words
}

/** A search that found several, or the one of them that the user picks. */
async function pickInPlace(
  context: Context,
  search: {asked: string; error: VpcmdError},
  yes: boolean,
): Promise<Search> {
  if (yes || !(await context.prompter())) return search
  return {asked: search.asked, ...(await pickOneOf(context, search.asked, search.error, yes))}
}

async function selectAll<T>(
  context: Context,
  cloud: Cloud,
  {filters, filterWords}: SelectionOptions,
  mayBeNone: boolean,
  map: (found: Selected) => T,
): Promise<Selection<T>> {
  const query = toQuery(filters)
  const {items, failures, isRead} = await collectInstances(cloud, query, (instance, region) => {
    context.rememberNames([{instance, region: region.name}])
    return {
      key: `${placeKey(placeOf(region))} ${instance.vpc?.name ?? ''} ${instance.name ?? ''} ${instance.id}`,
      item: map({instance, region, asked: instance.id, readAt: context.host.now(), tags: filters.tag}),
    }
  })
  reportRegions(context, failures, isRead)
  if (items.length === 0 && failures.length > 0) context.note(noneFound(failures))
  else if (items.length === 0) {
    await (mayBeNone ? refuseImpossible(cloud, filters) : refuseNothing(cloud, filters))
    const hint = wholeNameHint(filters)
    const found = mayBeNone ? noneFound([]) : 'No instances found: nothing to do.'
    context.note(mayBeNone && hint ? `${found} ${hint}` : found)
  }
  // The API's order is undocumented; this one is the same each time.
  const compare = naturalOrder()
  items.sort((a, b) => compare(a.key, b.key))
  return {
    items: items.map(({item}) => item),
    how: 'all',
    words: ['--all', ...regionWords(cloud), ...filterWords].join(' '),
    // The message of an account as a whole names it.
    unread: failures.map(({region, error}) => (region.name === '' ? '' : `${placeName(region)}: `) + error.message),
  }
}

/** Throws a usage error for ways that do not go together; gives what was typed, in words. */
function checkedWay({typed, file, all, filterWords}: SelectionOptions): string {
  const ways = [
    ...(typed.length > 0 ? ['INSTANCE'] : []),
    ...(file === undefined ? [] : ['--from-file']),
    ...(all ? ['--all'] : []),
  ]
  if (ways.length > 1) {
    throw usageError(`${ways.join(' and ')} can't be combined.`, 'Use only one of them.')
  }
  const [filter] = filterWords
  if (filter !== undefined && !all) {
    const hint =
      ways.length > 0
        ? 'It chooses among all instances, and these are named: drop it.'
        : 'Add --all to choose all matching instances, or drop the filter.'
    throw usageError(`${filter} needs --all.`, hint)
  }
  return typed.length > 5 ? `${typed.slice(0, 5).join(' ')} and ${typed.length - 5} more` : typed.join(' ')
}

function regionWords({askedRegions}: Cloud): string[] {
  return askedRegions.length > 0 ? [`--region ${askedRegions.join(',')}`] : []
}

async function readListFile(host: InputHost, file: string): Promise<string[]> {
  const [{parseInstanceFile}, text] = await Promise.all([
    import('../instances/instance-file.ts'),
    readText(host, file, 'instances', inputLimits.list),
  ])
  return parseInstanceFile(text, inputName(file))
}

/** What can be picked, and by whom. Throws a usage error, exit 2, where nobody can. */
async function readChoices(
  context: Context,
  cloud: Cloud,
  ticked?: ReadonlySet<string>,
): Promise<{prompter: Prompter; choices: Choice<FoundInstance>[]; readAt: number}> {
  const prompter = await context.prompter()
  if (!prompter) {
    throw usageError(
      `No instance given, and vpcmd can't ask for one, as ${context.whyNobody}.`,
      'Pass an ID, name or CRN; see vpcmd instances list.',
    )
  }
  const readAt = context.host.now()
  const {found, failures, isRead} = await instanceChoices(cloud)
  reportRegions(context, failures, isRead)
  context.rememberNames(
    found.map(({instance, region}) => ({instance, region: region.name})),
    failures.length === 0,
  )
  if (found.length === 0) {
    throw new VpcmdError({
      code: 'no_instances',
      message: 'There are no instances to pick from.',
      exitCode: exitCodes.notFound,
    })
  }
  return {prompter, choices: choicesOf(found, ticked), readAt}
}

function choicesOf(found: readonly FoundInstance[], ticked?: ReadonlySet<string>): Choice<FoundInstance>[] {
  const widths = {
    account: Math.max(...found.map(each => accountLabel(each).length)),
    zone: Math.max(...found.map(({instance}) => (instance.zone ?? '-').length)),
  }
  return found.map(each => ({
    value: each,
    name: each.instance.name ?? each.instance.id,
    id: each.instance.id,
    description: describeChoice(each, widths),
    isTicked: ticked?.has(foundKey(each)) ?? false,
  }))
}

function describeChoice(found: FoundInstance, widths: {account: number; zone: number}): string {
  const {zone = '-', status = '-', settings} = found.instance
  // In many accounts nothing else tells two apart that are set up alike.
  const account = widths.account === 0 ? '' : `${accountLabel(found).padEnd(widths.account)}  `
  // The longest status that is known today is `restarting`.
  return `${account}${zone.padEnd(widths.zone)}  ${status.padEnd(10)}  ${settingsLabel(settings)}`
}

/** Whose it is, where more than one account is worked in. */
function accountLabel({region: {account}}: FoundInstance): string {
  return account?.name ?? account?.id ?? ''
}
