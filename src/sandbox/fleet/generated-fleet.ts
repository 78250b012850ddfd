import {sampleOf, scatter, uuidOfNumber} from '../core/ids.ts'
import {
  defaultsGroup,
  type FleetRecords,
  type FloatingIpRecord,
  type InstanceRecord,
  productionGroup,
  type TagRecord,
} from '../core/records.ts'
import {type RegionPlace, regional} from '../core/regions.ts'
import type {ProfileName} from '../vpc/profiles.ts'
import {newBareMetal, newTemplate, type ResourceNames, resolveNames} from './default-fleet.ts'

const [http, https] = ['http', 'https'] as const

// Each entry is equally frequent: what is listed twice is twice as frequent.
const instanceSettings = [
  {enabled: false, protocol: http, response_hop_limit: 1},
  {enabled: false, protocol: http, response_hop_limit: 1},
  {enabled: false, protocol: http, response_hop_limit: 1},
  {enabled: false, protocol: https, response_hop_limit: 1},
  {enabled: true, protocol: http, response_hop_limit: 1},
  {enabled: true, protocol: http, response_hop_limit: 2},
  {enabled: true, protocol: https, response_hop_limit: 1},
  {enabled: true, protocol: https, response_hop_limit: 2},
]
const templateSettings = [
  {enabled: false, protocol: http, response_hop_limit: 1},
  {enabled: false, protocol: http, response_hop_limit: 1},
  {enabled: true, protocol: http, response_hop_limit: 2},
  {enabled: true, protocol: https, response_hop_limit: 1},
  {enabled: true},
  null,
]
const bareMetalSettings = [
  {enabled: false, protocol: http},
  {enabled: false, protocol: http},
  {enabled: true, protocol: http},
  {enabled: true, protocol: https},
]
const profiles: readonly ProfileName[] = ['bx2-2x8', 'bx2-4x16', 'cx2-2x4', 'mx2-4x32', 'bx2a-4x16']
const images = [
  'ibm-ubuntu-24-04-6-minimal-amd64-3',
  'ibm-debian-12-6-minimal-amd64-1',
  'ibm-redhat-9-2-minimal-amd64-5',
  'ibm-windows-server-2022-full-standard-amd64-18',
]

const tagged = (...names: string[]): TagRecord[] => names.map(name => ({name, type: 'user'}))
const tagSets: readonly (readonly TagRecord[])[] = [
  [],
  tagged('env:prod'),
  tagged('env:prod', 'team:web'),
  tagged('env:prod', 'schematics:us-east.workspace.web.bfdd0e2d'),
  [...tagged('env:prod'), {name: 'project:lw', type: 'access'}],
  tagged('env:dev'),
  tagged('env:dev'),
  [...tagged('env:dev'), {name: 'schematics::project_id:6b2f4d90-3f0c-4a53-9a3e-3d8f8b7f4c11', type: 'service'}],
]

type Kind = Omit<Partial<InstanceRecord>, keyof ResourceNames> & ResourceNames

// How many of 1000 instances are of a kind. No status forbids a change: a rollout over a generated fleet must be able to
// succeed everywhere.
const kinds: readonly [share: number, kind: Kind][] = [
  [60, {status: 'stopped'}],
  [4, {status: 'starting'}],
  [4, {status: 'failed'}],
  [32, {}],
  [50, {spot: true}],
  [100, {legacyInterfaces: true}],
  [20, {dedicatedHost: 'host-1', reservationPolicy: 'disabled'}],
  [30, {placementGroup: 'spread-1', reservationPolicy: 'disabled'}],
  [50, {instanceGroup: 'pool-1', reservationPolicy: 'disabled'}],
  [30, {reservation: 'reserved-1'}],
  [40, {profile: 'bx2d-4x16' satisfies ProfileName}],
  [580, {}],
]

/** The item that a random number selects. */
function pick<Item>(items: readonly Item[], dice: number): Item {
  return items[dice % items.length] as Item
}

const digits = (number: number, count: number) => String(number).padStart(count, '0')

/** Steps through 0…size-1 out of order, each once: names must not come sorted, because IBM does not say how lists are ordered. */
function shuffled(index: number, size: number): number {
  const stride = [7919, 7907, 7901].find(each => size % each !== 0) ?? 1
  return (index * stride + 13) % size
}

/**
 * A fleet of `size` instances, spread evenly over the regions and, within each, over its VPCs (`vpcCount` in all, at
 * least one a region), with a bare metal server for every fifty and a template for every hundred of them. The same
 * arguments give the same fleet.
 */
