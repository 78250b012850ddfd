import type {AuditReport} from '../audit.ts'
export function toHtml(_: AuditReport): string {
  return ''
}
