import {crnOf, uuidOf} from '../core/ids.ts'
import type {BareMetalRecord, FloatingIpRecord, GivenInterface, InstanceRecord, NamedResource} from '../core/records.ts'
import {
  bodyHead,
  derivedId,
  isoTime,
  partOf,
  profileReference,
  referenceIn,
  resourceIn,
  resourceReference,
  shortReference,
  vpcReference,
  type WireBody,
  zoneReference,
} from '../core/references.ts'
import {knownSubnets} from '../fleet/default-fleet.ts'

type Server = BareMetalRecord | InstanceRecord

/** The subnet of a VPC in a zone, of which `prefix` begins the IDs. */
export function subnetNamed(vpc: string, zone: string, prefix: string): NamedResource {
  const key = `${vpc}/${zone}`
  const known = knownSubnets.get(key) ?? {id: `${prefix}-${uuidOf(`subnet/${key}`)}`, name: `subnet-${zone.slice(-1)}`}
  return resourceIn(zone, 'subnets', known)
}

/** The security groups of a VPC: the default one, and one that lets SSH in. */
export function securityGroupsIn({region, vpc}: {region: string; vpc: string}): NamedResource[] {
  return [
    {name: 'default-security-group', part: 'security-group'},
    {name: 'allow-ssh', part: 'security-group/ssh'},
  ].map(({name, part}) => resourceIn(region, 'security_groups', {id: derivedId({id: vpc}, part), name}))
}

function nextAddress(address: string): string {
  const parts = address.split('.')
  return [...parts.slice(0, 3), String((Number(parts[3]) + 100) % 256)].join('.')
}

// Only the IDs of instances have an underscore (`0717_…`).
const isInstance = (server: Server): server is InstanceRecord => server.id.charAt(4) === '_'

const kindOf = (server: Server) => (isInstance(server) ? 'instance' : 'bare_metal_server')
const isLegacy = (server: Server) => isInstance(server) && server.legacyInterfaces === true

/** The IDs of the virtual network interfaces that a server's interfaces are, the primary first. */
function virtualIdsOf(server: Server): [string, ...string[]] {
  if (!isInstance(server)) return [derivedId(server, 'vni')]
  const primary = partOf(server, 'virtualNetworkInterface')
  return server.secondaryAttachment ? [primary, derivedId(server, 'vni/2')] : [primary]
}

/** The interfaces of a server, each as all that refers to it, the primary first. */
function portsOf(server: Server) {
  const kind = kindOf(server)
  const subnet = resourceReference('subnets', subnetNamed(server.vpc, server.zone, server.id.slice(0, 4)))
  const port = (id: string, name: string, address: string, vni: string, ip: string) => {
    const primaryIp = {
      address,
      href: `${subnet.href}/reserved_ips/${ip}`,
      id: ip,
      name: `ip-${ip.slice(5, 13)}`,
      resource_type: 'subnet_reserved_ip',
    }
    const named = {id: vni, name: `vni-${vni.slice(5, 13)}`}
    const virtual = referenceIn(server.zone, 'virtual_network_interfaces', named)
    // "If this instance has network attachments, each network interface is a read-only representation of its network
    // attachment", with the attachment's identifier (IBM/vpc-node-sdk vpc/v1.ts).
    const reference = (path: string, type: string) => {
      const href = `/${kind}s/${server.id}/${path}/${id}`
      return {href, id, name, primary_ip: primaryIp, resource_type: type, subnet}
    }
    return {
      attachment: {
        ...reference('network_attachments', `${kind}_network_attachment`),
        virtual_network_interface: virtual,
      },
      interface: reference('network_interfaces', 'network_interface'),
      virtual,
    }
  }
  const derived = (part: string) => derivedId(server, part)
  const [primaryId, secondaryId] = virtualIdsOf(server)
  if (!isInstance(server)) return [port(derived('attachment'), 'eth0', server.address, primaryId, derived('ip'))]
  const ofInstance = (id: string, name: string, address: string, vni: string) =>
    port(id, name, address, vni, `${server.id.slice(0, 4)}-${uuidOf(`${id}/ip`)}`)
  const [id, name] = [partOf(server, 'attachment'), partOf(server, 'attachmentName')]
  const primary = ofInstance(id, name, server.address, primaryId)
  if (secondaryId === undefined) return [primary]
  return [primary, ofInstance(derived('attachment/2'), 'eth1', nextAddress(server.address), secondaryId)]
}

/** What the objects of instances and bare metal servers have in common. */
export function serverBody(server: Server, status: string, vpcName: string) {
  const kind = kindOf(server)
  const {attachments, interfaces} = networkingOf(server)
  const lifecycle = ['deleting', 'failed', 'pending'].includes(status) ? status : 'stable'
  return {
    ...bodyHead(`${kind}s`, server.zone, server),
    health_reasons: [],
    health_state: lifecycle === 'stable' ? 'ok' : 'inapplicable',
    lifecycle_reasons: [] as WireBody[],
    lifecycle_state: lifecycle,
    network_attachments: attachments,
    network_interfaces: interfaces,
    // Absent with interfaces of the old kind.
    primary_network_attachment: attachments[0],
    primary_network_interface: interfaces[0],
    profile: profileReference(kind, server.profile),
    resource_type: kind,
    status,
    vpc: vpcReference(server, vpcName),
    zone: zoneReference(server),
  }
}

