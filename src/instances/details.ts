import type {ListedInstance} from './list-instances.ts'

/** A row of `instances show`: a label, and a value or a small table. */
export type DetailRow = readonly [label: string, value: string | {columns: string[]; rows: string[][]}]

/**
 * An instance in the rows and the order of `ibmcloud is instance` (ibm-cloud-docs/vpc, imd_access_instance_metadata).
 * `floatingIpsOf` tells the addresses bound to a virtual network interface or a network interface, by its ID.
 */
export function instanceDetails(
  {instance}: ListedInstance,
  floatingIpsOf: (targetId: string) => string[],
): DetailRow[] {
  const {metadata_service: metadata, boot_volume_attachment: boot, reservation_affinity: affinity} = instance
  return [
    ['ID', instance.id],
    ['Name', instance.name],
    ['CRN', instance.crn],
    ['Status', instance.status],
    ['Availability policy on host failure', instance.availability_policy.host_failure],
    ['Confidential Compute Mode', instance.confidential_compute_mode],
    ['Enable Secure Boot', String(instance.enable_secure_boot)],
    ['Startable', String(instance.startable)],
    ['Profile', instance.profile.name],
    ['Architecture', instance.vcpu.architecture],
    ['vCPU Manufacturer', instance.vcpu.manufacturer],
    ['vCPUs', String(instance.vcpu.count)],
    ['Memory(GiB)', String(instance.memory)],
    ['Bandwidth(Mbps)', String(instance.bandwidth)],
    ['Volume bandwidth(Mbps)', String(instance.total_volume_bandwidth)],
    ['Network bandwidth(Mbps)', String(instance.total_network_bandwidth)],
    [
      'Lifecycle Reasons',
      table(
        ['Code', 'Message'],
        instance.lifecycle_reasons.map(({code, message}) => [code, message]),
      ),
    ],
    ['Lifecycle State', instance.lifecycle_state],
    [
      'Metadata service',
      table(
        ['Enabled', 'Protocol', 'Response hop limit'],
        [[String(metadata.enabled), metadata.protocol, String(metadata.response_hop_limit)]],
      ),
    ],
    ['Image', table(['ID', 'Name'], instance.image ? [[instance.image.id, instance.image.name]] : [])],
    ['Numa Count', instance.numa_count === undefined ? '' : String(instance.numa_count)],
    ['VPC', table(['ID', 'Name'], [[instance.vpc.id, instance.vpc.name]])],
    ['Zone', instance.zone.name],
    ['Resource group', table(['ID', 'Name'], [[instance.resource_group.id, instance.resource_group.name]])],
    ['Created', instance.created_at],
    networkRow(instance, floatingIpsOf),
    [
      'Boot volume',
      table(
        ['ID', 'Name', 'Attachment ID', 'Attachment name'],
        [[boot.volume?.id ?? '', boot.volume?.name ?? '', boot.id, boot.name]],
      ),
    ],
    ['Reservation Affinity Policy', affinity.policy],
    ['Reservation Affinity Pool', affinity.pool.map(({name}) => name).join(', ')],
    ['Reservation', instance.reservation?.name ?? ''],
    ['Health State', instance.health_state],
  ]
}

/** Instances have network attachments or, when older, network interfaces; the latter have no virtual network interface. */
function networkRow(instance: ListedInstance['instance'], floatingIpsOf: (targetId: string) => string[]): DetailRow {
  const rankOf = (id: string, primaryId: string | undefined) => (id === primaryId ? 'Primary' : 'Secondary')
  const address = (targetId: string) => floatingIpsOf(targetId).join(', ')
  if (instance.network_attachments.length > 0) {
    const rows = instance.network_attachments.map(({id, name, subnet, virtual_network_interface: vni, primary_ip}) => {
      const rank = rankOf(id, instance.primary_network_attachment?.id)
      return [rank, name, id, subnet.name, subnet.id, address(vni.id), vni.id, primary_ip.address]
    })
    const columns = ['Interface', 'Name', 'ID', 'Subnet', 'Subnet ID', 'Floating IP', 'VNI', 'Reserved IP']
    return ['Network Attachments', table(columns, rows)]
  }
  const rows = instance.network_interfaces.map(({id, name, subnet, primary_ip}) => {
    const rank = rankOf(id, instance.primary_network_interface.id)
    return [rank, name, id, subnet.name, subnet.id, address(id), primary_ip.address]
  })
  return [
    'Network Interfaces',
    table(['Interface', 'Name', 'ID', 'Subnet', 'Subnet ID', 'Floating IP', 'Reserved IP'], rows),
  ]
}

/** A small table; without rows, one of hyphens, as IBM's CLI prints it. */
function table(columns: string[], rows: string[][]): {columns: string[]; rows: string[][]} {
  return {columns, rows: rows.length > 0 ? rows : [columns.map(() => '')]}
}
