// What IBM's documents and SDK say of single answers, which clients stumble over.
import {generateKeyPairSync} from 'node:crypto'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, read, requestToken, serverTwo} from './sandbox-client.ts'
import {checkAgainstContract} from './vpc-contract.ts'

let sandbox: Sandbox
let client: Client
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', transitionMs: 0})
  client = await clientOf(sandbox)
})
afterAll(() => sandbox.close())

const publicKeyOf = (type: string) => {
  const {x} = generateKeyPairSync('ed25519').publicKey.export({format: 'jwk'})
  const field = (data: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data])
  const blob = Buffer.concat([field(Buffer.from(type)), field(Buffer.from(x ?? '', 'base64url'))])
  return `${type} ${blob.toString('base64')}`
}

const post = (path: string, body: unknown) => client.send(path, {method: 'POST', body: JSON.stringify(body)})

test.each([
  ['2025-12-08', 'all'],
  ['2025-12-09', 'icmp_tcp_udp'],
  ['2026-03-24', 'icmp_tcp_udp'],
])('at version %s a security group lets everything out with the protocol %s', async (version, protocol) => {
  const ask = async (path: string) => {
    const url = `${sandbox.url}/v1/${path}?version=${version}&generation=2`
    return (await read(await fetch(url, {headers: {authorization: `Bearer ${client.token}`}}))).body
  }
  const [group] = (await ask('security_groups')).security_groups
  expect(group?.rules[0]).toMatchObject({direction: 'outbound', protocol})
  expect((await ask(`security_groups/${group?.id}`)).rules[0]).toEqual(group?.rules[0])
})

test.each([
  ['2026-04-06', undefined],
  ['2026-04-07', 2],
])('at version %s the list of instance profiles has the limit %s', async (version, limit) => {
  const url = `${sandbox.url}/v1/instance/profiles?version=${version}&generation=2&limit=2`
  const {body} = await read(await fetch(url, {headers: {authorization: `Bearer ${client.token}`}}))
  const {profiles, ...page} = body as unknown as {profiles: unknown[]; limit?: number}
  expect(page.limit).toBe(limit)
  expect(profiles).toHaveLength(limit ?? 8)
})

describe('a new name', () => {
  const patch = (path: string, body: unknown) => client.patch(path, body)

  test('of a key is kept, and goes with a reset', async () => {
    const {id} = (await client.send('/v1/keys')).body.keys[0]
    expect((await patch(`/v1/keys/${id}`, {name: 'renamed'})).body).toMatchObject({id, name: 'renamed'})
    expect((await patch(`/v1/keys/${id}`, {name: 'renamed'})).status).toBe(200)
    const taken = await post('/v1/keys', {name: 'renamed', public_key: publicKeyOf('ssh-ed25519')})
    expect(taken).toMatchObject({status: 400, body: {errors: [{code: 'validation_unique_failed'}]}})
    expect((await patch(`/v1/keys/${id}`, {public_key: 'x'})).body.errors[0].code).toBe('invalid_request_field')
    expect((await patch('/v1/keys/none', {name: 'x'})).status).toBe(404)
    await sandbox.reset()
    expect((await client.send(`/v1/keys/${id}`)).body.name).toBe('my-key')
  })

  test.each<[Record<string, unknown>, number, string]>([
    [{name: 'spare'}, 400, 'validation_unique_failed'],
    [{name: 'Not a name'}, 400, 'validation_invalid_name'],
    [{address: '192.0.2.1'}, 400, 'invalid_request_field'],
    [{target: {id: 'none'}}, 404, 'not_found'],
    // Of my-virtual-server-1, in another zone; of my-virtual-server-3, which has an address.
    [{target: 'my-virtual-server-1'}, 409, 'invalid_state'],
    [{target: 'my-virtual-server-3'}, 409, 'invalid_state'],
  ])('or target of a floating IP is refused: %j', async (body, status, code) => {
    const ips = (await client.send('/v1/floating_ips')).body.floating_ips
    const ip = ips.find(each => each.name === 'my-floating-ip-2')
    const {instances} = (await client.send('/v1/instances')).body
    const named = instances.find(each => each.name === body.target)
    const target = named && {id: named.primary_network_attachment.virtual_network_interface.id}
    const answer = await patch(`/v1/floating_ips/${ip?.id}`, {...body, ...(target && {target})})
    expect(answer).toMatchObject({status, body: {errors: [{code}]}})
    expect((await client.send(`/v1/floating_ips/${ip?.id}`)).body).toEqual(ip)
  })
})

