import type {ShowActivity} from '../activity.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {exitCodes, usageError, type VpcmdError} from '../errors.ts'
import {withCloudWords} from '../quote-command.ts'
import {withoutSecrets} from '../secrets.ts'
import {messageLines} from '../terminal/message.ts'
import type {ProgressLine} from '../terminal/progress.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {colorsFor, errorLabel, yellow} from '../terminal/style.ts'
import {type Symbols, symbolsFor} from '../terminal/symbols.ts'
import {plain} from '../terminal/text.ts'
import {WrittenRows} from '../terminal/written-rows.ts'
import type {NamesSeen} from './completion/known-names.ts'
import {variableAgainstInput} from './environment.ts'
import type {Host} from './host.ts'
import {PagedOutput} from './paged-output.ts'
import {startProgressLine} from './progress-line.ts'

/** One run of a command: its host, and how it speaks to whoever started it. What commands share takes it as an argument. */
export class Context {
  readonly host: Host
  /** Of vpcmd, as the journal keeps it. */
  readonly version: string
  /** What is listed is remembered there for completion, once a cloud is open; undefined where nothing is kept. */
  names: NamesSeen | undefined
  /** What is drawn on the terminal while nothing else is printed. */
  #line: ProgressLine | undefined
  #endBar = () => {}
  readonly #output: PagedOutput
  readonly #written: WrittenRows
  readonly #atEnd: (() => Promise<void>)[] = []
  /** Whether the cloud that is meant is the sandbox within vpcmd. */
  isSandbox = false
  /** Whether the user wants no questions. */
  noInput = false
  /** The flags that say which cloud is meant, as words: what is suggested goes there, too. */
  cloudWords: readonly string[] = []
  /** The names of the accounts that are worked in, by ID, once they were listed. */
  readonly accountNames = new Map<string, string>()

  constructor(host: Host, version: string) {
    this.host = host
    this.version = version
    this.#written = new WrittenRows(host.stderr)
    this.#output = new PagedOutput(host, closed => void this.#line?.during(() => closed))
  }

  get env(): NodeJS.ProcessEnv {
    return this.host.env
  }

  set exitCode(code: number) {
    this.host.exitCode = code
  }

  /** Writes data to stdout; `isPaged` is whether a pager may come in between. */
  print(text: string | Uint8Array, isPaged = true): void {
    this.#beforeData()
    this.#output.print(text, isPaged)
  }

  /** Writes data to stdout and waits until it is taken, so that a slow reader slows down what is read for it. */
  printed(part: string | Uint8Array): Promise<void> {
    this.#beforeData()
    return this.#output.printed(part)
  }

  /** Writes a message to stderr, after a label where there is one; on a terminal it is wrapped. */
  note(text: string, {label = '', style = (line: string) => line, isWrapped = true} = {}): void {
    this.#line?.hush()
    const {stderr, secrets} = this.host
    const whole = `${label}${withoutSecrets(plain(this.pointed(text)), secrets)}`
    const lines = isWrapped ? messageLines(whole, stderr) : [whole]
    this.#written.add(lines)
    this.#output.afterwards(() => stderr.write(lines.map(line => `${style(line)}\n`).join('')))
  }

  /** The text, where the commands that it suggests go to the cloud that is meant. */
  pointed(text: string): string {
    return this.cloudWords.length === 0 ? text : withCloudWords(text, this.cloudWords)
  }

  warning(text: string): void {
    this.#written.keep()
    this.note(text, {label: `${this.colorsNotes ? yellow('Warning:') : 'Warning:'} `})
  }

  /** Reports an error in one line, where vpcmd goes on all the same. */
  error({inOneLine}: VpcmdError): void {
    this.#written.keep()
    this.note(inOneLine, {label: `${errorLabel(this.colorsNotes)} `})
  }

  /** Whether what goes to stderr is coloured. */
  get colorsNotes(): boolean {
    return colorsFor(this.host.stderr, this.env)
  }

