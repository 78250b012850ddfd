import {join} from 'node:path'
import {PassThrough, Readable, Writable} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core'
import type {BaseCommand} from '../../src/cli/base-command.ts'
import type {Host, OutputStream} from '../../src/cli/host.ts'
import {quickAnswer} from '../../src/cli/quick-imds.ts'
import {reportAsked, reportError} from '../../src/cli/report-error.ts'
import {commandTyped} from '../../src/cli/typed-command.ts'
import type {EndingSignal} from '../../src/signals.ts'
import {createPrompter} from '../../src/terminal/prompts.ts'
import type {Streams} from '../../src/terminal/suspendable.ts'
import {createScreen, type Pty} from './pty.ts'
import {freshEnvironment, type RunResult} from './run-vpcmd.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = Config.load({root, userPlugins: false, devPlugins: false})

type BaseConstructor = new (...args: ConstructorParameters<typeof BaseCommand>) => BaseCommand

interface CommandModule {
  default: BaseConstructor & Pick<typeof BaseCommand, 'runOn'> & {id: string}
}

export interface InProcessOptions {
  env?: Record<string, string>
  stdin?: string | Buffer
  /** The signal that comes as soon as the command waits for one. */
  signal?: EndingSignal
  /** What else of the host is to be another. */
  host?: Partial<Host>
}

/** Runs vpcmd out of the sources in this process: what comes of it is as runVpcmd gives it. */
export async function runInProcess(
  args: string[],
  {env = freshEnvironment(), stdin = '', signal, host: others}: InProcessOptions = {},
): Promise<RunResult> {
  const stdout = new Collector()
  const stderr = new Collector()
  const host: Host = {
    ...testHost(env),
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr,
    onEnding(handler) {
      if (signal !== undefined) setImmediate(handler, signal)
      return () => undefined
    },
    ...others,
  }
  await run(args, host)
  return {code: Number(host.exitCode), stdout: stdout.text, stderr: stderr.text}
}

/** Runs vpcmd in this process, on a terminal of its own. */
export function startInProcess(
  args: string[],
  {env, ...size}: {env: Record<string, string>; cols?: number; rows?: number},
): Pty {
  return startOnTerminal(async streams => {
    const host: Host = {
      ...testHost(env),
      stdin: streams.input,
      stdout: streams.output,
      stderr: streams.output,
      prompter: async () => createPrompter(streams, env),
    }
    await run(args, host)
    return Number(host.exitCode)
  }, size)
}

/**
 * A terminal in this process: an emulator as startPty's, without a driver of the system, which would make signals of
 * keys. It ends with what `program` resolves to; `kill` ends the input.
 */
export function startOnTerminal(
  program: (streams: Streams) => Promise<number>,
  {cols = 100, rows = 30}: {cols?: number; rows?: number} = {},
): Pty {
  const input = Object.assign(new PassThrough(), {isTTY: true, setRawMode: () => input})
  const screen = createScreen({cols, rows, reply: data => input.write(data), convertEol: true})
  const output = new TerminalOutput(screen.draw, cols, rows)
  const streams = {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
  }
  return {
    ...screen.untilExit(
      program(streams).then(exitCode => ({exitCode})),
      text => input.write(text),
    ),
    kill: () => {
      input.end()
    },
    resize(newCols, newRows) {
      screen.resize(newCols, newRows)
      Object.assign(output, {columns: newCols, rows: newRows})
      output.emit('resize')
    },
  }
}

/** As main.ts and run-vpcmd.ts do. */
async function run(args: string[], host: Host): Promise<void> {
  try {
    const answer = await quickAnswer(args, host, host.secrets)
    if (answer !== undefined) return void host.stdout.write(answer)
    const command = await commandTyped(await config, args, host)
    if (!command) return
    const [Run, rest] = await findCommand(command)
    await Run.runOn(rest, await config, host)
  } catch (error) {
    host.exitCode = await reportError(error, reportAsked(args, host.secrets), host)
  }
}

async function findCommand(args: string[]): Promise<[Run: CommandModule['default'], rest: string[]]> {
  const {commandIDs} = await config
  for (const count of [2, 1]) {
    const words = args.slice(0, count)
    if (!commandIDs.includes(words.join(':'))) continue
    const {default: Run} = (await import(join(root, 'src', 'commands', `${words.join('/')}.ts`))) as CommandModule
    // As oclif does where it finds a command.
    Run.id = words.join(':')
    return [Run, args.slice(count)]
  }
  throw new Error(`There is no command ${args.join(' ')}.`)
}

/** Nobody waits for a pause between two tries, or two looks at a server, in full. */
const longestPauseMs = 20

function testHost(env: Record<string, string>): Omit<Host, 'stdin' | 'stdout' | 'stderr'> {
  return {
    env,
    platform: process.platform,
    exitCode: 0,
    secrets: new Set(),
    startedAt: performance.now(),
    now: Date.now,
    random: Math.random,
    sleep: (ms, ending) => sleep(Math.min(ms, longestPauseMs), undefined, {signal: ending}),
    prompter: async () => undefined,
    onEnding: () => () => undefined,
    interruptedCode: () => 130,
    exit(code) {
      throw new Error(`It ended with ${code}.`)
    },
  }
}

class Collector implements OutputStream {
  text = ''

  write(text: string | Uint8Array, done?: () => void): void {
    this.text += typeof text === 'string' ? text : Buffer.from(text).toString('utf8')
    done?.()
  }
}

class TerminalOutput extends Writable {
  readonly isTTY = true
  columns: number
  rows: number
  readonly #draw: (text: string) => void

  constructor(draw: (text: string) => void, columns: number, rows: number) {
    super({decodeStrings: false})
    this.#draw = draw
    this.columns = columns
    this.rows = rows
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#draw(chunk.toString())
    done()
  }
}