describe('a public key', () => {
  const encoded = (type: string) => publicKeyOf(type).split(' ')[1] ?? ''

  test('is taken without its algorithm and comment', async () => {
    const key = encoded('ssh-ed25519')
    const {status, body} = await post('/v1/keys', {name: 'bare', public_key: key})
    expect(status).toBe(201)
    expect(body).toMatchObject({type: 'ed25519', length: 256, public_key: `ssh-ed25519 ${key}`})
    expect((await post('/v1/keys', {name: 'same', public_key: `ssh-ed25519 ${key} me@here`})).body.errors[0].code).toBe(
      'validation_unique_failed',
    )
  })

  test.each([
    [2048, 201],
    [3072, 400],
    [4096, 201],
  ])('of RSA with %i bits is %i', async (modulusLength, status) => {
    const field = (data: Buffer) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(data.length)
      return Buffer.concat([length, data])
    }
    // No more than its length is looked at, and a real one takes seconds to make.
    const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(modulusLength / 8, 0xff)])
    const blob = Buffer.concat([Buffer.from('ssh-rsa'), Buffer.from([1, 0, 1]), modulus].map(field))
    const answer = await post('/v1/keys', {public_key: `ssh-rsa ${blob.toString('base64')}`})
    expect(answer.status).toBe(status)
  })

  test.each(['', 'nonsense', encoded('ssh-dss'), 'ssh-ed25519'])('%s is none', async text => {
    expect((await post('/v1/keys', {public_key: text})).status).toBe(400)
  })
})

test.each([
  ['images', 'name=golden-web', 'name=none'],
  ['images', 'status=available', 'status=pending,failed'],
  ['images', 'status=deprecated,available', 'status=obsolete'],
  ['images', 'user_data_format=cloud_init', 'user_data_format=ipxe'],
  ['images', 'visibility=private', 'visibility=shared'],
  ['images', 'remote.account.id=null', 'remote.account.id=a1234567'],
  ['images', 'resource_group.id=6edefe513d934fdd872e78ee6a8e73ef', 'resource_group.id=none'],
  ['subnets', 'routing_table.name=default-routing-table', 'routing_table.name=none'],
  ['subnets', 'vpc.name=my-test-vpc', 'routing_table.id=none'],
] as const)('GET /%s?%s has rows, and with %s it has none', async (list, fits, none) => {
  const count = async (query: string) => (await client.send(`/v1/${list}?${query}`)).body.total_count
  expect(await count(fits)).toBeGreaterThan(0)
  expect(await count(none)).toBe(0)
})

test('subnets are found by the routing table that they name', async () => {
  const [subnet] = (await client.send('/v1/subnets')).body.subnets
  const {subnets} = (await client.send(`/v1/subnets?routing_table.id=${subnet.routing_table.id}`)).body
  expect(subnets).toHaveLength(3)
  expect(new Set(subnets.map(each => each.vpc.id))).toEqual(new Set([subnet.vpc.id]))
})

/** All links within a body that lead into the sandbox. */
function linksIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'href' && String(each).startsWith(sandbox.url) ? [String(each)] : linksIn(each),
  )
}

