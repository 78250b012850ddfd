import {etagOf} from '../core/etag.ts'
import {uuidOf} from '../core/ids.ts'
import type {RecordStore, StoredChange, StoredRecord} from '../core/record-store.ts'
import {
  type BareMetalRecord,
  defaultMetadata,
  defaultsGroup,
  type InstanceRecord,
  type TemplateRecord,
} from '../core/records.ts'
import {type RegionPlace, regional, type ZonePlace} from '../core/regions.ts'
import type {BareMetalChange, InstanceChange, TemplateChange} from '../core/state.ts'
import type {InstanceActions} from '../vpc/instance-actions.ts'
import {statusAt} from '../vpc/instance-status.ts'
import {profileOf} from '../vpc/profiles.ts'
import type {FleetStore} from './fleet.ts'
import type {
  BareMetalEdit,
  BareMetalSummary,
  Fleet,
  InstanceEdit,
  InstanceSummary,
  NewBareMetal,
  NewInstance,
  NewTemplate,
  Shelf,
  TemplateEdit,
  TemplateSummary,
} from './fleet-access.ts'

/** What a shelf needs to know of its kind. */
interface Kind<Item, Change, Summary, New, Edit> {
  /** As errors call it: `instance`. */
  called: string
  summaryOf(record: Item): Summary
  make(item: New, order: number): Item
  changeOf(edit: Edit, record: Item): Change
}

function shelfOf<Item extends StoredRecord, Change extends StoredChange, Summary, New, Edit>(
  fleet: FleetStore,
  store: RecordStore<Item, Change>,
  removal: Change,
  kind: Kind<Item, Change, Summary, New, Edit>,
): Shelf<Summary, New, Edit> {
  const update = async (id: string, decide: (record: Item) => Change): Promise<Item> => {
    const record = await store.update(store.get(id)?.region ?? '', id, decide)
    if (record === undefined) throw new Error(`There is no ${kind.called} ${id}.`)
    return record
  }
  return {
    list() {
      fleet.refresh()
      return store.all().map(record => kind.summaryOf(record))
    },
    get(id) {
      fleet.refresh()
      const record = store.get(id)
      return record && kind.summaryOf(record)
    },
    add: async item => kind.summaryOf(await store.add(order => kind.make(item, order))),
    change: async (id, edit) => kind.summaryOf(await update(id, record => kind.changeOf(edit, record))),
    async remove(id) {
      await update(id, () => removal)
    },
  }
}

interface Placed {
  name: string
  region?: string
  zone?: string
  vpc?: string
}

/** Where something new is to be: what is not said is the first that there is. */
function placeOf(fleet: FleetStore, given: Placed): {region: RegionPlace; zone: ZonePlace; vpc: string} {
  const asked = given.region ?? given.zone?.slice(0, -2)
  const region = fleet.regions.find(each => each.name === asked) ?? fleet.regions[0]
  const zone = region?.zones.find(each => each.name === given.zone) ?? region?.zones[0]
  if (region === undefined || zone === undefined) throw new Error('The sandbox has no region.')
  const vpc = given.vpc ?? fleet.vpcsOf(region.name)[0]?.id ?? regional(region.name, 'vpc', 'added').id
  return {region, zone, vpc}
}

/** What every new record begins with. */
function beginning(fleet: FleetStore, given: Placed, order: number, now: number) {
  const {region, zone, vpc} = placeOf(fleet, given)
  return {
    zone,
    image: regional(region.name, 'image', 'ibm-ubuntu-24-04-6-minimal-amd64-3'),
    address: `10.250.${(order >>> 8) & 255}.${order & 255}`,
    uuid: uuidOf(`added/${order}/${given.name}`),
    record: {
      order,
      name: given.name,
      region: region.name,
      zone: zone.name,
      vpc,
      created: now,
      revision: 0,
      deleted: false,
      resourceGroup: defaultsGroup,
    },
  }
}

