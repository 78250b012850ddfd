import {constants, generateKeyPairSync, privateDecrypt} from 'node:crypto'
import {describe, expect, test} from 'vitest'
import {type Answer, type Body, type Client, withSandbox} from './sandbox-client.ts'
import {checkAgainstContract} from './vpc-contract.ts'

const json = (body: unknown, method = 'POST') => ({
  method,
  body: JSON.stringify(body),
  headers: {'content-type': 'application/json'},
})

interface Parts {
  image: string
  windows: string
  subnet: string
  groups: string[]
  key: string
}

async function partsOf(client: Client): Promise<Parts> {
  const ask = async (path: string) => (await client.send(`/v1/${path}`)).body
  const {images} = await ask('images')
  const {subnets} = await ask('subnets?zone.name=us-south-1')
  const imageWith = (text: string) => images.find(each => each.name.includes(text))?.id ?? ''
  return {
    image: imageWith('ubuntu-24-04-6'),
    windows: imageWith('windows'),
    subnet: subnets[0].id,
    groups: (await ask('security_groups')).security_groups.map(each => each.id),
    key: (await ask('keys')).keys[0].id,
  }
}

const prototype = (parts: Parts, more: object = {}) => ({
  name: 'next',
  image: {id: parts.image},
  profile: {name: 'bx2-4x16'},
  zone: {name: 'us-south-1'},
  keys: [{id: parts.key}],
  primary_network_attachment: {
    virtual_network_interface: {subnet: {id: parts.subnet}, security_groups: [{id: parts.groups[1]}]},
  },
  ...more,
})

const targetOf = ({status, body}: Answer) => {
  const {code, target} = body.errors[0]
  return [status, code, target?.name]
}

