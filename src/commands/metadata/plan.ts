import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {chooseToChange, pickerOf, withinReach} from '../../cli/change-metadata.ts'
import {checkFiles} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import type {Context} from '../../cli/context.ts'
import {printEnding} from '../../cli/ending.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {instanceArgs, readSelectionForChanges, selectionFlagsForChanges} from '../../cli/flags/selection.ts'
import {breachesOf, policyFlag, readPolicy, withBreaches} from '../../cli/policy-file.ts'
import {printOutcomes} from '../../cli/print-outcomes.ts'
import {reportFailures} from '../../cli/report-failures.ts'
import {showChanges, showPlaces} from '../../cli/show-changes.ts'
import {readWantedSettings, settingFlags} from '../../cli/wanted-settings.ts'
import {usageError, VpcmdError} from '../../errors.ts'
import {countResults, describeCounts, outcomesOf} from '../../metadata/outcomes.ts'
import {type Candidate, changesIn, draftPlan, type Plan} from '../../metadata/plan.ts'

export default class MetadataPlan extends BaseCommand {
  static override summary = 'Plan changes, to review them and apply them later.'
  static override description =
    `This command changes nothing. A plan holds each change field by field, with the current settings. vpcmd metadata apply makes exactly these changes, and leaves alone what has changed since.

Choose instances as with vpcmd metadata enable, and pass --enable or --disable. Without --out, vpcmd only shows the plan.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --enable --protocol https --hop-limit 1 --all --vpc my-test-vpc --out plan.json',
    '<%= config.bin %> <%= command.id %> --disable my-virtual-server-1',
  ]
  static override args = instanceArgs
  static override flags = {
    ...cloudFlags,
    enable: Flags.boolean({summary: 'Plan to enable the service.', exclusive: ['disable']}),
    disable: Flags.boolean({summary: 'Plan to disable the service.'}),
    ...settingFlags(({word}) => `Plan to set this ${word}.`, ['disable']),
    ...policyFlag,
    out: Flags.string({helpValue: 'FILE', summary: 'Write the plan to this file; - is stdout.'}),
    ...selectionFlagsForChanges,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataPlan)
    const {context} = this
    const out = readOutput(flags)
    if (!flags.enable && !flags.disable) {
      throw usageError('Pass --enable or --disable.', 'See vpcmd metadata plan --help.')
    }
    checkFiles([flags.out === '-' ? undefined : flags.out], [flags['from-file'], flags['api-key-file']])
    const rules = flags.policy === undefined ? undefined : await readPolicy(flags.policy, context.env)
    const options = readSelectionForChanges(flags, args.instance)
    const cloud = await connectCloud(context, flags)
    const picker = pickerOf(flags.enable ? 'Plan to enable' : 'Plan to disable')
    const selection = await chooseToChange(context, cloud, options, picker)
    const wanted = flags.disable ? {enabled: false} : {...readWantedSettings(flags), enabled: true}
    const items = withinReach(context, selection)
    const drafts = draftPlan(items, wanted)
    const changes = changesIn(drafts)
    const breaches = await breachesOf(context, rules, changes)
    const outcomes = () => withBreaches(outcomesOf(drafts), breaches)
    if (flags.out === undefined) {
      await printOutcomes(context, out, outcomes(), {unread: selection.unread})
      // Each is in what was printed.
      showPlaces(context, changes)
      const counts = describeCounts(countResults(outcomes()))
      context.note(`Nothing was sent or written: ${counts}. Pass --out FILE to save the plan.`)
      return
    }
    refuseErrors(context, items)
    const [{formatPlan, writePlan}, {account}] = await Promise.all([
      import('../../metadata/plan-file.ts'),
      cloud.caller(),
    ])
    const plan: Plan = {
      account,
      createdAt: new Date(context.host.now()).toISOString(),
      vpcmd: context.version,
      selection: `${flags.enable ? 'enable' : 'disable'} ${selection.words}`,
      ...(selection.unread.length > 0 && {unread: selection.unread}),
      changes,
    }
    if (flags.out === '-') context.print(formatPlan(plan))
    else {
      await writePlan(flags.out, plan)
      // Who asks for a format reads stdout: nothing at all would be no JSON.
      if (out.quiet || out.format !== 'table') await printOutcomes(context, out, outcomes(), {unread: selection.unread})
    }
    showChanges(context, changes, breaches, flags.out === '-' ? 'the plan lists' : `${flags.out} lists`)
    const unchanged = drafts.filter(draft => !('error' in draft)).length - changes.length
    printEnding(context, {
      lines: [{mark: 'done', text: `${changes.length} to change, ${unchanged} unchanged`}],
      next: flags.out === '-' ? [] : [['apply', ['metadata', 'apply', flags.out]]],
    })
  }
}

/** A plan without what was asked for would look whole. */
function refuseErrors(context: Context, items: Candidate[]): void {
  const missed = items.flatMap(item => ('error' in item && !item.isOutOfReach ? [item] : []))
  const errors = missed.map(({error}) => error)
  const [first] = errors
  if (!first) return
  if (items.length === 1) throw first
  reportFailures(context, errors, items.length)
  const asked = missed.map(each => each.asked)
  const which = asked.length > 5 ? `${asked.slice(0, 5).join(', ')} and ${asked.length - 5} more` : asked.join(', ')
  throw new VpcmdError({
    code: 'plan_incomplete',
    message: `${errors.length} of ${items.length} instances were not found or could not be read, so no plan was written: ${which}.`,
    exitCode: errors.length === items.length ? first.exitCode : 1,
  })
}
