import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, serverTwo} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
const path = `/v1/instances/${serverTwo}`
beforeEach(async () => {
  sandbox = await startSandbox()
  client = await clientOf(sandbox)
})
afterEach(() => sandbox.close())

const settings = async () => (await client.send(path)).body.metadata_service

test('a patch changes what it names and leaves the rest', async () => {
  const enabled = await client.patch(path, {metadata_service: {enabled: true}})
  expect(enabled.status).toBe(200)
  expect(enabled.body.metadata_service).toEqual({enabled: true, protocol: 'http', response_hop_limit: 1})
  await client.patch(path, {metadata_service: {protocol: 'https'}})
  await client.patch(path, {metadata_service: {response_hop_limit: 64}})
  expect(await settings()).toEqual({enabled: true, protocol: 'https', response_hop_limit: 64})
  await client.patch(path, {metadata_service: {enabled: false}})
  expect(await settings()).toEqual({enabled: false, protocol: 'https', response_hop_limit: 64})
})

test.each([{}, {metadata_service: {}}, {metadata_service: {enabled: false}}, {name: 'my-virtual-server-2'}])(
  '%j changes nothing: 200, and the ETag stays',
  async patch => {
    const before = await client.send(path)
    const after = await client.patch(path, patch)
    expect(after.status).toBe(200)
    expect(after.body).toEqual(before.body)
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'))
  },
)

test.each([
  ['merge patch', 'application/merge-patch+json'],
  ['JSON', 'application/json'],
  ['what curl -d says', 'application/x-www-form-urlencoded'],
])('the body is read as JSON whatever its type: %s', async (_what, type) => {
  const answer = await client.patch(path, {metadata_service: {enabled: true}}, {'content-type': type})
  expect(answer.body.metadata_service.enabled).toBe(true)
})

test('the body is read without any content type', async () => {
  const answer = await client.send(path, {
    method: 'PATCH',
    body: new Blob([JSON.stringify({metadata_service: {enabled: true}})]),
  })
  expect(answer.body.metadata_service.enabled).toBe(true)
})

const wrongType = 'validation_invalid_field_type'
test.each([
  [{metadata_service: {response_hop_limit: 0}}, 'validation_min_value', 'metadata_service.response_hop_limit', '0'],
  [{metadata_service: {response_hop_limit: -1}}, 'validation_min_value', 'metadata_service.response_hop_limit', '-1'],
  [{metadata_service: {response_hop_limit: 65}}, 'validation_max_value', 'metadata_service.response_hop_limit', '65'],
  [{metadata_service: {response_hop_limit: 1.5}}, wrongType, 'metadata_service.response_hop_limit', '1.5'],
  [{metadata_service: {response_hop_limit: '2'}}, wrongType, 'metadata_service.response_hop_limit', '2'],
  [{metadata_service: {response_hop_limit: null}}, wrongType, 'metadata_service.response_hop_limit', 'null'],
  [{metadata_service: {protocol: 'ftp'}}, 'validation_enum', 'metadata_service.protocol', 'ftp'],
  [{metadata_service: {protocol: 'HTTPS'}}, 'validation_enum', 'metadata_service.protocol', 'HTTPS'],
  [{metadata_service: {protocol: null}}, wrongType, 'metadata_service.protocol', 'null'],
  [{metadata_service: {enabled: 'yes'}}, wrongType, 'metadata_service.enabled', 'yes'],
  [{metadata_service: {enabled: 1}}, wrongType, 'metadata_service.enabled', '1'],
  [{metadata_service: {enabled: true, colour: 1}}, 'invalid_request_field', 'metadata_service.colour', undefined],
  [{metadata_service: null}, wrongType, 'metadata_service', 'null'],
  [{metadata_service: []}, wrongType, 'metadata_service', '[]'],
  [{metadata: {enabled: true}}, 'invalid_request_field', 'metadata', undefined],
  [{name: null}, wrongType, 'name', 'null'],
  [{name: ''}, 'validation_invalid_name', 'name', ''],
  [{name: 'Big'}, 'validation_invalid_name', 'name', 'Big'],
  [{name: '-a'}, 'validation_invalid_name', 'name', '-a'],
  [{name: 'a-'}, 'validation_invalid_name', 'name', 'a-'],
  [{name: 'a'.repeat(64)}, 'validation_invalid_name', 'name', 'a'.repeat(64)],
  [{name: 'my-virtual-server-1'}, 'validation_unique_failed', 'name', 'my-virtual-server-1'],
])('%j is 400 %s and changes nothing', async (patch, code, name, value) => {
  const before = await client.send(path)
  const {status, body} = await client.patch(path, {metadata_service: {enabled: true}, ...patch})
  expect(status).toBe(400)
  expect(body.errors).toHaveLength(1)
  expect(body.errors[0]).toMatchObject({code, message: expect.stringMatching(/./), target: {name, type: 'field'}})
  expect(body.errors[0].target.value).toBe(value)
  const after = await client.send(path)
  expect(after.body).toEqual(before.body)
  expect(after.headers.get('etag')).toBe(before.headers.get('etag'))
})

