import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer} from '../cloud/readers/resources.ts'
import {type Place, placeOf} from '../cloud/regions.ts'
import {VpcmdError} from '../errors.ts'
import type {FoundInstance} from '../instances/find-instance.ts'
import {targetName} from '../instances/references.ts'
import {inFull, type KnownSettings, patchBetween, type WantedSettings} from '../instances/settings.ts'

/** What can be changed; an instance template can't (contract: a PATCH of one changes only its name). */
export const targetKinds = ['instance', 'bare_metal_server'] as const
export type TargetKind = (typeof targetKinds)[number]

/** What switches an instance on or off; a restart is a stop and a start. */
export const powerActions = ['start', 'stop', 'restart'] as const
export type PowerAction = (typeof powerActions)[number]

/** A server as a plan knows it: short, so that 50,000 of them fit. What the API did not report is empty. */
export interface Target extends Place {
  kind: TargetKind
  id: string
  name: string
  crn: string
  zone: string
  vpc: {id: string; name: string}
  status: string
}

/** A server that the user chose. */
export interface Chosen {
  target: Target
  /** The tags by which it was chosen, if so: it is left alone where one is gone. */
  tags?: readonly string[] | undefined
}

/** A server and its settings, as they were read. */
export interface SettingsReading extends Chosen {
  before: KnownSettings
  /** The ETag of what was read, where the API gave one: it does for a single instance, not in a list. */
  etag?: string
  /** When the settings were read, in epoch milliseconds. */
  readAt: number
}

/** One server, and the fields to set. */
export interface PlannedChange extends SettingsReading {
  set: WantedSettings
  /** What is done to an instance in place of setting anything: `set` is empty then, and `before` is what was known. */
  power?: PowerAction
}

/** Where and how the servers of a plan or a run were chosen. */
export interface Origin {
  /** The ID of the account of the credentials. */
  account: string
  /** The trusted profile that was assumed in each server's account, as it was named. */
  assumes?: string
  /** vpcmd's version. */
  vpcmd: string
  /** How they were chosen, in words. */
  selection: string
  /** What could not be read meanwhile, in words: nothing of that is among them. */
  unread?: string[]
}

export interface Plan extends Origin {
  /** ISO 8601. */
  createdAt: string
  /** What the policy that it was made with forbids of its changes, in words, by the CRN of the server. */
  againstPolicy?: Record<string, string>
  changes: PlannedChange[]
}

/** What is no subject of a change, and why. */
export interface NoReading {
  asked: string
  error: VpcmdError
  /** The server, where it was found. */
  target?: Target
  /** Whether it has nothing to be changed at all: who asked for all of them did not mean it. */
  isOutOfReach?: boolean
}

/** What the user asked for: read, or why it could not be. */
export type Candidate = (SettingsReading & {asked: string}) | NoReading

/** A candidate with what makes it as wanted; without `set` it is so already. */
export type Draft = (SettingsReading & {asked: string; set: WantedSettings | undefined}) | NoReading

/** Compares what was read with what is wanted; what could not be read stays an error in its place. */
export function draftPlan(candidates: Candidate[], wanted: WantedSettings): Draft[] {
  return candidates.map(each => ('error' in each ? each : {...each, set: patchBetween(each.before, wanted)}))
}

/** The changes in a draft, in its order. */
export function changesIn(drafts: Draft[]): PlannedChange[] {
  return drafts.flatMap(draft => {
    if ('error' in draft || !draft.set) return []
    const {asked, set, ...reading} = draft
    return [{...reading, set}]
  })
}

/**
 * What was found as a candidate, read at `readAt` (epoch milliseconds), or why it is no subject of a change. Nothing is
 * planned from settings that the API did not report.
 */
export function asCandidate(
  {asked, instance, region, etag, tags}: FoundInstance & {asked: string; tags?: string[] | undefined},
  readAt: number,
): Candidate {
  const target = targetOf('instance', instance, placeOf(region))
  if (!hasMetadataService(instance)) return {asked, target, isOutOfReach: true, error: noService(target, instance)}
  const before = inFull(instance.settings)
  if (!before) return {asked, target, error: untoldSettings(target)}
  return {asked, target, before, readAt, ...(etag !== undefined && {etag}), ...(tags && {tags})}
}

/** Whether an instance has a metadata service at all: x86 only (IBM's FAQ, ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). */
export function hasMetadataService({architecture}: Pick<Instance, 'architecture'>): boolean {
  return architecture !== 's390x'
}

/** The error of an instance that has no metadata service to be changed. */
export function noService(target: Target, {architecture}: Pick<Instance, 'architecture'>): VpcmdError {
  return new VpcmdError({
    code: 'no_metadata_service',
    message: `${targetName(target)} is of the architecture ${architecture}, which has no metadata service: it is left out.`,
    hint: "IBM's FAQ: the service is for x86 only.",
  })
}

/** The error of a server of which some setting is unknown: nothing is planned from the others. */
export function untoldSettings(target: Target): VpcmdError {
  return new VpcmdError({
    code: 'settings_unknown',
    message: `The API did not report all metadata settings of ${targetName(target)}: it is left alone.`,
    hint: `Try again. If it happens again, tell IBM support what the API reports: vpcmd instances show ${target.id} --json`,
  })
}

/** An instance or a bare metal server as a target of changes. */
export function targetOf(
  kind: TargetKind,
  server: Pick<BareMetalServer, 'id' | 'name' | 'crn' | 'zone' | 'status'> & {vpc?: {id?: string; name?: string}},
  place: Place,
): Target {
  const {id, name = '', crn = '', zone = '', vpc, status = ''} = server
  const {region, account} = place
  return {
    kind,
    id,
    name,
    crn,
    region,
    ...(account !== undefined && {account}),
    zone,
    vpc: {id: vpc?.id ?? '', name: vpc?.name ?? ''},
    status,
  }
}
