import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {accountFlags, connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {chosenColumns, columnsFlag, limit, namedOutput, noHeaders, printsValues} from '../../cli/flags/output.ts'
import {filterFlags, hasFilters, toFilters} from '../../cli/flags/selection.ts'
import {noteLimit, printRows, rowPrinter} from '../../cli/output.ts'
import {settledPreferences} from '../../cli/preferences.ts'
import {noneFound, reportRegions} from '../../cli/report-failures.ts'
import {
  chooseColumns,
  columnNamed,
  columnsOf,
  defaultColumns,
  instanceColumns,
  sortRows,
} from '../../instances/columns.ts'
import {toQuery} from '../../instances/filters.ts'
import {refuseImpossible, wholeNameHint} from '../../instances/impossible-filters.ts'
import {type ListedInstance, listInstances, streamInstances, toJsonRow} from '../../instances/list-instances.ts'
import {tunables} from '../../instances/settings.ts'
import {naturalOrder} from '../../natural-order.ts'
import {dataFormats} from '../../terminal/formats.ts'

export default class InstancesList extends BaseCommand {
  static override summary = 'List instances, in all regions or some, with their metadata settings.'
  static override description =
    `Filters can be combined. In the Metadata column, off means that the service is disabled, and http/1 that it is enabled with protocol http and hop limit 1.

With --sort none, the formats -o jsonl, -o csv, -o name and -q print instances as they are read, so memory use stays low for any number of instances. JSON lines then have null for floating_ips, which are slow to read, unless --columns includes floating-ip.

-o name prints names, or the ID of an instance without one, or whose name begins with a hyphen. Names may not be unique; -q prints IDs.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --metadata disabled --status running -r us-south,eu-de',
    "<%= config.bin %> <%= command.id %> --name 'web-*' --columns name,id,profile,metadata --sort -created",
    '<%= config.bin %> <%= command.id %> --protocol http --metadata enabled -q',
    '<%= config.bin %> <%= command.id %> -o jsonl --sort none',
    `<%= config.bin %> <%= command.id %> --query "[?status=='stopped'].name"`,
  ]
  static override flags = {
    ...cloudFlags,
    ...filterFlags,
    columns: columnsFlag(defaultColumns),
    sort: Flags.string({
      default: 'name',
      helpValue: 'COLUMN',
      summary: 'Sort by this column. Prefix it with - for descending order. none does not sort.',
    }),
    limit,
    output: namedOutput,
    'no-headers': noHeaders,
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(InstancesList)
    const preferred = settledPreferences(this.context).columns?.value
    const columns = chosenColumns(
      out,
      instanceColumns,
      chooseColumns(columnsOf(await accountFlags(this.context, flags), preferred ?? defaultColumns)),
    )
    const isSorted = flags.sort !== 'none'
    const sortedBy = isSorted ? columnNamed(flags.sort.replace(/^-/, '')).key : undefined
    const filters = toFilters(flags)
    const {format, query} = out
    const showsTags = columns.some(({key}) => key === 'tags') && !out.quiet && !out.names
    const filter = {...toQuery(filters), showsTags: showsTags || sortedBy === 'tags'}
    const hasAddresses = columns.some(({key}) => key === 'floating-ip')
    const isStream = !isSorted && format !== 'table' && dataFormats[format].of === 'values' && query === undefined
    const isShown = out.columns || isStream ? out.columns && hasAddresses : hasAddresses || printsValues(out)
    const withFloatingIps = (isShown && !out.quiet && !out.names) || sortedBy === 'floating-ip'

    const cloud = await connectCloud(this.context, flags)
    const output = {columns, toJson: toJsonRow, id: idOf, name: nameOf}
    const printSome = isSorted ? undefined : await rowPrinter(this.context, out, output)
    if (printSome) {
      let count = 0
      const printAndRemember = async (rows: ListedInstance[]) => {
        const left = out.limit === undefined ? rows.length : out.limit - count
        count += Math.min(left, rows.length)
        this.context.rememberNames(rows)
        await printSome(rows.slice(0, left))
        if (left < rows.length) throw new LimitReached()
      }
      const reading = streamInstances(cloud, filter, withFloatingIps, printAndRemember)
      const ended = await reading.catch((error: unknown) => {
        if (error instanceof LimitReached) return undefined
        throw error
      })
      if (!ended) return noteLimit(this.context, count)
      const {failures, isRead, gone} = ended
      if (gone.size > 0) this.context.note(`Printed, but deleted since: ${[...gone.values()].join(', ')}.`)
      if (count === 0 && failures.length === 0) await refuseImpossible(cloud, filters)
      return reportRegions(this.context, failures, isRead)
    }
    // Made while the first answers are on their way.
    setTimeout(naturalOrder, 50).unref()
    const {rows, failures, isRead} = await listInstances(cloud, filter, withFloatingIps)
    reportRegions(this.context, failures, isRead)
    if (rows.length === 0 && failures.length === 0) await refuseImpossible(cloud, filters)
    this.context.rememberNames(rows, failures.length === 0 && !hasFilters(filters))
    await printRows(this.context, out, {
      ...output,
      rows: isSorted ? sortRows(rows, flags.sort) : rows,
      mayHide: (out.columns ?? preferred) === undefined,
      empty: [noneFound(failures), wholeNameHint(filters) ?? ''].join(' ').trim(),
    })
    const asked = new Map(Object.entries(filters))
    const isOfSettings = tunables.some(({key}) => asked.get(key) !== undefined) && filters.metadata === undefined
    const off = isOfSettings ? rows.filter(({instance}) => instance.settings.enabled === false).length : 0
    if (off === 0 || format !== 'table' || query !== undefined || out.quiet || out.names) return
    // What the service would use once it is on is not what it speaks.
    this.context.note(`The service is off on ${off} of these; --metadata enabled leaves them out.`)
  }
}

/** Ends the reading: all that is to be printed was printed. */
class LimitReached extends Error {}

function idOf({instance}: ListedInstance): string {
  return instance.id
}

function nameOf({instance}: ListedInstance): string | undefined {
  return instance.name
}
