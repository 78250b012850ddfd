import type {Reference} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {nameOf, told} from './columns.ts'
import type {FloatingIpIndex} from './floating-ips.ts'
import type {ListedInstance} from './list-instances.ts'
import {settingList, settingsLabel} from './settings.ts'

/** A row of `instances show`: a label, and a value or a small table. */
export type DetailRow = readonly [label: string, value: string | {columns: string[]; rows: string[][]}]

/**
 * An instance in the rows of `ibmcloud is instance` (ibm-cloud-docs/vpc, imd_access_instance_metadata), its metadata service
 * among the first and labels short enough for IDs in one line of 80 columns, and what a stop erases of it.
 */
export function instanceDetails({instance}: ListedInstance, floatingIps: FloatingIpIndex): DetailRow[] {
  const {settings, bootVolume: boot, vcpu} = instance
  return [
    ['ID', instance.id],
    ['Name', told(instance.name)],
    ['CRN', told(instance.crn)],
    ['Status', told(instance.status)],
    [
      'Metadata service',
      table(
        settingList.map(({header, headerInDetails = header}) => headerInDetails),
        [settingList.map(({name}) => told(settings[name]))],
      ),
    ],
    ['On host failure', told(instance.hostFailurePolicy)],
    ['Confidential compute', told(instance.confidentialComputeMode)],
    ['Secure boot', told(instance.secureBoot)],
    ['Startable', told(instance.startable)],
    ['Profile', told(instance.profile)],
    ['Architecture', told(instance.architecture)],
    ['vCPU manufacturer', told(vcpu.manufacturer)],
    ['vCPUs', told(vcpu.count)],
    ['Memory', inUnits(instance.memory, 'GiB')],
    ['Bandwidth', inUnits(instance.bandwidth, 'Mbps')],
    ['Volume bandwidth', inUnits(instance.volumeBandwidth, 'Mbps')],
    ['Network bandwidth', inUnits(instance.networkBandwidth, 'Mbps')],
    [
      'Lifecycle reasons',
      table(
        ['Code', 'Message'],
        instance.lifecycleReasons.map(({code, message}) => [told(code), told(message)]),
      ),
    ],
    ['Lifecycle state', told(instance.lifecycleState)],
    ['Image', named(instance.image)],
    ['NUMA count', told(instance.numaCount)],
    ['VPC', named(instance.vpc)],
    ['Zone', told(instance.zone)],
    ['Resource group', named(instance.resourceGroup)],
    ['Created', told(instance.createdAt)],
    networkRow(instance, floatingIps),
    [
      'Boot volume',
      table(
        ['ID', 'Name', 'Attachment ID', 'Attachment name'],
        [[told(boot.volume?.id), told(boot.volume?.name), told(boot.attachmentId), told(boot.attachmentName)]],
      ),
    ],
    ['Reservation affinity', told(instance.affinityPolicy)],
    ['Affinity pool', instance.affinityPool.map(({name}) => told(name)).join(', ')],
    ['Reservation', told(instance.reservation?.name)],
    ['Health state', told(instance.healthState)],
    ['Local disks', localDisks(instance)],
  ]
}

function inUnits(value: number | undefined, unit: string): string {
  return value === undefined ? told(value) : `${value} ${unit}`
}

/** The disks that a stop erases. */
function localDisks({disks}: Instance): string {
  if (!disks) return told(disks)
  return disks.map(({name, size}) => `${told(name)} (${told(size)} GB)`).join(', ') || 'none'
}

/** What tells an instance from others, in eight rows of a line each. */
export function mainDetails({instance}: ListedInstance, floatingIps: FloatingIpIndex): DetailRow[] {
  const {networkAttachments = [], networkInterfaces = []} = instance
  const ports = networkAttachments.length > 0 ? networkAttachments : networkInterfaces
  const addresses = ports.flatMap(({id, vni, address}) => {
    const target = networkAttachments.length > 0 ? vni?.id : id
    return [...(address === undefined ? [] : [address]), ...((target && floatingIps.of(target)) || [])]
  })
  return [
    ['ID', instance.id],
    ['Status', told(instance.status)],
    ['Profile', told(instance.profile)],
    ['Zone', told(instance.zone)],
    ['VPC', instance.vpc ? nameOf(instance.vpc) : ''],
    ['Image', instance.image ? nameOf(instance.image) : ''],
    ['Metadata service', settingsLabel(instance.settings)],
    ['Addresses', addresses.join(', ')],
  ]
}

/** Instances have network attachments or, when older, network interfaces; the latter have no virtual network interface. */
function networkRow(instance: Instance, floatingIps: FloatingIpIndex): DetailRow {
  const {networkAttachments = [], networkInterfaces = [], primaryAttachment, primaryInterface} = instance
  const isOlder = networkAttachments.length === 0
  const [ports, primary] = isOlder ? [networkInterfaces, primaryInterface] : [networkAttachments, primaryAttachment]
  const rankOf = (id: string | undefined) => {
    if (primary?.id === undefined || id === undefined) return ''
    return id === primary.id ? 'Primary' : 'Secondary'
  }
  const addressesAt = (target: string | undefined) =>
    target === undefined ? '' : (floatingIps.of(target)?.join(', ') ?? '?')
  const rows = ports.map(({id, name, subnet, vni, address}) => {
    const target = isOlder ? id : vni?.id
    const vniCells = isOlder ? [] : [told(vni?.id)]
    const cells = [rankOf(id), told(name), told(id), told(subnet?.name), told(subnet?.id), addressesAt(target)]
    return [...cells, ...vniCells, told(address)]
  })
  const columns = ['Interface', 'Name', 'ID', 'Subnet', 'Subnet ID', 'Floating IP', ...(isOlder ? [] : ['VNI'])]
  return [isOlder ? 'Network interfaces' : 'Network attachments', table([...columns, 'Reserved IP'], rows)]
}

function named(reference: Reference | undefined): {columns: string[]; rows: string[][]} {
  return table(['ID', 'Name'], reference ? [[told(reference.id), nameOf(reference)]] : [])
}

/** A small table; without rows, one of hyphens, as IBM's CLI prints it. */
function table(columns: string[], rows: string[][]): {columns: string[]; rows: string[][]} {
  return {columns, rows: rows.length > 0 ? rows : [columns.map(() => '')]}
}
