// The sandbox's answers to a request of each kind, as they were when golden-answers.txt was recorded: what moves within
// the sandbox must leave them as they are. Answers that are meant to change are recorded again with: vitest run -u
import {createHash} from 'node:crypto'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {ask, newest, requestIdentity} from './metadata-client.ts'
import {requestToken, serverTwo, version} from './sandbox-client.ts'

const start = Date.UTC(2026, 10, 24)
const two = `/v1/instances/${serverTwo}`
const profile = 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'
const publicKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'),
  Buffer.alloc(32, 7),
]).toString('base64')}`

type Step = [request: string, body?: unknown, keep?: string]

// `$name` is the ID of an answer that was kept under that name; in a list, of its first row.
const vpc: Step[] = [
  ['GET /v1/regions'],
  ['GET /v1/regions/eu-de'],
  ['GET /v1/regions/eu-de/zones'],
  ['GET /v1/regions/eu-de/zones/eu-de-2'],
  ['GET /v1/regions/mars'],
  ['GET /v1/regions/eu-de/zones/mars-1'],
  ['GET /v1/vpcs', undefined, 'vpc'],
  ['GET /v1/vpcs/$vpc'],
  ['GET /v1/vpcs?classic_access=true'],
  ['GET /v1/vpcs/none'],
  ['GET /v1/instances?limit=2'],
  ['GET /v1/instances?limit=1&vpc.name=my-test-vpc'],
  ['GET /v1/instances?name=my-virtual-server-2'],
  ['GET /v1/instances?resource_group.id=none'],
  ['GET /v1/instances?limit=0'],
  ['GET /v1/instances?limit=101'],
  ['GET /v1/instances?limit=x'],
  ['GET /v1/instances?start=x'],
  ['GET /eu-de/v1/instances', undefined, 'other'],
  ['GET /eu-de/v1/instances?availability.class=spot'],
  ['GET /eu-de/v1/instances/$other'],
  [`GET ${two}`],
  [`GET /us-south${two}`],
  ['GET /v1/instances/none'],
  [`GET ${two}/initialization`],
  [`GET ${two}/network_attachments`, undefined, 'attachment'],
  [`GET ${two}/network_attachments/$attachment`],
  [`GET ${two}/network_interfaces`, undefined, 'interface'],
  [`GET ${two}/network_interfaces/$interface`],
  [`GET ${two}/network_interfaces/none`],
  [`GET ${two}/volume_attachments`, undefined, 'volumeAttachment'],
  [`GET ${two}/volume_attachments/$volumeAttachment`],
  ['GET /v1/volumes/r006-9afd6e01-0466-4e7b-a38b-75bf39469a42'],
  ['GET /v1/volumes/none'],
  ['GET /v1/images?limit=3', undefined, 'image'],
  ['GET /v1/images?visibility=private'],
  ['GET /v1/images?name=golden-web'],
  ['GET /v1/images/$image'],
  ['GET /v1/images/none'],
  ['GET /v1/instance/profiles'],
  ['GET /v1/instance/profiles/gx3d-160x1792x8h100'],
  ['GET /v1/instance/profiles/none'],
  ['GET /v1/subnets?zone.name=us-south-1', undefined, 'subnet'],
  ['GET /v1/subnets/$subnet'],
  ['GET /v1/subnets?vpc.name=none'],
  ['GET /v1/subnets/$subnet/reserved_ips/none'],
  ['GET /v1/virtual_network_interfaces/none'],
  ['GET /v1/security_groups?limit=1'],
  ['GET /v1/security_groups', undefined, 'group'],
  ['GET /v1/security_groups/$group'],
  ['GET /v1/keys', undefined, 'key'],
  ['GET /v1/keys/$key'],
  ['GET /v1/keys/none'],
  ['GET /v1/floating_ips?sort=-name', undefined, 'ip'],
  ['GET /v1/floating_ips?sort=size'],
  ['GET /v1/floating_ips/$ip'],
  ['GET /v1/floating_ips/none'],
  ['GET /v1/instance/templates', undefined, 'template'],
  ['GET /v1/instance/templates?limit=1'],
  ['GET /v1/instance/templates/$template'],
  ['PATCH /v1/instance/templates/$template', {name: 'renamed'}],
  ['PATCH /v1/instance/templates/$template', {metadata_service: {enabled: true}}],
  ['GET /us-east/v1/bare_metal_servers'],
  ['GET /v1/bare_metal_servers', undefined, 'metal'],
  ['GET /v1/bare_metal_servers?reservation.id=none'],
  ['GET /v1/bare_metal_servers/$metal'],
  ['PATCH /v1/bare_metal_servers/$metal', {metadata_service: {enabled: true}}],
  ['PATCH /v1/bare_metal_servers/$metal', {metadata_service: {response_hop_limit: 2}}],
  ['PATCH /v1/bare_metal_servers/$metal', {enable_secure_boot: true}],
  [`PATCH ${two}`, {name: 'renamed'}],
  [`PATCH ${two}`, {metadata_service: {enabled: true, response_hop_limit: 2}}],
  [`PATCH ${two}`, {metadata_service: {response_hop_limit: 65}}],
  [`PATCH ${two}`, {metadata_service: {color: 'red'}}],
  [`PATCH ${two}`, {name: 'Not a name'}],
  [`PATCH ${two}`, {name: 'my-virtual-server-1'}],
  [`PATCH ${two}`, {profile: {name: 'bx2-4x16'}}],
  [`PATCH ${two}`, '{'],
  [`POST ${two}/actions`, {type: 'dance'}],
  [`POST ${two}/actions`, {type: 'start'}],
  [`POST ${two}/actions`, {type: 'stop'}],
  [`GET ${two}`],
  ['POST /v1/keys', {name: 'mine', public_key: publicKey}, 'mine'],
  ['POST /v1/keys', {name: 'mine', public_key: publicKey}],
  ['POST /v1/keys', {public_key: 'nonsense'}],
  ['POST /v1/instances', {name: 'made'}],
  [
    'POST /v1/instances',
    {
      name: 'made',
      zone: {name: 'us-south-1'},
      image: {id: '$image'},
      keys: [{id: '$mine'}],
      default_trusted_profile: {target: {id: profile}},
      user_data: '#cloud-config',
      metadata_service: {enabled: true},
      primary_network_attachment: {virtual_network_interface: {subnet: {id: '$subnet'}}},
    },
    'made',
  ],
  ['GET /v1/instances/$made/network_attachments'],
  ['GET /v1/instances/$made/initialization'],
  ['POST /v1/floating_ips', {name: 'fresh', zone: {name: 'us-south-1'}}, 'fresh'],
  ['POST /v1/floating_ips', {}],
  ['PUT /v1/virtual_network_interfaces/none/floating_ips/$fresh'],
  ['GET /v1/floating_ips?resource_group.id=none'],
  ['DELETE /v1/floating_ips/$fresh'],
  ['DELETE /v1/keys/$key'],
  ['DELETE /v1/keys/none'],
  ['DELETE /v1/instances/none'],
  ['GET /v1/load_balancers'],
  ['GET /v1/apikeys'],
  ['GET /sandbox/health'],
  ['POST /sandbox/seed', {instances: [{}]}],
  ['GET /v1/nonsense'],
  ['GET /mars/v1/instances'],
  ['GET /sandbox/addresses?instance=none'],
]

const within = [
  'instance',
  'instance/initialization',
  'instance/cluster_network_attachments',
  'instance/network_attachments',
  'instance/network_interfaces',
  'instance/software_attachments',
  'instance/volume_attachments',
  'keys',
  'keys/none',
  'placement_groups',
  'virtual_network_interfaces',
  'nonsense',
]

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** Rows of more than 600 characters are a digest behind what they are called: each of their kind is recorded as a whole too. */
function inShort(value: unknown): unknown {
  const text = JSON.stringify(value)
  if (typeof value !== 'object' || value === null || text.length < 600) return value
  const {id, name} = value as Record<string, unknown>
  return `${name ?? id} ${digest(text)}`
}

/** With the properties of objects in the order of their names: no other order means anything. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]))
}

const inOrder = (text: string) => (text.startsWith('{') ? JSON.stringify(sorted(JSON.parse(text))) : text)

function linesOf(text: string, isWhole: boolean): string {
  if (!text.startsWith('{')) return text
  const lines = Object.entries(JSON.parse(text)).map(([name, value]) => {
    const shown = Array.isArray(value) && !isWhole ? value.map(inShort) : value
    return `  ${name}: ${JSON.stringify(shown)}`
  })
  return lines.join('\n')
}

/** Writes what is random in an answer, and what comes of it, by its place: of IDs those that were never seen in another answer. */
class Steady {
  readonly #seen = new Set<string>()
  readonly #names = new Map<string, string>()

  of(text: string, isMade: boolean): string {
    const steady = text
      .replaceAll(/127\.0\.0\.1:\d+/g, 'SANDBOX')
      .replaceAll(/"(trace|requestId)":"[^"]+"/g, '"$1":"…"')
      .replaceAll(/"(access_token|encrypted_password)":"[^"]+"/g, '"$1":"…"')
      .replaceAll(/"mac_address":"[^"]+"/g, '"mac_address":"…"')
    const named = steady.replaceAll(/(?<![0-9a-f])([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8})\b/g, id => {
      const short = id.slice(0, 8)
      if (!isMade) this.#seen.add(short)
      if (this.#seen.has(short)) return id
      const name = this.#names.get(short) ?? `#${this.#names.size + 1}`
      this.#names.set(short, name)
      return name
    })
    // Behind the ID of a volume attachment that is made up, that of its device goes on with five more digits.
    return named.replaceAll(/(#\d+)-[0-9a-f]{5}\b/g, '$1-…')
  }
}

