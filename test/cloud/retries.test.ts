import {afterEach, describe, expect, it} from 'vitest'
import {Lane} from '../../src/cloud/lane.ts'
import {parseRetryAfter, RequestFailure, retryPolicy, withRetries} from '../../src/cloud/retries.ts'
import type {Fault} from '../../src/sandbox/index.ts'
import {FakeClock, seeded} from '../support/fake-clock.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

const instanceId = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
let test: TestCloud | undefined

afterEach(async () => {
  await test?.close()
  test = undefined
})

const survivable: Fault['kind'][] = ['429', '500', '502', '503', '504', 'reset', 'cut', 'hang']

const timeoutFor = (kind: Fault['kind']) => (kind === 'hang' ? 300 : 20_000)

async function apiWith(fault: Fault, timeoutMs = 20_000) {
  test = await startTestCloud({}, {timeoutMs})
  const [region] = await test.cloud.regions().then(regions => regions.filter(({name}) => name === 'us-south'))
  if (!region) throw new Error('the sandbox has no us-south')
  const api = test.cloud.api(region)
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
    expect(result.metadata_service).toEqual({enabled: true, protocol: 'http', response_hop_limit: 1})
    expect(test.requests.map(({method}) => method)).toEqual(['PATCH', 'PATCH', 'PATCH'])
  })

  it('twice is survived by the token request', async () => {
    test = await startTestCloud({faults: [{kind, count: 2, path: /identity/}]}, {timeoutMs})
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

describe('being throttled, in the lane of a region,', () => {
  /** How often it is sent, and for how many seconds, to a service that refuses the first `refusals`. */
  async function outcomeOf(status: number, headers: object, isPatient: boolean, refusals = Number.POSITIVE_INFINITY) {
    const clock = new FakeClock()
    const pacing = {...clock, timeoutMs: 1000, random: () => 0.5, onPause: () => undefined}
    const startedAt = clock.now()
    let sent = 0
    const send = async () => {
      if (++sent <= refusals) throw Object.assign(new Error('refused'), {status, headers})
      return 'answered'
    }
    const ended = withRetries(send, {repeatable: true, pacing, lane: new Lane(clock), isPatient}).catch(
      (error: RequestFailure) => error.failure.status,
    )
    return {ended: await clock.run(ended), sent, seconds: Math.round((clock.now() - startedAt) / 1000)}
  }
  const inTenSeconds = {'retry-after': '10'}

  it('is waited for as long as it takes where many are changed, and it says how long', async () => {
    for (const status of [429, 503]) {
      expect(await outcomeOf(status, inTenSeconds, true, 1000)).toMatchObject({ended: 'answered', sent: 1001})
    }
    expect(await outcomeOf(429, {}, true, 10_000)).toMatchObject({ended: 'answered', sent: 10_001})
  })

  it('is waited for five minutes and five tries otherwise, where it says how long', async () => {
    expect(await outcomeOf(429, inTenSeconds, false)).toEqual({ended: 429, sent: 35, seconds: 340})
    expect(await outcomeOf(503, inTenSeconds, false)).toEqual({ended: 503, sent: 35, seconds: 340})
  })

  it('is waited for as long where many are changed, and it does not say how long', async () => {
    expect(await outcomeOf(503, {}, true, 100)).toMatchObject({ended: 'answered', sent: 101})
    const {ended, seconds} = await outcomeOf(503, {}, true)
    expect({ended, isBounded: seconds > 300 && seconds < 320}).toEqual({ended: 503, isBounded: true})
  })

  it('is waited for as long as others come through, however long the queue is', async () => {
    const clock = new FakeClock()
    const random = seeded(7)
    const pacing = {...clock, timeoutMs: 1000, random, onPause: () => undefined}
    const lane = new Lane(clock)
    const send = async () => {
      await clock.sleep(100)
      if (random() < 0.8) throw Object.assign(new Error('refused'), {status: 503, headers: {}})
      return 'answered'
    }
    const startedAt = clock.now()
    const all = Array.from({length: 300}, () =>
      withRetries(send, {repeatable: true, pacing, lane, isPatient: true}).catch(
        (error: RequestFailure) => error.failure.status,
      ),
    )
    const ends = await clock.run(Promise.all(all))
    expect(clock.now() - startedAt).toBeGreaterThan(retryPolicy.patienceMs)
    expect(ends.filter(end => end !== 'answered')).toEqual([])
  })

  it('is not waited for where nobody says so', async () => {
    expect(await outcomeOf(503, {}, false)).toMatchObject({ended: 503, sent: 5})
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
  test = await startTestCloud({faults: [{kind: '429', count: 7, path: /identity/, retryAfter: ''}]})
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
  await expect(unknown.regions()).rejects.toMatchObject({exitCode: 3, code: 'http_401'})
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
    ['0', 0],
    ['-5', 0],
    // A timer fires at once for more than 31 bits.
    ['99999999', 2 ** 31 - 1],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 2 ** 31 - 1],
    ['Thu, 01 Jan 1970 00:00:12 GMT', 2000],
    ['Thu, 01 Jan 1970 00:00:02 GMT', 0],
  ])('reads %s', (value, ms) => {
    expect(parseRetryAfter(value, 10_000)).toBe(ms)
  })

  it.each(['', 'soon', undefined, 4])('takes %s for nothing', value => {
    expect(parseRetryAfter(value, 10_000)).toBeUndefined()
  })
})

describe('a request that is not repeatable', () => {
  const triesFor = async (error: object) => {
    const clock = new FakeClock()
    const pacing = {...clock, timeoutMs: 1000, random: () => 0, onPause: () => undefined}
    let tries = 0
    const send = () => {
      tries++
      return Promise.reject(Object.assign(new Error('it failed'), error))
    }
    await expect(clock.run(withRetries(send, {repeatable: false, pacing}))).rejects.toBeInstanceOf(RequestFailure)
    return tries
  }

  it.each([
    // As often as the pauses let it within five minutes, and five tries.
    ['was refused for its rate', {status: 429}, 40],
    ['met a closed port', {statusText: 'ECONNREFUSED'}, 5],
    ['met an unknown host', {statusText: 'ENOTFOUND'}, 5],
  ])('is sent again when it %s: nothing was acted on', async (_what, error, tries) => {
    expect(await triesFor(error)).toBe(tries)
  })

  it.each([
    ['met an error of the server', {status: 500}],
    ['met a proxy', {status: 502}],
    ['lost its connection', {statusText: 'ECONNRESET'}],
    ['lost its answer', {status: 201}],
  ])('is not sent again when it %s: it may have been acted on', async (_what, error) => {
    expect(await triesFor(error)).toBe(1)
  })
})
