/** A time of ISO 8601 in UTC as people read it: `2026-11-28 23:31 UTC`. */
export function readableTime(iso: string): string {
  return iso.replace(isoTime, '$1 $2 UTC')
}

/** A text with the times in it as people read them. */
export const withReadableTimes = (text: string): string => text.replace(new RegExp(isoTime, 'g'), '$1 $2 UTC')

const isoTime = /(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/
