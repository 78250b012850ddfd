// What IBM's documents and SDK say of single answers, which clients stumble over.
import {generateKeyPairSync} from 'node:crypto'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Client, clientOf, read} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
beforeAll(async () => {
  sandbox = await startSandbox({transitionMs: 0})
  client = await clientOf(sandbox)
})
afterAll(() => sandbox.close())

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

describe('a public key', () => {
  const encoded = (type: string) => {
    const {x} = generateKeyPairSync('ed25519').publicKey.export({format: 'jwk'})
    const field = (data: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data])
    return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(x ?? '', 'base64url'))]).toString('base64')
  }

  test('is taken without its algorithm and comment', async () => {
    const key = encoded('ssh-ed25519')
    const {status, body} = await post('/v1/keys', {name: 'bare', public_key: key})
    expect(status).toBe(201)
    expect(body).toMatchObject({type: 'ed25519', length: 256, public_key: `ssh-ed25519 ${key}`})
    expect((await post('/v1/keys', {name: 'same', public_key: `ssh-ed25519 ${key} me@here`})).body.errors[0].code).toBe(
      'validation_unique_failed',
    )
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
