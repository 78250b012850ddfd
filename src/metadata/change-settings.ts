import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import type {MetadataService} from '../cloud/wire.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import type {FoundInstance, Search} from '../instances/find-instance.ts'
import {patchBetween, settingsLabel, type WantedSettings} from './settings.ts'

/** What is to be done with one instance, and what became of it. */
export interface Outcome {
  /** What the user called it: an ID, a name or a CRN. */
  asked: string
  found: FoundInstance | undefined
  result: 'changed' | 'unchanged' | 'failed' | 'planned'
  before: MetadataService | undefined
  after: MetadataService | undefined
  error?: VpcmdError
}

/** An instance with the patch that it needs; without one it is already as wanted. */
export interface PlannedChange {
  asked: string
  found: FoundInstance
  patch: WantedSettings | undefined
}

export type Plan = (PlannedChange | {asked: string; error: VpcmdError})[]

/** How many instances are changed at the same time. */
const atOnce = 8

/** Compares what was found with what is wanted; what could not be found stays an error in its place. */
export function planChanges(searches: Search[], wanted: WantedSettings): Plan {
  return searches.map(search =>
    'error' in search
      ? search
      : {asked: search.asked, found: search, patch: patchBetween(search.instance.metadata_service, wanted)},
  )
}

/** The outcome of a plan of which nothing is sent. */
export function asPlanned(plan: Plan, wanted: WantedSettings): Outcome[] {
  return plan.map(item => {
    if ('error' in item) return failed(item.asked, undefined, item.error)
    const before = item.found.instance.metadata_service
    return {
      asked: item.asked,
      found: item.found,
      result: item.patch ? 'planned' : 'unchanged',
      before,
      after: {...before, ...patchBetween(before, wanted)},
    }
  })
}

/**
 * Carries out a plan: sends each patch, and nothing where there is none. Each instance is settled on its own, and the
 * outcomes come in the plan's order. "changed" means that the API's answer shows the wanted settings. Once `interrupted`
 * comes nothing new is sent, and what is under way is awaited.
 */
export async function applyChanges(cloud: Cloud, plan: Plan, interrupted?: AbortSignal): Promise<Outcome[]> {
  const limit = pLimit(atOnce)
  const settle = (item: Plan[number]) => {
    if ('error' in item) return failed(item.asked, undefined, item.error)
    if (interrupted?.aborted && item.patch) return failed(item.asked, item.found, notSent(item.found))
    return apply(cloud, item, interrupted)
  }
  return Promise.all(plan.map(item => limit(() => settle(item))))
}

async function apply(
  cloud: Cloud,
  {asked, found, patch}: PlannedChange,
  interrupted: AbortSignal | undefined,
): Promise<Outcome> {
  const before = found.instance.metadata_service
  if (!patch) return {asked, found, result: 'unchanged', before, after: before}
  try {
    const {result} = await cloud.api(found.region).updateInstance({
      id: found.instance.id,
      metadataService: patch,
      signal: interrupted,
    })
    const after = result.metadata_service
    if (patchBetween(after, patch)) return {...failed(asked, found, notApplied(found, after)), after}
    return {asked, found, result: 'changed', before, after}
  } catch (error) {
    if (error instanceof VpcmdError) return failed(asked, found, error)
    throw error
  }
}

function failed(asked: string, found: FoundInstance | undefined, error: VpcmdError): Outcome {
  return {asked, found, result: 'failed', before: found?.instance.metadata_service, after: undefined, error}
}

function notSent({instance}: FoundInstance): VpcmdError {
  return new VpcmdError({
    code: 'interrupted',
    message: `Interrupted: nothing was sent for ${instance.name} (${instance.id}).`,
    exitCode: exitCodes.interrupted,
  })
}

function notApplied({instance}: FoundInstance, after: MetadataService): VpcmdError {
  return new VpcmdError({
    code: 'not_applied',
    message: `IBM Cloud took the change of ${instance.name} (${instance.id}), and then reported ${settingsLabel(after)}.`,
    hint: `See what holds now: vpcmd metadata show ${instance.id}`,
  })
}

/** Outcomes as `--json` prints them. An instance that could not be found has what was asked in place of its name. */
export function toJsonOutcomes(
  outcomes: Outcome[],
): Record<'changed' | 'unchanged' | 'failed', object[]> & {planned?: object[]} {
  const of = (result: Outcome['result']) => outcomes.filter(outcome => outcome.result === result).map(toJsonOutcome)
  const settled = {changed: of('changed'), unchanged: of('unchanged'), failed: of('failed')}
  return outcomes.some(({result}) => result === 'planned') ? {planned: of('planned'), ...settled} : settled
}

/** One outcome as a line of its own, which says what became of it. */
export function toJsonLine(outcome: Outcome): object {
  return {...toJsonOutcome(outcome), result: outcome.result}
}

function toJsonOutcome({asked, found, before, after, error}: Outcome): object {
  return {
    id: found?.instance.id ?? null,
    name: found?.instance.name ?? asked,
    region: found?.region.name ?? null,
    before: before ?? null,
    after: after ?? null,
    ...(error && {error: error.toJSON()}),
  }
}
