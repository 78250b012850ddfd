import type {Cloud} from '../cloud/cloud.ts'
import {usageError, type VpcmdError} from '../errors.ts'
import {inputLimits, inputName, readText} from '../files/read-input.ts'
import {toQuery} from '../instances/filters.ts'
import {type FoundInstance, findInstances, instanceChoices} from '../instances/find-instance.ts'
import {readInstances} from '../instances/list-instances.ts'
import {checkStdin} from './check-stdin.ts'
import {CloudCommand, type CloudFlags} from './cloud-command.ts'
import {filterFlags, type SelectionFlags, toFilters} from './flags/selection.ts'

/** What was chosen, in the order asked: as `map` made it of each instance, or why it could not be found. */
export interface Selection<T> {
  items: (T | {asked: string; error: VpcmdError})[]
  how: 'typed' | 'picked' | 'file' | 'all'
  /** The same in words, for whoever asks afterwards. */
  words: string
  /** What could not be read, in words. */
  unread: string[]
}

/** `readAt` (epoch milliseconds) is when it was read at the earliest: a picker may be open for long. */
export type Selected = FoundInstance & {asked: string; readAt: number}

interface Way {
  flags: CloudFlags & SelectionFlags
  /** What was typed as arguments. */
  typed: string[]
  /** The flags that filter, with their names as typed; another command may want --protocol for itself. */
  filters: Parameters<typeof toFilters>[0]
  /** What the picker asks. */
  question: string
  /** Whether one only is picked. */
  picksOne?: boolean
}

/** A command that takes instances: by argument, from a file, all that filters let through, or picked from a list. */
export abstract class SelectionCommand extends CloudCommand {
  /** Throws a usage error for a list and a key that both are to come from stdin: the list would be taken for the key. */
  protected override async cloud(flags: CloudFlags & {'from-file'?: string}): Promise<Cloud> {
    checkStdin(flags, flags['from-file'], 'list of instances')
    return super.cloud(flags)
  }

  /**
   * Chooses instances; each is handed to `map` as it comes, so that a fleet need not be held in full. Many are never
   * chosen by leaving something out: throws a usage error for filters without --all.
   */
  protected async select<T>(cloud: Cloud, way: Way, map: (found: Selected) => T): Promise<Selection<T>> {
    const {flags, typed} = way
    const text = checkedWay(way)
    const file = flags['from-file']
    if (flags.all) return this.selectAll(cloud, way, map)
    if (file === undefined && typed.length === 0) {
      let readAt = 0
      const choices = () => {
        readAt = this.context.host.now()
        return instanceChoices(cloud)
      }
      const picked = way.picksOne
        ? [await this.pickOne(way.question, choices)].map(found => ({...found, asked: found.instance.id}))
        : await this.pickMany(way.question, choices)
      const items = picked.map(found => map({...found, readAt}))
      return {items, how: 'picked', words: 'picked from the list', unread: []}
    }
    const asked = file === undefined ? typed : await readListFile(file)
    if (asked.length === 0) this.note(`No instance is named in ${inputName(file ?? '')}: nothing to do.`)
    const readAt = this.context.host.now()
    const searches = await findInstances(cloud, asked)
    return {
      items: searches.map(search => ('error' in search ? search : map({...search, readAt}))),
      how: file === undefined ? 'typed' : 'file',
      words: file === undefined ? text : `from ${inputName(file)}`,
      unread: [],
    }
  }

  private async selectAll<T>(cloud: Cloud, way: Way, map: (found: Selected) => T): Promise<Selection<T>> {
    const rows: {key: string; id: string; region: string; item: T}[] = []
    const {failures, isRead, unread, gone} = await readInstances(
      cloud,
      toQuery(toFilters(way.filters)),
      (instances, region) => {
        const readAt = this.context.host.now()
        for (const instance of instances) {
          const key = `${region.name} ${instance.vpc?.name ?? ''} ${instance.name ?? ''} ${instance.id}`
          const item = map({instance, region, asked: instance.id, readAt})
          rows.push({key, id: instance.id, region: region.name, item})
        }
      },
    )
    this.reportRegions(failures, isRead)
    // As in a list: nothing of a region that was not read to its end, whatever came of it.
    const chosen = rows.filter(({id, region}) => !gone.has(id) && !unread.has(region))
    if (chosen.length === 0) this.note('No instances were found: nothing to do.')
    // The API's order is undocumented; this one is the same each time.
    const {compare} = new Intl.Collator('en', {numeric: true})
    chosen.sort((a, b) => compare(a.key, b.key))
    return {
      items: chosen.map(({item}) => item),
      how: 'all',
      words: ['--all', ...regionWords(cloud), ...filterWords(way)].join(' '),
      unread: failures.map(({region, error}) => `${region}: ${error.message}`),
    }
  }
}

/** Throws a usage error for ways that do not go together; gives what was typed, in words. */
function checkedWay(way: Way): string {
  const {flags, typed} = way
  const ways = [
    ...(typed.length > 0 ? ['<instance>'] : []),
    ...(flags['from-file'] === undefined ? [] : ['--from-file']),
    ...(flags.all ? ['--all'] : []),
  ]
  if (ways.length > 1) {
    throw usageError(`${ways.join(' and ')} do not go together.`, 'Choose the instances in one way.')
  }
  const [filter] = filterWords(way)
  if (filter !== undefined && !flags.all) {
    throw usageError(
      `${filter} narrows --all, and --all was not given.`,
      'Add --all to take all instances that fit, or leave the filter out.',
    )
  }
  return typed.length > 5 ? `${typed.slice(0, 5).join(' ')} and ${typed.length - 5} more` : typed.join(' ')
}

function filterWords({filters, flags}: Way): string[] {
  return Object.keys(filterFlags).flatMap(name => {
    const value = (filters as Record<string, unknown>)[name]
    if (value === undefined) return []
    const typedName = `having-${name}` in flags ? `having-${name}` : name
    return [`--${typedName} ${Array.isArray(value) ? value.join(',') : value}`]
  })
}

function regionWords({askedRegions}: Cloud): string[] {
  return askedRegions.length > 0 ? [`--region ${askedRegions.join(',')}`] : []
}

async function readListFile(file: string): Promise<string[]> {
  const [{parseInstanceFile}, text] = await Promise.all([
    import('../instances/instance-file.ts'),
    readText(file, 'instances', inputLimits.list),
  ])
  return parseInstanceFile(text, inputName(file))
}
