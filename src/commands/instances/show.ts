import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {printRecord} from '../../cli/output.ts'
import {findOrPick} from '../../cli/select-instances.ts'
import {instanceDetails} from '../../instances/details.ts'
import {addressesOf, floatingIpsFor} from '../../instances/floating-ips.ts'
import {toJsonRow, whereIs} from '../../instances/list-instances.ts'

export default class InstancesShow extends BaseCommand {
  static override summary = 'Show all details of an instance.'
  static override description = 'Without an instance, vpcmd asks you to pick one from a list if there is a terminal.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> 0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6 --json',
  ]
  static override args = {
    instance: Args.string({description: 'ID, name or CRN of the instance.'}),
  }
  static override flags = cloudFlags

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(InstancesShow)
    const cloud = await connectCloud(this.context, flags)
    const found = await findOrPick(this.context, cloud, args.instance, 'Which instance?')
    const index = await floatingIpsFor(cloud.api(found.region), found.instance)
    const row = {instance: found.instance, ...whereIs(found.region), floatingIps: addressesOf(found.instance, index)}
    await printRecord(this.context, out, {
      entries: instanceDetails(row, index),
      json: toJsonRow(row),
      id: row.instance.id,
    })
  }
}
