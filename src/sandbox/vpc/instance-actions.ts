import {createHash} from 'node:crypto'
import {ApiError, type ErrorTarget} from '../core/api-error.ts'
import {type Amount, meets} from '../core/faults.ts'
import type {ActionRecord, ActionType, InstanceRecord} from '../core/records.ts'
import type {Downtime} from '../fleet/public-types.ts'

const courses: Record<ActionType, {during: string; after: string}> = {
  start: {during: 'starting', after: 'running'},
  stop: {during: 'stopping', after: 'stopped'},
  reboot: {during: 'restarting', after: 'running'},
}

/** The last of an instance's actions that have begun at `now` (epoch milliseconds); without `now`, the last of all. */
export function lastAction({action}: InstanceRecord, now = Number.POSITIVE_INFINITY): ActionRecord | undefined {
  return action && [action, ...(action.queued ?? [])].findLast((each, index) => index === 0 || each.at <= now)
}

/** The instance's status at `now` (epoch milliseconds): that of its last action, in transition for `transitionMs`. */
export function statusAt(record: InstanceRecord, now: number, transitionMs: number): string {
  const action = lastAction(record, now)
  if (action === undefined) return record.status
  const course = courses[action.type]
  if (now - action.at < transitionMs) return course.during
  return action.ends ?? course.after
}

/** The status in which an action requested at `now` begins: after all actions before it. */
export function statusFound(record: InstanceRecord, now: number, transitionMs: number): string {
  return statusAt(record, Math.max(now, (lastAction(record)?.at ?? 0) + transitionMs), transitionMs)
}

/** Why an instance is in the status that it has; code, message and page of ibm-cloud-docs/vpc instance-status-messages.md. */
export function statusReasons(record: InstanceRecord, status: string, now: number): Record<string, string>[] {
  if (status !== 'failed' && lastAction(record, now)?.ends !== status) return []
  return [
    {
      code: 'cannot_start_capacity',
      message: "Can't start instance because resource capacity is unavailable.",
      more_info: 'https://cloud.ibm.com/docs/vpc?topic=vpc-instance-status-messages#cannot-start-capacity',
    },
  ]
}

/** Whether an action runs at once and cancels those before it: `force` is "ignored for the start action" (IBM/vpc-node-sdk vpc/v1.ts `createInstanceAction`). */
export function isForced(type: ActionType, force: boolean): boolean {
  return force && type !== 'start'
}

/**
 * Throws 409 `invalid_state` where an action does not fit the status (ibm-cloud-docs/vpc errors.md; that stopping a
 * stopped instance is refused: IBM-Cloud/terraform-provider-ibm#2541; that one whose start failed is to be stopped and
 * started again: ibm-cloud-docs/vpc instance-status-messages.md). A forced stop or reboot also breaks into a
 * start or reboot under way, a forced stop into a stop that is stuck (ibm-cloud-docs/vpc vsi_is_manage_instances.md).
 */
export function checkAction(type: ActionType, force: boolean, status: string): void {
  const from = {start: ['stopped'], stop: ['running', 'failed'], reboot: ['running']}[type]
  const forced = isForced(type, force) ? ['starting', 'restarting', ...(type === 'stop' ? ['stopping'] : [])] : []
  if (![...from, ...forced].includes(status)) throw unfit({name: 'type', type: 'field', value: type})
}

/** Throws 409 `invalid_state` where the status forbids a PATCH: `pending` by ibm-cloud-docs/vpc errors.md, `deleting` by analogy. */
export function checkUpdatable(status: string): void {
  if (status === 'pending' || status === 'deleting') throw unfit()
}

function unfit(target?: ErrorTarget): ApiError {
  const message = 'An action was requested on a resource which is not supported at the current status of the resource.'
  return new ApiError(409, 'invalid_state', message, target)
}

export type InstanceActions = ReturnType<typeof makeInstanceActions>

/**
 * Runs the actions of one sandbox: makes the chosen starts fail, and remembers which instance was down when.
 * `failingStarts`: which of all starts fail, in the order of the requests.
 */
export function makeInstanceActions(transitionMs: number, failingStarts: Amount = {count: 0}) {
  let starts = 0
  const downtimesById = new Map<string, Downtime[]>()

  const make = (record: InstanceRecord, type: ActionType, at: number): Partial<InstanceRecord> => {
    if (type !== 'start') return {action: {type, at}}
    const isToFail = meets(failingStarts, starts)
    starts += 1
    const {failures} = record
    if (failures !== undefined && failures.left > 0) {
      return {action: {type, at, ends: failures.ends}, failures: {...failures, left: failures.left - 1}}
    }
    return {action: {type, at, ...(isToFail && {ends: 'failed'})}}
  }

  return {
    /**
     * The change that an action requested at `now` makes to its instance. It is "queued up to run as soon as any pending or
     * running actions have completed" (IBM/vpc-node-sdk vpc/v1.ts `createInstanceAction`), unless it is forced.
     */
    begin(record: InstanceRecord, type: ActionType, now: number, force = false): Partial<InstanceRecord> {
      const last = isForced(type, force) ? undefined : lastAction(record)
      const free = last === undefined ? now : last.at + transitionMs
      const {action: next, ...others} = make(record, type, Math.max(now, free))
      const {action} = record
      if (next === undefined || action === undefined || free <= now) return {...others, action: next}
      return {...others, action: {...action, queued: [...(action.queued ?? []), next]}}
    },

    /** Remembers an accepted action. */
    note(record: InstanceRecord, {type, at, ends}: ActionRecord): void {
      const all = downtimesById.get(record.id) ?? []
      downtimesById.set(record.id, all)
      let last = all.at(-1)
      if (last === undefined || (last.to !== undefined && last.to <= at)) {
        const {id, name, region, vpc} = record
        last = {id, name, region, vpc, from: at, to: undefined}
        all.push(last)
      }
      last.to = type === 'stop' || ends !== undefined ? undefined : at + transitionMs
    },

    /** Forgets which starts failed, and which instances were down. */
    reset(): void {
      starts = 0
      downtimesById.clear()
    },

    /** When each instance was down, earliest first. */
    downtimes: () => [...downtimesById.values()].flat().sort((a, b) => a.from - b.from),
  }
}

/**
 * The instance's ETag: changes with each real change of what can be modified, not with the status
 * ("represent the modifiable state of the resource", ibm-cloud-docs/vpc api-change-log.md). Weak, as IBM's samples show it.
 */
export function etagOf(record: InstanceRecord): string {
  const state = JSON.stringify([record.id, record.revision, record.name, record.metadata])
  return `W/"${createHash('sha256').update(state).digest('hex')}"`
}
