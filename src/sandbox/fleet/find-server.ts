import {ApiError} from '../core/api-error.ts'
import type {BareMetalRecord, InstanceRecord} from '../core/records.ts'
import type {FleetStore} from './fleet.ts'

/** Finds an instance, or else a bare metal server, by ID, name, or region/name. Throws 404 for none and for several, with the parameter `instance` as target. */
export function findServer(fleet: FleetStore, text: string): InstanceRecord | BareMetalRecord {
  const isCalled = ({id, name, region}: InstanceRecord | BareMetalRecord) =>
    [id, name, `${region}/${name}`].includes(text)
  const instances = fleet.instances.all().filter(isCalled)
  const found = instances.length > 0 ? instances : fleet.bareMetalServers.all().filter(isCalled)
  const [first, ...more] = found
  const refuse = (message: string) =>
    new ApiError(404, 'not_found', message, {name: 'instance', type: 'parameter', value: text})
  if (first === undefined) throw refuse(`The sandbox has no instance ${text}.`)
  if (more.length === 0) return first
  const choices = found.map(({name, region}) => `${region}/${name}`).join(', ')
  throw refuse(`The sandbox has ${found.length} instances ${text}: ${choices}.`)
}
