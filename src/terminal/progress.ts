import {onContinue} from '../signals.ts'
import {width} from './text.ts'

/** How far something is that is done many times. */
export interface ProgressState {
  total: number
  done: number
  /** What else to tell, such as `12 failed`. */
  details: string[]
}

export interface ProgressOptions {
  /** Where it is written: standard error. */
  stream: {isTTY?: boolean; columns?: number; write(text: string): unknown}
  /** Whether the terminal knows no cursor codes, as with TERM=dumb. */
  isDumb?: boolean
  /** `Changing`. */
  verb: string
  /** Milliseconds. */
  now(): number
}

export interface ProgressBar {
  update(state: ProgressState): void
  /** Takes the bar off the screen, before something else is written there; the next update draws it again. */
  clear(): void
}

const redrawMs = 100
const lineMs = 10_000
const longestBar = 30

/** A bar that is drawn over and over on a terminal, and elsewhere a line every ten seconds. */
export function createProgressBar({stream, isDumb = false, verb, now}: ProgressOptions): ProgressBar {
  const redraws = stream.isTTY === true && !isDumb
  const startedAt = now()
  let shownAt = redraws ? 0 : startedAt
  let drawn: string | undefined
  let dispose: (() => void) | undefined
  return {
    update(state) {
      const at = now()
      const isLast = state.done >= state.total
      if (at - shownAt < (redraws ? redrawMs : lineMs) && !(isLast && drawn !== undefined)) return
      shownAt = at
      const seconds = (at - startedAt) / 1000
      const rate = seconds > 0 ? state.done / seconds : 0
      const left = rate > 0 ? [`${duration((state.total - state.done) / rate)} left`] : []
      const facts = [
        `${state.done} of ${state.total}`,
        ...state.details,
        `${rate.toFixed(rate < 10 ? 1 : 0)}/s`,
        ...left,
      ]
      if (redraws) {
        // After a stop the shell has printed below it, and the next update may be long in coming.
        dispose ??= onContinue(() => stream.write(drawn ?? ''))
        drawn = `\r\x1b[2K${draw(verb, state, facts.join(', '), stream.columns ?? 80)}`
        stream.write(drawn)
      } else stream.write(`${verb}: ${facts.join(', ')}\n`)
    },
    clear() {
      if (drawn === undefined) return
      stream.write('\r\x1b[2K')
      drawn = undefined
      dispose?.()
      dispose = undefined
    },
  }
}

function draw(verb: string, {done, total}: ProgressState, facts: string, columns: number): string {
  // The last column stays free: some terminals break the line as soon as it is filled.
  const room = columns - 1 - width(`${verb}   ${facts}`)
  const bar = Math.min(longestBar, room)
  if (bar < 5) return facts.slice(0, columns - 1)
  const filled = total > 0 ? Math.round((bar * done) / total) : bar
  return `${verb} ${'█'.repeat(filled)}${'░'.repeat(bar - filled)} ${facts}`
}

/** Seconds as `8 s`, `2 min 5 s` or `1 h 3 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
