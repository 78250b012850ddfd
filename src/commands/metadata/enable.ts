import {BaseCommand} from '../../cli/base-command.ts'
import {askSettings, changeMetadata} from '../../cli/change-metadata.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {readChange, restartFlags, rolloutFlags, settingFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, readSelectionForChanges, selectionFlagsForChanges} from '../../cli/flags/selection.ts'

export default class MetadataEnable extends BaseCommand {
  static override summary = 'Turn the metadata service of instances on, with the protocol and hop limit wanted.'
  static override description =
    `Each instance is read first, and only what differs is sent; what is already right is left alone and reported as unchanged. Without --protocol or --hop-limit those settings stay as they are.

Many are chosen with --from-file, or with --all and the filters of instances list. Without any of these, on a terminal, instances are picked from a list, and what no flag gave is asked. What is chosen otherwise than by typing it is shown, and asked for, first.

Each run is in the journal before anything is sent: see vpcmd metadata history, resume and undo. Ctrl-C ends a run in good order: nothing new is sent, and what is under way is awaited and recorded; a second Ctrl-C ends it at once.

An instance that was created with the service off must be stopped and started before the service works fully. vpcmd never does that unasked. With --restart it does, for the running instances on which this run turned the service on: each is stopped, seen stopped, started and seen running, in batches. First it shows what that risks (local disks that a stop erases for good, a start that finds no capacity, another private address), and asks a question of its own. One that does not run stays as it is.`
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
    ...settingFlags,
    ...rolloutFlags,
    ...restartFlags,
    ...selectionFlagsForChanges,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataEnable)
    const {context} = this
    const policy = readChange(flags)
    const selection = readSelectionForChanges(flags, args.instance)
    const cloud = await connectCloud(context, flags)
    await changeMetadata(context, cloud, policy, {
      verb: 'Enable',
      alwaysAsks: false,
      selection,
      wanted: async picked => ({enabled: true, ...(await askSettings(context, flags, picked))}),
    })
  }
}
