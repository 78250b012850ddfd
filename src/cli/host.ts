import {setTimeout as sleep} from 'node:timers/promises'
import {knownSecrets} from '../secrets.ts'
import {type EndingSignal, interruptedCode, onEnding} from '../signals.ts'
import type {Prompter} from '../terminal/prompts.ts'

export interface OutputStream {
  isTTY?: boolean
  columns?: number
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown
}

/** What a command has of the process that it runs in. A test hands in its own, and patches nothing. */
export interface Host {
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  stdin: {isTTY?: boolean}
  stdout: OutputStream
  stderr: OutputStream
  /** What the process is to end with. */
  exitCode?: number | string | null
  /** Texts that must never be printed. */
  secrets: Set<string>
  /** Milliseconds since the epoch. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Someone to ask, or undefined where nobody can answer: without a terminal on stdin and stderr. */
  prompter(): Promise<Prompter | undefined>
  /** Lets `handler` decide what a signal does, in place of whoever decided before, until the function that is returned is called. */
  onEnding(handler: (signal: EndingSignal) => void): () => void
  /** The exit code of what was interrupted. */
  interruptedCode(): number
  exit(code: number): never
}

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
  secrets: knownSecrets,
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) => sleep(ms, undefined, {signal}),
  prompter: async () => {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
    const {createPrompter} = await import('../terminal/prompts.ts')
    return createPrompter({input: process.stdin, output: process.stderr}, process.env)
  },
  onEnding,
  interruptedCode,
  exit: code => process.exit(code),
}
