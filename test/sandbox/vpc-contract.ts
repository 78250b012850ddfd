import {readFileSync} from 'node:fs'
import {Ajv} from 'ajv'
import {expect} from 'vitest'

interface Schema {
  definitions: Record<string, {properties?: object}>
}

// A template is one of several kinds, whose own properties only IBM's types of these kinds know (IBM/vpc-node-sdk
// vpc/v1.ts, InstanceTemplateInstanceByImage… and its siblings): the schema has what they have in common.
const ofKinds: Record<string, object> = {
  InstanceTemplate: {
    boot_volume_attachment: {type: 'object'},
    image: {type: 'object'},
    network_attachments: {type: 'array'},
    primary_network_attachment: {type: 'object'},
    zone: {type: 'object'},
  },
}

const file = new URL('../contract/vpc-v1.schema.json', import.meta.url)
const {definitions}: Schema = JSON.parse(readFileSync(file, 'utf8'))
// Beyond the schema itself: an answer has no property that IBM's types do not know.
const closed = Object.entries(definitions).map(([name, {properties, ...each}]) => [
  name,
  properties ? {...each, properties: {...properties, ...ofKinds[name]}, additionalProperties: false} : each,
])
/** An object with these properties and no others; those with a `?` may be missing. */
const object = (properties: Record<string, object>) => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name.replace('?', ''), each])),
  required: Object.keys(properties).filter(name => !name.endsWith('?')),
  additionalProperties: false,
})
const [string, number, boolean] = [{type: 'string'}, {type: 'number'}, {type: 'boolean'}]
const list = (items: object) => ({type: 'array', items})
const ref = (name: string) => ({$ref: `#/definitions/${name}`})
const page = {first: ref('PageLink'), limit: number, 'next?': ref('PageLink'), total_count: number}
const named = {crn: string, href: string, id: string, name: string, resource_type: string}

// What the schema does not have, of IBM/vpc-node-sdk vpc/v1.ts.
const more = {
  Volume: object({
    ...named,
    active: boolean,
    adjustable_capacity_states: list({enum: ['attached', 'unattached', 'unusable']}),
    adjustable_iops_states: list({enum: ['attached', 'unattached', 'unusable']}),
    attachment_state: {enum: ['attached', 'unattached', 'unusable']},
    bandwidth: number,
    busy: boolean,
    capacity: number,
    created_at: string,
    encryption: {enum: ['provider_managed', 'user_managed']},
    health_reasons: list({type: 'object'}),
    health_state: {enum: ['degraded', 'faulted', 'inapplicable', 'ok']},
    iops: number,
    profile: object({href: string, name: string, resource_type: string}),
    resource_group: ref('ResourceGroupReference'),
    'source_image?': ref('ImageReference'),
    status: {enum: ['available', 'failed', 'pending', 'pending_deletion', 'unusable', 'updating']},
    status_reasons: list({type: 'object'}),
    storage_generation: {enum: [1, 2]},
    user_tags: list(string),
    volume_attachments: list(
      object({
        delete_volume_on_instance_delete: boolean,
        device: ref('VolumeAttachmentDevice'),
        href: string,
        id: string,
        instance: object(named),
        name: string,
        type: {enum: ['boot', 'data']},
      }),
    ),
    zone: ref('ZoneReference'),
  }),
  VolumeCollection: object({...page, volumes: list(ref('Volume'))}),
  ReservedIP: object({
    address: string,
    auto_delete: boolean,
    created_at: string,
    href: string,
    id: string,
    lifecycle_state: {enum: ['deleting', 'failed', 'pending', 'stable', 'suspended', 'updating', 'waiting']},
    name: string,
    owner: {enum: ['provider', 'user']},
    resource_type: {const: 'subnet_reserved_ip'},
    'target?': {type: 'object', required: ['href', 'id', 'name', 'resource_type']},
  }),
  ReservedIPCollection: object({...page, reserved_ips: list(ref('ReservedIP'))}),
  VirtualNetworkInterfaceCollection: object({
    ...page,
    virtual_network_interfaces: list(ref('VirtualNetworkInterface')),
  }),
}
const ajv = new Ajv({strict: false, allErrors: true})
ajv.addSchema({definitions: {...Object.fromEntries(closed), ...more}}, 'vpc')

/** Expects a body to be valid by a definition of IBM's types (test/contract/vpc-v1.schema.json), and to have no other property. */
export function checkAgainstContract(definition: string, body: unknown): void {
  const validate = ajv.getSchema(`vpc#/definitions/${definition}`)
  if (validate === undefined) throw new Error(`The schema has no ${definition}.`)
  validate(body)
  expect(validate.errors ?? []).toEqual([])
}
