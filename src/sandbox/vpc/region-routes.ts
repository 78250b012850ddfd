import {Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import type {VpcRecord} from '../core/records.ts'
import type {RegionPlace} from '../core/regions.ts'
import {regionBody, vpcBody, zoneBody} from './region-bodies.ts'

/** `GET /regions`, a region, its zones, a zone. Every region knows of all. */
export function regionRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const find = (name: string): RegionPlace => {
    const region = fleet.regions.find(each => each.name === name)
    if (region === undefined) throw notFound('name', name)
    return region
  }
  routes.get('/regions', c =>
    c.json({regions: fleet.regions.map(each => regionBody(each, c.get('origin'), c.get('base')))}),
  )
  routes.get('/regions/:name', c => c.json(regionBody(find(c.req.param('name')), c.get('origin'), c.get('base'))))
  routes.get('/regions/:name/zones', c => {
    const region = find(c.req.param('name'))
    return c.json({zones: region.zones.map(zone => zoneBody(region, zone, c.get('base')))})
  })
  routes.get('/regions/:name/zones/:zone', c => {
    const region = find(c.req.param('name'))
    const zone = region.zones.find(each => each.name === c.req.param('zone'))
    if (zone === undefined) throw notFound('name', c.req.param('zone'))
    return c.json(zoneBody(region, zone, c.get('base')))
  })
  return routes
}

/** `GET /vpcs` with the filters of IBM/vpc-node-sdk vpc/v1.ts `listVpcs`, and one VPC. */
export function vpcRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/vpcs', c => {
    const query = c.req.query()
    const group = query['resource_group.id']
    const rows = fleet
      .vpcsOf(c.get('region').name)
      .filter(each => group === undefined || each.resourceGroup.id === group)
      // No VPC here has classic access.
      .filter(() => query.classic_access !== 'true')
    const bodyOf = (each: VpcRecord) => vpcBody(each, c.get('region'), c.get('base'))
    return answerPage(c, 'vpcs', rows, {bodyOf, placeOf: each => each.order})
  })
  routes.get('/vpcs/:id', c => {
    const vpc = fleet.vpcsOf(c.get('region').name).find(each => each.id === c.req.param('id'))
    if (vpc === undefined) throw notFound('id', c.req.param('id'))
    return c.json(vpcBody(vpc, c.get('region'), c.get('base')))
  })
  return routes
}
