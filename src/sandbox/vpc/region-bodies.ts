import {crnOf, uuidOf} from '../core/ids.ts'
import type {FloatingIpRecord, InstanceRecord, VpcRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import type {RegionPlace, ZonePlace} from '../core/regions.ts'
import {floatingIpTarget} from './networking.ts'

type Body = Record<string, unknown>

/** The Region object; its endpoint is the sandbox's own (`http://127.0.0.1:PORT/us-south`), the service is at endpoint + `/v1`. */
export function regionBody(region: RegionPlace, origin: string, base: string): Body {
  return {
    endpoint: `${origin}/${region.name}`,
    href: `${base}/regions/${region.name}`,
    name: region.name,
    status: 'available',
  }
}

/** The Zone object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Zone`). */
export function zoneBody(region: RegionPlace, zone: ZonePlace, base: string): Body {
  return {
    href: `${base}/regions/${region.name}/zones/${zone.name}`,
    name: zone.name,
    region: {href: `${base}/regions/${region.name}`, name: region.name},
    status: 'available',
    universal_name: `${region.name}-dc${zone.name.slice(-1)}-a`,
  }
}

/** The ResourceGroupReference. */
export function groupReference(group: {id: string; name: string}): Body {
  return {
    href: `https://resource-controller.cloud.ibm.com/v2/resource_groups/${group.id}`,
    id: group.id,
    name: group.name,
  }
}

/** The VPC object. */
export function vpcBody(record: VpcRecord, region: RegionPlace, base: string): Body {
  const sibling = (type: string) => `${region.code}-${uuidOf(`${record.id}/${type}`)}`
  const [acl, table, group] = [sibling('network-acl'), sibling('routing-table'), sibling('security-group')]
  return {
    classic_access: false,
    created_at: isoTime(record.created),
    crn: crnOf(record.region, 'vpc', record.id),
    cse_source_ips: region.zones.map((zone, index) => ({
      ip: {address: `10.12.${124 + index}.45`},
      zone: {href: `${base}/regions/${region.name}/zones/${zone.name}`, name: zone.name},
    })),
    default_network_acl: {
      crn: crnOf(record.region, 'network-acl', acl),
      href: `${base}/network_acls/${acl}`,
      id: acl,
      name: 'default-network-acl',
    },
    default_routing_table: {
      crn: crnOf(record.region, 'routing-table', table),
      href: `${base}/vpcs/${record.id}/routing_tables/${table}`,
      id: table,
      name: 'default-routing-table',
      resource_type: 'routing_table',
    },
    default_security_group: {
      crn: crnOf(record.region, 'security-group', group),
      href: `${base}/security_groups/${group}`,
      id: group,
      name: 'default-security-group',
    },
    dns: {
      enable_hub: false,
      resolution_binding_count: 0,
      resolver: {servers: [{address: '161.26.0.10'}, {address: '161.26.0.11'}], type: 'system'},
    },
    health_reasons: [],
    health_state: 'ok',
    href: `${base}/vpcs/${record.id}`,
    id: record.id,
    name: record.name,
    public_address_ranges: [],
    resource_group: groupReference(record.resourceGroup),
    resource_type: 'vpc',
    status: 'available',
  }
}

/** The FloatingIP object; without `instance` it leads nowhere and has no target. */
export function floatingIpBody(record: FloatingIpRecord, instance: InstanceRecord | undefined, base: string): Body {
  return {
    address: record.address,
    created_at: isoTime(record.created),
    crn: crnOf(record.zone, 'floating-ip', record.id),
    href: `${base}/floating_ips/${record.id}`,
    id: record.id,
    name: record.name,
    resource_group: groupReference(record.resourceGroup),
    status: 'available',
    ...(instance && {target: floatingIpTarget(instance, base)}),
    zone: {href: `${base}/regions/${record.region}/zones/${record.zone}`, name: record.zone},
  }
}
