import {beforeEach, expect, test} from 'vitest'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let cloud: TestCloud
beforeEach(async () => {
  cloud = await startTestCloud({transitionMs: 0})
})

const apiOf = async (region: string) => cloud.cloud.api(await cloud.cloud.region({region}))

test('templates are listed, whole', async () => {
  const {result} = await (await apiOf('us-south')).listInstanceTemplates()
  expect(result.rows.map(({name}) => name)).toEqual(['my-instance-template', 'hardened-template'])
  expect(result.next).toBeUndefined()
})

test('bare metal servers are listed by page, read and updated, without ETag', async () => {
  const api = await apiOf('eu-de')
  const first = (await api.listBareMetalServers({limit: 1})).result
  const second = (await api.listBareMetalServers({limit: 1, start: first.next})).result
  expect(second.next).toBeUndefined()
  const [server] = second.rows
  const id = server?.id ?? ''
  const updated = await api.updateBareMetalServer({id, metadataService: {protocol: 'https'}})
  expect(updated.result.settings).toEqual({enabled: true, protocol: 'https'})
  const read = await api.getBareMetalServer({id})
  expect(read.result).toEqual(updated.result)
  expect(read.etag).toBeUndefined()
})

test('an instance is stopped and started, and its failed start is seen', async () => {
  const api = await apiOf('eu-de')
  const [instance] = (await api.listInstances({name: 'web-1'})).result.rows
  const id = instance?.id ?? ''
  await cloud.sandbox.fleet.failStarts(id)
  const statuses: (string | undefined)[] = []
  for (const type of ['stop', 'start', 'stop', 'start'] as const) {
    await api.createInstanceAction({instanceId: id, type})
    statuses.push((await api.getInstance({id})).result.status)
  }
  expect(statuses).toEqual(['stopped', 'failed', 'stopped', 'running'])
})
