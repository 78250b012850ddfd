import {ApiError, type ErrorTarget} from '../core/api-error.ts'
import type {ActionRecord, ActionType, InstanceRecord} from '../core/records.ts'

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
