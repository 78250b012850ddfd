import {selectionFlags} from '../../instance-flags.ts'
import {chooseColumns, metadataColumns, toMetadataRow} from '../../instances/columns.ts'
import type {ListedInstance} from '../../instances/list-instances.ts'
import {instanceArgs} from '../../metadata-change-command.ts'
import {SelectionCommand} from '../../selection-command.ts'

export default class MetadataShow extends SelectionCommand {
  static override summary = 'Show the metadata settings of instances.'
  static override description =
    `The URL is where the service answers within the instance; it is empty while the service is off.

Many are chosen with --from-file, or with --all and the filters of instances list. Without any of these, on a terminal, one is picked from a list.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 my-virtual-server-2 --json',
    '<%= config.bin %> <%= command.id %> --all --metadata enabled --protocol http -o csv',
  ]
  static override args = instanceArgs
  static override flags = selectionFlags

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataShow)
    const cloud = await this.cloud(flags)
    const way = {flags, typed: args.instance ?? [], filters: flags, question: 'Which instance?', picksOne: true}
    const {items} = await this.select<ListedInstance>(cloud, way, ({instance, region}) => ({
      instance,
      region: region.name,
      floatingIps: undefined,
    }))
    const rows = items.flatMap(item => ('error' in item ? [] : [item]))
    const errors = items.flatMap(item => ('error' in item ? [item.error] : []))
    const [only] = errors
    if (only && items.length === 1) throw only
    this.reportFailures(errors, items.length)
    await this.printRows(flags, {
      rows,
      columns: chooseColumns(metadataColumns),
      mayHide: true,
      toJson: toMetadataRow,
      id: ({instance}) => instance.id,
    })
  }
}
