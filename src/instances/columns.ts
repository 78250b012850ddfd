import type {Reference} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {type Column, columnsNamed, columnNamed as named} from '../column.ts'
import {naturalOrder} from '../natural-order.ts'
import {type ListedInstance, toJsonAccount} from './list-instances.ts'
import {accountInCrn} from './references.ts'
import {serviceUrl, settingList, settingsLabel} from './settings.ts'
import {tagList, toJsonTags} from './tags.ts'

/** A column of `instances list`, and its name for `--columns` and `--sort`. */
export interface InstanceColumn extends Column<ListedInstance> {
  key: string
}

type Value = string | number | boolean | undefined
type Of = (instance: Instance) => Value

function column(key: string, header: string, of: Of, priority?: number, least?: number): InstanceColumn {
  return {key, header, value: ({instance}) => told(of(instance)), priority, least}
}

const settingsKey = ['metadata_service']
const settingColumns = settingList.map(({name, key, header}) => ({
  ...column(key, header, ({settings}) => settings[name]),
  json: settingsKey,
}))

// Headers and the order of the first sixteen are those of `ibmcloud is instances`
// (ibm-cloud-docs/vpc, imd_access_instance_metadata); what is empty is printed as `-`.
export const instanceColumns: InstanceColumn[] = [
  {...column('id', 'ID', ({id}) => id, 4), tells: 'which'},
  {...column('name', 'Name', ({name}) => name, undefined, 20), tells: 'what'},
  column('status', 'Status', ({status}) => status),
  {
    ...column('reserved-ip', 'Reserved IP', reservedIpOf, 6),
    json: ['primary_network_attachment', 'primary_network_interface'],
  },
  {
    key: 'floating-ip',
    header: 'Floating IP',
    value: ({floatingIps}) => floatingIps?.join(', ') ?? '?',
    priority: 5,
    json: ['floating_ips'],
  },
  column('profile', 'Profile', ({profile}) => profile, 7),
  column('image', 'Image', ({image}) => image?.name, 8, 16),
  column('vpc', 'VPC', ({vpc}) => vpc?.name, 6, 12),
  {...column('zone', 'Zone', ({zone}) => zone, 3), tells: 'which'},
  column('confidential-compute-mode', 'Confidential Compute Mode', each => each.confidentialComputeMode, 9),
  {...column('secure-boot', 'Enable Secure Boot', ({secureBoot}) => secureBoot, 9), json: ['enable_secure_boot']},
  column('resource-group', 'Resource group', ({resourceGroup}) => resourceGroup?.name, 7, 12),
  column('reservation', 'Reservation Name', ({reservation}) => reservation?.name, 9),
  {
    ...column('cluster-network-id', 'Cluster Network ID', ({clusterNetwork}) => clusterNetwork?.id, 9),
    json: ['cluster_network'],
  },
  column('cluster-network', 'Cluster Network Name', ({clusterNetwork}) => clusterNetwork?.name, 9),
  column('cluster-network-attachments', 'Cluster Network Attachments', clusterAttachmentsOf, 9),
  {...column('metadata', 'Metadata', ({settings}) => settingsLabel(settings)), json: settingsKey},
  ...settingColumns,
  {...column('url', 'URL within the instance', ({settings}) => serviceUrl(settings), 4), json: []},
  {...column('architecture', 'Architecture', ({architecture}) => architecture, 8), json: ['vcpu']},
  {key: 'region', header: 'Region', value: ({region}) => region, priority: 3, tells: 'which'},
  column('crn', 'CRN', ({crn}) => crn, 9),
  {
    key: 'tags',
    header: 'Tags',
    value: ({instance: {tags}}) => (tags ? tagList(tags).join(', ') : '?'),
    priority: 8,
    least: 16,
    json: ['tags', 'access_tags', 'service_tags'],
  },
  {...column('created', 'Created', ({createdAt}) => createdAt, 8), json: ['created_at']},
  {
    key: 'account',
    header: 'Account',
    value: accountOf,
    priority: 2,
    tells: 'which',
    json: ['account', 'account_name'],
  },
]

