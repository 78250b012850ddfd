import {parseArgs} from 'node:util'
import type {MetadataService} from '../imds/metadata-service.ts'
import {knownSecrets} from '../secrets.ts'
import {interruptedCode} from '../signals.ts'
import type {ProgressLine} from '../terminal/progress.ts'
import type {Host} from './host.ts'
import {
  type ImdsFlags,
  iamTokenPrintout,
  openService,
  type Printout,
  pathArgument,
  pathPrintout,
  profileArgument,
  serviceOptions,
  timeoutBounds,
  tokenPrintout,
  userDataPrintout,
} from './imds-verbs.ts'

interface Given extends ImdsFlags {
  json?: boolean
  'trusted-profile'?: string
}

type QuickHost = Pick<Host, 'stdin' | 'stdout' | 'stderr' | 'env' | 'exitCode' | 'platform'> &
  Partial<Pick<Host, 'startedAt'>>

type Open = () => Promise<MetadataService>

const verbs: Record<string, (open: Open, given: Given, args: string[]) => Promise<Printout>> = {
  token: async open => tokenPrintout(await open()),
  get: async (open, _given, [path]) => {
    const checked = pathArgument(path)
    return pathPrintout(open(), checked)
  },
  'user-data': async open => userDataPrintout(await open()),
  'iam-token': async (open, given) => {
    const profile = profileArgument(given['trusted-profile'])
    return iamTokenPrintout(await open(), profile)
  },
}

const options = {
  endpoint: {type: 'string'},
  'ca-file': {type: 'string'},
  timeout: {type: 'string'},
  'trusted-profile': {type: 'string'},
  json: {type: 'boolean'},
} as const

/**
 * Runs the verbs of `vpcmd imds` that boot scripts wait for, without the framework, which would take most of the time.
 * Resolves to false, with nothing done, where only the framework can tell what the arguments mean. Prints errors and sets
 * the exit code as every command does. `host` is the process itself: a whole host takes longer to load.
 */
export async function runQuickly([topic, name = '', ...rest]: string[], host: QuickHost): Promise<boolean> {
  const verb = topic === 'imds' && Object.hasOwn(verbs, name) ? verbs[name] : undefined
  const parsed = verb && parseSimply(name, rest)
  if (!verb || !parsed) return false
  const {given, args} = parsed
  const endWatch = watchLater(host)
  try {
    const {text, json} = await verb(
      async () => openService(await serviceOptions(given, host), knownSecrets, host.env),
      given,
      args,
    )
    const {toJson} = given.json ? await import('../terminal/formats.ts') : {toJson: undefined}
    await endWatch()
    host.stdout.write(toJson ? toJson(json) : text)
  } catch (error) {
    await endWatch()
    const {reportError} = await import('./report-error.ts')
    const options = {json: given.json === true, debug: false, secrets: knownSecrets}
    const {stdout, stderr, env} = host
    host.exitCode = await reportError(error, options, {stdout, stderr, env, interruptedCode})
  }
  return true
}

/** The arguments, where there is only one way to read them; undefined otherwise. */
function parseSimply(name: string, rest: string[]): {given: Given; args: string[]} | undefined {
  try {
    const {values, positionals, tokens} = parseArgs({
      args: rest,
      options,
      allowPositionals: name === 'get',
      tokens: true,
    })
    const names = tokens.flatMap(token => (token.kind === 'option' ? [token.name] : []))
    if (new Set(names).size < names.length) return undefined
    if (rest.includes('--') || positionals.length !== (name === 'get' ? 1 : 0)) return undefined
    if (values['trusted-profile'] !== undefined && name !== 'iam-token') return undefined
    const {timeout: seconds, ...others} = values
    if (seconds === undefined) return {given: others, args: positionals}
    const timeout = /^[1-9]\d*$/.test(seconds) ? Number(seconds) : Number.NaN
    const isInBounds = timeout >= timeoutBounds.min && timeout <= timeoutBounds.max
    return isInBounds ? {given: {...others, timeout}, args: positionals} : undefined
  } catch {
    return undefined
  }
}

/** An answer comes sooner, so that what shows a person that there is none yet is seldom loaded. */
const laterMs = 120

/** Says on stderr, while nothing comes, whom vpcmd waits for, until the function that is returned is called. */
function watchLater(host: QuickHost): () => Promise<void> {
  let line: Promise<ProgressLine> | undefined
  const timer = setTimeout(() => {
    line = import('./progress-line.ts').then(({startProgressLine}) => {
      // As in processHost: Node began before its clock.
      const {stderr, env, platform, startedAt = -50} = host
      const started = startProgressLine({stderr, env, platform, startedAt})
      started.show(() => ({verb: 'Waiting for the metadata service', facts: []}))
      return started
    })
  }, laterMs)
  return async () => {
    clearTimeout(timer)
    ;(await line)?.end()
  }
}
