import {join} from 'node:path'
import type {AuthenticatorInterface} from 'ibm-cloud-sdk-core'
import {hashedName} from '../files/private-file.ts'
import {type Caller, readCaller} from './caller.ts'
import {creationCalls} from './creation-calls.ts'
import type {Credentials} from './credentials.ts'
import type {Endpoints} from './endpoints.ts'
import {CachedIamAuthenticator} from './iam-token.ts'
import {Lane} from './lane.ts'
import {findRoutes} from './proxy.ts'
import {findRegions, type Region, regionNamesIn} from './regions.ts'
import {type Pacing, RequestFailure, UnreadableAnswer, withRetries} from './retries.ts'
import {describeFailure, type Operation} from './service-errors.ts'
import {type Answer, chooseSdk, type VpcSdk, type VpcService} from './vpc-sdk.ts'
import {type WireLog, watchRequests} from './wire-log.ts'

/** IBM Cloud as the rest of vpcmd sees it: its regions, and the VPC API of each. */
export interface Cloud {
  /** The names of the regions that were asked for, by --region or the environment; none means all. */
  readonly askedRegions: string[]
  /** The regions to work in: those that were asked for, else all. Asked once, and then remembered. */
  regions(): Promise<Region[]>
  /** One region by name, whatever was asked for. Throws a usage error, which says where the name is from, when there is none. */
  region(name: string, askedBy?: string): Promise<Region>
  /** The VPC API of a region. Its calls are tried as the retry policy says, and throw VpcmdError. */
  api(region: Region, manner?: Manner): VpcSdk
  /** Whose the credentials are, as the token says. Throws VpcmdError as any call does. */
  caller(): Promise<Caller>
}

/**
 * How the API is called. `rollout` is for changing many: none is to fail for being throttled, and a change that may have
 * been acted on is not sent again, so that whoever sent it looks first (`isInDoubt` tells).
 */
export type Manner = 'single' | 'rollout'

export interface CloudOptions {
  env: NodeJS.ProcessEnv
  credentials: Credentials
  endpoints: Endpoints
  /** What the user named with --region, as typed; empty asks the environment and then means all regions. */
  regions: string[]
  isPrivate: boolean
  /** Where token and regions are kept between commands; undefined keeps them nowhere. */
  cacheFolder: string | undefined
  pacing: Pacing
  log: WireLog | undefined
  /** How many requests may be under way at once in a region. */
  concurrency?: number
}

/** Opens IBM Cloud. Sends nothing yet. */
export async function openCloud(options: CloudOptions): Promise<Cloud> {
  const {credentials, endpoints, cacheFolder, pacing, log} = options
  const [sdk, routeTo] = await Promise.all([chooseSdk(options.env), findRoutes()])
  log?.note(`SDK: ${sdk.description}`)
  const apiKey = credentials.kind === 'api-key' ? credentials.apiKey : ''
  const iamUrl = (credentials.kind === 'api-key' ? credentials.authUrl : undefined) ?? endpoints.iamUrl
  const cacheFile = (kind: string, ...of: string[]) =>
    cacheFolder && join(cacheFolder, `${kind}-${hashedName(...of)}.json`)

  const authenticator: AuthenticatorInterface =
    credentials.kind === 'authenticator'
      ? credentials.authenticator
      : new CachedIamAuthenticator({
          apikey: apiKey,
          url: iamUrl,
          cacheFile: cacheFile('token', iamUrl, apiKey),
          pacing,
          log,
          http: routeTo(iamUrl),
        })

  const apis = new Map<string, Record<Manner, VpcSdk>>()
  const apiAt = (url: string, place: string, manner: Manner = 'single'): VpcSdk => {
    const known = apis.get(url)
    if (known) return known[manner]
    const service = sdk.create({authenticator, serviceUrl: url, ...routeTo(url)})
    watchRequests(service.getHttpClient(), log)
    const secrets = apiKey ? [apiKey] : []
    const policy = {url, secrets, place, authenticator, pacing, lane: new Lane(pacing, options.concurrency)}
    const api = {
      single: withPolicy(service, {...policy, manner: 'single'}),
      rollout: withPolicy(service, {...policy, manner: 'rollout'}),
    }
    apis.set(url, api)
    return api[manner]
  }

  const find = (asked: string[], askedBy: string) =>
    findRegions({
      asked,
      askedBy,
      isPrivate: options.isPrivate,
      cacheFile: cacheFile('regions', endpoints.vpcUrl, apiKey, String(options.isPrivate)),
      ask: async () => (await apiAt(endpoints.vpcUrl, '').listRegions()).result,
      now: pacing.now,
      log,
    })

  const variable = ['IBMCLOUD_REGION', 'IC_REGION'].find(name => options.env[name])
  const [asked, askedBy] =
    options.regions.length > 0 || variable === undefined
      ? [options.regions, '--region']
      : [[options.env[variable] ?? ''], variable]
  let regions: Promise<Region[]> | undefined
  return {
    askedRegions: regionNamesIn(asked),
    regions() {
      regions ??= find(asked, askedBy)
      return regions
    },
    async region(name, askedBy = 'the CRN') {
      const [region] = await find([name], askedBy)
      if (!region) throw new Error(`no region ${name}`)
      return region
    },
    api: (region, manner) => apiAt(region.url, ` in ${region.name}`, manner),
    caller: () => readCaller(authenticator),
  }
}

