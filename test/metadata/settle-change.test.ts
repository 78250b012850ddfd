import {beforeEach, describe, expect, it} from 'vitest'
import type {VpcApi} from '../../src/cloud/vpc-api.ts'
import type {PlannedChange} from '../../src/metadata/plan.ts'
import {checkChange, type SettleOptions, settleChange} from '../../src/metadata/settle-change.ts'
import type {Fault, Fleet} from '../../src/sandbox/index.ts'
import type {Oddity} from '../support/odd-cloud.ts'
import {changesOf} from '../support/planned-change.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const off = {enabled: false, protocol: 'http', response_hop_limit: 1}
const on = {enabled: true, protocol: 'https', response_hop_limit: 1}
const set = {enabled: true, protocol: 'https' as const}

let test: TestCloud
let api: VpcApi
let sent: number

beforeEach(async () => {
  test = await startTestCloud({}, {timeoutMs: 1000})
  api = await apiOf(test)
  sent = 0
  test.requests.length = 0
})

async function apiOf({cloud}: Pick<TestCloud, 'cloud'>): Promise<VpcApi> {
  return cloud.api(await cloud.region({region: 'us-south'}), 'rollout')
}

function change(more: Partial<PlannedChange> = {}): PlannedChange {
  const [only] = changesOf(test.sandbox, set, [id])
  if (!only) throw new Error('the sandbox has no such instance')
  return {...only, ...more}
}

const settle = (planned: PlannedChange, more: Partial<SettleOptions> = {}) =>
  settleChange(planned, {
    api,
    mustLook: async () => false,
    checkTags: async () => undefined,
    indeterminate: false,
    ended: new AbortController().signal,
    sending: async () => {
      sent++
    },
    sleep: async () => undefined,
    ...more,
  })
const asked = () => test.requests.filter(({path}) => path.includes('/instances')).map(({method}) => method)
const present = () => test.sandbox.fleet.get(id)?.metadata_service
const fault = (kind: Fault['kind'], more: Partial<Fault> = {}) =>
  test.sandbox.faults.push({kind, count: 1, method: 'PATCH', ...more})