describe('POST /instances', () => {
  test('makes an instance of what it is given, which starts, and is in every answer valid by the contract', () =>
    withSandbox({transitionMs: 0}, async client => {
      const parts = await partsOf(client)
      const profile = 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'
      const made = await client.send(
        '/v1/instances',
        json(
          prototype(parts, {
            user_data: '#cloud-config\n',
            metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 3},
            default_trusted_profile: {auto_link: false, target: {id: profile}},
            enable_secure_boot: true,
          }),
        ),
      )
      expect(made.status).toBe(201)
      const {body} = made
      checkAgainstContract('Instance', body)
      expect(body).toMatchObject({
        name: 'next',
        status: 'running',
        profile: {name: 'bx2-4x16'},
        image: {id: parts.image},
        zone: {name: 'us-south-1'},
        vpc: {name: 'my-test-vpc'},
        enable_secure_boot: true,
        metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 3},
        primary_network_attachment: {subnet: {id: parts.subnet}},
      })
      // Beside my-virtual-server-1, which has 10.240.0.6.
      expect(body.primary_network_interface.primary_ip.address).toBe('10.240.0.4')
      expect((await client.send(`/v1/instances/${body.id}`)).body).toEqual(body)
      const initialization = (await client.send(`/v1/instances/${body.id}/initialization`)).body
      checkAgainstContract('InstanceInitialization', initialization)
      expect(initialization).toMatchObject({
        keys: [{id: parts.key}],
        default_trusted_profile: {auto_link: false, target: {id: profile}},
      })
      expect(JSON.stringify(initialization)).not.toContain('cloud-config')
      const vni = body.primary_network_attachment.virtual_network_interface.id
      const seen = (await client.send(`/v1/virtual_network_interfaces/${vni}`)).body
      checkAgainstContract('VirtualNetworkInterface', seen)
      expect(seen).toMatchObject({security_groups: [{id: parts.groups[1], name: 'allow-ssh'}]})
    }))

  test('gives back what it is given beside that, under the same names', () =>
    withSandbox({transitionMs: 0}, async client => {
      const parts = await partsOf(client)
      const given = {
        confidential_compute_mode: 'tdx',
        availability: {class: 'spot'},
        availability_policy: {host_failure: 'stop', preemption: 'delete'},
        total_volume_bandwidth: 1500,
        volume_bandwidth_qos_mode: 'pooled',
      }
      const port = {allow_ip_spoofing: true, auto_delete: true, protocol_state_filtering_mode: 'disabled'}
      const {body} = await client.send(
        '/v1/instances',
        json(
          prototype(parts, {
            ...given,
            reservation_affinity: {policy: 'disabled'},
            primary_network_attachment: {virtual_network_interface: {subnet: {id: parts.subnet}, ...port}},
          }),
        ),
      )
      checkAgainstContract('Instance', body)
      expect(body).toMatchObject({
        ...given,
        reservation_affinity: {policy: 'disabled', pool: []},
        bandwidth: 8000,
        total_network_bandwidth: 6500,
      })
      const vni = body.primary_network_attachment.virtual_network_interface.id
      const seen = (await client.send(`/v1/virtual_network_interfaces/${vni}`)).body
      checkAgainstContract('VirtualNetworkInterface', seen)
      expect(seen).toMatchObject(port)
      const one = await client.send('/v1/instances', json(prototype(parts, {name: 'plain'})))
      expect(one.body).toMatchObject({
        confidential_compute_mode: 'disabled',
        availability_policy: {host_failure: 'restart', preemption: 'stop'},
        total_volume_bandwidth: 2000,
        reservation_affinity: {policy: 'automatic'},
      })
    }))

  test('can fail to start, as any start', () =>
    withSandbox({transitionMs: 0, failingStarts: {count: 1}}, async client => {
      const parts = await partsOf(client)
      const statusOf = async (name: string) =>
        (await client.send('/v1/instances', json(prototype(parts, {name})))).body.status
      expect([await statusOf('one'), await statusOf('two')]).toEqual(['failed', 'running'])
    }))

  test('starts it: it is on the way for as long as a transition takes', () =>
    withSandbox({transitionMs: 60_000}, async client => {
      const {body} = await client.send('/v1/instances', json(prototype(await partsOf(client))))
      expect(body.status).toBe('starting')
    }))

  test('gives an interface of the old kind where one is asked for', () =>
    withSandbox({}, async client => {
      const parts = await partsOf(client)
      const {primary_network_attachment, ...rest} = prototype(parts)
      const {body} = await client.send(
        '/v1/instances',
        json({...rest, primary_network_interface: {subnet: {id: parts.subnet}, allow_ip_spoofing: true}}),
      )
      checkAgainstContract('Instance', body)
      expect(body.network_attachments).toEqual([])
      const path = `/v1/instances/${body.id}/network_interfaces/${body.primary_network_interface.id}`
      const seen = (await client.send(path)).body
      checkAgainstContract('NetworkInterface', seen)
      expect(seen).toMatchObject({allow_ip_spoofing: true})
    }))

  test('refuses with the field as target', () =>
    withSandbox({}, async client => {
      const parts = await partsOf(client)
      const send = (more: object) => client.send('/v1/instances', json(prototype(parts, more)))
      const vni = (more: object) => ({primary_network_attachment: {virtual_network_interface: more}})
      const wrong: [object, unknown[]][] = [
        [{name: 'my-virtual-server-1'}, [400, 'validation_unique_failed', 'name']],
        [{name: 'Next'}, [400, 'validation_invalid_name', 'name']],
        [{nosuch: 1}, [400, 'invalid_request_field', 'nosuch']],
        [{image: undefined}, [400, 'validation_required_field', 'image']],
        [{image: {id: 'r006-no'}}, [404, 'not_found', 'image.id']],
        [{image: {id: parts.image, crn: 'x'}}, [400, 'validation_failed', 'image']],
        [{zone: undefined}, [400, 'validation_required_field', 'zone']],
        [{zone: {name: 'us-south-9'}}, [404, 'not_found', 'zone.name']],
        [{profile: {name: 'bx9-1x1'}}, [404, 'not_found', 'profile.name']],
        [{keys: [{id: parts.key}, {id: 'r006-no'}]}, [404, 'not_found', 'keys[1].id']],
        [{keys: 'all'}, [400, 'validation_invalid_field_type', 'keys']],
        [{vpc: {id: 'r006-no'}}, [404, 'not_found', 'vpc.id']],
        [{user_data: 'x'.repeat(64 * 1024 + 1)}, [400, 'validation_max_length', 'user_data']],
        [
          {metadata_service: {response_hop_limit: 65}},
          [400, 'validation_max_value', 'metadata_service.response_hop_limit'],
        ],
        [{default_trusted_profile: {target: {id: 'x'}}}, [404, 'not_found', 'default_trusted_profile.target.id']],
        [{resource_group: {id: 'x'}}, [404, 'not_found', 'resource_group.id']],
        [{availability_policy: {host_failure: 'no'}}, [400, 'validation_enum', 'availability_policy.host_failure']],
        [{availability_policy: {preemption: 'no'}}, [400, 'validation_enum', 'availability_policy.preemption']],
        [{confidential_compute_mode: 'no'}, [400, 'validation_enum', 'confidential_compute_mode']],
        [{total_volume_bandwidth: '1'}, [400, 'validation_invalid_field_type', 'total_volume_bandwidth']],
        [{total_volume_bandwidth: 499}, [400, 'validation_min_value', 'total_volume_bandwidth']],
        [{total_volume_bandwidth: 7501}, [400, 'validation_max_value', 'total_volume_bandwidth']],
        [{volume_bandwidth_qos_mode: 1}, [400, 'validation_invalid_field_type', 'volume_bandwidth_qos_mode']],
        [
          {reservation_affinity: {policy: 'manual'}},
          [501, 'not_implemented', 'reservation_affinity with reservations'],
        ],
        [{volume_attachments: []}, [501, 'not_implemented', 'volume_attachments']],
        [{primary_network_attachment: undefined}, [400, 'validation_required_field', 'primary_network_attachment']],
        [vni({}), [400, 'validation_required_field', 'primary_network_attachment.virtual_network_interface.subnet']],
        [
          vni({subnet: {id: parts.subnet}, security_groups: [{id: 'no'}]}),
          [404, 'not_found', 'primary_network_attachment.virtual_network_interface.security_groups[0].id'],
        ],
        [
          vni({subnet: {id: parts.subnet}, allow_ip_spoofing: 1}),
          [
            400,
            'validation_invalid_field_type',
            'primary_network_attachment.virtual_network_interface.allow_ip_spoofing',
          ],
        ],
        [
          {zone: {name: 'us-south-2'}},
          [400, 'validation_failed', 'primary_network_attachment.virtual_network_interface.subnet'],
        ],
        [{image: {id: parts.windows}, keys: []}, [400, 'validation_failed', 'keys']],
      ]
      for (const [more, expected] of wrong) expect(targetOf(await send(more))).toEqual(expected)
      expect((await client.send('/v1/instances')).body.instances).toHaveLength(3)
    }))

  test('encrypts the password of Windows with the key, so that its private half opens it', () =>
    withSandbox({transitionMs: 0}, async client => {
      const pair = generateKeyPairSync('rsa', {modulusLength: 2048})
      const {e, n} = pair.publicKey.export({format: 'jwk'})
      const field = (bytes: Buffer) =>
        Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes])
      const blob = Buffer.concat([
        field(Buffer.from('ssh-rsa')),
        field(Buffer.from(e ?? '', 'base64url')),
        field(Buffer.concat([Buffer.from([0]), Buffer.from(n ?? '', 'base64url')])),
      ]).toString('base64')
      const key = await client.send('/v1/keys', json({name: 'mine', public_key: `ssh-rsa ${blob} me@here`}))
      expect(key.status).toBe(201)
      checkAgainstContract('Key', key.body)
      expect(key.body).toMatchObject({length: 2048, type: 'rsa', public_key: `ssh-rsa ${blob}`})
      checkAgainstContract('KeyCollection', (await client.send('/v1/keys')).body)
      const parts = await partsOf(client)
      const made = await client.send(
        '/v1/instances',
        json(prototype(parts, {image: {id: parts.windows}, keys: [{id: key.body.id}]})),
      )
      const {password} = (await client.send(`/v1/instances/${made.body.id}/initialization`)).body
      expect(password.encryption_key.fingerprint).toBe(key.body.fingerprint)
      const opened = privateDecrypt(
        {key: pair.privateKey, padding: constants.RSA_NO_PADDING},
        Buffer.from(password.encrypted_password, 'base64'),
      )
      expect(opened.subarray(0, 2)).toEqual(Buffer.from([0, 2]))
    }))
})

