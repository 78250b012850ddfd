import {ApiError} from './api-error.ts'
import type {ActionType, InstanceRecord} from './records.ts'

const courses: Record<ActionType, {during: string; after: string}> = {
  start: {during: 'starting', after: 'running'},
  stop: {during: 'stopping', after: 'stopped'},
  reboot: {during: 'restarting', after: 'running'},
}

/** The instance's status at `now` (epoch milliseconds): that of its last action, on the way for `transitionMs`, then there. */
export function statusAt(record: InstanceRecord, now: number, transitionMs: number): string {
  if (record.action === undefined) return record.status
  const course = courses[record.action.type]
  if (now - record.action.at < transitionMs) return course.during
  return record.action.ends ?? course.after
}

/** Why an instance is in the status that it has; code, message and page of ibm-cloud-docs/vpc instance-status-messages.md. */
export function statusReasons(record: InstanceRecord, status: string): Record<string, string>[] {
  if (status !== 'failed' && record.action?.ends !== status) return []
  return [
    {
      code: 'cannot_start_capacity',
      message: "Can't start instance because resource capacity is unavailable.",
      more_info: 'https://cloud.ibm.com/docs/vpc?topic=vpc-instance-status-messages#cannot-start-capacity',
    },
  ]
}

/**
 * Throws 409 `invalid_state` where an action does not fit the status (ibm-cloud-docs/vpc errors.md; that stopping a
 * stopped instance is refused: IBM-Cloud/terraform-provider-ibm#2541; that one whose start failed is to be stopped and
 * started again: ibm-cloud-docs/vpc instance-status-messages.md). A forced stop or reboot also breaks into a
 * start or reboot under way ("all queued actions deleted", IBM/vpc-node-sdk vpc/v1.ts).
 */
export function checkAction(type: ActionType, force: boolean, status: string): void {
  const from = {start: ['stopped'], stop: ['running', 'failed'], reboot: ['running']}[type]
  const forced = type !== 'start' && force ? ['starting', 'restarting'] : []
  if ([...from, ...forced].includes(status)) return
  throw new ApiError(
    409,
    'invalid_state',
    'An action was requested on a resource which is not supported at the current status of the resource.',
    {name: 'type', type: 'field', value: type},
  )
}

/** Throws 409 `invalid_state` where the status forbids a PATCH: `pending` by ibm-cloud-docs/vpc errors.md, `deleting` by analogy. */
export function checkUpdatable(status: string): void {
  if (status !== 'pending' && status !== 'deleting') return
  throw new ApiError(
    409,
    'invalid_state',
    'An action was requested on a resource which is not supported at the current status of the resource.',
  )
}