describe('what an answer links to', () => {
  const readAll = async (path: string) => {
    const links = new Set(linksIn((await client.send(path)).body))
    const answers = [...links].map(async link => {
      const {status, body} = await client.send(link.slice(sandbox.url.length))
      return {link, status, body}
    })
    return Promise.all(answers)
  }

  test.each(['eu-de', 'us-south', 'jp-tok', 'au-syd'])(
    'is there, or is said not to be simulated, in %s',
    async region => {
      const there: unknown[] = []
      for (const list of ['instances', 'bare_metal_servers', 'floating_ips', 'subnets', 'vpcs']) {
        for (const {link, status, body} of await readAll(`/${region}/v1/${list}`)) {
          expect([200, 501], link).toContain(status)
          if (status !== 200 || body.href === undefined) continue
          there.push(link)
          expect(body.href).toBe(link)
        }
      }
      expect(there.length).toBeGreaterThan(10)
    },
  )

  test('is there for all that a client follows: attachments, volumes, reserved IPs, interfaces', async () => {
    const paths =
      /\/(volume_attachments|volumes|reserved_ips|instances|subnets|vpcs|images|virtual_network_interfaces)\/[^/]+$/
    for (const list of ['/eu-de/v1/instances', '/au-syd/v1/instances', '/v1/bare_metal_servers', '/v1/floating_ips']) {
      const followed = (await readAll(list)).filter(({link}) => paths.test(link))
      expect(followed.length, list).toBeGreaterThan(2)
      for (const {link, status} of followed) expect({link, status}).toEqual({link, status: 200})
    }
  })

  test('says the same as what links to it', async () => {
    const [instance] = (await client.send('/eu-de/v1/instances')).body.instances
    const path = `/eu-de/v1/instances/${instance.id}/volume_attachments`
    const attachments = (await client.send(path)).body.volume_attachments
    expect(attachments).toMatchObject(instance.volume_attachments)
    for (const each of attachments) {
      checkAgainstContract('VolumeAttachment', each)
      const volume = (await client.send(`/eu-de/v1/volumes/${each.volume.id}`)).body
      expect(volume).toMatchObject({...each.volume, source_image: instance.image, zone: instance.zone})
      expect(volume.volume_attachments[0]).toMatchObject({id: each.id, instance: {id: instance.id}})
    }
    const {primary_ip: ip, subnet, virtual_network_interface: vni} = instance.primary_network_attachment
    const reserved = await client.send(`/eu-de/v1/subnets/${subnet.id}/reserved_ips/${ip.id}`)
    expect(reserved.body).toMatchObject({...ip, owner: 'user', target: vni})
    for (const none of [`${path}/none`, '/v1/volumes/none', `/eu-de/v1/subnets/${subnet.id}/reserved_ips/none`]) {
      expect((await client.send(none)).status).toBe(404)
    }
  })
})

describe('what is not simulated says so, and what is not there is not there', () => {
  test.each([
    ['GET', '/v1/load_balancers', 501],
    ['GET', '/v1/load_balancers/x/pools/y/members', 501],
    ['POST', '/eu-de/v1/instances/x/console_access_token', 501],
    ['POST', '/v1/instance/templates', 501],
    ['POST', '/v1/instances/x/reinitialize', 501],
    ['GET', '/v1/instances/x/software_attachments', 501],
    ['DELETE', '/v1/vpcs/x', 501],
    ['POST', '/v1/volumes', 501],
    ['GET', '/v1/load_balancers/x/pools/y/members/z/nothing', 404],
    ['GET', '/v1/nonsense', 404],
    ['GET', '/v1/instances/x/nonsense', 404],
  ])('%s %s is %i', async (method, path, status) => {
    const answer = await client.send(path, {method})
    const message = `The sandbox does not simulate ${method} ${path.replace(/^.*\/v1/, '')}.`
    expect(answer).toMatchObject({
      status,
      body: {errors: [status === 501 ? {code: 'not_implemented', message} : {code: 'invalid_route'}]},
    })
  })

  test.each([
    'urn:ibm:params:oauth:grant-type:delegated-refresh-token',
    'urn:ibm:params:oauth:grant-type:derive',
    'urn:ibm:params:oauth:grant-type:iam-authz',
    'urn:ibm:params:oauth:grant-type:identity-cookie',
    'urn:ibm:params:oauth:grant-type:passcode',
    'authorization_code',
    'password',
    'refresh_token',
  ])('the grant type %s', async grant => {
    const body = new URLSearchParams({grant_type: grant, access_token: 'x', apikey: sandbox.apiKey})
    const answer = await read(await fetch(`${sandbox.url}/identity/token`, {method: 'POST', body}))
    const errorMessage = `The sandbox does not simulate the grant type ${grant}.`
    expect(answer).toMatchObject({status: 501, body: {errorCode: 'not_implemented', errorMessage}})
  })

  test.each(['delegated_refresh_token', 'ims_portal'])('the response type %s', async type => {
    const grant_type = 'urn:ibm:params:oauth:grant-type:apikey'
    const body = new URLSearchParams({grant_type, apikey: sandbox.apiKey, response_type: type})
    const answer = await read(await fetch(`${sandbox.url}/identity/token`, {method: 'POST', body}))
    const errorMessage = `The sandbox does not simulate the response type ${type}.`
    expect(answer).toMatchObject({status: 501, body: {errorCode: 'not_implemented', errorMessage}})
  })

  test.each(['/v1/sessions/x', '/v1/profiles/x/links', '/v1/apikeys', '/v2/policies', '/identity/keys'])(
    'IAM: %s',
    async path => {
      const answer = await read(await fetch(`${sandbox.url}${path}`))
      expect(answer.status).toBe(501)
      expect(answer.body).toMatchObject({errorMessage: `The sandbox does not simulate GET ${path} of IAM.`})
      expect((await requestToken(sandbox.url, sandbox.apiKey)).status).toBe(200)
    },
  )
})

