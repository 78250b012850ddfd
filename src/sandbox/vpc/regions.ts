import {collection, type Routes} from '../core/collection.ts'
import {zoneReference} from '../core/references.ts'
import type {SimulatedCloud} from '../core/simulated-cloud.ts'

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
      href: `${c.get('base')}/regions/${name}`,
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
    body: ({name, region}, c) => ({
      ...zoneReference({region, zone: name}, c.get('base')),
      region: {href: `${c.get('base')}/regions/${region}`, name: region},
      status: 'available',
      universal_name: `${region}-dc${name.slice(-1)}-a`,
    }),
  })
}
