import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {allPages, serverTwo, withSandbox} from './sandbox-client.ts'

allowSeconds(15, 'Thousands of requests are made while a fleet changes.')

let stateFolder: string
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'vpcmd-sandbox-'))
})
afterEach(() => rmSync(stateFolder, {recursive: true, force: true}))

const path = `/v1/instances/${serverTwo}`

test('an ETag changes with each change of settings or name, made over the API or behind the back, and with nothing else', () =>
  withSandbox({transitionMs: 0}, async ({sandbox: {fleet}, patch, send}) => {
    const etag = async () => (await send(path)).headers.get('etag')
    const seen = [await etag()]
    const changes = [
      () => patch(path, {metadata_service: {enabled: true}}),
      () => fleet.change(serverTwo, {metadata_service: {response_hop_limit: 2}}),
      () => patch(path, {name: 'renamed'}),
      () => fleet.change(serverTwo, {name: 'my-virtual-server-2'}),
      () => fleet.change(serverTwo, {metadata_service: {response_hop_limit: 1}}),
    ]
    for (const change of changes) {
      await change()
      seen.push(await etag())
      expect(fleet.get(serverTwo)?.etag).toBe(seen.at(-1))
    }
    expect(new Set(seen).size).toBe(changes.length + 1)
    await fleet.change(serverTwo, {status: 'stopped'})
    await fleet.change(serverTwo, {metadata_service: {response_hop_limit: 1}, name: 'my-virtual-server-2'})
    await send(`${path}/actions`, {method: 'POST', body: '{"type":"start"}'})
    expect(await etag()).toBe(seen.at(-1))
  }))

test('changes of every kind are there for the next sandbox, and seen by another at once', () =>
  withSandbox({stateFolder}, async one => {
    const ids = await withSandbox({stateFolder}, async two => {
      const [metal] = two.sandbox.fleet.bareMetalServers.list()
      const [template] = two.sandbox.fleet.templates.list()
      if (metal === undefined || template === undefined) throw new Error('The fleet lacks some.')
      await two.patch(`/v1/bare_metal_servers/${metal.id}`, {metadata_service: {enabled: true}})
      await two.patch(`/v1/instance/templates/${template.id}`, {name: 'renamed'})
      await two.sandbox.fleet.failStarts(serverTwo)
      const added = await two.sandbox.fleet.bareMetalServers.add({name: 'extra'})
      return {metal: metal.id, template: template.id, added: added.id}
    })
    const {fleet} = one.sandbox
    expect(fleet.bareMetalServers.get(ids.metal)?.metadata_service.enabled).toBe(true)
    expect(fleet.templates.get(ids.template)?.name).toBe('renamed')
    expect(fleet.bareMetalServers.get(ids.added)?.name).toBe('extra')
    await withSandbox({stateFolder, transitionMs: 0}, async ({send}) => {
      expect((await send(`/v1/bare_metal_servers/${ids.metal}`)).body.metadata_service.enabled).toBe(true)
      for (const type of ['stop', 'start']) {
        await send(`${path}/actions`, {method: 'POST', body: JSON.stringify({type})})
      }
      expect((await send(path)).body.status).toBe('failed')
    })
  }))

test('a state that knows of instances only is read as it is', async () => {
  await withSandbox({stateFolder}, async () => undefined)
  const file = join(stateFolder, 'state.json')
  const metadata = {enabled: true, protocol: 'http', response_hop_limit: 1}
  const older = {version: 2, secret: 'x', records: {instances: {changes: {[serverTwo]: {metadata}}, added: []}}}
  writeFileSync(file, JSON.stringify(older))
  await withSandbox({stateFolder}, async ({sandbox: {fleet}}) => {
    expect(fleet.get(serverTwo)?.metadata_service.enabled).toBe(true)
    expect(fleet.bareMetalServers.list()).toHaveLength(3)
  })
  const records = {...older.records, templates: {changes: [], added: 1}}
  writeFileSync(file, JSON.stringify({...older, records}))
  await expect(withSandbox({stateFolder}, async () => undefined)).rejects.toThrow('is not a state')
})

test('under load, what is changed, added and removed meanwhile is so in the next answer', () =>
  withSandbox({instances: 2000, vpcs: 4, regions: ['us-south']}, async client => {
    const {fleet} = client.sandbox
    const ids = fleet.list().map(each => each.id)
    const patches = ids.slice(0, 600).map(async (id, index) => {
      const hops = (index % 60) + 5
      const answer = await client.patch(`/v1/instances/${id}`, {metadata_service: {response_hop_limit: hops}})
      return answer.status === 200 && answer.body.metadata_service.response_hop_limit === hops
    })
    const meddling = ids.slice(600, 900).map(async (id, index) => {
      if (index % 3 === 0) await fleet.remove(id)
      else if (index % 3 === 1) await fleet.change(id, {name: `renamed-${index}`})
      else await fleet.add({name: `extra-${index}`})
    })
    expect((await Promise.all(patches)).every(Boolean)).toBe(true)
    await Promise.all(meddling)
    const {rows} = await allPages(client, '/v1/instances?limit=100', 'instances')
    expect(new Set(rows.map(each => each.id)).size).toBe(2000)
    expect(rows.map(each => each.name)).toEqual(
      expect.arrayContaining(['renamed-1', 'extra-2', 'renamed-298', 'extra-299']),
    )
    expect(rows.some(each => each.id === ids[600])).toBe(false)
    const found = (await client.send('/v1/instances?name=renamed-1')).body
    expect(found).toMatchObject({total_count: 1, instances: [{id: ids[601]}]})
  }))

test('a name that is given up is free, and one that was taken is not', () =>
  withSandbox({}, async ({sandbox: {fleet}, patch, send}) => {
    await patch(path, {name: 'other'})
    const one = fleet.list().find(each => each.name === 'my-virtual-server-1')
    expect((await patch(`/v1/instances/${one?.id}`, {name: 'other'})).status).toBe(400)
    expect((await patch(`/v1/instances/${one?.id}`, {name: 'my-virtual-server-2'})).status).toBe(200)
    await fleet.remove(serverTwo)
    expect((await patch(`/v1/instances/${one?.id}`, {name: 'other'})).status).toBe(200)
    expect((await send('/v1/instances?name=other')).body.total_count).toBe(1)
  }))

test('what is removed between two looks at a list is gone from the second, in the region and in the VPC', () =>
  withSandbox({}, async ({sandbox: {fleet}, send}) => {
    const vpc = fleet.get(serverTwo)?.vpc
    const counts = async () => [
      (await send('/v1/instances')).body.total_count,
      (await send(`/v1/instances?vpc.id=${vpc}`)).body.total_count,
      (await send('/v1/bare_metal_servers')).body.total_count,
      (await send('/v1/instance/templates')).body.total_count,
    ]
    expect(await counts()).toEqual([3, 3, 1, 2])
    await fleet.remove(serverTwo)
    for (const shelf of [fleet.bareMetalServers, fleet.templates]) await shelf.remove(shelf.list()[0]?.id ?? '')
    expect(await counts()).toEqual([2, 2, 0, 1])
  }))

test.runIf(process.platform === 'linux')(
  'a folder that can never be made, as in /proc, costs the changes and no more',
  async () => {
    await withSandbox({stateFolder: '/proc/nosuch/vpcmd/sandbox'}, async ({sandbox}) => {
      expect(sandbox.stateProblem).toContain('/proc/nosuch/vpcmd/sandbox')
    })
  },
)
