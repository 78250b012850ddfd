import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Instance} from '../../cloud/readers/instance.ts'
import {ownershipTrouble, writePrivate} from '../../files/private-file.ts'

// What a Tab offers of an account is what the last lists of it showed: a Tab asks nobody.

/** What is known of a region, by kind. */
const kinds = ['instances', 'vpcs', 'resourceGroups', 'zones'] as const
export type NameKind = (typeof kinds)[number]
type Names = Record<NameKind, string[]>

export interface KnownNames {
  /** Whose names they are, as a hash: another account's are never mixed with them. */
  owner: string
  /** The ID of the account, once a run has begun or was looked for. */
  account?: string
  regions: Record<string, Names>
}

/** A file of more than this would take too long to read at a Tab. */
const mostBytes = 2 * 1024 * 1024
const mostInstances = 10_000

export function namesFile(cacheFolder: string, isSandbox: boolean): string {
  return join(cacheFolder, isSandbox ? 'names-sandbox.json' : 'names.json')
}

/** The names that were kept; none where there is no file, or one that others could have written. Never throws. */
export function readKnownNames(file: string): KnownNames {
  try {
    // A FIFO would keep the Tab waiting for ever.
    const opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const stats = fstatSync(opened)
      if (!stats.isFile() || stats.size > mostBytes || ownershipTrouble(file, stats)) return {owner: '', regions: {}}
      const {owner, account, regions}: Record<string, unknown> = JSON.parse(readFileSync(opened, 'utf8'))
      const read = Object.entries(regions ?? {}).map(([name, known]) => [name, namesIn(known)])
      return {
        owner: typeof owner === 'string' ? owner : '',
        ...(typeof account === 'string' && {account}),
        regions: Object.fromEntries(read),
      }
    } finally {
      closeSync(opened)
    }
  } catch {
    return {owner: '', regions: {}}
  }
}

function namesIn(known: Record<string, unknown>): Names {
  const read = kinds.map(kind => {
    const names = known[kind]
    return [kind, Array.isArray(names) ? names.filter(each => typeof each === 'string') : []]
  })
  return Object.fromEntries(read)
}

/** The names in what a command lists, kept for the next Tab. */
export class NamesSeen {
  /** Whether all instances of their regions were listed: then these take the place of what was known. */
  isWhole = false
  /** The account, where a command has asked for it. */
  account: string | undefined
  readonly #file: string
  readonly #owner: string
  readonly #regions = new Map<string, {[Kind in NameKind]: Set<string>}>()
  #count = 0

  constructor(file: string, owner: string) {
    this.#file = file
    this.#owner = owner
  }

  add({name, vpc, resourceGroup, zone}: Instance, region: string): void {
    if (this.#count >= mostInstances) return
    this.#count += 1
    const names = this.#regions.get(region) ?? emptySets()
    this.#regions.set(region, names)
    const told = {instances: name, vpcs: vpc?.name, resourceGroups: resourceGroup?.name, zones: zone}
    for (const kind of kinds) if (told[kind] !== undefined) names[kind].add(told[kind])
  }

  /** Never an error: there are no names at a Tab, then. */
  async keep(): Promise<void> {
    if (this.#count === 0 && this.account === undefined) return
    const known = readKnownNames(this.#file)
    const isOwn = known.owner === this.#owner
    const regions: Record<string, Names> = isOwn ? {...known.regions} : {}
    const account = this.account ?? (isOwn ? known.account : undefined)
    for (const [region, seen] of this.#regions) {
      const before = this.isWhole ? undefined : regions[region]
      const all = kinds.map(kind => [
        kind,
        [...new Set([...(before?.[kind] ?? []), ...seen[kind]])].slice(0, mostInstances),
      ])
      regions[region] = Object.fromEntries(all)
    }
    const kept: KnownNames = {owner: this.#owner, ...(account !== undefined && {account}), regions}
    if (JSON.stringify(kept) !== JSON.stringify(known)) {
      await writePrivate(this.#file, JSON.stringify(kept)).catch(() => undefined)
    }
  }
}

function emptySets(): {[Kind in NameKind]: Set<string>} {
  return {instances: new Set(), vpcs: new Set(), resourceGroups: new Set(), zones: new Set()}
}
