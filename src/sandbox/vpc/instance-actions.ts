import {type Amount, meets, parseAmount} from '../core/faults.ts'
import type {ActionRecord, ActionType, InstanceRecord} from '../core/records.ts'
import type {Downtime} from '../fleet/public-types.ts'
import {isForced, lastAction} from './instance-status.ts'

/** Reads which starts fail, as the command line gives it: `5%` (a share), `3` (the first three). Throws an Error that says what is wrong. */
export function parseFailingStarts(text: string): Amount {
  const amount = parseAmount(text)
  if (amount === undefined) {
    throw new Error(`Not an amount of failing starts: ${text}. It is a count (3) or a share (5%), at most 100%.`)
  }
  return amount
}

/** Runs the actions of one sandbox: makes the chosen starts fail, and remembers which instance was down when. */
export class InstanceActions {
  readonly #transitionMs: number
  readonly #failingStarts: Amount
  #starts = 0
  readonly #downtimes = new Map<string, Downtime[]>()

  /** `failingStarts`: which of all starts fail, in the order of the requests. */
  constructor(transitionMs: number, failingStarts: Amount = {count: 0}) {
    this.#transitionMs = transitionMs
    this.#failingStarts = failingStarts
  }

  /**
   * The change that an action requested at `now` makes to its instance. It is "queued up to run as soon as any pending or
   * running actions have completed" (IBM/vpc-node-sdk vpc/v1.ts `createInstanceAction`), unless it is forced.
   */
  begin(record: InstanceRecord, type: ActionType, now: number, force = false): Partial<InstanceRecord> {
    const last = isForced(type, force) ? undefined : lastAction(record)
    const free = last === undefined ? now : last.at + this.#transitionMs
    const {action: next, ...others} = this.#make(record, type, Math.max(now, free))
    const {action} = record
    if (next === undefined || action === undefined || free <= now) return {...others, action: next}
    return {...others, action: {...action, queued: [...(action.queued ?? []), next]}}
  }

  #make(record: InstanceRecord, type: ActionType, at: number): Partial<InstanceRecord> {
    if (type !== 'start') return {action: {type, at}}
    const isToFail = meets(this.#failingStarts, this.#starts)
    this.#starts += 1
    const {failures} = record
    if (failures !== undefined && failures.left > 0) {
      return {action: {type, at, ends: failures.ends}, failures: {...failures, left: failures.left - 1}}
    }
    return {action: {type, at, ...(isToFail && {ends: 'failed'})}}
  }

  /** Remembers an accepted action. */
  note(record: InstanceRecord, {type, at, ends}: ActionRecord): void {
    const all = this.#downtimes.get(record.id) ?? []
    this.#downtimes.set(record.id, all)
    let last = all.at(-1)
    if (last === undefined || (last.to !== undefined && last.to <= at)) {
      const {id, name, region, vpc} = record
      last = {id, name, region, vpc, from: at, to: undefined}
      all.push(last)
    }
    last.to = type === 'stop' || ends !== undefined ? undefined : at + this.#transitionMs
  }

  /** Forgets which starts failed, and which instances were down. */
  reset(): void {
    this.#starts = 0
    this.#downtimes.clear()
  }

  /** When each instance was down, earliest first. */
  downtimes(): Downtime[] {
    return [...this.#downtimes.values()].flat().sort((a, b) => a.from - b.from)
  }
}
