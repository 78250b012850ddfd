import {inAccount, uuidOf} from '../core/ids.ts'
import type {RecordStore} from '../core/record-store.ts'
import type {InstanceRecord, StoredRecord} from '../core/records.ts'
import {regional} from '../core/regions.ts'
import {tagTypes} from '../search/resources.ts'
import {etagOf, type InstanceActions, statusAt} from '../vpc/instance-actions.ts'
import {profileOf} from '../vpc/profiles.ts'
import {newBareMetal, newInstance, newTemplate} from './default-fleet.ts'
import type {FleetStore} from './fleet.ts'
import type {Fleet, NewTemplate, Shelf} from './public-types.ts'

/** Changes a record, of whatever region. Rejects for an unknown ID, and when the change can't be kept. */
async function change<Item extends StoredRecord>(
  store: RecordStore<Item>,
  called: string,
  id: string,
  decide: (record: Item) => Partial<Item>,
): Promise<Item> {
  const record = await store.update(store.get(id)?.region ?? '', id, decide)
  if (record === undefined) throw new Error(`There is no ${called} ${id}.`)
  return record
}

/** The records of one kind, which is `called` so in errors. */
function shelfOf<Item extends StoredRecord, Summary, New, Edit>(
  fleet: FleetStore,
  store: RecordStore<Item>,
  called: string,
  summaryOf: (record: Item) => Summary,
  make: (item: New, order: number) => Item,
  changeOf: (edit: Edit, record: Item) => Partial<Item>,
): Shelf<Summary, New, Edit> {
  return {
    list() {
      fleet.refresh()
      return store.all().map(summaryOf)
    },
    get(id) {
      fleet.refresh()
      const record = store.get(id)
      return record && summaryOf(record)
    },
    // What is kept of it has CRNs.
    add: item => inAccount(fleet, async () => summaryOf(await store.add(order => make(item, order)))),
    change: async (id, edit) => summaryOf(await change(store, called, id, record => changeOf(edit, record))),
    async remove(id) {
      await change(store, called, id, () => ({deleted: true}) as Partial<Item>)
    },
  }
}

const placeOf = ({id, name, region, zone, vpc}: Pick<InstanceRecord, 'id' | 'name' | 'region' | 'vpc' | 'zone'>) => ({
  id,
  name,
  region,
  zone,
  vpc,
})

/** The fleet as tests see and change it. A change is kept, and visible to others, like one made over the API. */
export function editableFleet(
  fleet: FleetStore,
  actions: InstanceActions,
  {clock, transitionMs}: {clock: () => number; transitionMs: number},
): Fleet {
  /** What every new record begins with. Without a region, zone or VPC it goes to the first one. */
  const beginning = (given: NewTemplate, order: number, separator: '-' | '_') => {
    const asked = given.region ?? given.zone?.slice(0, -2)
    const region = fleet.regions.find(each => each.name === asked) ?? fleet.regions[0]
    const zone = region?.zones.find(each => each.name === given.zone) ?? region?.zones[0]
    if (region === undefined || zone === undefined) throw new Error('The sandbox has no region.')
    return {
      order,
      id: `${zone.prefix}${separator}${uuidOf(`added/${order}/${given.name}`)}`,
      name: given.name,
      region: region.name,
      zone: zone.name,
      vpc: given.vpc ?? fleet.vpcs.of(region.name)[0]?.id ?? regional(region.name, 'vpc', 'added').id,
      created: clock(),
      tags: tagTypes.flatMap(type => (given.tags?.[type] ?? []).map(name => ({name, type}))),
    }
  }
  const edited = ({name, status}: {name?: string; status?: string}) => ({
    ...(name !== undefined && {name}),
    ...(status !== undefined && {status}),
  })
  const addressOf = (order: number) => `10.250.${(order >>> 8) & 255}.${order & 255}`
  const imageIn = (region: string, name = 'ibm-ubuntu-24-04-6-minimal-amd64-3') => regional(region, 'image', name)
  const instances: Omit<Fleet, 'bareMetalServers' | 'detachFloatingIp' | 'downtimes' | 'failStarts' | 'templates'> =
    shelfOf(
      fleet,
      fleet.instances,
      'instance',
      record => ({
        ...placeOf(record),
        status: statusAt(record, clock(), transitionMs),
        metadata_service: {...record.metadata},
        etag: etagOf(record),
      }),
      ({image, metadata_service: settings, status = newInstance.status, ...given}, order) => {
        const profile = given.profile ?? newInstance.profile
        // Throws for an unknown one.
        profileOf(profile)
        const begun = beginning(given, order, '_')
        const metadata = {...newInstance.metadata, ...settings}
        const more = {address: addressOf(order), status, metadata, profile, image: imageIn(begun.region, image)}
        return {...newInstance, ...given, ...begun, ...more}
      },
      ({metadata_service: settings, ...edit}, record) => ({
        ...edited(edit),
        ...(edit.status !== undefined && {action: undefined}),
        ...(settings && {metadata: {...record.metadata, ...settings}}),
      }),
    )
  const bareMetalServers: Fleet['bareMetalServers'] = shelfOf(
    fleet,
    fleet.bareMetalServers,
    'bare metal server',
    record => ({...placeOf(record), status: record.status, metadata_service: {...record.metadata}}),
    ({metadata_service: settings, status = newBareMetal.status, ...given}, order) => {
      const metadata = {...newBareMetal.metadata, ...settings}
      return {...newBareMetal, ...beginning(given, order, '-'), address: addressOf(order), status, metadata}
    },
    ({metadata_service: settings, ...edit}, record) => ({
      ...edited(edit),
      ...(settings && {metadata: {...record.metadata, ...settings}}),
    }),
  )
  const templates: Fleet['templates'] = shelfOf(
    fleet,
    fleet.templates,
    'instance template',
    record => ({...placeOf(record), metadata_service: record.metadata && {...record.metadata}}),
    ({metadata_service: metadata = null, ...given}, order) => {
      const begun = beginning(given, order, '-')
      return {...newTemplate, ...begun, metadata, image: imageIn(begun.region)}
    },
    ({name, metadata_service: metadata}) => ({...edited({name}), ...(metadata !== undefined && {metadata})}),
  )
  return {
    ...instances,
    bareMetalServers,
    templates,
    async failStarts(id, count = 1, ends = 'failed') {
      await change(fleet.instances, 'instance', id, () => ({failures: {left: count, ends}}))
    },
    downtimes: () => actions.downtimes(),
    async detachFloatingIp(id) {
      await change(fleet.floatingIps, 'floating IP', id, () => ({instance: null}))
    },
  }
}
