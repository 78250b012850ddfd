import type {BareMetalServer, Instance} from '../cloud/wire.ts'
import type {VpcmdError} from '../errors.ts'
import type {Search} from '../instances/find-instance.ts'
import {patchBetween, type Settings, type WantedSettings} from './settings.ts'

/** What can be changed; an instance template can't (contract: a PATCH of one changes only its name). */
export const targetKinds = ['instance', 'bare_metal_server'] as const
export type TargetKind = (typeof targetKinds)[number]

/** A server as a plan knows it: in little, so that 50,000 of them fit. */
export interface Target {
  kind: TargetKind
  id: string
  name: string
  crn: string
  region: string
  zone: string
  vpc: {id: string; name: string}
  status: string
}

/** A server and its settings, as they were read. */
export interface Reading {
  target: Target
  before: Settings
  /** The ETag of what was read, where the API gave one: it does for a single instance, not in a list. */
  etag?: string
  /** When the settings were read, in epoch milliseconds. */
  readAt: number
}

/** One server, and the fields that are to be set. */
export interface PlannedChange extends Reading {
  set: WantedSettings
}

export interface Plan {
  /** The ID of the account that it was made in. */
  account: string
  /** ISO 8601. */
  createdAt: string
  /** vpcmd's version. */
  vpcmd: string
  /** How the servers were chosen, in words. */
  selection: string
  /** What could not be read while it was made, in words: nothing of that is in the plan. */
  unread?: string[]
  changes: PlannedChange[]
}

/** What the user asked for: read, or why it could not be. */
export type Choice = (Reading & {asked: string}) | {asked: string; error: VpcmdError}

/** A choice with what it takes to make it as wanted; without `set` it is so already. */
export type Draft = (Reading & {asked: string; set: WantedSettings | undefined}) | {asked: string; error: VpcmdError}

/** Compares what was read with what is wanted; what could not be read stays an error in its place. */
export function draftPlan(choices: Choice[], wanted: WantedSettings): Draft[] {
  return choices.map(choice => ('error' in choice ? choice : {...choice, set: patchBetween(choice.before, wanted)}))
}

/** The changes in a draft, in its order. */
export function changesIn(drafts: Draft[]): PlannedChange[] {
  return drafts.flatMap(draft => {
    if ('error' in draft || !draft.set) return []
    const {asked, set, ...reading} = draft
    return [{...reading, set}]
  })
}

/** What a search found, as a choice that was read at `readAt` (epoch milliseconds). */
export function asChoice(search: Search, readAt: number): Choice {
  if ('error' in search) return search
  const {asked, instance, region, etag} = search
  return {asked, ...readingOf(instance, region.name, readAt), ...(etag !== undefined && {etag})}
}

/** An instance as it was read at `readAt` (epoch milliseconds). */
export function readingOf(instance: Instance, region: string, readAt: number): Reading {
  return {target: targetOf('instance', instance, region), before: {...instance.metadata_service}, readAt}
}

/** An instance or a bare metal server as a target of changes. */
export function targetOf(kind: TargetKind, server: Instance | BareMetalServer, region: string): Target {
  const {id, name, crn, zone, vpc, status} = server
  return {kind, id, name, crn, region, zone: zone.name, vpc: {id: vpc.id, name: vpc.name}, status}
}

/** What a target is called in a sentence: `my-vsi (0717_…)`. */
export function targetName({name, id}: Target): string {
  return `${name} (${id})`
}