describe('a change', () => {
  it('is sent once, and is changed as the answer shows', async () => {
    expect(await settle(change())).toEqual({result: 'changed', after: on, status: 'running'})
    expect({asked: asked(), sent, present: present()}).toEqual({asked: ['PATCH'], sent: 1, present: on})
  })

  it.each(['running', 'stopped'])('tells the status that the server has by then: %s', async status => {
    const planned = change()
    await test.sandbox.fleet.change(id, {status})
    expect(await settle(planned)).toMatchObject({result: 'changed', status})
    expect(await settle(planned, {indeterminate: true})).toMatchObject({result: 'changed', status})
    expect(await checkChange(planned, api)).toMatchObject({result: 'changed', status})
  })

  it('of a bare metal server tells its status as well', async () => {
    const {fleet} = test.sandbox
    const server = fleet.bareMetalServers.list().find(each => each.region === 'us-south')
    if (!server) throw new Error('the sandbox has none in us-south')
    const planned = change({
      before: {enabled: server.metadata_service.enabled, protocol: server.metadata_service.protocol},
    })
    const bareMetal = {...planned, target: {...planned.target, kind: 'bare_metal_server' as const, id: server.id}}
    await fleet.bareMetalServers.change(server.id, {status: 'stopped'})
    const protocol = server.metadata_service.protocol === 'http' ? 'https' : 'http'
    expect(await settle({...bareMetal, set: {protocol}})).toMatchObject({result: 'changed', status: 'stopped'})
  })

  it('is not sent where another run has made it while it waited for its turn', async () => {
    const planned = change()
    await test.sandbox.fleet.change(id, {metadata_service: set})
    let asks = 0
    expect(await settle(planned, {mustLook: async () => asks++ > 0})).toEqual({result: 'unchanged', after: on})
    expect({asked: asked(), asks}).toEqual({asked: ['GET'], asks: 2})
  })

  it('goes with the ETag of its reading', async () => {
    const etag = test.sandbox.fleet.get(id)?.etag
    expect((await settle(change({etag}))).result).toBe('changed')
    expect(asked()).toEqual(['PATCH'])
  })

  it('that is there already is found so by a look, and not sent', async () => {
    await test.sandbox.fleet.change(id, {metadata_service: set})
    expect(await settle(change({before: off}), {mustLook: async () => true})).toEqual({result: 'unchanged', after: on})
    expect({asked: asked(), sent}).toEqual({asked: ['GET'], sent: 0})
  })

  it.each<[string, Parameters<Fleet['change']>[1]['metadata_service'], string]>([
    ['another hop limit', {response_hop_limit: 7}, 'off (http/7)'],
    ['the protocol of a service that is off', {protocol: 'https'}, 'off (https/1)'],
    ['half of it', {enabled: true}, 'http/1'],
  ])('of what is no longer as it was read (%s) is a conflict, and is left alone', async (_what, other, label) => {
    const planned = change()
    await test.sandbox.fleet.change(id, {metadata_service: other})
    const settled = await settle(planned, {mustLook: async () => true})
    expect(settled).toMatchObject({
      result: 'conflict',
      after: {...off, ...other},
      error: {message: expect.stringContaining(`is no longer off (http/1), as it was read before, but ${label}`)},
    })
    expect({asked: asked(), sent, present: present()}).toEqual({
      asked: ['GET'],
      sent: 0,
      present: {...off, ...other},
    })
  })

  it('of what has another ETag is a conflict where settings differ', async () => {
    const planned = change({etag: test.sandbox.fleet.get(id)?.etag})
    await test.sandbox.fleet.change(id, {metadata_service: {response_hop_limit: 9}})
    expect((await settle(planned)).result).toBe('conflict')
    expect(asked()).toEqual(['PATCH', 'GET'])
    expect(present()).toEqual({...off, response_hop_limit: 9})
  })

  it('of what has another ETag and another name only is made', async () => {
    const planned = change({etag: test.sandbox.fleet.get(id)?.etag})
    await test.sandbox.fleet.change(id, {name: 'renamed'})
    expect(await settle(planned)).toEqual({result: 'changed', after: on, status: 'running'})
    expect(asked()).toEqual(['PATCH', 'GET', 'PATCH'])
    expect(sent).toBe(1)
  })

  it('whose ETag never fits fails, and does not go on for ever', async () => {
    const wrong = {
      ...api,
      getInstance: async (params: {id: string}) => ({...(await api.getInstance(params)), etag: 'W/"never"'}),
    }
    const settled = await settle(change(), {api: wrong, mustLook: async () => true})
    expect(settled).toMatchObject({result: 'failed', error: {status: 412}})
    expect(settled.indeterminate).toBeUndefined()
    expect(present()).toEqual(off)
  })

  it('of an instance that is gone meanwhile has failed, without doubt', async () => {
    const planned = change()
    await test.sandbox.fleet.remove(id)
    for (const mustLook of [false, true]) {
      const settled = await settle(planned, {mustLook: async () => mustLook})
      expect(settled).toMatchObject({result: 'failed', error: {status: 404, trace: expect.any(String)}})
      expect(settled.indeterminate).toBeUndefined()
    }
    expect(asked()).toEqual(['PATCH', 'GET'])
  })

  it('that the API forbids has failed, with its reason and trace', async () => {
    fault('403')
    expect(await settle(change())).toMatchObject({
      result: 'failed',
      error: {code: 'not_authorized', trace: expect.any(String)},
    })
    expect(asked()).toEqual(['PATCH'])
  })
})

