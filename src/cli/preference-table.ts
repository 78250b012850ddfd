import type {VpcmdError} from '../errors.ts'
import type {DataFormat} from '../terminal/formats.ts'
import type {Profiles} from './profiles.ts'

/** What a user can settle once for all commands: in the environment, or else in the config file. A flag beats both. */
export interface Preferences {
  output?: DataFormat | 'table'
  /** Of `vpcmd instances list`, as a table and as CSV. */
  columns?: string[]
  regions?: string[]
  color?: 'auto' | 'always' | 'never'
  /** A command; empty for none. */
  pager?: string
  /** The name of the profile that is used where no other is named. */
  profile?: string
}

export type PreferenceName = keyof Preferences

/** `checked`: read as the file is. Other programs' variables are read as they read them, and are never wrong. */
type Variable = 'checked' | ((text: string) => string | string[] | undefined)

interface Preference {
  summary: string
  /** The first of these that is set beats the file. */
  variables: Record<string, Variable>
  /** What holds where nothing is set, in words. */
  byDefault: string
}

const regionsIn: Variable = text => (text === '' ? undefined : text.split(','))

/** Each preference, once: the config file, `vpcmd config` and completion derive from here. */
export const preferenceTable: Record<PreferenceName, Preference> = {
  output: {
    summary: 'Format of output, as with -o, for commands that print a table, but not vpcmd config.',
    variables: {VPCMD_OUTPUT: 'checked'},
    byDefault: 'table',
  },
  columns: {
    summary: 'Columns of vpcmd instances list, as a table and as CSV.',
    variables: {VPCMD_COLUMNS: 'checked'},
    byDefault: 'those in its help',
  },
  regions: {
    summary: 'Regions to work in, as with --region.',
    variables: {IBMCLOUD_REGION: regionsIn, IC_REGION: regionsIn},
    byDefault: 'all',
  },
  color: {
    summary: 'Whether to print colours: auto, always or never.',
    variables: {
      VPCMD_COLOR: 'checked',
      FORCE_COLOR: text => (text === '0' || text === 'false' ? 'never' : 'always'),
      CLICOLOR_FORCE: text => (text === '' || text === '0' ? undefined : 'always'),
      NO_COLOR: text => (text === '' ? undefined : 'never'),
      CLICOLOR: text => (text === '0' ? 'never' : undefined),
    },
    byDefault: 'auto',
  },
  pager: {
    summary: 'Command that shows long output on a terminal; empty for none.',
    variables: {VPCMD_PAGER: 'checked'},
    byDefault: 'PAGER, or less',
  },
  profile: {
    summary: 'Profile of this file to use, as with --profile.',
    variables: {VPCMD_PROFILE: 'checked'},
    byDefault: 'none',
  },
}

export const preferenceNames = Object.keys(preferenceTable) as PreferenceName[]

/** A preference, and where it is from: `source` is the variable or the file. */
export interface Settled<Value = unknown> {
  value: Value
  from: 'environment' | 'file'
  source: string
}

export type SettledPreferences = {[Name in PreferenceName]?: Settled<NonNullable<Preferences[Name]>>}

export interface ReadPreferences {
  settled: SettledPreferences
  profiles: Profiles
  /** What is wrong with the file or a variable. */
  problems: VpcmdError[]
}

/** What a variable says of a preference; `isChecked`: yet to be checked. */
export interface Given {
  name: PreferenceName
  variable: string
  value: string | string[]
  isChecked: boolean
}

/** What the environment says of a preference. */
export function givenBy(env: NodeJS.ProcessEnv, name: PreferenceName): Given | undefined {
  for (const [variable, reader] of Object.entries(preferenceTable[name].variables)) {
    const text = env[variable]
    const isChecked = reader === 'checked'
    // An empty pager is none; any other variable that is empty says nothing.
    const value = isChecked ? (name === 'pager' ? text : text || undefined) : text === undefined ? text : reader(text)
    if (value !== undefined) return {name, variable, value, isChecked}
  }
  return undefined
}

/** What variables say, once they are known to be right. */
export function settledBy(given: Pick<Given, 'name' | 'variable' | 'value'>[]): SettledPreferences {
  const entries = given.map(({name, variable, value}) => [name, {value, from: 'environment', source: variable}])
  return Object.fromEntries(entries)
}
