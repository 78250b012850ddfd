import {uuidOf} from '../core/ids.ts'
import type {BareMetalRecord, FloatingIpRecord, GivenInterface, InstanceRecord, NamedResource} from '../core/records.ts'
import {
  bodyHead,
  derivedId,
  isoTime,
  partOf,
  profileReference,
  resourceIn,
  resourceReference,
  shortReference,
  vpcReference,
  type WireBody,
  zoneReference,
} from '../core/references.ts'
import {knownSubnets} from '../fleet/default-fleet.ts'

type Server = BareMetalRecord | InstanceRecord

interface Port {
  id: string
  name: string
  virtualNetworkInterface: NamedResource
  /** References to its reserved IP and its subnet. */
  network: {primary_ip: WireBody; subnet: WireBody}
}

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

function portsOf(server: Server): Port[] {
  const subnet = subnetNamed(server.vpc, server.zone, server.id.slice(0, 4))
  const reference = resourceReference('subnets', subnet)
  const port = (id: string, name: string, address: string, vni: string, ip: string): Port => ({
    id,
    name,
    virtualNetworkInterface: resourceIn(server.zone, 'virtual_network_interfaces', {
      id: vni,
      name: `vni-${vni.slice(5, 13)}`,
    }),
    network: {
      primary_ip: {
        address,
        href: `${reference.href}/reserved_ips/${ip}`,
        id: ip,
        name: `ip-${ip.slice(5, 13)}`,
        resource_type: 'subnet_reserved_ip',
      },
      subnet: reference,
    },
  })
  const derived = (part: string) => derivedId(server, part)
  if (!isInstance(server)) {
    return [port(derived('attachment'), 'eth0', server.address, derived('vni'), derived('ip'))]
  }
  const ofInstance = (id: string, name: string, address: string, vni: string) =>
    port(id, name, address, vni, `${server.id.slice(0, 4)}-${uuidOf(`${id}/ip`)}`)
  const [id, name] = [partOf(server, 'attachment'), partOf(server, 'attachmentName')]
  const primary = ofInstance(id, name, server.address, partOf(server, 'virtualNetworkInterface'))
  if (!server.secondaryAttachment) return [primary]
  return [primary, ofInstance(derived('attachment/2'), 'eth1', nextAddress(server.address), derived('vni/2'))]
}

const kindOf = (server: Server) => (isInstance(server) ? 'instance' : 'bare_metal_server')
const isLegacy = (server: Server) => isInstance(server) && server.legacyInterfaces === true

// "If this instance has network attachments, each network interface is a read-only representation of its network
// attachment", with the attachment's identifier (IBM/vpc-node-sdk vpc/v1.ts).
function portReference(server: Server, {id, name, network}: Port, path: string, type: string) {
  return {
    href: `/${kindOf(server)}s/${server.id}/${path}/${id}`,
    id,
    name,
    primary_ip: network.primary_ip,
    resource_type: type,
    subnet: network.subnet,
  }
}

const interfaceReference = (server: Server, port: Port) =>
  portReference(server, port, 'network_interfaces', 'network_interface')

const attachmentReference = (server: Server, port: Port) => ({
  ...portReference(server, port, 'network_attachments', `${kindOf(server)}_network_attachment`),
  virtual_network_interface: interfaceLink(port),
})

const interfaceLink = (port: Port) => resourceReference('virtual_network_interfaces', port.virtualNetworkInterface)

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
    attachments: isLegacy(server) ? [] : ports.map(port => attachmentReference(server, port)),
    interfaces: ports.map(port => interfaceReference(server, port)),
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
    const {primary_ip: ip, subnet: _, ...networkInterface} = interfaceReference(server, port)
    return {
      ...ip,
      auto_delete: true,
      created_at: isoTime(server.created),
      lifecycle_state: 'stable',
      owner: 'user',
      target: isLegacy(server) ? networkInterface : interfaceLink(port),
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
  if (record.legacyInterfaces) {
    const {subnet, ...target} = interfaceReference(record, port)
    return target
  }
  return {...interfaceLink(port), ...port.network}
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

/** The IDs of a server's virtual network interfaces, the primary first; none with interfaces of the old kind. */
export function virtualNetworkInterfaceIds(server: Server): string[] {
  return isLegacy(server) ? [] : portsOf(server).map(each => each.virtualNetworkInterface.id)
}

/** The VirtualNetworkInterface object of a server, all but its VPC and resource group; undefined where it has none of that ID. */
export function virtualNetworkInterfaceBody(server: Server, id: string): WireBody | undefined {
  const index = virtualNetworkInterfaceIds(server).indexOf(id)
  const port = portsOf(server)[index]
  if (port === undefined) return undefined
  const given: GivenInterface = (isInstance(server) && index === 0 && server.givenInterface) || {}
  const {href, name, resource_type, id: target} = attachmentReference(server, port)
  const {primary_ip: ip, subnet} = port.network
  return {
    ...interfaceLink(port),
    allow_ip_spoofing: false,
    auto_delete: true,
    created_at: isoTime(server.created),
    enable_infrastructure_nat: true,
    ips: [ip],
    lifecycle_state: 'stable',
    mac_address: macAddress(id),
    primary_ip: ip,
    protocol_state_filtering_mode: 'auto',
    ...given,
    security_groups: securityGroupReferences(server),
    subnet,
    target: {href, id: target, name, resource_type},
    zone: zoneReference(server),
  }
}

function macAddress(id: string): string {
  const digits = uuidOf(`${id}/mac`).replaceAll('-', '').slice(0, 10)
  return `02:${digits.replace(/..(?=.)/g, '$&:')}`
}
