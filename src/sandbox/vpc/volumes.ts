import {collection, type Routes} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import type {InstanceRecord} from '../core/records.ts'
import {
  groupReference,
  isoTime,
  partOf,
  profileReference,
  referenceIn,
  resourceReference,
  type WireBody,
  zoneReference,
} from '../core/references.ts'
import {operatingSystemOf} from './images.ts'
import {statusAt} from './instance-actions.ts'
import {bootVolume, volumeBandwidthOf} from './instance-body.ts'

/** The Volume object of an instance's boot volume (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Volume`). Its 100 GB and 3000 IOPS are the sandbox's choice. */
function volumeBody(record: InstanceRecord, isRunning: boolean): WireBody {
  const {volume, ...attachment} = bootVolume(record)
  return {
    ...volume,
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
    profile: profileReference('volume', 'general-purpose'),
    resource_group: groupReference(record.resourceGroup),
    ...(record.image && {source_image: resourceReference('images', record.image)}),
    status: 'available',
    status_reasons: [],
    storage_generation: 1,
    user_tags: [],
    volume_attachments: [
      {
        ...attachment,
        delete_volume_on_instance_delete: true,
        instance: referenceIn(record.zone, 'instances', record),
        type: 'boot',
      },
    ],
    zone: zoneReference(record),
  }
}

/** `/volumes`: the instances' boot volumes, with the filters of IBM/vpc-node-sdk vpc/v1.ts `listVolumes`. None has a tag. */
export function addVolumes(routes: Routes, {fleet, clock, transitionMs}: SimulatedCloud): void {
  collection<InstanceRecord>(routes, {
    path: '/volumes',
    rows: c => fleet.instances.of(c.get('region').name),
    find: (c, id) => fleet.instances.of(c.get('region').name).find(each => partOf(each, 'bootVolume') === id),
    body: record => volumeBody(record, statusAt(record, clock(), transitionMs) === 'running'),
    filters: {
      attachment_state: () => 'attached',
      encryption: () => 'provider_managed',
      name: record => partOf(record, 'bootVolumeName'),
      'operating_system.architecture': ({image}) => image && operatingSystemOf(image).architecture,
      'operating_system.family': ({image}) => image && operatingSystemOf(image).family,
      storage_generation: () => '1',
      tag: () => undefined,
      'zone.name': record => record.zone,
    },
    place: record => record.order,
  })
}
