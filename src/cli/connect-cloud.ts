import type {Cloud} from '../cloud/cloud.ts'
import type {Credentials} from '../cloud/credentials.ts'
import type {Endpoints} from '../cloud/endpoints.ts'
import {VpcmdError} from '../errors.ts'
import {folderTrouble} from '../files/private-file.ts'
import {cacheFolder} from '../files/user-folders.ts'
import {connectionLimit} from './connection-limit.ts'
import type {Context} from './context.ts'
import type {CloudSettings} from './flags/cloud.ts'
import {sandboxFolder} from './state-folder.ts'

interface Access {
  credentials: Credentials
  endpoints: Endpoints
  cacheFolder: string | undefined
}

/** Opens the cloud that the settings and the environment tell of. Throws VpcmdError: exit 3 without credentials. */
export async function connectCloud(context: Context, settings: CloudSettings): Promise<Cloud> {
  const {now, random, sleep, secrets} = context.host
  const [{openCloud}, {pauseTeller}, access] = await Promise.all([
    import('../cloud/cloud.ts'),
    import('../cloud/pauses.ts'),
    settings.isSandbox ? sandboxAccess(context) : realAccess(context, settings),
  ])
  for (const secret of access.credentials.secrets) secrets.add(secret)
  const {regions, allowsHttp, concurrency, timeoutMs, isDebug} = settings
  return openCloud({
    ...access,
    env: context.env,
    regions,
    allowsHttp,
    concurrency,
    mostConnections: connectionLimit(settings.isSandbox ? 2 : 1),
    pacing: {timeoutMs, sleep, now, random, onPause: pauseTeller(text => context.note(text), now)},
    log: isDebug ? {note: text => context.note(`debug: ${text}`)} : undefined,
  })
}

async function realAccess(context: Context, {isPrivate, apiKeyFile, isDebug}: CloudSettings): Promise<Access> {
  const [{findCredentials, withCredentialsFile}, {findEndpoints}] = await Promise.all([
    import('../cloud/credentials.ts'),
    import('../cloud/endpoints.ts'),
  ])
  const warn = (text: string) => context.warning(text)
  const settings = await withCredentialsFile(context.env, warn)
  const endpoints = findEndpoints(settings, isPrivate)
  const credentials = await findCredentials({settings, iamUrl: endpoints.iamUrl, apiKeyFile, warn})
  return {credentials, endpoints, cacheFolder: usableCache(context, isDebug)}
}

/** The folder of the cache; undefined where none is wanted, or others could put a token or a region of theirs there. */
function usableCache(context: Context, isDebug: boolean): string | undefined {
  if (context.env.VPCMD_NO_TOKEN_CACHE) return undefined
  const folder = cacheFolder(context.env)
  const trouble = folder && folderTrouble(folder)
  if (!trouble) return folder
  if (isDebug) context.note(`debug: nothing is kept for the next command: ${trouble.why}; ${trouble.advice}`)
  return undefined
}

async function sandboxAccess(context: Context): Promise<Access> {
  const [{startSandbox}, {fromKey}] = await Promise.all([
    import('../sandbox/index.ts'),
    import('../cloud/credentials.ts'),
  ])
  const sandbox = await startSandbox({stateFolder: sandboxFolder(context.env)}).catch((error: Error) => {
    throw new VpcmdError({code: 'sandbox_failed', message: error.message})
  })
  context.atEnd(() => sandbox.close())
  context.note('This is the sandbox, a simulated IBM Cloud on this machine.')
  if (sandbox.stateProblem) context.warning(sandbox.stateProblem)
  const {VPC_URL: vpcUrl, VPC_AUTH_URL: iamUrl} = sandbox.environment
  // The sandbox has another address each time: a token that is kept would never be used again.
  return {
    credentials: fromKey(sandbox.apiKey, 'The key of the sandbox', iamUrl),
    endpoints: {vpcUrl, iamUrl, isPrivate: false},
    cacheFolder: undefined,
  }
}
