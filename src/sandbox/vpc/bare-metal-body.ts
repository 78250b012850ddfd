import {crnOf, uuidOf} from '../core/ids.ts'
import type {BareMetalRecord} from '../core/records.ts'
import {isoTime, reference} from '../core/references.ts'
import {reservedIp, reservedIpBody, wholeVirtualNetworkInterface} from './networking.ts'
import {groupReference} from './region-bodies.ts'
import {subnetNamed} from './subnets.ts'

type Body = Record<string, unknown>

// ibm-cloud-docs/vpc bare_metal_server_profile.md: two SSDs of 960 GB as one in RAID 1, with a `d` eight more of 3200 GB,
// 100 Gbit/s. Memory in GiB.
const profiles: ReadonlyMap<string, {memory: number; hasLocalDisks: boolean}> = new Map([
  ['bx2-metal-96x384', {memory: 384, hasLocalDisks: false}],
  ['bx2d-metal-96x384', {memory: 384, hasLocalDisks: true}],
  ['mx2-metal-96x768', {memory: 768, hasLocalDisks: false}],
])

function partOf(record: BareMetalRecord, part: string): string {
  return `${record.id.slice(0, 4)}-${uuidOf(`${record.id}/${part}`)}`
}

function disksOf(record: BareMetalRecord, href: string, hasLocalDisks: boolean): Body[] {
  const disk = (index: number, type: string, size: number) => {
    const id = partOf(record, `disk/${index}`)
    return {
      created_at: isoTime(record.created),
      href: `${href}/disks/${id}`,
      id,
      interface_type: type,
      name: `disk-${index + 1}`,
      resource_type: 'bare_metal_server_disk',
      size,
    }
  }
  const local = Array.from({length: hasLocalDisks ? 8 : 0}, (_, index) => disk(index + 1, 'nvme', 3200))
  return [disk(0, 'sata', 960), ...local]
}

function networkOf(record: BareMetalRecord, base: string, href: string): Body {
  const [id, vni] = [partOf(record, 'attachment'), partOf(record, 'vni')]
  const subnet = subnetNamed(record.vpc, record.zone, record.id.slice(0, 4))
  const common = {
    id,
    name: 'eth0',
    primary_ip: reservedIp(partOf(record, 'ip'), record.address, subnet.id, base),
    subnet: reference(base, 'subnets', 'subnet', subnet),
  }
  const networkInterface = {
    ...common,
    href: `${href}/network_interfaces/${id}`,
    resource_type: 'network_interface',
  }
  const attachment = {
    ...common,
    href: `${href}/network_attachments/${id}`,
    resource_type: 'bare_metal_server_network_attachment',
    virtual_network_interface: reference(base, 'virtual_network_interfaces', 'virtual_network_interface', {
      id: vni,
      crn: crnOf(record.zone, 'virtual-network-interface', vni),
      name: `vni-${vni.slice(5, 13)}`,
    }),
  }
  return {
    network_attachments: [attachment],
    network_interfaces: [networkInterface],
    primary_network_attachment: attachment,
    primary_network_interface: networkInterface,
  }
}

function attachmentOf(record: BareMetalRecord, base: string): Body {
  return networkOf(record, base, `${base}/bare_metal_servers/${record.id}`).primary_network_attachment as Body
}

/** The VirtualNetworkInterface object of a server, all but its VPC and resource group. */
export function bareMetalInterface(record: BareMetalRecord, base: string): Body {
  return wholeVirtualNetworkInterface(attachmentOf(record, base), record, base)
}

/** The ReservedIP object of a server's interface. */
export function bareMetalReservedIp(record: BareMetalRecord, base: string): Body {
  const {primary_ip: ip, virtual_network_interface: vni} = attachmentOf(record, base) as Record<string, Body>
  return reservedIpBody(ip ?? {}, record.created, vni ?? {})
}

/** The API's BareMetalServer object of a record; field by field as in IBM/vpc-node-sdk vpc/v1.ts `VpcV1.BareMetalServer`. */
export function bareMetalBody(record: BareMetalRecord, vpcName: string, base: string): Body {
  const {status} = record
  const href = `${base}/bare_metal_servers/${record.id}`
  const profile = profiles.get(record.profile)
  const disks = disksOf(record, href, profile?.hasLocalDisks ?? false)
  const lifecycle = status === 'failed' || status === 'deleting' || status === 'pending' ? status : 'stable'
  return {
    bandwidth: 100_000,
    boot_target: {
      href: disks[0]?.href,
      id: disks[0]?.id,
      name: disks[0]?.name,
      resource_type: 'bare_metal_server_disk',
    },
    cpu: {architecture: 'amd64', core_count: 48, socket_count: 2, threads_per_core: 2},
    created_at: isoTime(record.created),
    crn: crnOf(record.zone, 'bare-metal-server', record.id),
    disks,
    enable_secure_boot: false,
    firmware: {update: 'none'},
    health_reasons: [],
    health_state: lifecycle === 'stable' ? 'ok' : 'inapplicable',
    href,
    id: record.id,
    lifecycle_reasons: [],
    lifecycle_state: lifecycle,
    memory: profile?.memory ?? 384,
    metadata_service: {...record.metadata},
    name: record.name,
    ...networkOf(record, base, href),
    profile: {
      href: `${base}/bare_metal_server/profiles/${record.profile}`,
      name: record.profile,
      resource_type: 'bare_metal_server_profile',
    },
    reservation_affinity: {policy: 'disabled', pool: []},
    resource_group: groupReference(record.resourceGroup),
    resource_type: 'bare_metal_server',
    status,
    status_reasons:
      status === 'failed'
        ? [{code: 'cannot_start', message: "Can't start the server because provisioning failed."}]
        : [],
    trusted_platform_module: {enabled: false, mode: 'disabled', supported_modes: ['disabled', 'tpm_2']},
    vpc: reference(base, 'vpcs', 'vpc', {id: record.vpc, crn: crnOf(record.region, 'vpc', record.vpc), name: vpcName}),
    zone: {href: `${base}/regions/${record.region}/zones/${record.zone}`, name: record.zone},
  }
}
