import {type BareMetalRecord, defaultMetadata, defaultsGroup, type NamedResource} from '../core/records.ts'
import {regional} from '../core/regions.ts'

const unchanged = {revision: 0, deleted: false, resourceGroup: defaultsGroup}

/** The defaults of an instance record. */
export const newInstance = {
  status: 'running',
  action: undefined,
  failures: undefined,
  metadata: defaultMetadata,
  profile: 'bx2-2x8',
  ...unchanged,
}

/** The defaults of a bare metal server's record. */
export const newBareMetal = {
  status: 'running',
  metadata: {enabled: false, protocol: 'http'} as BareMetalRecord['metadata'],
  profile: 'bx2-metal-96x384',
  ...unchanged,
}

/** The defaults of a template's record: its maker did not name the metadata service. */
export const newTemplate = {metadata: null, profile: 'bx2-2x8', ...unchanged}

const types = {
  clusterNetwork: 'cluster-network',
  dedicatedHost: 'dedicated-host',
  image: 'image',
  instanceGroup: 'instance-group',
  placementGroup: 'placement-group',
  reservation: 'reservation',
} as const

/** The names of the resources that an instance refers to, by property; with an ID where IBM's page shows one. */
export type ResourceNames = {[Property in keyof typeof types]?: string | {name: string; id: string}}

type Resolved<Row> = {[Property in keyof Row]: Property extends keyof ResourceNames ? NamedResource : Row[Property]}

/** Replaces the names in a row with the resources of `region`. */
export function resolveNames<Row extends ResourceNames>(region: string, row: Row): Resolved<Row> {
  const resolved: Record<string, unknown> = {...row}
  for (const [property, type] of Object.entries(types)) {
    const called = row[property as keyof ResourceNames]
    if (called === undefined) continue
    const {name, id} = typeof called === 'string' ? {name: called, id: undefined} : called
    resolved[property] = regional(region, type, name, id)
  }
  return resolved as Resolved<Row>
}
