import {Flags} from '@oclif/core'
import type {Cloud} from '../cloud/cloud.ts'
import type {Credentials} from '../cloud/credentials.ts'
import type {Endpoints} from '../cloud/endpoints.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {folderTrouble} from '../files/own-folder.ts'
import {cacheFolder} from '../files/user-folders.ts'
import type {FoundInstance} from '../instances/find-instance.ts'
import type {RegionFailure} from '../instances/list-instances.ts'
import {settingsLabel} from '../metadata/settings.ts'
import type {Choice, Prompter} from '../terminal/prompts.ts'
import {BaseCommand, type OutputFlags} from './base-command.ts'
import {limitConnections} from './limit-connections.ts'
import {runsFolder, sandboxFolder} from './state-folder.ts'

export interface CloudFlags extends OutputFlags {
  region?: string[]
  private?: boolean
  'allow-http'?: boolean
  sandbox?: boolean
  'api-key-file'?: string
  timeout: number
  concurrency?: number
}

/** A command that talks to IBM Cloud, or to the sandbox in its place. */
export abstract class CloudCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    region: Flags.string({
      char: 'r',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
      summary: 'A region, or several with commas. Otherwise IBMCLOUD_REGION or IC_REGION, else all regions.',
      helpGroup: 'IBM CLOUD',
    }),
    private: Flags.boolean({summary: 'Use the private endpoints.', helpGroup: 'IBM CLOUD'}),
    'allow-http': Flags.boolean({
      summary: 'Send keys and tokens over plain http to another machine, where its URL says so.',
      helpGroup: 'IBM CLOUD',
    }),
    'api-key-file': Flags.string({
      helpValue: 'FILE',
      summary:
        'A file with the API key; - is stdin. Otherwise IBMCLOUD_API_KEY, IC_API_KEY, or the VPC_* settings of IBM’s SDK.',
      helpGroup: 'IBM CLOUD',
    }),
    timeout: Flags.integer({
      min: 1,
      max: 3600,
      default: 30,
      helpValue: 'SECONDS',
      summary: 'How long one request may take.',
      helpGroup: 'IBM CLOUD',
    }),
    sandbox: Flags.boolean({
      env: 'VPCMD_SANDBOX',
      summary: 'Work on the built-in simulated IBM Cloud, which needs no account.',
      helpGroup: 'IBM CLOUD',
    }),
  }

  /** Opens IBM Cloud as the flags and the environment say. Throws VpcmdError: exit 3 without credentials. */
  protected async cloud(flags: CloudFlags): Promise<Cloud> {
    limitConnections(flags.sandbox ? 2 : 1)
    const [{openCloud}, {pauseTeller}, access] = await Promise.all([
      import('../cloud/cloud.ts'),
      import('../cloud/pauses.ts'),
      flags.sandbox ? this.sandboxAccess() : this.realAccess(flags),
    ])
    for (const secret of access.credentials.secrets) this.secrets.add(secret)
    return openCloud({
      ...access,
      env: this.context.env,
      regions: flags.region ?? [],
      allowsHttp: flags['allow-http'],
      concurrency: flags.concurrency,
      pacing: {
        timeoutMs: flags.timeout * 1000,
        sleep: this.context.host.sleep,
        now: this.context.host.now,
        random: this.context.host.random,
        onPause: pauseTeller(text => this.note(text), this.context.host.now),
      },
      log: flags.debug ? {note: text => this.note(`debug: ${text}`)} : undefined,
    })
  }

  private async realAccess(flags: CloudFlags): Promise<Access> {
    const [{findCredentials, withCredentialsFile}, {findEndpoints}] = await Promise.all([
      import('../cloud/credentials.ts'),
      import('../cloud/endpoints.ts'),
    ])
    const warn = (text: string) => this.warning(text)
    const settings = await withCredentialsFile(this.context.env, warn)
    const endpoints = findEndpoints(settings, flags.private ?? false)
    const credentials = await findCredentials({
      settings,
      iamUrl: endpoints.iamUrl,
      apiKeyFile: flags['api-key-file'],
      warn,
    })
    return {credentials, endpoints, cacheFolder: this.usableCache(flags)}
  }

  /** The folder of the cache; undefined where none is wanted, or others could put a token or a region of theirs there. */
  private usableCache({debug}: CloudFlags): string | undefined {
    if (this.context.env.VPCMD_NO_TOKEN_CACHE) return undefined
    const folder = cacheFolder(this.context.env)
    const trouble = folder && folderTrouble(folder)
    if (!trouble) return folder
    if (debug) this.note(`debug: nothing is kept for the next command: ${trouble.why}; ${trouble.advice}`)
    return undefined
  }

  private async sandboxAccess(): Promise<Access> {
    const [{startSandbox}, {fromKey}] = await Promise.all([
      import('../sandbox/index.ts'),
      import('../cloud/credentials.ts'),
    ])
    const sandbox = await startSandbox({stateFolder: sandboxFolder(this.context.env)}).catch((error: Error) => {
      throw new VpcmdError({code: 'sandbox_failed', message: error.message})
    })
    this.context.atEnd(() => sandbox.close())
    this.note('This is the sandbox, a simulated IBM Cloud on this machine.')
    if (sandbox.stateProblem) this.warning(sandbox.stateProblem)
    const {VPC_URL: vpcUrl, VPC_AUTH_URL: iamUrl} = sandbox.environment
    // The sandbox has another address each time: a token that is kept would never be used again.
    return {
      credentials: fromKey(sandbox.apiKey, 'The key of the sandbox', iamUrl),
      endpoints: {vpcUrl, iamUrl, isPrivate: false},
      cacheFolder: undefined,
    }
  }

  /**
   * Awaits something that costs money and must not be left half done: what comes of it is told before an interruption
   * ends vpcmd. `told` says what was made.
   */
  protected async unbroken<T>(make: (ending: AbortSignal) => Promise<T>, told: (made: T) => string): Promise<T> {
    const interruption = new AbortController()
    const dispose = this.listenForInterruption(interruption)
    try {
      const made = await make(interruption.signal)
      this.note(told(made))
      if (interruption.signal.aborted) throw interrupted()
      return made
    } finally {
      dispose()
    }
  }

  /** On Ctrl-C nothing new is sent, and what is under way is awaited and recorded; the second one ends it at once. */
  protected listenForInterruption(interruption: AbortController): () => void {
    const dispose = this.context.host.onEnding(() => {
      interruption.abort()
      dispose()
      this.note('Interrupted: waiting for what is under way. Once more ends it at once.')
    })
    // A prompt can be what is interrupted: the next signal is the second one then, too.
    interruption.signal.addEventListener('abort', dispose, {once: true})
    return dispose
  }

  /**
   * Since when instances of the account await a stop and start, by ID, as far as vpcmd's journals know, with a warning for
   * each that can't be read or is damaged; undefined where none can. Nothing is asked of the cloud where there are none.
   */
  protected async restartsAwaited(cloud: Cloud): Promise<ReadonlyMap<string, string> | undefined> {
    const [{describeDamage}, {readRestartsAwaited}] = await Promise.all([
      import('../metadata/runs.ts'),
      import('../metadata/run-folder.ts'),
    ])
    const notKnown = 'Which instances await a restart is not known'
    try {
      const folder = runsFolder(this.context.env)
      const accountOf = async () => (await cloud.caller()).account
      return await readRestartsAwaited(folder, accountOf, problem => {
        const what =
          problem instanceof VpcmdError ? problem.message : `Run ${problem.header.id}: ${describeDamage(problem)}.`
        this.warning(`${notKnown} for certain. ${what}`)
      })
    } catch (error) {
      if (!(error instanceof VpcmdError)) throw error
      // A token that tells no account has no journal; what else is wrong with it, the instances themselves will tell.
      if (['journal_unreadable', 'state_not_private'].includes(error.code)) {
        this.warning(`${notKnown}: ${error.inOneLine}`)
      }
      return undefined
    }
  }

  /** Lets the user pick one instance. Throws a usage error, exit 2, where nobody can. */
  protected async pickOne(message: string, read: ReadChoices): Promise<FoundInstance> {
    const {prompter, choices} = await this.choices(read)
    return prompter.pick({message, choices, multiple: false})
  }

  /** Lets the user pick several instances, as if their IDs had been typed. Throws as pickOne does. */
  protected async pickMany(message: string, read: ReadChoices): Promise<(FoundInstance & {asked: string})[]> {
    const {prompter, choices} = await this.choices(read)
    const picked = await prompter.pick({message, choices, multiple: true})
    return picked.map(found => ({...found, asked: found.instance.id}))
  }

  private async choices(read: ReadChoices): Promise<{prompter: Prompter; choices: Choice<FoundInstance>[]}> {
    const prompter = await this.prompter()
    if (!prompter) {
      throw usageError(
        'No <instance> was given, and there is no terminal to pick one on.',
        'Pass an ID, a name or a CRN; vpcmd instances list shows them.',
      )
    }
    const {found, failures, isRead} = await read()
    this.reportRegions(failures, isRead)
    if (found.length === 0) {
      throw new VpcmdError({
        code: 'no_instances',
        message: 'There are no instances to pick from.',
        exitCode: exitCodes.notFound,
      })
    }
    const zoneWidth = Math.max(...found.map(({instance}) => (instance.zone ?? '-').length))
    const choices = found.map(each => ({
      value: each,
      name: each.instance.name ?? each.instance.id,
      description: describeChoice(each, zoneWidth),
    }))
    return {prompter, choices}
  }

  /**
   * Tells on stderr why single instances failed, and sets the exit code: the errors' own where all of `count` failed in
   * the same way, else 1.
   */
  protected reportFailures(errors: VpcmdError[], count: number): void {
    const [first] = errors
    if (!first) return
    for (const {inOneLine} of errors) this.note(`Error: ${inOneLine}`)
    const isOneReason = errors.length === count && errors.every(({exitCode}) => exitCode === first.exitCode)
    this.context.exitCode = isOneReason ? first.exitCode : exitCodes.failed
  }

  /**
   * Tells on stderr which regions could not be read, and makes the exit code 1. Where no region could be read at all,
   * throws the first error in their place.
   */
  protected reportRegions(failures: RegionFailure[], isRead: boolean): void {
    const [first] = failures
    if (!first) return
    if (!isRead) throw withOthers(first, failures)
    for (const {error} of failures) this.warning(error.inOneLine)
    this.context.exitCode = exitCodes.failed
  }
}

type ReadChoices = () => Promise<{found: FoundInstance[]; failures: RegionFailure[]; isRead: boolean}>

function describeChoice({instance}: FoundInstance, zoneWidth: number): string {
  const {zone = '-', status = '-', settings} = instance
  // The longest status that is known today is `restarting`.
  return `${zone.padEnd(zoneWidth)}  ${status.padEnd(10)}  ${settingsLabel(settings)}`
}

/** The error of the first region that failed, with the names of the others. */
function withOthers({region, error}: RegionFailure, failures: RegionFailure[]): VpcmdError {
  const others = [...new Set(failures.map(each => each.region))].filter(each => each !== region)
  if (others.length === 0) return error
  const {code, hint, trace, status, exitCode} = error
  const message = `${error.message} Nor could ${others.join(', ')} be read.`
  return new VpcmdError({code, message, hint, trace, status, exitCode})
}

function interrupted(): VpcmdError {
  return new VpcmdError({
    code: 'interrupted',
    message: 'Interrupted: nothing further was done.',
    exitCode: exitCodes.interrupted,
  })
}

interface Access {
  credentials: Credentials
  endpoints: Endpoints
  cacheFolder: string | undefined
}