describe('DELETE', () => {
  const remove = (path: string, headers: Record<string, string> = {}) => client.send(path, {method: 'DELETE', headers})
  const status = async (path: string) => (await client.send(path)).status

  test('an instance is gone, its floating IP stays and is free for another', async () => {
    const [{id, zone}] = (await client.send('/eu-de/v1/instances?name=web-1')).body.instances
    const path = `/eu-de/v1/instances/${id}`
    const [ip] = (await client.send('/eu-de/v1/floating_ips')).body.floating_ips
    expect(ip.target).toMatchObject({id: expect.any(String)})
    expect((await remove(path, {'if-match': 'W/"other"'})).status).toBe(412)
    expect(await status(path)).toBe(200)
    expect(await remove(path)).toMatchObject({status: 204, body: {text: ''}})
    expect(await status(path)).toBe(404)
    expect((await remove(path)).status).toBe(404)
    expect((await client.send(`/eu-de/v1/instances?name=web-1`)).body.total_count).toBe(0)
    const freed = (await client.send(`/eu-de/v1/floating_ips/${ip.id}`)).body
    expect(freed).toMatchObject({address: ip.address, zone})
    expect(freed.target).toBeUndefined()
    const made = await sandbox.fleet.add({name: 'other', zone: freed.zone.name})
    const {primary_network_attachment: attachment} = (await client.send(`/eu-de/v1/instances/${made.id}`)).body
    const bind = `/eu-de/v1/virtual_network_interfaces/${attachment.virtual_network_interface.id}/floating_ips/${ip.id}`
    expect((await client.send(bind, {method: 'PUT'})).status).toBe(201)
    expect((await remove(bind)).status).toBe(204)
    expect((await client.send(`/eu-de/v1/floating_ips/${ip.id}`)).body.target).toBeUndefined()
    expect((await remove(bind)).status).toBe(404)
  })

  test('a floating IP is released, whether it was there or reserved, and its address is not given again', async () => {
    const reserve = async () => (await post('/v1/floating_ips', {zone: {name: 'us-south-1'}})).body
    const made = await reserve()
    const [first] = (await client.send('/v1/floating_ips')).body.floating_ips
    for (const {id} of [made, first]) {
      expect((await remove(`/v1/floating_ips/${id}`)).status).toBe(204)
      expect(await status(`/v1/floating_ips/${id}`)).toBe(404)
      expect((await remove(`/v1/floating_ips/${id}`)).status).toBe(404)
    }
    expect((await reserve()).address).not.toBe(made.address)
  })

  test('a key is gone, also from the instances that were made with it, and may come again', async () => {
    const [key] = (await client.send('/v1/keys')).body.keys
    const initialization = `/v1/instances/${serverTwo}/initialization`
    expect((await client.send(initialization)).body.keys.map(each => each.id)).toEqual([key.id])
    expect((await remove(`/v1/keys/${key.id}`)).status).toBe(204)
    expect(await status(`/v1/keys/${key.id}`)).toBe(404)
    expect((await remove(`/v1/keys/${key.id}`)).status).toBe(404)
    expect((await client.send(initialization)).body.keys).toEqual([])
    const again = await post('/v1/keys', {name: key.name, public_key: key.public_key})
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(key.id)
    expect(again.body.fingerprint).toBe(key.fingerprint)
  })
})
