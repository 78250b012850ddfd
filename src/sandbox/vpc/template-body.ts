import {crnOf, uuidOf} from '../core/ids.ts'
import type {TemplateRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import {groupReference} from './region-bodies.ts'
import {subnetNamed} from './subnets.ts'

/**
 * The API's InstanceTemplate object of a record, one by image and with a network attachment (IBM/vpc-node-sdk vpc/v1.ts).
 * What it is made of are identities, as its maker gave them: no references with names and CRNs.
 */
export function templateBody(record: TemplateRecord, base: string): Record<string, unknown> {
  return {
    boot_volume_attachment: {
      delete_volume_on_instance_delete: true,
      volume: {capacity: 100, name: `${record.name}-boot`, profile: {name: 'general-purpose'}},
    },
    created_at: isoTime(record.created),
    crn: crnOf(record.zone, 'instance-template', record.id),
    href: `${base}/instance/templates/${record.id}`,
    id: record.id,
    image: {id: record.image.id},
    keys: [{id: `${record.vpc.slice(0, 4)}-${uuidOf(`key/${record.region}`)}`}],
    ...(record.metadata && {metadata_service: {...record.metadata}}),
    name: record.name,
    network_attachments: [],
    primary_network_attachment: {
      name: 'eth0',
      virtual_network_interface: {subnet: {id: subnetNamed(record.vpc, record.zone, record.id.slice(0, 4)).id}},
    },
    profile: {name: record.profile},
    resource_group: groupReference(record.resourceGroup),
    ...(record.userData !== undefined && {user_data: record.userData}),
    volume_attachments: [],
    vpc: {id: record.vpc},
    zone: {name: record.zone},
  }
}
