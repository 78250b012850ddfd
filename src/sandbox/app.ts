import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {answerError} from './answer-error.ts'
import {ApiError, invalidRoute, notSimulatedRoute, tooLarge} from './api-error.ts'
import {associationRoutes} from './association-routes.ts'
import {bareMetalRoutes} from './bare-metal-routes.ts'
import {limitBodies} from './body-limits.ts'
import {catalogueRoutes} from './catalogue-routes.ts'
import {createRoutes} from './create-routes.ts'
import type {Cloud, Environment} from './environment.ts'
import {floatingIpRoutes} from './floating-ip-routes.ts'
import {checkToken, checkVersion, enterRegion, onlyOwnHost} from './front-door.ts'
import {iamRoutes, tokenPath, tooLargeForIam} from './iam.ts'
import {instanceRoutes} from './instance-routes.ts'
import {keyRoutes} from './key-routes.ts'
import {RateLimit} from './rate-limit.ts'
import {regionRoutes, vpcRoutes} from './region-routes.ts'
import {type SandboxControls, sandboxRoutes} from './sandbox-routes.ts'
import {subnetRoutes} from './subnet-routes.ts'
import {templateRoutes} from './template-routes.ts'
import {makeTrouble, type TroubleOptions} from './trouble.ts'
import {volumeRoutes} from './volume-routes.ts'
import {isVpcOperation} from './vpc-operations.ts'

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
    checkToken(c, fleet.secret, clock())
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
