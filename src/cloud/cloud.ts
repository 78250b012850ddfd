import {join} from 'node:path'
import type {ShowActivity} from '../activity.ts'
import {hashedName} from '../files/private-file.ts'
import {callsOf, type Manner} from './calls.ts'
import type {Credentials} from './credentials.ts'
import {
  checkSameCloud,
  checkSecure,
  checkServiceOfLogin,
  type Endpoints,
  serviceUrl,
  serviceWords,
} from './endpoints.ts'
import type {TaggedKind, TagIndex} from './global-search.ts'
import {listPaths} from './operations.ts'
import {RateLimiter} from './rate-limiter.ts'
import type {TagKind} from './readers/tags.ts'
import {findRegions, type Region, regionNamesIn} from './regions.ts'
import type {Pacing} from './retries.ts'
import {findRoutes} from './routes.ts'
import {sdkAdapter} from './sdk-adapter.ts'
import type {Service} from './service-call.ts'
import {type Caller, type Identity, TokenSource} from './token-source.ts'
import {answerLimits, type Connections, type Line, type WireLog} from './transport.ts'
import {chooseSdk, type VpcApi} from './vpc-api.ts'

/** IBM Cloud as the rest of vpcmd sees it: its regions, and the VPC API of each. */
export interface Cloud {
  /** The names of the regions that were asked for, by --region or the environment; none means all. */
  readonly askedRegions: string[]
  /** The regions to work in: those that were asked for, else all. Asked once, and then remembered. */
  regions(): Promise<Region[]>
  /** One region by name, whatever was asked for. Throws a usage error, which says where the name is from, when there is none. */
  region(name: string, askedBy?: string): Promise<Region>
  /** The VPC API of a region. Its calls are tried as the retry policy says, and throw VpcmdError. */
  api(region: Region, manner?: Manner): VpcApi
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

export interface CloudOptions {
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

/** Opens IBM Cloud. Sends nothing yet. Throws a usage error for endpoints to which credentials are not sent. */
export async function openCloud(options: CloudOptions): Promise<Cloud> {
  const {credentials, endpoints, cacheFolder, pacing, log, allowsHttp = false, show = () => () => {}} = options
  if (credentials.isBorrowed) checkSameCloud(credentials.asked.url, endpoints)
  for (const url of [credentials.asked.url, endpoints.vpcUrl]) checkSecure(url, allowsHttp)
  const [sdk, routeTo] = await Promise.all([chooseSdk(options.env), findRoutes(options.env, options.mostConnections)])
  log?.note(`SDK: ${sdk.description}`)
  // What is wrong with a proxy is said now, and not by each request.
  for (const url of [credentials.asked.url, endpoints.vpcUrl]) routeTo(url)
  const {secrets} = credentials
  const cacheFile = (kind: string, ...of: string[]) =>
    cacheFolder && join(cacheFolder, `${kind}-${hashedName(...of)}.json`)
  // Kept for all URLs.
  const connections: Connections = {most: options.mostConnections}
  const lineTo = (url: string): Line => {
    const mostBytes = listPaths.some(path => url.endsWith(path)) ? answerLimits.list : answerLimits.other
    return {connections, proxy: routeTo(url), log, mostBytes}
  }

  const tokens = new TokenSource({
    ...credentials,
    cacheFile:
      credentials.isBorrowed || !credentials.cacheKey
        ? undefined
        : cacheFile('token', credentials.asked.url, ...credentials.cacheKey),
    pacing,
    lineTo,
  })

  const onCall = watchCalls(show)
  const apis = new Map<string, Record<Manner, VpcApi>>()
  const openAt = (url: string, place: string): Record<Manner, VpcApi> => {
    checkSecure(url, allowsHttp)
    const send = sdk.create({authenticator: tokens, serviceUrl: url, adapter: sdkAdapter(lineTo, pacing.now)})
    const policy = {url, secrets, place, tokens, pacing, limiter: new RateLimiter(pacing, options.concurrency), onCall}
    return {
      single: callsOf(send, {...policy, manner: 'single'}),
      rollout: callsOf(send, {...policy, manner: 'rollout'}),
    }
  }
  const apiAt = (url: string, place: string, manner: Manner = 'single'): VpcApi => {
    const api = apis.get(url) ?? openAt(url, place)
    apis.set(url, api)
    return api[manner]
  }

  const find = (asked: string[], askedBy: string) =>
    findRegions({
      asked,
      askedBy,
      asker: endpoints.vpcUrl,
      isPrivate: endpoints.isPrivate,
      cacheFile: cacheFile('regions', endpoints.vpcUrl, ...(credentials.cacheKey ?? []), String(endpoints.isPrivate)),
      ask: async () => (await apiAt(endpoints.vpcUrl, '').listRegions()).result,
      now: pacing.now,
      log,
    })

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
  const openService = (name: 'search' | 'tagging'): Service => {
    const url = serviceUrl(endpoints, name)
    checkSecure(url, allowsHttp)
    if (credentials.isBorrowed) checkServiceOfLogin(credentials.asked.url, url, name)
    // A page of a search is as long as a page of a list.
    const line = {...lineTo(url), mostBytes: answerLimits.list}
    return {...serviceWords(name), url, secrets, tokens, pacing, limiter: new RateLimiter(pacing), line, onCall}
  }
  const search = async (kind: TaggedKind) => {
    const [{searchTags}, {account}] = await Promise.all([import('./global-search.ts'), tokens.identity()])
    return searchTags(openService('search'), kind, account)
  }
  const indexes = new Map<TaggedKind, Promise<TagIndex>>()
  let tagging: Service | undefined
  let regions: Promise<Region[]> | undefined
  // A rollout asks for the region of each change.
  const named = new Map<string, Promise<Region>>()
  return {
    askedRegions: regionNamesIn(asked),
    regions() {
      regions ??= find(asked, askedBy)
      return regions
    },
    region(name, askedBy = 'the CRN') {
      const found = named.get(name) ?? findOne(name, askedBy)
      named.set(name, found)
      return found
    },
    show,
    api: (region, manner) => apiAt(region.url, region.name, manner),
    caller: asked => tokens.caller(asked),
    identity: () => tokens.identity(),
    tags(_region, kind = 'instance') {
      const index = indexes.get(kind) ?? search(kind)
      indexes.set(kind, index)
      return index
    },
    async attachedTags(_region, crn, kind, signal) {
      const [{readAttachedTags}, {account}] = await Promise.all([import('./global-tagging.ts'), tokens.identity()])
      // One for all, as they share a rate limit.
      tagging ??= openService('tagging')
      return readAttachedTags(tagging, crn, kind, account, signal)
    },
  }
}

/** Shows whom the calls that are under way wait for: each is told with its place, and ended by the function that is returned. */
function watchCalls(show: ShowActivity): (place: string) => () => void {
  const places: string[] = []
  let endShow: (() => void) | undefined
  const activity = () => {
    const all = [...new Set(places)]
    return {verb: `Waiting for ${all.length > 3 ? `${all.length} regions` : all.join(', ')}`, facts: []}
  }
  return place => {
    places.push(place || 'IBM Cloud')
    endShow ??= show(activity, 'minor')
    return () => {
      places.splice(places.indexOf(place || 'IBM Cloud'), 1)
      if (places.length > 0) return
      endShow?.()
      endShow = undefined
    }
  }
}
