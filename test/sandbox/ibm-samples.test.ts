// The requests of IBM's curl samples, sent one by one with curl itself: only hosts, and what the samples leave open (IDs,
// keys, a CSR), are the sandbox's. Pages are those of ibm-cloud-docs/vpc of 2026-08-21, apidocs the examples of
// IBM/vpc-node-sdk. Not among them, as faults of the pages: paths with a space in them, and metadata of bare metal servers.
import 'reflect-metadata'
import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {Pkcs10CertificateRequestGenerator} from '@peculiar/x509'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {requestToken, serverTwo} from './sandbox-client.ts'

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
if (!hasCurl) console.warn("Skipped: IBM's curl samples, because there is no curl.")

let sandbox: Sandbox
/** What a reader of the pages has put into variables, and what was kept of an answer. */
const variables: Record<string, string> = {}

type Json = Record<string, unknown>

interface Sample {
  page: string
  /** Method, host and path. Without a host it is the VPC API's. */
  request: string
  headers?: Record<string, string>
  body?: unknown
  status?: number
  /** Whose metadata service is asked. */
  inside?: string
  /** What must be at a path of the answer: a value, or anything at all. */
  fields: Record<string, unknown>
  /** Variables that are kept of the answer, by their paths in it. */
  keep?: Record<string, string>
}

const some = expect.anything()
const anyOf = (...paths: string[]) => Object.fromEntries(paths.map(path => [path, some]))
const fill = (text: string) =>
  text.replaceAll(/\$(\w+)/g, (_, name: string) => variables[name] ?? expect.fail(`Nothing was kept as $${name}.`))
const at = (body: unknown, path: string) => path.split('.').reduce((each, key) => (each as Json)?.[key], body)

/** Sends a request with curl, the host name left as the sample has it. */
async function curl({request, headers = {}, body, inside}: Sample): Promise<{status: number; body: unknown}> {
  const [method = '', target = ''] = fill(request).split(' ')
  const address = inside === undefined ? undefined : await sandbox.metadataAddress(inside)
  const {port} = new URL(address?.url ?? sandbox.url)
  const {stdout} = await run('curl', [
    ...['-sS', '--noproxy', '*', '-w', '\n%{http_code}', '-X', method],
    ...(address ? ['--connect-to', `::127.0.0.1:${port}`, '--cacert', address.ca_file] : []),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}:${fill(value)}`]),
    ...(body === undefined ? [] : ['-d', typeof body === 'string' ? fill(body) : fill(JSON.stringify(body))]),
    target.startsWith('/') ? `${sandbox.url}/us-south${target}` : target,
  ])
  const end = stdout.lastIndexOf('\n')
  const text = stdout.slice(0, end)
  return {status: Number(stdout.slice(end + 1)), body: text === '' ? undefined : JSON.parse(text)}
}

const bearer = {Authorization: ' Bearer $iam_token'}
const identity = {Authorization: ' Bearer $identity_token'}
const reader = {Accept: ' application/json', ...identity}
const flavor = {'Metadata-Flavor': ' ibm'}
const json = {'Content-Type': ' application/json'}
const api = (method: string, path: string, version: string) => `${method} /v1/${path}?version=${version}&generation=2`
const metadata = (method: string, path: string, version: string, protocol = 'http') =>
  `${method} ${protocol}://api.metadata.cloud.ibm.com/${path}?version=${version}`

const reference = (path: string) => [`${path}.crn`, `${path}.id`, `${path}.name`]
const networkInterface = (path: string) =>
  ['id', 'name', 'primary_ipv4_address', 'resource_type', 'subnet.crn', 'subnet.id', 'subnet.name'].map(
    each => `${path}${each}`,
  )
const volumeAttachment = (path: string) => [`${path}id`, `${path}name`, ...reference(`${path}volume`)]
const key = (path: string) =>
  ['created_at', 'crn', 'fingerprint', 'id', 'length', 'name', 'public_key', 'resource_type', 'type'].map(
    each => `${path}${each}`,
  )
const placementGroup = (path: string) => ({
  ...anyOf(`${path}created_at`, `${path}crn`, `${path}id`, `${path}name`),
  [`${path}lifecycle_state`]: 'stable',
  [`${path}resource_type`]: 'placement_group',
  [`${path}strategy`]: 'host_spread',
})
const floatingIp = anyOf(
  'address',
  'created_at',
  'crn',
  'href',
  'id',
  'name',
  'resource_group.id',
  'status',
  'zone.name',
)
const lasting = anyOf('created_at', 'expires_at')

const instances: Sample[] = [
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    request: api('GET', 'instances', '2025-05-13'),
    headers: bearer,
    fields: {'instances.1.id': serverTwo, ...anyOf('first.href', 'limit', 'total_count')},
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    request: api('GET', `instances/${serverTwo}`, '2025-05-13'),
    headers: bearer,
    fields: {
      ...anyOf('availability_policy.host_failure', 'bandwidth', 'boot_volume_attachment.device.id', 'image.name'),
      created_at: '2025-03-06T19:24:02.000Z',
      metadata_service: {enabled: false, protocol: 'http', response_hop_limit: 1},
    },
    keep: {image: 'image.id', vpc: 'vpc.id', subnet: 'primary_network_interface.subnet.id'},
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    request: api('PATCH', `instances/${serverTwo}`, '2025-05-13'),
    headers: bearer,
    body: {metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 1}},
    fields: {metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 1}},
  },
  {
    page: 'instance_metadata_vpc_configure.md',
    request: api('PATCH', `instances/${serverTwo}`, '2024-11-12'),
    headers: bearer,
    body: {metadata_service: {enabled: true}},
    fields: {'metadata_service.enabled': true},
  },
  {
    page: 'instance_metadata_vpc_configure.md',
    request: api('PATCH', `instances/${serverTwo}`, '2024-11-12'),
    headers: bearer,
    body: {metadata_service: {enabled: true, response_hop_limit: 3}},
    fields: {'metadata_service.response_hop_limit': 3},
  },
]

