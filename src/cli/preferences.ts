import {lstatSync} from 'node:fs'
import {usageError, type VpcmdError} from '../errors.ts'
import {configFile} from '../files/user-folders.ts'
import type {Context} from './context.ts'
import {namesSandbox} from './environment.ts'
import {
  givenBy,
  preferenceNames,
  preferenceTable,
  type ReadPreferences,
  type SettledPreferences,
  settledBy,
} from './preference-table.ts'
import type {Profile, Profiles} from './profiles.ts'

const read = new WeakMap<Context, Pick<ReadPreferences, 'settled' | 'profiles'>>()

/**
 * Reads the environment and the config file, once for each command, before it does anything. Gives what is wrong with
 * them, a usage error (exit 2) each.
 */
export async function readPreferences(context: Context): Promise<VpcmdError[]> {
  const file = configFile(context.env)
  const given = preferenceNames.flatMap(name => givenBy(context.env, name) ?? [])
  // Most have neither, and need not wait for what reads them.
  const isPlain = given.every(({isChecked}) => !isChecked) && !(file && isThere(file))
  const {settled, profiles, problems} = isPlain
    ? {settled: settledBy(given), profiles: new Map(), problems: []}
    : await (await import('./config-file.ts')).settle(context.host, given, file)
  read.set(context, {settled, profiles})
  return problems
}

/** Whether there is a file, or a link that leads nowhere. Who has a home that is not theirs, as with su, has none there. */
function isThere(file: string): boolean {
  try {
    return lstatSync(file, {throwIfNoEntry: false}) !== undefined
  } catch {
    return false
  }
}

/** What the environment and the config file say, and where each is from; nothing before `BaseCommand` has read them. */
export function settledPreferences(context: Context): SettledPreferences {
  return read.get(context)?.settled ?? {}
}

/** The profiles of the config file. */
export function profilesOf(context: Context): Profiles {
  return read.get(context)?.profiles ?? new Map()
}

/** A profile that is used, and where its name is from. */
export interface UsedProfile {
  name: string
  source: string
  profile: Profile
}

/**
 * The profile that a flag names, else the environment, else the config file; none with the sandbox, unless the flag names one.
 * Throws a usage error, exit 2, where there is none of the name.
 */
export async function usedProfile(
  context: Context,
  flags: {profile?: string | undefined; sandbox?: boolean | undefined},
): Promise<UsedProfile | undefined> {
  const isSandbox = flags.sandbox ?? namesSandbox(context.env)
  if (flags.profile !== undefined && isSandbox) {
    throw usageError('Profiles are for IBM Cloud, and the sandbox takes none.', 'Drop --profile, or --sandbox.')
  }
  const preferred = isSandbox ? undefined : settledPreferences(context).profile
  const name = flags.profile ?? preferred?.value
  if (name === undefined) return undefined
  const source = flags.profile === undefined ? (preferred?.source ?? '') : '--profile'
  const {profileNamed} = await import('./profiles.ts')
  return {name, source, profile: profileNamed(profilesOf(context), name, source)}
}

/** Each preference as `vpcmd config` shows it, set or not. */
export function shownPreferences(context: Context) {
  const settled = settledPreferences(context)
  return preferenceNames.map(key => {
    const {value = null, from = 'default', source = null} = settled[key] ?? {}
    const text = value === null ? preferenceTable[key].byDefault : [value].flat().join(',')
    return {key, value, text, from, source}
  })
}

/** Has the colour and the pager of the config file hold as VPCMD_COLOR and VPCMD_PAGER do, which are not set then. */
export function heedTerminalPreferences(context: Context): void {
  const {color, pager} = settledPreferences(context)
  if (color?.from === 'file') context.env.VPCMD_COLOR = color.value
  if (pager?.from === 'file') context.env.VPCMD_PAGER = pager.value
}
