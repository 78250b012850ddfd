import {describe, expect, it} from 'vitest'
import {RateLimiter} from '../../src/cloud/rate-limiter.ts'
import {
  type Budget,
  type Failure,
  parseRetryAfter,
  RequestFailure,
  TryFailure,
  withRetries,
} from '../../src/cloud/retries.ts'
import {retryPolicy} from '../../src/cloud/retry-policy.ts'
import type {Fault} from '../../src/sandbox/index.ts'
import {FakeClock, seeded} from '../support/fake-clock.ts'
import {startTestCloud} from '../support/test-cloud.ts'

const instanceId = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

const survivable: Fault['kind'][] = ['429', '500', '502', '503', '504', 'reset', 'cut', 'hang']

const timeoutFor = (kind: Fault['kind']) => (kind === 'hang' ? 300 : 20_000)

async function apiWith(fault: Fault, timeoutMs = 20_000) {
  const test = await startTestCloud({}, {timeoutMs})
  const api = test.cloud.api(await test.cloud.region({region: 'us-south'}))
  test.requests.length = 0
  test.sandbox.faults.push(fault)
  return {api, test}
}

describe.each(survivable)('a fault of kind %s', kind => {
  const timeoutMs = timeoutFor(kind)

  it('twice is survived by a GET, with three requests', async () => {
    const {api, test} = await apiWith({kind, count: 2, path: /instances/}, timeoutMs)
    const {result} = await api.getInstance({id: instanceId})
    expect(result.name).toBe('my-virtual-server-2')
    expect(test.requests).toHaveLength(3)
    expect(test.pauses).toHaveLength(2)
  })

  it('twice is survived by a PATCH, with three requests and the settings as asked', async () => {
    const {api, test} = await apiWith({kind, count: 2, method: 'PATCH'}, timeoutMs)
    const {result} = await api.updateInstance({id: instanceId, metadataService: {enabled: true}})
    expect(result.settings).toEqual({enabled: true, protocol: 'http', response_hop_limit: 1})
    expect(test.requests.map(({method}) => method)).toEqual(['PATCH', 'PATCH', 'PATCH'])
  })

  it('twice is survived by the token request', async () => {
    const test = await startTestCloud({faults: [{kind, count: 2, path: /identity/}]}, {timeoutMs})
    expect(await test.cloud.regions()).toHaveLength(13)
    expect(test.requests.filter(({path}) => path === '/identity/token')).toHaveLength(3)
  })
})

// A limited rate is waited for: see below.
it.each(survivable.filter(kind => kind !== '429'))(
  'a fault of kind %s that stays is given up after five tries, with an error that says so',
  async kind => {
    const {api, test} = await apiWith({kind, path: /instances/}, timeoutFor(kind))
    await expect(api.getInstance({id: instanceId})).rejects.toMatchObject({
      name: 'VpcmdError',
      exitCode: 1,
      message: expect.stringContaining(`Could not read instance ${instanceId} in us-south after 5 tries`),
    })
    expect(test.requests).toHaveLength(5)
  },
)

describe('being throttled, in the limiter of a region,', () => {
  /** How often it is sent, and for how many seconds, to a service that refuses the first `refusals`. */
  async function outcomeOf(
    status: number,
    retryAfterMs: number | undefined,
    budget: Budget,
    refusals = Number.POSITIVE_INFINITY,
  ) {
    const clock = new FakeClock()
    const pacing = {...clock, timeoutMs: 1000, random: () => 0.5, onPause: () => undefined}
    const startedAt = clock.now()
    let sent = 0
    const send = async () => {
      if (++sent <= refusals) throw new TryFailure({kind: 'status', status, retryAfterMs, message: 'refused'})
      return 'answered'
    }
    const ended = withRetries(send, {
      who: 'us-south',
      budget,
      repeatable: true,
      pacing,
      limiter: new RateLimiter(clock),
    }).catch((error: RequestFailure) => error.failure.status)
    return {ended: await clock.run(ended), sent, seconds: Math.round((clock.now() - startedAt) / 1000)}
  }

  it.each([
    ['read', 5 * 60],
    ['rollout', 15 * 60],
  ] as const)('is given up in a %s after %d seconds in which nothing came through', async (budget, seconds) => {
    for (const status of [429, 503]) {
      expect(await outcomeOf(status, 10_000, budget)).toMatchObject({ended: status, seconds})
    }
    expect(await outcomeOf(429, undefined, budget)).toMatchObject({ended: 429, seconds})
  })

  it('is survived where it ends before that, whether it says how long or not', async () => {
    expect(await outcomeOf(429, 10_000, 'read', 15)).toMatchObject({ended: 'answered', sent: 16})
    expect(await outcomeOf(503, undefined, 'rollout', 40)).toMatchObject({ended: 'answered', sent: 41})
  })

  it('is no reason to ask without end: the pauses grow while nothing comes through', async () => {
    expect((await outcomeOf(429, undefined, 'rollout')).sent).toBeLessThan(80)
  })

  it('is waited for no longer than there is patience, however long it is asked for', async () => {
    expect(await outcomeOf(429, 10 ** 9, 'read')).toMatchObject({ended: 429, sent: 2, seconds: 300})
  })

  it('is waited for as long as others come through, however long the queue is', async () => {
    const clock = new FakeClock()
    const random = seeded(7)
    const pacing = {...clock, timeoutMs: 1000, random, onPause: () => undefined}
    const limiter = new RateLimiter(clock)
    const send = async () => {
      await clock.sleep(100)
      if (random() < 0.8) throw new TryFailure({kind: 'status', status: 503, message: 'refused'})
      return 'answered'
    }
    const startedAt = clock.now()
    const all = Array.from({length: 300}, () =>
      withRetries(send, {who: 'us-south', budget: 'rollout', repeatable: true, pacing, limiter}).catch(
        (error: RequestFailure) => error.failure.status,
      ),
    )
    const ends = await clock.run(Promise.all(all))
    expect(clock.now() - startedAt).toBeGreaterThan(retryPolicy.patienceMs.read)
    expect(ends.filter(end => end !== 'answered')).toEqual([])
  })

  it('is not waited for where nobody says so', async () => {
    expect(await outcomeOf(503, undefined, 'read')).toMatchObject({ended: 503, sent: 5})
  })
})

