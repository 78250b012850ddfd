import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core'
import type {BaseCommand} from '../../src/cli/base-command.ts'
import type {Host, OutputStream} from '../../src/cli/host.ts'
import type {EndingSignal} from '../../src/signals.ts'
import {freshEnvironment, type RunResult} from './run-vpcmd.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = Config.load({root, userPlugins: false, devPlugins: false})

type BaseConstructor = new (...args: ConstructorParameters<typeof BaseCommand>) => BaseCommand

interface CommandModule {
  default: BaseConstructor & Pick<typeof BaseCommand, 'runOn'>
}

export interface InProcessOptions {
  env?: Record<string, string>
  /** The signal that comes as soon as the command waits for one. */
  signal?: EndingSignal
  /** What else of the host is to be another. */
  host?: Partial<Host>
}

/** Runs a command of the sources, without its help, in this process, and patches nothing of it: what comes of it is as runVpcmd gives it. */
export async function runInProcess(
  args: string[],
  {env = freshEnvironment(), signal, host: others}: InProcessOptions = {},
): Promise<RunResult> {
  const [words, rest] = await splitAtCommand(args)
  const {default: Run} = (await import(join(root, 'src', 'commands', `${words.join('/')}.ts`))) as CommandModule
  const stdout = new Collector()
  const stderr = new Collector()
  const host: Host = {
    env,
    platform: process.platform,
    stdin: {isTTY: false},
    stdout,
    stderr,
    exitCode: 0,
    secrets: new Set(),
    now: Date.now,
    random: Math.random,
    sleep: (ms, ending) => sleep(ms, undefined, {signal: ending}),
    prompter: async () => undefined,
    onEnding(handler) {
      if (signal !== undefined) setImmediate(handler, signal)
      return () => undefined
    },
    interruptedCode: () => 130,
    exit(code) {
      throw new Error(`It ended with ${code}.`)
    },
    ...others,
  }
  await Run.runOn(rest, await config, host)
  return {code: Number(host.exitCode), stdout: stdout.text, stderr: stderr.text}
}

async function splitAtCommand(args: string[]): Promise<[words: string[], rest: string[]]> {
  const {commandIDs} = await config
  for (const count of [2, 1]) {
    const words = args.slice(0, count)
    if (commandIDs.includes(words.join(':'))) return [words, args.slice(count)]
  }
  throw new Error(`There is no command ${args.join(' ')}.`)
}

class Collector implements OutputStream {
  text = ''

  write(text: string | Uint8Array, done?: () => void): void {
    this.text += typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    done?.()
  }
}