describe('floating IPs', () => {
  test('are reserved for a zone or an interface, bound, and refused where they do not fit', () =>
    withSandbox({}, async client => {
      const {instances} = (await client.send('/v1/instances')).body
      const [one, two] = instances
      const vniOf = (instance: Body) => instance.primary_network_attachment.virtual_network_interface.id
      const made = await client.send('/v1/floating_ips', json({name: 'mine', target: {id: vniOf(one)}}))
      expect(made.status).toBe(201)
      checkAgainstContract('FloatingIP', made.body)
      expect(made.body.target).toMatchObject({id: vniOf(one)})
      const listed = (await client.send(`/v1/floating_ips?target.id=${vniOf(one)}`)).body.floating_ips
      expect(listed).toEqual([made.body])
      expect(targetOf(await client.send('/v1/floating_ips', json({target: {id: vniOf(one)}})))).toEqual([
        409,
        'invalid_state',
        'target',
      ])
      expect(targetOf(await client.send('/v1/floating_ips', json({target: {id: 'no'}})))).toEqual([
        404,
        'not_found',
        'target.id',
      ])
      const spare = await client.send('/v1/floating_ips', json({zone: {name: 'us-south-1'}}))
      checkAgainstContract('FloatingIP', spare.body)
      const put = (instance: Body) =>
        client.send(`/v1/virtual_network_interfaces/${vniOf(instance)}/floating_ips/${spare.body.id}`, {method: 'PUT'})
      expect(targetOf(await put(two))).toEqual([409, 'invalid_state', 'id'])
      expect((await put(one)).status).toBe(409)
      await client.sandbox.fleet.detachFloatingIp(made.body.id)
      const bound = await put(one)
      expect(bound.status).toBe(201)
      checkAgainstContract('FloatingIPReference', bound.body)
      expect((await client.send(`/v1/floating_ips/${spare.body.id}`)).body.target).toMatchObject({id: vniOf(one)})
    }))

  test('of an interface of the old kind replace what was there', () =>
    withSandbox({}, async client => {
      const [web] = (await client.send('/eu-de/v1/instances?name=web-2')).body.instances
      const nic = web?.primary_network_interface.id
      const spare = await client.send('/eu-de/v1/floating_ips', json({zone: {name: 'eu-de-2'}}))
      const put = await client.send(
        `/eu-de/v1/instances/${web?.id}/network_interfaces/${nic}/floating_ips/${spare.body.id}`,
        {method: 'PUT'},
      )
      expect(put.status).toBe(201)
      checkAgainstContract('FloatingIP', put.body)
      const listed = (await client.send(`/eu-de/v1/floating_ips?target.id=${nic}`)).body.floating_ips
      expect(listed.map(each => each.id)).toEqual([spare.body.id])
    }))
})

