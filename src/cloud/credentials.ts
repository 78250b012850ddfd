import {stat} from 'node:fs/promises'
import {platform} from 'node:os'
import {asVpcmdError} from '../errors.ts'
import {type InputHost, isStdin, readText} from '../files/read-input.ts'
import {parsedJson} from '../json-object.ts'
import {quoteCommand} from '../quote-command.ts'
import {type ComputeResource, findComputeResource} from './compute-resource.ts'
import {
  badKey,
  type Credentials,
  denied,
  fromContainer,
  fromInstance,
  fromKey,
  fromSettings,
  type ProfileOptions,
  type SettingSources,
} from './credential-kinds.ts'
import {hasSettings} from './credentials-file.ts'
import {fromIbmcloud, type IbmcloudLogin, readIbmcloudLogin} from './ibmcloud.ts'
import {linkLocalAddress} from './transport.ts'

/** Credentials, and how they were chosen. */
export interface FoundCredentials extends Credentials {
  source: Source
  /** Who is signed in to ibmcloud, where its token is used. */
  login?: IbmcloudLogin
}

/** Where credentials are from. */
export interface Source {
  name: string
  /** Why these and no others, in words that stand behind a label. */
  why: string
}

/** Credentials as a profile of the config file names them: never a key itself. */
export type ProfileCredentials =
  | {kind: 'ibmcloud'}
  | {kind: 'key_file'; file: string}
  | {kind: 'key_variable'; name: string}
  /** On an instance, or in a container: a trusted profile that is linked to it, by name or ID, which a container needs. */
  | {kind: 'vpc' | 'container'; profile?: string | undefined}

export interface CredentialSources extends SettingSources {
  /** Where the VPC_* settings are from. */
  settingsFrom?: string
  /** What `--api-key-file` names; `-` is standard input. */
  apiKeyFile: string | undefined
  host: InputHost
  /** What a profile of the config file names. */
  profile?: {name: string; credentials: ProfileCredentials} | undefined
  /** Finds the compute resource that this process is on. */
  findCompute?(): Promise<ComputeResource | undefined>
}

const keyVariables = ['IBMCLOUD_API_KEY', 'IC_API_KEY']
const order = ['--api-key-file', 'profile', ...keyVariables, 'VPC_* settings', 'ibmcloud login']

/**
 * Finds the credentials, first found wins: --api-key-file, a profile of the config file, IBMCLOUD_API_KEY, IC_API_KEY, then
 * the settings of IBM's SDK (IBM/node-sdk-core, Authentication.md), then who is signed in to ibmcloud, then the compute
 * resource that this is run on. Throws VpcmdError with exit code 3.
 */
export async function findCredentials(sources: CredentialSources): Promise<FoundCredentials> {
  const {settings, settingsFrom = 'the environment', apiKeyFile, iamUrl} = sources
  const found = (credentials: Credentials, name: string, rank: string): FoundCredentials => ({
    ...credentials,
    source: {name, why: whyFirst(rank, settings)},
  })
  if (apiKeyFile !== undefined) {
    const name = isStdin(apiKeyFile) ? 'standard input' : apiKeyFile
    return found(await fromKeyFile(apiKeyFile, sources), name, '--api-key-file')
  }
  if (sources.profile) return ofProfile(sources.profile, sources)
  for (const name of keyVariables) {
    const key = settings[name]
    if (key !== undefined) return found(fromKey(key, `The API key in ${name}`, iamUrl), name, name)
  }
  const credentials = fromSettings(sources)
  if (credentials) return found(credentials, `VPC_* settings of ${settingsFrom}`, 'VPC_* settings')
  const login = await readIbmcloudLogin(settings)
  if (login) {
    return {...found(fromIbmcloud(login, settings, iamUrl), `ibmcloud (${login.file})`, 'ibmcloud login'), login}
  }
  const compute = await (sources.findCompute ?? findComputeResource)()
  if (!compute) throw denied('no_credentials', 'No IBM Cloud credentials were found.')
  if (compute.kind === 'container') {
    throw denied(
      'no_profile',
      `This is a container with a token (${compute.file}), and no trusted profile is named for it.`,
      'Name one that is linked to it: VPC_IAM_PROFILE_NAME=PROFILE',
    )
  }
  return found(fromInstance(compute.url, {}), 'this instance (its metadata service)', 'compute')
}

