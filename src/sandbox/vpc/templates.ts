import {type Routes, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {nameChange} from '../core/record-store.ts'
import type {TemplateRecord} from '../core/records.ts'
import {bodyHead, type WireBody} from '../core/references.ts'
import {firstKey} from './keys.ts'
import {subnetNamed} from './networking.ts'
import {readBodyAs} from './request-body.ts'

/**
 * The API's InstanceTemplate object of a record, one by image and with a network attachment (IBM/vpc-node-sdk vpc/v1.ts).
 * Its parts are identities as they were given, not references with names and CRNs.
 */
function templateBody(record: TemplateRecord): WireBody {
  return {
    ...bodyHead('instance/templates', record.zone, record),
    boot_volume_attachment: {
      delete_volume_on_instance_delete: true,
      volume: {capacity: 100, name: `${record.name}-boot`, profile: {name: 'general-purpose'}},
    },
    image: {id: record.image.id},
    keys: [{id: firstKey({name: record.region}).id}],
    metadata_service: record.metadata ?? undefined,
    network_attachments: [],
    primary_network_attachment: {
      name: 'eth0',
      virtual_network_interface: {subnet: {id: subnetNamed(record.vpc, record.zone, record.id.slice(0, 4)).id}},
    },
    profile: {name: record.profile},
    user_data: record.userData,
    volume_attachments: [],
    vpc: {id: record.vpc},
    zone: {name: record.zone},
  }
}

/** `/instance/templates`. No ETags: IBM's SDK names neither ETag nor `If-Match` for them. */
export function addTemplates(routes: Routes, {fleet: {templates: store}}: SimulatedCloud): void {
  const templates = storedCollection(routes, store, {
    path: '/instance/templates',
    // The operation has neither `start` nor `limit` in IBM's SDK, although the collection's type has `next`: without
    // a limit all are sent.
    pages: 'when asked',
    body: templateBody,
  })

  // Nothing but `name` can be changed (IBM/vpc-node-sdk vpc/v1.ts `updateInstanceTemplate`).
  routes.patch('/instance/templates/:id', async c => {
    templates.find(c)
    const {name} = await readBodyAs(c, 'templatePatch')
    return templates.answer(c, await templates.update(c, current => nameChange(store, current, name)))
  })
}
