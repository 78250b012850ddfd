import {createHash} from 'node:crypto'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {Inside} from './metadata-client.ts'
import {type Body, type Client, clientOf} from './sandbox-client.ts'

let sandbox: Sandbox
let vpc: Client
beforeAll(async () => {
  sandbox = await startSandbox()
  // Every instance of the default fleet is to be looked at from within.
  for (const {id} of sandbox.fleet.list()) await sandbox.fleet.change(id, {metadata_service: {enabled: true}})
  vpc = await clientOf(sandbox)
})
afterAll(() => sandbox.close())

/** A body of the VPC API without what the metadata service leaves out. */
function withoutLinks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLinks)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'href' && name !== 'resource_group')
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutLinks(each)]))
}

const names = [
  'my-virtual-server-1',
  'my-virtual-server-2',
  'eu-de/web-1',
  'web-2',
  'jp-tok/web-1',
  'batch-1',
  'train-1',
  'build-1',
]

describe.each(names)('%s, seen from within and from without', name => {
  const both = async () => {
    const inside = await Inside.of(sandbox, name)
    const {id, region} = inside.address
    return {inside, outside: `/${region}/v1/instances/${id}`}
  }

  test('is the same instance', async () => {
    const {inside, outside} = await both()
    const {software_attachments, ...instance} = (await inside.get('instance')).body
    const {body} = await vpc.send(outside)
    const withAddress = ({primary_ip: ip, href, ...rest}: Body) =>
      withoutLinks({...rest, primary_ipv4_address: ip.address})
    expect(instance).toEqual({
      ...(withoutLinks(body) as object),
      network_interfaces: body.network_interfaces.map(withAddress),
      primary_network_interface: withAddress(body.primary_network_interface),
      resource_group: {id: body.resource_group.id, name: body.resource_group.name},
      threads_per_core: 2,
    })
    expect(software_attachments).toHaveLength(name === 'train-1' ? 1 : 0)
  })

  test('was made with the same keys, profile and password', async () => {
    const {inside, outside} = await both()
    const {user_data, keys, ...rest} = (await inside.get('instance/initialization')).body
    const body = withoutLinks((await vpc.send(`${outside}/initialization`)).body) as typeof rest
    const {keys: outsideKeys, ...outsideRest} = body
    expect(rest).toEqual(outsideRest)
    expect(keys.map(({resource_type, ...key}) => key)).toEqual(outsideKeys)
    const asKeys = (await inside.get('keys')).body.keys
    expect(asKeys.map(each => each.id)).toEqual(keys.map(each => each.id))
    for (const {resource_type, ...key} of asKeys) {
      const path = `/${inside.address.region}/v1/keys/${key.id}`
      expect(key).toEqual(withoutLinks((await vpc.send(path)).body))
    }
    expect(user_data === undefined).toBe(!['my-virtual-server-2', 'eu-de/web-1'].includes(name))
  })

  test('has the same interfaces and attachments', async () => {
    const {inside, outside} = await both()
    for (const list of ['network_attachments', 'network_interfaces'] as const) {
      const seen = (await inside.get(`instance/${list}`)).body[list] as Record<string, unknown>[]
      const rows = withoutLinks((await vpc.send(`${outside}/${list}`)).body[list])
      expect(seen.map(({primary_ipv4_address, ...each}) => each)).toEqual(rows)
    }
    const {network_attachments: attachments} = (await vpc.send(outside)).body
    const interfaces = attachments.map(async each => {
      const path = `/${inside.address.region}/v1/virtual_network_interfaces/${each.virtual_network_interface.id}`
      return withoutLinks((await vpc.send(path)).body)
    })
    expect((await inside.get('virtual_network_interfaces')).body.virtual_network_interfaces).toEqual(
      await Promise.all(interfaces),
    )
  })

  test('has each row of each list at its own path, and no other', async () => {
    const {inside} = await both()
    for (const path of [
      'instance/cluster_network_attachments',
      'instance/network_attachments',
      'instance/network_interfaces',
      'instance/software_attachments',
      'instance/volume_attachments',
      'keys',
      'placement_groups',
      'virtual_network_interfaces',
    ]) {
      const list = await inside.get(path)
      expect(list.status).toBe(200)
      for (const row of list.body[path.replace('instance/', '')] as {id: string}[]) {
        expect((await inside.get(`${path}/${row.id}`)).body).toEqual(row)
      }
      const missing = await inside.get(`${path}/none`)
      expect(missing.status).toBe(404)
      expect(missing.body.errors[0]).toMatchObject({code: 'not_found', target: {name: 'id', value: 'none'}})
    }
  })
})