async function fromKeyFile(file: string, sources: CredentialSources): Promise<Credentials> {
  const origin = isStdin(file) ? 'The API key on standard input' : `The API key in ${file}`
  return fromKey(keyInText(await readKeyFile(file, sources), origin), origin, sources.iamUrl)
}

/** The credentials that a profile names, and no others. */
async function ofProfile(
  {name, credentials}: {name: string; credentials: ProfileCredentials},
  sources: CredentialSources,
): Promise<FoundCredentials> {
  const {settings, iamUrl} = sources
  const from = (what: string) => ({source: {name: `profile ${name} (${what})`, why: whyFirst('profile', settings)}})
  switch (credentials.kind) {
    case 'key_file':
      return {...(await fromKeyFile(credentials.file, sources)), ...from(credentials.file)}
    case 'key_variable': {
      const key = settings[credentials.name]
      if (key !== undefined) {
        return {...fromKey(key, `The API key in ${credentials.name}`, iamUrl), ...from(credentials.name)}
      }
      throw denied(
        'no_credentials',
        `The profile ${name} takes the API key of ${credentials.name}, which is not set.`,
        `Set ${credentials.name}, or choose another profile with --profile.`,
      )
    }
    case 'ibmcloud': {
      const login = await readIbmcloudLogin(settings)
      if (login) return {...fromIbmcloud(login, settings, iamUrl), ...from(`ibmcloud, ${login.file}`), login}
      throw denied(
        'no_credentials',
        `The profile ${name} takes the login of ibmcloud, and nobody is signed in.`,
        'Run: ibmcloud login',
      )
    }
    default: {
      const {kind, profile} = credentials
      const named = profileNamed(profile)
      if (kind === 'container') return {...fromContainer({...named, url: iamUrl}), ...from('this container')}
      const compute = await (sources.findCompute ?? findComputeResource)()
      const url = compute?.kind === 'vpc' ? compute.url : `http://${linkLocalAddress}`
      return {...fromInstance(url, named), ...from('this instance')}
    }
  }
}

function profileNamed(profile: string | undefined): ProfileOptions {
  if (profile === undefined) return {}
  if (/^Profile-[0-9a-f-]{36}$/.test(profile)) return {iamProfileId: profile}
  return profile.startsWith('crn:') ? {iamProfileCrn: profile} : {iamProfileName: profile}
}

/** Why one of the sources is taken: what would have come before it is not there, and what else is there comes after it. */
function whyFirst(name: string, settings: NodeJS.ProcessEnv): string {
  const rank = order.includes(name) ? order.indexOf(name) : order.length
  const before = order.slice(0, rank).filter(each => each !== 'profile')
  const after = order
    .slice(rank + 1)
    .filter(each => (each === 'VPC_* settings' ? hasSettings(settings) : settings[each]))
  const missing = before.length > 0 ? `there is no ${before.join(', ').replace(/, ([^,]*)$/, ' or $1')}` : 'it is given'
  return after.length > 0 ? `${missing}; it comes before ${after.join(' and ')}` : missing
}

async function readKeyFile(file: string, {host, warn}: CredentialSources): Promise<string> {
  const text = await readText(host, file, 'API key').catch((error: unknown) => {
    const {message, hint} = asVpcmdError(error)
    // IBM's keys have 44 of these characters: somebody gave the key itself, which is not printed.
    if (/^[\w-]{40,50}$/.test(file)) {
      throw denied(
        'no_api_key_file',
        '--api-key-file takes a file, and this is none; it looks like a key.',
        'Put the key into a file that only you can read, or set IBMCLOUD_API_KEY.',
      )
    }
    throw denied('no_api_key_file', message, hint)
  })
  if (isStdin(file) || platform() === 'win32') return text
  const there = await stat(file).catch(() => undefined)
  if (there && there.mode & 0o077)
    warn(`${file} can be read by others on this machine: ${quoteCommand(['chmod', '600', file])}`)
  return text
}

/** A key file holds the key alone, or is the JSON file that IBM Cloud's console and CLI offer for download. */
function keyInText(text: string, origin: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{')) return trimmed
  const value = parsedJson(trimmed)
  if (value === undefined) throw badKey(`${origin} begins as JSON, and is none.`)
  const {apikey} = Object(value)
  if (typeof apikey === 'string') return apikey
  throw badKey(`${origin} is JSON without the field apikey, which a file of IBM Cloud's has.`)
}
