import {setTimeout as sleep} from 'node:timers/promises'
import type {InputHost} from '../files/read-input.ts'
import {knownSecrets} from '../secrets.ts'
import {type EndingSignal, interruptedCode, onEnding} from '../signals.ts'
import {openPager, type Pager} from '../terminal/pager.ts'
import type {Prompter} from '../terminal/prompts.ts'

export interface OutputStream {
  isTTY?: boolean
  columns?: number
  rows?: number
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
  /** How many bytes wait to be taken. */
  writableLength?: number
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown
}

/** What a command has of the process that it runs in. A test hands in its own, and patches nothing. */
export interface Host {
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  stdin: {isTTY?: boolean} & InputHost['stdin']
  stdout: OutputStream
  stderr: OutputStream
  /** What the process is to end with. */
  exitCode?: number | string | null
  /** The words that start this vpcmd, where it is no part of another program. */
  ownCommand?: readonly string[]
  /** Texts that must never be printed. */
  secrets: Set<string>
  /** When vpcmd started, by the clock of `performance`. */
  startedAt: number
  /** Milliseconds since the epoch. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Someone to ask, or undefined where nobody can answer: without a terminal on stdin and stderr. */
  prompter(): Promise<Prompter | undefined>
  /** Starts a pager; undefined where there is none to start. */
  openPager?(command: string, env: NodeJS.ProcessEnv): Pager
  /** Lets `handler` decide what a signal does, in place of whoever decided before, until the function that is returned is called. */
  onEnding(handler: (signal: EndingSignal) => void): () => void
  /** The exit code of what was interrupted. */
  interruptedCode(): number
  exit(code: number): never
}

const [, script = process.execPath] = process.argv

/** The process itself. */
export const processHost: Host = {
  env: process.env,
  platform: process.platform,
  get stdin() {
    return process.stdin
  },
  get stdout() {
    return process.stdout
  },
  get stderr() {
    return process.stderr
  },
  get exitCode() {
    return process.exitCode
  },
  set exitCode(code) {
    process.exitCode = code
  },
  // Of a single file, both are the executable (Node.js documentation, single executable applications).
  ownCommand: [...new Set([process.execPath, script])],
  secrets: knownSecrets,
  // Whoever waits has waited for Node, too, before its clock began.
  startedAt: -50,
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) => sleep(ms, undefined, {signal}),
  prompter: async () => {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
    const {createPrompter} = await import('../terminal/prompts.ts')
    return createPrompter({input: process.stdin, output: process.stderr}, process.env)
  },
  openPager,
  onEnding,
  interruptedCode,
  exit: code => process.exit(code),
}

/** Ends the process, with the exit code that is set, once all that was written is taken. */
export async function endProcess(): Promise<never> {
  const written = (stream: NodeJS.WriteStream) => new Promise<void>(resolve => stream.write('', () => resolve()))
  await Promise.all([process.stdout, process.stderr].map(written))
  process.exit()
}
