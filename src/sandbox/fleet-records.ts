import {defaultFleet} from './default-fleet.ts'
import {generatedFleet} from './generated-fleet.ts'
import type {FleetRecords} from './records.ts'
import type {RegionPlace} from './regions.ts'

export interface FleetOptions {
  instances?: number
  vpcs?: number
}

/** The records that the arguments give: generated ones where a number is asked for, else the default fleet, of `regions` alone. */
export function recordsOf(regions: readonly RegionPlace[], options: FleetOptions): FleetRecords {
  if (options.instances !== undefined) {
    return generatedFleet(options.instances, options.vpcs ?? regions.length, regions)
  }
  const records = defaultFleet()
  const served = (each: {region: string}) => regions.some(region => region.name === each.region)
  return {
    instances: records.instances.filter(served),
    vpcs: records.vpcs.filter(served),
    floatingIps: records.floatingIps.filter(served),
  }
}

/** Adds a value to the list that a map has for a key. */
export function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
