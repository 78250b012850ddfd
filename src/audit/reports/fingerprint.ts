import {createHash} from 'node:crypto'

/** What tells a finding from others and stays the same from audit to audit: 16 hexadecimal digits of what it is about. */
export function fingerprint(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)
}