test('what was created and reserved is kept for the next sandbox', async () => {
  const {mkdtempSync, rmSync} = await import('node:fs')
  const stateFolder = mkdtempSync(`${process.env.TMPDIR ?? '/tmp'}/vpcmd-state-`)
  try {
    await withSandbox({stateFolder}, async client => {
      const parts = await partsOf(client)
      const made = await client.send('/v1/instances', json(prototype(parts)))
      await client.send(
        '/v1/floating_ips',
        json({target: {id: made.body.primary_network_attachment.virtual_network_interface.id}}),
      )
    })
    await withSandbox({stateFolder, transitionMs: 0}, async client => {
      const [next] = (await client.send('/v1/instances?name=next')).body.instances
      expect(next?.status).toBe('running')
      const vni = next?.primary_network_attachment.virtual_network_interface.id
      expect((await client.send(`/v1/floating_ips?target.id=${vni}`)).body.total_count).toBe(1)
    })
  } finally {
    rmSync(stateFolder, {recursive: true})
  }
})

test('images, subnets and keys are valid, one by one', () =>
  withSandbox({}, async client => {
    for (const base of ['/v1', '/eu-de/v1', '/in-mum/v1']) {
      const rowsOf = async <K extends 'images' | 'subnets' | 'keys'>(list: K) =>
        (await client.send(`${base}/${list}`)).body[list]
      const lists = [
        ['Image', 'images', await rowsOf('images')],
        ['Subnet', 'subnets', await rowsOf('subnets')],
        ['Key', 'keys', await rowsOf('keys')],
      ] as const
      for (const [definition, list, rows] of lists) {
        for (const row of rows) {
          checkAgainstContract(definition, row)
          expect((await client.send(`${base}/${list}/${row.id}`)).body).toEqual(row)
        }
      }
    }
    expect((await client.send('/v1/instance/profiles/bx2-2x8')).body.name).toBe('bx2-2x8')
    expect((await client.send('/v1/instance/profiles/no')).status).toBe(404)
  }))
