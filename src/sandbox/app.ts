import {randomUUID} from 'node:crypto'
import {type Context, Hono} from 'hono'
import type {Accounts} from './accounts/accounts.ts'
import {ApiError, answerError, invalidRoute, throttled, unauthorized} from './core/api-error.ts'
import {limitBodies} from './core/body-limits.ts'
import type {Environment} from './core/environment.ts'
import {checkVersion, enterRegion, onlyOwnHost} from './core/front-door.ts'
import {inAccount} from './core/ids.ts'
import {RateLimit} from './core/rate-limit.ts'
import {makeTrouble, type TroubleOptions} from './core/trouble.ts'
import {enterpriseRoutes} from './enterprise/enterprise-routes.ts'
import {iamRoutes, tokenPath, tooLargeForIam} from './iam/iam.ts'
import {type SandboxControls, sandboxRoutes} from './sandbox-routes.ts'
import {searchRoutes} from './search/search-routes.ts'
import {tagRoutes} from './search/tag-routes.ts'
import {vpcApps, vpcBases} from './vpc/vpc-app.ts'

interface AppOptions extends SandboxControls, TroubleOptions {
  accounts: Accounts
  clock: () => number
  rateLimitPerSecond: number | undefined
  tokenTtlSeconds: number
  /** How long after a change of tags the index of the search learns of it. */
  tagDelayMs: number
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
  const iam = {accounts, clock, ttlSeconds: options.tokenTtlSeconds}
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
  app.route('/enterprise/v1', enterpriseRoutes(accounts))
  app.route('/search', searchRoutes(accounts, options.tagDelayMs))
  app.route('/tagging', tagRoutes(accounts))

  const answerVpc = vpcApps()
  const limit = options.rateLimitPerSecond === undefined ? undefined : new RateLimit(options.rateLimitPerSecond)
  const vpc = async (c: Context<Environment>) => {
    accounts.refresh()
    enterRegion(c, fleet.regions)
    const account = await accounts.ofRequest(c)
    const seconds = limit?.refuse(`${account?.id}/${c.get('region').name}`, clock())
    if (seconds !== undefined) throw throttled(String(seconds))
    checkVersion(c, clock())
    if (account === undefined) throw unauthorized()
    return await inAccount({account: account.id}, () => answerVpc(c, account.cloud))
  }
  for (const base of vpcBases) app.all(`${base}/*`, vpc)
  return app
}
