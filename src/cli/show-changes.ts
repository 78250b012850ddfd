import {describePatch} from '../instances/settings.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import type {Context} from './context.ts'
import type {Breaches} from './policy-file.ts'

const mostShown = 20

/** Shows changes as a diff on stderr, with counts for each region and VPC where there is more than one. */
export function showChanges(context: Context, changes: PlannedChange[], breaches: Breaches): void {
  for (const {target, before, set} of changes.slice(0, mostShown)) {
    const breach = breaches.get(target.id)
    const against = breach === undefined ? '' : ` (against the policy: ${breach})`
    context.note(`  ${target.name} (${target.id}, ${target.zone}): ${describePatch(before, set)}${against}`)
  }
  if (changes.length <= 1) return
  if (changes.length > mostShown) context.note(`  ${context.symbols.ellipsis} and ${changes.length - mostShown} more`)
  const counts = new Map<string, number>()
  for (const {target} of changes) {
    const place = `${target.account === undefined ? '' : `account ${target.account}, `}${target.region}, VPC ${target.vpc.name}`
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  for (const [place, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) context.note(`  ${place}: ${count}`)
}
