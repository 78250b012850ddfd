import {join} from 'node:path'
import type {ShowActivity} from '../activity.ts'
import {entryOf, once} from '../counted.ts'
import {usageError} from '../errors.ts'
import {hashedName} from '../files/private-file.ts'
import {callsOf, type Manner} from './calls.ts'
import type {Credentials} from './credential-kinds.ts'
import {
  checkSecure,
  checkServiceOfLogin,
  type Endpoints,
  type ServiceName,
  serviceUrl,
  serviceWords,
} from './endpoints.ts'
import type {TaggedKind, TagIndex} from './global-search.ts'
import {RateLimiter} from './rate-limiter.ts'
import type {TagKind} from './readers/tags.ts'
import {
  type Account,
  accountName,
  findRegions,
  type InactiveAccount,
  type PlaceOf,
  placeName,
  type Region,
  regionNamesIn,
  whatIsAt,
} from './regions.ts'
import type {Pacing} from './retries.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import type {Peer, Service} from './service-call.ts'
import type {Caller, Identity, TokenSource} from './token-source.ts'
import {answerLimits, type Line, type WireLog} from './transport.ts'
import type {SdkChoice, VpcApi} from './vpc-api.ts'

/** IBM Cloud as the rest of vpcmd sees it: its regions, and the VPC API of each. */
export interface Cloud {
  /** The names of the regions that were asked for, by --region or the environment; none means all. */
  readonly askedRegions: string[]
  /** The regions to work in: those that were asked for, else all. Asked once, and then remembered. */
  regions(): Promise<Region[]>
  /**
   * One region, whatever was asked for. Throws a usage error, which says where its name is from, when there is none, or it is
   * of an account that is not worked in.
   */
  region(place: PlaceOf, askedBy?: string): Promise<Region>
  /** The VPC API of a region. Its calls are tried as the retry policy says, and throw VpcmdError. */
  api(region: Region, manner?: Manner): VpcApi
  /** The trusted profile that is assumed in each account that is worked in, as it was named. */
  readonly assumes?: string
  /** The accounts that are worked in, where a profile is assumed. Throws VpcmdError where they can't be listed. */
  accounts?(): Promise<Account[]>
  /** Those that were left out of them, as they are not active. Throws likewise. */
  inactiveAccounts?(): Promise<InactiveAccount[]>
  /** Tells whoever watches what is under way. */
  readonly show: ShowActivity
  /** Whose the credentials are, as the token says, with `isFresh` one that is asked for now. Throws VpcmdError as any call does. */
  caller(asked?: {isFresh: boolean}): Promise<Caller>
  /** All that the token says of whose it is. Throws VpcmdError as any call does. */
  identity(): Promise<Identity>
  /**
   * The tags of all servers of a kind in the account of a region, from Global Search, whose index may be half a minute behind:
   * searched for once, and then remembered. Throws VpcmdError.
   */
  tags(region: Region, kind?: TaggedKind): Promise<TagIndex>
  /** The tags of one kind of a server as they are now, from Global Tagging; undefined where it does not tell all. Throws VpcmdError. */
  attachedTags(region: Region, crn: string, kind: TagKind, signal?: AbortSignal): Promise<readonly string[] | undefined>
}

/** How accounts are worked in. */
export interface AccessOptions {
  env: NodeJS.ProcessEnv
  credentials: Credentials
  endpoints: Endpoints
  /** What the user named, as typed; empty asks the environment and then means all regions. */
  regions: string[]
  /** Where these are named, for errors (--region). */
  regionsAskedBy?: string
  /** Whether credentials may go over http to another machine. */
  allowsHttp?: boolean
  /** Where token and regions are kept between commands; undefined keeps them nowhere. */
  cacheFolder: string | undefined
  pacing: Pacing
  log: WireLog | undefined
  /** Shows what is in progress. */
  show?: ShowActivity
  /** How many requests may be under way at once in a region. */
  concurrency?: number
  /** How many connections there may be in all; what comes then waits. */
  mostConnections?: number
}

/** One account, and what all accounts share. */
export interface AccountOptions extends AccessOptions {
  sdk: SdkChoice
  lineTo(url: string): Line
  onCall(place: string): () => void
  show: ShowActivity
  tokens: TokenSource
  /** The account that the tokens must be of; undefined for any. */
  account: Account | undefined
}