const keys: Sample[] = [
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('POST', 'keys', '2023-03-30'),
    headers: bearer,
    // The base64 part alone.
    body: {name: 'my-key-1', public_key: '$encoded_key', type: 'rsa'},
    status: 201,
    fields: {
      ...anyOf('crn', 'fingerprint', 'href', 'public_key', 'resource_group.id'),
      length: 2048,
      name: 'my-key-1',
      type: 'rsa',
    },
    keep: {id: 'id'},
  },
  {
    page: 'creating-vpc-resources.md',
    request: api('POST', 'keys', '2026-03-24'),
    headers: {Authorization: 'Bearer $iam_token'},
    body: {name: 'my-other-key', public_key: '$other_key'},
    status: 201,
    fields: {...anyOf('id'), name: 'my-other-key'},
    keep: {key: 'id'},
  },
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('GET', 'keys', '2023-03-30'),
    headers: bearer,
    fields: {
      ...anyOf('first.href', 'limit', ...key('keys.0.').filter(each => !each.endsWith('resource_type'))),
      total_count: 3,
    },
  },
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('GET', 'keys/$id', '2023-03-30'),
    headers: bearer,
    fields: {name: 'my-key-1'},
  },
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('PATCH', 'keys/$id', '2023-03-30'),
    headers: bearer,
    body: {name: 'my-key-1-updated'},
    fields: {name: 'my-key-1-updated', type: 'rsa'},
  },
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('GET', 'keys/$id', '2023-03-30'),
    headers: bearer,
    fields: {name: 'my-key-1-updated'},
  },
  {
    page: 'vsi_is_ssh_keys.md',
    request: api('DELETE', 'keys/$id', '2023-03-30'),
    headers: bearer,
    status: 204,
    fields: {},
  },
]

const creating: Sample[] = [
  {
    // Its dots are filled in as the sample of a template beside it does.
    page: 'instance_metadata_vpc_configure.md',
    request: api('POST', 'instances', '2024-11-12'),
    headers: bearer,
    body: {
      image: {id: '$image'},
      keys: [{id: '$key'}],
      name: 'my-instance',
      metadata_service: {enabled: true},
      primary_network_interface: {subnet: {id: '$subnet'}},
      profile: {name: 'bx2-2x8'},
      vpc: {id: '$vpc'},
      zone: {name: 'us-south-2'},
    },
    status: 201,
    fields: {'metadata_service.enabled': true, name: 'my-instance'},
    keep: {instance: 'id'},
  },
  {
    page: 'fip-create.md',
    request: api('GET', 'instances/$instance/network_interfaces', '2026-03-24'),
    headers: bearer,
    fields: anyOf('network_interfaces.0.id', 'network_interfaces.0.primary_ip.address'),
    keep: {network_interface: 'network_interfaces.0.id'},
  },
]

