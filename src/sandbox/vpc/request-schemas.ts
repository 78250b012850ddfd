// What the bodies of requests may hold (IBM/vpc-node-sdk vpc/v1.ts). Rules across fields stand with the operations.
import {z} from 'zod'
import {type ApiError, fieldError, notFound} from '../core/api-error.ts'
import {defaultsGroup, productionGroup} from '../core/records.ts'

/** Properties that IBM knows and the sandbox does not simulate. */
const unsimulated = (...names: string[]) => Object.fromEntries(names.map(name => [name, z.never().optional()]))

/** What a name looks like: IBM-Cloud/terraform-provider-ibm accepts those of instances by this pattern and length. */
const name = z
  .string()
  .max(63)
  .regex(/^([a-z]|[a-z][-a-z0-9]*[a-z0-9])$/)

/** Parameters of an issue of our own: the error for the field that it is about. */
const refusing = (error: (field: string) => ApiError) => ({error})

/** Names something that exists by exactly one of `ways`. */
const naming = (...ways: [string, ...string[]]) =>
  z.strictObject(Object.fromEntries(ways.map(way => [way, z.string().optional()]))).transform((given, context) => {
    const named = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined)
    if (named.length === 0) {
      const params = refusing(field => fieldError('validation_required_field', field))
      context.issues.push({code: 'custom', path: [ways[0]], input: given, params})
    }
    if (named.length > 1) {
      const message = 'Exactly one identifying property is allowed.'
      const params = refusing(field => fieldError('validation_failed', field, given, message))
      context.issues.push({code: 'custom', input: given, params})
    }
    return Object.fromEntries(named)
  })
const byId = naming('id', 'crn', 'href')
const byName = naming('name', 'href')

const resourceGroup = naming('id').transform((given, context) => {
  const found = [defaultsGroup, productionGroup].find(each => each.id === given.id)
  if (found) return found
  const params = refusing(field => notFound(field, given.id ?? '', 'field'))
  context.issues.push({code: 'custom', path: ['id'], input: given.id, params})
  return z.NEVER
})

/** What can be set of the metadata service of a bare metal server, and of an instance. */
export const bareMetalSettings = z.strictObject({
  enabled: z.boolean().optional(),
  protocol: z.enum(['http', 'https']).optional(),
})
export const settings = bareMetalSettings.extend({response_hop_limit: z.int().min(1).max(64).optional()})

/** The most that user data may hold, in bytes. 64 K bytes (ibm-cloud-docs/vpc, vsi_is_provisioning_scripts.md). */
const longestUserData = 64 * 1024

const networkInterface = {
  allow_ip_spoofing: z.boolean().optional(),
  security_groups: z.array(byId).optional(),
  subnet: byId,
}

export const requestSchemas = {
  action: z.strictObject({type: z.enum(['reboot', 'start', 'stop']), force: z.boolean().optional()}),

  bareMetalPatch: z.strictObject({
    name: name.optional(),
    metadata_service: bareMetalSettings.optional(),
    ...unsimulated('bandwidth', 'enable_secure_boot', 'reservation_affinity', 'trusted_platform_module'),
  }),

  floatingIpPatch: z.strictObject({name: name.optional(), target: byId.nullable().optional()}),

  floatingIpPrototype: z.strictObject({
    name: name.optional(),
    resource_group: resourceGroup.optional(),
    target: byId.optional(),
    zone: byName.optional(),
    ...unsimulated('address'),
  }),

  instancePatch: z.strictObject({
    name: name.optional(),
    metadata_service: settings.optional(),
    ...unsimulated(
      'availability',
      'availability_policy',
      'confidential_compute_mode',
      'enable_secure_boot',
      'placement_target',
      'profile',
      'reservation_affinity',
      'total_volume_bandwidth',
      'vcpu',
      'volume_bandwidth_qos_mode',
    ),
  }),

  instancePrototype: z.strictObject({
    zone: byName,
    image: byId,
    availability: z.strictObject({class: z.enum(['spot', 'standard']).optional()}).optional(),
    availability_policy: z
      .strictObject({
        host_failure: z.enum(['restart', 'stop']).default('restart'),
        preemption: z.enum(['delete', 'stop']).default('stop'),
      })
      .optional(),
    boot_volume_attachment: z
      .strictObject({
        delete_volume_on_instance_delete: z.unknown().optional(),
        name: z.unknown().optional(),
        volume: z.strictObject({
          capacity: z.unknown().optional(),
          name: name.optional(),
          profile: z.unknown().optional(),
          ...unsimulated('allowed_use', 'bandwidth', 'encryption_key', 'iops', 'resource_group', 'user_tags'),
        }),
      })
      .optional(),
    confidential_compute_mode: z.enum(['disabled', 'sgx', 'tdx']).optional(),
    default_trusted_profile: z
      .strictObject({auto_link: z.boolean().default(true), target: naming('id', 'crn')})
      .optional(),
    enable_secure_boot: z.boolean().default(false),
    keys: z.array(naming('id', 'crn', 'href', 'fingerprint')).default([]),
    metadata_service: settings.optional(),
    name: name.optional(),
    primary_network_attachment: z
      .strictObject({
        name: name.optional(),
        virtual_network_interface: z.strictObject({
          ...networkInterface,
          // The default is a guess.
          auto_delete: z.boolean().default(false),
          enable_infrastructure_nat: z.unknown().optional(),
          name: z.unknown().optional(),
          protocol_state_filtering_mode: z.enum(['auto', 'disabled', 'enabled']).optional(),
          // An existing one.
          ...unsimulated('id', 'crn', 'href'),
          ...unsimulated('ips', 'primary_ip', 'resource_group'),
        }),
      })
      .optional(),
    primary_network_interface: z
      .strictObject({name: name.optional(), ...networkInterface, ...unsimulated('primary_ip')})
      .optional(),
    profile: byName.optional(),
    reservation_affinity: z
      .strictObject({
        policy: z.enum(['automatic', 'disabled', 'manual']).optional(),
        pool: z.array(z.unknown()).optional(),
      })
      .optional(),
    resource_group: resourceGroup.optional(),
    total_volume_bandwidth: z.int().optional(),
    user_data: z
      .string()
      .refine(text => Buffer.byteLength(text) <= longestUserData, {
        params: refusing(field => fieldError('validation_max_length', field)),
      })
      .optional(),
    volume_bandwidth_qos_mode: z.enum(['pooled', 'weighted']).optional(),
    vpc: byId.optional(),
    ...unsimulated(
      'catalog_offering',
      'cluster_network_attachments',
      'network_attachments',
      'network_interfaces',
      'placement_target',
      'source_template',
      'vcpu',
      'volume_attachments',
    ),
  }),

  keyPatch: z.strictObject({name: name.optional()}),

  keyPrototype: z.strictObject({
    name: name.optional(),
    public_key: z.string(),
    resource_group: resourceGroup.optional(),
    type: z.unknown().optional(),
  }),

  templatePatch: z.strictObject({name: name.optional()}),
}

export type RequestSchemas = typeof requestSchemas