/** How a call may be ended from outside: reading at once, changing only between two tries. */
interface Ending {
  cancelled?: AbortSignal
  lastTry?: AbortSignal
}

interface Trying extends Ending {
  /** GET, and a PATCH that names absolute values, may be sent twice without harm; an action may not. */
  repeatable: boolean
}

interface Policy {
  url: string
  /** Texts that an answer may hold, and no error must. */
  secrets: readonly string[]
  /** ` in us-south`, or nothing where no region is meant. */
  place: string
  authenticator: AuthenticatorInterface
  pacing: Pacing
  lane: Lane
  manner: Manner
}

/** The calls of a service, each tried as the retry policy says and failing as a VpcmdError that says what was being done. */
function withPolicy(service: VpcService, policy: Policy): VpcSdk {
  const {url, place} = policy
  const changesAreRepeatable = policy.manner === 'single'
  const call = <T>(
    {repeatable = true, ...operation}: Omit<Operation, 'url'> & {repeatable?: boolean},
    expected: string,
    send: (signal: AbortSignal) => Promise<Answer<T>>,
    ending: Ending = {},
  ) => callService({...operation, url}, policy, expected, send, {...ending, repeatable})
  return {
    ...creationCalls(service, call, place),
    listRegions: params =>
      call({doing: 'ask for the regions'}, 'regions', signal => service.listRegions({...params, signal}), {
        cancelled: params?.signal,
      }),
    listInstances: params =>
      call(
        {doing: `list the instances${place}`, iamAction: 'is.instance.instance.list'},
        'instances',
        signal => service.listInstances({...params, signal}),
        {cancelled: params?.signal},
      ),
    getInstance: params =>
      call(
        {doing: `read instance ${params.id}${place}`, iamAction: 'is.instance.instance.read'},
        'id',
        signal => service.getInstance({...params, signal}),
        {cancelled: params.signal},
      ),
    updateInstance: params =>
      call(
        {
          doing: `update instance ${params.id}${place}`,
          iamAction: 'is.instance.instance.update',
          repeatable: changesAreRepeatable,
        },
        'id',
        signal => service.updateInstance({...params, signal}),
        {lastTry: params.signal},
      ),
    listFloatingIps: params =>
      call(
        {doing: `list the floating IPs${place}`, iamAction: 'is.floating-ip.floating-ip.list'},
        'floating_ips',
        signal => service.listFloatingIps({...params, signal}),
        {cancelled: params?.signal},
      ),
    listVpcs: params =>
      call(
        {doing: `list the VPCs${place}`, iamAction: 'is.vpc.vpc.list'},
        'vpcs',
        signal => service.listVpcs({...params, signal}),
        {cancelled: params?.signal},
      ),
    listInstanceTemplates: params =>
      call(
        {doing: `list the instance templates${place}`, iamAction: 'is.instance-template.instance-template.list'},
        'templates',
        signal => service.listInstanceTemplates({...params, signal}),
        {cancelled: params?.signal},
      ),
    listBareMetalServers: params =>
      call(
        {doing: `list the bare metal servers${place}`, iamAction: 'is.bare-metal-server.bare-metal-server.list'},
        'bare_metal_servers',
        signal => service.listBareMetalServers({...params, signal}),
        {cancelled: params?.signal},
      ),
    getBareMetalServer: params =>
      call(
        {
          doing: `read bare metal server ${params.id}${place}`,
          iamAction: 'is.bare-metal-server.bare-metal-server.read',
        },
        'id',
        signal => service.getBareMetalServer({...params, signal}),
        {cancelled: params.signal},
      ),
    updateBareMetalServer: params =>
      call(
        {
          doing: `update bare metal server ${params.id}${place}`,
          iamAction: 'is.bare-metal-server.bare-metal-server.update',
          repeatable: changesAreRepeatable,
        },
        'id',
        signal => service.updateBareMetalServer({...params, signal}),
        {lastTry: params.signal},
      ),
    createInstanceAction: params =>
      call(
        {
          doing: `${params.type} instance ${params.instanceId}${place}`,
          iamAction: 'is.instance.instance.operate',
          repeatable: false,
        },
        'id',
        signal => service.createInstanceAction({...params, signal}),
        {lastTry: params.signal},
      ),
  }
}

async function callService<T>(
  operation: Operation,
  {secrets, authenticator, pacing, lane, manner}: Policy,
  expected: string,
  send: (signal: AbortSignal) => Promise<Answer<T>>,
  trying: Trying,
): Promise<Answer<T>> {
  const isPatient = manner === 'rollout'
  const attempt = () =>
    withRetries(
      async signal => {
        const answer = await send(signal)
        if (typeof answer.result !== 'object' || answer.result === null || !(expected in answer.result)) {
          throw new UnreadableAnswer(answer.result)
        }
        return answer
      },
      {pacing, lane, isPatient, ...trying},
    )
  for (let renewals = 0; ; renewals++) {
    const startedAt = pacing.now()
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error
      const mayRenew = renewals < (isPatient ? 4 : 1) && authenticator instanceof CachedIamAuthenticator
      if (error.failure.status !== 401 || !mayRenew) throw describeFailure(error, operation, secrets)
      authenticator.renew(startedAt)
    }
  }
}
