import {sampleOf, scatter, uuidOf, uuidOfNumber} from '../core/ids.ts'
import {type BareMetalRecord, defaultsGroup, type InstanceRecord, productionGroup} from '../core/records.ts'
import {allRegions} from '../core/regions.ts'

type Metadata = BareMetalRecord['metadata']

/** The bare metal servers that the sandbox starts with. */
export function defaultBareMetal(vpcOf: (name: string) => string): BareMetalRecord[] {
  const servers: BareMetalRecord[] = []
  const add = (given: Pick<BareMetalRecord, 'name' | 'zone' | 'vpc' | 'address'> & Partial<BareMetalRecord>) => {
    const prefix = allRegions.flatMap(each => each.zones).find(each => each.name === given.zone)?.prefix
    servers.push({
      order: servers.length + 1,
      id: `${prefix}-${uuidOf(`bare-metal-server/${given.zone}/${given.name}`)}`,
      region: given.zone.slice(0, -2),
      created: Date.UTC(2025, 3, 20, 7, servers.length),
      status: 'running',
      metadata: {enabled: false, protocol: 'http'},
      revision: 0,
      deleted: false,
      profile: 'bx2-metal-96x384',
      resourceGroup: defaultsGroup,
      ...given,
      vpc: vpcOf(given.vpc),
    })
  }
  add({name: 'my-bare-metal-server', zone: 'us-south-1', vpc: 'my-test-vpc', address: '10.240.0.20'})
  add({
    name: 'database-1',
    zone: 'eu-de-1',
    vpc: 'frankfurt-vpc',
    address: '10.243.0.20',
    metadata: {enabled: true, protocol: 'https'},
    profile: 'bx2d-metal-96x384',
    resourceGroup: productionGroup,
  })
  add({
    name: 'database-2',
    zone: 'eu-de-2',
    vpc: 'frankfurt-vpc',
    address: '10.243.64.20',
    metadata: {enabled: true, protocol: 'http'},
    status: 'stopped',
    profile: 'mx2-metal-96x768',
    resourceGroup: productionGroup,
  })
  return servers
}

const settings: readonly Metadata[] = [
  {enabled: false, protocol: 'http'},
  {enabled: false, protocol: 'http'},
  {enabled: true, protocol: 'http'},
  {enabled: true, protocol: 'https'},
]

/** The bare metal servers of a generated fleet: one for every fifty of its instances, in the place of one of them. */
export function generatedBareMetal(instances: readonly InstanceRecord[]): BareMetalRecord[] {
  return sampleOf(instances, 50).map((neighbour, index) => ({
    order: index + 1,
    id: `${neighbour.id.slice(0, 4)}-${uuidOfNumber(index + 0xc000000)}`,
    name: `metal-${String(index).padStart(4, '0')}`,
    region: neighbour.region,
    zone: neighbour.zone,
    vpc: neighbour.vpc,
    address: `172.16.${(index >>> 8) & 255}.${index & 255}`,
    created: neighbour.created,
    status: index % 20 === 7 ? 'stopped' : 'running',
    metadata: settings[scatter(index + 0x5000000) % settings.length] ?? {enabled: false, protocol: 'http'},
    revision: 0,
    deleted: false,
    profile: index % 3 === 0 ? 'bx2d-metal-96x384' : 'bx2-metal-96x384',
    resourceGroup: neighbour.resourceGroup,
  }))
}
