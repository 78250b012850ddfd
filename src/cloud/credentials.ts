import {stat} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join, resolve} from 'node:path'
import {parse} from 'dotenv'
import {
  type AuthenticatorInterface,
  BearerTokenAuthenticator,
  ContainerAuthenticator,
  IamAssumeAuthenticator,
  IamAuthenticator,
  VpcInstanceAuthenticator,
} from 'ibm-cloud-sdk-core'
import {asVpcmdError, exitCodes, VpcmdError} from '../errors.ts'
import {isStdin, readText} from '../files/read-input.ts'
import {homeFolder} from '../files/user-folders.ts'
import {fromIbmcloud, type IbmcloudLogin, readIbmcloudLogin} from './ibmcloud.ts'
import type {SdkAdapter} from './sdk-adapter.ts'
import type {Asked} from './service-errors.ts'
import {linkLocalAddress} from './transport.ts'

/** Who vpcmd is to IBM Cloud. */
export interface Credentials {
  /** Who gives the tokens. */
  asked: Asked
  /** Makes the authenticator, IBM's mostly, whose requests go through the adapter. */
  create(adapter: SdkAdapter, now: () => number): AuthenticatorInterface
  /** Whether IAM gives another token where one is refused. */
  isRenewable: boolean
  /** Whether another program keeps the tokens: vpcmd keeps none, and sends them to that program's cloud alone. */
  isBorrowed?: boolean
  /** A token with less than so many milliseconds to live is asked for anew. */
  leastLifeMs?: number
  /** What tells them from others, to be hashed; undefined where nothing is kept. */
  cacheKey?: string[]
  /** Texts that must never be printed. */
  secrets: string[]
}

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

type Settings = Readonly<Record<string, string | undefined>>

export interface CredentialSources {
  /** The environment, with what files add to it. */
  settings: Settings
  /** Where the VPC_* settings are from. */
  settingsFrom?: string
  /** IAM's base URL. */
  iamUrl: string
  /** What `--api-key-file` names; `-` is standard input. */
  apiKeyFile: string | undefined
  warn(text: string): void
}

const waysIn =
  'Run ibmcloud login, set IBMCLOUD_API_KEY, pass --api-key-file FILE, or set VPC_AUTH_TYPE or ibm-credentials.env; --sandbox needs none.'

const fileName = 'ibm-credentials.env'

/** What is no part of the credentials among the VPC_* settings: of these each one of the environment wins by itself. */
const addresses = ['VPC_URL', 'VPC_AUTH_URL']

/**
 * The environment with the VPC_* settings of `ibm-credentials.env` (IBM/node-sdk-core, Authentication.md): of the file that
 * IBM_CREDENTIALS_FILE names, or of the one in the home folder. The environment wins; credentials of its own are not mixed
 * with those of a file. A file in the current folder is not read, as somebody else may have put it there: `warn` says so.
 * Throws VpcmdError, exit 3, for a file that is named and can't be read.
 */
export async function withCredentialsFile(env: Settings, warn: (text: string) => void): Promise<Settings> {
  const [file] = await Promise.all([readCredentialsFile(env), warnOfCurrentFolder(env, warn)])
  const hasOwn = hasSettings(env)
  const taken = Object.entries(file).filter(
    ([name]) => name.startsWith('VPC_') && (addresses.includes(name) || !hasOwn),
  )
  return {...Object.fromEntries(taken), ...withoutEmpty(env, addresses)}
}

/** Whether there are VPC_* settings that are part of credentials. */
export function hasSettings(env: Settings): boolean {
  return Object.keys(env).some(name => name.startsWith('VPC_') && !addresses.includes(name) && env[name])
}

/** An address that is set to nothing is not set. */
function withoutEmpty(env: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value || !names.includes(name)))
}

async function readCredentialsFile(env: Settings): Promise<Record<string, string>> {
  const named = env.IBM_CREDENTIALS_FILE
  const place = named || homeFile(env)
  if (place === undefined) return {}
  const there = await stat(place).catch(() => undefined)
  if (!there && !named) return {}
  try {
    return parse(await readText(there?.isDirectory() ? join(place, fileName) : place, 'credentials'))
  } catch (error) {
    const {message, hint} = asVpcmdError(error)
    const why = named ? 'IBM_CREDENTIALS_FILE names it.' : 'It is read because it is in the home folder.'
    throw denied('no_credentials_file', message, hint ?? why)
  }
}

function homeFile(env: Settings): string | undefined {
  const home = homeFolder(env)
  return home && join(home, fileName)
}

