import {distance} from 'fastest-levenshtein'
import {usageError} from '../errors.ts'
import {serviceUrl, settingsLabel} from '../metadata/settings.ts'
import type {ListedInstance} from './list-instances.ts'

/** A column of `instances list`: its key for `--columns` and `--sort`, and how a row reads in it. */
export interface InstanceColumn {
  key: string
  header: string
  value(row: ListedInstance): string
  /** The lower, the longer it stays on a narrow terminal; without one it always stays. */
  priority?: number
}

// Headers and the order of the first sixteen are those of `ibmcloud is instances`
// (ibm-cloud-docs/vpc, imd_access_instance_metadata); what is empty is printed as `-`.
const columns: InstanceColumn[] = [
  {key: 'id', header: 'ID', value: ({instance}) => instance.id, priority: 6},
  {key: 'name', header: 'Name', value: ({instance}) => instance.name},
  {key: 'status', header: 'Status', value: ({instance}) => instance.status, priority: 2},
  {key: 'reserved-ip', header: 'Reserved IP', value: ({instance}) => reservedIp(instance), priority: 5},
  {key: 'floating-ip', header: 'Floating IP', value: ({floatingIps}) => floatingIps?.join(', ') ?? '?', priority: 4},
  {key: 'profile', header: 'Profile', value: ({instance}) => instance.profile.name, priority: 7},
  {key: 'image', header: 'Image', value: ({instance}) => instance.image?.name ?? '', priority: 8},
  {key: 'vpc', header: 'VPC', value: ({instance}) => instance.vpc.name, priority: 6},
  {key: 'zone', header: 'Zone', value: ({instance}) => instance.zone.name, priority: 3},
  {
    key: 'confidential-compute-mode',
    header: 'Confidential Compute Mode',
    value: ({instance}) => instance.confidential_compute_mode,
    priority: 9,
  },
  {
    key: 'secure-boot',
    header: 'Enable Secure Boot',
    value: ({instance}) => String(instance.enable_secure_boot),
    priority: 9,
  },
  {key: 'resource-group', header: 'Resource group', value: ({instance}) => instance.resource_group.name, priority: 7},
  {
    key: 'reservation',
    header: 'Reservation Name',
    value: ({instance}) => instance.reservation?.name ?? '',
    priority: 9,
  },
  {
    key: 'cluster-network-id',
    header: 'Cluster Network ID',
    value: ({instance}) => instance.cluster_network?.id ?? '',
    priority: 9,
  },
  {
    key: 'cluster-network',
    header: 'Cluster Network Name',
    value: ({instance}) => instance.cluster_network?.name ?? '',
    priority: 9,
  },
  {
    key: 'cluster-network-attachments',
    header: 'Cluster Network Attachments',
    value: ({instance}) => instance.cluster_network_attachments.map(({name}) => name).join(', '),
    priority: 9,
  },
  {key: 'metadata', header: 'Metadata', value: ({instance}) => settingsLabel(instance.metadata_service)},
  {key: 'enabled', header: 'Enabled', value: ({instance}) => String(instance.metadata_service.enabled)},
  {key: 'protocol', header: 'Protocol', value: ({instance}) => instance.metadata_service.protocol},
  {key: 'hop-limit', header: 'Hop limit', value: ({instance}) => String(instance.metadata_service.response_hop_limit)},
  {
    key: 'url',
    header: 'URL within the instance',
    value: ({instance}) => serviceUrl(instance.metadata_service) ?? '',
    priority: 4,
  },
  {key: 'region', header: 'Region', value: ({region}) => region, priority: 3},
  {key: 'crn', header: 'CRN', value: ({instance}) => instance.crn, priority: 9},
  {key: 'created', header: 'Created', value: ({instance}) => instance.created_at, priority: 8},
]

/** The columns of `instances list` when none are asked for. */
export const defaultColumns = ['name', 'id', 'status', 'zone', 'vpc', 'reserved-ip', 'floating-ip', 'metadata']

/** The columns of `metadata show`. */
export const metadataColumns = ['name', 'id', 'zone', 'status', 'enabled', 'protocol', 'hop-limit', 'url']

/** An instance as `metadata show --json` prints it. */
export function toMetadataRow({instance, region}: ListedInstance): object {
  const {id, name, crn, zone, status, metadata_service} = instance
  return {id, name, crn, region, zone: zone.name, status, metadata_service}
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

function reservedIp(instance: ListedInstance['instance']): string {
  return (instance.primary_network_attachment ?? instance.primary_network_interface).primary_ip.address
}
