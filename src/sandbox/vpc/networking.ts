import {crnOf, uuidOf} from '../core/ids.ts'
import type {FloatingIpRecord, GivenInterface, InstanceRecord, NamedResource} from '../core/records.ts'
import {isoTime, partOf, reference} from '../core/references.ts'
import {securityGroupNamed, subnetNamed} from './subnets.ts'

type Body = Record<string, unknown>

/** An instance's network attachments and interfaces as references, the primary first. */
export interface Networking {
  attachments: Body[]
  interfaces: Body[]
}

interface Port {
  id: string
  name: string
  virtualNetworkInterface: NamedResource
  /** Reference to its reserved IP. */
  ip: Body
  /** Reference to its subnet. */
  subnet: Body
}

function nextAddress(address: string): string {
  const parts = address.split('.')
  return [...parts.slice(0, 3), String((Number(parts[3]) + 100) % 256)].join('.')
}

function portsOf(record: InstanceRecord, base: string): Port[] {
  const subnet = subnetNamed(record.vpc, record.zone, record.id.slice(0, 4))
  const subnetReference = reference(base, 'subnets', 'subnet', subnet)
  const port = (id: string, name: string, address: string, vni: string): Port => ({
    id,
    name,
    virtualNetworkInterface: {
      id: vni,
      crn: crnOf(record.zone, 'virtual-network-interface', vni),
      name: `vni-${vni.slice(5, 13)}`,
    },
    ip: reservedIp(`${record.id.slice(0, 4)}-${uuidOf(`${id}/ip`)}`, address, subnet.id, base),
    subnet: subnetReference,
  })
  const [attachment, name] = [partOf(record, 'attachment'), partOf(record, 'attachmentName')]
  const primary = port(attachment, name, record.address, partOf(record, 'virtualNetworkInterface'))
  if (!record.secondaryAttachment) return [primary]
  const derived = (part: string) => `${record.id.slice(0, 4)}-${uuidOf(`${record.id}/${part}/2`)}`
  return [primary, port(derived('attachment'), 'eth1', nextAddress(record.address), derived('vni'))]
}

/** Reference to a reserved IP. */
export function reservedIp(id: string, address: string, subnetId: string, base: string): Body {
  return {
    address,
    href: `${base}/subnets/${subnetId}/reserved_ips/${id}`,
    id,
    name: `ip-${id.slice(5, 13)}`,
    resource_type: 'subnet_reserved_ip',
  }
}

// "If this instance has network attachments, each network interface is a read-only representation of its network
// attachment", with the attachment's identifier (IBM/vpc-node-sdk vpc/v1.ts).
function interfaceReference(record: InstanceRecord, port: Port, base: string): Body {
  return {
    href: `${base}/instances/${record.id}/network_interfaces/${port.id}`,
    id: port.id,
    name: port.name,
    primary_ip: port.ip,
    resource_type: 'network_interface',
    subnet: port.subnet,
  }
}

function attachmentReference(record: InstanceRecord, port: Port, base: string): Body {
  return {
    href: `${base}/instances/${record.id}/network_attachments/${port.id}`,
    id: port.id,
    name: port.name,
    primary_ip: port.ip,
    resource_type: 'instance_network_attachment',
    subnet: port.subnet,
    virtual_network_interface: reference(
      base,
      'virtual_network_interfaces',
      'virtual_network_interface',
      port.virtualNetworkInterface,
    ),
  }
}

/** The network attachments and interfaces of an instance; one of the old kind has interfaces only. */
export function networkingOf(record: InstanceRecord, base: string): Networking {
  const ports = portsOf(record, base)
  return {
    attachments: record.legacyInterfaces ? [] : ports.map(port => attachmentReference(record, port, base)),
    interfaces: ports.map(port => interfaceReference(record, port, base)),
  }
}

/** The full InstanceNetworkAttachment objects of an instance. */
export function attachmentBodies(record: InstanceRecord, base: string): Body[] {
  if (record.legacyInterfaces) return []
  return portsOf(record, base).map((port, index) => ({
    ...attachmentReference(record, port, base),
    created_at: isoTime(record.created),
    lifecycle_state: 'stable',
    port_speed: 1000,
    type: index === 0 ? 'primary' : 'secondary',
  }))
}

/** The full NetworkInterface objects of an instance; `floatingIps` are those that lead to its primary one. */
export function interfaceBodies(
  record: InstanceRecord,
  floatingIps: readonly FloatingIpRecord[],
  base: string,
): Body[] {
  return portsOf(record, base).map((port, index) => ({
    ...interfaceReference(record, port, base),
    allow_ip_spoofing: (index === 0 && record.givenInterface?.allow_ip_spoofing) || false,
    created_at: isoTime(record.created),
    floating_ips: (index === 0 ? floatingIps : []).map(ip => floatingIpReference(ip, base)),
    port_speed: 1000,
    security_groups: securityGroupReferences(record, base),
    status: 'available',
    type: index === 0 ? 'primary' : 'secondary',
  }))
}