async function warnOfCurrentFolder(env: Settings, warn: (text: string) => void): Promise<void> {
  const isThere = await stat(fileName).then(
    each => each.isFile(),
    () => false,
  )
  if (!isThere) return
  const here = resolve(fileName)
  const read = resolve(env.IBM_CREDENTIALS_FILE || homeFile(env) || '/')
  if (here === read || join(read, fileName) === here) return
  warn(
    `${fileName} in the current folder is not read: whoever made the folder would choose the account. If it is meant: IBM_CREDENTIALS_FILE=${fileName}`,
  )
}

const keyVariables = ['IBMCLOUD_API_KEY', 'IC_API_KEY']
const order = ['--api-key-file', ...keyVariables, 'VPC_* settings']

/**
 * Finds the credentials, first found wins: --api-key-file, IBMCLOUD_API_KEY, IC_API_KEY, then the settings of IBM's SDK
 * (IBM/node-sdk-core, Authentication.md), then who is signed in to ibmcloud. Throws VpcmdError with exit code 3.
 */
export async function findCredentials(sources: CredentialSources): Promise<FoundCredentials> {
  const {settings, settingsFrom = 'the environment', apiKeyFile, iamUrl} = sources
  if (apiKeyFile !== undefined) {
    const name = isStdin(apiKeyFile) ? 'standard input' : apiKeyFile
    const origin = isStdin(apiKeyFile) ? 'The API key on standard input' : `The API key in ${apiKeyFile}`
    const credentials = fromKey(keyInText(await readKeyFile(apiKeyFile, sources), origin), origin, iamUrl)
    return {...credentials, source: {name, why: whyFirst('--api-key-file', settings)}}
  }
  for (const name of keyVariables) {
    const key = settings[name]
    if (key === undefined) continue
    return {...fromKey(key, `The API key in ${name}`, iamUrl), source: {name, why: whyFirst(name, settings)}}
  }
  const credentials = fromSettings(sources)
  if (credentials) {
    const name = `VPC_* settings of ${settingsFrom}`
    return {...credentials, source: {name, why: whyFirst('VPC_* settings', settings)}}
  }
  const login = await readIbmcloudLogin(settings)
  if (!login) throw denied('no_credentials', 'No IBM Cloud credentials were found.')
  const source = {name: `ibmcloud (${login.file})`, why: whyFirst('ibmcloud', settings)}
  return {...fromIbmcloud(login, settings, iamUrl), source, login}
}

/** Why one of the sources is taken: what would have come before it is not there, and what else is there comes after it. */
function whyFirst(name: string, settings: Settings): string {
  const rank = order.includes(name) ? order.indexOf(name) : order.length
  const before = order.slice(0, rank)
  const after = order.slice(rank + 1).filter(each => (each in settings ? settings[each] : hasSettings(settings)))
  const missing = before.length > 0 ? `there is no ${before.join(', ').replace(/, ([^,]*)$/, ' or $1')}` : 'it is given'
  return after.length > 0 ? `${missing}; it comes before ${after.join(' and ')}` : missing
}

/** The credentials of an API key. Throws VpcmdError, exit 3, for a text that is no key. */
export function fromKey(key: string, origin: string, iamUrl: string, client: OAuthClient = {}): Credentials {
  checkKey(key, origin)
  return {
    asked: {name: 'IAM', url: iamUrl},
    create: maker(IamAuthenticator, {apikey: key, url: iamUrl, ...client}),
    isRenewable: true,
    cacheKey: [key, JSON.stringify(client)],
    secrets: presentOf(key, client.clientSecret),
  }
}

interface OAuthClient {
  clientId?: string
  clientSecret?: string
  scope?: string
}

/** IBM's authenticators hand the options that they do not know, such as the adapter, to the HTTP client of their own. */
function maker<Options extends object>(
  Authenticator: new (options: Options) => AuthenticatorInterface,
  options: Options,
): (adapter: SdkAdapter) => AuthenticatorInterface {
  return adapter => {
    try {
      return new Authenticator({...options, adapter})
    } catch (error) {
      throw unusable(error instanceof Error ? error.message : String(error))
    }
  }
}

