/** What vpcmd needs of the world to wait for something. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Rejects at once when the signal comes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** How a request that went through the limiter ended, as far as the limiter's pace depends on it. */
export type Ending =
  | 'good'
  | 'bad'
  /** 429 or 503: for how long to send nothing, and whether the rate is what was refused (429). */
  | {pauseMs: number; isRate: boolean}

/** Marks a request that was still waiting for its turn when it was called off: it was never sent. */
export class NeverSent extends Error {}

/** The concurrency a rate limiter begins with, and what it reaches by itself where nothing else is said. */
export const rateLimits = {start: 12, max: 64} as const

/** A learnt rate is kept a little below what came through, and is tried upwards after a while without a refusal. */
const margin = 0.95
const laterMargin = 0.98
const steadyForMs = 20_000
const lowestRate = 2

/**
 * The way to one region, shared by all that is sent there. It finds its own level, as no source tells IBM Cloud's limits:
 * it starts narrow, widens with each good answer, halves when it is throttled, sends nothing for as long as `Retry-After`
 * says, and from then on keeps the pace at which requests came through.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #max: number
  #limit: number
  #isThrottled = false
  #underWay = 0
  readonly #waiting: (() => void)[] = []
  /** Pending while nothing may be sent. */
  #pause: Promise<void> | undefined
  #pausedUntil = 0
  /** When the limiter last reacted: what was sent before says nothing new. */
  #reactedAt = 0
  /** Requests a second; undefined as long as no limit showed. */
  #rate: number | undefined
  #rateSince = 0
  /** When the last pause ended: what was sent before it says nothing of the pace after it. */
  #resumedAt = Number.NEGATIVE_INFINITY
  #nextAt = 0
  /** Resolves when the request before has had its turn. */
  #pacing: Promise<void> = Promise.resolve()
  /** When the requests of the last seconds were sent and answered, of those that came through. */
  #through: {sentAt: number; answeredAt: number}[] = []
  #lastGoodAt = Number.NEGATIVE_INFINITY
  #refusals = 0

  /** `max` caps the concurrency, as `--concurrency` says. */
  constructor(clock: Clock, max: number = rateLimits.max) {
    this.#clock = clock
    this.#max = max
    this.#limit = Math.min(rateLimits.start, max)
  }

  /** When a request last came through, in epoch milliseconds; -Infinity before the first. */
  get lastGoodAt(): number {
    return this.#lastGoodAt
  }

  /** How many pauses in a row began without a request that came through. */
  get refusals(): number {
    return this.#refusals
  }

  /**
   * Waits for a turn. Call what it returns when the request has ended: that returns whether a new pause begins.
   * Throws NeverSent when one of `signals` comes first.
   */
  async enter(signals: AbortSignal[]): Promise<(ending: Ending) => boolean> {
    const calledOff = signals.length > 0 ? AbortSignal.any(signals) : undefined
    await this.#turn(calledOff)
    try {
      do {
        if (this.#pause) await unless(calledOff, this.#pause)
        await this.#keepPace(calledOff)
      } while (this.#pause)
      if (calledOff?.aborted) throw new NeverSent()
    } catch (error) {
      this.#free()
      throw calledOff?.aborted ? new NeverSent() : error
    }
    const sentAt = this.#clock.now()
    let hasLeft = false
    return ending => {
      if (hasLeft) return false
      hasLeft = true
      if (ending === 'good') this.#widen(sentAt)
      const pauses = typeof ending === 'object' && this.#react(sentAt, ending)
      this.#free()
      return pauses
    }
  }

  async #turn(calledOff: AbortSignal | undefined): Promise<void> {
    if (calledOff?.aborted) throw new NeverSent()
    if (this.#underWay < this.#limit) {
      this.#underWay++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1)
        reject(new NeverSent())
      }
      const proceed = () => {
        calledOff?.removeEventListener('abort', giveUp)
        resolve()
      }
      calledOff?.addEventListener('abort', giveUp, {once: true})
      this.#waiting.push(proceed)
    })
  }

  #free(): void {
    this.#underWay--
    while (this.#underWay < this.#limit) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#underWay++
      next()
    }
  }

  /** Spaces the requests evenly once a rate is known, one after the other. */
  async #keepPace(calledOff: AbortSignal | undefined): Promise<void> {
    if (this.#rate === undefined) return
    const turn = this.#pacing.then(async () => {
      const rate = this.#presentRate()
      if (rate === undefined || this.#pause || calledOff?.aborted) return
      const wait = this.#nextAt - this.#clock.now()
      if (wait > 0) await this.#clock.sleep(wait, calledOff)
      // What a busy machine was late by is made up for by one request at most: a bunch of them would be refused.
      this.#nextAt = Math.max(this.#nextAt + 1000 / rate, this.#clock.now())
    })
    this.#pacing = turn.catch(() => undefined)
    await turn
  }

  #presentRate(): number | undefined {
    if (this.#rate === undefined) return undefined
    const steadyMs = this.#clock.now() - this.#rateSince - steadyForMs
    // By a twentieth and at least by one a second, each second.
    return steadyMs <= 0 ? this.#rate : this.#rate + (Math.max(1, this.#rate / 20) * steadyMs) / 1000
  }

  #widen(sentAt: number): void {
    this.#lastGoodAt = this.#clock.now()
    this.#refusals = 0
    this.#through.push({sentAt, answeredAt: this.#lastGoodAt})
    if (this.#through.length > 4096) this.#through = this.#through.slice(-2048)
    this.#limit = Math.min(this.#max, this.#limit + (this.#isThrottled ? 1 / this.#limit : 1))
  }

  #react(sentAt: number, {pauseMs, isRate}: {pauseMs: number; isRate: boolean}): boolean {
    const now = this.#clock.now()
    const isNew = sentAt >= this.#reactedAt
    if (isNew) {
      this.#isThrottled = true
      this.#limit = Math.max(1, Math.floor(this.#limit / 2))
      this.#reactedAt = now
    }
    // Refusals come in bunches: the same pause asked for by each must not grow with their number.
    if (pauseMs <= 0 || (this.#pause && now + pauseMs < this.#pausedUntil + 250)) return false
    this.#pausedUntil = now + pauseMs
    if (isNew) this.#refusals++
    const pause: Promise<void> = Promise.all([this.#pause, this.#clock.sleep(pauseMs)]).then(() => {
      if (this.#pause !== pause) return
      this.#pause = undefined
      if (isRate) this.#learnRate(sentAt, now)
      this.#resumedAt = this.#clock.now()
    })
    this.#pause = pause
    return true
  }

  /**
   * By now what was under way at the refusal has been answered: what came through in the second before it is the rate.
   * Where one was kept before, a refusal soon after a pause has a shorter time to go by, and halves it at most: not every
   * refusal has to do with the pace.
   */
  #learnRate(sentAt: number, refusedAt: number): void {
    const known = this.#presentRate()
    const since = known === undefined ? sentAt - 1000 : Math.max(sentAt - 1000, this.#resumedAt)
    const sent = this.#through.filter(each => each.sentAt > since && each.sentAt <= sentAt).length
    // A request reaches the service some time after it was sent, the first ones later than the next: whichever tells more.
    const answered = this.#through.filter(
      ({answeredAt}) => answeredAt > refusedAt - 1000 && answeredAt <= refusedAt,
    ).length
    const perSecond = Math.max((sent * 1000) / Math.max(1, sentAt - since), answered)
    const kept = known === undefined ? perSecond : Math.min(known, Math.max(known / 2, perSecond))
    // A rate that was below what came through already is lowered by little: the refusal may be due to a busy machine.
    this.#rate = Math.max(lowestRate, kept * (known === undefined ? margin : laterMargin))
    this.#rateSince = this.#clock.now()
    this.#nextAt = this.#clock.now()
  }
}

/** What `promise` gives, unless the signal comes first: then it throws NeverSent. */
async function unless(signal: AbortSignal | undefined, promise: Promise<void>): Promise<void> {
  if (!signal) return promise
  let giveUp = () => {}
  const calledOff = new Promise<never>((_, reject) => {
    giveUp = () => reject(new NeverSent())
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, {once: true})
  })
  try {
    await Promise.race([promise, calledOff])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
