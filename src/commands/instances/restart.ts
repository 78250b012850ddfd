import {BaseCommand} from '../../cli/base-command.ts'
import {selectionHelp} from '../../cli/change-metadata.ts'
import {powerCycleFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, selectionFlags} from '../../cli/flags/selection.ts'
import {switchPower} from '../../cli/switch-power.ts'

export default class InstancesRestart extends BaseCommand {
  static override summary = 'Stop and start instances, a few at a time, and wait until they run again.'
  // Sources of what is IBM's: metadata/enable.ts.
  static override description =
    `An instance that was created with its metadata service off must be stopped and started before the service works fully (IBM's FAQ: https://cloud.ibm.com/docs/vpc?topic=vpc-faqs-for-rmds); a reboot is not enough. vpcmd stops each instance, checks that it stopped, starts it, and checks that it runs, by default one at a time in each VPC. The first one that fails ends further stops.

A stop erases local disks for good, the start may find no capacity, and the private address may change. vpcmd shows the risks and asks first; --yes does not skip that question, --accept-downtime does. An instance with local disks is left alone unless you pass --accept-data-loss. An instance that does not run is left alone too: use vpcmd instances start.

${selectionHelp}

vpcmd records each run in a journal before it sends anything. If a run is interrupted, vpcmd metadata resume starts what it stopped.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --accept-downtime',
    '<%= config.bin %> <%= command.id %> --all --vpc my-test-vpc --max-unavailable 10%',
  ]
  static override args = instanceArgs
  static override flags = {...cloudFlags, ...powerCycleFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstancesRestart)
    await switchPower(this.context, 'restart', flags, args.instance)
  }
}
