import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, serverTwo} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
let now = 0
const path = `/v1/instances/${serverTwo}`
beforeEach(async () => {
  now = Date.UTC(2026, 10, 24)
  sandbox = await startSandbox({clock: () => now, transitionMs: 2000})
  client = await clientOf(sandbox)
})
afterEach(() => sandbox.close())

const act = (body: unknown) => client.send(`${path}/actions`, {method: 'POST', body: JSON.stringify(body)})
const status = async () => (await client.send(path)).body.status

test('stop, start and reboot take their time by the clock', async () => {
  const stop = await act({type: 'stop'})
  expect(stop).toMatchObject({
    status: 201,
    body: {type: 'stop', status: 'pending', created_at: '2026-11-24T00:00:00.000Z'},
  })
  expect(await status()).toBe('stopping')
  now += 1999
  expect(await status()).toBe('stopping')
  now += 1
  const {body} = await client.send(path)
  expect(body.status).toBe('stopped')
  expect(body).not.toHaveProperty('numa_count')
  expect((await act({type: 'start'})).status).toBe(201)
  expect(await status()).toBe('starting')
  now += 2000
  expect(await status()).toBe('running')
  expect((await act({type: 'reboot', force: true})).body.force).toBe(true)
  expect(await status()).toBe('restarting')
  now += 2000
  expect(await status()).toBe('running')
})

test.each([
  ['start', 'running'],
  ['stop', 'stopped'],
  ['reboot', 'stopped'],
  ['stop', 'stopping'],
  ['start', 'starting'],
  ['stop', 'starting'],
  ['start', 'failed'],
  ['stop', 'pending'],
])('%s while %s is 409', async (type, from) => {
  await sandbox.fleet.change(serverTwo, {status: from})
  expect(await act({type})).toMatchObject({
    status: 409,
    body: {errors: [{code: 'invalid_state', target: {name: 'type', type: 'field', value: type}}]},
  })
  expect(await status()).toBe(from)
})

test('force breaks into a start under way', async () => {
  await sandbox.fleet.change(serverTwo, {status: 'starting'})
  expect((await act({type: 'stop', force: true})).status).toBe(201)
  expect(await status()).toBe('stopping')
})

test('force helps an instance that is stuck in stopping', async () => {
  await sandbox.fleet.change(serverTwo, {status: 'stopping'})
  expect((await act({type: 'stop', force: true})).status).toBe(201)
  now += 2000
  expect(await status()).toBe('stopped')
})

describe('an action that comes while another runs', () => {
  test('waits for it: one after the other, each for its time', async () => {
    expect((await act({type: 'stop'})).status).toBe(201)
    now += 500
    for (const type of ['start', 'reboot']) expect(await act({type})).toMatchObject({status: 201, body: {type}})
    const seen: string[] = []
    for (let passed = 0; passed < 4; passed++) {
      seen.push(await status())
      now += 1499
      seen.push(await status())
      now += 501
    }
    expect(seen).toEqual([
      ...['stopping', 'stopping', 'starting', 'starting', 'restarting', 'restarting', 'running', 'running'],
    ])
  })

  test('is refused where those before it lead to a status that it does not fit', async () => {
    await act({type: 'stop'})
    expect((await act({type: 'stop'})).status).toBe(409)
    expect((await act({type: 'reboot'})).status).toBe(409)
    await act({type: 'start'})
    expect((await act({type: 'start'})).status).toBe(409)
    now += 4000
    expect(await status()).toBe('running')
  })

  test('is forgotten where a forced one comes, which is carried out at once', async () => {
    await act({type: 'reboot'})
    await act({type: 'stop'})
    await act({type: 'start'})
    now += 100
    expect((await act({type: 'stop', force: true})).status).toBe(201)
    expect(await status()).toBe('stopping')
    now += 2000
    expect(await status()).toBe('stopped')
    now += 10_000
    expect(await status()).toBe('stopped')
  })

  test('force does not hurry a start', async () => {
    await act({type: 'stop'})
    expect((await act({type: 'start', force: true})).status).toBe(201)
    expect(await status()).toBe('stopping')
    now += 2000
    expect(await status()).toBe('starting')
  })

  test('and fails leaves the reasons of its failure, when it is over', async () => {
    await sandbox.fleet.failStarts(serverTwo)
    await act({type: 'stop'})
    await act({type: 'start'})
    expect((await client.send(path)).body.status_reasons).toEqual([])
    now += 4000
    expect((await client.send(path)).body).toMatchObject({
      status: 'failed',
      status_reasons: [{code: 'cannot_start_capacity'}],
    })
  })

  test('counts as one downtime with the stop before it', async () => {
    const from = now
    await act({type: 'stop'})
    await act({type: 'start'})
    expect(sandbox.fleet.downtimes()).toMatchObject([{id: serverTwo, from, to: from + 4000}])
  })
})

test.each([
  [{}, 'validation_required_field', 'type'],
  [{type: 'dance'}, 'validation_enum', 'type'],
  [{type: 1}, 'validation_invalid_field_type', 'type'],
  [{type: 'stop', force: 'yes'}, 'validation_invalid_field_type', 'force'],
  [{type: 'stop', now: true}, 'invalid_request_field', 'now'],
])('%j is 400 %s', async (body, code, name) => {
  expect(await act(body)).toMatchObject({status: 400, body: {errors: [{code, target: {name, type: 'field'}}]}})
  expect(await status()).toBe('running')
})

test('an action on nobody is 404', async () => {
  const answer = await client.send('/v1/instances/nothing/actions', {method: 'POST', body: '{"type":"stop"}'})
  expect(answer.status).toBe(404)
})

test('what is below an instance is found, and 404 where it is not', async () => {
  const {body} = await client.send(path)
  const attachments = (await client.send(`${path}/network_attachments`)).body.network_attachments
  expect(attachments[0]).toMatchObject({...body.network_attachments[0], type: 'primary'})
  expect((await client.send(`${path}/network_attachments/${attachments[0].id}`)).body).toEqual(attachments[0])
  const interfaces = (await client.send(`${path}/network_interfaces`)).body.network_interfaces
  expect(interfaces[0].floating_ips[0].address).toBe('169.47.94.48')
  expect((await client.send(`${path}/network_interfaces/${interfaces[0].id}`)).body).toEqual(interfaces[0])
  for (const below of ['network_attachments/x', 'network_interfaces/x']) {
    expect((await client.send(`${path}/${below}`)).status).toBe(404)
  }
  expect((await client.send('/v1/instances/x/initialization')).status).toBe(404)
})

test('initialization has keys, for some a trusted profile, for Windows a password', async () => {
  const of = async (region: string, name: string) => {
    const {id} = (await client.send(`/${region}/v1/instances?name=${name}`)).body.instances[0]
    return (await client.send(`/${region}/v1/instances/${id}/initialization`)).body
  }
  expect(Object.keys(await of('us-south', 'my-virtual-server-1'))).toEqual(['keys'])
  expect(await of('eu-de', 'web-1')).toHaveProperty('default_trusted_profile.target.crn')
  const windows = await of('jp-tok', 'batch-1')
  expect(windows.password.encryption_key.fingerprint).toBe(windows.keys[0].fingerprint)
})
