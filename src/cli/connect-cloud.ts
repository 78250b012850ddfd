import {rm} from 'node:fs/promises'
import {dirname, join, resolve} from 'node:path'
import type {Cloud} from '../cloud/cloud.ts'
import type {FoundCredentials, ProfileCredentials} from '../cloud/credentials.ts'
import type {Endpoints} from '../cloud/endpoints.ts'
import type {AccountsAsked} from '../cloud/open-cloud.ts'
import type {Place} from '../cloud/regions.ts'
import {VpcmdError} from '../errors.ts'
import {openFileLimit} from '../files/open-file-limit.ts'
import {folderTrouble, hashedName} from '../files/private-file.ts'
import {cacheFolder, configFile, homeFolder} from '../files/user-folders.ts'
import {NamesSeen, namesFile} from './completion/known-names.ts'
import type {Context} from './context.ts'
import {namesSandbox} from './environment.ts'
import type {AccountFlags, CloudFlags} from './flags/cloud.ts'
import {settledPreferences, usedProfile} from './preferences.ts'
import {sandboxFolder} from './state-folder.ts'

/** Who vpcmd is to which cloud. */
export interface Access {
  credentials: FoundCredentials
  endpoints: Endpoints
  cacheFolder: string | undefined
}

/** Finds who vpcmd is, by the flags and the environment, and starts the sandbox where that is meant. Throws VpcmdError: exit 3 without credentials. */
export function findAccess(context: Context, flags: CloudFlags): Promise<Access> {
  return usesSandbox(context, flags) ? sandboxAccess(context, flags) : realAccess(context, flags)
}

/**
 * Opens the cloud that the flags and the environment name, in the accounts `fixed` in place of those that they name. Throws
 * VpcmdError: exit 3 without credentials.
 */
export async function connectCloud(
  context: Context,
  flags: CloudFlags,
  found?: Access,
  fixed?: AccountsAsked,
): Promise<Cloud> {
  const {now, random, sleep, secrets} = context.host
  const [{openCloud, describePause, pauseTeller}, access] = await Promise.all([
    import('./cloud-modules.ts'),
    found ?? findAccess(context, flags),
  ])
  const tellPause = pauseTeller(text => context.note(text), now)
  for (const secret of access.credentials.secrets) secrets.add(secret)
  const preferred = await preferredRegions(context, flags)
  const named = fixed ? {} : await accountFlags(context, flags)
  const accounts = fixed ?? (await accountsNamed(context, named))
  rememberNames(context, usesSandbox(context, flags), access.credentials, named)
  const cloud = await openCloud({
    ...access,
    accounts,
    env: context.env,
    regions: flags.region ?? preferred?.value ?? [],
    regionsAskedBy: preferred?.source,
    allowsHttp: flags['allow-http'] ?? false,
    concurrency: flags.concurrency,
    mostConnections: connectionLimit(usesSandbox(context, flags) ? 2 : 1, accounts?.profile !== undefined),
    pacing: {
      timeoutMs: flags.timeout * 1000,
      sleep,
      now,
      random,
      onPause: pause => {
        context.showWait(describePause(pause), pause.ms)
        tellPause(pause)
      },
    },
    show: context.show,
    log: flags.debug ? {note: text => context.note(`debug: ${text}`)} : undefined,
  })
  return preferred ? tellingRegions(context, cloud, preferred.source) : cloud
}

/** The regions to work in where no flag names them: those of the profile, or of the config file. The environment is openCloud's own. */
async function preferredRegions(
  context: Context,
  flags: CloudFlags,
): Promise<{value: string[]; source: string} | undefined> {
  if (flags.region) return undefined
  const used = await usedProfile(context, flags)
  if (used?.profile.regions) return {value: used.profile.regions, source: `profile ${used.name}`}
  const {regions} = settledPreferences(context)
  return regions?.from === 'file' ? regions : undefined
}

/** Where to work, by the flags, or by the profile where no flag says it. */
export async function accountFlags(context: Context, flags: CloudFlags): Promise<AccountFlags> {
  const used = await usedProfile(context, flags)
  const {account, assume, enterprise, account_group: group} = used?.profile ?? {}
  // Which of all accounts are meant goes with these.
  const narrowed = flags.account ? {} : {enterprise, 'account-group': group}
  return {
    account: flags.account ?? account,
    assume: flags.assume ?? assume,
    enterprise: flags.enterprise ?? narrowed.enterprise,
    'account-group': flags['account-group'] ?? narrowed['account-group'],
  }
}

/** The accounts that the flags name; what reads them is loaded only where there are any. */
async function accountsNamed(context: Context, flags: AccountFlags): Promise<AccountsAsked | undefined> {
  if (Object.values(flags).every(each => each === undefined)) return undefined
  return (await import('./accounts-asked.ts')).accountsAsked(context, flags)
}

/** Who signs in, and how to get the cloud of the accounts that something was made in, whatever flags and profiles say. */
export interface SignedIn {
  base: Cloud
  of(made: {assumes?: string | undefined}, places: readonly Place[]): Promise<Cloud>
}

/** Signs in for what a run or a plan fixes. */
export async function signIn(context: Context, flags: CloudFlags): Promise<SignedIn> {
  const access = await findAccess(context, flags)
  const base = await connectCloud(context, flags, access, {})
  return {
    base,
    async of({assumes}, places) {
      if (assumes === undefined) return base
      const {parseProfileRef} = await import('../cloud/assume.ts')
      const ids = [...new Set(places.flatMap(place => place.account ?? []))]
      const list = async () => ({accounts: ids.map(id => ({id})), inactive: []})
      return connectCloud(context, flags, access, {profile: parseProfileRef(assumes), ...(ids.length > 0 && {list})})
    },
  }
}

