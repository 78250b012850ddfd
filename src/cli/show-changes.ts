import {serverKey} from '../cloud/regions.ts'
import {describeChange} from '../instances/settings.ts'
import type {Outcome} from '../metadata/outcomes.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import type {Context} from './context.ts'
import type {Breaches} from './policy-file.ts'

const mostShown = 20

/**
 * Shows changes on stderr: where they are, then each of them. Of more than 20 the first, with a word on what lists all
 * (`listedBy`).
 */
export function showChanges(context: Context, changes: PlannedChange[], breaches: Breaches, listedBy: string): void {
  showPlaces(context, changes)
  for (const {target, before, set} of changes.slice(0, mostShown)) {
    const breach = breaches.get(serverKey(target))
    const against = breach === undefined ? '' : ` (against the policy: ${breach})`
    const whose = target.account === undefined ? '' : `, account ${accountOf(context, target.account)}`
    context.note(`  ${target.name} (${target.id}, ${target.zone}${whose}): ${describeChange(before, set)}${against}`)
  }
  const more = changes.length - mostShown
  if (more > 0) context.note(`  ${context.symbols.ellipsis} and ${more} more; ${listedBy} all`)
}

/** Shows on stderr, before a question, what it is not about: who was not found, and who is so already. */
export function showOthers(context: Context, outcomes: Pick<Outcome, 'result' | 'error'>[]): void {
  const refused = outcomes.flatMap(({result, error}) => (result === 'failed' && error ? [error] : []))
  if (refused.length > 0) context.note(`${refused.length} of ${outcomes.length} can't be changed:`)
  for (const {message} of refused.slice(0, mostRefused)) context.note(`  ${message}`)
  if (refused.length > mostRefused)
    context.note(`  ${context.symbols.ellipsis} and ${refused.length - mostRefused} more`)
  const same = outcomes.filter(({result}) => result === 'unchanged').length
  if (same > 0) context.note(`${same} of ${outcomes.length} ${same === 1 ? 'is' : 'are'} so already.`)
}

const mostRefused = 5

/** Shows on stderr how many changes there are in each region and VPC; of one, its own line says it. */
export function showPlaces(context: Context, changes: PlannedChange[]): void {
  if (changes.length <= 1) return
  const counts = new Map<string, number>()
  for (const {target} of changes) {
    const whose = target.account === undefined ? '' : `account ${accountOf(context, target.account)}, `
    const place = `in ${whose}${target.region}, VPC ${target.vpc.name}`
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  for (const [place, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) context.note(`  ${count} ${place}`)
}

/** An account as tables and questions call it: by its name where it is known, else by its ID. */
export function accountOf({accountNames}: Context, id: string): string {
  return accountNames.get(id) ?? id
}
