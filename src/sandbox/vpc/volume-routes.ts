import {Hono} from 'hono'
import {notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {crnOf} from '../core/ids.ts'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime, partOf, reference} from '../core/references.ts'
import {bareMetalReservedIp} from './bare-metal-body.ts'
import {bootAttachmentBody, bootVolume, volumeBandwidthOf} from './instance-body.ts'
import {statusAt} from './instance-status.ts'
import {reservedIpBodies} from './networking.ts'
import {groupReference} from './region-bodies.ts'
import {subnetsOf} from './subnets.ts'

/** The Volume object of an instance's boot volume (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Volume`). Its 100 GB and 3000 IOPS are the sandbox's choice. */
function volumeBody(record: InstanceRecord, isRunning: boolean, base: string): Record<string, unknown> {
  const {volume, ...attachment} = bootVolume(record, base)
  return {
    ...(volume as object),
    active: isRunning,
    adjustable_capacity_states: ['attached'],
    adjustable_iops_states: [],
    attachment_state: 'attached',
    bandwidth: volumeBandwidthOf(record),
    busy: false,
    capacity: 100,
    created_at: isoTime(record.created),
    encryption: 'provider_managed',
    health_reasons: [],
    health_state: 'ok',
    iops: 3000,
    profile: {
      href: `${base}/volume/profiles/general-purpose`,
      name: 'general-purpose',
      resource_type: 'volume_profile',
    },
    resource_group: groupReference(record.resourceGroup),
    ...(record.image && {source_image: reference(base, 'images', 'image', record.image)}),
    status: 'available',
    status_reasons: [],
    storage_generation: 1,
    user_tags: [],
    volume_attachments: [
      {
        ...attachment,
        delete_volume_on_instance_delete: true,
        instance: reference(base, 'instances', 'instance', {
          id: record.id,
          crn: crnOf(record.zone, 'instance', record.id),
          name: record.name,
        }),
        type: 'boot',
      },
    ],
    zone: {href: `${base}/regions/${record.region}/zones/${record.zone}`, name: record.zone},
  }
}

/** Where the links within an instance and a bare metal server lead: volume attachments, volumes, reserved IPs. */
export function volumeRoutes({fleet, clock, transitionMs}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  const instance = (region: string, id: string): InstanceRecord => {
    const record = fleet.instances.find(region, id)
    if (record === undefined) throw notFound('instance_id', id)
    return record
  }
  routes.get('/instances/:instance/volume_attachments', c => {
    const record = instance(c.get('region').name, c.req.param('instance'))
    return c.json({volume_attachments: [bootAttachmentBody(record, c.get('base'))]})
  })
  routes.get('/instances/:instance/volume_attachments/:id', c => {
    const body = bootAttachmentBody(instance(c.get('region').name, c.req.param('instance')), c.get('base'))
    if (body.id !== c.req.param('id')) throw notFound('id', c.req.param('id'))
    return c.json(body)
  })
  routes.get('/volumes/:id', c => {
    const id = c.req.param('id')
    const record = fleet.instances.of(c.get('region').name).find(each => partOf(each, 'bootVolume') === id)
    if (record === undefined) throw notFound('id', id)
    return c.json(volumeBody(record, statusAt(record, clock(), transitionMs) === 'running', c.get('base')))
  })
  routes.get('/subnets/:subnet/reserved_ips/:id', c => {
    const {subnet: subnetId, id} = c.req.param()
    const base = c.get('base')
    const subnet = subnetsOf(fleet, c.get('region')).find(each => each.id === subnetId)
    if (subnet === undefined) throw notFound('subnet_id', subnetId)
    const {vpc, zone} = subnet
    const instances = fleet.instances.of(vpc.region, vpc.id).filter(each => each.zone === zone)
    const servers = fleet.bareMetalServers.of(vpc.region, vpc.id).filter(each => each.zone === zone)
    const all = [
      ...instances.flatMap(each => reservedIpBodies(each, base)),
      ...servers.map(each => bareMetalReservedIp(each, base)),
    ]
    const found = all.find(each => each.id === id)
    if (found === undefined) throw notFound('id', id)
    return c.json(found)
  })
  return routes
}
