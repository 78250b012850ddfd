import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {answerError} from './answer-error.ts'
import {ApiError, invalidRoute} from './api-error.ts'
import {bareMetalRoutes} from './bare-metal-routes.ts'
import type {Cloud, Environment} from './environment.ts'
import {floatingIpRoutes} from './floating-ip-routes.ts'
import {checkToken, checkVersion, enterRegion, onlyOwnHost} from './front-door.ts'
import {iamRoutes} from './iam.ts'
import {instanceRoutes} from './instance-routes.ts'
import {RateLimit} from './rate-limit.ts'
import {regionRoutes, vpcRoutes} from './region-routes.ts'
import {templateRoutes} from './template-routes.ts'
import {makeTrouble, type TroubleOptions} from './trouble.ts'

export interface AppOptions extends Cloud, TroubleOptions {
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
  app.use(makeTrouble(options))
  app.route('/', iamRoutes({secret: () => fleet.secret, clock, ttlSeconds: options.tokenTtlSeconds}))

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
  const parts = [regionRoutes, vpcRoutes, floatingIpRoutes, instanceRoutes, templateRoutes, bareMetalRoutes]
  for (const routes of parts) vpc.route('/', routes(options))
  app.route('/v1', vpc)
  app.route('/:region/v1', vpc)
  return app
}
