import {setImmediate as nextTurn} from 'node:timers/promises'
import type {Clock} from '../../src/cloud/rate-limiter.ts'

/** A clock that stands still until it is run: then it leaps from one sleeper to the next. */
export class FakeClock implements Clock {
  #time = 1_000_000
  readonly #sleepers = new Set<{at: number; wake(): void}>()

  now = (): number => this.#time

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const giveUp = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper = {
        at: this.#time + ms,
        wake: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      signal?.addEventListener('abort', giveUp, {once: true})
      this.#sleepers.add(sleeper)
    })

  /** Runs until `work` has settled, and gives what it gives. Rejects when nobody sleeps any more and it never will. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    work.then(settle, settle)
    for (;;) {
      await nextTurn()
      if (isSettled) return work
      const [next] = [...this.#sleepers].sort((a, b) => a.at - b.at)
      if (!next) throw new Error('stuck: nobody sleeps, and the work has not settled')
      this.#time = Math.max(this.#time, next.at)
      this.#sleepers.delete(next)
      next.wake()
    }
  }
}

/** Random numbers from 0 up to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
