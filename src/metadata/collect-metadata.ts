import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {asVpcmdError, exitCodes, VpcmdError} from '../errors.ts'
import {refusalIn, shortened} from '../imds/answers.ts'
import {fieldAt} from '../imds/fields.ts'
import {metadataScript} from '../imds/script.ts'
import type {FoundInstance} from '../instances/find-instance.ts'
import {targetName} from '../instances/references.ts'
import {initializationPath} from '../instances/user-data.ts'
import {isRecord, objectIn} from '../json-object.ts'
import {mostLevels} from '../safe-json.ts'
import {checkRunning, findReach, noFloatingIp, type ReachWishes, unknownUser} from '../ssh/reach.ts'
import {captureSsh} from '../ssh/run-ssh.ts'
import {findSandboxSsh} from '../ssh/sandbox-ssh.ts'
import {sshArguments} from '../ssh/ssh-arguments.ts'
import {explainFailure, sshFailed} from '../ssh/ssh-failures.ts'
import {sshOverrides} from '../ssh/ssh-overrides.ts'

export interface CollectOptions {
  wishes: ReachWishes
  /** Paths of the metadata API, at least one. */
  paths: string[]
  /** Where the service is on the instances; without it the script tries what is known. */
  endpoint?: string
  /** Whether ssh may ask for something on the terminal. */
  mayAsk: boolean
  /** How long one instance may take, in milliseconds. */
  timeoutMs: number
  env: NodeJS.ProcessEnv
  /** Called as each of them is settled. */
  onDone?(): void
  now(): number
}

/** What an instance's metadata service said: a member for each path, under the path's name. */
export type MetadataDocument = Record<string, unknown>

/** An instance with what was collected there, or why it was not. */
export type Collection = {found: FoundInstance; collectedAt: string} & (
  | {document: MetadataDocument; error?: undefined}
  | {error: VpcmdError; document?: undefined}
)

/** How many instances are logged in to at the same time. */
const atOnce = 16

/** The most that may come back from one instance for each path, in bytes: the script stops there as well. */
const longestAnswer = 4 * 1024 * 1024

/** The most that a login shell may print before that, in bytes. */
const longestGreeting = 64 * 1024

/** The path whose answer tells which instance it is. */
const identifyingPath = 'instance'

/** An instance with by whom and where it is reached, and how where it is one of a sandbox. */
export type Reached<Found extends FoundInstance = FoundInstance> = Found & Awaited<ReturnType<typeof reach>>

/** Finds out how instances are reached, side by side, before anything is done to them. Those that can't be come as the reason, in `errors`. */
export async function reachInstances<Found extends FoundInstance>(
  cloud: Cloud,
  found: Found[],
  {wishes, env}: Pick<CollectOptions, 'wishes' | 'env'>,
): Promise<{reached: Reached<Found>[]; errors: VpcmdError[]}> {
  const settled = await pLimit(atOnce).map(found, each =>
    reach(cloud, each, wishes, env).then(way => ({...each, ...way}), asVpcmdError),
  )
  return {
    reached: settled.flatMap(each => (each instanceof VpcmdError ? [] : [each])),
    errors: settled.filter(each => each instanceof VpcmdError),
  }
}

async function reach(cloud: Cloud, {instance, region}: FoundInstance, wishes: ReachWishes, env: NodeJS.ProcessEnv) {
  checkRunning(instance)
  const {login, address} = await findReach(cloud.api(region), instance, wishes)
  if (!login) throw unknownUser(instance)
  if (login.protocol !== 'ssh') {
    throw new VpcmdError({
      code: 'no_ssh',
      message: `${targetName(instance)} runs Windows, which vpcmd does not log in to.`,
      hint: 'Run this there: vpcmd imds script --shell powershell prints a script for it.',
    })
  }
  if (address === undefined) throw noFloatingIp(instance)
  return {user: login.user, address, sandbox: await findSandboxSsh(region.url, instance, env)}
}

/**
 * Logs in to instances side by side and reads their metadata service there, with a script and nothing installed. Each is
 * settled on its own, and they come in the order given.
 */
export function collectMetadata(found: Reached[], options: CollectOptions): Promise<Collection[]> {
  return pLimit(atOnce).map(found, async each => {
    const result = await collectFrom(each, options).catch(asVpcmdError)
    options.onDone?.()
    const about = {found: each, collectedAt: new Date(options.now()).toISOString()}
    return result instanceof VpcmdError ? {...about, error: result} : {...about, document: result}
  })
}

