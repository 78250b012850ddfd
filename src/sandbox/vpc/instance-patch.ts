import {
  isObject,
  notSimulated,
  readEnabled,
  readName,
  readObject,
  readProtocol,
  refusal,
  unknownField,
  wrongType,
} from '../core/patch-fields.ts'
import type {MetadataSettings} from '../core/records.ts'

/** What a PATCH names; what it leaves out stays. */
export interface ServerPatch<Settings> {
  name?: string
  metadata_service?: Partial<Settings>
}

export type InstancePatch = ServerPatch<MetadataSettings>

// The other properties of an instance patch in IBM/vpc-node-sdk vpc/v1.ts `updateInstance`.
const others = new Set([
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
])

function readHopLimit(value: unknown): number {
  const name = 'metadata_service.response_hop_limit'
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, value)
  if (value < 1) {
    throw refusal('validation_min_value', 'A value provided for a parameter is smaller than allowed.', name, value)
  }
  if (value > 64) {
    throw refusal('validation_max_value', 'A value provided for a parameter is larger than allowed.', name, value)
  }
  return value
}

/** Reads `metadata_service` of a patch or a prototype. Throws 400 with the field as target. */
export function readSettings(value: unknown): Partial<MetadataSettings> {
  if (!isObject(value)) throw wrongType('metadata_service', value)
  const settings: Partial<MetadataSettings> = {}
  for (const [field, each] of Object.entries(value)) {
    if (field === 'enabled') settings.enabled = readEnabled(each)
    else if (field === 'protocol') settings.protocol = readProtocol(each)
    else if (field === 'response_hop_limit') settings.response_hop_limit = readHopLimit(each)
    else throw unknownField(`metadata_service.${field}`)
  }
  return settings
}

/**
 * Reads an instance patch: `metadata_service` with its limits from the contract (protocol http or https, hop limit 1 to
 * 64) and `name`. Throws 400 with the field as target, codes by ibm-cloud-docs/vpc errors.md; null, which no property of
 * a patch allows, is a wrong type. A property that IBM knows and the sandbox does not simulate is 501.
 */
export function readPatch(text: string): InstancePatch {
  return readServerPatch(text, others, readSettings)
}

/** Reads a patch whose settings `settingsOf` reads; `others` are the properties that are not simulated. */
export function readServerPatch<Settings>(
  text: string,
  others: ReadonlySet<string>,
  settingsOf: (value: unknown) => Partial<Settings>,
): ServerPatch<Settings> {
  const patch: ServerPatch<Settings> = {}
  for (const [field, value] of Object.entries(readObject(text))) {
    if (field === 'metadata_service') patch.metadata_service = settingsOf(value)
    else if (field === 'name') patch.name = readName(value)
    else if (others.has(field)) throw notSimulated(field)
    else throw unknownField(field)
  }
  return patch
}

export interface ActionRequest {
  type: 'reboot' | 'start' | 'stop'
  force: boolean | undefined
}

/** Reads the body of `POST /instances/{id}/actions`: `type`, and `force` if any. Throws 400. */
export function readAction(text: string): ActionRequest {
  const {type, force, ...rest} = readObject(text)
  const [stranger] = Object.keys(rest)
  if (stranger !== undefined) throw unknownField(stranger)
  if (type === undefined) throw refusal('validation_required_field', 'Missing a required field.', 'type', undefined)
  if (typeof type !== 'string') throw wrongType('type', type)
  if (type !== 'reboot' && type !== 'start' && type !== 'stop') {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', 'type', type)
  }
  if (force !== undefined && typeof force !== 'boolean') throw wrongType('force', force)
  return {type, force}
}
