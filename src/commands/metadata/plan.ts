import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {chooseToChange, pickerOf, withinReach} from '../../cli/change-metadata.ts'
import {checkFiles, checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import type {Context} from '../../cli/context.ts'
import {notRead, printEnding} from '../../cli/ending.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, readSelectionForChanges, selectionFlagsForChanges} from '../../cli/flags/selection.ts'
import {managersOf, readTerraformFile, tellManagers, withManagers} from '../../cli/plan-managers.ts'
import {breachesByCrn, breachesOf, policyFlag, readPolicy, withBreaches} from '../../cli/policy-file.ts'
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

Choose instances as with vpcmd metadata enable, and pass --enable or --disable. Without --out, vpcmd only shows the plan.

vpcmd also tells which instances Schematics manages, by their tags, and which ones Terraform manages, by --terraform-state: where the configuration has a metadata_service block, the next apply reverts the change. With --hcl, it prints the blocks that keep it. Whether there is a block is in the output of terraform show -json of a plan, not in a state.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --enable --protocol https --hop-limit 1 --all --vpc my-test-vpc --out plan.json',
    '<%= config.bin %> <%= command.id %> --disable my-virtual-server-1',
    '<%= config.bin %> <%= command.id %> --enable --all --tag env:prod --terraform-state state.json --hcl',
  ]
  static override args = instanceArgs
  static override flags = {
    ...cloudFlags,
    enable: Flags.boolean({summary: 'Plan to enable the service.', exclusive: ['disable']}),
    disable: Flags.boolean({summary: 'Plan to disable the service.'}),
    ...settingFlags(({word}) => `Plan to set this ${word}.`, ['disable']),
    ...policyFlag,
    out: Flags.string({helpValue: 'FILE', summary: 'Write the plan to this file; - is stdout.'}),
    'terraform-state': Flags.string({
      helpValue: 'FILE',
      summary:
        'Tell which instances this Terraform state has: output of terraform show -json, or a state file; - is stdin.',
    }),
    hcl: Flags.boolean({
      summary: 'Print the metadata_service blocks for Terraform in place of the table.',
      exclusive: ['output', 'json', 'quiet', 'query'],
    }),
    ...selectionFlagsForChanges,
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(MetadataPlan)
    const {context} = this
    if (!flags.enable && !flags.disable) {
      throw usageError('Pass --enable or --disable.', 'See vpcmd metadata plan --help.')
    }
    const {'terraform-state': state, hcl = false} = flags
    checkFiles([flags.out === '-' ? undefined : flags.out], [flags['from-file'], state, flags['api-key-file']])
    checkStdin(flags, {'list of instances': flags['from-file'], policy: flags.policy, 'Terraform state': state})
    if (hcl && flags.out === '-') throw usageError("--hcl can't be combined with --out -.", 'Write the plan to a file.')
    const terraform = state === undefined ? undefined : await readTerraformFile(context.host, state)
    const rules = flags.policy === undefined ? undefined : await readPolicy(context.host, flags.policy)
    const options = readSelectionForChanges(flags, args.instance)
    const cloud = await connectCloud(context, flags)
    const picker = pickerOf(flags.enable ? 'Plan to enable' : 'Plan to disable')
    const selection = await chooseToChange(context, cloud, options, picker)
    const wanted = flags.disable ? {enabled: false} : {...readWantedSettings(flags), enabled: true}
    const items = withinReach(context, selection)
    const drafts = draftPlan(items, wanted)
    const changes = changesIn(drafts)
    const breaches = await breachesOf(context, cloud, rules, changes)
    const found = drafts.flatMap(draft => ('error' in draft ? [] : [draft]))
    const managers = await managersOf(context, cloud, changes.length > 0 ? found : [], terraform)
    const outcomes = () => withManagers(withBreaches(outcomesOf(drafts), breaches), managers)
    // In place of a table, on stdout.
    const print = async () => {
      if (!hcl) return printOutcomes(context, out, outcomes(), {unread: selection.unread, isPlan: true})
      reportFailures(context, errorsIn(items), items.length)
      const {toHcl} = await import('../../metadata/hcl.ts')
      context.print(toHcl(changes, id => terraform?.get(id)?.address))
    }
    const tell = () => tellManagers(context, changes, managers, {printsHcl: hcl})
    if (flags.out === undefined) {
      await print()
      // Each is in what was printed.
      showPlaces(context, changes)
      tell()
      const counts = describeCounts(countResults(outcomes()))
      context.note(
        `Nothing was sent or written: ${counts}${notRead(selection.unread)}. Pass --out FILE to save the plan.`,
      )
      return
    }
    refuseErrors(context, items)
    const [{formatPlan, writePlan}, {account}] = await Promise.all([
      import('../../metadata/plan-file.ts'),
      cloud.caller(),
    ])
    const againstPolicy = breachesByCrn(breaches, changes)
    const plan: Plan = {
      account,
      ...(cloud.assumes !== undefined && {assumes: cloud.assumes}),
      createdAt: new Date(context.host.now()).toISOString(),
      vpcmd: context.version,
      selection: `${flags.enable ? 'enable' : 'disable'} ${selection.words}`,
      ...(selection.unread.length > 0 && {unread: selection.unread}),
      ...(againstPolicy && {againstPolicy}),
      changes,
    }
    if (flags.out === '-') context.print(formatPlan(plan))
    else {
      await writePlan(this.context.host, flags.out, plan)
      // Who asks for a format reads stdout: nothing at all would be no JSON.
      if (hcl || out.quiet || out.format !== 'table') await print()
    }
    showChanges(context, changes, breaches, flags.out === '-' ? 'the plan lists' : `${flags.out} lists`)
    tell()
    const counted = `${changes.length} to change, ${found.length - changes.length} unchanged`
    printEnding(context, {
      lines: [
        {
          mark: selection.unread.length > 0 ? 'notice' : 'done',
          text: counted + notRead(selection.unread),
        },
      ],
      next: flags.out === '-' || changes.length === 0 ? [] : [['apply', ['metadata', 'apply', flags.out]]],
    })
  }
}

function errorsIn(items: Candidate[]): VpcmdError[] {
  return items.flatMap(item => ('error' in item && !item.isOutOfReach ? [item.error] : []))
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
