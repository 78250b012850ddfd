import {isObject, unknownField} from '../core/patch-fields.ts'
import type {BareMetalRecord} from '../core/records.ts'
import {readServerPatch, readSettings, type ServerPatch} from './instance-patch.ts'

export type BareMetalPatch = ServerPatch<BareMetalRecord['metadata']>

// The other properties of a patch in IBM/vpc-node-sdk vpc/v1.ts `updateBareMetalServer`.
const others = new Set(['bandwidth', 'enable_secure_boot', 'reservation_affinity', 'trusted_platform_module'])

/** Reads a patch of a bare metal server: `metadata_service` (enabled and protocol) and `name`. Throws as readPatch does. */
export function readBareMetalPatch(text: string): BareMetalPatch {
  return readServerPatch(text, others, value => {
    // BareMetalServerMetadataServicePatch has no hop limit.
    const name = 'response_hop_limit'
    if (isObject(value) && name in value) throw unknownField(`metadata_service.${name}`)
    return readSettings(value)
  })
}
