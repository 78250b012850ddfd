import type {MetadataService} from '../cloud/wire.ts'

/** Protocols of the metadata service (IBM/vpc-node-sdk, vpc/v1.ts, InstanceMetadataServicePatch). */
export const protocols = ['http', 'https'] as const
/** The bounds of `response_hop_limit`, in network hops (likewise). */
export const hopLimits = {min: 1, max: 64} as const

/** What is asked of an instance's metadata service. A field that is left out stays as it is. */
export type WantedSettings = Partial<MetadataService>

/** Settings in a word: `off`, or protocol and hop limit, as in `https/2`. */
export function settingsLabel(settings: MetadataService): string {
  return settings.enabled ? `${settings.protocol}/${settings.response_hop_limit}` : 'off'
}

/** The merge patch from present to wanted settings: the fields that differ; undefined when none does. */
export function patchBetween(present: MetadataService, wanted: WantedSettings): WantedSettings | undefined {
  const patch: WantedSettings = {}
  if (wanted.enabled !== undefined && wanted.enabled !== present.enabled) patch.enabled = wanted.enabled
  if (wanted.protocol !== undefined && wanted.protocol !== present.protocol) patch.protocol = wanted.protocol
  if (wanted.response_hop_limit !== undefined && wanted.response_hop_limit !== present.response_hop_limit) {
    patch.response_hop_limit = wanted.response_hop_limit
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

/**
 * The URL at which the service answers within the instance, or undefined while it is off. With https only the host name
 * works; with http the link-local address 169.254.169.254 does as well (contract of the metadata service).
 */
export function serviceUrl({enabled, protocol}: MetadataService): string | undefined {
  return enabled ? `${protocol}://api.metadata.cloud.ibm.com` : undefined
}