const floatingIps: Sample[] = [
  {
    page: 'creating-vpc-resources.md',
    request: api('POST', 'floating_ips', '2026-03-24'),
    headers: {Authorization: 'Bearer $iam_token'},
    body: {name: 'my-floatingip', target: {id: '$network_interface'}},
    status: 201,
    fields: {...floatingIp, 'target.id': some},
    keep: {floating_ip: 'id'},
  },
  {
    page: 'creating-vpc-resources.md',
    request: api('GET', 'floating_ips/$floating_ip', '2026-03-24'),
    headers: {Authorization: 'Bearer $iam_token'},
    fields: floatingIp,
  },
  {
    page: 'apidocs',
    request: api('GET', 'floating_ips', '2026-03-24'),
    headers: bearer,
    fields: anyOf('first.href', 'floating_ips.0.address', 'limit', 'total_count'),
  },
  {
    page: 'apidocs',
    request: api('PATCH', 'floating_ips/$floating_ip', '2026-03-24'),
    headers: bearer,
    body: {name: 'my-floating-ip-updated'},
    fields: {...floatingIp, name: 'my-floating-ip-updated', 'target.id': some},
  },
  {
    page: 'apidocs',
    request: api('DELETE', 'floating_ips/$floating_ip', '2026-03-24'),
    headers: bearer,
    status: 204,
    fields: {},
  },
  {
    page: 'apidocs',
    request: api('POST', 'floating_ips', '2026-03-24'),
    headers: bearer,
    body: {name: 'my-floating-ip', zone: {name: 'us-south-2'}},
    status: 201,
    fields: {...floatingIp, target: undefined},
    keep: {free_ip: 'id'},
  },
  {
    page: 'fip-create.md',
    request: api('GET', `instances/${serverTwo}/network_interfaces`, '2026-03-24'),
    headers: bearer,
    fields: {},
    keep: {read_only_interface: 'network_interfaces.0.id', bound_ip: 'network_interfaces.0.floating_ips.0.id'},
  },
  {
    page: 'apidocs',
    request: api('PATCH', 'floating_ips/$bound_ip', '2026-03-24'),
    headers: bearer,
    body: {target: null},
    fields: {target: undefined},
  },
  {
    page: 'fip-create.md, with an interface that stands for a network attachment',
    request: api('PATCH', 'floating_ips/$free_ip', '2026-03-24'),
    headers: {...bearer, ...json},
    body: {target: {id: '$read_only_interface'}},
    fields: {'target.resource_type': 'virtual_network_interface'},
  },
  {
    page: 'byoip-fip-create.md, which the sandbox does not simulate',
    request: api('POST', 'floating_ips', '2026-03-24'),
    headers: {...bearer, ...json},
    body: {address: '192.168.0.4', name: 'my-byoip-fip', zone: {name: 'us-south-2'}},
    status: 501,
    fields: {'errors.0.code': 'not_implemented'},
  },
]

const two = 'my-virtual-server-2'
/** Has a placement group. */
const grouped = 'eu-de/web-2'

