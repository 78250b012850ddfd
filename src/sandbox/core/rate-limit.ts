/** Limits the requests within any one second, for each key. */
export class RateLimit {
  readonly #perSecond: number
  readonly #accepted = new Map<string, number[]>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Undefined when the request at `now` (epoch milliseconds) may pass; else the whole seconds to wait. */
  refuse(key: string, now: number): number | undefined {
    const recent = (this.#accepted.get(key) ?? []).filter(time => now - time < 1000)
    this.#accepted.set(key, recent)
    const oldest = recent[0]
    if (oldest !== undefined && recent.length >= this.#perSecond) return Math.ceil((oldest + 1000 - now) / 1000)
    recent.push(now)
    return undefined
  }
}
