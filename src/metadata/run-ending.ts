import pLimit from 'p-limit'
import {entryOf} from '../counted.ts'
import {VpcmdError} from '../errors.ts'

/** Why a part of a run ends before it is through, if it does. The first reason counts. */
export class RunEnding<Reason extends string> {
  reason: Reason | 'interrupted' | 'journal' | undefined
  /** What is wrong with the journal, where that is why. */
  error: VpcmdError | undefined
  readonly #controller = new AbortController()

  constructor(interrupted: AbortSignal) {
    if (interrupted.aborted) this.end('interrupted')
    interrupted.addEventListener('abort', () => this.end('interrupted'), {once: true})
  }

  /** Comes with the end: nothing new is begun. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  end(reason: Reason | 'interrupted' | 'journal'): void {
    this.reason ??= reason
    this.#controller.abort()
  }

  /** For what writing a line of the journal throws. Throws any other error. */
  readonly journalFailed = (error: unknown): void => {
    if (!(error instanceof VpcmdError)) throw error
    this.error ??= error
    this.end('journal')
  }
}

/** A limit of how many may be under way at once for each key, such as a region. */
export function limitPerKey(mostOf: (key: string) => number): <T>(key: string, begin: () => Promise<T>) => Promise<T> {
  const limits = new Map<string, ReturnType<typeof pLimit>>()
  return (key, begin) => entryOf(limits, key, () => pLimit(mostOf(key)))(begin)
}
