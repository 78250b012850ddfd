import type {Activity, ShowActivity} from '../activity.ts'
import {onContinue, onExit, onStop} from '../signals.ts'
import type {Symbols} from './symbols.ts'
import {cut, plain, width} from './text.ts'

export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

export interface ProgressOptions {
  /** Where it is written: standard error. */
  stream: ProgressStream
  /** Whether the terminal knows no cursor codes, as with TERM=dumb. */
  isDumb?: boolean
  symbols: Symbols
  /** Since when nothing was printed, in milliseconds as `now` gives them. */
  startedAt: number
  /** Milliseconds. */
  now(): number
  /** Calls back once after so many milliseconds, unless the function that is returned is called; keeps no process alive. */
  after(ms: number, callBack: () => void): () => void
}

/** After so long a silence a person wonders what is going on. */
const silenceMs = 300
const redrawMs = 100
/** Off a terminal. */
const lineMs = 10_000
const longestBar = 30

interface Shown {
  now(): Activity
  isMinor: boolean
  since: number
}

/**
 * The line at the bottom of the terminal that says what is going on while nothing else is printed; elsewhere a line of its
 * own every ten seconds. Whoever prints something calls `hush` first.
 */
export class ProgressLine {
  readonly #options: ProgressOptions
  readonly #redraws: boolean
  readonly #activities: Shown[] = []
  #silentSince: number
  /** How many want no line at present, such as a question. */
  #pauses = 0
  #isEnded = false
  #wait: {text: string; until: number} | undefined
  #drawn = ''
  #frame = 0
  #cancel: (() => void) | undefined
  #disposals: (() => void)[] = []

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#redraws = options.stream.isTTY === true && !options.isDumb
    this.#silentSince = options.startedAt
    this.#schedule()
  }

  /** Shows an activity until the function that is returned is called. Of several, the one that began last is shown. */
  readonly show: ShowActivity = (now, rank) => {
    const shown = {now, isMinor: rank === 'minor', since: this.#options.now()}
    this.#activities.push(shown)
    return () => {
      const index = this.#activities.indexOf(shown)
      if (index >= 0) this.#activities.splice(index, 1)
    }
  }

  /** Shows for so many milliseconds what is waited for. */
  waitFor(text: string, ms: number): void {
    this.#wait = {text, until: this.#options.now() + ms}
  }

  /** Takes the line off the screen, before something else is written: the silence begins anew. */
  hush(): void {
    this.#erase()
    this.#silentSince = this.#options.now()
  }

  /** Shows nothing until `busy` has settled: the terminal belongs to someone else meanwhile. */
  async during<T>(busy: () => Promise<T>): Promise<T> {
    this.hush()
    this.#pauses++
    try {
      return await busy()
    } finally {
      this.#pauses--
      this.#silentSince = this.#options.now()
    }
  }

  /** Shows nothing more. */
  end(): void {
    this.#isEnded = true
    this.#erase()
    this.#cancel?.()
  }

  #schedule(): void {
    const {after, now} = this.#options
    const quietMs = this.#redraws ? silenceMs : lineMs
    const ms = this.#drawn === '' ? Math.max(0, this.#silentSince + quietMs - now()) : redrawMs
    this.#cancel = after(ms, () => {
      const isDue = this.#drawn !== '' || now() - this.#silentSince >= quietMs
      if (this.#pauses > 0) this.#silentSince = now()
      else if (isDue) this.#draw()
      this.#schedule()
    })
  }

  #draw(): void {
    const {stream, symbols, now} = this.#options
    const shown = this.#activities.findLast(({isMinor}) => !isMinor) ?? this.#activities.at(-1)
    const activity = shown?.now() ?? {verb: 'Working', facts: []}
    const facts = [...activity.facts, ...this.#waits(), ...(shown ? paceOf(activity, now() - shown.since) : [])]
    if (!this.#redraws) {
      this.#silentSince = now()
      stream.write(`${sentence(activity, facts)}\n`)
      return
    }
    const line = lineOf(activity, facts, symbols, this.#frame++, stream.columns || 80)
    if (this.#drawn === '') this.#begin()
    stream.write(`${this.#erasing()}${line}`)
    this.#drawn = line
  }

  #waits(): string[] {
    const wait = this.#wait
    return wait && wait.until > this.#options.now() ? [wait.text] : []
  }

  #begin(): void {
    const {stream} = this.#options
    stream.write(hideCursor)
    const redraw = () => this.#draw()
    stream.on?.('resize', redraw)
    this.#disposals = [
      () => stream.off?.('resize', redraw),
      onExit(() => this.#erase()),
      onStop(() => stream.write(`${this.#erasing()}${showCursor}`)),
      onContinue(() => stream.write(`${hideCursor}\r\x1b[2K${this.#drawn}`)),
    ]
  }

  #erase(): void {
    if (this.#drawn === '') return
    this.#options.stream.write(`${this.#erasing()}${showCursor}`)
    this.#drawn = ''
    for (const dispose of this.#disposals.splice(0)) dispose()
    if (this.#isEnded) return
    this.#cancel?.()
    this.#silentSince = this.#options.now()
    this.#schedule()
  }

  /** A terminal that became narrower has broken what was drawn into several lines. */
  #erasing(): string {
    const above = Math.ceil(width(this.#drawn) / (this.#options.stream.columns || 80)) - 1
    return above > 0 ? `\x1b[${above}A\r\x1b[J` : '\r\x1b[2K'
  }
}

const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

function paceOf({share}: Activity, ms: number): string[] {
  if (!share || ms <= 0) return []
  const rate = (share.done * 1000) / ms
  const pace = `${rate.toFixed(rate < 10 ? 1 : 0)}/s`
  return rate > 0 ? [pace, `${duration((share.total - share.done) / rate)} left`] : [pace]
}

function sentence({verb, share}: Activity, facts: string[]): string {
  const all = [...(share ? [`${share.done} of ${share.total}`] : []), ...facts]
  return plain(`${verb}${all.length > 0 ? `: ${all.join(', ')}` : ''}.`)
}

function lineOf(activity: Activity, facts: string[], symbols: Symbols, frame: number, columns: number): string {
  // Free stay the last column, as some terminals break the line as soon as it is filled, and two for the ^C that they echo.
  const most = Math.max(1, columns - 3)
  const {verb, share} = activity
  if (share) {
    const told = plain([`${share.done} of ${share.total}`, ...facts].join(', '))
    const length = Math.min(longestBar, most - width(`${verb}   ${told}`))
    if (length < 5) return cut(told, most, symbols.ellipsis)
    const filled = share.total > 0 ? Math.round((length * share.done) / share.total) : length
    return `${verb} ${symbols.bar.full.repeat(filled)}${symbols.bar.empty.repeat(length - filled)} ${told}`
  }
  const spinner = symbols.spinner[frame % symbols.spinner.length] ?? ''
  return cut(`${spinner} ${sentence(activity, facts).slice(0, -1)}`, most, symbols.ellipsis)
}

/** Seconds as `8 s`, `2 min 5 s` or `1 h 3 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