test('the answers are those that were recorded', async () => {
  let now = start
  const sandbox = await startSandbox({
    account: 'a1234567',
    clock: () => now,
    transitionMs: 1000,
    metadata: {off: 'reset'},
  })
  try {
    const steady = new Steady()
    const ids: Record<string, string> = {}
    const record: string[] = []
    const filled = (text: string) => text.replaceAll(/\$(\w+)/g, (_, name) => ids[name] ?? `no ${name}`)
    const note = (asked: string, status: number, head: string, text: string, isMade = false) => {
      record.push(
        `${asked}\n  ${status}${head}\n${linesOf(steady.of(inOrder(text), isMade), asked.includes('/actions'))}`,
      )
    }
    const token = (await requestToken(sandbox.url, sandbox.apiKey)).body.access_token
    let isMade = false
    for (const [request, body, keep] of vpc) {
      const [method, path = ''] = request.split(' ')
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
      const response = await fetch(`${sandbox.url}${filled(path)}${path.includes('?') ? '&' : '?'}${version}`, {
        method,
        body: text && filled(text),
        headers: {authorization: `Bearer ${token}`},
      })
      const answer = await response.text()
      isMade ||= response.status === 201
      const etag = response.headers.get('etag')
      note(
        `${request}${text ? ` ${text}` : ''}`,
        response.status,
        etag && !isMade ? ` ${etag.slice(0, 14)}` : '',
        answer,
        isMade,
      )
      if (keep !== undefined) {
        const [list] = Object.values(JSON.parse(answer)).filter(Array.isArray)
        ids[keep] = JSON.parse(answer).id ?? list?.[0].id
      }
      now += 100
    }

    const plain: [string, string, Record<string, string>, string | undefined][] = [
      ['GET', `${two}?version=2026-03-24`, {authorization: `Bearer ${token}`}, undefined],
      ['GET', `${two}?generation=2`, {authorization: `Bearer ${token}`}, undefined],
      ['GET', `${two}?generation=2&version=today`, {authorization: `Bearer ${token}`}, undefined],
      ['GET', `${two}?generation=2&version=2027-01-01`, {authorization: `Bearer ${token}`}, undefined],
      ['GET', `${two}?${version}`, {}, undefined],
      ['PATCH', `${two}?${version}`, {authorization: `Bearer ${token}`, 'if-match': '"x"'}, '{"name":"x"}'],
      ['GET', '/identity/token', {}, undefined],
      ['POST', '/identity/token', {'content-type': 'text/plain'}, ''],
      ['POST', '/identity/token', {'content-type': 'application/x-www-form-urlencoded'}, 'grant_type=x'],
      [
        'POST',
        '/identity/token',
        {'content-type': 'application/x-www-form-urlencoded'},
        'grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=wrong',
      ],
      [
        'POST',
        '/identity/token',
        {'content-type': 'application/x-www-form-urlencoded'},
        `grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=${sandbox.apiKey}`,
      ],
    ]
    for (const [method, path, headers, body] of plain) {
      const response = await fetch(`${sandbox.url}${path}`, {method, headers, body})
      const names = Object.keys(headers).join(' ')
      note(`${method} ${path} (${names}) ${body ?? ''}`, response.status, '', await response.text(), true)
    }

    now += 5000
    const address = await sandbox.metadataAddress('made')
    const identity = (await requestIdentity(address)).body.access_token
    const authorization = {authorization: `Bearer ${identity}`}
    const inside: [string, string, Record<string, string>, unknown?][] = [
      ['PUT', '/identity/v1/token', {}, {}],
      ['PUT', '/identity/v1/token', {'metadata-flavor': 'ibm'}, {expires_in: 1}],
      ['PUT', '/identity/v1/token', {'metadata-flavor': 'ibm'}, {nonce: 'once', expires_in: 60}],
      ['POST', '/identity/v1/iam_tokens', authorization, {}],
      ['POST', '/identity/v1/iam_tokens', authorization, {trusted_profile: {id: 'none'}}],
      ['POST', '/identity/v1/iam_tokens', {}, {}],
      ['POST', '/identity/v1/certificates', authorization, {}],
      ['POST', '/identity/v1/certificates', authorization, {csr: 'nonsense'}],
      ['PUT', '/instance_identity/v1/token', {'metadata-flavor': 'ibm'}, {}],
      ...within.map((path): [string, string, Record<string, string>] => ['GET', `/metadata/v1/${path}`, authorization]),
    ]
    for (const [method, path, headers, body] of inside) {
      const answer = await ask(address, `${path}?${newest}`, {method, headers, body})
      const names = Object.keys(headers).join(' ')
      const asked = `inside: ${method} ${path} (${names}) ${body === undefined ? '' : JSON.stringify(body)}`
      note(asked, answer.status, '', JSON.stringify(answer.body), true)
    }
    await expect(`${record.join('\n')}\n`).toMatchFileSnapshot(
      fileURLToPath(new URL('golden-answers.txt', import.meta.url)),
    )
  } finally {
    await sandbox.close()
  }
})
