import {uuidOf} from '../core/ids.ts'
import {
  type BareMetalRecord,
  defaultMetadata,
  defaultsGroup,
  type FleetRecords,
  type InstanceRecord,
  type NamedResource,
  productionGroup,
  type TemplateRecord,
} from '../core/records.ts'
import {allRegions, regional} from '../core/regions.ts'
import data from './default-fleet.json' with {type: 'json'}

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

/** A record as data: names in place of references, and ISO times. */
type Row = ResourceNames & {name: string; zone: string; vpc: string; created?: string; resourceGroup?: string}
type RowOf<Item, Needed extends keyof Item> = Row & Omit<Partial<Item>, keyof Row> & Pick<Item, Needed>
type Rows = {
  instances: RowOf<InstanceRecord, 'address'>[]
  bareMetalServers: RowOf<BareMetalRecord, 'address'>[]
  templates: (RowOf<TemplateRecord, never> & Required<Pick<ResourceNames, 'image'>>)[]
  floatingIps: {name: string; address: string; zone: string; instance?: string}[]
}

const rows = data as Rows

/** A subnet whose ID and name IBM's page gives; every other subnet's are derived from its VPC and zone. */
export const knownSubnets: ReadonlyMap<string, {id: string; name: string}> = new Map(Object.entries(data.subnets))

const prefixes = new Map(allRegions.flatMap(each => each.zones).map(({name, prefix}) => [name, prefix]))

/**
 * The fleet that the sandbox starts with, from default-fleet.json: the three instances of IBM's page exactly as it shows them, and
 * six in other regions that have what the page's three lack (old interfaces, disks, groups, a GPU, no
 * image, not running, a name that another region has too). Of the templates one names the metadata service only in part,
 * as IBM's sample does (ibm-cloud-docs/vpc instance_metadata_vpc_configure.md), and one not at all.
 */
export function defaultFleet(): FleetRecords {
  const vpcs = data.vpcs.map(({region, name, id}, index) => ({
    order: index + 1,
    id: regional(region, 'vpc', name, id).id,
    name,
    region,
    created: Date.UTC(2025, 0, 14, 9, 30, index + 1),
    resourceGroup: defaultsGroup,
  }))
  const idOf = (kind: string, separator: '_' | '-', {zone, name}: Row) =>
    `${prefixes.get(zone)}${separator}${uuidOf(`${kind}/${zone}/${name}`)}`
  const whole = <Given extends Row>({created, resourceGroup, ...row}: Given, order: number, otherwise: number) => {
    const region = row.zone.slice(0, -2)
    return {
      ...resolveNames(region, row),
      order,
      region,
      vpc: vpcs.find(each => each.name === row.vpc)?.id ?? '',
      created: created === undefined ? otherwise : Date.parse(created),
      resourceGroup: resourceGroup === productionGroup.name ? productionGroup : defaultsGroup,
    }
  }
  const instances = rows.instances.map((row, index) => {
    const id = idOf('instance', '_', row)
    return {...newInstance, id, ...whole(row, index + 1, Date.UTC(2025, 4, 1 + index, 8, 15, 30))}
  })
  return {
    instances,
    bareMetalServers: rows.bareMetalServers.map((row, index) => {
      const id = idOf('bare-metal-server', '-', row)
      return {...newBareMetal, id, ...whole(row, index + 1, Date.UTC(2025, 3, 20, 7, index))}
    }),
    templates: rows.templates.map((row, index) => {
      const id = idOf('instance-template', '-', row)
      return {...newTemplate, id, ...whole(row, index + 1, Date.UTC(2025, 3, 1, 12, index))}
    }),
    vpcs,
    floatingIps: rows.floatingIps.map(({instance, ...row}, index) => {
      const region = row.zone.slice(0, -2)
      return {
        ...row,
        order: index + 1,
        id: regional(region, 'floating-ip', row.name).id,
        region,
        created: Date.UTC(2025, 2, 7, 10, 0, index),
        resourceGroup: defaultsGroup,
        instance: instances.find(each => each.region === region && each.name === instance)?.id,
      }
    }),
  }
}
