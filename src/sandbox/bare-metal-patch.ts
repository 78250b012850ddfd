import {
  isObject,
  notSimulated,
  readEnabled,
  readName,
  readObject,
  readProtocol,
  unknownField,
  wrongType,
} from './patch-fields.ts'
import type {BareMetalRecord} from './records.ts'

/** What a PATCH names; what it leaves out stays. */
export interface BareMetalPatch {
  name?: string
  metadata_service?: Partial<BareMetalRecord['metadata']>
}

// The other properties of a patch in IBM/vpc-node-sdk vpc/v1.ts `updateBareMetalServer`.
const others = new Set(['bandwidth', 'enable_secure_boot', 'reservation_affinity', 'trusted_platform_module'])

function readSettings(value: unknown): Partial<BareMetalRecord['metadata']> {
  if (!isObject(value)) throw wrongType('metadata_service', value)
  const settings: Partial<BareMetalRecord['metadata']> = {}
  for (const [field, each] of Object.entries(value)) {
    if (field === 'enabled') settings.enabled = readEnabled(each)
    else if (field === 'protocol') settings.protocol = readProtocol(each)
    // The hop limit among them: BareMetalServerMetadataServicePatch has none.
    else throw unknownField(`metadata_service.${field}`)
  }
  return settings
}

/** Reads a patch of a bare metal server: `metadata_service` (enabled and protocol) and `name`. Throws 400 with the field as target, 501 for what is not simulated. */
export function readBareMetalPatch(text: string): BareMetalPatch {
  const patch: BareMetalPatch = {}
  for (const [field, value] of Object.entries(readObject(text))) {
    if (field === 'metadata_service') patch.metadata_service = readSettings(value)
    else if (field === 'name') patch.name = readName(value)
    else if (others.has(field)) throw notSimulated(field)
    else throw unknownField(field)
  }
  return patch
}
