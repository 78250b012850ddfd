import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {ApiError, answerError, invalidRoute, throttled} from './core/api-error.ts'
import {limitBodies} from './core/body-limits.ts'
import type {Environment} from './core/environment.ts'
import {checkToken, checkVersion, enterRegion, onlyOwnHost} from './core/front-door.ts'
import {inAccount} from './core/ids.ts'
import {RateLimit} from './core/rate-limit.ts'
import type {SimulatedCloud} from './core/simulated-cloud.ts'
import {makeTrouble, type TroubleOptions} from './core/trouble.ts'
import {iamRoutes, tokenPath, tooLargeForIam} from './iam/iam.ts'
import {type SandboxControls, sandboxRoutes} from './sandbox-routes.ts'
import {addBareMetalServers} from './vpc/bare-metal-servers.ts'
import {addFloatingIps} from './vpc/floating-ips.ts'
import {addImages} from './vpc/images.ts'
import {addInstances} from './vpc/instances.ts'
import {addKeys} from './vpc/keys.ts'
import {addInstanceProfiles} from './vpc/profiles.ts'
import {addRegions} from './vpc/regions.ts'
import {addTemplates} from './vpc/templates.ts'
import {addVolumes} from './vpc/volumes.ts'
import {addSecurityGroups, addSubnets, addVpcs} from './vpc/vpc-networks.ts'
import {isVpcOperation} from './vpc/vpc-operations.ts'

const resources = [
  addRegions,
  addVpcs,
  addFloatingIps,
  addInstances,
  addKeys,
  addSubnets,
  addSecurityGroups,
  addVolumes,
  addImages,
  addInstanceProfiles,
  addTemplates,
  addBareMetalServers,
]

interface AppOptions extends SimulatedCloud, SandboxControls, TroubleOptions {
  rateLimitPerSecond: number | undefined
  tokenTtlSeconds: number
}

/** The simulated cloud as a Hono application: IAM, and the VPC API of every region below `/{region}/v1`, of the first below `/v1` too. */
export function createApp(options: AppOptions): Hono<Environment> {
  const {fleet, clock} = options
  const app = new Hono<Environment>()
  app.onError((error, c) => answerError(error, c))
  app.notFound(c => answerError(invalidRoute(), c))
  app.use(async (c, next) => {
    const trace = randomUUID()
    c.set('trace', trace)
    c.header('x-request-id', trace)
    await inAccount(() => fleet.account, next)
  })
  app.use(onlyOwnHost)
  const iam = {secret: () => fleet.secret, clock, ttlSeconds: options.tokenTtlSeconds}
  // No source shows IBM's own code.
  const tooLarge = new ApiError(413, 'request_entity_too_large', 'The request body is too large.')
  app.use(
    limitBodies<Environment>(c =>
      c.req.path === tokenPath ? tooLargeForIam(iam, c.req.url) : answerError(tooLarge, c),
    ),
  )
  app.route('/sandbox', sandboxRoutes(options))
  app.use(makeTrouble(options))
  app.route('/', iamRoutes(iam))

  const vpc = new Hono<Environment>()
  const limit = options.rateLimitPerSecond === undefined ? undefined : new RateLimit(options.rateLimitPerSecond)
  vpc.use(async (c, next) => {
    enterRegion(c, fleet.regions)
    const seconds = limit?.refuse(c.get('region').name, clock())
    if (seconds !== undefined) throw throttled(String(seconds))
    fleet.refresh()
    checkVersion(c, clock())
    await checkToken(c, fleet.secret, clock())
    await next()
  })
  for (const add of resources) add(vpc, options)
  vpc.all('*', c => {
    const path = c.req.path.replace(/^(\/[^/]+)?\/v1/, '')
    if (!isVpcOperation(c.req.method, path)) throw invalidRoute()
    // A 404 would say that there is no such operation.
    throw new ApiError(501, 'not_implemented', `The sandbox does not simulate ${c.req.method} ${path}.`)
  })
  app.route('/v1', vpc)
  app.route('/:region/v1', vpc)
  return app
}
