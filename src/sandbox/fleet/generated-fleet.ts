import {scatter, uuidOfNumber} from '../core/ids.ts'
import {
  defaultsGroup,
  type FleetRecords,
  type FloatingIpRecord,
  type InstanceRecord,
  type MetadataSettings,
  type NamedResource,
  productionGroup,
  type VpcRecord,
} from '../core/records.ts'
import {type RegionPlace, regional} from '../core/regions.ts'
import type {ProfileName} from '../vpc/profiles.ts'
import {generatedBareMetal} from './bare-metal-fleet.ts'
import {generatedTemplates} from './template-fleet.ts'

const settings: readonly MetadataSettings[] = [
  {enabled: false, protocol: 'http', response_hop_limit: 1},
  {enabled: false, protocol: 'http', response_hop_limit: 1},
  {enabled: false, protocol: 'http', response_hop_limit: 1},
  {enabled: false, protocol: 'https', response_hop_limit: 1},
  {enabled: true, protocol: 'http', response_hop_limit: 1},
  {enabled: true, protocol: 'http', response_hop_limit: 2},
  {enabled: true, protocol: 'https', response_hop_limit: 1},
  {enabled: true, protocol: 'https', response_hop_limit: 2},
]

const profileNames: readonly ProfileName[] = ['bx2-2x8', 'bx2-4x16', 'cx2-2x4', 'mx2-4x32', 'bx2a-4x16']
const imageNames = [
  'ibm-ubuntu-24-04-6-minimal-amd64-3',
  'ibm-debian-12-6-minimal-amd64-1',
  'ibm-redhat-9-2-minimal-amd64-5',
  'ibm-windows-server-2022-full-standard-amd64-18',
]

interface Shared {
  images: NamedResource[]
  dedicatedHost: NamedResource
  placementGroup: NamedResource
  instanceGroup: NamedResource
  reservation: NamedResource
}

function sharedOf(region: string): Shared {
  return {
    images: imageNames.map(name => regional(region, 'image', name)),
    dedicatedHost: regional(region, 'dedicated-host', 'host-1'),
    placementGroup: regional(region, 'placement-group', 'spread-1'),
    instanceGroup: regional(region, 'instance-group', 'pool-1'),
    reservation: regional(region, 'reservation', 'reserved-1'),
  }
}

/** Steps through 0…size-1 out of order, each once: names must not come sorted, because IBM does not say how lists are ordered. */
function shuffled(index: number, size: number): number {
  const stride = [7919, 7907, 7901].find(each => size % each !== 0) ?? 1
  return (index * stride + 13) % size
}

/**
 * A fleet of `size` instances, spread evenly over the regions and, within each, over its VPCs (`vpcCount` in all, at
 * least one a region). The same arguments give the same fleet.
 */
export function generatedFleet(size: number, vpcCount: number, regions: readonly RegionPlace[]): FleetRecords {
  const created = Date.UTC(2025, 5, 1)
  const vpcs: VpcRecord[] = []
  for (let index = 0; index < Math.max(vpcCount, regions.length); index++) {
    const region = regions[index % regions.length]
    if (region === undefined) break
    const name = `vpc-${String(index).padStart(3, '0')}`
    const id = regional(region.name, 'vpc', name).id
    vpcs.push({order: index + 1, id, name, region: region.name, created, resourceGroup: defaultsGroup})
  }
  const places = regions.map(region => ({
    region,
    vpcs: vpcs.filter(each => each.region === region.name),
    shared: sharedOf(region.name),
  }))

  const instances: InstanceRecord[] = []
  const floatingIps: FloatingIpRecord[] = []
  for (let index = 0; index < size; index++) {
    const place = places[index % places.length]
    const within = Math.floor(index / places.length)
    const vpc = place?.vpcs[within % place.vpcs.length]
    const zoneNumber = scatter(index + 0x1000000) % 3
    const zone = place?.region.zones[zoneNumber]
    if (place === undefined || vpc === undefined || zone === undefined) break
    const dice = scatter(index)
    const odd = dice % 1000
    const record: InstanceRecord = {
      order: index + 1,
      id: `${zone.prefix}_${uuidOfNumber(index)}`,
      name: `web-${String(shuffled(index, size)).padStart(5, '0')}`,
      region: place.region.name,
      zone: zone.name,
      vpc: vpc.id,
      address: `10.${zoneNumber * 64 + ((within >>> 16) & 63)}.${(within >>> 8) & 255}.${within & 255}`,
      created: created + index * 1000,
      // No status that forbids a change: a rollout over a generated fleet must be able to succeed everywhere.
      status: odd < 60 ? 'stopped' : odd < 64 ? 'starting' : odd < 68 ? 'failed' : 'running',
      action: undefined,
      failures: undefined,
      metadata: settings[(dice >>> 10) % settings.length] ?? {enabled: false, protocol: 'http', response_hop_limit: 1},
      revision: 0,
      deleted: false,
      profile: odd >= 380 && odd < 420 ? 'bx2d-4x16' : (profileNames[(dice >>> 13) % profileNames.length] ?? 'bx2-2x8'),
      resourceGroup: (dice >>> 16) % 4 === 0 ? productionGroup : defaultsGroup,
      image: (dice >>> 18) % 50 === 0 ? undefined : place.shared.images[(dice >>> 20) % imageNames.length],
      spot: odd >= 100 && odd < 150,
      legacyInterfaces: odd >= 150 && odd < 250,
      dedicatedHost: odd >= 250 && odd < 270 ? place.shared.dedicatedHost : undefined,
      placementGroup: odd >= 270 && odd < 300 ? place.shared.placementGroup : undefined,
      instanceGroup: odd >= 300 && odd < 350 ? place.shared.instanceGroup : undefined,
      reservation: odd >= 350 && odd < 380 ? place.shared.reservation : undefined,
      reservationPolicy: odd >= 250 && odd < 350 ? 'disabled' : 'automatic',
    }
    instances.push(record)
    if (dice % 8 === 0) {
      floatingIps.push({
        order: index + 1,
        id: `${place.region.code}-${uuidOfNumber(index + 0x4000000)}`,
        name: `ip-${record.name}`,
        region: record.region,
        zone: record.zone,
        address: `169.${60 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`,
        created: record.created,
        resourceGroup: record.resourceGroup,
        instance: record.id,
      })
    }
  }
  return {
    instances,
    bareMetalServers: generatedBareMetal(instances),
    templates: generatedTemplates(instances),
    vpcs,
    floatingIps,
  }
}
