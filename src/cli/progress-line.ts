import {ProgressLine} from '../terminal/progress.ts'
import {symbolsFor} from '../terminal/symbols.ts'
import type {Host} from './host.ts'

/** Begins to say on stderr what is going on while nothing else is printed. */
export function startProgressLine({
  stderr,
  env,
  platform,
  startedAt,
}: Pick<Host, 'stderr' | 'env' | 'platform' | 'startedAt'>): ProgressLine {
  return new ProgressLine({
    stream: stderr,
    isDumb: env.TERM === 'dumb',
    symbols: symbolsFor(env, platform),
    startedAt,
    now: () => performance.now(),
    after(ms, callBack) {
      const timer = setTimeout(callBack, ms).unref()
      return () => clearTimeout(timer)
    },
  })
}