const withinInstance: Sample[] = [
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('PUT', 'instance_identity/v1/token', '2024-11-12'),
    headers: {...flavor, Accept: ' application/json'},
    body: {expires_in: 3600},
    fields: {...lasting, access_token: some, expires_in: 3600},
    keep: {identity_token: 'access_token'},
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('PUT', 'identity/v1/token', '2022-03-01'),
    headers: {...flavor, Accept: ' application/json'},
    body: {expires_in: 3600},
    fields: {...lasting, access_token: some, expires_in: 3600},
  },
  {
    page: 'metadata-identity-migration.md',
    inside: two,
    request: metadata('PUT', 'instance_identity/v1/token', '2025-08-25'),
    headers: flavor,
    fields: {...lasting, access_token: some, expires_in: 300},
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('GET', 'metadata/v1/instance/initialization', '2024-11-12'),
    headers: reader,
    fields: {
      ...anyOf('keys.0.crn', 'keys.0.fingerprint', 'keys.0.id', 'keys.0.name'),
      'keys.0.resource_type': 'key',
      user_data: expect.stringMatching(/^#cloud-config\n/),
    },
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('GET', 'metadata/v1/instance', '2025-04-22'),
    headers: identity,
    fields: {
      ...anyOf(...volumeAttachment('boot_volume_attachment.'), ...volumeAttachment('volume_attachments.0.')),
      ...anyOf('created_at', 'crn', 'disks', 'id', ...reference('image'), 'memory', 'name', 'profile.name'),
      ...anyOf(...networkInterface('network_interfaces.0.'), ...networkInterface('primary_network_interface.')),
      ...anyOf('resource_group.id', 'vcpu.architecture', 'vcpu.count', ...reference('vpc')),
      resource_type: 'instance',
      threads_per_core: 2,
      'vpc.resource_type': 'vpc',
      'zone.name': 'us-south-2',
    },
  },
  {
    page: 'vsi_instance_storage_how_to.md',
    inside: two,
    request: metadata('GET', 'metadata/v1/instance', '2024-02-20'),
    headers: identity,
    fields: {disks: []},
  },
  ...(['network_interfaces', 'network_attachments', 'volume_attachments'] as const).flatMap((list): Sample[] => {
    const row =
      list === 'network_interfaces' ? networkInterface : list === 'volume_attachments' ? volumeAttachment : key
    const fields = (path: string) => (list === 'network_attachments' ? [`${path}id`, `${path}name`] : row(path))
    const page = 'instance_metadata_vpc_access_instance_metadata.md'
    const path = `metadata/v1/instance/${list}`
    return [
      {
        page,
        inside: two,
        request: metadata('GET', path, '2025-04-22'),
        headers: identity,
        fields: anyOf(...fields(`${list}.0.`)),
        keep: {row: `${list}.0.id`},
      },
      {
        page,
        inside: two,
        request: metadata('GET', `${path}/$row`, '2025-04-22'),
        headers: identity,
        fields: anyOf(...fields('')),
      },
    ]
  }),
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('GET', 'metadata/v1/keys', '2025-04-22'),
    headers: identity,
    fields: {...anyOf(...key('keys.0.')), 'keys.0.resource_type': 'key'},
    keep: {row: 'keys.0.id'},
  },
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md',
    inside: two,
    request: metadata('GET', 'metadata/v1/keys/$row', '2025-04-22'),
    headers: identity,
    fields: anyOf(...key('')),
  },
  ...(
    [
      ['instance_identity/v1/iam_token', '2024-11-12'],
      ['identity/v1/iam_tokens', '2025-10-14'],
    ] as const
  ).map(
    ([path, version]): Sample => ({
      page: 'instance_metadata_vpc_identity_operations.md',
      inside: two,
      request: metadata('POST', path, version),
      headers: identity,
      body: {trusted_profile: {id: 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'}},
      fields: {...lasting, access_token: some, expires_in: 3600},
      keep: {profile_token: 'access_token'},
    }),
  ),
  {
    page: 'instance_metadata_vpc_access_instance_metadata.md, with the token that a trusted profile got',
    request: api('GET', 'instances', '2025-05-13'),
    headers: {Authorization: ' Bearer $profile_token'},
    fields: {'instances.1.id': serverTwo},
  },
  ...(['2024-11-12', '2025-08-26'] as const).map(
    (version): Sample => ({
      page: 'instance_metadata_vpc_identity_operations.md',
      inside: two,
      request: metadata('POST', 'identity/v1/certificates', version),
      headers: identity,
      body: '{"csr": "$csr"}',
      fields: {
        ...lasting,
        'certificates.0': expect.stringContaining('-----BEGIN CERTIFICATE-----\n'),
        'certificates.1': expect.stringContaining('-----END CERTIFICATE-----\n'),
        expires_in: 3600,
        id: some,
      },
    }),
  ),
  {
    page: 'metadata-identity-migration.md',
    inside: grouped,
    request: metadata('PUT', 'identity/v1/token', '2025-08-26'),
    headers: flavor,
    fields: {access_token: some},
    keep: {identity_token: 'access_token'},
  },
  {
    // A GET that has a body, and does not mean it: `start` is no token of a page.
    page: 'instance_metadata_vpc_get_metadata.md',
    inside: grouped,
    request: metadata('GET', 'metadata/v1/placement_groups', '2025-04-22'),
    headers: identity,
    body: {start: 'first', limit: 50},
    fields: {'first.href': some, limit: 50, total_count: 1, ...placementGroup('placement_groups.0.')},
    keep: {row: 'placement_groups.0.id'},
  },
  {
    page: 'instance_metadata_vpc_get_metadata.md',
    inside: grouped,
    request: metadata('GET', 'metadata/v1/placement_groups/$row', '2025-04-22'),
    headers: identity,
    fields: placementGroup(''),
  },
]

const secure = 'eu-gb/train-1'
const metal = 'eu-de/database-1'

const overHttps: Sample[] = [
  {
    page: 'instance_metadata_vpc_identity_operations.md',
    inside: secure,
    request: metadata('PUT', 'identity/v1/token', '2025-08-26', 'https'),
    headers: flavor,
    body: {},
    fields: {...lasting, access_token: some, expires_in: 300},
  },
  {
    page: 'instance_metadata_vpc_security_bp.md',
    inside: secure,
    request: metadata('PUT', 'identity/v1/token', '2025-08-26', 'https'),
    headers: flavor,
    body: {expires_in: 3600, nonce: 'my-nonce'},
    fields: {...lasting, access_token: some, expires_in: 3600, nonce: 'my-nonce'},
  },
  {
    page: 'bare_metal_server_metadata_configure.md',
    inside: metal,
    request: metadata('PUT', 'identity/v1/token', '2025-06-30', 'https'),
    headers: flavor,
    body: {expires_in: 3600},
    fields: {...lasting, access_token: some, expires_in: 3600},
    keep: {identity_token: 'access_token'},
  },
  {
    page: 'bare_metal_server_metadata_configure.md',
    inside: metal,
    request: metadata('POST', 'identity/v1/iam_tokens', '2025-06-30', 'https'),
    headers: identity,
    body: {trusted_profile: {id: 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'}},
    fields: {...lasting, access_token: some, expires_in: 3600},
  },
  {
    page: 'bare_metal_server_metadata_configure.md',
    inside: metal,
    request: metadata('POST', 'identity/v1/certificates', '2025-06-30', 'https'),
    headers: identity,
    body: '{"csr": "$csr"}',
    fields: {...lasting, 'certificates.1': some, expires_in: 3600},
  },
]

beforeAll(async () => {
  sandbox = await startSandbox({transitionMs: 0})
  const grant = (await requestToken(sandbox.url, sandbox.apiKey)).body
  variables.iam_token = grant.access_token
  // The sandbox looks at no more than the length of a key, and a real one takes long to make.
  const rsaKey = (filling: number) => {
    const modulus = Buffer.concat([Buffer.from([0]), Buffer.alloc(256, filling)])
    const fields = [Buffer.from('ssh-rsa'), Buffer.from([1, 0, 1]), modulus].flatMap(each => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(each.length)
      return [length, each]
    })
    return Buffer.concat(fields).toString('base64')
  }
  variables.encoded_key = rsaKey(0xfe)
  variables.other_key = `ssh-rsa ${rsaKey(0xff)} me@example.com`
  // The lines of a CSR with `\n` between, as the page's awk writes it.
  const signingAlgorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
  const pair = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({name: 'C=US', keys: pair, signingAlgorithm})
  variables.csr = JSON.stringify(csr.toString('pem')).slice(1, -1)
  for (const {name, id} of sandbox.fleet.list()) {
    if (name === 'web-2') await sandbox.fleet.change(id, {metadata_service: {enabled: true, protocol: 'http'}})
  }
})
afterAll(() => sandbox.close())

describe.skipIf(!hasCurl).each([
  ['instances and their metadata service', instances],
  ['keys', keys],
  ['an instance with the metadata service on', creating],
  ['floating IPs', floatingIps],
  ['what an instance reads of itself', withinInstance],
  ['what an instance and a bare metal server read over https', overHttps],
])('%s', (_what, samples) => {
  test.each(samples.map(sample => [sample.request, sample.page, sample] as const))('%s (%s)', async (_, __, sample) => {
    const {status, body} = await curl(sample)
    expect({status, body}).toMatchObject({status: sample.status ?? 200})
    for (const [path, value] of Object.entries(sample.fields)) expect(at(body, path), path).toEqual(value)
    for (const [name, path] of Object.entries(sample.keep ?? {})) variables[name] = String(at(body, path))
  })
})
