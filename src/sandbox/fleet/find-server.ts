import type {BareMetalRecord, InstanceRecord} from '../core/records.ts'
import type {FleetStore} from './fleet.ts'

/** Finds an instance, or else a bare metal server, by ID, name, or region/name. Throws a plain Error for none and for several. */
export function findServer(fleet: FleetStore, text: string): InstanceRecord | BareMetalRecord {
  const isCalled = ({id, name, region}: InstanceRecord | BareMetalRecord) =>
    [id, name, `${region}/${name}`].includes(text)
  const instances = fleet.instances.all().filter(isCalled)
  const found = instances.length > 0 ? instances : fleet.bareMetalServers.all().filter(isCalled)
  const [first, ...more] = found
  if (first === undefined) throw new Error(`The sandbox has no instance ${text}.`)
  if (more.length === 0) return first
  const choices = found.map(({name, region}) => `${region}/${name}`).join(', ')
  throw new Error(`The sandbox has ${found.length} instances ${text}: ${choices}.`)
}
