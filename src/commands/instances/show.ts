import {Args} from '@oclif/core'
import {CloudCommand} from '../../command-line/cloud-command.ts'
import {instanceDetails} from '../../instances/details.ts'
import {findInstance, instanceChoices} from '../../instances/find-instance.ts'
import {addressesOf, floatingIpsFor} from '../../instances/floating-ips.ts'
import {toJsonRow} from '../../instances/list-instances.ts'

export default class InstancesShow extends CloudCommand {
  static override summary = 'Show one instance in full.'
  static override description = 'Without <instance>, on a terminal, one is picked from a list.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> 0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6 --json',
  ]
  static override args = {
    instance: Args.string({description: 'ID, name or CRN of the instance.'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstancesShow)
    const cloud = await this.cloud(flags)
    const found =
      args.instance === undefined
        ? await this.pickOne('Which instance?', async () => instanceChoices(cloud))
        : await findInstance(cloud, args.instance)
    const index = await floatingIpsFor(cloud.api(found.region), found.instance)
    const row = {instance: found.instance, region: found.region.name, floatingIps: addressesOf(found.instance, index)}
    await this.printRecord(flags, {
      entries: instanceDetails(row, index),
      json: toJsonRow(row),
      id: row.instance.id,
    })
  }
}
