import {asVpcmdError, VpcmdError} from '../errors.ts'
import {captureSsh} from './run-ssh.ts'

/** What follows the destination, as ssh reads it. */
interface Typed {
  /** The letters of options, such as `N`. */
  letters: Set<string>
  /** The names that -o sets, in small letters. */
  settings: Set<string>
  /** The file that -F names. */
  configFile: string | undefined
  hasCommand: boolean
}

/** Options of ssh that take an argument (ssh(1), SYNOPSIS). */
const takingArguments = 'bceBDEFIiJLlmOoPpQRSWw'

function readTyped(more: readonly string[]): Typed {
  const typed: Typed = {letters: new Set(), settings: new Set(), configFile: undefined, hasCommand: false}
  for (let at = 0; at < more.length; at++) {
    const word = more[at] ?? ''
    if (word === '--' || !/^-./.test(word)) {
      typed.hasCommand = word !== '--' || at + 1 < more.length
      break
    }
    for (let place = 1; place < word.length; place++) {
      const letter = word.charAt(place)
      typed.letters.add(letter)
      if (!takingArguments.includes(letter)) continue
      const value = word.slice(place + 1) || (more[++at] ?? '')
      if (letter === 'o') typed.settings.add((/^\s*(\w+)/.exec(value)?.[1] ?? '').toLowerCase())
      if (letter === 'F') typed.configFile = value
      break
    }
  }
  return typed
}

interface Override {
  /** The setting, as ssh -G prints it. */
  setting: string
  /** Whether what the user's configuration says keeps a shell or a command from working. */
  isHarmful(value: string, typed: Typed): boolean
  /** The setting that helps. */
  instead: string
  /** Letters of options by which the user has said what is wanted. */
  letters: string
}

/** What a configuration can say that is meant for other uses of ssh (ssh_config(5)). */
const overrides: readonly Override[] = [
  // ssh refuses a command beside this one; a shell may well be replaced by what the user wants in its place.
  {
    setting: 'RemoteCommand',
    isHarmful: (value, {hasCommand}) => hasCommand && value !== 'none',
    instead: 'none',
    letters: '',
  },
  // A connection that is kept for an address may lead to another machine that had it, in another VPC or behind another host
  // to jump over, and ssh compares no host key then.
  {setting: 'ControlPath', isHarmful: value => value !== 'none', instead: 'none', letters: 'S'},
  {setting: 'SessionType', isHarmful: value => value !== 'default', instead: 'default', letters: 'NsW'},
  {setting: 'StdinNull', isHarmful: value => value === 'yes' || value === 'true', instead: 'no', letters: 'nf'},
  // A terminal changes what a command prints, and a shell without one has no prompt.
  {
    setting: 'RequestTTY',
    isHarmful: (value, {hasCommand}) => (hasCommand ? value === 'force' : value === 'no' || value === 'false'),
    instead: 'auto',
    letters: 'tT',
  },
]

const probeMs = 5000

/**
 * The options that take back what the user's configuration of ssh says for `destination` and what would keep a shell, or
 * the command in `more`, from working. Only what is really set is taken back, as an older ssh knows not all of it. Empty
 * where ssh does not tell: then it will say itself what is wrong.
 */
export async function sshOverrides(
  destination: readonly string[],
  more: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const typed = readTyped(more)
  const file = typed.configFile === undefined ? [] : ['-F', typed.configFile]
  const asked = await askConfig([...file, ...destination], env)
  // ssh -G refuses to fork without a command, where the configuration says so, before it tells anything.
  const lines = asked ?? (await askConfig([...file, ...noFork, ...destination], env)) ?? []
  const isForking = !asked && lines.length > 0 && !typed.letters.has('f')
  const others = takenBack(lines, typed)
  return isForking ? [...noFork, ...others] : others
}

const noFork = ['-o', 'ForkAfterAuthentication=no']

/** What `ssh -G` prints, by line; undefined where it fails. */
async function askConfig(args: string[], env: NodeJS.ProcessEnv): Promise<string[] | undefined> {
  const options = {env, input: '', limit: 1024 * 1024, signal: AbortSignal.timeout(probeMs)}
  const probe = await captureSsh(['-G', ...args], options).catch(asVpcmdError)
  return probe instanceof VpcmdError || probe.code !== 0 ? undefined : probe.stdout.toString('utf8').split('\n')
}

function takenBack(lines: string[], typed: Typed): string[] {
  return overrides.flatMap(({setting, isHarmful, instead, letters}) => {
    const name = setting.toLowerCase()
    const value = lines.find(line => line.startsWith(`${name} `))?.slice(name.length + 1)
    const isTyped = typed.settings.has(name) || [...letters].some(letter => typed.letters.has(letter))
    return value !== undefined && !isTyped && isHarmful(value.trim(), typed) ? ['-o', `${setting}=${instead}`] : []
  })
}
