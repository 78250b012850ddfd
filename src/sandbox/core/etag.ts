import {createHash} from 'node:crypto'
import type {InstanceRecord} from './records.ts'

/**
 * The instance's ETag: changes with each real change of what can be modified, not with the status
 * ("represent the modifiable state of the resource", ibm-cloud-docs/vpc api-change-log.md). Weak, as IBM's samples show it.
 */
export function etagOf(record: InstanceRecord): string {
  const state = JSON.stringify([record.id, record.revision, record.name, record.metadata])
  return `W/"${createHash('sha256').update(state).digest('hex')}"`
}
