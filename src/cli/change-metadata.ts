import type {Cloud} from '../cloud/cloud.ts'
import {outcomesOf} from '../metadata/outcomes.ts'
import {asChoice, type Choice, changesIn, draftPlan} from '../metadata/plan.ts'
import type {WantedSettings} from '../metadata/settings.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'
import type {RestartPolicy} from './flags/restart.ts'
import type {RolloutPolicy} from './flags/rollout.ts'
import type {SelectionOptions} from './flags/selection.ts'
import {printOutcomes} from './print-outcomes.ts'
import {isAgreed, planRestarts, showPreflights, withRestarts} from './restart-instances.ts'
import {carryOut} from './run-rollout.ts'
import {type Selection, selectInstances} from './select-instances.ts'

/** Settings that are to be changed on instances that are chosen. */
interface SettingsChange {
  /** `Enable`, for the question. */
  verb: string
  selection: SelectionOptions
  /** What is wanted; called after the picking, so that it can ask for what no flag gave. */
  wanted(picked: Choice[] | undefined): Promise<WantedSettings>
  /** Whether it asks even when the instances were typed. */
  alwaysAsks: boolean
}

/** How a change is made and told of. */
interface ChangeOptions {
  out: OutputOptions
  rollout: RolloutPolicy
  restart: RestartPolicy
}

/** Chooses instances and changes their settings, as enable and disable do. */
export async function changeMetadata(
  context: Context,
  cloud: Cloud,
  options: ChangeOptions,
  change: SettingsChange,
): Promise<void> {
  const selection = await chooseToChange(context, cloud, change)
  const wanted = await change.wanted(selection.how === 'picked' ? selection.items : undefined)
  const drafts = draftPlan(withinReach(context, selection), wanted)
  const changes = changesIn(drafts)
  const restarts = await planRestarts(context, cloud, options.restart, {changes, due: changes})
  if (options.rollout.isDryRun) {
    if (restarts) await showPreflights(context, restarts)
    await printOutcomes(context, options.out, withRestarts(restarts, outcomesOf(drafts), false), selection.unread)
    context.note('Nothing was sent: this was a dry run.')
    return
  }
  const many = `${changes.length} ${changes.length === 1 ? 'instance' : 'instances'}`
  const asks = change.alwaysAsks || selection.how !== 'typed'
  const question = asks ? `${change.verb} the metadata service of ${many}?` : undefined
  if (!(await isAgreed(context, options, question, changes, restarts))) return
  await carryOut(context, cloud, options, {
    command: change.verb.toLowerCase(),
    selection: selection.words,
    unread: selection.unread,
    changes,
    isFresh: true,
    restarts: changes.length > 0 ? restarts : undefined,
    outcomes: settled => withRestarts(restarts, outcomesOf(drafts, settled), true),
  })
}

/** Chooses the instances whose settings are to be changed. */
export function chooseToChange(
  context: Context,
  cloud: Cloud,
  {verb, selection}: Pick<SettingsChange, 'verb' | 'selection'>,
): Promise<Selection<Choice>> {
  const question = `${verb} the metadata service of which instances?`
  return selectInstances<Choice>(context, cloud, selection, {question}, found => asChoice(found, found.readAt))
}

/** What was chosen: who names a server that has nothing to be changed hears of it, who takes all leaves it out. */
export function withinReach(
  context: Context,
  {items, how}: Pick<Selection<Choice>, 'how'> & {items: Choice[]},
): Choice[] {
  const isEach = how !== 'all'
  const out = items.flatMap(item => ('error' in item && item.isOutOfReach ? [item] : []))
  if (isEach) return items.map(item => ('error' in item ? {...item, isOutOfReach: false} : item))
  const [first] = out
  if (first) {
    const others = out.length > 1 ? ` ${out.length - 1} more are left out for the same reason.` : ''
    context.note(`${first.error.message}${others}`)
  }
  return items
}
