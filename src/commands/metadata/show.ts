import {Args} from '@oclif/core'
import {CloudCommand} from '../../cloud-command.ts'
import {chooseColumns, metadataColumns, toMetadataRow} from '../../instances/columns.ts'
import {findInstances, instanceChoices} from '../../instances/find-instance.ts'

export default class MetadataShow extends CloudCommand {
  static override summary = 'Show the metadata settings of instances.'
  static override description =
    `The URL is where the service answers within the instance; it is empty while the service is off.

Without <instance>, on a terminal, one is picked from a list. For many instances, see vpcmd instances list.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 my-virtual-server-2 --json',
  ]
  static override args = {
    instance: Args.string({multiple: true, description: 'IDs, names or CRNs of instances.'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataShow)
    const cloud = await this.cloud(flags)
    const asked = args.instance ?? []
    const settled =
      asked.length === 0
        ? [await this.pickOne('Which instance?', async () => instanceChoices(cloud))]
        : await findInstances(cloud, asked)
    const rows = settled.flatMap(item =>
      'error' in item ? [] : [{instance: item.instance, region: item.region.name, floatingIps: undefined}],
    )
    const errors = settled.flatMap(item => ('error' in item ? [item.error] : []))
    const [only] = errors
    if (only && settled.length === 1) throw only
    this.reportFailures(errors, settled.length)
    await this.printRows(flags, {
      rows,
      columns: chooseColumns(metadataColumns),
      mayHide: true,
      toJson: toMetadataRow,
      id: ({instance}) => instance.id,
    })
  }
}
