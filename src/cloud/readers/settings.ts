import {fields, type Raw} from './fields.ts'

/** The least and the most that a setting can be. */
export interface Bounds {
  min: number
  max: number
}

interface Setting {
  /** The key of its column, and the flag that sets it or filters by it. */
  key: string
  policyKey: string
  header: string
  /** The header of `ibmcloud is instance`, where that is another one. */
  headerInDetails?: string
  /** What it is called in a sentence. */
  word: string
  /** The API's default. */
  byDefault: boolean | string | number
  /** What an instance that vpcmd creates gets, where that is not the API's default. */
  whenCreated?: string | number
  values?: readonly string[]
  bounds?: Bounds
  /** Whether bare metal servers have it. */
  isOfBareMetal: boolean
  /** Whether its value says too little without its name. */
  needsName?: boolean
  /** The summary of its flag. */
  help?: string
  /** Whether a change from one value to another lowers security. */
  weakens?(from: string | number, to: string | number): boolean
  /** Why a policy should care. */
  why: string
}

/**
 * The settings of a metadata service, each declared once: all that reads, changes, shows, filters by or judges a setting
 * derives from here (IBM/vpc-node-sdk, vpc/v1.ts, InstanceMetadataService, InstanceMetadataServicePatch,
 * InstanceMetadataServicePrototype and BareMetalServerMetadataService).
 */
export const settingsTable = {
  enabled: {
    key: 'enabled',
    policyKey: 'enabled',
    header: 'Enabled',
    word: 'service',
    byDefault: false,
    isOfBareMetal: true,
    why: 'Software on a server gets an identity token and metadata while the service is on, and neither while it is off.',
  },
  protocol: {
    key: 'protocol',
    policyKey: 'protocol',
    header: 'Protocol',
    word: 'protocol',
    byDefault: 'http',
    whenCreated: 'https',
    // The better first: lists of choices show them in this order.
    values: ['https', 'http'],
    isOfBareMetal: true,
    help: 'Protocol of the metadata service.',
    weakens: (from, to) => from === 'https' && to !== from,
    why: 'Over http, tokens and metadata of this server are sent in plain text.',
  },
  response_hop_limit: {
    key: 'hop-limit',
    policyKey: 'hop_limit',
    header: 'Hop limit',
    headerInDetails: 'Response hop limit',
    word: 'hop limit',
    byDefault: 1,
    // In network hops.
    bounds: {min: 1, max: 64},
    isOfBareMetal: false,
    needsName: true,
    help: 'How many network hops an answer may take; containers with a network of their own need 2 or more.',
    weakens: (from, to) => Number(to) > Number(from),
    why: 'A hop limit above what is needed lets responses travel further than the server itself.',
  },
} as const satisfies Record<string, Setting>

export type SettingsTable = typeof settingsTable
export type SettingName = keyof SettingsTable
type Widened<Value> = Value extends boolean ? boolean : Value extends string ? string : number
export type SettingValue<Name extends SettingName> = Widened<SettingsTable[Name]['byDefault']>

/** What has a metadata service that can be changed. */
export type ServerKind = 'instance' | 'bare_metal_server'

/** The names of the settings, in the order in which they are shown. */
export const settingNames = Object.keys(settingsTable) as readonly SettingName[]

/** What a policy calls a setting. */
export type PolicyKey = SettingsTable[SettingName]['policyKey']

/** The same with their names, for who goes through all of them. */
export const settingList = settingNames.map((name): Setting & {name: SettingName; policyKey: PolicyKey} => ({
  name,
  ...settingsTable[name],
}))

/** The settings that matter while a service is on: all but whether it is. */
export type TunableName = Exclude<SettingName, 'enabled'>
export const tunables = settingList.filter(
  (each): each is (typeof settingList)[number] & {name: TunableName} => each.name !== 'enabled',
)

/**
 * Settings as far as the API reported them: what is undefined is unknown, and never a default; what the server does not have
 * is no key at all.
 */
export type Settings = {[Name in SettingName]?: SettingValue<Name>}

/** Settings of which nothing is unknown: a bare metal server has no hop limit. */
export type KnownSettings = {
  [Name in SettingName as SettingsTable[Name]['isOfBareMetal'] extends true ? Name : never]: SettingValue<Name>
} & {[Name in SettingName as SettingsTable[Name]['isOfBareMetal'] extends true ? never : Name]?: SettingValue<Name>}

/** Reads `metadata_service`. A value that a setting can't have is unknown. */
export function readSettings(raw: Raw, kind: ServerKind = 'instance'): Settings {
  const told = fields(raw.metadata_service)
  return settingsOf(kind, name => (isSetting(name, told[name]) ? told[name] : undefined))
}

/** The settings that a template makes: what it leaves out is the API's default, and an odd value is unknown. */
export function readTemplateSettings(raw: Raw): Settings {
  const told = raw.metadata_service
  const read = readSettings(raw)
  // Null is no setting of a template's, and no word that it was left out either.
  const leavesOut = (name: string) =>
    told === undefined || (fields(told) === told && !Object.hasOwn(Object(told), name))
  return settingsOf('instance', name => (leavesOut(name) ? settingsTable[name].byDefault : read[name]))
}

function settingsOf(kind: ServerKind, toldOf: (name: SettingName) => unknown): Settings {
  const names = settingNames.filter(name => kind === 'instance' || settingsTable[name].isOfBareMetal)
  return Object.fromEntries(names.map(name => [name, toldOf(name)]))
}

/** Whether a value is one that the setting may have. */
export function isSetting<Name extends SettingName>(name: Name, value: unknown): value is SettingValue<Name> {
  const {byDefault, values, bounds}: Setting = settingsTable[name]
  if (values) return values.some(each => each === value)
  if (bounds) return Number.isInteger(value) && Number(value) >= bounds.min && Number(value) <= bounds.max
  return typeof value === typeof byDefault
}
