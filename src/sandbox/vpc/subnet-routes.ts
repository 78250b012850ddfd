import {Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {crnOf, uuidOf} from '../core/ids.ts'
import {isoTime, reference} from '../core/references.ts'
import {groupReference} from './region-bodies.ts'
import {addressOf, type SecurityGroup, type Subnet, securityGroupsOf, subnetsOf} from './subnets.ts'

type Body = Record<string, unknown>

function vpcReference(vpc: Subnet['vpc'], base: string): Body {
  return reference(base, 'vpcs', 'vpc', {id: vpc.id, crn: crnOf(vpc.region, 'vpc', vpc.id), name: vpc.name})
}

function siblingOf(vpc: Subnet['vpc'], type: string): string {
  return `${vpc.id.slice(0, 4)}-${uuidOf(`${vpc.id}/${type}`)}`
}

function defaultRoutingTable(vpc: Subnet['vpc']): {id: string; name: string} {
  return {id: siblingOf(vpc, 'routing-table'), name: 'default-routing-table'}
}

/** The Subnet object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Subnet`). */
function subnetBody(subnet: Subnet, taken: number, base: string): Body {
  const {vpc, zone, range} = subnet
  const acl = siblingOf(vpc, 'network-acl')
  const table = defaultRoutingTable(vpc)
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
      crn: crnOf(vpc.region, 'routing-table', table.id),
      href: `${base}/vpcs/${vpc.id}/routing_tables/${table.id}`,
      ...table,
      resource_type: 'routing_table',
    },
    status: 'available',
    total_ipv4_address_count: total,
    vpc: vpcReference(vpc, base),
    zone: {href: `${base}/regions/${vpc.region}/zones/${zone}`, name: zone},
  }
}

/**
 * The protocol of a rule for everything: `all` up to version 2025-12-08, since then `icmp_tcp_udp`; `any` is for approved
 * accounts (ibm-cloud-docs/vpc api-change-log.md, 9 December 2025).
 */
function protocolForAll(version: string): string {
  return version <= '2025-12-08' ? 'all' : 'icmp_tcp_udp'
}

/** The SecurityGroup object at a version of the API, whose rules let everything out and, in `allow-ssh`, TCP port 22 in (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.SecurityGroup`). */
function securityGroupBody(group: SecurityGroup, version: string, base: string): Body {
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
      rule(1, {direction: 'outbound', protocol: protocolForAll(version)}),
      ...(name === 'allow-ssh' ? [rule(2, {direction: 'inbound', protocol: 'tcp', port_min: 22, port_max: 22})] : []),
    ],
    targets: [],
    vpc: vpcReference(vpc, base),
  }
}

type Filter = (vpc: Subnet['vpc']) => string

// All of `listSecurityGroups` in IBM/vpc-node-sdk vpc/v1.ts, and what `listSubnets` has besides.
const groupFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['resource_group.id', vpc => vpc.resourceGroup.id],
  ['vpc.crn', vpc => crnOf(vpc.region, 'vpc', vpc.id)],
  ['vpc.id', vpc => vpc.id],
  ['vpc.name', vpc => vpc.name],
])
const subnetFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...groupFilters,
  ['routing_table.id', vpc => defaultRoutingTable(vpc).id],
  ['routing_table.name', vpc => defaultRoutingTable(vpc).name],
])

/** `GET /subnets` and `GET /security_groups` with their filters, and one of each. */
export function subnetRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const fits = (filters: ReadonlyMap<string, Filter>, {vpc}: {vpc: Subnet['vpc']}, query: Record<string, string>) =>
    Object.entries(query).every(([name, value]) => (filters.get(name)?.(vpc) ?? value) === value)
  const bodyOf = (subnet: Subnet, base: string) => {
    const inVpc = fleet.instances.of(subnet.vpc.region, subnet.vpc.id)
    return subnetBody(subnet, inVpc.filter(each => each.zone === subnet.zone).length, base)
  }

  routes.get('/subnets', c => {
    const query = c.req.query()
    const rows = subnetsOf(fleet, c.get('region')).filter(
      each =>
        fits(subnetFilters, each, query) && (query['zone.name'] === undefined || query['zone.name'] === each.zone),
    )
    return answerPage(c, 'subnets', rows, {bodyOf: each => bodyOf(each, c.get('base'))})
  })
  routes.get('/subnets/:id', c => {
    const found = subnetsOf(fleet, c.get('region')).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(bodyOf(found, c.get('base')))
  })

  const groupsOf = (region: string) => fleet.vpcsOf(region).flatMap(securityGroupsOf)
  routes.get('/security_groups', c => {
    const query = c.req.query()
    const rows = groupsOf(c.get('region').name).filter(each => fits(groupFilters, each, query))
    const bodyOf = (each: SecurityGroup) => securityGroupBody(each, query.version ?? '', c.get('base'))
    return answerPage(c, 'security_groups', rows, {bodyOf})
  })
  routes.get('/security_groups/:id', c => {
    const found = groupsOf(c.get('region').name).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(securityGroupBody(found, c.req.query('version') ?? '', c.get('base')))
  })
  return routes
}
