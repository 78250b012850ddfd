import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {answerError} from './core/answer-error.ts'
import {ApiError, invalidRoute, notSimulatedRoute, tooLarge} from './core/api-error.ts'
import {limitBodies} from './core/body-limits.ts'
import type {Cloud, Environment} from './core/environment.ts'
import {checkToken, checkVersion, enterRegion, onlyOwnHost} from './core/front-door.ts'
import {RateLimit} from './core/rate-limit.ts'
import {makeTrouble, type TroubleOptions} from './core/trouble.ts'
import {iamRoutes, tokenPath, tooLargeForIam} from './iam/iam.ts'
import {type SandboxControls, sandboxRoutes} from './sandbox-routes.ts'
import {associationRoutes} from './vpc/association-routes.ts'
import {bareMetalRoutes} from './vpc/bare-metal-routes.ts'
import {catalogueRoutes} from './vpc/catalogue-routes.ts'
import {createRoutes} from './vpc/create-routes.ts'
import {floatingIpRoutes} from './vpc/floating-ip-routes.ts'
import {instanceRoutes} from './vpc/instance-routes.ts'
import {keyRoutes} from './vpc/key-routes.ts'
import {regionRoutes, vpcRoutes} from './vpc/region-routes.ts'
import {subnetRoutes} from './vpc/subnet-routes.ts'
import {templateRoutes} from './vpc/template-routes.ts'
import {volumeRoutes} from './vpc/volume-routes.ts'
import {isVpcOperation} from './vpc/vpc-operations.ts'

const operations = [
  regionRoutes,
  vpcRoutes,
  floatingIpRoutes,
  instanceRoutes,
  createRoutes,
  keyRoutes,
  subnetRoutes,
  volumeRoutes,
  catalogueRoutes,
  associationRoutes,
  templateRoutes,
  bareMetalRoutes,
]

export interface AppOptions extends Cloud, SandboxControls, TroubleOptions {
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
    await next()
  })
  app.use(onlyOwnHost)
  const iam = {secret: () => fleet.secret, clock, ttlSeconds: options.tokenTtlSeconds}
  app.use(
    limitBodies<Environment>(c =>
      c.req.path === tokenPath ? tooLargeForIam(iam, c.req.url) : answerError(tooLarge(), c),
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
    if (seconds !== undefined) {
      throw new ApiError(429, 'rate_limit_exceeded', 'Too many requests within a short time.', undefined, {
        'retry-after': String(seconds),
      })
    }
    fleet.refresh()
    checkVersion(c, clock())
    await checkToken(c, fleet.secret, clock())
    await next()
  })
  for (const routes of operations) vpc.route('/', routes(options))
  vpc.all('*', c => {
    const path = c.req.path.replace(/^(\/[^/]+)?\/v1/, '')
    throw isVpcOperation(c.req.method, path) ? notSimulatedRoute(c.req.method, path) : invalidRoute()
  })
  app.route('/v1', vpc)
  app.route('/:region/v1', vpc)
  return app
}