/** Reminds the user that the config file names the regions: what is listed, judged or changed is not all that there is. */
function tellingRegions(context: Context, cloud: Cloud, file: string): Cloud {
  let isTold = cloud.askedRegions.length === 0
  return {
    ...cloud,
    regions() {
      if (!isTold) context.note(`Only in ${cloud.askedRegions.join(', ')}, as ${file} says. For all: --region all`)
      isTold = true
      return cloud.regions()
    },
  }
}

/** Has what is listed kept for completion when the command is over. */
function rememberNames(
  context: Context,
  isSandbox: boolean,
  {secrets, cacheKey = secrets}: FoundCredentials,
  named: AccountFlags,
): void {
  const folder = usableCache(context, false)
  if (!folder) return
  // Other accounts have other names.
  const where = named.assume === undefined ? [] : [JSON.stringify(named)]
  const owner = isSandbox ? 'sandbox' : hashedName(...cacheKey, ...where)
  const names = new NamesSeen(namesFile(folder, isSandbox), owner)
  context.names = names
  context.atEnd(() => names.keep())
}

/** Forgets what completion knows of the sandbox. */
export async function forgetNames(context: Context): Promise<void> {
  const folder = usableCache(context, false)
  if (folder) await rm(namesFile(folder, true), {force: true}).catch(() => undefined)
}

/** Whether the flags or the environment name the sandbox. */
export function usesSandbox({env}: Context, {sandbox}: Pick<CloudFlags, 'sandbox'>): boolean {
  return sandbox ?? namesSandbox(env)
}

async function realAccess(context: Context, flags: CloudFlags): Promise<Access> {
  const [{findCredentials, findEndpoints, hasSettings, withCredentialsFile}, used] = await Promise.all([
    import('./cloud-modules.ts'),
    usedProfile(context, flags),
  ])
  const warn = (text: string) => context.warning(text)
  const settings = await withCredentialsFile(context.host, warn)
  let endpoints = findEndpoints(settings, flags.private ?? false)
  const credentials = await findCredentials({
    settings,
    settingsFrom: hasSettings(context.env) ? 'the environment' : 'ibm-credentials.env',
    iamUrl: endpoints.iamUrl,
    apiKeyFile: flags['api-key-file'],
    host: context.host,
    profile: used?.profile.credentials && {
      name: used.name,
      credentials: withFullPath(used.profile.credentials, context.env),
    },
    warn,
  })
  if (credentials.login?.isPrivate) endpoints = findEndpoints(settings, true)
  return {credentials, endpoints, cacheFolder: usableCache(context, flags.debug ?? false)}
}

/**
 * A file of the home folder may be written as shells take it. Another one is beside the config file that names it, and not
 * in the current folder: whoever made that must not choose the account.
 */
function withFullPath(credentials: ProfileCredentials, env: NodeJS.ProcessEnv): ProfileCredentials {
  if (credentials.kind !== 'key_file') return credentials
  const {file} = credentials
  const home = homeFolder(env)
  if (file.startsWith('~/') && home !== undefined) return {...credentials, file: join(home, file.slice(2))}
  return {...credentials, file: resolve(dirname(configFile(env) ?? '/'), file)}
}

/** The folder of the cache; undefined where none is wanted, or others could put a token or a region of theirs there. */
function usableCache(context: Context, isDebug: boolean): string | undefined {
  if (context.env.VPCMD_NO_TOKEN_CACHE) return undefined
  const folder = cacheFolder(context.env)
  const trouble = folder && folderTrouble(folder)
  if (!trouble) return folder
  if (isDebug) context.note(`debug: the cache is not used: ${trouble.why}; ${trouble.advice}`)
  return undefined
}

async function sandboxAccess(context: Context, {sandbox: isAsked}: CloudFlags): Promise<Access> {
  const [{startSandbox}, {findEndpoints, fromKey}] = await Promise.all([
    import('../sandbox/index.ts'),
    import('./cloud-modules.ts'),
  ])
  const sandbox = await startSandbox({stateFolder: sandboxFolder(context.env), vpcmd: context.host.ownCommand}).catch(
    (error: Error) => {
      throw new VpcmdError({code: 'sandbox_failed', message: error.message})
    },
  )
  context.atEnd(() => sandbox.close())
  context.isSandbox = true
  context.note('Using the sandbox, a simulated IBM Cloud on this machine.')
  if (sandbox.stateProblem) context.warning(sandbox.stateProblem)
  // The sandbox has another address each time: a token that is kept would never be used again.
  return {
    credentials: {
      ...fromKey(sandbox.apiKey, 'The key of the sandbox', sandbox.environment.VPC_AUTH_URL),
      source: {name: 'the sandbox', why: `${isAsked ? '--sandbox is given' : 'VPCMD_SANDBOX is set'}`},
    },
    endpoints: findEndpoints(sandbox.environment, false),
    cacheFolder: undefined,
  }
}

/** So many open files are more than any command takes: 64 connections to each of a dozen regions. */
const plenty = 1024

/** So many connections serve any number of accounts: each more takes a handshake, and memory. */
const mostForAccounts = 256

/** What Node itself, modules and journals take. */
const others = 48

/**
 * How many connections there may be where the process may open few files: a request that finds no room would fail, so it
 * waits. `perConnection` is how many files one takes, which is 2 where the server is in this process. Undefined for no limit.
 */
function connectionLimit(perConnection: 1 | 2, isForAccounts: boolean): number | undefined {
  const limit = openFileLimit(plenty)
  const most = isForAccounts ? mostForAccounts : Number.POSITIVE_INFINITY
  const room = limit >= plenty ? most : Math.max(1, Math.floor((limit - others) / perConnection))
  return Number.isFinite(room) ? Math.min(room, most) : undefined
}
