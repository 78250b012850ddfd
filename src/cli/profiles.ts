import {z} from 'zod'
import type {ProfileCredentials} from '../cloud/credentials.ts'
import {usageError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {dataFormatNames} from '../terminal/formats.ts'

/** YAML takes an ID of nothing but digits for a number, of which it loses the last ones. */
const mustBe = (what: string) => ({
  error: ({input}: {input?: unknown}) =>
    [input].flat().some(each => typeof each === 'number')
      ? 'must stand in quotes, as it is nothing but digits'
      : `must be ${what}`,
})

const word = (what: string) => z.string(mustBe(what)).refine(text => /^[^\s\p{C}]+$/u.test(text), `must be ${what}`)
/** The name of a trusted profile may hold spaces. */
const trustedProfile = (what: string) =>
  z.string(mustBe(what)).refine(text => text.trim() !== '' && !/\p{C}/u.test(text), `must be ${what}`)
/** A list, or its members with commas between them, each of characters that `fits` takes. */
export const listOf = (what: string, fits: RegExp) =>
  z
    .union([z.string(), z.array(z.string())], mustBe(what))
    .transform(given => [given].flat().flatMap(text => text.split(',').map(name => name.trim())))
    .refine(names => names.length > 0 && names.every(name => fits.test(name)), `must be ${what}`)
const words = (what: string) => listOf(what, /^[@\w ./~-]+$/)

export const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, {error: `must be one of ${names.join(', ')}`})

/** The formats that can be settled: those that every command has. */
export const outputFormat = oneOf(['table', ...dataFormatNames])

const credentialKinds =
  'ibmcloud, vpc, container, or one of key_file: FILE, key_variable: NAME, vpc: PROFILE, container: PROFILE'
const keyed = (key: string, value: z.ZodString, meant: (text: string) => ProfileCredentials) =>
  z.strictObject({[key]: value}).transform(given => meant(String(given[key])))
const credentials = z.union(
  [
    z.enum(['ibmcloud', 'vpc', 'container']).transform((kind): ProfileCredentials => ({kind})),
    keyed('key_file', z.string().min(1), file => ({kind: 'key_file', file})),
    keyed('key_variable', z.string().regex(/^[A-Za-z_]\w*$/), name => ({kind: 'key_variable', name})),
    keyed('vpc', trustedProfile('a profile'), profile => ({kind: 'vpc', profile})),
    keyed('container', trustedProfile('a profile'), profile => ({kind: 'container', profile})),
  ],
  {error: `must be ${credentialKinds}; never a key itself`},
)

const profileFields = {
  credentials: credentials.optional(),
  assume: trustedProfile('the name, ID or CRN of a trusted profile').optional(),
  account: words('the ID of an account, a list of them, or all').optional(),
  enterprise: word('the ID of an enterprise').optional(),
  account_group: word('the ID of an account group').optional(),
  regions: words('a list of names').optional(),
  output: outputFormat.optional(),
}
const profileKeys = Object.keys(profileFields) as (keyof typeof profileFields)[]

/** A profile of the config file: who vpcmd is, and where it works. */
export const profileSchema = z.strictObject(profileFields, {
  error: issue =>
    issue.code === 'unrecognized_keys'
      ? `there is no ${issue.keys?.join(', ')} in a profile; there are ${profileKeys.slice(0, -1).join(', ')} and ${profileKeys.at(-1)}`
      : 'must have keys such as credentials and assume',
})

export type Profile = z.output<typeof profileSchema>

/** A profile as `vpcmd profiles` prints it as JSON: what is null, the profile does not say. */
export function toJsonProfile(name: string, profile: Profile, isDefault: boolean): object {
  const told = profileKeys.map(key => [key, profile[key] ?? null])
  return {name, default: isDefault, ...Object.fromEntries(told)}
}

/** The profiles of the config file, by name. */
export type Profiles = ReadonlyMap<string, Profile>

/** A profile's name: it is typed, where no flag may be meant, and stands in messages. */
export const profileName = /^\w[\w.-]{0,63}$/

/** The profile of a name. Throws a usage error, exit 2, with the nearest one where there is none; `source` is where the name is from. */
export function profileNamed(profiles: Profiles, name: string, source: string): Profile {
  const profile = profiles.get(name)
  if (profile) return profile
  const names = [...profiles.keys()]
  const nearest = nearestName(name, names)
  throw usageError(
    `There is no profile ${name} (from ${source}).${nearest ? ` Did you mean ${nearest}?` : ''}`,
    names.length > 0 ? `There are: ${names.join(', ')}.` : 'Profiles are in the config file: see vpcmd profiles --help',
  )
}

/** The credentials of a profile in words. */
export function credentialsInWords(credentials: ProfileCredentials | undefined): string {
  if (!credentials) return 'as without a profile'
  switch (credentials.kind) {
    case 'key_file':
      return `API key in ${credentials.file}`
    case 'key_variable':
      return `API key in the variable ${credentials.name}`
    case 'ibmcloud':
      return 'login of ibmcloud'
    default: {
      const place = credentials.kind === 'vpc' ? 'this instance' : 'this container'
      return credentials.profile === undefined ? place : `${place}, as ${credentials.profile}`
    }
  }
}
