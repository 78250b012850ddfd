import type {PlannedChange} from '../metadata/plan.ts'
import {describePatch} from '../metadata/settings.ts'
import {plain, wrap} from '../terminal/text.ts'

const mostShown = 20

/** Changes as a diff in lines of so many columns, with counts for each region and VPC where there is more than one. */
export function changeLines(changes: PlannedChange[], columns: number): string[] {
  const width = Math.max(20, columns - 5)
  const lines = changes.slice(0, mostShown).flatMap(({target, before, set}) => {
    const text = plain(`${target.name} (${target.id}, ${target.zone}): ${describePatch(before, set)}`)
    return wrap(text, width).map((line, index) => `${index === 0 ? '  ' : '    '}${line}`)
  })
  if (changes.length <= 1) return lines
  if (changes.length > mostShown) lines.push(`  … and ${changes.length - mostShown} more`)
  const counts = new Map<string, number>()
  for (const {target} of changes) {
    const place = `${target.region}, VPC ${target.vpc.name}`
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return [...lines, ...sorted.map(([place, count]) => `  ${place}: ${count}`)]
}
