import {afterEach, beforeEach, expect, test} from 'vitest'
import {type BareMetalSummary, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allPages, type Client, clientOf, withSandbox} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
beforeEach(async () => {
  sandbox = await startSandbox()
  client = await clientOf(sandbox)
})
afterEach(() => sandbox.close())

const called = (name: string): BareMetalSummary & {path: string} => {
  const found = sandbox.fleet.bareMetalServers.list().find(each => each.name === name)
  if (found === undefined) throw new Error(`There is no bare metal server ${name}.`)
  return {...found, path: `/${found.region}/v1/bare_metal_servers/${found.id}`}
}
const settings = async (path: string) => (await client.send(path)).body.metadata_service

test('each region has its own, without hop limit and without ETag', async () => {
  const {body} = await client.send('/eu-de/v1/bare_metal_servers')
  expect(body).toMatchObject({total_count: 2, limit: 50})
  expect(body.bare_metal_servers.map(each => each.metadata_service)).toEqual([
    {enabled: true, protocol: 'https'},
    {enabled: true, protocol: 'http'},
  ])
  const one = await client.send(called('database-1').path)
  expect(one.body).toEqual(body.bare_metal_servers[0])
  expect(one.headers.has('etag')).toBe(false)
  expect(one.body.disks).toHaveLength(9)
  expect((await client.send('/in-mum/v1/bare_metal_servers')).body.bare_metal_servers).toEqual([])
})

test.each([
  ['name', 'database-2'],
  ['vpc.name', 'frankfurt-vpc'],
  ['vpc.id', 'nothing'],
  ['resource_group.id', '4bbce614c13444cd8fc5e7e878ef8e21'],
  ['reservation.name', 'x'],
])('the filter %s=%s', async (filter, value) => {
  const {total_count: count} = (await client.send(`/eu-de/v1/bare_metal_servers?${filter}=${value}`)).body
  const expected = {name: 1, 'vpc.name': 2, 'vpc.id': 0, 'resource_group.id': 2, 'reservation.name': 0}
  expect(count).toBe(Object.entries(expected).find(([each]) => each === filter)?.[1])
})

test('a patch changes what it names and leaves the rest', async () => {
  const {path} = called('my-bare-metal-server')
  const answer = await client.patch(path, {metadata_service: {enabled: true}})
  expect(answer).toMatchObject({status: 200, body: {metadata_service: {enabled: true, protocol: 'http'}}})
  await client.patch(path, {metadata_service: {protocol: 'https'}})
  expect(await settings(path)).toEqual({enabled: true, protocol: 'https'})
  await client.patch(path, {name: 'renamed'})
  expect((await client.send(path)).body).toMatchObject({name: 'renamed', metadata_service: {enabled: true}})
})

test.each([
  [{metadata_service: {response_hop_limit: 2}}, 'invalid_request_field', 'metadata_service.response_hop_limit'],
  [{metadata_service: {protocol: 'ftp'}}, 'validation_enum', 'metadata_service.protocol'],
  [{metadata_service: {enabled: 'yes'}}, 'validation_invalid_field_type', 'metadata_service.enabled'],
  [{metadata_service: null}, 'validation_invalid_field_type', 'metadata_service'],
  [{metadata: {}}, 'invalid_request_field', 'metadata'],
  [{name: 'database-2'}, 'validation_unique_failed', 'name'],
])('%j is 400 %s and changes nothing', async (patch, code, name) => {
  const {path} = called('database-1')
  const before = (await client.send(path)).body
  expect(await client.patch(path, {metadata_service: {enabled: false}, ...patch})).toMatchObject({
    status: 400,
    body: {errors: [{code, target: {name, type: 'field'}}]},
  })
  expect((await client.send(path)).body).toEqual(before)
})

test('what IBM knows and the sandbox does not simulate is 501', async () => {
  expect((await client.patch(called('database-1').path, {enable_secure_boot: true})).status).toBe(501)
})

test('one that is pending is not updated: 409; an unknown one is 404', async () => {
  const {id, path} = called('database-1')
  await sandbox.fleet.bareMetalServers.change(id, {status: 'pending'})
  expect((await client.patch(path, {metadata_service: {enabled: false}})).status).toBe(409)
  expect((await client.patch('/v1/bare_metal_servers/nothing', {})).status).toBe(404)
  expect((await client.send(path.replace('eu-de', 'us-south'))).status).toBe(404)
})

test('a generated fleet has one for every fifty instances, page by page and by VPC', () =>
  withSandbox({instances: 10_000, vpcs: 4, regions: ['us-south']}, async generated => {
    const {rows, pages} = await allPages(generated, '/v1/bare_metal_servers?limit=100', 'bare_metal_servers')
    expect(pages).toHaveLength(2)
    expect(new Set(rows.map(each => each.id)).size).toBe(200)
    expect(new Set(rows.map(each => JSON.stringify(each.metadata_service))).size).toBe(3)
    const {id} = rows[0]?.vpc ?? {}
    const inVpc = (await generated.send(`/v1/bare_metal_servers?vpc.id=${id}`)).body
    expect(inVpc.total_count).toBe(rows.filter(each => each.vpc.id === id).length)
  }))

test('behind the back they are added, changed and removed', async () => {
  const {bareMetalServers} = sandbox.fleet
  const added = await bareMetalServers.add({name: 'extra', region: 'eu-es', metadata_service: {enabled: true}})
  const path = `/eu-es/v1/bare_metal_servers/${added.id}`
  expect((await client.send(path)).body).toMatchObject({name: 'extra', metadata_service: {enabled: true}})
  await bareMetalServers.change(added.id, {metadata_service: {protocol: 'https'}, status: 'stopped'})
  expect((await client.send(path)).body).toMatchObject({
    status: 'stopped',
    metadata_service: {enabled: true, protocol: 'https'},
  })
  await bareMetalServers.remove(added.id)
  expect((await client.send(path)).status).toBe(404)
  await expect(bareMetalServers.remove(added.id)).rejects.toThrow(`no bare metal server ${added.id}`)
})
