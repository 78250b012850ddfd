import {crnOf, uuidOf} from '../core/ids.ts'
import type {NamedResource, VpcRecord} from '../core/records.ts'
import {type RegionPlace, regional, type ZonePlace} from '../core/regions.ts'
import {knownSubnets} from '../fleet/default-fleet.ts'
import type {FleetStore} from '../fleet/fleet.ts'

/** A subnet: each VPC has one in each zone of its region. */
export interface Subnet extends NamedResource {
  vpc: VpcRecord
  zone: string
  /** First address and prefix length of its range. */
  range: {first: number; prefix: number}
}

/** The subnet of a VPC in a zone, of which `prefix` begins the IDs. */
export function subnetNamed(vpc: string, zone: string, prefix: string): NamedResource {
  const key = `${vpc}/${zone}`
  const known = knownSubnets.get(key) ?? {id: `${prefix}-${uuidOf(`subnet/${key}`)}`, name: `subnet-${zone.slice(-1)}`}
  return {...known, crn: crnOf(zone, 'subnet', known.id)}
}

/** The subnets of a region, in the order of its VPCs and zones. */
export function subnetsOf(fleet: FleetStore, region: RegionPlace): Subnet[] {
  return fleet.vpcsOf(region.name).flatMap(vpc => {
    const addresses = fleet.instances.of(region.name, vpc.id)
    return region.zones.map(zone => {
      const taken = addresses.filter(each => each.zone === zone.name).map(each => numberOf(each.address))
      return {...subnetNamed(vpc.id, zone.name, zone.prefix), vpc, zone: zone.name, range: rangeOf(taken, region, zone)}
    })
  })
}

/** A free address of a subnet. The first of each range are the system's (ibm-cloud-docs/vpc about-network.md); that these are four is a guess. */
export function freeAddress(fleet: FleetStore, subnet: Subnet): string {
  const taken = new Set(fleet.instances.of(subnet.vpc.region, subnet.vpc.id).map(each => each.address))
  for (let number = subnet.range.first + 4; ; number++) {
    const address = addressOf(number)
    if (!taken.has(address)) return address
  }
}

/** An IPv4 address in words of its number. */
export function addressOf(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** The range of a /18 in which all addresses lie, or a wider one; without addresses one of the region's own. */
function rangeOf(addresses: readonly number[], region: RegionPlace, zone: ZonePlace): Subnet['range'] {
  const [
    first = numberOf(`10.${200 + (Number(region.code.slice(1)) % 40)}.${(Number(zone.name.slice(-1)) - 1) * 64}.0`),
  ] = addresses
  const prefix = [18, 10, 8].find(each => addresses.every(other => firstOf(other, each) === firstOf(first, each))) ?? 8
  return {first: firstOf(first, prefix), prefix}
}

function firstOf(address: number, prefix: number): number {
  return address - (address % 2 ** (32 - prefix))
}

/** A security group of a VPC. */
export interface SecurityGroup extends NamedResource {
  vpc: VpcRecord
}

/** The security groups of a VPC: the default one, and one that lets SSH in. */
export function securityGroupsOf(vpc: VpcRecord): SecurityGroup[] {
  return [
    {...securityGroupNamed(vpc.id, vpc.region, 'default-security-group'), vpc},
    {...securityGroupNamed(vpc.id, vpc.region, 'allow-ssh'), vpc},
  ]
}

/** A security group of a VPC by name. */
export function securityGroupNamed(
  vpc: string,
  region: string,
  name: 'allow-ssh' | 'default-security-group',
): NamedResource {
  const seed = name === 'allow-ssh' ? `${vpc}/security-group/ssh` : `${vpc}/security-group`
  return regional(region, 'security-group', name, `${vpc.slice(0, 4)}-${uuidOf(seed)}`)
}
