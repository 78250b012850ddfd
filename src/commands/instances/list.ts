import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {filterFlags, hasFilters, toFilters} from '../../cli/flags/selection.ts'
import {printRows, rowPrinter} from '../../cli/output.ts'
import {reportRegions} from '../../cli/report-failures.ts'
import {chooseColumns, columnNamed, defaultColumns, sortRows} from '../../instances/columns.ts'
import {toQuery} from '../../instances/filters.ts'
import {refuseImpossible} from '../../instances/impossible-filters.ts'
import {type ListedInstance, listInstances, streamInstances, toJsonRow} from '../../instances/list-instances.ts'
import {dataFormats, valueFormatNames} from '../../terminal/formats.ts'

export default class InstancesList extends BaseCommand {
  static override summary = 'List instances, in all regions or some, with their metadata settings.'
  static override description =
    `Filters can be combined. In the Metadata column, off means that the service is disabled, and http/1 that it is enabled with protocol http and hop limit 1.

With --sort none, the formats -o jsonl, -o csv and -q print instances as they are read, so memory use stays low for any number of instances. JSON lines then have null for floating_ips, which are slow to read, unless --columns includes floating-ip.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --metadata disabled --status running -r us-south,eu-de',
    "<%= config.bin %> <%= command.id %> --name 'web-*' --columns name,id,profile,metadata --sort -created",
    '<%= config.bin %> <%= command.id %> --protocol http --metadata enabled -q',
    '<%= config.bin %> <%= command.id %> -o jsonl --sort none',
  ]
  static override flags = {
    ...cloudFlags,
    ...filterFlags,
    columns: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAMES',
      summary: `Columns, separated by commas, or all (default: ${defaultColumns.join(',')}).`,
    }),
    sort: Flags.string({
      default: 'name',
      helpValue: 'COLUMN',
      summary: 'Sort by this column. Prefix it with - for descending order. none does not sort.',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(InstancesList)
    const columns = chooseColumns(flags.columns ?? defaultColumns)
    const isSorted = flags.sort !== 'none'
    const sortedBy = isSorted ? columnNamed(flags.sort.replace(/^-/, '')).key : undefined
    const filters = toFilters(flags)
    const query = toQuery(filters)
    const out = readOutput(flags)
    const {format} = out
    const hasAddresses = columns.some(({key}) => key === 'floating-ip')
    const hasValues = valueFormatNames.some(name => name === format)
    const isStream = !isSorted && format !== 'table' && dataFormats[format].of === 'values'
    const isShown = isStream ? flags.columns && hasAddresses : hasAddresses || hasValues
    const withFloatingIps = (isShown && !out.quiet) || sortedBy === 'floating-ip'

    const cloud = await connectCloud(this.context, flags)
    const output = {columns, toJson: toJsonRow, id: ({instance}: ListedInstance) => instance.id}
    const printSome = isSorted ? undefined : await rowPrinter(this.context, out, output)
    if (printSome) {
      let count = 0
      const printAndRemember = (rows: ListedInstance[]) => {
        count += rows.length
        this.context.rememberNames(rows)
        return printSome(rows)
      }
      const {failures, isRead, gone} = await streamInstances(cloud, query, withFloatingIps, printAndRemember)
      if (gone.size > 0) this.context.note(`Printed, but deleted since: ${[...gone].join(', ')}.`)
      if (count === 0 && failures.length === 0) await refuseImpossible(cloud, filters)
      return reportRegions(this.context, failures, isRead)
    }
    const {rows, failures, isRead} = await listInstances(cloud, query, withFloatingIps)
    reportRegions(this.context, failures, isRead)
    if (rows.length === 0 && failures.length === 0) await refuseImpossible(cloud, filters)
    this.context.rememberNames(rows, failures.length === 0 && !hasFilters(filters))
    await printRows(this.context, out, {
      ...output,
      rows: isSorted ? sortRows(rows, flags.sort) : rows,
      mayHide: flags.columns === undefined,
      empty: 'No instances found.',
    })
  }
}
