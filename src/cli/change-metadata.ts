import type {Policy} from '../audit/policy.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {counted} from '../counted.ts'
import {countChanges, type WantedSettings, weakenedBy} from '../instances/settings.ts'
import {outcomesOf} from '../metadata/outcomes.ts'
import {asCandidate, type Candidate, changesIn, draftPlan} from '../metadata/plan.ts'
import {inSteps} from '../terminal/steps.ts'
import type {Context} from './context.ts'
import type {ChangePolicy} from './flags/change.ts'
import type {SelectionOptions} from './flags/selection.ts'
import {makeChanges} from './make-changes.ts'
import {breachesOf, countBreaches} from './policy-file.ts'
import {type Picker, type Selection, selectInstances} from './select-instances.ts'
import {settingSteps} from './wanted-settings.ts'

/** How the help of commands says which instances they take. */
export const selectionHelp =
  'To choose many instances, use --from-file, or --all with the filters of vpcmd instances list. Without an instance, vpcmd asks you to pick from a list if there is a terminal.'

/** Settings to change on instances to choose. */
interface SettingsChange {
  /** `Enable`, for the question. */
  verb: string
  selection: SelectionOptions
  wanted: WantedSettings
  /** Whether it asks for the settings that are not given, where instances are picked. */
  asksForSettings: boolean
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
  const picker = pickerOf(change.verb)
  const wanted: WantedSettings = {...change.wanted}
  let selection: Selection<Candidate> | undefined
  const picked = () => (selection?.how === 'picked' ? selection.items : undefined)
  await inSteps(context, [
    async () => {
      selection = await chooseToChange(context, cloud, change.selection, picker)
      return selection.how === 'picked'
    },
    ...(change.asksForSettings ? settingSteps(context, wanted, picked) : []),
    async () => {
      if (selection) await changeSelected(context, cloud, policy, {...change, wanted}, selection)
      return true
    },
  ])
}

async function changeSelected(
  context: Context,
  cloud: Cloud,
  policy: ChangePolicy,
  change: SettingsChange,
  selection: Selection<Candidate>,
): Promise<void> {
  const {how, words, unread} = selection
  const drafts = draftPlan(withinReach(context, selection), change.wanted)
  const changes = changesIn(drafts)
  const breaches = await breachesOf(context, cloud, change.rules, changes)
  // What is typed is meant; where it makes a server less secure, whoever can be asked is.
  const isWeaker = changes.some(({before, set}) => weakenedBy(before, set).length > 0)
  const isRisky = breaches.size > 0 || (isWeaker && (await context.prompter()) !== undefined)
  const asks = change.alwaysAsks || how !== 'typed' || isRisky
  await makeChanges(context, cloud, policy, {
    command: change.verb.toLowerCase(),
    selection: words,
    unread,
    changes,
    isFresh: true,
    breaches,
    question: asks
      ? due =>
          `${change.verb} the metadata service of ${counted(due.length, 'instance')} (${countChanges(due)}${countBreaches(breaches, due)})?`
      : undefined,
    outcomes: settled => outcomesOf(drafts, settled),
  })
}

/** How instances are picked, for `verb`. */
export function pickerOf(verb: string): Picker {
  return {question: `${verb} the metadata service of which instances?`}
}

/** Chooses the instances whose settings are to be changed. */
export function chooseToChange(
  context: Context,
  cloud: Cloud,
  selection: SelectionOptions,
  picker: Picker,
): Promise<Selection<Candidate>> {
  return selectInstances<Candidate>(context, cloud, selection, picker, found => asCandidate(found, found.readAt))
}

/** What was chosen: who names a server that has nothing to be changed hears of it, who takes all leaves it out. */
export function withinReach(
  context: Context,
  {items, how}: Pick<Selection<Candidate>, 'how'> & {items: Candidate[]},
): Candidate[] {
  if (how !== 'all') return items.map(item => ('error' in item ? {...item, isOutOfReach: false} : item))
  const [first, ...more] = items.flatMap(item => ('error' in item && item.isOutOfReach ? [item] : []))
  if (first) {
    const others = more.length > 0 ? ` ${more.length} more left out for the same reason.` : ''
    context.note(`${first.error.message}${others}`)
  }
  return items
}
