import type {HttpBindings} from '@hono/node-server'
import {type Context, Hono} from 'hono'
import {answerError, invalidRoute, notSimulated} from '../core/api-error.ts'
import type {Environment, SimulatedCloud} from '../core/environment.ts'
import {addBareMetalServers} from './bare-metal-servers.ts'
import {addFloatingIps} from './floating-ips.ts'
import {addImages} from './images.ts'
import {addInstances} from './instances.ts'
import {addKeys} from './keys.ts'
import {addInstanceProfiles} from './profiles.ts'
import {addTemplates} from './templates.ts'
import {addVolumes} from './volumes.ts'
import {addRegions, addSecurityGroups, addSubnets, addVpcs} from './vpc-networks.ts'
import {isVpcOperation} from './vpc-operations.ts'

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

/** Where the VPC API is: the first region's is below `/v1`, too. */
export const vpcBases = ['/v1', '/:region/v1'] as const

interface Carried extends HttpBindings {
  /** The request as it came in, which the front door has read already. */
  outer: Context<Environment>
}

/** The VPC API of one account. It takes requests that have passed the front door. */
function createVpcApp(cloud: SimulatedCloud): Hono<Environment> {
  const vpc = new Hono<Environment>()
  for (const add of resources) add(vpc, cloud)
  vpc.all('*', c => {
    const path = c.req.path.replace(/^(\/[^/]+)?\/v1/, '')
    if (!isVpcOperation(c.req.method, path)) throw invalidRoute()
    // A 404 would say that there is no such operation.
    throw notSimulated(`${c.req.method} ${path}`)
  })
  const app = new Hono<Environment>()
  app.onError((error, c) => answerError(error, c))
  app.notFound(c => answerError(invalidRoute(), c))
  app.use(async (c, next) => {
    const {outer} = c.env as Carried
    for (const name of ['trace', 'origin', 'region', 'base'] as const) c.set(name, outer.get(name))
    c.header('x-request-id', outer.get('trace'))
    // What was read of the body can't be read again.
    c.req.bodyCache = outer.req.bodyCache
    await next()
  })
  for (const base of vpcBases) app.route(base, vpc)
  return app
}

/** Answers requests that have passed the front door, each account's with its own resources alone. */
export function vpcApps(): (outer: Context<Environment>, cloud: SimulatedCloud) => Response | Promise<Response> {
  const apps = new WeakMap<SimulatedCloud, Hono<Environment>>()
  return (outer, cloud) => {
    const app = apps.get(cloud) ?? createVpcApp(cloud)
    apps.set(cloud, app)
    const carried: Carried = {...outer.env, outer}
    return app.fetch(outer.req.raw, carried)
  }
}
