import {Hono} from 'hono'
import {ApiError} from './api-error.ts'
import type {Environment} from './environment.ts'
import type {FleetStore} from './fleet.ts'
import {findNamed} from './instance-names.ts'
import type {MetadataService} from './metadata-service.ts'
import type {InstanceRecord} from './records.ts'

// Each address is an open port.
const mostAddresses = 500

/**
 * `GET /sandbox/addresses?instance=…`: where the metadata services of the instances named are reached, of all without a
 * name. Not part of IBM's API: no version, no token. Opens the addresses that are not open yet.
 */
export function sandboxRoutes(fleet: FleetStore, metadata: () => Promise<MetadataService>): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/addresses', async c => {
    const names = c.req.queries('instance') ?? []
    fleet.refresh()
    const all = fleet.instances.all()
    const chosen = names.length === 0 ? all : names.map(name => findOrRefuse(all, name))
    if (chosen.length > mostAddresses) {
      const message = `There are ${chosen.length} instances: name those that you want, at most ${mostAddresses} at a time.`
      throw new ApiError(400, 'too_many_instances', message, {name: 'instance', type: 'parameter'})
    }
    const service = await metadata()
    return c.json({addresses: await Promise.all(chosen.map(({id}) => service.address(id)))})
  })
  return routes
}

function findOrRefuse(all: readonly InstanceRecord[], name: string): InstanceRecord {
  try {
    return findNamed(all, name)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ApiError(404, 'not_found', message, {name: 'instance', type: 'parameter', value: name})
  }
}
