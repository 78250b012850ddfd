import {afterEach, beforeEach, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Body, type Client, clientOf, withSandbox} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
beforeEach(async () => {
  sandbox = await startSandbox()
  client = await clientOf(sandbox)
})
afterEach(() => sandbox.close())

const list = async (region = 'us-south'): Promise<Body> => (await client.send(`/${region}/v1/instance/templates`)).body
const pathOf = (name: string) => {
  const found = sandbox.fleet.templates.list().find(each => each.name === name)
  if (found === undefined) throw new Error(`There is no template ${name}.`)
  return `/${found.region}/v1/instance/templates/${found.id}`
}

test('each region has its own, with the metadata service as their makers named it', async () => {
  expect(await list()).toMatchObject({
    total_count: 2,
    templates: [
      {name: 'my-instance-template', metadata_service: {enabled: false, protocol: 'http', response_hop_limit: 1}},
      {name: 'hardened-template', metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 1}},
    ],
  })
  const [unnamed] = (await list('eu-de')).templates
  expect(unnamed).not.toHaveProperty('metadata_service')
  expect((await list('jp-tok')).templates[0].metadata_service).toEqual({enabled: true})
  expect(await list('in-mum')).toMatchObject({total_count: 0, templates: []})
})

test('one is read by its ID, and has no ETag', async () => {
  const [first] = (await list()).templates
  const {status, headers, body} = await client.send(pathOf('my-instance-template'))
  expect(status).toBe(200)
  expect(headers.has('etag')).toBe(false)
  expect(body).toEqual(first)
  expect(body).toMatchObject({zone: {name: 'us-south-1'}, profile: {name: 'bx2-2x8'}})
})

test('an unknown ID is 404, also in another region', async () => {
  const elsewhere = pathOf('my-instance-template').replace('us-south', 'eu-gb')
  for (const path of ['/v1/instance/templates/nothing', elsewhere]) {
    expect((await client.send(path)).status).toBe(404)
    expect((await client.patch(path, {name: 'x'})).status).toBe(404)
  }
})

test('a name is changed', async () => {
  const path = pathOf('my-instance-template')
  expect((await client.patch(path, {name: 'renamed'})).body.name).toBe('renamed')
  expect((await client.send(path)).body.name).toBe('renamed')
  expect((await client.patch(path, {name: 'renamed'})).status).toBe(200)
  expect((await client.patch(path, {})).status).toBe(200)
})

test.each([
  [{metadata_service: {enabled: true}}, 'invalid_request_field', 'metadata_service'],
  [{name: 'hardened-template'}, 'validation_unique_failed', 'name'],
  [{name: 'Big'}, 'validation_invalid_name', 'name'],
  [{name: null}, 'validation_invalid_field_type', 'name'],
])('%j is 400 %s and changes nothing', async (patch, code, name) => {
  const path = pathOf('my-instance-template')
  const before = (await client.send(path)).body
  expect(await client.patch(path, {name: 'renamed', ...patch})).toMatchObject({
    status: 400,
    body: {errors: [{code, target: {name, type: 'field'}}]},
  })
  expect((await client.send(path)).body).toEqual(before)
})

test('a generated fleet has one for every hundred instances, all of them in one answer unless a limit is asked for', () =>
  withSandbox({instances: 20_000, regions: ['us-south']}, async ({send}) => {
    const whole = (await send('/v1/instance/templates')).body
    expect(whole.total_count).toBe(200)
    expect(whole.templates).toHaveLength(200)
    expect(whole).not.toHaveProperty('next')
    const kinds = new Set(whole.templates.map(each => JSON.stringify(each.metadata_service)))
    expect(kinds.size).toBe(5)
    const part = (await send('/v1/instance/templates?limit=10')).body
    expect(part.templates).toHaveLength(10)
    expect(part.next.href).toContain('start=')
  }))

test('behind the back they are added, changed and removed', async () => {
  const {templates} = sandbox.fleet
  const added = await templates.add({name: '\u001b[31mred', region: 'eu-es', metadata_service: {enabled: true}})
  expect((await list('eu-es')).templates[0]).toMatchObject({name: '\u001b[31mred', metadata_service: {enabled: true}})
  await templates.change(added.id, {metadata_service: null, name: 'plain'})
  expect((await list('eu-es')).templates[0]).not.toHaveProperty('metadata_service')
  expect(templates.get(added.id)).toMatchObject({name: 'plain', metadata_service: null})
  await templates.remove(added.id)
  expect(await list('eu-es')).toMatchObject({total_count: 0})
  expect(templates.get(added.id)).toBeUndefined()
  await expect(templates.change('nothing', {})).rejects.toThrow('no instance template nothing')
})