describe('a patch without an answer', () => {
  it('that was applied is seen by a look, and not sent again', async () => {
    fault('cut')
    expect(await settle(change())).toEqual({result: 'changed', after: on, status: 'running'})
    expect({asked: asked(), sent}).toEqual({asked: ['PATCH', 'GET'], sent: 1})
  })

  it.each(['reset', 'hang', '500', '502', '504'] as const)(
    'that was not applied (%s) is sent again after a look',
    async kind => {
      fault(kind)
      expect(await settle(change())).toEqual({result: 'changed', after: on, status: 'running'})
      expect(asked()).toEqual(['PATCH', 'GET', 'PATCH'])
      expect(present()).toEqual(on)
    },
  )

  it('that somebody made a conflict of meanwhile is left alone', async () => {
    fault('500')
    const settled = settle(change(), {
      sleep: async () => {
        await test.sandbox.fleet.change(id, {metadata_service: {response_hop_limit: 3}})
      },
    })
    expect((await settled).result).toBe('conflict')
    expect(asked()).toEqual(['PATCH', 'GET'])
  })

  it('each time is given up, in doubt', async () => {
    fault('500', {count: 99})
    expect(await settle(change())).toMatchObject({result: 'failed', indeterminate: true, error: {status: 500}})
    expect(asked().filter(method => method === 'PATCH')).toHaveLength(5)
  })

  it('of an earlier run is looked after first: it had been made, or is made now', async () => {
    const planned = change()
    expect(await settle(planned, {indeterminate: true})).toEqual({result: 'changed', after: on, status: 'running'})
    expect(await settle(planned, {indeterminate: true})).toEqual({result: 'changed', after: on, status: 'running'})
    expect(asked()).toEqual(['GET', 'PATCH', 'GET'])
  })

  it('stays in doubt where the look fails', async () => {
    fault('reset')
    fault('500', {method: 'GET', count: 99})
    expect(await settle(change())).toMatchObject({result: 'failed', indeterminate: true, error: {status: 500}})
  })
})

describe('an API that is overloaded', () => {
  it.each(['429', '503'] as const)('is waited for as long as it says: %s twenty times is no failure', async kind => {
    fault(kind, {count: 20, retryAfter: '1'})
    expect(await settle(change())).toEqual({result: 'changed', after: on, status: 'running'})
    expect(present()).toEqual(on)
  })

  it('is not waited for beyond what it says, however often it says so', async () => {
    fault('503', {count: 60, retryAfter: '1'})
    let pauses = 0
    const sleep = async () => {
      pauses++
    }
    expect(await settle(change(), {sleep})).toMatchObject({result: 'changed', after: on})
    expect(pauses).toBe(0)
  })

  it('and does not say for how long is looked at for longer than the tries', async () => {
    fault('503', {method: 'GET', count: 6})
    expect((await settle(change(), {mustLook: async () => true})).result).toBe('changed')
  })

  it('every second time is no failure, though what comes after each look is refused', async () => {
    fault('503', {count: undefined, method: undefined, path: /instances/, share: 0.5})
    // The refusals are the second, the fourth and so on: a look before brings the patch to a refusal.
    expect(await settle(change(), {mustLook: async () => true})).toMatchObject({result: 'changed', after: on})
    expect(asked()).toEqual(['GET', 'PATCH', 'PATCH'])
  })

  it('a patch is sent again at once only where its ETag keeps it from being applied twice', async () => {
    fault('503', {count: 2})
    const planned = change({etag: test.sandbox.fleet.get(id)?.etag})
    expect(await settle(planned)).toMatchObject({result: 'changed'})
    expect(asked()).toEqual(['PATCH', 'PATCH', 'PATCH'])
  })

  it('and applies a patch all the same is found out by the ETag, and by a look', async () => {
    const planned = change({etag: test.sandbox.fleet.get(id)?.etag})
    let patches = 0
    const lying = {
      ...api,
      async updateInstance(params: Parameters<VpcApi['updateInstance']>[0]) {
        const answer = await api.updateInstance(params)
        if (++patches > 1) return answer
        fault('503')
        return api.updateInstance(params)
      },
    }
    expect(await settle(planned, {api: lying})).toEqual({result: 'changed', after: on, status: 'running'})
    // The one that was applied, its answer that was lost, the one that the ETag refuses, and the look.
    expect(asked()).toEqual(['PATCH', 'PATCH', 'PATCH', 'GET'])
  })

  it('a refusal after a doubt does not end the doubt', async () => {
    fault('503')
    fault('403', {count: 2})
    const planned = change({etag: test.sandbox.fleet.get(id)?.etag})
    expect(await settle(planned)).toMatchObject({result: 'failed', indeterminate: true, error: {status: 403}})
  })

  it('a look is as patient', async () => {
    fault('429', {method: 'GET', count: 30, retryAfter: '1'})
    expect((await settle(change(), {mustLook: async () => true})).result).toBe('changed')
  })
})