/** Opens one account. Sends nothing yet. */
export function openAccount(options: AccountOptions): Cloud {
  const {credentials, endpoints, pacing, log, show, sdk, lineTo, tokens, account} = options
  const apis = new Map<string, Record<Manner, VpcApi>>()
  const openAt = (url: string, place: string): Record<Manner, VpcApi> => {
    const policy = {...peerAt(url, options, options.concurrency), account: account?.id, place}
    const send = sdk.create({authenticator: tokens, serviceUrl: url, adapter: sdkAdapter(lineTo, pacing.now)})
    return {
      single: callsOf(send, {...policy, manner: 'single'}),
      rollout: callsOf(send, {...policy, manner: 'rollout'}),
    }
  }
  const apiAt = (url: string, place: string, manner: Manner = 'single'): VpcApi => {
    return entryOf(apis, url, () => openAt(url, place))[manner]
  }

  // A sign-in that fails is one error, and not one for each cached region.
  const signIn = once(async () => account && tokens.ready())
  const find = async (asked: string[], askedBy: string) => {
    await signIn()
    return findRegions({
      asked,
      askedBy,
      asker: endpoints.vpcUrl,
      isPrivate: endpoints.isPrivate,
      cacheFile: cacheFile(
        options.cacheFolder,
        'regions',
        endpoints.vpcUrl,
        ...(credentials.cacheKey ?? []),
        String(endpoints.isPrivate),
      ),
      ask: async () => (await apiAt(endpoints.vpcUrl, '').listRegions()).result,
      now: pacing.now,
      log,
    })
  }

  const variable = ['IBMCLOUD_REGION', 'IC_REGION'].find(name => options.env[name])
  const [asked, askedBy] =
    options.regions.length > 0 || variable === undefined
      ? [options.regions, options.regionsAskedBy ?? '--region']
      : [[options.env[variable] ?? ''], variable]
  const findOne = async (name: string, askedBy: string) => {
    const [region] = await find([name], askedBy)
    if (!region) throw new Error(`no region ${name}`)
    return region
  }
  const search = async (kind: TaggedKind) => {
    const [{searchTags}, {account}] = await Promise.all([import('./global-search.ts'), tokens.identity()])
    return searchTags(openService(options, 'search'), kind, account)
  }
  const indexes = new Map<TaggedKind, Promise<TagIndex>>()
  // One for all, as they share a rate limit.
  const tagging = once(() => openService(options, 'tagging'))
  // A rollout asks for the region of each change.
  const named = new Map<string, Promise<Region>>()
  return {
    askedRegions: regionNamesIn(asked),
    regions: once(() => find(asked, askedBy)),
    async region(place, askedBy = 'the CRN') {
      const {region: name, account: asked} = place
      // What a plan or a run has of another account is none of this one's.
      if (asked !== undefined) checkPlace(place, asked, (await tokens.caller()).account)
      return entryOf(named, name, () => findOne(name, askedBy))
    },
    show,
    api: ({url, name}, manner) => apiAt(url, placeName({name, account}), manner),
    caller: asked => tokens.caller(asked),
    identity: () => tokens.identity(),
    tags: async (_region, kind = 'instance') => entryOf(indexes, kind, () => search(kind)),
    async attachedTags(_region, crn, kind, signal) {
      const [{readAttachedTags}, {account}] = await Promise.all([import('./global-tagging.ts'), tokens.identity()])
      return readAttachedTags(tagging(), crn, kind, account, signal)
    },
  }
}

/** A service at a URL, and what all requests to it share. Throws a usage error for one that the token is not sent to. */
function peerAt(url: string, options: AccountOptions, concurrency?: number): Peer {
  const {credentials, pacing, allowsHttp = false, lineTo, onCall, tokens} = options
  checkSecure(url, allowsHttp)
  const limiter = new RateLimiter(pacing, concurrency)
  return {url, proxy: lineTo(url).proxy?.variable, secrets: credentials.secrets, tokens, pacing, limiter, onCall}
}

/** Opens a service beside the VPC API. Throws a usage error for one whose address is not known, or that the token is not sent to. */
export function openService(options: AccountOptions, name: ServiceName): Service {
  const {credentials, endpoints, lineTo, account} = options
  const url = serviceUrl(endpoints, name)
  const peer = peerAt(url, options)
  if (credentials.isBorrowed) checkServiceOfLogin(credentials.asked.url, url, name)
  // A page of a search is as long as a page of a list.
  const line = {...lineTo(url), mostBytes: answerLimits.list}
  const words = serviceWords(name)
  const place = account ? `${words.name} in ${accountName(account)}` : words.name
  return {...peer, ...words, name: place, line}
}

/** Throws a usage error where something is of another account than that of the credentials. */
function checkPlace(place: PlaceOf, asked: string, own: string): void {
  if (asked === own) return
  throw usageError(
    `${whatIsAt(place)} is in account ${asked}, and these credentials are of account ${own}: it is left alone.`,
    `Pass --assume with the name of a trusted profile of account ${asked}.`,
  )
}

/** Where something is kept for whom `of` tells apart. */
export function cacheFile(folder: string | undefined, kind: string, ...of: string[]): string | undefined {
  return folder && join(folder, `${kind}-${hashedName(...of)}.json`)
}

/** Shows what the calls under way are waiting for. Call the result with a call's place when it begins, and what that returns when it ends. */
export function watchCalls(show: ShowActivity): (place: string) => () => void {
  const places: string[] = []
  let endShow: (() => void) | undefined
  const activity = () => {
    const all = [...new Set(places)]
    return {verb: `Waiting for ${all.length > 3 ? `${all.length} regions` : all.join(', ')}`, facts: []}
  }
  return place => {
    places.push(place)
    endShow ??= show(activity, 'minor')
    return () => {
      places.splice(places.indexOf(place), 1)
      if (places.length > 0) return
      endShow?.()
      endShow = undefined
    }
  }
}
