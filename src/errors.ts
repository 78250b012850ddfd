import {processWide} from './process-wide.ts'

/** Exit codes, the same for text and JSON output. `--help` lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  notFound: 4,
  notCompliant: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export interface ErrorDetails {
  /** One machine-readable word, IBM's own where IBM gave one (`not_authorized`). */
  code: string
  /** What happened, to which instance, and why. One line. */
  message: string
  /** What to do next. One line. */
  hint?: string
  /** IBM's trace of the request, which its support asks for. */
  trace?: string
  /** The HTTP status, where IBM Cloud refused. */
  status?: number
  /** Whether it is certain that nothing was acted on: there was no token, or no connection. */
  isUnsent?: boolean
  /** Whether IBM Cloud asked to wait, and then to ask again. */
  asksToWait?: boolean
  exitCode?: ExitCode
}

class OwnError extends Error {
  readonly code: string
  readonly hint: string | undefined
  readonly trace: string | undefined
  readonly status: number | undefined
  readonly isUnsent: boolean
  readonly asksToWait: boolean
  readonly exitCode: ExitCode

  constructor(details: ErrorDetails) {
    super(details.message)
    this.name = 'VpcmdError'
    this.code = details.code
    this.hint = details.hint
    this.trace = details.trace
    this.status = details.status
    this.isUnsent = details.isUnsent ?? false
    this.asksToWait = details.asksToWait ?? false
    this.exitCode = details.exitCode ?? exitCodes.failed
  }

  /** The same error, told with other words. Its stack still says where it came up. */
  reworded(words: {message?: string; hint?: string}): VpcmdError {
    const error = new VpcmdError({...this, message: this.message, ...words})
    return Object.defineProperty(error, 'stack', {get: () => this.stack})
  }

  /** The message, and IBM's trace of the request where there is one. */
  get messageWithTrace(): string {
    return this.trace ? `${this.message} (trace: ${this.trace})` : this.message
  }

  /** All that there is to tell of it in one line: message, trace, and what to do next. */
  get inOneLine(): string {
    return this.hint ? `${this.messageWithTrace} ${this.hint}` : this.messageWithTrace
  }

  /** The error as `--json` prints it. */
  toJSON(): {code: string; message: string; hint?: string; trace?: string} {
    return {code: this.code, message: this.message, hint: this.hint, trace: this.trace}
  }
}

/** The one error that vpcmd throws on purpose. No request and no response ever hangs on it, so that none is printed. */
export const VpcmdError = processWide('VpcmdError', () => OwnError)
export type VpcmdError = OwnError

/** A wrong or missing argument, or a question that nobody could answer: exit 2, nothing was sent. */
export function usageError(message: string, hint?: string): VpcmdError {
  return new VpcmdError({code: 'usage', message, hint, exitCode: exitCodes.usage})
}

/** For a catch that takes what vpcmd throws on purpose as a value; anything else is thrown on. */
export function asVpcmdError(error: unknown): VpcmdError {
  if (error instanceof VpcmdError) return error
  throw error
}
