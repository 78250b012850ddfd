import type {Instance} from '../cloud/readers/instance.ts'
import {usageError, type VpcmdError} from '../errors.ts'
import {withoutSecrets} from '../secrets.ts'
import {createProgressBar, type ProgressBar} from '../terminal/progress.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {colorsFor, errorLabel, yellow} from '../terminal/style.ts'
import {plain} from '../terminal/text.ts'
import type {NamesSeen} from './completion/known-names.ts'
import {variableAgainstInput} from './environment.ts'
import type {Host} from './host.ts'

/** Thrown where a reader has closed the pipe that stdout is: what goes on being printed is for nobody. No error to the user. */
export class ReaderGone extends Error {}

/** One run of a command: its host, and how it speaks to whoever started it. What commands share takes it as an argument. */
export class Context {
  readonly host: Host
  /** Of vpcmd, as the journal keeps it. */
  readonly version: string
  /** What is listed is remembered there for completion, once a cloud is open; undefined where nothing is kept. */
  names: NamesSeen | undefined
  /** What is drawn on the terminal while something long is under way. */
  #bar: ProgressBar | undefined
  readonly #atEnd: (() => Promise<void>)[] = []
  /** Whether the user wants no questions. */
  noInput = false

  constructor(host: Host, version: string) {
    this.host = host
    this.version = version
  }

  get env(): NodeJS.ProcessEnv {
    return this.host.env
  }

  set exitCode(code: number) {
    this.host.exitCode = code
  }

  /** Writes data to stdout. */
  print(text: string | Uint8Array): void {
    this.host.stdout.write(text)
  }

  /** Writes data to stdout and waits until it is taken, so that a slow reader slows down what is read for it. */
  printed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.host.stdout.write(text, error => (error ? reject(new ReaderGone()) : resolve()))
    })
  }

  /** Writes a line to stderr, after a label where there is one. */
  note(text: string, label = ''): void {
    this.#bar?.clear()
    this.host.stderr.write(`${label}${withoutSecrets(plain(text), this.host.secrets)}\n`)
  }

  warning(text: string): void {
    this.note(text, `${this.colorsNotes ? yellow('Warning:') : 'Warning:'} `)
  }

  /** Reports an error in one line, where vpcmd goes on all the same. */
  error({inOneLine}: VpcmdError): void {
    this.note(inOneLine, `${errorLabel(this.colorsNotes)} `)
  }

  /** Whether what goes to stderr is coloured. */
  get colorsNotes(): boolean {
    return colorsFor(this.host.stderr, this.env)
  }

  /** How wide stdout is, in columns (undefined where it is no terminal), and whether to colour it. */
  canvas(): {width: number | undefined; color: boolean} {
    const {stdout} = this.host
    return {width: stdout.isTTY ? stdout.columns || 80 : undefined, color: colorsFor(stdout, this.env)}
  }

  /** Why nothing may be asked, although there may be a terminal: `--no-input`, VPCMD_NO_INPUT or CI; undefined where it may. */
  get whyMute(): string | undefined {
    if (this.noInput) return '--no-input'
    return variableAgainstInput(this.env)
  }

  /** Why nobody answers, for an error: `there is no terminal`, or `CI is set`. */
  get whyNobody(): string {
    const why = this.whyMute
    return why === undefined ? 'there is no terminal' : why === '--no-input' ? '--no-input is given' : `${why} is set`
  }

  /** Remembers for completion what was listed; `isWhole`: all that there is in these regions. */
  rememberNames(listed: readonly {instance: Instance; region: string}[], isWhole = false): void {
    if (!this.names) return
    this.names.isWhole = isWhole
    for (const {instance, region} of listed) this.names.add(instance, region)
  }

  /** Remembers for completion whose runs are meant. */
  rememberAccount(account: string): void {
    if (this.names) this.names.account = account
  }

  /** Someone to ask, or undefined where nobody can answer. */
  async prompter(): Promise<Prompter | undefined> {
    return this.whyMute === undefined ? this.host.prompter() : undefined
  }

  /** Asks for a yes, unless `yes` is given already. Throws a usage error, exit 2, where nobody can answer. */
  async confirm(message: string, yes: boolean): Promise<boolean> {
    if (yes) return true
    const prompter = await this.prompter()
    if (!prompter) {
      throw usageError(`${message} Can't ask, as ${this.whyNobody}: nothing was sent.`, 'Pass --yes to confirm.')
    }
    return prompter.confirm({message})
  }

  /** Begins a progress bar on stderr, which makes room for notes until `endProgress`. */
  beginProgress(verb: string): ProgressBar {
    this.#bar = createProgressBar({
      stream: this.host.stderr,
      isDumb: this.env.TERM === 'dumb',
      verb,
      now: this.host.now,
    })
    return this.#bar
  }

  clearProgress(): void {
    this.#bar?.clear()
  }

  endProgress(): void {
    this.#bar?.clear()
    this.#bar = undefined
  }

  /** Has something closed when the command is over, whatever comes of it. */
  atEnd(close: () => Promise<void>): void {
    this.#atEnd.push(close)
  }

  /** Closes what was opened. */
  async end(): Promise<void> {
    for (const close of this.#atEnd.splice(0)) await close()
  }
}
