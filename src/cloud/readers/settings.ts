import {fields, type Raw} from './fields.ts'

/**
 * The settings of a metadata service, each declared once: what it may be, what holds where a template leaves it out, and
 * the header and key of its column (IBM/vpc-node-sdk, vpc/v1.ts, InstanceMetadataService, InstanceMetadataServicePatch and
 * InstanceMetadataServicePrototype). A bare metal server has only some (BareMetalServerMetadataService).
 */
export const settingsTable = {
  enabled: {header: 'Enabled', key: 'enabled', byDefault: false, isOfBareMetal: true},
  protocol: {header: 'Protocol', key: 'protocol', byDefault: 'http', values: ['http', 'https'], isOfBareMetal: true},
  response_hop_limit: {
    header: 'Hop limit',
    key: 'hop-limit',
    byDefault: 1,
    // In network hops.
    bounds: {min: 1, max: 64},
    isOfBareMetal: false,
  },
} as const

type Table = typeof settingsTable
export type SettingName = keyof Table
type Widened<Value> = Value extends boolean ? boolean : Value extends string ? string : number
type ValueOf<Name extends SettingName> = Widened<Table[Name]['byDefault']>

/** The names of the settings, in the order in which they are told. */
export const settingNames = Object.keys(settingsTable) as readonly SettingName[]

/**
 * Settings as far as the API told them: what is undefined is not known, and never a default; what the server does not have
 * is no key at all.
 */
export type Settings = {[Name in SettingName]?: ValueOf<Name>}

/** Settings of which nothing is unknown: a bare metal server has no hop limit. */
export type KnownSettings = {
  [Name in SettingName as Table[Name]['isOfBareMetal'] extends true ? Name : never]: ValueOf<Name>
} & {[Name in SettingName as Table[Name]['isOfBareMetal'] extends true ? never : Name]?: ValueOf<Name>}

/** Reads `metadata_service`. What a setting can't be is not known, nor is a value that vpcmd has not heard of. */
export function readSettings(raw: Raw, kind: 'instance' | 'bare_metal_server' = 'instance'): Settings {
  const told = fields(raw.metadata_service)
  return settingsOf(kind, name => (isSetting(name, told[name]) ? told[name] : undefined))
}

/** The settings that a template makes: what it leaves out is the API's default, what it tells oddly is not known. */
export function readTemplateSettings(raw: Raw): Settings {
  const told = raw.metadata_service
  const read = readSettings(raw)
  // Null is no setting of a template's, and no word that it was left out either.
  const leavesOut = (name: string) =>
    told === undefined || (fields(told) === told && !Object.hasOwn(Object(told), name))
  return settingsOf('instance', name => (leavesOut(name) ? settingsTable[name].byDefault : read[name]))
}

function settingsOf(kind: 'instance' | 'bare_metal_server', toldOf: (name: SettingName) => unknown): Settings {
  const names = settingNames.filter(name => kind === 'instance' || settingsTable[name].isOfBareMetal)
  return Object.fromEntries(names.map(name => [name, toldOf(name)]))
}

/** Whether a value is one that the setting may have. */
export function isSetting<Name extends SettingName>(name: Name, value: unknown): value is ValueOf<Name> {
  const setting: {byDefault: unknown; values?: readonly string[]; bounds?: {min: number; max: number}} =
    settingsTable[name]
  const {byDefault, values, bounds} = setting
  if (values) return values.some(each => each === value)
  if (bounds) return Number.isInteger(value) && Number(value) >= bounds.min && Number(value) <= bounds.max
  return typeof value === typeof byDefault
}
