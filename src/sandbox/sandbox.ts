import {once, setMaxListeners} from 'node:events'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {getRequestListener} from '@hono/node-server'
import {makeAccounts} from './accounts/accounts.ts'
import {createApp} from './app.ts'
import {ApiError} from './core/api-error.ts'
import type {SimulatedCloud} from './core/environment.ts'
import type {Amount, Fault} from './core/faults.ts'
import {chooseRegions} from './core/regions.ts'
import {openState, StateStore} from './core/state.ts'
import {whenAsked} from './core/when-asked.ts'
import {editableFleet} from './fleet/editable-fleet.ts'
import {type FleetStore, makeFleet} from './fleet/fleet.ts'
import type {AccountSummary, Fleet, Seed, Seeded, SeenRequest} from './fleet/public-types.ts'
import {issueCrToken, sandboxApiKey} from './iam/iam.ts'
import type {MetadataAddress, MetadataOptions} from './imds/metadata-options.ts'
import {makeInstanceActions} from './vpc/instance-actions.ts'

export interface SandboxOptions {
  /** 0 or none: a free one is picked. */
  port?: number
  /** Number of generated instances that replace the default fleet; the same arguments give the same ones. */
  instances?: number
  /** Number of VPCs in all for the generated instances; at least, and by default, one a region. */
  vpcs?: number
  /**
   * Number of accounts, 1 without. The first is the API key's, and of several it is their enterprise's own. Each has the
   * fleet that the other options give, with IDs of its own. Of four or more, the third has no profile to assume, and the
   * fourth is not active.
   */
  accounts?: number
  /** The regions that exist, all thirteen without; the first is served below `/v1` too. */
  regions?: string[]
  /** Delay of each answer. */
  latencyMs?: number
  /** Requests per second in each region of each account, except IAM and the services beside the VPC API; above it 429 with `Retry-After`. */
  rateLimitPerSecond?: number
  /** How long a token is good, 3600 without. */
  tokenTtlSeconds?: number
  /** How long the index of the search takes to learn that a tag was attached or detached, 0 without. */
  tagDelayMs?: number
  /** How long a start, a stop or a reboot takes, 3000 without. */
  transitionMs?: number
  /** Which starts end in `failed` for lack of capacity, in the order of the requests; none by default. */
  failingStarts?: Amount
  faults?: Fault[]
  /** Keeps changes there, shared with later sandboxes and with others at the same time; without it they end with the sandbox. */
  stateFolder?: string
  /** The account without a `stateFolder`, kept by `reset()`; without it, a new one each time. */
  account?: string
  /** How the instances' metadata services are served. */
  metadata?: MetadataOptions
  /** The words that start vpcmd, which is then `vpcmd` in the shells of instances, too; without them, what PATH has. */
  vpcmd?: readonly string[]
  /** Called for each request before its answer is sent. */
  onRequest?: (request: SeenRequest) => void
  /** Epoch milliseconds, `Date.now` without. */
  clock?: () => number
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT` */
  url: string
  apiKey: string
  /** The ID of the account; `reset()` makes it another one, unless it was given. */
  readonly account: string
  /** All accounts, that of the API key first. */
  readonly accounts: AccountSummary[]
  /** What a client needs in its environment to reach this sandbox: vpcmd, Terraform, and IBM's SDKs (IBM/node-sdk-core, Authentication.md). */
  environment: ReturnType<typeof environmentOf>
  /** May be changed at run time; counts begin when a fault object is first met. */
  faults: Fault[]
  /** That of the first account. */
  fleet: Fleet
  /** That of the account with this ID, until the next reset. Throws an Error where there is none. */
  fleetOf(account: string): Fleet
  /**
   * A compute resource token for IBM's ContainerAuthenticator, good for a year. The profile `vpcmd-auditor` of the first
   * account is linked to it.
   */
  crToken(): Promise<string>
  /** Why changes are not kept although a folder was given. */
  stateProblem?: string
  /**
   * Where an instance or bare metal server (ID, name, or region/name) reaches its metadata service. It is loaded and opened when it is first
   * asked for. Rejects with an Error for one that is unknown or ambiguous.
   */
  metadataAddress(instance: string): Promise<MetadataAddress>
  /**
   * Brings the fleet back to what the options give, and the faults, with their counts, to those that it began with. Tokens
   * and addresses stay good. Rejects where a kept state can't be written.
   */
  reset(): Promise<void>
  /** Adds what a seed holds. Rejects with an Error that names all that is wrong with it, before anything is added; or where it can't be kept. */
  seed(seed: Seed): Promise<Seeded>
  /** Ends all connections at once. */
  close(): Promise<void>
}

/**
 * Starts a simulated IBM Cloud on 127.0.0.1. Rejects with a plain Error for a region that does not exist, no account, a port that is
 * taken, or a kept state that can't be read; with a folder that can't be made or written, changes live in memory only, on
 * top of what is kept there, and `stateProblem` says so.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const regions = chooseRegions(options.regions)
  if (options.accounts !== undefined && !(options.accounts >= 1)) throw new Error('A sandbox has at least one account.')
  const {state, problem} = await openState(options.stateFolder, options.account)
  const clock = options.clock ?? Date.now
  const {transitionMs = 3000, tokenTtlSeconds = 3600} = options
  const fleet = makeFleet(regions, options, state)
  const actions = makeInstanceActions(transitionMs, options.failingStarts)
  const cloudOf = (store: FleetStore): SimulatedCloud => ({fleet: store, actions, clock, transitionMs})
  const accounts = makeAccounts(cloudOf(fleet), options.accounts, account =>
    cloudOf(makeFleet(regions, {...options, idsOf: account}, new StateStore({account}))),
  )
  const closing = new AbortController()
  // Each request that waits listens to it: more than ten are no leak.
  setMaxListeners(0, closing.signal)
  const faults = [...(options.faults ?? [])]
  const access = editableFleet(fleet, actions, {clock, transitionMs})
  /** The fleet of an account, the first one without an ID. Throws an ApiError where there is no such account. */
  const bedOf = (id?: string) => {
    const account = id === undefined ? accounts.main : accounts.find(id)
    if (account === undefined) throw new ApiError(400, 'unknown_account', `The sandbox has no account ${id}.`)
    if (account.number === 1) return {access, fleet}
    const {cloud} = account
    return {access: editableFleet(cloud.fleet, actions, cloud), fleet: cloud.fleet}
  }
  const reset = async () => {
    await accounts.reset()
    actions.reset()
    // A count belongs to its fault: as other objects they begin anew.
    faults.splice(0, faults.length, ...(options.faults ?? []).map(each => ({...each})))
  }
  // What checks it takes longer to load than the rest of the sandbox.
  const seed = async (given: unknown) => (await import('./fleet/seed.ts')).plantSeed(given, bedOf)
  let url = ''
  const openMetadata = whenAsked(async () => {
    const {openMetadataListeners} = await import('./imds/metadata-listeners.ts')
    const cloud = {fleet, clock, transitionMs, iamTokenTtlSeconds: tokenTtlSeconds, url}
    return openMetadataListeners({...options.metadata, ...cloud})
  })
  const openSsh = whenAsked(async () => {
    const {openSshListeners} = await import('./ssh/ssh-listeners.ts')
    return openSshListeners({fleet, clock, transitionMs, openMetadata, url, vpcmd: options.vpcmd})
  })
  const parts = {accounts, clock, closing: closing.signal, faults, fleet, openMetadata, openSsh, reset, seed}
  const app = createApp({...options, ...parts, tokenTtlSeconds})
  const server = createServer(
    // Otherwise it replaces the process's own Request and Response for good, and a client in the process gets those.
    getRequestListener(app.fetch, {overrideGlobalObjects: false}),
  )
  const port = await listen(server, options.port ?? 0)
  url = `http://127.0.0.1:${port}`
  const close = async () => {
    closing.abort()
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    const opened = [openMetadata, openSsh].map(async ({made}) => (await made?.catch(() => undefined))?.close())
    await Promise.all([closed, ...opened])
  }
  if (options.metadata?.bindings?.length || options.metadata?.caFile !== undefined) {
    await openMetadata().catch(async error => {
      await close()
      throw error
    })
  }
  return {
    url,
    apiKey: sandboxApiKey,
    get account() {
      return fleet.account
    },
    get accounts() {
      return accounts.all().map(({id, name, state, hasAuditor}) => ({id, name, state, hasAuditor}))
    },
    environment: environmentOf(url),
    faults,
    fleet: access,
    fleetOf: account => bedOf(account).access,
    crToken: () => issueCrToken(accounts, clock()),
    ...(problem !== undefined && {stateProblem: problem}),
    metadataAddress: async instance => (await openMetadata()).address(instance),
    reset,
    seed,
    close,
  }
}

function environmentOf(url: string) {
  return {
    IBMCLOUD_API_KEY: sandboxApiKey,
    VPC_APIKEY: sandboxApiKey,
    VPC_AUTH_TYPE: 'iam',
    VPC_AUTH_URL: url,
    VPC_URL: `${url}/v1`,
    GLOBAL_SEARCH_URL: `${url}/search`,
    GLOBAL_TAGGING_URL: `${url}/tagging`,
    ENTERPRISE_MANAGEMENT_URL: `${url}/enterprise/v1`,
    IAM_IDENTITY_URL: url,
  }
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${port} of 127.0.0.1 is in use (EADDRINUSE). Choose another, or 0 for a free one.`)
  }
  return (server.address() as AddressInfo).port
}