function checkKey(key: string, origin: string): void {
  if (key.trim() === '') throw badKey(`${origin} is empty.`)
  if (/[^\x21-\x7e]/.test(key))
    throw badKey(`${origin} holds a line break, a space or another character that no key has.`)
  if (/^["'{]|["'}]$/.test(key)) throw badKey(`${origin} starts or ends with a quote or a brace.`)
}

function badKey(message: string): VpcmdError {
  return denied('bad_api_key', message)
}

function denied(code: string, message: string, hint = waysIn): VpcmdError {
  return new VpcmdError({code, message, hint, exitCode: exitCodes.denied})
}

async function readKeyFile(file: string, {warn}: CredentialSources): Promise<string> {
  const text = await readText(file, 'API key').catch((error: unknown) => {
    const {message, hint} = asVpcmdError(error)
    throw denied('no_api_key_file', message, hint)
  })
  if (isStdin(file) || process.platform === 'win32') return text
  const there = await stat(file).catch(() => undefined)
  if (there && there.mode & 0o077) warn(`${file} can be read by others on this machine: chmod 600 ${file}`)
  return text
}

/** A key file holds the key alone, or is the JSON file that IBM Cloud's console and CLI offer for download. */
function keyInText(text: string, origin: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{')) return trimmed
  let value: unknown
  try {
    value = JSON.parse(trimmed)
  } catch {
    throw badKey(`${origin} begins as JSON, and is none.`)
  }
  const {apikey} = Object(value)
  if (typeof apikey === 'string') return apikey
  throw badKey(`${origin} is JSON without the field apikey, which a file of IBM Cloud's has.`)
}

/** The types of authenticators that give what the VPC API takes (IBM/node-sdk-core, Authentication.md). */
const kinds = ['iam', 'iamAssume', 'container', 'vpc', 'bearerToken'] as const
type Kind = (typeof kinds)[number]

/** The credentials of VPC_* settings; undefined where there are none. */
function fromSettings({settings, iamUrl, warn}: CredentialSources): Credentials | undefined {
  const given = (name: string) => settings[`VPC_${name}`] || undefined
  const profile = {
    iamProfileId: given('IAM_PROFILE_ID'),
    iamProfileCrn: given('IAM_PROFILE_CRN'),
    iamProfileName: given('IAM_PROFILE_NAME'),
  }
  const client = {clientId: given('CLIENT_ID'), clientSecret: given('CLIENT_SECRET'), scope: given('SCOPE')}
  const crTokenFilename = given('CR_TOKEN_FILENAME')
  const apikey = given('APIKEY')
  const isProfile = [crTokenFilename, ...Object.values(profile)].some(Boolean)
  const kind = kindIn(given('AUTH_TYPE') ?? given('AUTHTYPE'), apikey !== undefined, isProfile)
  for (const name of ['VPC_DISABLE_SSL', 'VPC_AUTH_DISABLE_SSL']) {
    if (settings[name] === 'true') warn(`${name} has no effect: trust the CA with NODE_EXTRA_CA_CERTS instead.`)
  }
  const iam = {asked: {name: 'IAM', url: iamUrl}, isRenewable: true}
  switch (kind) {
    case undefined:
      return undefined
    case 'bearerToken': {
      const bearerToken = (given('BEARER_TOKEN') ?? '').replace(/^Bearer\s+/i, '').trim()
      if (bearerToken === '') throw unusable('VPC_BEARER_TOKEN is not set.')
      const create = maker(BearerTokenAuthenticator, {bearerToken})
      return {...iam, create, isRenewable: false, secrets: [bearerToken]}
    }
    case 'vpc': {
      const url = given('AUTH_URL') ?? `http://${linkLocalAddress}`
      const asked = {name: 'the metadata service', url, isMetadataService: true}
      const create = maker(VpcInstanceAuthenticator, {...profile, url})
      return {...iam, asked, create, cacheKey: ofThisHost(kind, profile), secrets: []}
    }
    case 'container': {
      const options = {...profile, ...client, crTokenFilename, url: iamUrl}
      const create = maker(ContainerAuthenticator, options)
      return {...iam, create, cacheKey: ofThisHost(kind, options), secrets: presentOf(client.clientSecret)}
    }
    default: {
      const origin = 'The API key of VPC_APIKEY or ibm-credentials.env'
      const credentials = fromKey(apikey ?? '', origin, iamUrl, client)
      if (kind === 'iam') return credentials
      const options = {...profile, ...client, apikey: apikey ?? '', url: iamUrl, iamAccountId: given('IAM_ACCOUNT_ID')}
      return {
        ...credentials,
        create: maker(IamAssumeAuthenticator, options),
        cacheKey: [kind, JSON.stringify(options)],
      }
    }
  }
}

/** A home folder may be on several machines. */
function ofThisHost(kind: Kind, options: object): string[] {
  return [kind, hostname(), JSON.stringify(options)]
}

function presentOf(...values: (string | undefined)[]): string[] {
  return values.filter(value => value !== undefined)
}

function kindIn(type: string | undefined, isKey: boolean, isProfile: boolean): Kind | undefined {
  if (type !== undefined) {
    const kind = kinds.find(each => each.toLowerCase() === type.toLowerCase())
    if (kind) return kind
    throw unusable(`VPC_AUTH_TYPE is ${type}: the VPC API takes ${kinds.join(', ')}.`)
  }
  if (isKey) return 'iam'
  // As IBM's core does (IBM/node-sdk-core, get-authenticator-from-environment.ts).
  return isProfile ? 'container' : undefined
}

function unusable(why: string): VpcmdError {
  const message = `The credentials of VPC_* or ibm-credentials.env can't be used: ${why}`
  return denied('bad_credentials', message.replace(/([^.])$/, '$1.'))
}
