import type {InstanceRecord} from '../core/records.ts'
import {instanceBody, type Sending} from './instance-body.ts'
import {statusAt} from './instance-status.ts'

/** A list of more is not kept: 100,000 texts would take most of a gigabyte. */
const mostKept = 20_000

/**
 * The JSON of instances, made once for each state that they are in: to make it is most of what a list costs, and a
 * sandbox that is slower than its clients would be what benchmarks of theirs measure.
 */
export class InstanceTexts {
  readonly #kept = new WeakMap<InstanceRecord, {state: string; text: string}>()

  /** The JSON of an instance, as one of `count` that are listed. */
  of(record: InstanceRecord, vpcName: string, sending: Sending, count: number): string {
    const make = () => JSON.stringify(instanceBody(record, vpcName, sending))
    if (count > mostKept) return make()
    const {name, revision, action, metadata} = record
    const status = statusAt(record, sending.now, sending.transitionMs)
    const {enabled, protocol, response_hop_limit: hopLimit} = metadata
    const parts = [sending.base, vpcName, name, revision, status, action?.at, enabled, protocol, hopLimit]
    const state = parts.join('\n')
    const kept = this.#kept.get(record)
    if (kept?.state === state) return kept.text
    const text = make()
    this.#kept.set(record, {state, text})
    return text
  }
}