/** The network attachments and interfaces of a server as references, the primary first; an instance of the old kind has interfaces only. */
export function networkingOf(server: Server) {
  const ports = portsOf(server)
  return {
    attachments: isLegacy(server) ? [] : ports.map(port => port.attachment),
    interfaces: ports.map(port => port.interface),
  }
}

/** The full InstanceNetworkAttachment objects of an instance. */
export function attachmentBodies(record: InstanceRecord): WireBody[] {
  return networkingOf(record).attachments.map((attachment, index) => ({
    ...attachment,
    created_at: isoTime(record.created),
    lifecycle_state: 'stable',
    port_speed: 1000,
    type: index === 0 ? 'primary' : 'secondary',
  }))
}

/** The full NetworkInterface objects of an instance; `floatingIps` are those that lead to its primary one. */
export function interfaceBodies(record: InstanceRecord, floatingIps: readonly FloatingIpRecord[]): WireBody[] {
  return networkingOf(record).interfaces.map((each, index) => ({
    ...each,
    allow_ip_spoofing: (index === 0 && record.givenInterface?.allow_ip_spoofing) || false,
    created_at: isoTime(record.created),
    floating_ips: (index === 0 ? floatingIps : []).map(ip => floatingIpReference(ip)),
    port_speed: 1000,
    security_groups: securityGroupReferences(record),
    status: 'available',
    type: index === 0 ? 'primary' : 'secondary',
  }))
}

/** The full ReservedIP objects of a server's interfaces (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.ReservedIP`). */
export function reservedIpBodies(server: Server): WireBody[] {
  return portsOf(server).map(port => {
    const {primary_ip: ip, subnet: _, ...networkInterface} = port.interface
    return {
      ...ip,
      auto_delete: true,
      created_at: isoTime(server.created),
      lifecycle_state: 'stable',
      owner: 'user',
      target: isLegacy(server) ? networkInterface : port.virtual,
    }
  })
}

/**
 * The target of a floating IP of this instance: the primary virtual network interface, or the primary network interface
 * if it is of the old kind.
 */
export function floatingIpTarget(record: InstanceRecord): WireBody & {id: string} {
  const [port] = portsOf(record)
  if (port === undefined) throw new Error(`The instance ${record.id} has no network interface.`)
  const {subnet, ...target} = port.interface
  return record.legacyInterfaces ? target : {...port.virtual, primary_ip: target.primary_ip, subnet}
}

/** The FloatingIPReference of a floating IP. */
export function floatingIpReference(ip: FloatingIpRecord) {
  return {address: ip.address, ...shortReference('floating_ips', resourceIn(ip.zone, 'floating_ips', ip))}
}

function securityGroupReferences(server: Server) {
  const groups = securityGroupsIn(server)
  const ids = (isInstance(server) && server.securityGroupIds) || [groups[0]?.id]
  return groups.filter(({id}) => ids.includes(id)).map(group => shortReference('security_groups', group))
}

/** The virtual network interfaces of a server, the primary first; none with interfaces of the old kind. */
export function virtualNetworkInterfacesOf(server: Server) {
  const ids = isLegacy(server) ? [] : virtualIdsOf(server)
  return ids.map((id, index) => ({
    id,
    get crn() {
      return crnOf(server.zone, 'virtual-network-interface', id)
    },
    server,
    isPrimary: index === 0,
    // Lists go through the interfaces of all servers.
    body: () => virtualNetworkInterfaceBody(server, index),
  }))
}

/** The VirtualNetworkInterface object, all but its VPC and resource group. */
function virtualNetworkInterfaceBody(server: Server, index: number): WireBody {
  const port = portsOf(server)[index]
  if (port === undefined) throw new Error(`The server ${server.id} has no such interface.`)
  const {attachment, virtual} = port
  const given: GivenInterface = (isInstance(server) && index === 0 && server.givenInterface) || {}
  const {href, name, resource_type, id, primary_ip: ip, subnet} = attachment
  return {
    ...virtual,
    allow_ip_spoofing: false,
    auto_delete: true,
    created_at: isoTime(server.created),
    enable_infrastructure_nat: true,
    ips: [ip],
    lifecycle_state: 'stable',
    mac_address: macAddress(virtual.id),
    primary_ip: ip,
    protocol_state_filtering_mode: 'auto',
    ...given,
    security_groups: securityGroupReferences(server),
    subnet,
    target: {href, id, name, resource_type},
    zone: zoneReference(server),
  }
}

function macAddress(id: string): string {
  const digits = uuidOf(`${id}/mac`).replaceAll('-', '').slice(0, 10)
  return `02:${digits.replace(/..(?=.)/g, '$&:')}`
}