test('a field called __proto__ is unknown like any other', async () => {
  expect(await client.patch(path, '{"__proto__": {"name": "x"}}')).toMatchObject({
    status: 400,
    body: {errors: [{code: 'invalid_request_field'}]},
  })
})

test.each(['', 'nonsense', '[]', 'null', '"text"', '{"a":'])('a body that is no JSON object is 400: %j', async body => {
  expect(await client.patch(path, body)).toMatchObject({status: 400, body: {errors: [{code: 'validation_failure'}]}})
})

test('what IBM knows and the sandbox does not simulate is 501, never a silent success', async () => {
  expect(await client.patch(path, {enable_secure_boot: true})).toMatchObject({
    status: 501,
    body: {errors: [{code: 'not_implemented', target: {name: 'enable_secure_boot'}}]},
  })
})

test('a name is changed; one of another region is free', async () => {
  expect((await client.patch(path, {name: 'web-1'})).body.name).toBe('web-1')
  expect((await client.send('/v1/instances?name=web-1')).body.instances[0].id).toBe(serverTwo)
  expect((await client.send('/v1/instances?name=my-virtual-server-2')).body.total_count).toBe(0)
  expect((await client.patch(path, {name: 'a'.repeat(63)})).status).toBe(200)
})

describe('ETag and If-Match', () => {
  test('the ETag changes with each real change, also back and forth', async () => {
    const etags = new Set<string | null>()
    etags.add((await client.send(path)).headers.get('etag'))
    for (const enabled of [true, false, true]) {
      const answer = await client.patch(path, {metadata_service: {enabled}})
      etags.add(answer.headers.get('etag'))
      expect((await client.send(path)).headers.get('etag')).toBe(answer.headers.get('etag'))
    }
    expect(etags.size).toBe(4)
    expect([...etags].every(each => each?.startsWith('W/"'))).toBe(true)
  })

  test('a start or stop is no change of what can be changed: the ETag stays', async () => {
    const before = (await client.send(path)).headers.get('etag')
    await client.send(`${path}/actions`, {method: 'POST', body: '{"type":"stop"}'})
    expect((await client.send(path)).headers.get('etag')).toBe(before)
  })

  test('a fitting If-Match passes, an outdated one is 412 and changes nothing', async () => {
    const etag = (await client.send(path)).headers.get('etag') ?? ''
    const enable = {metadata_service: {enabled: true}}
    expect((await client.patch(path, enable, {'if-match': etag})).status).toBe(200)
    const late = await client.patch(path, {metadata_service: {enabled: false}}, {'if-match': etag})
    expect(late).toMatchObject({status: 412, body: {errors: [{target: {name: 'If-Match', type: 'header'}}]}})
    expect((await settings()).enabled).toBe(true)
    expect((await client.patch(path, enable, {'if-match': '*'})).status).toBe(200)
    expect((await client.patch(path, enable, {'if-match': 'W/"other", "another"'})).status).toBe(412)
  })
})

test('an unknown ID is 404, also in another region', async () => {
  for (const unknown of ['/v1/instances/nothing', `/eu-de/v1/instances/${serverTwo}`]) {
    expect(await client.send(unknown)).toMatchObject({status: 404, body: {errors: [{code: 'not_found'}]}})
    expect((await client.patch(unknown, {})).status).toBe(404)
  }
})

test('one deleted behind the back is gone from get, patch and list', async () => {
  await sandbox.fleet.remove(serverTwo)
  expect((await client.send(path)).status).toBe(404)
  expect((await client.patch(path, {})).status).toBe(404)
  expect((await client.send('/v1/instances')).body.total_count).toBe(2)
})

test.each(['pending', 'deleting'])('an instance that is %s is not updated: 409', async status => {
  await sandbox.fleet.change(serverTwo, {status})
  expect(await client.patch(path, {metadata_service: {enabled: true}})).toMatchObject({
    status: 409,
    body: {errors: [{code: 'invalid_state'}]},
  })
})

test('a name with anything in it comes out as it is', async () => {
  const name = '\u001b[31mred\u001b[0m\n\u202eevil "quoted" $(rm) ü'
  const {id} = await sandbox.fleet.add({name, region: 'eu-es', metadata_service: {enabled: true}})
  const {body} = await client.send(`/eu-es/v1/instances/${id}`)
  expect(body).toMatchObject({name, metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 1}})
  expect((await client.send(`/eu-es/v1/instances?name=${encodeURIComponent(name)}`)).body.total_count).toBe(1)
})
