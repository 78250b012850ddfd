import {BaseCommand} from '../../cli/base-command.ts'
import {selectionHelp} from '../../cli/change-metadata.ts'
import {accountFlags, connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {chosenColumns, columnsFlag, namedOutput, noHeaders} from '../../cli/flags/output.ts'
import {instanceArgs, readSelection, selectionFlags} from '../../cli/flags/selection.ts'
import {printRows} from '../../cli/output.ts'
import {reportFailures} from '../../cli/report-failures.ts'
import {restartsAwaited} from '../../cli/restarts-awaited.ts'
import {selectInstances} from '../../cli/select-instances.ts'
import type {Cloud} from '../../cloud/cloud.ts'
import type {Region} from '../../cloud/regions.ts'
import {exitCodes} from '../../errors.ts'
import {
  awaitedColumn,
  chooseColumns,
  columnsOf,
  type InstanceColumn,
  metadataColumns,
  showColumns,
  toMetadataRow,
} from '../../instances/columns.ts'
import {type ListedInstance, whereIs} from '../../instances/list-instances.ts'
import {readableTime} from '../../terminal/time.ts'

/** An instance, and the region to ask for what its body does not tell. */
type ShownInstance = ListedInstance & {where: Region}

export default class MetadataShow extends BaseCommand {
  static override summary = 'Show the metadata settings of instances.'
  static override description =
    `The URL is the address of the service within the instance. It is empty while the service is off.

If vpcmd enabled the service of a running instance, and its journal on this machine has no stop and start since, the output also says since when the instance awaits a restart. Until then the service may not work fully.

${selectionHelp}`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 my-virtual-server-2 --json',
    '<%= config.bin %> <%= command.id %> --all --metadata enabled --protocol http -o csv',
  ]
  static override args = instanceArgs
  static override flags = {
    ...cloudFlags,
    ...selectionFlags,
    columns: columnsFlag(metadataColumns),
    output: namedOutput,
    'no-headers': noHeaders,
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(MetadataShow)
    const selection = readSelection(flags, args.instance)
    const byDefault = chooseColumns(columnsOf(await accountFlags(this.context, flags), metadataColumns))
    const columns = chosenColumns(out, showColumns, byDefault)
    const cloud = await connectCloud(this.context, flags)
    const picker = {question: 'Which instance?', picksOne: true, mayBeNone: true}
    const [{items}, awaited] = await Promise.all([
      selectInstances<ShownInstance>(this.context, cloud, selection, picker, ({instance, region}) => ({
        instance,
        ...whereIs(region),
        where: region,
        floatingIps: undefined,
      })),
      restartsAwaited(this.context, cloud),
    ])
    // One that does not run has been stopped since: its next start is all that it takes.
    const awaitedSince = ({instance: {id, status, settings}, account}: ListedInstance) =>
      status === 'running' && settings.enabled ? awaited?.({id, account: account?.id}) : undefined
    const asShown = (time: string) => (out.format === 'table' ? readableTime(time) : time)
    const withAwaited = (column: InstanceColumn): InstanceColumn =>
      column === awaitedColumn ? {...column, value: row => asShown(awaitedSince(row) ?? '')} : column
    const found = items.flatMap(item => ('error' in item ? [] : [item]))
    const errors = items.flatMap(item => ('error' in item ? [item.error] : []))
    const [only] = errors
    if (only && items.length === 1) throw only
    reportFailures(this.context, errors, items.length)
    const showsTags = columns.some(({key}) => key === 'tags')
    const rows = showsTags ? await this.tagged(cloud, found) : found
    const isAwaited = !out.columns && rows.some(row => awaitedSince(row) !== undefined)
    await printRows(this.context, out, {
      rows,
      columns: [...columns, ...(isAwaited ? [awaitedColumn] : [])].map(withAwaited),
      mayHide: !out.columns,
      toJson: row => {
        const since = awaitedSince(row)
        return {...toMetadataRow(row), ...(since !== undefined && {restart_awaited_since: since})}
      },
      id: ({instance}) => instance.id,
      name: ({instance}) => instance.name,
    })
  }

  private async tagged(cloud: Cloud, found: ShownInstance[]): Promise<ShownInstance[]> {
    const {withTags} = await import('../../instances/tags.ts')
    const {tagged, errors} = await withTags(cloud, found)
    for (const error of errors) this.context.warning(error.inOneLine)
    if (errors.length > 0) this.context.exitCode = exitCodes.failed
    return tagged
  }
}
