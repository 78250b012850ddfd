import {Hono} from 'hono'
import {notFound} from './api-error.ts'
import type {Cloud, Environment} from './environment.ts'
import {crnOf, uuidOf} from './ids.ts'
import {pageOf, readPage} from './paging.ts'
import {isoTime, reference} from './references.ts'
import {groupReference} from './region-bodies.ts'
import {addressOf, type SecurityGroup, type Subnet, securityGroupsOf, subnetsOf} from './subnets.ts'

type Body = Record<string, unknown>

function vpcReference(vpc: Subnet['vpc'], base: string): Body {
  return reference(base, 'vpcs', 'vpc', {id: vpc.id, crn: crnOf(vpc.region, 'vpc', vpc.id), name: vpc.name})
}

/** The Subnet object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Subnet`). */
function subnetBody(subnet: Subnet, taken: number, base: string): Body {
  const {vpc, zone, range} = subnet
  const sibling = (type: string) => `${vpc.id.slice(0, 4)}-${uuidOf(`${vpc.id}/${type}`)}`
  const [acl, table] = [sibling('network-acl'), sibling('routing-table')]
  const total = 2 ** (32 - range.prefix)
  return {
    ...reference(base, 'subnets', 'subnet', subnet),
    available_ipv4_address_count: total - 5 - taken,
    created_at: isoTime(vpc.created),
    ip_version: 'ipv4',
    ipv4_cidr_block: `${addressOf(range.first)}/${range.prefix}`,
    network_acl: {
      crn: crnOf(vpc.region, 'network-acl', acl),
      href: `${base}/network_acls/${acl}`,
      id: acl,
      name: 'default-network-acl',
    },
    resource_group: groupReference(vpc.resourceGroup),
    routing_table: {
      crn: crnOf(vpc.region, 'routing-table', table),
      href: `${base}/vpcs/${vpc.id}/routing_tables/${table}`,
      id: table,
      name: 'default-routing-table',
      resource_type: 'routing_table',
    },
    status: 'available',
    total_ipv4_address_count: total,
    vpc: vpcReference(vpc, base),
    zone: {href: `${base}/regions/${vpc.region}/zones/${zone}`, name: zone},
  }
}

/** The SecurityGroup object, whose rules let everything out and, in `allow-ssh`, TCP port 22 in (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.SecurityGroup`). */
function securityGroupBody(group: SecurityGroup, base: string): Body {
  const {id, name, crn, vpc} = group
  const href = `${base}/security_groups/${id}`
  const anywhere = {cidr_block: '0.0.0.0/0'}
  const rule = (index: number, more: Body) => {
    const ruleId = `${id.slice(0, 4)}-${uuidOf(`${id}/rule/${index}`)}`
    return {
      href: `${href}/rules/${ruleId}`,
      id: ruleId,
      ip_version: 'ipv4',
      local: anywhere,
      name: `rule-${index}`,
      remote: anywhere,
      resource_type: 'security_group_rule',
      ...more,
    }
  }
  return {
    created_at: isoTime(vpc.created),
    crn,
    href,
    id,
    name,
    resource_group: groupReference(vpc.resourceGroup),
    rules: [
      rule(1, {direction: 'outbound', protocol: 'any'}),
      ...(name === 'allow-ssh' ? [rule(2, {direction: 'inbound', protocol: 'tcp', port_min: 22, port_max: 22})] : []),
    ],
    targets: [],
    vpc: vpcReference(vpc, base),
  }
}

/** `GET /subnets` and `GET /security_groups` with the filters by VPC and group of IBM/vpc-node-sdk vpc/v1.ts, and one of each. */
export function subnetRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const fits = ({vpc}: {vpc: Subnet['vpc']}, query: Record<string, string>) =>
    (query['vpc.id'] === undefined || query['vpc.id'] === vpc.id) &&
    (query['vpc.name'] === undefined || query['vpc.name'] === vpc.name) &&
    (query['vpc.crn'] === undefined || query['vpc.crn'] === crnOf(vpc.region, 'vpc', vpc.id)) &&
    (query['resource_group.id'] === undefined || query['resource_group.id'] === vpc.resourceGroup.id)
  const placeOf = (_: unknown, index: number) => index + 1
  const bodyOf = (subnet: Subnet, base: string) => {
    const inVpc = fleet.instances.of(subnet.vpc.region, subnet.vpc.id)
    return subnetBody(subnet, inVpc.filter(each => each.zone === subnet.zone).length, base)
  }

  routes.get('/subnets', c => {
    const query = c.req.query()
    const rows = subnetsOf(fleet, c.get('region')).filter(
      each => fits(each, query) && (query['zone.name'] === undefined || query['zone.name'] === each.zone),
    )
    const link = {url: `${c.get('base')}/subnets`, query, kind: 'subnets'}
    const {rows: shown, page} = pageOf(rows, placeOf, readPage(query, 'subnets'), link)
    return c.json({...page, subnets: shown.map(each => bodyOf(each, c.get('base')))})
  })
  routes.get('/subnets/:id', c => {
    const found = subnetsOf(fleet, c.get('region')).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(bodyOf(found, c.get('base')))
  })

  const groupsOf = (region: string) => fleet.vpcsOf(region).flatMap(securityGroupsOf)
  routes.get('/security_groups', c => {
    const query = c.req.query()
    const rows = groupsOf(c.get('region').name).filter(each => fits(each, query))
    const link = {url: `${c.get('base')}/security_groups`, query, kind: 'security_groups'}
    const {rows: shown, page} = pageOf(rows, placeOf, readPage(query, 'security_groups'), link)
    return c.json({...page, security_groups: shown.map(each => securityGroupBody(each, c.get('base')))})
  })
  routes.get('/security_groups/:id', c => {
    const found = groupsOf(c.get('region').name).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(securityGroupBody(found, c.get('base')))
  })
  return routes
}