/** The full ReservedIP objects of an instance: of its interfaces (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.ReservedIP`). */
export function reservedIpBodies(record: InstanceRecord, base: string): Body[] {
  return portsOf(record, base).map(port => {
    const {primary_ip: _ip, subnet: _subnet, ...networkInterface} = interfaceReference(record, port, base)
    const vni = reference(base, 'virtual_network_interfaces', 'virtual_network_interface', port.virtualNetworkInterface)
    return reservedIpBody(port.ip, record.created, record.legacyInterfaces ? networkInterface : vni)
  })
}

/** The full ReservedIP object of a reference to one. `created` is in epoch milliseconds. */
export function reservedIpBody(ip: Body, created: number, target: Body): Body {
  return {
    ...ip,
    auto_delete: true,
    created_at: isoTime(created),
    lifecycle_state: 'stable',
    owner: 'user',
    target,
  }
}

/**
 * What a floating IP of this instance leads to: its primary virtual network interface, or its primary network interface
 * when it is of the old kind.
 */
export function floatingIpTarget(record: InstanceRecord, base: string): Body {
  const [port] = portsOf(record, base)
  if (port === undefined) throw new Error(`The instance ${record.id} has no network interface.`)
  if (record.legacyInterfaces) {
    const {subnet, ...target} = interfaceReference(record, port, base)
    return target
  }
  return {
    ...reference(base, 'virtual_network_interfaces', 'virtual_network_interface', port.virtualNetworkInterface),
    primary_ip: port.ip,
    subnet: port.subnet,
  }
}

/** The FloatingIPReference of a floating IP. */
export function floatingIpReference(ip: FloatingIpRecord, base: string): Body {
  return {
    address: ip.address,
    crn: crnOf(ip.zone, 'floating-ip', ip.id),
    href: `${base}/floating_ips/${ip.id}`,
    id: ip.id,
    name: ip.name,
  }
}

function securityGroupReferences(
  record: Pick<InstanceRecord, 'region' | 'securityGroupIds' | 'vpc'>,
  base: string,
): Body[] {
  const groups = (['default-security-group', 'allow-ssh'] as const).map(name =>
    securityGroupNamed(record.vpc, record.region, name),
  )
  const ids = record.securityGroupIds ?? [groups[0]?.id]
  return groups
    .filter(({id}) => ids.includes(id))
    .map(({id, crn, name}) => ({crn, href: `${base}/security_groups/${id}`, id, name}))
}

/** The IDs of an instance's virtual network interfaces, the primary first; none with interfaces of the old kind. */
export function virtualNetworkInterfaceIds(record: InstanceRecord): string[] {
  return record.legacyInterfaces ? [] : portsOf(record, '').map(port => port.virtualNetworkInterface.id)
}

/** What tells a virtual network interface from its instance's others and is not of the instance; `undefined` where it has none of that ID. */
export function virtualNetworkInterfaceBody(record: InstanceRecord, id: string, base: string): Body | undefined {
  const ports = portsOf(record, base)
  const port = ports.find(each => each.virtualNetworkInterface.id === id)
  if (port === undefined || record.legacyInterfaces) return undefined
  const given = (port === ports[0] && record.givenInterface) || {}
  return wholeVirtualNetworkInterface(attachmentReference(record, port, base), record, base, given)
}

/** The VirtualNetworkInterface object of an attachment, and what of it was given; all but the VPC and the resource group of its server. */
export function wholeVirtualNetworkInterface(
  {href, id, name, primary_ip: ip, resource_type: type, subnet, virtual_network_interface: vni}: Body,
  server: Pick<InstanceRecord, 'created' | 'region' | 'securityGroupIds' | 'vpc' | 'zone'>,
  base: string,
  given: GivenInterface = {},
): Body {
  const own = vni as Body
  return {
    ...own,
    allow_ip_spoofing: false,
    auto_delete: true,
    created_at: isoTime(server.created),
    enable_infrastructure_nat: true,
    ips: [ip],
    lifecycle_state: 'stable',
    mac_address: macAddress(String(own.id)),
    primary_ip: ip,
    protocol_state_filtering_mode: 'auto',
    ...given,
    security_groups: securityGroupReferences(server, base),
    subnet,
    target: {href, id, name, resource_type: type},
    zone: {href: `${base}/regions/${server.region}/zones/${server.zone}`, name: server.zone},
  }
}

function macAddress(id: string): string {
  const digits = uuidOf(`${id}/mac`).replaceAll('-', '').slice(0, 10)
  return `02:${digits.replace(/..(?=.)/g, '$&:')}`
}
