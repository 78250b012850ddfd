import {Args, Flags} from '@oclif/core'
import type {Cloud} from './cloud/cloud.ts'
import {CloudCommand, type CloudFlags} from './cloud-command.ts'
import {exitCodes} from './errors.ts'
import {findInstances, instanceChoices} from './instances/find-instance.ts'
import {
  applyChanges,
  asPlanned,
  type Outcome,
  type Plan,
  planChanges,
  toJsonLine,
  toJsonOutcomes,
} from './metadata/change-settings.ts'
import {hopLimits, protocols, settingsLabel, type WantedSettings} from './metadata/settings.ts'
import {green, red, yellow} from './terminal/style.ts'
import type {Column} from './terminal/table.ts'

/** What IBM's FAQ says of instances created with the service off (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). */
export const switchedOnNote =
  "IBM's FAQ: an instance that was created with the service off must be stopped and started before the service works fully. A stop erases instance storage for good, so vpcmd does not do it unasked."

export const instanceArgs = {
  instance: Args.string({multiple: true, description: 'IDs, names or CRNs of instances.'}),
}

export const changeFlags = {
  'dry-run': Flags.boolean({summary: 'Print what would change, and send nothing.'}),
  yes: Flags.boolean({char: 'y', summary: 'Answer yes to the question whether to go on.'}),
}

interface ChangeFlags extends CloudFlags {
  'dry-run'?: boolean
  yes?: boolean
}

interface Change {
  /** `Enable`, for the question. */
  verb: string
  /** What is wanted; called after the picking, so that it can ask for what no flag gave. */
  wanted(picked: Plan): Promise<WantedSettings>
  /** Whether it asks even when the instances were typed. */
  alwaysAsks: boolean
}

/** What enable and disable share: choose, plan, show, ask, apply, report. */
export abstract class MetadataChangeCommand extends CloudCommand {
  protected async change(flags: ChangeFlags, typed: string[], change: Change): Promise<void> {
    const cloud = await this.cloud(flags)
    const isPicked = typed.length === 0
    const settled = isPicked
      ? await this.pickMany(`${change.verb} the metadata service of which instances?`, async () =>
          instanceChoices(cloud),
        )
      : await findInstances(cloud, typed)
    const wanted = await change.wanted(planChanges(settled, {}))
    const plan = planChanges(settled, wanted)
    if (flags['dry-run']) {
      await this.printOutcomes(flags, asPlanned(plan, wanted))
      this.note('Nothing was sent: this was a dry run.')
      return
    }
    if (change.alwaysAsks || isPicked) {
      if (!(await this.isConfirmed(flags, change.verb, plan, wanted))) {
        this.note('Nothing was sent.')
        return
      }
    }
    await this.applyAndPrint(flags, cloud, plan)
  }

  /** On Ctrl-C nothing new is sent, and what is under way is awaited and printed; the second one ends it at once. */
  private async applyAndPrint(flags: ChangeFlags, cloud: Cloud, plan: Plan): Promise<void> {
    const interruption = new AbortController()
    const interrupt = () => {
      this.note('Interrupted: waiting for what is under way. Once more ends it at once.')
      interruption.abort()
    }
    process.once('SIGINT', interrupt)
    try {
      await this.printOutcomes(flags, await applyChanges(cloud, plan, interruption.signal))
    } finally {
      process.off('SIGINT', interrupt)
    }
    if (interruption.signal.aborted) process.exitCode = exitCodes.interrupted
  }

  private async isConfirmed(flags: ChangeFlags, verb: string, plan: Plan, wanted: WantedSettings): Promise<boolean> {
    const count = plan.filter(item => 'patch' in item && item.patch).length
    // Where nothing would be sent there is nothing to ask.
    if (count === 0 || flags.yes) return true
    for (const {found, before, after, result} of asPlanned(plan, wanted)) {
      if (!found || !before || !after) continue
      const {id, name, zone} = found.instance
      const change =
        result === 'planned' ? `${settingsLabel(before)} -> ${settingsLabel(after)}` : `stays ${settingsLabel(before)}`
      this.note(`  ${name} (${id}, ${zone.name}): ${change}`)
    }
    return this.confirm(`${verb} the metadata service of ${count} ${count === 1 ? 'instance' : 'instances'}?`, false)
  }

  /** Asks for the protocol and hop limit that no flag gave; where the picked instances agree, theirs are the defaults. */
  protected async askSettings(
    flags: {protocol?: string; 'hop-limit'?: number},
    picked: Plan,
  ): Promise<{protocol?: string; 'hop-limit'?: number}> {
    const prompter = await this.prompter()
    if (!prompter) return flags
    const present = picked.flatMap(item => ('found' in item ? [item.found.instance.metadata_service] : []))
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

  protected async printOutcomes(flags: ChangeFlags, outcomes: Outcome[]): Promise<void> {
    this.reportFailures(
      outcomes.flatMap(({error}) => (error ? [error] : [])),
      outcomes.length,
    )
    await this.printRows(flags, {
      rows: outcomes,
      columns: outcomeColumns,
      mayHide: true,
      toJson: toJsonLine,
      whole: toJsonOutcomes(outcomes),
      id: ({found, result}) => (result === 'changed' || result === 'planned' ? found?.instance.id : undefined),
    })
    const wasSwitchedOn = outcomes.some(
      ({result, before, after}) => result === 'changed' && !before?.enabled && after?.enabled,
    )
    if (wasSwitchedOn) this.note(switchedOnNote)
  }
}

const resultStyles: Record<string, (text: string) => string> = {changed: green, planned: yellow, failed: red}

const outcomeColumns: Column<Outcome>[] = [
  {header: 'Name', value: ({found, asked}) => found?.instance.name ?? asked},
  {header: 'ID', value: ({found}) => found?.instance.id ?? '', priority: 2},
  {header: 'Zone', value: ({found}) => found?.instance.zone.name ?? '', priority: 3},
  {header: 'Before', value: ({before}) => (before ? settingsLabel(before) : '')},
  {header: 'After', value: ({after}) => (after ? settingsLabel(after) : '')},
  {header: 'Result', value: ({result}) => result, style: text => resultStyles[text]?.(text) ?? text},
]
