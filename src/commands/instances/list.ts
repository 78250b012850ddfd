import {Flags} from '@oclif/core'
import {CloudCommand} from '../../cloud-command.ts'
import {filterFlags, toFilters} from '../../instance-flags.ts'
import {chooseColumns, columnNamed, defaultColumns, sortRows} from '../../instances/columns.ts'
import {toQuery} from '../../instances/filters.ts'
import {listInstances, toJsonRow} from '../../instances/list-instances.ts'

export default class InstancesList extends CloudCommand {
  static override summary = 'List instances, in all regions or some, with their metadata settings.'
  static override description = `Filters can be combined; what IBM Cloud can filter it filters.

In the Metadata column, off means that the service is disabled; http/1 that it is enabled with protocol http and hop limit 1.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --metadata disabled --status running -r us-south,eu-de',
    "<%= config.bin %> <%= command.id %> --name 'web-*' --columns name,id,profile,metadata --sort -created",
    '<%= config.bin %> <%= command.id %> --protocol http --metadata enabled -q',
  ]
  static override flags = {
    ...filterFlags,
    columns: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAMES',
      summary: `Columns, with commas; all shows every one. Default: ${defaultColumns.join(',')}.`,
    }),
    sort: Flags.string({
      default: 'name',
      helpValue: 'COLUMN',
      summary: 'Sort by a column; descending with a hyphen before it.',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(InstancesList)
    const columns = chooseColumns(flags.columns ?? defaultColumns)
    const sortedBy = columnNamed(flags.sort.replace(/^-/, ''))
    const query = toQuery(toFilters(flags))
    const format = this.formatOf(flags)
    const isShown = ['json', 'jsonl', 'yaml'].includes(format) || columns.some(({key}) => key === 'floating-ip')
    const withFloatingIps = (isShown && !flags.quiet) || sortedBy.key === 'floating-ip'

    const cloud = await this.cloud(flags)
    const {rows, failures, isRead} = await listInstances(cloud, query, withFloatingIps)
    this.reportRegions(failures, isRead)
    await this.printRows(flags, {
      rows: sortRows(rows, flags.sort),
      columns,
      mayHide: flags.columns === undefined,
      toJson: toJsonRow,
      id: ({instance}) => instance.id,
      empty: 'No instances were found.',
    })
  }
}
