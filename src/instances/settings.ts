import {
  type KnownSettings,
  type ServerKind,
  type SettingName,
  type Settings,
  settingList,
  settingNames,
} from '../cloud/readers/settings.ts'
import {countEach} from '../counted.ts'

export {
  type Bounds,
  type KnownSettings,
  type PolicyKey,
  type SettingName,
  type Settings,
  type SettingsTable,
  type SettingValue,
  settingList,
  settingNames,
  settingsTable,
  type TunableName,
  tunables,
} from '../cloud/readers/settings.ts'

/** What a metadata service should be set to. A field that is left out stays as it is. */
export type WantedSettings = Partial<KnownSettings>

/**
 * The settings, where all are known. In what was read, a field that the server does not have is no key at all, and one that
 * was not reported is a key without a value.
 */
export function inFull(settings: Settings): KnownSettings | undefined {
  return isInFull(settings) ? settings : undefined
}

function isInFull(settings: Settings): settings is KnownSettings {
  const isMissing = ({name, isOfBareMetal}: (typeof settingList)[number]) =>
    settings[name] === undefined && (isOfBareMetal || name in settings)
  return !settingList.some(isMissing)
}

/**
 * Settings in a word: `off`, or all others, as in `https/2`. What is unknown of a service that is on is a question mark;
 * a service is only called off where all is known.
 */
export function settingsLabel({enabled, ...others}: Settings): string {
  if (!enabled) return inFull({enabled, ...others}) ? 'off' : 'unknown'
  return settingNames.flatMap(name => (name in others ? [others[name as keyof typeof others] ?? '?'] : [])).join('/')
}

/** The settings, where all that servers of that kind have are known. */
export function inFullFor(kind: ServerKind, settings: Settings): KnownSettings | undefined {
  const known = inFull(settings)
  return kind === 'bare_metal_server' || settingNames.every(name => settings[name] !== undefined) ? known : undefined
}

/** Without what bare metal servers do not have. */
export function ofBareMetal(settings: WantedSettings): WantedSettings {
  return pick(settings, bareMetalNames)
}

const bareMetalNames = settingList.filter(({isOfBareMetal}) => isOfBareMetal).map(({name}) => name)

/** The merge patch from present to wanted settings: the fields that differ or are unknown; undefined when none does. */
export function patchBetween(present: Settings, wanted: WantedSettings): WantedSettings | undefined {
  // What a server does not have can't be set.
  const names = settingList
    .filter(({name}) => wanted[name] !== undefined && wanted[name] !== present[name])
    .filter(({name, isOfBareMetal}) => isOfBareMetal || name in present)
    .map(({name}) => name)
  return names.length > 0 ? pick(wanted, names) : undefined
}

/** What a patch sets, as it was before: the patch that leads back, and touches nothing that the first one did not. */
export function reversed(patch: WantedSettings, before: KnownSettings): WantedSettings {
  return pick<WantedSettings>(
    before,
    settingNames.filter(name => patch[name] !== undefined),
  )
}

function pick<Given extends Settings>(settings: Given, names: readonly SettingName[]): Given {
  return Object.fromEntries(names.flatMap(name => (name in settings ? [[name, settings[name]]] : []))) as Given
}

/** Whether two readings show the same settings, field by field. */
export function areSameSettings(a: Settings, b: Settings): boolean {
  return settingNames.every(name => a[name] === b[name])
}

/**
 * A change in words, as tables show it: `off -> https/1`, and with `(less secure: protocol)` where one is that. Where both ends look
 * alike, as while the service stays off, the fields that differ: `off, protocol http -> https`.
 */
export function describeChange(before: Settings, set: WantedSettings): string {
  const [from, to] = [settingsLabel(before), settingsLabel({...before, ...set})]
  const fields = changedBy(before, set).map(({name, word}) => `${word} ${before[name] ?? 'unknown'} -> ${set[name]}`)
  const words = from === to ? [to, ...fields].join(', ') : `${from} -> ${to}`
  const weaker = weakenedInWords(before, set)
  return weaker === '' ? words : `${words} (less secure: ${weaker})`
}

function changedBy(before: Settings, set: WantedSettings) {
  return settingList.filter(({name}) => set[name] !== undefined && set[name] !== before[name])
}

function weakenedInWords(before: Settings, set: WantedSettings): string {
  const weaker = weakenedBy(before, set)
  return settingList.flatMap(({name, word}) => (weaker.includes(name) ? [word] : [])).join(' and ')
}

/** The settings of which a change lowers the security of a service that is on, and stays on. */
export function weakenedBy(before: Settings, patch: Settings): SettingName[] {
  const after = {...before, ...patch}
  if (!before.enabled || !after.enabled) return []
  const weaker = settingList.filter(({name, weakens}) => {
    const [from, to] = [before[name], after[name]]
    return from !== undefined && to !== undefined && weakens?.(from as string | number, to as string | number)
  })
  return weaker.map(({name}) => name)
}

/** Changes in words, each kind counted, the less secure first: `5 from https to http (less secure), 3 switched on with https/1`. */
export function countChanges(changes: readonly {before: Settings; set: WantedSettings}[]): string {
  const counts = countEach(changes.map(({before, set}) => changeInWords(before, set)))
  const weakens = (words: string) => Number(words.includes('(less secure'))
  const sorted = [...counts].sort(([a, some], [b, others]) => weakens(b) - weakens(a) || others - some)
  return sorted.map(([words, count]) => `${count} ${words}`).join(', ')
}

/** What becomes of one server, to go on after a count of them; settings that nobody knows are as tables show them. */
function changeInWords(before: Settings, set: WantedSettings): string {
  const after = {...before, ...set}
  if (before.enabled === undefined || after.enabled === undefined) return describeChange(before, set)
  if (!before.enabled && after.enabled) return `switched on with ${settingsLabel(after)}`
  const moves = changedBy(before, set).flatMap(({name, word}) => {
    const what = name === 'protocol' ? '' : `${word} `
    return name === 'enabled' ? [] : `from ${what}${before[name] ?? 'unknown'} to ${set[name]}`
  })
  if (before.enabled && !after.enabled) return ['switched off', ...moves].join(', ')
  const words = [...(after.enabled ? [] : ['still off']), moves.join(' and ')].join(', ')
  const weaker = weakenedInWords(before, set)
  return weaker === '' ? words : `${words} (less secure${moves.length > 1 ? `: ${weaker}` : ''})`
}

/**
 * The URL at which the service answers within the instance, or undefined while it is off. With https only the host name
 * works; with http the link-local address 169.254.169.254 does as well (contract of the metadata service).
 */
export function serviceUrl({enabled, protocol}: Settings): string | undefined {
  return enabled && protocol !== undefined ? `${protocol}://api.metadata.cloud.ibm.com` : undefined
}
