import type {Settings} from '../cloud/readers/settings.ts'

export {protocols, type Settings} from '../cloud/readers/settings.ts'

/** The bounds of `response_hop_limit`, in network hops (likewise). */
export const hopLimits = {min: 1, max: 64} as const

/** Settings of which nothing is unknown: a bare metal server has no hop limit. */
export interface KnownSettings {
  enabled: boolean
  protocol: string
  response_hop_limit?: number
}

/** What is asked of a metadata service. A field that is left out stays as it is. */
export type WantedSettings = Partial<KnownSettings>

/** The fields of settings, in the order in which they are told. */
export const settingNames = ['enabled', 'protocol', 'response_hop_limit'] as const

/**
 * The settings, where all are known. In what was read, a field that the server does not have is no key at all, and one that
 * was not told is a key without a value.
 */
export function inFull(settings: Settings): KnownSettings | undefined {
  const {enabled, protocol, response_hop_limit: hopLimit} = settings
  if (enabled === undefined || protocol === undefined) return undefined
  if (!('response_hop_limit' in settings)) return {enabled, protocol}
  return hopLimit === undefined ? undefined : {enabled, protocol, response_hop_limit: hopLimit}
}

/**
 * Settings in a word: `off`, or protocol and hop limit, as in `https/2`. What was not told of a service that is on is a
 * question mark; what is off is only told to be so where all is known.
 */
export function settingsLabel(settings: Settings): string {
  const {enabled, protocol = '?', response_hop_limit: hopLimit = '?'} = settings
  if (!enabled) return inFull(settings) ? 'off' : 'unknown'
  return 'response_hop_limit' in settings ? `${protocol}/${hopLimit}` : protocol
}

/** The merge patch from present to wanted settings: the fields that differ or are unknown; undefined when none does. */
export function patchBetween(present: Settings, wanted: WantedSettings): WantedSettings | undefined {
  const patch: WantedSettings = {}
  if (wanted.enabled !== undefined && wanted.enabled !== present.enabled) patch.enabled = wanted.enabled
  if (wanted.protocol !== undefined && wanted.protocol !== present.protocol) patch.protocol = wanted.protocol
  // What has no hop limit can't be given one.
  if ('response_hop_limit' in present && wanted.response_hop_limit !== undefined) {
    if (wanted.response_hop_limit !== present.response_hop_limit) patch.response_hop_limit = wanted.response_hop_limit
  }
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** What a patch sets, as it was before: the patch that leads back, and touches nothing that the first one did not. */
export function reversed(patch: WantedSettings, before: KnownSettings): WantedSettings {
  const back: WantedSettings = {...before}
  for (const name of settingNames) if (patch[name] === undefined) delete back[name]
  return back
}

/** Whether two readings show the same settings, field by field. */
export function areSameSettings(a: Settings, b: Settings): boolean {
  return settingNames.every(name => a[name] === b[name])
}

/** A change in words, field by field: `enabled false -> true, protocol http -> https`. */
export function describePatch(before: Settings, patch: WantedSettings): string {
  return settingNames
    .filter(name => patch[name] !== undefined)
    .map(name => `${name} ${before[name]} -> ${patch[name]}`)
    .join(', ')
}

/**
 * The URL at which the service answers within the instance, or undefined while it is off. With https only the host name
 * works; with http the link-local address 169.254.169.254 does as well (contract of the metadata service).
 */
export function serviceUrl({enabled, protocol}: Settings): string | undefined {
  return enabled && protocol !== undefined ? `${protocol}://api.metadata.cloud.ibm.com` : undefined
}
