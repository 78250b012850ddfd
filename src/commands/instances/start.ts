import {BaseCommand} from '../../cli/base-command.ts'
import {selectionHelp} from '../../cli/change-metadata.ts'
import {startFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, selectionFlags} from '../../cli/flags/selection.ts'
import {switchPower} from '../../cli/switch-power.ts'

export default class InstancesStart extends BaseCommand {
  static override summary = 'Start instances, and wait until they run.'
  static override description =
    `An instance that runs already is reported as unchanged. vpcmd waits until each instance is seen running, and says so if a start fails, as where there is no capacity. Unless you typed the instances, it asks first.

${selectionHelp}

vpcmd records each run in a journal before it sends anything: see vpcmd metadata history and resume.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-1',
    '<%= config.bin %> <%= command.id %> --all --status stopped --vpc my-test-vpc',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 --dry-run',
  ]
  static override args = instanceArgs
  static override flags = {...cloudFlags, ...startFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstancesStart)
    await switchPower(this.context, 'start', flags, args.instance)
  }
}
