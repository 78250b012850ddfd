import type {BareMetalRecord, InstanceRecord} from '../core/records.ts'
import type {FleetStore} from './fleet.ts'

type Named = {id: string; name: string; region: string}

const isCalled = ({id, name, region}: Named, text: string) => [id, name, `${region}/${name}`].includes(text)

/** The instance, or else the bare metal server, that `text` means: as `findNamed`. */
export function findServer(fleet: FleetStore, text: string): InstanceRecord | BareMetalRecord {
  const servers = fleet.bareMetalServers.all()
  const instances = fleet.instances.all()
  const isInstance = !servers.some(each => isCalled(each, text)) || instances.some(each => isCalled(each, text))
  return findNamed<InstanceRecord | BareMetalRecord>(isInstance ? instances : servers, text)
}

/** The instance that `text` means: an ID, a name, or a region and a name with a slash between. Throws a plain Error for none or several. */
export function findNamed<Item extends Named>(instances: readonly Item[], text: string): Item {
  const found = instances.filter(each => isCalled(each, text))
  const [first, ...more] = found
  if (first === undefined) throw new Error(`The sandbox has no instance ${text}.`)
  if (more.length === 0) return first
  const choices = found.map(({name, region}) => `${region}/${name}`).join(', ')
  throw new Error(`The sandbox has ${found.length} instances ${text}: ${choices}.`)
}
