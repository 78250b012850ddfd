import {fields, flag, number, type Raw, text} from './fields.ts'

/**
 * The settings of a metadata service, as far as the API told them: what is undefined is not known, and never a default. Bare
 * metal servers have no hop limit (IBM/vpc-node-sdk, vpc/v1.ts, BareMetalServerMetadataService).
 */
export interface Settings {
  enabled?: boolean
  protocol?: string
  response_hop_limit?: number
}

/** Protocols of the metadata service (IBM/vpc-node-sdk, vpc/v1.ts, InstanceMetadataServicePatch). */
export const protocols = ['http', 'https'] as const

/** Reads `metadata_service`. A hop limit that can't be one is not known, nor is a protocol that vpcmd has not heard of. */
export function readSettings(raw: Raw): Settings {
  const settings = fields(raw.metadata_service)
  const hops = number(settings, 'response_hop_limit')
  const protocol = text(settings, 'protocol')
  return {
    enabled: flag(settings, 'enabled'),
    protocol: protocols.find(each => each === protocol),
    response_hop_limit: hops !== undefined && Number.isInteger(hops) && hops >= 1 && hops <= 64 ? hops : undefined,
  }
}
