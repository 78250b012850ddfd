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

/** Reads `metadata_service`. A hop limit that can't be one is not known. */
export function readSettings(raw: Raw): Settings {
  const settings = fields(raw.metadata_service)
  const hops = number(settings, 'response_hop_limit')
  return {
    enabled: flag(settings, 'enabled'),
    protocol: text(settings, 'protocol'),
    response_hop_limit: hops !== undefined && Number.isInteger(hops) && hops >= 1 && hops <= 64 ? hops : undefined,
  }
}
