import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type Fault, parseFault, type Sandbox, type SeenRequest, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, requestToken, serverTwo, withSandbox} from './sandbox-client.ts'

describe('parseFault', () => {
  test.each([
    ['500:5%', {kind: '500', share: 0.05}],
    ['502:0.5%', {kind: '502', share: 0.005}],
    ['reset:3', {kind: 'reset', count: 3}],
    ['hang', {kind: 'hang'}],
    ['cut:100%', {kind: 'cut', share: 1}],
  ])('%s', (text, fault) => expect(parseFault(text)).toEqual(fault))

  test.each([
    ['', /begins with one of .*429.*reset/],
    ['404:1', /begins with one of/],
    ['500:5:6', /begins with one of/],
    ['500:', /a share \(5%\) or a count \(3\)/],
    ['500:-1', /a share \(5%\) or a count \(3\)/],
    ['500:101%', /at most 100%/],
  ])('%j is an error', (text, message) => expect(() => parseFault(text)).toThrow(message))
})

let sandbox: Sandbox
let client: Client
let seen: SeenRequest[] = []
beforeEach(async () => {
  sandbox = await startSandbox({onRequest: request => seen.push(request)})
  client = await clientOf(sandbox)
  seen = []
})
afterEach(() => sandbox.close())

const path = `/v1/instances/${serverTwo}`
const enable = {metadata_service: {enabled: true}}
const isEnabled = () => sandbox.fleet.get(serverTwo)?.metadata_service.enabled

test.each(['401', '403', '429', '500', '503', '504'] as const)('%s is answered in the API shape', async kind => {
  sandbox.faults.push({kind, count: 1})
  const answer = await client.patch(path, enable)
  expect(answer).toMatchObject({
    status: Number(kind),
    body: {errors: [{code: expect.any(String)}], trace: expect.any(String)},
  })
  expect(answer.headers.get('retry-after')).toBe(kind === '429' ? '1' : null)
  expect(isEnabled()).toBe(false)
  expect((await client.patch(path, enable)).status).toBe(200)
})

test('Retry-After is as the fault says', async () => {
  sandbox.faults.push({kind: '503', retryAfter: 'Tue, 24 Nov 2026 00:00:00 GMT'})
  expect((await client.send(path)).headers.get('retry-after')).toBe('Tue, 24 Nov 2026 00:00:00 GMT')
})

test("502 is a proxy's page of HTML", async () => {
  sandbox.faults.push({kind: '502'})
  const answer = await client.send(path)
  expect(answer.status).toBe(502)
  expect(answer.headers.get('content-type')).toMatch('text/html')
  expect(answer.body.text).toMatch('<h1>502 Bad Gateway</h1>')
})

test('reset ends the connection before anything is done', async () => {
  sandbox.faults.push({kind: 'reset', count: 1})
  const error = await client.patch(path, enable).catch((failure: Error) => failure)
  expect(error).toMatchObject({cause: {code: 'ECONNRESET'}})
  expect(isEnabled()).toBe(false)
  expect(seen).toMatchObject([{method: 'PATCH', status: undefined, body: enable}])
})

test('cut does it all, and half of the answer is lost', async () => {
  sandbox.faults.push({kind: 'cut', count: 1})
  await expect(client.patch(path, enable)).rejects.toThrow('terminated')
  expect(isEnabled()).toBe(true)
  expect(seen).toMatchObject([{method: 'PATCH', status: 200}])
})

test('hang never answers, does nothing, and does not keep the sandbox from closing', async () => {
  sandbox.faults.push({kind: 'hang'})
  const answer = client.patch(path, enable).catch((failure: Error) => failure)
  while (seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  expect(isEnabled()).toBe(false)
  await sandbox.close()
  expect(await answer).toBeInstanceOf(Error)
})

test('faults are narrowed by method and path, and kept to their share', async () => {
  sandbox.faults.push({kind: '500', method: 'patch'}, {kind: '503', path: /\/eu-de\//}, {kind: '504', path: /limit=7/})
  expect((await client.send(path)).status).toBe(200)
  expect((await client.patch(path, enable)).status).toBe(500)
  expect((await client.send('/eu-de/v1/instances')).status).toBe(503)
  expect((await client.send('/v1/instances?limit=7')).status).toBe(504)
  sandbox.faults.splice(0, Number.POSITIVE_INFINITY, {kind: '500', share: 0.2})
  const statuses = []
  for (let index = 0; index < 20; index++) statuses.push((await client.send('/v1/regions')).status)
  expect(statuses.filter(each => each === 500)).toHaveLength(4)
})

test('IAM meets faults too', async () => {
  sandbox.faults.push({kind: '503', count: 1, path: /identity/})
  expect((await requestToken(sandbox.url, sandbox.apiKey)).status).toBe(503)
  expect((await requestToken(sandbox.url, sandbox.apiKey)).status).toBe(200)
})

test('each request is told of, with its query and its body', async () => {
  await client.send('/v1/instances?limit=2')
  await client.patch(path, 'no JSON')
  expect(seen).toEqual([
    {method: 'GET', path: '/v1/instances?limit=2&version=2026-03-24&generation=2', status: 200, body: undefined},
    {method: 'PATCH', path: `${path}?version=2026-03-24&generation=2`, status: 400, body: 'no JSON'},
  ])
})

test('the rate limit counts by region, leaves IAM alone, and lets through after Retry-After', async () => {
  let now = Date.UTC(2026, 10, 24)
  await withSandbox({rateLimitPerSecond: 3, clock: () => now}, async ({send, sandbox: limited}) => {
    const statuses = []
    for (let index = 0; index < 5; index++) statuses.push((await send('/v1/regions')).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const refused = await send('/us-south/v1/regions')
    expect(refused).toMatchObject({status: 429, body: {errors: [{code: 'rate_limit_exceeded'}]}})
    expect(refused.headers.get('retry-after')).toBe('1')
    expect((await send('/eu-de/v1/regions')).status).toBe(200)
    for (let index = 0; index < 5; index++) {
      expect((await requestToken(limited.url, limited.apiKey)).status).toBe(200)
    }
    now += 1000
    expect((await send('/v1/regions')).status).toBe(200)
  })
})

test('with a latency all is still right', () =>
  withSandbox({latencyMs: 20}, async ({send}) => {
    expect((await send('/v1/instances')).body.total_count).toBe(3)
  }))

test('closing ends a connection that waits', async () => {
  const slow = await startSandbox({latencyMs: 60_000})
  const answer = fetch(`${slow.url}/v1/regions`).catch((failure: Error) => failure)
  await new Promise(resolve => setTimeout(resolve, 50))
  await slow.close()
  expect(await answer).toBeInstanceOf(Error)
})

test('many requests that wait at once bring no warning of a leak', async () => {
  const warnings: Error[] = []
  const hear = (warning: Error) => warnings.push(warning)
  process.on('warning', hear)
  let waiting = 0
  const faults: Fault[] = [{kind: 'hang', path: /instances/}]
  const slow = await startSandbox({latencyMs: 30, faults, onRequest: () => waiting++})
  const ask = (path: string) => fetch(`${slow.url}${path}`).catch((failure: Error) => failure)
  await Promise.all(Array.from({length: 15}, () => ask('/v1/regions')))
  const hanging = Array.from({length: 15}, () => ask('/v1/instances'))
  while (waiting < 30) await new Promise(resolve => setTimeout(resolve, 5))
  await slow.close()
  await Promise.all(hanging)
  process.off('warning', hear)
  expect(warnings).toEqual([])
})
