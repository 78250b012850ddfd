import type {Cloud} from '../cloud/cloud.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import type {KnownSettings} from '../instances/settings.ts'
import {type Outcome, outcomeHead, type Restarted, type Settled} from './outcomes.ts'
import {type Chosen, type PlannedChange, type PowerAction, type Target, targetOf} from './plan.ts'
import {type Preflight, readAfresh, risksOf, unreadReason, whyNotToStart, whyNotToStop} from './preflight.ts'

/** What a start, stop or restart would do with one instance, or what became of it. */
export interface PowerOutcome
  extends Pick<Outcome, 'asked' | 'target' | 'result' | 'error'>,
    Pick<Restarted, 'risks' | 'address'> {
  /** Its statuses, before and after. */
  before?: string
  after?: string
  /** Why it is left alone, for where its name stands beside it. */
  reason?: string
}

/** A found instance, as it was read just now: to be switched (`change`), left out, or already as wanted. */
export interface PowerItem extends Preflight {
  asked: string
  change: PlannedChange | undefined
  error?: VpcmdError
}

/** What the user chose, and what it was called. */
export interface ChosenTarget extends Chosen {
  asked: string
}

/** Reads each instance afresh, and says what becomes of it and what that would cost. In the order of the targets. */
export async function readPowerItems(
  cloud: Cloud,
  action: PowerAction,
  targets: ChosenTarget[],
  {acceptsDataLoss, now}: {acceptsDataLoss: boolean; now(): number},
): Promise<PowerItem[]> {
  const readAt = now()
  return readAfresh(cloud, targets, ({asked, target, tags}, result): PowerItem => {
    if (!(result instanceof VpcmdError)) {
      const seen = {asked, target: targetOf('instance', result, target), ...(tags && {tags})}
      return itemOf(action, seen, result, readAt, acceptsDataLoss)
    }
    return {asked, target, risks: [], change: undefined, error: result, leftOut: unreadReason(result)}
  })
}

function itemOf(
  action: PowerAction,
  {asked, target, ...chosen}: ChosenTarget,
  instance: Instance,
  readAt: number,
  acceptsDataLoss: boolean,
): PowerItem {
  const {status, settings} = instance
  const isDone = status === {start: 'running', stop: 'stopped', restart: undefined}[action] && status !== undefined
  if (isDone) return {asked, target, risks: [], leftOut: undefined, change: undefined}
  const isUnderWay = action === 'stop' && status === 'stopping'
  const whyNot = action === 'start' ? whyNotToStart(instance) : whyNotToStop(instance, acceptsDataLoss)
  const leftOut = isUnderWay ? undefined : whyNot
  const risks = isUnderWay ? [] : risksOf(instance, action)
  if (leftOut !== undefined)
    return {asked, target, risks, leftOut, change: undefined, error: refusal(action, target, leftOut)}
  // Nothing is set, so what is unknown of the settings does no harm; the journal keeps what was known.
  const change = {target, before: settings as KnownSettings, set: {}, readAt, power: action, ...chosen}
  return {asked, target, risks, leftOut, change}
}

/** Why an instance is left alone, as the error of whoever named it. */
function refusal(action: PowerAction, target: Target, reason: string): VpcmdError {
  const {id, status} = target
  const hint =
    action === 'restart' && status === 'stopped'
      ? `Start it with: vpcmd instances start ${id}`
      : action !== 'start' && status === 'running'
        ? `Pass --accept-data-loss to accept it. See its local disks: vpcmd instances show ${id}`
        : `See how it is: vpcmd instances show ${id}`
  return new VpcmdError({code: 'left_alone', message: `${targetName(target)} was left alone: ${reason}.`, hint})
}

/** What an item comes to before anything is sent. `isNamed`: that an instance is left out is a failure to whoever named it. */
export function plannedOutcome(item: PowerItem, isNamed: boolean): PowerOutcome {
  const {asked, target, risks, leftOut, change, error} = item
  const before = target.status
  if (change) return {asked, target, before, result: 'planned', risks}
  if (leftOut === undefined) return {asked, target, before, after: before, result: 'unchanged'}
  const isUnread = error !== undefined && error.code !== 'left_alone'
  return {asked, target, before, result: isNamed || isUnread ? 'failed' : 'skipped', error, reason: leftOut, risks}
}

/** The status in which an action leaves an instance. */
export const statusAfter: Readonly<Record<PowerAction, string>> = {
  start: 'running',
  stop: 'stopped',
  restart: 'running',
}

/** What became of a switched instance, as its journal keeps it. */
export function settledBy(action: PowerAction, target: Target, restarted: Restarted): Settled {
  const {result, reason = '', error} = restarted
  if (result === 'done') return {result: 'changed', status: statusAfter[action]}
  if (result === 'failed') return {result: 'failed', error}
  if (result === 'left_out') {
    const message = `${targetName(target)} was left alone: ${reason}.`
    const hint = `See how it is: vpcmd instances show ${target.id}`
    return {result: 'conflict', error: new VpcmdError({code: 'conflict', message, hint})}
  }
  const message = `Nothing was sent for ${targetName(target)}: ${reason}.`
  return {result: 'skipped', error: new VpcmdError({code: 'interrupted', message, exitCode: exitCodes.interrupted})}
}

export function toJsonPowerOutcome(outcome: PowerOutcome): object {
  const {error, risks, address} = outcome
  return {
    ...outcomeHead(outcome),
    ...(risks && risks.length > 0 && {risks}),
    ...(address && {address}),
    ...(error && {error: error.toJSON()}),
  }
}