export function generatedFleet(size: number, vpcCount: number, regions: readonly RegionPlace[]): FleetRecords {
  const created = Date.UTC(2025, 5, 1)
  const vpcs = Array.from({length: Math.max(vpcCount, regions.length)}, (_, index) => {
    const region = pick(regions, index).name
    const name = `vpc-${digits(index, 3)}`
    const {id} = regional(region, 'vpc', name)
    return {order: index + 1, id, name, region, created, resourceGroup: defaultsGroup}
  })
  const places = regions.map(region => ({
    ...region,
    vpcs: vpcs.filter(each => each.region === region.name),
    images: images.map(image => regional(region.name, 'image', image)),
    kinds: kinds.flatMap(([share, kind]) => {
      const resolved = resolveNames(region.name, kind)
      return Array.from({length: share}, () => resolved)
    }),
  }))

  const instances: InstanceRecord[] = []
  const floatingIps: FloatingIpRecord[] = []
  for (let index = 0; index < size; index++) {
    const place = pick(places, index)
    const within = Math.floor(index / places.length)
    const zoneNumber = scatter(index + 0x1000000) % 3
    const zone = pick(place.zones, zoneNumber)
    const dice = scatter(index)
    const kind = pick(place.kinds, dice)
    // Written out: to spread the kind and the defaults takes twice as long.
    const record: InstanceRecord = {
      order: index + 1,
      id: `${zone.prefix}_${uuidOfNumber(index)}`,
      name: `web-${digits(shuffled(index, size), 5)}`,
      region: place.name,
      zone: zone.name,
      vpc: pick(place.vpcs, within).id,
      address: `10.${zoneNumber * 64 + ((within >>> 16) & 63)}.${(within >>> 8) & 255}.${within & 255}`,
      created: created + index * 1000,
      status: kind.status ?? 'running',
      action: undefined,
      failures: undefined,
      metadata: pick(instanceSettings, dice >>> 10),
      tags: pick(tagSets, scatter(index + 0x6000000)),
      revision: 0,
      deleted: false,
      profile: kind.profile ?? pick(profiles, dice >>> 13),
      resourceGroup: (dice >>> 16) % 4 === 0 ? productionGroup : defaultsGroup,
      image: (dice >>> 18) % 50 === 0 ? undefined : pick(place.images, dice >>> 20),
      spot: kind.spot,
      legacyInterfaces: kind.legacyInterfaces,
      dedicatedHost: kind.dedicatedHost,
      placementGroup: kind.placementGroup,
      instanceGroup: kind.instanceGroup,
      reservation: kind.reservation,
      reservationPolicy: kind.reservationPolicy ?? 'automatic',
    }
    instances.push(record)
    if (dice % 8 !== 0) continue
    const {order, region, zone: zoneName, resourceGroup} = record
    floatingIps.push({
      order,
      id: `${place.code}-${uuidOfNumber(index + 0x4000000)}`,
      name: `ip-${record.name}`,
      region,
      zone: zoneName,
      address: `169.${60 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`,
      created: record.created,
      resourceGroup,
      instance: record.id,
    })
  }
  /** The place and age of an instance, for something beside it. */
  const like = ({region, zone, vpc, created: since, resourceGroup}: InstanceRecord, index: number) => ({
    order: index + 1,
    region,
    zone,
    vpc,
    created: since,
    resourceGroup,
  })
  return {
    instances,
    bareMetalServers: sampleOf(instances, 50).map((neighbour, index) => ({
      ...newBareMetal,
      ...like(neighbour, index),
      id: `${neighbour.id.slice(0, 4)}-${uuidOfNumber(index + 0xc000000)}`,
      name: `metal-${digits(index, 4)}`,
      address: `172.16.${(index >>> 8) & 255}.${index & 255}`,
      status: index % 20 === 7 ? 'stopped' : 'running',
      metadata: pick(bareMetalSettings, scatter(index + 0x5000000)),
      profile: index % 3 === 0 ? 'bx2d-metal-96x384' : 'bx2-metal-96x384',
    })),
    templates: sampleOf(instances, 100).map((model, index) => ({
      ...newTemplate,
      ...like(model, index),
      id: `${model.id.slice(0, 4)}-${uuidOfNumber(index + 0x8000000)}`,
      name: `template-${digits(index, 4)}`,
      metadata: pick(templateSettings, scatter(index + 0x3000000)),
      profile: model.profile,
      image: model.image ?? regional(model.region, 'image', 'ibm-debian-12-6-minimal-amd64-1'),
    })),
    vpcs,
    floatingIps,
  }
}
