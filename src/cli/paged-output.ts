import {onExit} from '../signals.ts'
import {isTaller, type Pager, pagerCommand} from '../terminal/pager.ts'
import {variableAgainstInput} from './environment.ts'
import type {Host} from './host.ts'

/** Thrown where a reader has closed the pipe that stdout is: what goes on being printed is for nobody. No error to the user. */
export class ReaderGone extends Error {}

type PagingHost = Pick<Host, 'stdout' | 'env' | 'openPager' | 'onEnding' | 'interruptedCode' | 'exit'>

/** While no more bytes wait to be taken, the next part is made. */
const mostWaiting = 2 ** 20

/** On fewer rows a pager helps nobody. */
const fewestRows = 10

/** Data on stdout: on a terminal, what is taller than it goes through a pager. */
export class PagedOutput {
  readonly #host: PagingHost
  readonly #whileOpen: (closed: Promise<void>) => void
  #pager: Pager | undefined
  /** What came row by row, until it is more than a screen. */
  #held = ''
  #endHold = () => {}
  /** Whether something was printed past the pager, which would not show it. */
  #isPlain = false
  readonly #waiting: (() => void)[] = []
  /** Whether the reader of what is printed has left. */
  #isUnread = false
  #closed = () => {}

  /** `whileOpen` is called when a pager opens; the promise that it gets resolves when the pager has closed. */
  constructor(host: PagingHost, whileOpen: (closed: Promise<void>) => void = () => {}) {
    this.#host = host
    this.#whileOpen = whileOpen
  }

  /** Prints a whole, past any pager where `isPaged` is false. */
  print(text: string | Uint8Array, isPaged = true): void {
    if (this.#pager) void this.#pager.write(text)
    else if (typeof text !== 'string' || !isPaged || !this.#mayPage() || !this.#isTall(text) || !this.#open(text)) {
      this.#flush()
      this.#host.stdout.write(text)
    }
  }

  /**
   * Prints a part of many, and resolves once it is taken, or little enough waits to be. Throws ReaderGone where the reader has
   * left.
   */
  async printed(part: string | Uint8Array): Promise<void> {
    if (this.#pager) return this.#writeToPager(this.#pager, part)
    if (!this.#isPlain && this.#mayPage()) {
      if (this.#held === '') this.#endHold = onExit(() => this.#flush())
      this.#held += typeof part === 'string' ? part : Buffer.from(part).toString('utf8')
      if (!this.#isTall(this.#held)) return
      const held = this.#held
      if (this.#open(held)) return this.#dropHeld()
      return this.#flush()
    }
    const {stdout} = this.#host
    const taken = new Promise<void>(resolve => {
      stdout.write(part, error => {
        this.#isUnread ||= Boolean(error)
        resolve()
      })
    })
    if ((stdout.writableLength ?? Number.POSITIVE_INFINITY) > mostWaiting) await taken
    if (this.#isUnread) throw new ReaderGone()
  }

  /** Writes to stderr, after all data so far: once the pager is gone, if there is one. */
  afterwards(write: () => void): void {
    if (this.#pager) this.#waiting.push(write)
    else {
      this.#flush()
      write()
    }
  }

  /** Waits until the reader has left the pager, and prints what waited for that. */
  async settle(): Promise<void> {
    this.#flush()
    if (this.#pager) await this.#close(this.#pager)
  }

  #mayPage(): boolean {
    const {stdout, openPager, env} = this.#host
    return stdout.isTTY === true && openPager !== undefined && variableAgainstInput(env) === undefined
  }

  #isTall(text: string): boolean {
    const {columns = 80, rows = 24} = this.#host.stdout
    return rows >= fewestRows && isTaller(text, {columns, rows})
  }

  #open(text: string): boolean {
    const {env, openPager, onEnding, interruptedCode, exit} = this.#host
    const command = pagerCommand(env)
    if (command === undefined || !openPager) return false
    this.#pager = openPager(command, env)
    // Ctrl-C is the pager's: it stops a search, or ends the pager.
    const dispose = onEnding(signal => {
      if (signal !== 'SIGINT') exit(interruptedCode())
    })
    this.#whileOpen(
      new Promise(resolve => {
        this.#closed = () => {
          dispose()
          resolve()
        }
      }),
    )
    void this.#pager.write(text)
    return true
  }

  async #writeToPager(pager: Pager, part: string | Uint8Array): Promise<void> {
    if (await pager.write(part)) return
    if (!(await this.#close(pager))) throw new ReaderGone()
  }

  /** Whether the pager has failed, so that all it got was printed in its place. */
  async #close(pager: Pager): Promise<boolean> {
    const rest = await pager.close()
    this.#pager = undefined
    this.#closed()
    if (rest.length > 0) this.#host.stdout.write(rest)
    this.#isPlain ||= rest.length > 0
    for (const write of this.#waiting.splice(0)) write()
    return rest.length > 0
  }

  #dropHeld(): void {
    this.#held = ''
    this.#endHold()
  }

  #flush(): void {
    if (this.#held === '') return
    const held = this.#held
    this.#dropHeld()
    this.#isPlain = true
    this.#host.stdout.write(held)
  }
}

/** Prints text as a command prints its data, and waits until it is read. */
export async function printWhole(host: PagingHost, text: string): Promise<void> {
  const output = new PagedOutput(host)
  output.print(text)
  await output.settle()
}
