import {Flags, type Interfaces} from '@oclif/core'
import {
  type Settings,
  type SettingsTable,
  type SettingValue,
  type TunableName,
  tunables,
  type WantedSettings,
} from '../instances/settings.ts'
import type {Candidate as Target} from '../metadata/plan.ts'
import type {Prompter} from '../terminal/prompts.ts'
import type {Step} from '../terminal/steps.ts'
import type {Context} from './context.ts'

type Tunable = (typeof tunables)[number]

/** The flags that set a metadata service: `protocol`, `hop-limit`. */
export type SettingFlagName = SettingsTable[TunableName]['key']
export type SettingFlagValues = {[Name in TunableName as SettingsTable[Name]['key']]?: SettingValue<Name>}
type SettingFlags = {
  [Name in TunableName as SettingsTable[Name]['key']]: Interfaces.OptionFlag<SettingValue<Name> | undefined>
}

/** A flag for each setting but `enabled`, with what `summaryOf` says of it. */
export function settingFlags(
  summaryOf: (setting: Tunable) => string | undefined,
  exclusive: string[] = [],
): SettingFlags {
  const flags = tunables.map(setting => [setting.key, settingFlag(setting, {summary: summaryOf(setting), exclusive})])
  return Object.fromEntries(flags)
}

function settingFlag({values, bounds}: Tunable, options: {summary: string | undefined; exclusive: string[]}) {
  return bounds
    ? Flags.integer({...bounds, helpValue: `${bounds.min}-${bounds.max}`, ...options})
    : Flags.option({options: values ?? [], ...options})()
}

/** What these flags ask for. */
export function readWantedSettings(flags: SettingFlagValues): WantedSettings {
  const values: Record<string, unknown> = flags
  return Object.fromEntries(tunables.map(({name, key}) => [name, values[key]]))
}

/** Asks for a setting; undefined, which is the default, keeps it as it is. */
export async function askSetting(
  prompter: Prompter,
  {name, header, values, bounds}: Tunable,
  present: readonly Settings[],
): Promise<string | number | undefined> {
  const message = bounds ? `${header} (${bounds.min}-${bounds.max})?` : `${header}?`
  const known = [...new Set(present.map(settings => settings[name] ?? 'unknown'))].sort()
  const keep = known.length > 0 ? `keep as it is: ${known.join(', ')}` : 'keep as it is'
  if (bounds) return prompter.number({message, ...bounds, empty: keep})
  // What all of them have is kept by the first choice.
  const others = (values ?? []).filter(value => known.length > 1 || value !== known[0])
  const choices = others.map(value => ({name: value, value}))
  return prompter.choose<string | undefined>({message, choices: [{name: keep, value: undefined}, ...choices]})
}

/** Steps that ask for the settings that no flag gave, and put them into `wanted`; none asks where nothing was picked. */
export function settingSteps(
  context: Context,
  wanted: Record<string, unknown>,
  picked: () => Target[] | undefined,
): Step[] {
  const due = tunables.filter(({name}) => wanted[name] === undefined)
  return due.map(setting => async () => {
    const targets = picked()
    const prompter = targets && (await context.prompter())
    if (!prompter) return false
    const present = targets.flatMap(choice => ('error' in choice ? [] : [choice.before]))
    wanted[setting.name] = await askSetting(prompter, setting, present)
    return true
  })
}
