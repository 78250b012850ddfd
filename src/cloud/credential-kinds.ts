import {hostname} from 'node:os'
import {
  type AuthenticatorInterface,
  BearerTokenAuthenticator,
  ContainerAuthenticator,
  IamAssumeAuthenticator,
  IamAuthenticator,
  VpcInstanceAuthenticator,
} from 'ibm-cloud-sdk-core'
import {exitCodes, VpcmdError} from '../errors.ts'
import type {SdkAdapter} from './sdk-adapter.ts'
import type {Asked} from './service-errors.ts'
import {linkLocalAddress} from './transport.ts'

/** Where VPC_* settings stand, and what is said of them. */
export interface SettingSources {
  /** The environment, with what files add to it. */
  settings: NodeJS.ProcessEnv
  /** IAM's base URL. */
  iamUrl: string
  warn(text: string): void
}

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

const waysIn =
  'Run: ibmcloud login. Or set IBMCLOUD_API_KEY, or try it without an account: --sandbox. All ways: vpcmd whoami --help'

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

export function badKey(message: string): VpcmdError {
  return denied('bad_api_key', message)
}

export function denied(code: string, message: string, hint = waysIn): VpcmdError {
  return new VpcmdError({code, message, hint, exitCode: exitCodes.denied})
}

/** The types of authenticators that give what the VPC API takes (IBM/node-sdk-core, Authentication.md). */
const kinds = ['iam', 'iamAssume', 'container', 'vpc', 'bearerToken'] as const
type Kind = (typeof kinds)[number]

/** The credentials of VPC_* settings; undefined where there are none. */
export function fromSettings({settings, iamUrl, warn}: SettingSources): Credentials | undefined {
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
    case 'vpc':
      return fromInstance(given('AUTH_URL') ?? `http://${linkLocalAddress}`, profile)
    case 'container':
      return fromContainer({...profile, ...client, crTokenFilename, url: iamUrl})
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

export interface ProfileOptions {
  iamProfileId?: string | undefined
  iamProfileCrn?: string | undefined
  iamProfileName?: string | undefined
}

/** The credentials of the instance that this is run on, whose metadata service is at `url`. */
export function fromInstance(url: string, profile: ProfileOptions): Credentials {
  return {
    asked: {name: 'the metadata service', url, isMetadataService: true},
    create: maker(VpcInstanceAuthenticator, {...profile, url}),
    isRenewable: true,
    cacheKey: ofThisHost('vpc', profile),
    secrets: [],
  }
}

/** The credentials of the container that this is run in. */
export function fromContainer(
  options: ProfileOptions & OAuthClient & {crTokenFilename?: string; url: string},
): Credentials {
  return {
    asked: {name: 'IAM', url: options.url},
    create: maker(ContainerAuthenticator, options),
    isRenewable: true,
    cacheKey: ofThisHost('container', options),
    secrets: presentOf(options.clientSecret),
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
