import {exitCodes, VpcmdError} from '../errors.ts'
import {withoutSecrets} from '../secrets.ts'
import {messageLines} from '../terminal/message.ts'
import {colorsFor, errorLabel} from '../terminal/style.ts'
import {plain, plainLines} from '../terminal/text.ts'
import {unexpectedError} from '../unexpected-error.ts'
import type {Host} from './host.ts'

export interface ReportOptions {
  /** True where the user asked for JSON: the error goes to stdout as JSON. */
  json: boolean
  /** True where it goes there as JSON lines: then in one line. */
  jsonl?: boolean
  debug: boolean
  /** Texts that must never be printed, such as the API key in use. */
  secrets: Iterable<string>
}

/**
 * Prints whatever was thrown as one error, as text to stderr or as JSON to stdout, and returns the exit code, which is
 * the same for both. A stack is printed only with --debug; a secret never, nor a character that acts on a terminal.
 */
export async function reportError(
  thrown: unknown,
  options: ReportOptions,
  {stdout, stderr, env, interruptedCode}: Pick<Host, 'stdout' | 'stderr' | 'env' | 'interruptedCode'>,
): Promise<number> {
  const error = thrown instanceof VpcmdError ? thrown : unexpectedError('', thrown)
  // First what hides within a secret, then the secret.
  const clean = (text: string) => withoutSecrets(plain(text), options.secrets)
  if (options.json) {
    const {toJson, toJsonLines} = await import('../terminal/formats.ts')
    // JSON escapes what acts on a terminal, and keeps it: it can't be left out unless it hides a secret.
    const safe = (value: string | undefined) => (value && clean(value) !== plain(value) ? clean(value) : value)
    const fields = Object.entries(error.toJSON()).map(([name, value]) => [name, safe(value)])
    const whole = {error: Object.fromEntries(fields)}
    stdout.write(options.jsonl ? toJsonLines([whole]) : toJson(whole))
  } else {
    // Who leaves made no error.
    const label = error.code === 'interrupted' ? '' : `${errorLabel(colorsFor(stderr, env))} `
    for (const text of [`${label}${clean(error.messageWithTrace)}`, ...(error.hint ? [clean(error.hint)] : [])]) {
      stderr.write(`${messageLines(text, stderr).join('\n')}\n`)
    }
  }
  if (options.debug) {
    for (const stack of stacksOf(thrown)) {
      stderr.write(`${withoutSecrets(plainLines(stack), options.secrets)}\n`)
    }
  }
  return error.exitCode === exitCodes.interrupted ? interruptedCode() : error.exitCode
}

/** How errors are to be reported, by the arguments as typed: parsing them may be what failed. */
export function reportAsked(argv: readonly string[], secrets: Iterable<string>): ReportOptions & {jsonl: boolean} {
  const words = argv.map((arg, index) => (/^(-o|--output)$/.test(arg) ? `${arg}=${argv[index + 1]}` : arg))
  const jsonl = words.some(word => /^(--output=|-o=?)jsonl$/.test(word))
  const json = jsonl || words.some(word => /^(--json|--output=json|-o=?json)$/.test(word))
  return {json, jsonl, debug: argv.includes('--debug'), secrets}
}

const deepestCause = 10

/** The stack of an error and those of its causes. */
function stacksOf(thrown: unknown): string[] {
  const stacks: string[] = []
  for (let error = thrown; error instanceof Error && stacks.length < deepestCause; error = error.cause) {
    stacks.push(`${stacks.length > 0 ? 'Caused by: ' : ''}${error.stack ?? error.message}`)
  }
  return stacks
}