/** The fleet as tests see and change it. Each change is kept, and seen by others, as one made over the API is. */
export function accessFleet(
  fleet: FleetStore,
  actions: InstanceActions,
  {clock, transitionMs}: {clock: () => number; transitionMs: number},
): Fleet {
  const instances: Kind<InstanceRecord, InstanceChange, InstanceSummary, NewInstance, InstanceEdit> = {
    called: 'instance',
    summaryOf: record => ({
      id: record.id,
      name: record.name,
      region: record.region,
      zone: record.zone,
      vpc: record.vpc,
      status: statusAt(record, clock(), transitionMs),
      metadata_service: {...record.metadata},
      etag: etagOf(record),
    }),
    make(given, order) {
      const {record, zone, image, address, uuid} = beginning(fleet, given, order, clock())
      const profile = given.profile ?? 'bx2-2x8'
      // Throws for one that there is not.
      profileOf(profile)
      return {
        ...record,
        id: `${zone.prefix}_${uuid}`,
        address,
        status: given.status ?? 'running',
        action: undefined,
        failures: undefined,
        metadata: {...defaultMetadata, ...given.metadata_service},
        profile,
        image: given.image === undefined ? image : regional(record.region, 'image', given.image),
        spot: given.spot,
        legacyInterfaces: given.legacyInterfaces,
        userData: given.userData,
        trustedProfile: given.trustedProfile,
      }
    },
    changeOf: ({name, status, metadata_service: settings}, record) => ({
      ...(name !== undefined && {name}),
      ...(status !== undefined && {status, action: undefined}),
      ...(settings && {metadata: {...record.metadata, ...settings}}),
    }),
  }
  const bareMetalServers: Kind<BareMetalRecord, BareMetalChange, BareMetalSummary, NewBareMetal, BareMetalEdit> = {
    called: 'bare metal server',
    summaryOf: ({id, name, region, zone, vpc, status, metadata}) => ({
      id,
      name,
      region,
      zone,
      vpc,
      status,
      metadata_service: {...metadata},
    }),
    make(given, order) {
      const {record, zone, address, uuid} = beginning(fleet, given, order, clock())
      return {
        ...record,
        id: `${zone.prefix}-${uuid}`,
        address,
        status: given.status ?? 'running',
        metadata: {enabled: false, protocol: 'http', ...given.metadata_service},
        profile: 'bx2-metal-96x384',
      }
    },
    changeOf: ({name, status, metadata_service: settings}, record) => ({
      ...(name !== undefined && {name}),
      ...(status !== undefined && {status}),
      ...(settings && {metadata: {...record.metadata, ...settings}}),
    }),
  }
  const templates: Kind<TemplateRecord, TemplateChange, TemplateSummary, NewTemplate, TemplateEdit> = {
    called: 'instance template',
    summaryOf: ({id, name, region, zone, vpc, metadata}) => ({
      id,
      name,
      region,
      zone,
      vpc,
      metadata_service: metadata && {...metadata},
    }),
    make(given, order) {
      const {record, zone, image, uuid} = beginning(fleet, given, order, clock())
      return {
        ...record,
        id: `${zone.prefix}-${uuid}`,
        metadata: given.metadata_service ?? null,
        profile: 'bx2-2x8',
        image,
      }
    },
    changeOf: ({name, metadata_service: settings}) => ({
      ...(name !== undefined && {name}),
      ...(settings !== undefined && {metadata: settings}),
    }),
  }
  const gone = {deleted: true}
  return {
    ...shelfOf(fleet, fleet.instances, gone, instances),
    bareMetalServers: shelfOf(fleet, fleet.bareMetalServers, gone, bareMetalServers),
    templates: shelfOf(fleet, fleet.templates, gone, templates),
    async failStarts(id, count = 1, ends = 'failed') {
      const region = fleet.instances.get(id)?.region ?? ''
      const record = await fleet.instances.update(region, id, () => ({failures: {left: count, ends}}))
      if (record === undefined) throw new Error(`There is no instance ${id}.`)
    },
    downtimes: () => actions.downtimes(),
    detachFloatingIp: id => fleet.detachFloatingIp(id),
  }
}
