import {randomUUID} from 'node:crypto'
import {platform} from 'node:os'
import {type Context, Hono} from 'hono'
import type {Accounts} from './accounts/accounts.ts'
import {enterpriseRoutes} from './accounts/enterprise.ts'
import {ApiError, answerError, invalidRoute, throttled, unauthorized} from './core/api-error.ts'
import {limitBodies} from './core/body-limits.ts'
import type {Environment} from './core/environment.ts'
import type {Fault} from './core/faults.ts'
import {checkVersion, enterRegion, onlyOwnHost, rateLimit} from './core/front-door.ts'
import {inAccount} from './core/ids.ts'
import {makeTrouble} from './core/trouble.ts'
import {type FleetStore, findServer} from './fleet/fleet.ts'
import type {Seeded} from './fleet/public-types.ts'
import {iamRoutes, tokenPath, tooLargeForIam} from './iam/iam.ts'
import type {MetadataListeners} from './imds/metadata-listeners.ts'
import type {SandboxOptions} from './sandbox.ts'
import {searchRoutes} from './search/search-routes.ts'
import {tagRoutes} from './search/tag-routes.ts'
import type {SshListeners} from './ssh/ssh-listeners.ts'
import {isWindows} from './vpc/images.ts'
import {readObject} from './vpc/request-body.ts'
import {vpcApps, vpcBases} from './vpc/vpc-app.ts'

/** What the sandbox was started with, and what it is made of. */
interface AppOptions extends Omit<SandboxOptions, 'accounts'> {
  accounts: Accounts
  clock: () => number
  /** Aborted when the sandbox closes; ends all waiting. */
  closing: AbortSignal
  faults: Fault[]
  fleet: FleetStore
  /** Loads the metadata services when they are first asked for. */
  openMetadata: () => Promise<MetadataListeners>
  /** Likewise the ssh servers. */
  openSsh: () => Promise<SshListeners>
  reset: () => Promise<void>
  /** Rejects an invalid seed. */
  seed: (seed: unknown) => Promise<Seeded>
  tokenTtlSeconds: number
}

/**
 * The simulated cloud as a Hono application: IAM, the services beside the VPC API below their own paths, and the VPC API
 * of every region below `/{region}/v1`, of the first below `/v1` too.
 */
export function createApp(options: AppOptions): Hono<Environment> {
  const {accounts, clock, fleet} = options
  const app = new Hono<Environment>()
  app.onError((error, c) => answerError(error, c))
  app.notFound(c => answerError(invalidRoute(), c))
  app.use(async (c, next) => {
    const trace = randomUUID()
    c.set('trace', trace)
    c.header('x-request-id', trace)
    await inAccount(fleet, next)
  })
  app.use(onlyOwnHost)
  // No source shows IBM's own code.
  const tooLarge = new ApiError(413, 'request_entity_too_large', 'The request body is too large.')
  app.use(
    limitBodies<Environment>(c =>
      c.req.path === tokenPath ? tooLargeForIam(clock(), c.req.url) : answerError(tooLarge, c),
    ),
  )
  app.route('/sandbox', sandboxRoutes(options))
  app.use(makeTrouble(options))
  app.route('/', iamRoutes(accounts, clock, options.tokenTtlSeconds))
  app.route('/enterprise/v1', enterpriseRoutes(accounts))
  app.route('/search', searchRoutes(accounts, options.tagDelayMs))
  app.route('/tagging', tagRoutes(accounts))

  const answerVpc = vpcApps()
  const secondsToWait = rateLimit(options.rateLimitPerSecond)
  const vpc = async (c: Context<Environment>) => {
    accounts.refresh()
    enterRegion(c, fleet.regions)
    const account = await accounts.ofRequest(c)
    const seconds = secondsToWait(`${account?.id}/${c.get('region').name}`, clock())
    if (seconds !== undefined) throw throttled(String(seconds))
    checkVersion(c, clock())
    if (account === undefined) throw unauthorized()
    return await inAccount({account: account.id}, () => answerVpc(c, account.cloud))
  }
  for (const base of vpcBases) app.all(`${base}/*`, vpc)
  return app
}

// Each address is an open port.
const mostAddresses = 500

/**
 * The sandbox's own routes, below `/sandbox`, without version and token. `GET /health` is 200 as soon as it
 * serves; `POST /reset` (204) and `POST /seed` (201) do as the sandbox's own `reset()` and `seed()`;
 * `GET /addresses?instance=…` lists the addresses of the metadata services of the named instances and bare metal servers, or
 * of all instances, and opens those that are not open yet; `GET /ssh?instance=…` tells where the named instance takes ssh.
 */
function sandboxRoutes({fleet, openMetadata, openSsh, reset, seed}: AppOptions): Hono<Environment> {
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
    const service = await openMetadata()
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
    return c.json(await (await openSsh()).address(instance))
  })
  return routes
}
