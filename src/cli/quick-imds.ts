import type {MetadataService} from '../imds/metadata-service.ts'
import {hearSignals} from '../signals.ts'
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

type QuickHost = Pick<Host, 'stdin' | 'stderr' | 'env' | 'platform'> & Partial<Pick<Host, 'startedAt'>>

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

const textFlags = ['endpoint', 'ca-file', 'timeout', 'trusted-profile']

/**
 * What the verbs of `vpcmd imds` that boot scripts wait for print, without the framework, which would take most of the
 * time. Resolves to undefined, with nothing done, where only the framework can tell what the arguments mean; rejects with
 * what every command reports. Adds the token to `secrets`. `host` is the process itself: a whole host takes longer to load.
 */
export async function quickAnswer(
  [topic, name = '', ...rest]: string[],
  host: QuickHost,
  secrets: Set<string>,
): Promise<string | Buffer | undefined> {
  const verb = topic === 'imds' && Object.hasOwn(verbs, name) ? verbs[name] : undefined
  const parsed = verb && parseSimply(name, rest)
  if (!verb || !parsed) return undefined
  const {given, args} = parsed
  const endWatch = watchLater(host)
  try {
    const open = async () => openService(await serviceOptions(given, host), secrets, host.env)
    const {text, json} = await verb(open, given, args)
    if (!given.json) return text
    const {toJson} = await import('../terminal/formats.ts')
    return toJson(json)
  } finally {
    await endWatch()
  }
}

/** The arguments, where there is only one way to read them; undefined otherwise. Node's own reader takes a millisecond to load. */
function parseSimply(name: string, rest: string[]): {given: Given; args: string[]} | undefined {
  const args: string[] = []
  const texts = new Map<string, string>()
  const words = [...rest]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const equals = word.indexOf('=')
    const flag = equals < 0 ? word.slice(2) : word.slice(2, equals)
    if (!word.startsWith('-')) args.push(word)
    else if (!word.startsWith('--') || texts.has(flag)) return undefined
    else if (word === '--json') texts.set(flag, '')
    else if (!textFlags.includes(flag)) return undefined
    else {
      const value = equals < 0 ? words.shift() : word.slice(equals + 1)
      // What looks like a flag may be one.
      if (value === undefined || (equals < 0 && value.startsWith('-'))) return undefined
      texts.set(flag, value)
    }
  }
  if (args.length !== (name === 'get' ? 1 : 0)) return undefined
  if (texts.has('trusted-profile') && name !== 'iam-token') return undefined
  const {timeout: seconds, json, ...others}: Record<string, string> = Object.fromEntries(texts)
  const given = {...others, json: json !== undefined}
  if (seconds === undefined) return {given, args}
  const timeout = /^[1-9]\d*$/.test(seconds) ? Number(seconds) : Number.NaN
  const isInBounds = timeout >= timeoutBounds.min && timeout <= timeoutBounds.max
  return isInBounds ? {given: {...given, timeout}, args} : undefined
}

/** An answer comes sooner, so that what shows a person that there is none yet is seldom loaded. */
const laterMs = 120

/** Says on stderr, while nothing comes, whom vpcmd waits for, until the function that is returned is called. */
function watchLater(host: QuickHost): () => Promise<void> {
  let line: Promise<ProgressLine> | undefined
  const timer = setTimeout(() => {
    hearSignals()
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
