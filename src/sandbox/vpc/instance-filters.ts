import {crnOf} from '../core/ids.ts'
import type {InstanceRecord, NamedResource} from '../core/records.ts'
import type {FleetStore} from '../fleet/fleet.ts'

type Read = (record: InstanceRecord, vpcName: string) => string | undefined

const partsOf = (pick: (record: InstanceRecord) => NamedResource | undefined, prefix: string): [string, Read][] => [
  [`${prefix}.id`, record => pick(record)?.id],
  [`${prefix}.crn`, record => pick(record)?.crn],
  [`${prefix}.name`, record => pick(record)?.name],
]

// All of `listInstances` in IBM/vpc-node-sdk vpc/v1.ts. An instance group has no filter by name there, and a placement
// group is the instance's `placement_target`.
const filters: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['resource_group.id', record => record.resourceGroup.id],
  ['name', record => record.name],
  ['availability.class', record => (record.spot ? 'spot' : 'standard')],
  ...partsOf(record => record.clusterNetwork, 'cluster_network'),
  ...partsOf(record => record.dedicatedHost, 'dedicated_host'),
  ...partsOf(record => record.instanceGroup, 'instance_group_membership.instance_group').slice(0, 2),
  ...partsOf(record => record.placementGroup ?? record.dedicatedHost, 'placement_group'),
  ['reservation_affinity.policy', record => record.reservationPolicy ?? 'automatic'],
  ...partsOf(record => record.reservation, 'reservation'),
  ['vpc.id', record => record.vpc],
  ['vpc.crn', record => crnOf(record.region, 'vpc', record.vpc)],
  ['vpc.name', (_record, vpcName) => vpcName],
])

/**
 * The instances of `region` that fit every filter in `query`, in the order of lists. Values are compared exactly;
 * parameters that are no filters are passed over.
 */
export function filterInstances(
  fleet: FleetStore,
  region: string,
  query: Record<string, string>,
): readonly InstanceRecord[] {
  // Each page of a list asks anew: by VPC and by name there are indexes, and nothing is gone through.
  const {'vpc.id': vpc, name, ...others} = query
  const records = name === undefined ? fleet.instances.of(region, vpc) : fleet.instances.named(region, name)
  const asked = Object.entries(name === undefined ? others : query).flatMap(([each, value]) => {
    const read = filters.get(each)
    return read ? [{read, value}] : []
  })
  if (asked.length === 0) return records
  return records.filter(record => asked.every(({read, value}) => read(record, fleet.vpcName(record.vpc)) === value))
}
