import {BaseCommand} from '../../cli/base-command.ts'
import {changeMetadata, selectionHelp} from '../../cli/change-metadata.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {readChange, restartFlags, rolloutFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, readSelectionForChanges, selectionFlagsForChanges} from '../../cli/flags/selection.ts'
import {policyFlag, readPolicy} from '../../cli/policy-file.ts'
import {readWantedSettings, settingFlags} from '../../cli/wanted-settings.ts'

export default class MetadataEnable extends BaseCommand {
  static override summary = 'Enable the metadata service of instances, and set its protocol and hop limit.'
  // Of IBM's: ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md (stop and start), vsi_instance_storage.md (disks),
  // vsi_is_manage_instances.md (capacity); ibm-cloud-docs/vpc-infrastructure-cli-plugin, vpc-cli-reference.md (address).
  static override description =
    `vpcmd reads each instance first and sends only what differs. An instance that is already set is reported as unchanged. Without --protocol or --hop-limit, those settings stay as they are.

${selectionHelp} It then also asks for the settings that no flag gives. Unless you typed the instances, vpcmd shows the changes and asks before it makes them.

vpcmd records each run in a journal before it sends anything: see vpcmd metadata history, resume and undo. Press Ctrl-C to stop: vpcmd sends nothing new, and waits for and records what is in progress. Press it again to stop at once.

An instance that was created with the service off must be stopped and started before the service works fully (IBM's FAQ: https://cloud.ibm.com/docs/vpc?topic=vpc-faqs-for-rmds). vpcmd does that only with --restart, and only for running instances on which this run enabled the service. It stops each instance, checks that it stopped, starts it, and checks that it runs, in batches. It first shows the risks (a stop erases local disks for good, a start may find no capacity, the private address may change) and asks separately. An instance that is not running is not started.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --protocol https --hop-limit 2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 my-virtual-server-2 --protocol https --dry-run',
    '<%= config.bin %> <%= command.id %> --all --metadata disabled --vpc my-test-vpc --protocol https',
    '<%= config.bin %> <%= command.id %> --all --metadata disabled --restart --max-unavailable 10%',
    '<%= config.bin %> instances list -q --metadata disabled | <%= config.bin %> <%= command.id %> --from-file - --yes',
  ]
  static override args = instanceArgs
  static override flags = {
    ...cloudFlags,
    ...settingFlags(
      ({help, byDefault}) => `${help} Without it, a server keeps its own, ${byDefault} if none was ever set.`,
    ),
    ...policyFlag,
    ...rolloutFlags,
    ...restartFlags,
    ...selectionFlagsForChanges,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataEnable)
    const {context} = this
    const policy = readChange(flags)
    const selection = readSelectionForChanges(flags, args.instance)
    const rules = flags.policy === undefined ? undefined : await readPolicy(context.host, flags.policy)
    const cloud = await connectCloud(context, flags)
    await changeMetadata(context, cloud, policy, {
      verb: 'Enable',
      alwaysAsks: false,
      selection,
      rules,
      wanted: {...readWantedSettings(flags), enabled: true},
      asksForSettings: true,
    })
  }
}
