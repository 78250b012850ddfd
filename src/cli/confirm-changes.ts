import type {PlannedChange} from '../metadata/plan.ts'
import {describePatch} from '../metadata/settings.ts'
import {plain, wrap} from '../terminal/text.ts'
import type {Context} from './context.ts'
import type {RolloutPolicy} from './flags/rollout.ts'

/** Asks whether to make changes, after showing them. True at once where there is nothing to ask. */
export async function isConfirmed(
  context: Context,
  {yes}: RolloutPolicy,
  question: string,
  changes: PlannedChange[],
): Promise<boolean> {
  if (changes.length === 0 || yes) return true
  showChanges(context, changes)
  return context.confirm(question, false)
}

/** Shows changes as a diff on stderr, with counts for each region and VPC where there are many. */
export function showChanges(context: Context, changes: PlannedChange[]): void {
  const {stderr} = context.host
  // A terminal would break lines within words.
  const columns = stderr.isTTY ? stderr.columns || 80 : Number.POSITIVE_INFINITY
  for (const line of changeLines(changes, columns)) context.note(line)
}

const mostShown = 20

/** Changes as a diff in lines of so many columns, with counts for each region and VPC where there is more than one. */
function changeLines(changes: PlannedChange[], columns: number): string[] {
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