it('pauses twice as long each time, with jitter, unless Retry-After says how long', async () => {
  const {api, test} = await apiWith({kind: '500', count: 3})
  await api.getInstance({id: instanceId})
  expect(test.pauses).toEqual([375, 750, 1500])
  test.pauses.length = 0
  test.sandbox.faults.splice(0, 1, {kind: '429', count: 1, retryAfter: '7'})
  await api.getInstance({id: instanceId})
  expect(test.pauses).toEqual([7000])
})

it('renews a refused token once, and replays', async () => {
  const {api, test} = await apiWith({kind: '401', count: 1, path: /instances/})
  expect((await api.getInstance({id: instanceId})).result.id).toBe(instanceId)
  expect(test.requests.map(({path}) => path.replace(/.*\//, ''))).toEqual([instanceId, 'token', instanceId])
})

it('waits for an IAM that asks to, longer each time', async () => {
  const test = await startTestCloud({faults: [{kind: '429', count: 7, path: /identity/, retryAfter: ''}]})
  expect(await test.cloud.regions()).toHaveLength(13)
  expect(test.requests.filter(({path}) => path === '/identity/token')).toHaveLength(8)
  expect(test.pauses).toEqual([375, 750, 1500, 3000, 6000, 12_000, 15_000])
})

it('asks IAM again where it refuses a key that it took before, and not where it never did', async () => {
  const {api, test} = await apiWith({kind: '401', count: 1, path: /instances/})
  test.sandbox.faults.push({kind: '401', count: 2, path: /identity/})
  expect((await api.getInstance({id: instanceId})).result.id).toBe(instanceId)
  const tokenRequests = () => test.requests.filter(({path}) => path === '/identity/token').length
  expect(tokenRequests()).toBe(3)
  test.sandbox.faults.push({kind: '401', path: /identity/})
  const unknown = await test.open()
  await expect(unknown.regions()).rejects.toMatchObject({exitCode: 3, code: 'not_authorized'})
  expect(tokenRequests()).toBe(4)
})

it('gives up a token that is refused again, with exit code 3', async () => {
  const {api, test} = await apiWith({kind: '401', path: /instances/})
  await expect(api.getInstance({id: instanceId})).rejects.toMatchObject({exitCode: 3})
  expect(test.requests.filter(({path}) => path.includes('instances'))).toHaveLength(2)
})

it('does not try a 404 or a 403 again, and says what is missing', async () => {
  const {api, test} = await apiWith({kind: '403', count: 1, method: 'PATCH'})
  await expect(api.updateInstance({id: instanceId, metadataService: {enabled: true}})).rejects.toMatchObject({
    code: 'not_authorized',
    exitCode: 3,
    hint: expect.stringMatching(/is\.instance\.instance\.update.*ontext-based restrictions/s),
    trace: expect.stringMatching(/.+/),
  })
  expect(test.requests).toHaveLength(1)
  await expect(api.getInstance({id: '0717_00000000-0000-4000-8000-000000000000'})).rejects.toMatchObject({exitCode: 4})
  expect(test.requests).toHaveLength(2)
})

describe('parseRetryAfter', () => {
  it.each([
    ['3', 3000],
    ['99999999', 99_999_999_000],
    ['Thu, 01 Jan 1970 00:00:12 GMT', 2000],
  ])('reads %s', (value, ms) => {
    expect(parseRetryAfter(value, 10_000)).toBe(ms)
  })

  it.each(['', 'soon', undefined, 4, '0', '-5', 'Thu, 01 Jan 1970 00:00:02 GMT'])('takes %s for nothing', value => {
    expect(parseRetryAfter(value, 10_000)).toBeUndefined()
  })
})

describe('a request that is not repeatable', () => {
  const triesFor = async (failure: Partial<Failure>) => {
    const clock = new FakeClock()
    const pacing = {...clock, timeoutMs: 1000, random: () => 0, onPause: () => undefined}
    let tries = 0
    const send = () => {
      tries++
      return Promise.reject(new TryFailure({kind: 'status', message: 'it failed', ...failure}))
    }
    await expect(
      clock.run(withRetries(send, {who: 'IAM', budget: 'token', repeatable: false, pacing})),
    ).rejects.toBeInstanceOf(RequestFailure)
    return tries
  }

  it.each([
    // As often as the pauses let it within five minutes.
    ['was refused for its rate', {status: 429}, 36],
    ['met a closed port', {kind: 'refused'}, 5],
    ['met an unknown host', {kind: 'unknown-host'}, 5],
  ] as const)('is sent again when it %s: nothing was acted on', async (_what, error, tries) => {
    expect(await triesFor(error)).toBe(tries)
  })

  it.each([
    ['met an error of the server', {status: 500}],
    ['met a proxy', {status: 502}],
    ['lost its connection', {kind: 'reset'}],
    ['got no answer', {kind: 'timeout'}],
  ] as const)('is not sent again when it %s: it may have been acted on', async (_what, error) => {
    expect(await triesFor(error)).toBe(1)
  })
})
