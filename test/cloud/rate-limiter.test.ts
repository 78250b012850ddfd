import {describe, expect, it} from 'vitest'
import {type Ending, NeverSent, RateLimiter, rateLimits} from '../../src/cloud/rate-limiter.ts'
import {FakeClock, seeded} from '../support/fake-clock.ts'

interface Service {
  latencyMs: number
  /** So many requests pass within any one second; all without. */
  perSecond?: number
  /** Besides that, refuses these, counted from 1. */
  refuses?: number[]
  /** What `Retry-After` says, in milliseconds. */
  retryAfterMs?: number
  max?: number
}

/** Sends requests through a rate limiter, each until it passes, to a service that counts as the sandbox does. */
async function sendAll(count: number, {latencyMs, perSecond, refuses = [], retryAfterMs = 1000, max}: Service) {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, max)
  const accepted: number[] = []
  let refused = 0
  let sent = 0
  let underWay = 0
  let most = 0
  const isRefused = () => {
    sent++
    if (refuses.includes(sent)) return true
    if (perSecond === undefined) return false
    const now = clock.now()
    if (accepted.filter(time => now - time < 1000).length >= perSecond) return true
    accepted.push(now)
    return false
  }
  const send = async (): Promise<void> => {
    for (;;) {
      const leave = await limiter.enter([])
      most = Math.max(most, ++underWay)
      const isOver = isRefused()
      await clock.sleep(latencyMs)
      underWay--
      leave(isOver ? {pauseMs: retryAfterMs, isRate: true} : 'good')
      if (!isOver) return
      refused++
    }
  }
  const startedAt = clock.now()
  await clock.run(Promise.all(Array.from({length: count}, send)))
  return {seconds: (clock.now() - startedAt) / 1000, refused, sent, most}
}

describe('a rate limiter without a limit in its way', () => {
  it('starts narrow and widens to its maximum, and no further', async () => {
    const {most, sent} = await sendAll(2000, {latencyMs: 100})
    expect({most, sent}).toEqual({most: rateLimits.max, sent: 2000})
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock)
    const first = Array.from({length: 50}, () => limiter.enter([]))
    await Promise.all(first.slice(0, rateLimits.start))
    const isIn = await Promise.race([first[rateLimits.start], Promise.resolve('waiting')])
    expect(isIn).toBe('waiting')
  })

  it.each([1, 3, 200])('keeps to --concurrency %i', async max => {
    expect((await sendAll(3000, {latencyMs: 100, max})).most).toBe(max)
  })
})

describe('a rate limiter whose way is limited', () => {
  it.each([
    ['at once', 0],
    ['in 3 ms', 3],
    ['in 100 ms', 100],
    ['in 300 ms', 300],
  ])('keeps to the rate of a service that answers %s, with few refusals', async (_what, latencyMs) => {
    const {seconds, refused, sent} = await sendAll(1000, {latencyMs, perSecond: 50})
    expect(seconds).toBeLessThan((1000 / 50) * 1.15)
    expect(refused / sent).toBeLessThan(0.1)
  })

  it('waits for as long as Retry-After says, and sends nothing meanwhile', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock)
    const leave = await limiter.enter([])
    const refusedAt = clock.now()
    expect(leave({pauseMs: 7000, isRate: false})).toBe(true)
    const next = limiter.enter([])
    await clock.run(next)
    expect(clock.now() - refusedAt).toBe(7000)
  })

  it('halves once for a bunch of refusals, and tells of one pause', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock, 4)
    const leaves = await Promise.all(Array.from({length: 4}, () => limiter.enter([])))
    await clock.run(clock.sleep(1))
    const told = leaves.map(leave => leave({pauseMs: 1000, isRate: false}))
    expect(told).toEqual([true, false, false, false])
    const waiting = Array.from({length: 4}, () => limiter.enter([]))
    await clock.run(Promise.all(waiting.slice(0, 2)))
    expect(await Promise.race([waiting[2], Promise.resolve('waiting')])).toBe('waiting')
  })

  it('is not brought to a standstill by refusals that come soon after a pause', async () => {
    // Some 200 a second come through; what was refused right after a pause says little of the rate.
    const {seconds} = await sendAll(1000, {latencyMs: 20, refuses: [200, 260, 320, 380, 440]})
    expect(seconds).toBeLessThan(15)
  })

  it('tries the rate upwards after a while', async () => {
    // The service is at first narrow, then not at all.
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock)
    const wideFrom = clock.now() + 5000
    let done = 0
    const accepted: number[] = []
    const send = async (): Promise<void> => {
      const leave = await limiter.enter([])
      const now = clock.now()
      const isOver = now < wideFrom && accepted.filter(time => now - time < 1000).length >= 10
      if (!isOver) accepted.push(now)
      await clock.sleep(10)
      leave(isOver ? {pauseMs: 1000, isRate: true} : 'good')
      if (isOver) return send()
      done++
    }
    const startedAt = clock.now()
    await clock.run(Promise.all(Array.from({length: 3000}, send)))
    expect(done).toBe(3000)
    // At ten a second it would take 300 s.
    expect((clock.now() - startedAt) / 1000).toBeLessThan(120)
  })
})

