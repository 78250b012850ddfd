import {collection, type Routes, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import type {NamedResource, VpcRecord} from '../core/records.ts'
import {
  bodyHead,
  derivedId,
  groupReference,
  isoTime,
  resourceIn,
  resourceReference,
  shortReference,
  vpcReference,
  type WireBody,
  zoneReference,
} from '../core/references.ts'
import type {RegionPlace, ZonePlace} from '../core/regions.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {reservedIpBodies, securityGroupsIn, subnetNamed} from './networking.ts'

/** `/regions` and their zones. Every region knows of all. */
export function addRegions(routes: Routes, {fleet}: SimulatedCloud): void {
  const regions = collection(routes, {
    path: '/regions',
    key: 'name',
    pages: 'never',
    rows: () => fleet.regions,
    // Its endpoint is the sandbox's own (`http://127.0.0.1:PORT/us-south`), the service is at endpoint + `/v1`.
    body: ({name}, c) => ({
      endpoint: `${c.get('origin')}/${name}`,
      href: `/regions/${name}`,
      name,
      status: 'available',
    }),
  })
  collection(routes, {
    path: '/regions/:region_name/zones',
    key: 'name',
    pages: 'never',
    rows: c => {
      const region = regions.find(c, 'region_name')
      return region.zones.map(zone => ({name: zone.name, region: region.name}))
    },
    body: ({name, region}) => ({
      ...zoneReference({region, zone: name}),
      region: {href: `/regions/${region}`, name: region},
      status: 'available',
      universal_name: `${region}-dc${name.slice(-1)}-a`,
    }),
  })
}

/** Reference to the default network ACL of a VPC. */
function defaultNetworkAcl(vpc: VpcRecord): WireBody {
  const acl = {id: derivedId(vpc, 'network-acl'), name: 'default-network-acl'}
  return shortReference('network_acls', resourceIn(vpc.region, 'network_acls', acl))
}

/** Reference to the default routing table of a VPC. */
function defaultRoutingTable(vpc: VpcRecord) {
  const table = {id: derivedId(vpc, 'routing-table'), name: 'default-routing-table'}
  const found = resourceIn(vpc.region, 'routing_tables', table)
  return {...shortReference(`vpcs/${vpc.id}/routing_tables`, found), resource_type: 'routing_table'}
}

/** The VPC object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.VPC`). */
function vpcBody(vpc: VpcRecord, region: RegionPlace): WireBody {
  const group = {id: derivedId(vpc, 'security-group'), name: 'default-security-group'}
  return {
    ...bodyHead('vpcs', vpc.region, vpc),
    classic_access: false,
    cse_source_ips: region.zones.map(({name}, index) => ({
      ip: {address: `10.12.${124 + index}.45`},
      zone: zoneReference({region: region.name, zone: name}),
    })),
    default_network_acl: defaultNetworkAcl(vpc),
    default_routing_table: defaultRoutingTable(vpc),
    default_security_group: shortReference('security_groups', resourceIn(vpc.region, 'security_groups', group)),
    dns: {
      enable_hub: false,
      resolution_binding_count: 0,
      resolver: {servers: [{address: '161.26.0.10'}, {address: '161.26.0.11'}], type: 'system'},
    },
    health_reasons: [],
    health_state: 'ok',
    public_address_ranges: [],
    resource_type: 'vpc',
    status: 'available',
  }
}

/** `/vpcs` with the filters of IBM/vpc-node-sdk vpc/v1.ts `listVpcs`. */
export function addVpcs(routes: Routes, {fleet}: SimulatedCloud): void {
  storedCollection(routes, fleet.vpcs, {
    path: '/vpcs',
    body: (vpc, c) => vpcBody(vpc, c.get('region')),
    filters: {
      'resource_group.id': vpc => vpc.resourceGroup.id,
      // No VPC here has classic access.
      classic_access: (_, value) => value !== 'true',
    },
  })
}

/** A subnet: each VPC has one in each zone of its region. */
interface SubnetPlace extends NamedResource {
  vpc: VpcRecord
  zone: string
  /** First address and prefix length of its range. */
  range: {first: number; prefix: number}
}

/** The subnets of a region, in the order of its VPCs and zones. */
export function subnetsOf(fleet: FleetStore, region: RegionPlace): SubnetPlace[] {
  return fleet.vpcs.of(region.name).flatMap(vpc => {
    const addresses = fleet.instances.of(region.name, vpc.id)
    return region.zones.map(zone => {
      const taken = addresses.filter(each => each.zone === zone.name).map(each => numberOf(each.address))
      return {...subnetNamed(vpc.id, zone.name, zone.prefix), vpc, zone: zone.name, range: rangeOf(taken, region, zone)}
    })
  })
}

/** A free address of a subnet. The first of each range are the system's (ibm-cloud-docs/vpc about-network.md); four of them is a guess. */
export function freeAddress(fleet: FleetStore, subnet: SubnetPlace): string {
  const taken = new Set(fleet.instances.of(subnet.vpc.region, subnet.vpc.id).map(each => each.address))
  for (let number = subnet.range.first + 4; ; number++) {
    const address = addressOf(number)
    if (!taken.has(address)) return address
  }
}

/** An IPv4 address as text. */
function addressOf(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** The range of a /18 in which all addresses lie, or a wider one; without addresses one of the region's own. */
function rangeOf(addresses: readonly number[], region: RegionPlace, zone: ZonePlace): SubnetPlace['range'] {
  const [
    first = numberOf(`10.${200 + (Number(region.code.slice(1)) % 40)}.${(Number(zone.name.slice(-1)) - 1) * 64}.0`),
  ] = addresses
  const prefix = [18, 10, 8].find(each => addresses.every(other => firstOf(other, each) === firstOf(first, each))) ?? 8
  return {first: firstOf(first, prefix), prefix}
}

function firstOf(address: number, prefix: number): number {
  return address - (address % 2 ** (32 - prefix))
}

/** The Subnet object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Subnet`), of which `taken` addresses are in use. */
function subnetBody(subnet: SubnetPlace, taken: number): WireBody {
  const {vpc, range} = subnet
  const total = 2 ** (32 - range.prefix)
  const place = {region: vpc.region, vpc: vpc.id, zone: subnet.zone}
  return {
    ...resourceReference('subnets', subnet),
    available_ipv4_address_count: total - 5 - taken,
    created_at: isoTime(vpc.created),
    ip_version: 'ipv4',
    ipv4_cidr_block: `${addressOf(range.first)}/${range.prefix}`,
    network_acl: defaultNetworkAcl(vpc),
    resource_group: groupReference(vpc.resourceGroup),
    routing_table: defaultRoutingTable(vpc),
    status: 'available',
    total_ipv4_address_count: total,
    vpc: vpcReference(place, vpc.name),
    zone: zoneReference(place),
  }
}

/** Filters by the VPC that something is in. */
const vpcFilters = ['resource_group.id', 'vpc.crn', 'vpc.id', 'vpc.name']

/** `/subnets`, and the addresses in them that instances and bare metal servers have, with the filters of IBM/vpc-node-sdk vpc/v1.ts `listSubnets` and `listSubnetReservedIps`. */
export function addSubnets(routes: Routes, {fleet}: SimulatedCloud): void {
  const subnets = collection(routes, {
    path: '/subnets',
    rows: c => subnetsOf(fleet, c.get('region')),
    body: subnet => {
      const inVpc = fleet.instances.of(subnet.vpc.region, subnet.vpc.id)
      return subnetBody(subnet, inVpc.filter(each => each.zone === subnet.zone).length)
    },
    bodyFilters: [...vpcFilters, 'routing_table.id', 'routing_table.name', 'zone.name'],
  })
  collection<WireBody>(routes, {
    path: '/subnets/:subnet_id/reserved_ips',
    rows: c => {
      const {vpc, zone} = subnets.find(c, 'subnet_id')
      return [fleet.instances, fleet.bareMetalServers].flatMap(store =>
        store.of(vpc.region, vpc.id).flatMap(each => (each.zone === zone ? reservedIpBodies(each) : [])),
      )
    },
    body: ip => ip,
    bodyFilters: ['target.crn', 'target.id', 'target.name', 'target.resource_type'],
    sort: {
      address: ip => numberOf(String(ip.address)),
      created_at: ip => String(ip.created_at),
      name: ip => String(ip.name),
    },
  })
}

interface SecurityGroup extends NamedResource {
  vpc: VpcRecord
}

/**
 * The protocol of a rule for everything: `all` up to version 2025-12-08, since then `icmp_tcp_udp`; `any` is for approved
 * accounts (ibm-cloud-docs/vpc api-change-log.md, 9 December 2025).
 */
function protocolForAll(version: string): string {
  return version <= '2025-12-08' ? 'all' : 'icmp_tcp_udp'
}

/** The SecurityGroup object at a version of the API, whose rules let everything out and, in `allow-ssh`, TCP port 22 in (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.SecurityGroup`). */
function securityGroupBody(group: SecurityGroup, version: string): WireBody {
  const {name, vpc} = group
  const anywhere = {cidr_block: '0.0.0.0/0'}
  const rule = (index: number, more: WireBody) => {
    const ruleId = derivedId(group, `rule/${index}`)
    return {
      href: `/security_groups/${group.id}/rules/${ruleId}`,
      id: ruleId,
      ip_version: 'ipv4',
      local: anywhere,
      name: `rule-${index}`,
      remote: anywhere,
      resource_type: 'security_group_rule',
      ...more,
    }
  }
  return {
    ...shortReference('security_groups', group),
    created_at: isoTime(vpc.created),
    resource_group: groupReference(vpc.resourceGroup),
    rules: [
      rule(1, {direction: 'outbound', protocol: protocolForAll(version)}),
      ...(name === 'allow-ssh' ? [rule(2, {direction: 'inbound', protocol: 'tcp', port_min: 22, port_max: 22})] : []),
    ],
    targets: [],
    vpc: vpcReference({region: vpc.region, vpc: vpc.id}, vpc.name),
  }
}

/** `/security_groups` with the filters of IBM/vpc-node-sdk vpc/v1.ts `listSecurityGroups`. */
export function addSecurityGroups(routes: Routes, {fleet}: SimulatedCloud): void {
  collection<SecurityGroup>(routes, {
    path: '/security_groups',
    rows: c =>
      fleet.vpcs
        .of(c.get('region').name)
        .flatMap(vpc => securityGroupsIn({region: vpc.region, vpc: vpc.id}).map(group => ({...group, vpc}))),
    body: (group, c) => securityGroupBody(group, c.req.query('version') ?? ''),
    bodyFilters: vpcFilters,
  })
}