describe('what never left this machine is no doubt:', () => {
  it('a connection that is refused', async () => {
    const nowhere = {name: 'us-south', url: 'http://127.0.0.1:9/v1'}
    const settled = await settle(change(), {api: test.cloud.api(nowhere, 'rollout')})
    expect(settled).toMatchObject({result: 'failed', error: {code: 'connection_refused'}})
    expect(settled.indeterminate).toBeUndefined()
  })

  it('a token that IAM does not give', async () => {
    fault('401')
    test.sandbox.faults.push({kind: '403', path: /identity/})
    const settled = await settle(change())
    expect(settled).toMatchObject({
      result: 'failed',
      error: {message: expect.stringMatching(/^IAM at .* gave no token/)},
    })
    expect(settled.indeterminate).toBeUndefined()
    expect(present()).toEqual(off)
  })
})

describe('once the rollout has ended', () => {
  const ended = AbortSignal.abort()

  it('nothing is sent', async () => {
    expect(await settle(change(), {ended})).toEqual({result: 'skipped'})
    expect(await settle(change(), {ended, indeterminate: true})).toEqual({result: 'skipped', indeterminate: true})
    expect({asked: asked(), sent}).toEqual({asked: [], sent: 0})
  })

  it('what is under way is awaited, and counts', async () => {
    const end = new AbortController()
    // The server has made it by then, and its answer is on the way.
    test.requests.push = (...seen) => {
      end.abort()
      return Array.prototype.push.apply(test.requests, seen)
    }
    expect(await settle(change(), {ended: end.signal})).toMatchObject({result: 'changed', after: on})
    expect({isOver: end.signal.aborted, asked: asked(), present: present()}).toEqual({
      isOver: true,
      asked: ['PATCH'],
      present: on,
    })
  })

  it('a doubt that is left is told', async () => {
    fault('500', {count: 99})
    const end = new AbortController()
    const settled = await settle(change(), {
      ended: end.signal,
      sleep: async () => end.abort(),
    })
    expect(settled).toEqual({result: 'skipped', indeterminate: true})
  })

  it('a pause between two tries ends at once', async () => {
    fault('500', {count: 99})
    const end = new AbortController()
    const settled = await settle(change(), {
      ended: end.signal,
      sleep: (_ms, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          end.abort()
        }),
    })
    expect(settled).toEqual({result: 'skipped', indeterminate: true})
  })
})

describe('an API that says 200', () => {
  /** What is answered to this method shows that nothing was changed. */
  const deny = async (method: string) => {
    const change: Oddity['change'] = (asked, body) => {
      if ((method === 'any' || asked.method === method) && 'metadata_service' in body) body.metadata_service = off
    }
    api = await apiOf(await test.openBehind({change}))
  }

  it('and shows what was there before is looked at again, as an answer may lag behind', async () => {
    await deny('PATCH')
    expect(await settle(change())).toMatchObject({result: 'changed', after: {enabled: true}})
  })

  it('and shows for good what was there before has not changed it as asked, yet', async () => {
    await deny('any')
    expect(await settle(change())).toMatchObject({
      result: 'failed',
      after: off,
      indeterminate: true,
      error: {code: 'not_applied', message: expect.stringContaining('reported off (http/1)')},
    })
  })

  it('and shows what was asked, and something else afterwards, is found out by the second look', async () => {
    await deny('GET')
    const planned = change()
    expect((await settle(planned)).result).toBe('changed')
    expect(await checkChange(planned, api)).toMatchObject({result: 'failed', after: off, error: {code: 'not_applied'}})
  })

  it('and cannot be looked at afterwards is in doubt', async () => {
    const planned = change()
    await settle(planned)
    fault('500', {method: 'GET', count: 99})
    expect(await checkChange(planned, api)).toMatchObject({result: 'failed', indeterminate: true})
    test.sandbox.faults.length = 0
    expect(await checkChange(planned, api)).toEqual({result: 'changed', after: on, status: 'running'})
  })
})
