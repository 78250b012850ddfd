import type {Policy} from '../audit/policy.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {counted} from '../counted.ts'
import {countChanges, type WantedSettings} from '../instances/settings.ts'
import {outcomesOf} from '../metadata/outcomes.ts'
import {asCandidate, type Candidate, changesIn, draftPlan} from '../metadata/plan.ts'
import type {Context} from './context.ts'
import type {ChangePolicy} from './flags/change.ts'
import type {SelectionOptions} from './flags/selection.ts'
import {makeChanges} from './make-changes.ts'
import {breachesOf, countBreaches} from './policy-file.ts'
import {type Selection, selectInstances} from './select-instances.ts'

/** How the help of commands says which instances they take. */
export const selectionHelp =
  'To choose many instances, use --from-file, or --all with the filters of vpcmd instances list. Without an instance, vpcmd asks you to pick from a list if there is a terminal.'

/** Settings to change on instances to choose. */
interface SettingsChange {
  /** `Enable`, for the question. */
  verb: string
  selection: SelectionOptions
  /** What is wanted; called after the picking, so that it can ask for what no flag gave. */
  wanted(picked: Candidate[] | undefined): Promise<WantedSettings>
  /** Whether it asks even when the instances were typed. */
  alwaysAsks: boolean
  /** By which changes are marked. */
  rules?: Policy | undefined
}

/** Chooses instances and changes their settings, as enable and disable do. */
export async function changeMetadata(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  change: SettingsChange,
): Promise<void> {
  const selection = await chooseToChange(context, cloud, change)
  const {how, words, unread} = selection
  const wanted = await change.wanted(how === 'picked' ? selection.items : undefined)
  const drafts = draftPlan(withinReach(context, selection), wanted)
  const changes = changesIn(drafts)
  const breaches = await breachesOf(context, change.rules, changes)
  const asks = change.alwaysAsks || how !== 'typed'
  await makeChanges(context, cloud, policy, {
    command: change.verb.toLowerCase(),
    selection: words,
    unread,
    changes,
    isFresh: true,
    breaches,
    question: asks
      ? `${change.verb} the metadata service of ${counted(changes.length, 'instance')} (${countChanges(changes)}${countBreaches(breaches)})?`
      : undefined,
    outcomes: settled => outcomesOf(drafts, settled),
  })
}

/** Chooses the instances whose settings are to be changed. */
export function chooseToChange(
  context: Context,
  cloud: Cloud,
  {verb, selection}: Pick<SettingsChange, 'verb' | 'selection'>,
): Promise<Selection<Candidate>> {
  const question = `${verb} the metadata service of which instances?`
  return selectInstances<Candidate>(context, cloud, selection, {question}, found => asCandidate(found, found.readAt))
}

/** What was chosen: who names a server that has nothing to be changed hears of it, who takes all leaves it out. */
export function withinReach(
  context: Context,
  {items, how}: Pick<Selection<Candidate>, 'how'> & {items: Candidate[]},
): Candidate[] {
  const isEach = how !== 'all'
  const out = items.flatMap(item => ('error' in item && item.isOutOfReach ? [item] : []))
  if (isEach) return items.map(item => ('error' in item ? {...item, isOutOfReach: false} : item))
  const [first] = out
  if (first) {
    const others = out.length > 1 ? ` ${out.length - 1} more left out for the same reason.` : ''
    context.note(`${first.error.message}${others}`)
  }
  return items
}
