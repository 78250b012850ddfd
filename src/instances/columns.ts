import {distance} from 'fastest-levenshtein'
import {usageError} from '../errors.ts'
import {serviceUrl, settingList, settingsLabel} from '../metadata/settings.ts'
import type {ListedInstance} from './list-instances.ts'

/** A column of `instances list`: its key for `--columns` and `--sort`, and how a row reads in it. */
export interface InstanceColumn {
  key: string
  header: string
  value(row: ListedInstance): string
  /** The lower, the longer it stays on a narrow terminal; without one it always stays. */
  priority?: number
}

const settingColumns: InstanceColumn[] = settingList.map(({name, key, header}) => ({
  key,
  header,
  value: ({instance}) => told(instance.settings[name]),
}))

// Headers and the order of the first sixteen are those of `ibmcloud is instances`
// (ibm-cloud-docs/vpc, imd_access_instance_metadata); what is empty is printed as `-`.
const columns: InstanceColumn[] = [
  {key: 'id', header: 'ID', value: ({instance}) => instance.id, priority: 6},
  {key: 'name', header: 'Name', value: ({instance}) => told(instance.name)},
  {key: 'status', header: 'Status', value: ({instance}) => told(instance.status), priority: 2},
  {key: 'reserved-ip', header: 'Reserved IP', value: ({instance}) => told(reservedIpOf(instance)), priority: 5},
  {key: 'floating-ip', header: 'Floating IP', value: ({floatingIps}) => floatingIps?.join(', ') ?? '?', priority: 4},
  {key: 'profile', header: 'Profile', value: ({instance}) => told(instance.profile), priority: 7},
  {key: 'image', header: 'Image', value: ({instance}) => told(instance.image?.name), priority: 8},
  {key: 'vpc', header: 'VPC', value: ({instance}) => told(instance.vpc?.name), priority: 6},
  {key: 'zone', header: 'Zone', value: ({instance}) => told(instance.zone), priority: 3},
  {
    key: 'confidential-compute-mode',
    header: 'Confidential Compute Mode',
    value: ({instance}) => told(instance.confidentialComputeMode),
    priority: 9,
  },
  {key: 'secure-boot', header: 'Enable Secure Boot', value: ({instance}) => told(instance.secureBoot), priority: 9},
  {
    key: 'resource-group',
    header: 'Resource group',
    value: ({instance}) => told(instance.resourceGroup?.name),
    priority: 7,
  },
  {
    key: 'reservation',
    header: 'Reservation Name',
    value: ({instance}) => told(instance.reservation?.name),
    priority: 9,
  },
  {
    key: 'cluster-network-id',
    header: 'Cluster Network ID',
    value: ({instance}) => told(instance.clusterNetwork?.id),
    priority: 9,
  },
  {
    key: 'cluster-network',
    header: 'Cluster Network Name',
    value: ({instance}) => told(instance.clusterNetwork?.name),
    priority: 9,
  },
  {
    key: 'cluster-network-attachments',
    header: 'Cluster Network Attachments',
    value: ({instance}) => instance.clusterNetworkAttachments.map(({name}) => told(name)).join(', '),
    priority: 9,
  },
  {key: 'metadata', header: 'Metadata', value: ({instance}) => settingsLabel(instance.settings)},
  ...settingColumns,
  {
    key: 'url',
    header: 'URL within the instance',
    value: ({instance}) => serviceUrl(instance.settings) ?? '',
    priority: 4,
  },
  {key: 'architecture', header: 'Architecture', value: ({instance}) => told(instance.architecture), priority: 8},
  {key: 'region', header: 'Region', value: ({region}) => region, priority: 3},
  {key: 'crn', header: 'CRN', value: ({instance}) => told(instance.crn), priority: 9},
  {key: 'created', header: 'Created', value: ({instance}) => told(instance.createdAt), priority: 8},
]

/** A value as a cell; what the API did not tell is an empty one. */
export function told(value: string | number | boolean | undefined): string {
  return value === undefined ? '' : String(value)
}

/** The columns of `instances list` when none are asked for. */
export const defaultColumns = ['name', 'id', 'status', 'zone', 'vpc', 'reserved-ip', 'floating-ip', 'metadata']

/** The columns of `metadata show`. */
export const metadataColumns = ['name', 'id', 'zone', 'status', ...settingColumns.map(({key}) => key), 'url']

/** An instance as `metadata show --json` prints it; what the API did not tell is null, and its settings are as they came. */
export function toMetadataRow({instance, region}: ListedInstance): object {
  const {id, name = null, crn = null, zone = null, status = null, api} = instance
  return {id, name, crn, region, zone, status, metadata_service: api.metadata_service ?? null}
}
const everyColumn = columns.slice(0, columns.findIndex(({key}) => key === 'metadata') + 1).map(({key}) => key)

/**
 * The columns that a comma-separated list names, by key or header; `all` stands for every one of `ibmcloud is
 * instances` and the metadata settings. Throws a usage error with the nearest name for one that does not exist.
 */
export function chooseColumns(names: string[]): InstanceColumn[] {
  const asked = names.flatMap(text => text.split(',')).map(name => name.trim())
  const keys = asked.flatMap(name => (name.toLowerCase() === 'all' ? everyColumn : [name]))
  return [...new Set(keys.map(columnNamed))]
}

/** One column by key or header. Throws a usage error as chooseColumns does. */
export function columnNamed(name: string): InstanceColumn {
  const wanted = name.trim().toLowerCase()
  const column = columns.find(({key, header}) => key === wanted || header.toLowerCase() === wanted)
  if (column) return column
  const keys = columns.map(({key}) => key)
  const [nearest] = [...keys].sort((a, b) => distance(a, wanted) - distance(b, wanted))
  throw usageError(`There is no column ${name}: did you mean ${nearest}?`, `There are: ${keys.join(', ')}, and all.`)
}

/** Rows in the order of a column, descending for a name that starts with a hyphen; then by region and ID, so that the order is always the same. */
export function sortRows(rows: ListedInstance[], by: string): ListedInstance[] {
  const descending = by.startsWith('-')
  const column = columnNamed(descending ? by.slice(1) : by)
  const collator = new Intl.Collator('en', {numeric: true})
  const keyed = rows.map(row => ({row, key: column.value(row)}))
  keyed.sort(
    (a, b) =>
      (descending ? -1 : 1) * collator.compare(a.key, b.key) ||
      collator.compare(a.row.region, b.row.region) ||
      collator.compare(a.row.instance.id, b.row.instance.id),
  )
  return keyed.map(({row}) => row)
}

/** The primary reserved IP: of the network attachment, or of the interface of an older instance. */
export function reservedIpOf({primaryAttachment, primaryInterface}: ListedInstance['instance']): string | undefined {
  return primaryAttachment?.address ?? primaryInterface?.address
}
