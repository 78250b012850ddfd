import {platform} from 'node:os'
import {Hono} from 'hono'
import {ApiError} from './core/api-error.ts'
import type {Environment} from './core/environment.ts'
import {findServer} from './fleet/find-server.ts'
import type {FleetStore} from './fleet/fleet.ts'
import type {Seeded} from './fleet/public-types.ts'
import type {MetadataListeners} from './imds/metadata-listeners.ts'
import type {SshListeners} from './ssh/ssh-listeners.ts'
import {isWindows} from './vpc/images.ts'
import {readObject} from './vpc/request-body.ts'

// Each address is an open port.
const mostAddresses = 500

export interface SandboxControls {
  fleet: FleetStore
  /** Loads the metadata services when they are first asked for. */
  metadata: () => Promise<MetadataListeners>
  /** Likewise the ssh servers. */
  ssh: () => Promise<SshListeners>
  reset: () => Promise<void>
  /** Rejects an invalid seed. */
  seed: (seed: unknown) => Promise<Seeded>
}

/**
 * The sandbox's own routes, below `/sandbox`, without version and token. `GET /health` is 200 as soon as it
 * serves; `POST /reset` (204) and `POST /seed` (201) do as the sandbox's own `reset()` and `seed()`;
 * `GET /addresses?instance=…` lists the addresses of the metadata services of the named instances and bare metal servers, or
 * of all instances, and opens those that are not open yet; `GET /ssh?instance=…` tells where the named instance takes ssh.
 */
export function sandboxRoutes({fleet, metadata, ssh, reset, seed}: SandboxControls): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/health', c => c.json({status: 'ok'}))
  routes.post('/reset', async c => {
    await reset()
    return c.body(null, 204)
  })
  routes.post('/seed', async c => {
    return c.json(await seed(await readObject(c)), 201)
  })
  routes.get('/addresses', async c => {
    const names = c.req.queries('instance') ?? []
    fleet.refresh()
    const all = fleet.instances.all()
    const chosen = names.length === 0 ? all : names.map(name => findServer(fleet, name))
    if (chosen.length > mostAddresses) {
      const message = `There are ${chosen.length} instances: name those that you want, at most ${mostAddresses} at a time.`
      throw new ApiError(400, 'too_many_instances', message, {name: 'instance', type: 'parameter'})
    }
    const service = await metadata()
    return c.json({addresses: await Promise.all(chosen.map(({id}) => service.address(id)))})
  })
  routes.get('/ssh', async c => {
    const asked = c.req.query('instance') ?? ''
    fleet.refresh()
    const {id, name} = findServer(fleet, asked)
    const instance = fleet.instances.get(id)
    const refuse = (why: string) =>
      new ApiError(409, 'no_shell', `${name} takes no ssh: ${why}.`, {
        name: 'instance',
        type: 'parameter',
        value: asked,
      })
    if (instance === undefined) throw refuse('it is a bare metal server, of which the sandbox has no shell')
    if (isWindows(instance.image)) throw refuse('it runs Windows, of which the sandbox has no shell')
    if (platform() === 'win32') throw refuse('the sandbox has no shell on Windows')
    return c.json(await (await ssh()).address(instance))
  })
  return routes
}