async function collectFrom(
  {instance, user, address, sandbox}: Reached,
  options: CollectOptions,
): Promise<MetadataDocument> {
  const {wishes, endpoint, env} = options
  // Whose answers these are is always asked.
  const paths = [...new Set([identifyingPath, ...options.paths])]
  const connectSeconds = retryPolicy.collect.connectMs / 1000
  const quiet = ['-T', '-o', `BatchMode=${options.mayAsk ? 'no' : 'yes'}`, '-o', `ConnectTimeout=${connectSeconds}`]
  const more = [...quiet, 'sh -s']
  const way = {...wishes, user, address, ...sandbox}
  const overrides = sandbox ? [] : await sshOverrides(sshArguments({...way, more: []}), more, env)
  const call = [...overrides, ...sshArguments({...way, more})]
  const {code, said, stdout} = await captureSsh(call, {
    env,
    input: metadataScript({shell: 'sh', paths, endpoint, protocol: instance.settings.protocol}),
    limit: longestGreeting + paths.length * longestAnswer,
    signal: AbortSignal.timeout(options.timeoutMs),
  }).catch((thrown: unknown) => {
    const error = asVpcmdError(thrown)
    throw error.reworded({message: `${targetName(instance)}: ${error.message}`})
  })
  if (code !== 0) {
    const known = code === sshFailed ? explainFailure(said, {instance, ...way}) : undefined
    throw known ?? failedThere(instance, code, said)
  }
  const document = documentIn(stdout.toString('utf8'), paths)
  const id = document && fieldAt(document[identifyingPath], 'id')
  if (!document || typeof id !== 'string') {
    throw new VpcmdError({
      code: 'unreadable_metadata',
      message: `${targetName(instance)}: what came back is not the JSON of a metadata service.`,
      hint: `To look at it: vpcmd connect ${instance.id}`,
    })
  }
  if (id !== instance.id) {
    throw new VpcmdError({
      code: 'other_instance',
      message: `${address} answered as ${shortened(id)}, and not as ${targetName(instance)}: nothing was saved.`,
      hint: 'Check which instance has that address, and what your ssh configuration does with it.',
    })
  }
  return Object.fromEntries(options.paths.map(path => [path, document[path]]))
}

/** The JSON that the script printed, with what was asked for and nothing else; what a login shell may have printed before it is passed over. */
function documentIn(text: string, paths: string[]): MetadataDocument | undefined {
  const start = text.indexOf(`{${JSON.stringify(paths[0])}:`)
  const document = start < 0 ? undefined : objectIn(text.slice(start))
  const members = paths.map(path => [path, document?.[path]] as const)
  return members.every(([, answer]) => isRecord(answer)) ? Object.fromEntries(members) : undefined
}

/** The user data among what was collected: null where the instance has none, undefined where its path was not asked for. */
export function userDataOf(document: MetadataDocument): string | null | undefined {
  if (!(initializationPath in document)) return undefined
  const userData = fieldAt(document[initializationPath], 'user_data')
  return typeof userData === 'string' ? userData : null
}

/** What stands in the place of a secret. */
const mask = '(masked; --show-secrets shows it)'

/** The same without the secrets that it is known to hold: passwords, and license keys (ibm-cloud-docs/vpc, instance_metadata_vpc_metadata_summary.md); null where it is nested too deep. */
export function masked(value: unknown, isLicense = false, levels = mostLevels): unknown {
  if (levels === 0) return null
  if (Array.isArray(value)) return value.map(each => masked(each, isLicense, levels - 1))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === 'password' || (isLicense && name === 'key')
        ? mask
        : masked(each, isLicense || name === 'licensed_software', levels - 1),
    ]),
  )
}

function failedThere(instance: FoundInstance['instance'], code: number, said: string): VpcmdError {
  const last = (said.trim().split('\n').at(-1) ?? '').replace(/^Error: /, '')
  // The script prints what the metadata API refuses with as it came.
  const [, what = '', body = ''] = /^(.*?: status \d+): (\{.*)$/.exec(last) ?? []
  const refused = refusalIn(objectIn(body))
  const why = refused?.message ? `${what}: ${refused.message}` : last
  return new VpcmdError({
    code: refused?.code ?? (code === sshFailed ? 'ssh_failed' : 'collect_failed'),
    message: `${targetName(instance)}: ${shortened(why) || `ssh ended with ${code}, and said nothing`}`,
    trace: refused?.trace && shortened(refused.trace),
    // As `imds get` ends there.
    ...(/: status 404$/.test(what) && {exitCode: exitCodes.notFound}),
  })
}
