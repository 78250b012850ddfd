import {request} from 'node:http'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, read, version} from './sandbox-client.ts'

// Before any sandbox runs.
const own = {Request: globalThis.Request, Response: globalThis.Response}
let sandbox: Sandbox
let client: Client
beforeAll(async () => {
  sandbox = await startSandbox({clock: () => Date.UTC(2026, 10, 24, 12)})
  client = await clientOf(sandbox)
})
afterAll(() => sandbox.close())

const get = async (path: string) =>
  read(await fetch(`${sandbox.url}${path}`, {headers: {authorization: `Bearer ${client.token}`}}))

test.each([
  ['generation=2', 'missing_version', 'version'],
  ['version=&generation=2', 'missing_version', 'version'],
  ['version=2026-3-24&generation=2', 'invalid_version', 'version'],
  ['version=2026-02-30&generation=2', 'invalid_version', 'version'],
  ['version=today&generation=2', 'invalid_version', 'version'],
  ['version=2018-12-31&generation=2', 'invalid_version_range', 'version'],
  ['version=2026-11-25&generation=2', 'invalid_version_range', 'version'],
  ['version=2026-03-24', 'missing_generation_parameter', 'generation'],
  ['version=2026-03-24&generation=1', 'invalid_generation_parameter', 'generation'],
])('%s is 400 %s', async (query, code, name) => {
  const {status, body} = await get(`/v1/instances?${query}`)
  expect(status).toBe(400)
  expect(body).toEqual({
    errors: [expect.objectContaining({code, message: expect.any(String), more_info: expect.stringContaining(code)})],
    trace: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(body.errors[0].target).toMatchObject({name, type: 'parameter'})
})

test('the first and the last version of the range are taken', async () => {
  expect((await get('/v1/regions?version=2019-01-01&generation=2')).status).toBe(200)
  expect((await get('/v1/regions?version=2026-11-24&generation=2')).status).toBe(200)
})

test.each([
  '/',
  '/v1',
  '/v1/nothing',
  '/v2/instances',
  '/mars/v1/instances',
  '/v1/instances/a/b/c',
  '/favicon.ico',
  '/%ff/v1/instances',
])('unknown route %s is 404 with a trace', async path => {
  const answer = await get(`${path}?${version}`)
  expect(answer).toMatchObject({status: 404, body: {errors: [{code: 'invalid_route'}]}})
  expect(answer.headers.get('x-request-id')).toBe(answer.body.trace)
})

test('an unknown method is 404', async () => {
  expect((await client.send('/v1/instances', {method: 'PUT'})).status).toBe(404)
})

test('an unknown query parameter is passed over', async () => {
  expect((await client.send('/v1/instances?colour=red')).body.total_count).toBe(3)
})

describe('the host', () => {
  const statusFor = (host: string, path = `/v1/regions?${version}`, more = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = {host, authorization: `Bearer ${client.token}`, ...more}
      request(`${sandbox.url}${path}`, {headers}, response => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
  const port = () => new URL(sandbox.url).port

  test('its own names are served, also with localhost in the hrefs', async () => {
    expect(await statusFor(`127.0.0.1:${port()}`)).toBe(200)
    expect(await statusFor(`localhost:${port()}`)).toBe(200)
    const {body} = await client.send('/eu-de/v1/regions/eu-de')
    expect(body).toMatchObject({endpoint: `${sandbox.url}/eu-de`, href: `${sandbox.url}/eu-de/v1/regions/eu-de`})
  })

  test.each(['evil.example', '127.0.0.1', 'localhost:1', '169.254.169.254'])('%s is refused', async host => {
    expect(await statusFor(host)).toBe(403)
    expect(await statusFor(host, '/identity/token')).toBe(403)
  })

  test('a page from elsewhere is refused, although it asks by the right name', async () => {
    const host = `127.0.0.1:${port()}`
    for (const path of ['/sandbox/addresses?instance=batch-1', '/identity/token', undefined]) {
      for (const site of ['cross-site', 'same-site']) {
        expect(await statusFor(host, path, {'sec-fetch-site': site})).toBe(403)
      }
    }
    expect(await statusFor(host, undefined, {'sec-fetch-site': 'none'})).toBe(200)
  })
})

test('it listens on 127.0.0.1 only', async () => {
  await expect(fetch(`http://127.0.0.2:${new URL(sandbox.url).port}/`)).rejects.toThrow()
})

test('a port that is taken rejects', async () => {
  await expect(startSandbox({port: Number(new URL(sandbox.url).port)})).rejects.toThrow(
    /^Port \d+ of 127\.0\.0\.1 is in use/,
  )
})

test('a region that does not exist rejects with the list', async () => {
  await expect(startSandbox({regions: ['us-south', 'mars']})).rejects.toThrow(
    /no region mars.*us-south, us-east.*in-mum/,
  )
})

test("a sandbox leaves the process's own Request and Response alone: a client in the process uses them", async () => {
  const another = await startSandbox()
  await clientOf(another)
  await another.close()
  expect(globalThis.Request).toBe(own.Request)
  expect(globalThis.Response).toBe(own.Response)
})