test('what only some instances have is there', async () => {
  const rows = async (name: string, path: string) => {
    const list = (await (await Inside.of(sandbox, name)).get(path)).body[path.replace('instance/', '')]
    return list as Record<string, unknown>[]
  }
  expect(await rows('web-2', 'placement_groups')).toMatchObject([{name: 'spread-hosts', strategy: 'host_spread'}])
  expect(await rows('train-1', 'instance/cluster_network_attachments')).toMatchObject([
    {name: 'cluster-1', cluster_network_interface: {primary_ip: {address: '10.0.0.5'}}, lifecycle_state: 'stable'},
  ])
  expect(await rows('train-1', 'instance/software_attachments')).toMatchObject([
    {resource_type: 'instance_software_attachment', entitlement: {licensed_software: [{key: expect.any(String)}]}},
  ])
  expect(await rows('build-1', 'instance/volume_attachments')).toMatchObject([{type: 'boot', status: 'attached'}])
})

test('the fingerprint of a key is that of its public key', async () => {
  const [key] = (await (await Inside.of(sandbox, 'build-1')).get('keys')).body.keys
  const [type, blob] = String(key?.public_key).split(' ')
  expect(type).toBe(`ssh-${key?.type}`)
  const digest = createHash('sha256').update(Buffer.from(blob ?? '', 'base64'))
  expect(key?.fingerprint).toBe(`SHA256:${digest.digest('base64').replace(/=+$/, '')}`)
})

test('user data comes as it was given, whatever is in it', async () => {
  const noise = Buffer.from(Array.from({length: 48 * 1024}, (_, index) => (index * 7919 + (index >>> 8)) & 255))
  const given = {
    empty: '',
    // The API carries text: binary as its users send it is base64, here 64 KB of it.
    base64: noise.toString('base64'),
    'every-byte': Array.from({length: 65_536}, (_, index) => String.fromCharCode(index & 255)).join(''),
    hostile: 'Gr\u00fc\u00dfe \u{1f600} "quotes" $(id) `id` \\ \u001b[2J \r\n\u2028',
  }
  for (const [name, userData] of Object.entries(given)) {
    const {id} = await sandbox.fleet.add({name: `user-data-${name}`, userData, metadata_service: {enabled: true}})
    const {body} = await (await Inside.of(sandbox, id)).get('instance/initialization')
    expect(body.user_data === userData).toBe(true)
  }
})

test('lists that come in pages take a limit, others do not', async () => {
  const inside = await Inside.of(sandbox, 'web-2')
  const groups = (await inside.get('placement_groups', 'version=2025-08-26&limit=10')).body
  expect(groups).toMatchObject({limit: 10, total_count: 1})
  expect((await inside.get('placement_groups', 'version=2025-08-26&limit=0')).body.errors[0].code).toBe('invalid_value')
  expect((await inside.get('keys', 'version=2025-08-26&limit=10')).body.errors[0].code).toBe('unknown_field')
})

test('lists come in pages of the size that was asked for, each with the way to the next', async () => {
  const inside = await Inside.of(sandbox, 'eu-de/web-1')
  const list = 'virtual_network_interfaces'
  const whole = (await inside.get(list)).body
  expect(whole).not.toHaveProperty('next')
  const pageAt = async (more: string) => (await inside.get(list, `version=2025-08-26&limit=1${more}`)).body
  const first = (await pageAt('')) as object as {next: {href: string}}
  expect(first).toMatchObject({limit: 1, total_count: 2})
  const start = new URL(first.next.href).searchParams.get('start')
  const second = await pageAt(`&start=${start}`)
  expect(second).not.toHaveProperty('next')
  expect([first, second].flatMap(page => (page as Record<string, unknown>)[list])).toEqual(whole[list])
  expect((await pageAt('&start=zz')).errors[0]).toMatchObject({code: 'invalid_value', target: {name: 'start'}})
  const other = await inside.get('placement_groups', `version=2025-08-26&start=${start}`)
  expect(other.body.errors[0].code).toBe('invalid_value')
})

test('an instance that was created over the VPC API knows what it was created with', async () => {
  const ask = async (path: string) => (await vpc.send(`/v1/${path}`)).body
  const instance = (await ask('instances')).instances[0]
  const [key] = (await ask('keys')).keys
  const userData = '#!/bin/sh\necho "$(date)"\n'
  const profile = 'Profile-11111111-2222-4333-8444-555555555555'
  const made = await vpc.send('/v1/instances', {
    method: 'POST',
    body: JSON.stringify({
      name: 'next',
      image: {id: instance.image.id},
      profile: {name: 'cx2-2x4'},
      zone: {name: instance.zone.name},
      keys: [{id: key.id}],
      primary_network_attachment: {
        virtual_network_interface: {subnet: {id: instance.primary_network_attachment.subnet.id}},
      },
      user_data: userData,
      default_trusted_profile: {auto_link: true, target: {id: profile}},
      metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 64},
    }),
  })
  expect(made.status).toBe(201)
  const inside = await Inside.of(sandbox, made.body.id)
  expect((await inside.get('instance')).body).toMatchObject({
    name: 'next',
    profile: {name: 'cx2-2x4'},
    metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 64},
  })
  expect((await inside.get('instance/initialization')).body).toMatchObject({
    default_trusted_profile: {auto_link: true, target: {id: profile}},
    keys: [{id: key.id}],
    user_data: userData,
  })
  expect((await inside.post('/identity/v1/iam_tokens')).status).toBe(200)
})
