import {Args} from '@oclif/core'
import {outcomesOf} from '../metadata/outcomes.ts'
import {asChoice, type Choice, changesIn, draftPlan} from '../metadata/plan.ts'
import {hopLimits, protocols, type WantedSettings} from '../metadata/settings.ts'
import type {SelectionFlags, toFilters} from './flags/selection.ts'
import {RestartCommand, type RestartingFlags} from './restart-command.ts'
import {checkRestartFlags} from './restart-flags.ts'
import type {Selection} from './selection-command.ts'

export const instanceArgs = {
  instance: Args.string({multiple: true, description: 'IDs, names or CRNs of instances.'}),
}

export type ChangeFlags = RestartingFlags & SelectionFlags

interface Change {
  /** `Enable`, for the question. */
  verb: string
  /** The flags that filter. */
  filters: Parameters<typeof toFilters>[0]
  /** What is wanted; called after the picking, so that it can ask for what no flag gave. */
  wanted(picked: Choice[] | undefined): Promise<WantedSettings>
  /** Whether it asks even when the instances were typed. */
  alwaysAsks: boolean
}

/** What enable, disable and plan share: choose what is to be changed. */
export abstract class MetadataChangeCommand extends RestartCommand {
  protected async change(flags: ChangeFlags, typed: string[], change: Change): Promise<void> {
    this.maxFailures(flags, 0)
    checkRestartFlags(flags)
    const cloud = await this.cloud(flags)
    const selection = await this.choose(cloud, flags, typed, change)
    const wanted = await change.wanted(selection.how === 'picked' ? selection.items : undefined)
    const drafts = draftPlan(this.chosen(selection), wanted)
    const changes = changesIn(drafts)
    const restarts = await this.planRestarts(flags, cloud, {changes, due: changes})
    if (flags['dry-run']) {
      if (restarts) await this.showPreflights(restarts)
      await this.printOutcomes(flags, this.withRestarts(restarts, outcomesOf(drafts), false), selection.unread)
      this.note('Nothing was sent: this was a dry run.')
      return
    }
    const many = `${changes.length} ${changes.length === 1 ? 'instance' : 'instances'}`
    const asks = change.alwaysAsks || selection.how !== 'typed'
    const question = asks ? `${change.verb} the metadata service of ${many}?` : undefined
    if (!(await this.isAgreed(flags, question, changes, restarts))) return
    await this.carryOut(flags, cloud, {
      command: change.verb.toLowerCase(),
      selection: selection.words,
      unread: selection.unread,
      changes,
      isFresh: true,
      sequel: changes.length > 0 ? this.sequel(flags, cloud, restarts) : undefined,
      outcomes: settled => this.withRestarts(restarts, outcomesOf(drafts, settled), true),
    })
  }

  protected choose(
    cloud: Parameters<RestartCommand['select']>[0],
    flags: ChangeFlags,
    typed: string[],
    {verb, filters}: Pick<Change, 'verb' | 'filters'>,
  ): Promise<Selection<Choice>> {
    const question = `${verb} the metadata service of which instances?`
    return this.select<Choice>(cloud, {flags, typed, filters, question}, found => asChoice(found, found.readAt))
  }

  /** What was chosen: who names a server that has nothing to be changed hears of it, who takes all leaves it out. */
  protected chosen({items, how}: Pick<Selection<Choice>, 'how'> & {items: Choice[]}): Choice[] {
    const isEach = how !== 'all'
    const out = items.flatMap(item => ('error' in item && item.isOutOfReach ? [item] : []))
    if (isEach) return items.map(item => ('error' in item ? {...item, isOutOfReach: false} : item))
    const [first] = out
    if (first) {
      const others = out.length > 1 ? ` ${out.length - 1} more are left out for the same reason.` : ''
      this.note(`${first.error.message}${others}`)
    }
    return items
  }

  /** Asks for the protocol and hop limit that no flag gave; where the picked instances agree, theirs are the defaults. */
  protected async askSettings(
    flags: {protocol?: string; 'hop-limit'?: number},
    picked: Choice[],
  ): Promise<{protocol?: string; 'hop-limit'?: number}> {
    const prompter = await this.prompter()
    if (!prompter) return flags
    const present = picked.flatMap(choice => ('error' in choice ? [] : [choice.before]))
    const common = <T>(values: T[]) => (new Set(values).size === 1 ? values[0] : undefined)
    const protocol =
      flags.protocol ??
      (await prompter.choose({
        message: 'Protocol?',
        choices: protocols.map(name => ({name, value: name as string})),
        default: common(present.map(settings => settings.protocol)),
      }))
    const hopLimit =
      flags['hop-limit'] ??
      (await prompter.number({
        message: 'Hop limit?',
        ...hopLimits,
        default: common(present.map(settings => settings.response_hop_limit)) ?? hopLimits.min,
      }))
    return {protocol, 'hop-limit': hopLimit}
  }
}
