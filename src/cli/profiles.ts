import {z} from 'zod'
import type {ProfileCredentials} from '../cloud/credentials.ts'
import {usageError} from '../errors.ts'
import {nearestName} from '../nearest-name.ts'
import {dataFormatNames} from '../terminal/formats.ts'

const word = (what: string) =>
  z.string({error: `must be ${what}`}).refine(text => /^[^\s\p{C}]+$/u.test(text), `must be ${what}`)
/** The name of a trusted profile may hold spaces. */
const trustedProfile = (what: string) =>
  z.string({error: `must be ${what}`}).refine(text => text.trim() !== '' && !/\p{C}/u.test(text), `must be ${what}`)
const words = (what: string) =>
  z
    .union([z.string(), z.array(z.string())], {error: `must be ${what}`})
    .transform(given => [given].flat().flatMap(text => text.split(',').map(name => name.trim())))
    .refine(names => names.length > 0 && names.every(name => /^[@\w ./~-]+$/.test(name)), `must be ${what}`)

const credentialKinds =
  'ibmcloud, vpc, container, or one of key_file: FILE, key_variable: NAME, vpc: PROFILE, container: PROFILE'
const one = (fields: Record<string, z.ZodType>) => z.strictObject(fields)
const credentials = z.union(
  [
    z.enum(['ibmcloud', 'vpc', 'container']).transform((kind): ProfileCredentials => ({kind})),
    one({key_file: z.string().min(1)}).transform(
      ({key_file: file}): ProfileCredentials => ({kind: 'key_file', file: String(file)}),
    ),
    one({key_variable: z.string().regex(/^[A-Za-z_]\w*$/)}).transform(
      ({key_variable: name}): ProfileCredentials => ({kind: 'key_variable', name: String(name)}),
    ),
    one({vpc: trustedProfile('a profile')}).transform(
      ({vpc: profile}): ProfileCredentials => ({kind: 'vpc', profile: String(profile)}),
    ),
    one({container: trustedProfile('a profile')}).transform(
      ({container: profile}): ProfileCredentials => ({kind: 'container', profile: String(profile)}),
    ),
  ],
  {error: `must be ${credentialKinds}; never a key itself`},
)

/** A profile of the config file: who vpcmd is, and where it works. */
export const profileSchema = z.strictObject(
  {
    credentials: credentials.optional(),
    assume: trustedProfile('the name, ID or CRN of a trusted profile').optional(),
    account: words('the ID of an account, a list of them, or all').optional(),
    enterprise: word('the ID of an enterprise').optional(),
    account_group: word('the ID of an account group').optional(),
    regions: words('a list of names').optional(),
    output: z
      .enum(['table', ...dataFormatNames], {error: `must be one of table, ${dataFormatNames.join(', ')}`})
      .optional(),
  },
  {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? `there is no ${issue.keys?.join(', ')} in a profile; there are credentials, assume, account, enterprise, account_group, regions and output`
        : 'must have keys such as credentials and assume',
  },
)

export type Profile = z.output<typeof profileSchema>

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