  /** What the terminal's locale can show beside letters. */
  get symbols(): Symbols {
    return symbolsFor(this.env, this.host.platform)
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
    if (why !== undefined) return why === '--no-input' ? '--no-input is given' : `${why} is set`
    const {stdin, stderr} = this.host
    return stderr.isTTY && !stdin.isTTY ? 'stdin is no terminal' : 'there is no terminal'
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
    const prompter = this.whyMute === undefined ? await this.host.prompter() : undefined
    return (
      prompter &&
      whileUndisturbed(prompter, async ask => {
        await this.settle()
        const answer = await this.undisturbed(ask)
        this.#written.add(prompter.rowsLeft ?? 0)
        return answer
      })
    )
  }

  /** Asks for a yes, unless `yes` is given already. Throws a usage error, exit 2, where nobody can answer. */
  async confirm(message: string, yes: boolean): Promise<boolean> {
    if (yes) return true
    const prompter = await this.prompter()
    if (!prompter) {
      const why = `Can't ask for a confirmation, as ${this.whyNobody}: ${message}`
      throw usageError(`${why} Nothing was sent.`, 'Pass --yes to confirm.')
    }
    return prompter.confirm({message})
  }

  /** Ends a command whose question was answered with no: what a script does next is not to go on as if it were done. */
  declined(): void {
    this.note('Nothing was sent.')
    this.exitCode = exitCodes.failed
  }

  /** Gives how to erase the notes and answers that are written from now on, unless data or a warning is among them. */
  mark(): () => void {
    const erase = this.#written.mark()
    return () => {
      this.#line?.hush()
      erase()
    }
  }

  /** Begins to say on stderr what is going on whenever nothing else is printed, until `endProgress`. */
  watch(): void {
    this.#line = startProgressLine(this.host)
  }

  /** Shows what is under way until the function that is returned is called. */
  readonly show: ShowActivity = (now, rank) => this.#line?.show(now, rank) ?? (() => {})

  /** Says for so long whom vpcmd waits for. */
  showWait(text: string, ms: number): void {
    this.#line?.waitFor(text, ms)
  }

  /** Shows no progress while someone else has the terminal. */
  undisturbed<T>(busy: () => Promise<T>): Promise<T> {
    return this.#line ? this.#line.during(busy) : busy()
  }

  /** Shows a progress bar in place of the one before. */
  beginProgress(verb: string): {update(state: ProgressState): void} {
    this.#endBar()
    let state: ProgressState | undefined
    this.#endBar = this.show(() =>
      state && state.total > 1 ? {verb, facts: state.details, share: state} : {verb, facts: state?.details ?? []},
    )
    return {
      update(newer) {
        state = newer
      },
    }
  }

  endProgress(): void {
    this.#line?.hush()
    this.#endBar()
  }

  /** Nothing more is shown of what goes on: vpcmd ends, or another program takes the terminal over. */
  endWatch(): void {
    this.#line?.end()
    this.#line = undefined
  }

  /** Whoever reads stdout, such as a pager, may have the terminal from its first data on. */
  #beforeData(): void {
    this.#written.keep()
    if (this.host.stdout.isTTY) this.#line?.hush()
    else if (this.host.stderr.isTTY) this.endWatch()
  }

  /** Has something closed when the command is over, whatever comes of it. */
  atEnd(close: () => Promise<void>): void {
    this.#atEnd.push(close)
  }

  /** Waits until what was printed is read, where it goes through a pager. */
  settle(): Promise<void> {
    return this.#output.settle()
  }

  /** Closes what was opened. */
  async end(): Promise<void> {
    this.endWatch()
    await this.settle()
    for (const close of this.#atEnd.splice(0)) await close()
  }
}

/** How far something is that is done many times. */
interface ProgressState {
  total: number
  done: number
  /** What else to tell, such as `12 failed`. */
  details: string[]
}

/** The same questions, each asked within `during`. */
function whileUndisturbed(prompter: Prompter, during: <T>(ask: () => Promise<T>) => Promise<T>): Prompter {
  return new Proxy(prompter, {
    get(target, name) {
      const ask: unknown = Reflect.get(target, name)
      return typeof ask === 'function' ? (...args: unknown[]) => during(async () => ask.apply(target, args)) : ask
    },
  })
}
