import {BaseCommand} from '../../cli/base-command.ts'
import {selectionHelp} from '../../cli/change-metadata.ts'
import {stopFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, selectionFlags} from '../../cli/flags/selection.ts'
import {switchPower} from '../../cli/switch-power.ts'

export default class InstancesStop extends BaseCommand {
  static override summary = 'Stop instances, and wait until they are stopped.'
  // Sources of what is IBM's: metadata/enable.ts.
  static override description =
    `A stop erases local disks for good, and a later start may find no capacity. vpcmd shows the risks and asks first; --yes does not skip that question, --accept-downtime does. An instance with local disks is left alone unless you pass --accept-data-loss. An instance that is stopped already is reported as unchanged.

${selectionHelp}

vpcmd records each run in a journal before it sends anything: see vpcmd metadata history and resume. The first stop that fails ends further stops. A stop can't be undone by settings: vpcmd instances start starts the instances again.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-1',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 my-virtual-server-2 --accept-downtime',
    '<%= config.bin %> <%= command.id %> --all --vpc my-test-vpc --dry-run',
  ]
  static override args = instanceArgs
  static override flags = {...cloudFlags, ...stopFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstancesStop)
    await switchPower(this.context, 'stop', flags, args.instance)
  }
}