describe('what is called off', () => {
  it('while it waits for its turn, for a pause to end, or for its pace, was never sent', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock, 1)
    const leave = await limiter.enter([])
    const off = new AbortController()
    const waiting = limiter.enter([off.signal])
    off.abort()
    await expect(waiting).rejects.toBeInstanceOf(NeverSent)
    await expect(limiter.enter([off.signal])).rejects.toBeInstanceOf(NeverSent)

    leave({pauseMs: 1000, isRate: true})
    const other = new AbortController()
    const paused = limiter.enter([other.signal])
    await Promise.resolve()
    other.abort()
    await expect(paused).rejects.toBeInstanceOf(NeverSent)

    await clock.run(limiter.enter([]).then(done => done('good')))
    const third = new AbortController()
    const paced = limiter.enter([third.signal])
    await Promise.resolve()
    third.abort()
    await expect(paced).rejects.toBeInstanceOf(NeverSent)
    await clock.run(limiter.enter([]))
  })

  it('leaves once only, however often it says so', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock, 2)
    const leave = await limiter.enter([])
    leave('good')
    expect(leave({pauseMs: 5000, isRate: true})).toBe(false)
    const two = Promise.all([limiter.enter([]), limiter.enter([])])
    await clock.run(two)
    expect(await Promise.race([limiter.enter([]), Promise.resolve('waiting')])).toBe('waiting')
  })
})

it.each([1, 2, 3, 4, 5, 6])(
  'random endings and endings from outside starve nobody and leak nothing (seed %i)',
  async seed => {
    const random = seeded(seed)
    const clock = new FakeClock()
    const max = 1 + Math.floor(random() * 12)
    const limiter = new RateLimiter(clock, max)
    let underWay = 0
    let most = 0
    const ends = {sent: 0, calledOff: 0}
    const one = async (): Promise<void> => {
      await clock.sleep(random() * 20_000)
      const off = new AbortController()
      if (random() < 0.3) clock.sleep(random() * 3000).then(() => off.abort())
      try {
        const leave = await limiter.enter(random() < 0.5 ? [off.signal] : [off.signal, new AbortController().signal])
        most = Math.max(most, ++underWay)
        await clock.sleep(random() * 400)
        underWay--
        const dice = random()
        let ending: Ending = 'good'
        if (dice < 0.1) ending = 'bad'
        else if (dice < 0.2) ending = {pauseMs: random() * 2000, isRate: random() < 0.5}
        else if (dice < 0.22) ending = {pauseMs: 0, isRate: true}
        leave(ending)
        ends.sent++
      } catch (error) {
        if (!(error instanceof NeverSent)) throw error
        ends.calledOff++
      }
    }
    await clock.run(Promise.all(Array.from({length: 600}, one)))
    expect(ends.sent + ends.calledOff).toBe(600)
    expect(ends.calledOff).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(max)
    // Nothing is held any more: one who comes now gets through, and so do the next.
    await clock.run(limiter.enter([]).then(leave => leave('good')))
    await clock.run(limiter.enter([]).then(leave => leave('good')))
  },
)
