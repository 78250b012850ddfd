import {
  type KnownSettings,
  type SettingName,
  type Settings,
  settingNames,
  settingsTable,
} from '../cloud/readers/settings.ts'

export {
  type KnownSettings,
  type SettingName,
  type Settings,
  settingNames,
  settingsTable,
} from '../cloud/readers/settings.ts'

/** What the protocol may be, and the bounds of the hop limit. */
export const protocols = settingsTable.protocol.values
export const hopLimits = settingsTable.response_hop_limit.bounds

/** What is asked of a metadata service. A field that is left out stays as it is. */
export type WantedSettings = Partial<KnownSettings>

/**
 * The settings, where all are known. In what was read, a field that the server does not have is no key at all, and one that
 * was not told is a key without a value.
 */
export function inFull(settings: Settings): KnownSettings | undefined {
  const {enabled, protocol, ...others} = settings
  if (enabled === undefined || protocol === undefined) return undefined
  return Object.values(others).some(each => each === undefined) ? undefined : {enabled, protocol, ...others}
}

/**
 * Settings in a word: `off`, or protocol and hop limit, as in `https/2`. What was not told of a service that is on is a
 * question mark; what is off is only told to be so where all is known.
 */
export function settingsLabel({enabled, ...others}: Settings): string {
  if (!enabled) return inFull({enabled, ...others}) ? 'off' : 'unknown'
  return settingNames.flatMap(name => (name in others ? [others[name as keyof typeof others] ?? '?'] : [])).join('/')
}

/** The merge patch from present to wanted settings: the fields that differ or are unknown; undefined when none does. */
export function patchBetween(present: Settings, wanted: WantedSettings): WantedSettings | undefined {
  const differs = (name: SettingName) => wanted[name] !== undefined && wanted[name] !== present[name]
  // What has no hop limit can't be given one.
  const names = settingNames.filter(name => differs(name) && (settingsTable[name].isOfBareMetal || name in present))
  return names.length > 0 ? pick(wanted, names) : undefined
}

/** What a patch sets, as it was before: the patch that leads back, and touches nothing that the first one did not. */
export function reversed(patch: WantedSettings, before: KnownSettings): WantedSettings {
  return pick(
    before,
    settingNames.filter(name => patch[name] !== undefined),
  )
}

function pick(settings: WantedSettings, names: readonly SettingName[]): WantedSettings {
  return Object.fromEntries(names.flatMap(name => (name in settings ? [[name, settings[name]]] : [])))
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
