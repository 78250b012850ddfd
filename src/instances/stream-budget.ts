import {setFlagsFromString} from 'node:v8'
import pLimit, {type LimitFunction} from 'p-limit'

/** How many VPCs are read at the same time in all regions together. Each holds one page: 100 instances, about 1 MB. */
const streamsAtOnce = 48

/** From so many instances on it takes a while in any case, and memory counts for more than the last bit of speed. */
const largeFleet = 10_000
const streamsOfLargeFleet = 16

/** Lets so many VPCs of all regions be read at the same time that memory stays within bounds, however large the fleet. */
export class StreamBudget {
  readonly #limit: LimitFunction = pLimit(streamsAtOnce)
  readonly #isHeld: boolean
  #expected = 0

  /** `isHeld` says that all instances are kept in the end: then there is no memory to be saved. */
  constructor({isHeld}: {isHeld: boolean}) {
    this.#isHeld = isHeld
  }

  /** Tells how many instances a region has, before they are read. */
  expect(instances: number): void {
    const wasLarge = this.#expected > largeFleet
    this.#expected += instances
    if (this.#isHeld || wasLarge || this.#expected <= largeFleet) return
    this.#limit.concurrency = streamsOfLargeFleet
    // Pages become garbage fast, and V8 would rather let the heap grow to several times what is in use than collect it.
    for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=50']) setFlagsFromString(flag)
  }

  /** Runs a reading when its turn comes. */
  run<T>(read: () => Promise<T>): Promise<T> {
    return this.#limit(read)
  }
}