/** An account by its name, or its ID where that is unknown. */
function accountOf({account, instance}: ListedInstance): string {
  return account?.name ?? account?.id ?? told(accountInCrn(instance.crn))
}

function clusterAttachmentsOf({clusterNetworkAttachments: attachments}: Instance): string {
  return attachments.map(({name}) => told(name)).join(', ')
}

/** A value as a cell; what is unknown is an empty one. */
export function told(value: Value): string {
  return value === undefined ? '' : String(value)
}

/** The name of another resource, with a word where it was deleted since. */
export function nameOf({name, isDeleted}: Pick<Reference, 'name' | 'isDeleted'>): string {
  return isDeleted ? `${told(name)} (deleted)`.trim() : told(name)
}

/** The columns of `instances list` when none are asked for. */
export const defaultColumns = ['name', 'id', 'status', 'zone', 'vpc', 'reserved-ip', 'floating-ip', 'metadata']

/** The columns of `metadata show` when none are asked for. */
export const metadataColumns = ['name', 'id', 'zone', 'status', ...settingColumns.map(({key}) => key), 'url']

/** Columns with the account where a profile is assumed in some: after the ID, or else the name. */
export function columnsOf({assume}: {assume?: string | undefined}, names: readonly string[]): readonly string[] {
  if (assume === undefined || names.some(name => ['account', 'all'].includes(name.toLowerCase()))) return names
  const at = Math.max(names.indexOf('id'), names.indexOf('name')) + 1
  return [...names.slice(0, at), 'account', ...names.slice(at)]
}

/** Filled in by `metadata show`, which has read the journals. */
export const awaitedColumn: InstanceColumn = {
  key: 'restart-awaited-since',
  header: 'Restart awaited since',
  value: () => '',
}

/** All that `metadata show` can tell. */
export const showColumns = [
  ...chooseColumns([...metadataColumns, 'metadata', 'account', 'region', 'crn', 'tags']),
  awaitedColumn,
]

/** An instance as `metadata show --json` prints it; what is unknown is null, and its settings are as they came. */
export function toMetadataRow({instance, region, account}: ListedInstance): object {
  const {id, name = null, crn = null, zone = null, status = null, api, tags} = instance
  const place = {...toJsonAccount(account), region}
  const row = {id, name, crn, ...place, zone, status, metadata_service: api.metadata_service ?? null}
  return {...row, ...(tags && toJsonTags(tags))}
}

/** The columns of `instances list` that a comma-separated list names. Throws a usage error as columnsNamed does. */
export function chooseColumns(names: readonly string[]): InstanceColumn[] {
  return columnsNamed(instanceColumns, names)
}

/** One column of `instances list`. Throws as chooseColumns does. */
export function columnNamed(name: string): InstanceColumn {
  return named(instanceColumns, name)
}

/** Rows in the order of a column, descending for a name that starts with a hyphen; then by region and ID, so that the order is always the same. */
export function sortRows(rows: ListedInstance[], by: string): ListedInstance[] {
  const descending = by.startsWith('-')
  const column = columnNamed(descending ? by.slice(1) : by)
  const compare = naturalOrder()
  const keyed = rows.map(row => ({row, key: column.value(row)}))
  keyed.sort(
    (a, b) =>
      (descending ? -1 : 1) * compare(a.key, b.key) ||
      compare(accountOf(a.row), accountOf(b.row)) ||
      compare(a.row.region, b.row.region) ||
      compare(a.row.instance.id, b.row.instance.id),
  )
  return keyed.map(({row}) => row)
}

/** The primary reserved IP: of the network attachment, or of the interface of an older instance. */
export function reservedIpOf({primaryAttachment, primaryInterface}: Instance): string | undefined {
  return primaryAttachment?.address ?? primaryInterface?.address
}
