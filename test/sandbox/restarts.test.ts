import {setTimeout as wait} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {mostAtOnce} from '../support/downtimes.ts'
import {type Client, clientOf, serverTwo, withSandbox} from './sandbox-client.ts'

const serverOne = '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf'
const transitionMs = 2000
let sandbox: Sandbox
let client: Client
let now = 0
beforeEach(async () => {
  now = Date.UTC(2026, 10, 24)
  sandbox = await startSandbox({clock: () => now, transitionMs})
  client = await clientOf(sandbox)
})
afterEach(() => sandbox.close())

const act = (type: string, id = serverTwo, by = client) =>
  by.send(`/v1/instances/${id}/actions`, {method: 'POST', body: JSON.stringify({type})})
const read = async (id = serverTwo, by = client) => (await by.send(`/v1/instances/${id}`)).body
const actAndWait = async (type: string, id = serverTwo) => {
  expect((await act(type, id)).status).toBe(201)
  now += transitionMs
}

describe('a start that fails', () => {
  test('ends in failed for want of capacity, then a stop and a start help', async () => {
    await sandbox.fleet.failStarts(serverTwo)
    await actAndWait('stop')
    await act('start')
    expect(await read()).toMatchObject({status: 'starting', status_reasons: []})
    now += transitionMs
    expect(await read()).toMatchObject({
      status: 'failed',
      startable: false,
      status_reasons: [{code: 'cannot_start_capacity', message: expect.stringContaining('capacity')}],
    })
    expect(sandbox.fleet.get(serverTwo)?.status).toBe('failed')
    expect((await act('start')).status).toBe(409)
    await actAndWait('stop')
    expect(await read()).toMatchObject({status: 'stopped', status_reasons: []})
    await actAndWait('start')
    expect(await read()).toMatchObject({status: 'running', status_reasons: []})
  })

  test('can also end in stopped, as often as asked for', async () => {
    await sandbox.fleet.failStarts(serverTwo, 2, 'stopped')
    await actAndWait('stop')
    for (const _ of [1, 2]) {
      await actAndWait('start')
      expect(await read()).toMatchObject({status: 'stopped', status_reasons: [{code: 'cannot_start_capacity'}]})
    }
    await actAndWait('start')
    expect((await read()).status).toBe('running')
  })

  test('is no reboot, and leaves other instances and the ETag alone', async () => {
    const etag = sandbox.fleet.get(serverTwo)?.etag
    await sandbox.fleet.failStarts(serverTwo)
    await actAndWait('reboot')
    expect((await read()).status).toBe('running')
    await actAndWait('stop', serverOne)
    await actAndWait('start', serverOne)
    expect((await read(serverOne)).status).toBe('running')
    expect(sandbox.fleet.get(serverTwo)?.etag).toBe(etag)
    await expect(sandbox.fleet.failStarts('nothing')).rejects.toThrow('no instance nothing')
  })

  test.each([
    [{count: 2}, ['failed', 'failed', 'running', 'running']],
    [{share: 0.5}, ['running', 'failed', 'running', 'failed']],
    [{share: 1}, ['failed', 'failed', 'failed', 'failed']],
    [{count: 0}, ['running', 'running', 'running', 'running']],
  ])('of all starts: %j', async (failingStarts, expected) =>
    withSandbox({failingStarts, transitionMs: 0, instances: 4, regions: ['us-south']}, async other => {
      const ids = other.sandbox.fleet.list().map(each => each.id)
      for (const id of ids) {
        await other.sandbox.fleet.change(id, {status: 'stopped'})
        await act('start', id, other)
      }
      expect(await Promise.all(ids.map(async id => (await read(id, other)).status))).toEqual(expected)
    }),
  )
})

test('who was down when can be told afterwards', async () => {
  const began = now
  await actAndWait('stop')
  await act('stop', serverOne)
  await actAndWait('start')
  await actAndWait('start', serverOne)
  await act('reboot', serverOne)
  const vpc = sandbox.fleet.get(serverOne)?.vpc
  const common = {region: 'us-south', vpc}
  expect(sandbox.fleet.downtimes()).toEqual([
    {...common, id: serverTwo, name: 'my-virtual-server-2', from: began, to: began + 4000},
    {...common, id: serverOne, name: 'my-virtual-server-1', from: began + 2000, to: began + 6000},
    {...common, id: serverOne, name: 'my-virtual-server-1', from: began + 6000, to: began + 8000},
  ])
  expect(mostAtOnce(sandbox.fleet.downtimes())).toBe(2)
})

test('one that is not started again is down to this day, and so is one whose start fails', async () => {
  await sandbox.fleet.failStarts(serverTwo)
  await actAndWait('stop')
  await actAndWait('start')
  now += 1_000_000
  expect(sandbox.fleet.downtimes()).toMatchObject([{id: serverTwo, to: undefined}])
  const failed = now
  await actAndWait('stop')
  await actAndWait('start')
  expect(sandbox.fleet.downtimes()).toMatchObject([{from: failed - 1_000_000 - 4000, to: failed + 4000}])
  expect((await act('start')).status).toBe(409)
  expect(sandbox.fleet.downtimes()).toHaveLength(1)
})

test('by the real clock the statuses come one after the other', () =>
  withSandbox({transitionMs: 150}, async other => {
    const seen: string[] = []
    const watch = async (until: string) => {
      let status = ''
      while (status !== until) {
        status = (await read(serverTwo, other)).status
        if (seen.at(-1) !== status) seen.push(status)
        await wait(10)
      }
    }
    await act('stop', serverTwo, other)
    await watch('stopped')
    await act('start', serverTwo, other)
    await watch('running')
    expect(seen).toEqual(['stopping', 'stopped', 'starting', 'running'])
  }))
