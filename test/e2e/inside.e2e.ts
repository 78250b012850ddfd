import {readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {RunResult} from '../support/run-vpcmd.ts'
import {type Networks, obstacle, openNetworks, type Place} from './networks.ts'

// The whole way of IBM's page "Accessing metadata from an instance" on real parts: networks, sshd, ssh, curl, TLS, and
// the vpcmd that is built. Only the cloud is the sandbox. Where that can't be, and must be, VPCMD_E2E=1 says so.
if (obstacle !== undefined) {
  if (process.env.VPCMD_E2E) throw new Error(`The end-to-end test can't run: ${obstacle}.`)
  console.warn(`Skipped: the end-to-end test, because ${obstacle}.`)
}

const page = {name: 'my-virtual-server-2', id: '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'}
const userData = '#cloud-config\npackages:\n  - nginx\nruncmd:\n  - systemctl enable --now nginx\n'

// The lines of the page as they stand there.
const tokenLine = `export instance_identity_token=\`curl -X PUT "http://api.metadata.cloud.ibm.com/instance_identity/v1/token?version=2024-11-12"\\
     -H "Metadata-Flavor: ibm"\\
     -H "Accept: application/json"\\
     -d '{
           "expires_in": 3600
         }' | jq -r '(.access_token)'\``
const initializationLine = `curl -X GET "http://api.metadata.cloud.ibm.com/metadata/v1/instance/initialization?version=2024-11-12"\\
      -H "Accept: application/json"\\
      -H "Authorization: Bearer $instance_identity_token"\\
      | jq -r`

// Finding the service has little time, which a busy machine may need for other things.
const patience = ['--timeout', '60']

type Json = Record<string, unknown>

describe.skipIf(obstacle !== undefined)("the whole way of IBM's page", {timeout: 180_000}, () => {
  let networks: Networks
  beforeAll(async () => {
    networks = await openNetworks()
  })
  afterAll(() => networks?.close())

  /** Runs vpcmd where nobody is expected to fail. */
  const vpcmdAt = async (place: Place, args: string[], options?: Parameters<Place>[1]) => {
    const {code, stdout, stderr} = await place(['vpcmd', ...args], options)
    if (code !== 0) throw new Error(`vpcmd ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }
  const fromHere = (...args: string[]) => vpcmdAt(networks.workstation, args)
  const inside = (...args: string[]) => vpcmdAt(networks.instance, ['imds', ...args, ...patience])
  const script = (...args: string[]) => vpcmdAt(networks.instance, ['imds', 'script', ...args])
  const insideTrusting = (...args: string[]) =>
    networks.instance(['vpcmd', 'imds', ...args, ...patience], {env: {NODE_EXTRA_CA_CERTS: networks.caFile}})
  const doctor = async (place: Place, env: Record<string, string> = {}) => {
    // It waits for the doors that stay shut, too.
    const {code, stdout} = await place(['vpcmd', 'imds', 'doctor', '--json', '--timeout', '4'], {env})
    const {checks} = JSON.parse(stdout) as {checks: {check: string; state: string; finding: string; remedy?: string}[]}
    return {code, ...Object.fromEntries(checks.map(({check, ...rest}) => [check, rest]))}
  }
  const enable = (...more: string[]) => fromHere('metadata', 'enable', page.id, ...more, '--json')
  /** What the VPC API says, asked by curl alone; with a body, to a POST of it. */
  const vpcApi = async (path: string, body?: Json): Promise<Json> => {
    const script = `token=$(curl -sf "$VPC_AUTH_URL/identity/token" -d grant_type=urn:ibm:params:oauth:grant-type:apikey -d apikey="$IBMCLOUD_API_KEY" | jq -r .access_token)
curl -sf "$VPC_URL/$1?version=2026-03-24&generation=2" -H "Authorization: Bearer $token"${body ? ' --data-binary @-' : ''}`
    return read(await networks.workstation(['sh', '-c', script, 'sh', path], {stdin: body && JSON.stringify(body)}))
  }
  const read = ({code, stdout, stderr}: RunResult): Json => {
    if (code !== 0) throw new Error(`Ended with ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }

  it('is not answered within the instance while the service is off, and is told what mends it', async () => {
    expect(await networks.instance(['vpcmd', 'imds', 'token'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^Error: The metadata service does not answer .*\n.*vpcmd metadata enable INSTANCE/,
      ),
    })
    expect(await doctor(networks.instance)).toMatchObject({
      code: 1,
      'Metadata service': {state: 'problem', remedy: expect.stringContaining('vpcmd metadata enable INSTANCE')},
      'Host name': {state: 'ok'},
    })
  })

  it('step 1 and 2: enables the service, and logs in as the user of the image, with no flag at all', async () => {
    const {changed} = JSON.parse(await enable())
    expect(changed).toMatchObject([{id: page.id, after: {enabled: true, protocol: 'http', response_hop_limit: 1}}])
    expect((await vpcApi(`instances/${page.id}`)).metadata_service).toEqual(changed[0].after)
    const connect = (...more: string[]) => networks.workstation(['vpcmd', 'connect', page.name, ...more])
    expect(await connect('--', 'true')).toEqual({code: 0, stdout: '', stderr: ''})
    expect(await connect('--', 'id -un; echo "$SSH_CONNECTION"; exit 7')).toMatchObject({
      code: 7,
      stdout: expect.stringMatching(/^ubuntu\n198\.51\.100\.1 \d+ 169\.47\.94\.48 22\n$/),
    })
    expect((await connect('--internal-ip', '--', 'echo "$SSH_CONNECTION"')).stdout).toMatch(/ 10\.240\.64\.11 22\n$/)
    const reserved = await networks.workstation([
      'vpcmd',
      'connect',
      'my-virtual-server-1',
      '--assign-floating-ip',
      '--',
      'echo "$SSH_CONNECTION"',
    ])
    const [, address] = /^Reserved (\S+) \(\S+\) for my-virtual-server-1\.$/m.exec(reserved.stderr) ?? []
    expect(reserved).toMatchObject({code: 0, stdout: expect.stringContaining(` ${address} 22\n`)})
    expect(JSON.parse(await fromHere('instances', 'show', 'my-virtual-server-1', '--json')).floating_ips).toEqual([
      address,
    ])
    // What --print shows is what a shell runs.
    const {stdout: line} = await connect('--print', '--', "echo 'as printed'")
    expect((await networks.workstation(['sh', '-c', line])).stdout).toBe('as printed\n')
  })

  it("steps 3 to 5: the page's own lines, vpcmd imds, and its script in dash give the same", async () => {
    await enable('--protocol', 'http')
    const given = await vpcApi(`instances/${page.id}/initialization`)
    const byPage = read(
      await networks.workstation(['vpcmd', 'connect', page.name, '--', 'sh', '-s'], {
        stdin: `${tokenLine}\n${initializationLine}\n`,
      }),
    )
    expect(byPage).toEqual({...withoutLinks(given), keys: keysOf(given), user_data: userData})
    expect(JSON.parse(await inside('initialization', '--json'))).toEqual(byPage)
    expect(JSON.parse(await inside('get', 'instance/initialization'))).toEqual(byPage)
    expect(await inside('user-data')).toBe(userData)
    const byScript = read(await networks.instance(['dash'], {stdin: await script()}))
    expect(byScript).toEqual(byPage)
    const {stdout} = await networks.instance(['dash'], {stdin: await script('--user-data')})
    expect(stdout).toBe(userData)
    expect(await doctor(networks.instance)).toMatchObject({
      code: 0,
      'Metadata service': {finding: expect.stringContaining('http://api.metadata.cloud.ibm.com')},
      Metadata: {finding: `This is ${page.name} (${page.id}).`},
    })
  })

  it('the next step: an IAM token from within, which the VPC API takes', async () => {
    const token = await inside('iam-token', '--trusted-profile', 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5')
    const url = `$VPC_URL/instances/${page.id}?version=2026-03-24&generation=2`
    const script = `read -r token; curl -sf "${url}" -H "Authorization: Bearer $token"`
    expect(read(await networks.workstation(['sh', '-c', script], {stdin: token}))).toMatchObject({id: page.id})
  })

  it('collects, and makes the next instance of it: field by field what the VPC API says', async () => {
    await enable('--protocol', 'http')
    const out = join(networks.folder, 'collected')
    const paths = ['instance', 'instance/initialization', 'keys', 'instance/network_attachments']
    await fromHere('metadata', 'collect', page.name, ...paths.flatMap(path => ['--path', path]), '--out', out)
    const file = join(out, `${page.name}.json`)
    const {metadata} = JSON.parse(readFileSync(file, 'utf8'))
    const [instance, given] = await Promise.all([
      vpcApi(`instances/${page.id}`),
      vpcApi(`instances/${page.id}/initialization`),
    ])
    expect(metadata.instance).toEqual(asSeenWithin(instance))
    expect(metadata['instance/initialization']).toEqual({keys: keysOf(given), user_data: userData})
    expect(metadata.keys.keys).toEqual(keysOf(given).map(key => expect.objectContaining(key)))
    const attachments = await vpcApi(`instances/${page.id}/network_attachments`)
    expect(metadata['instance/network_attachments']).toEqual(withoutLinks(attachments))
    expect(readFileSync(join(out, `${page.name}.user-data`), 'utf8')).toBe(userData)
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const asked = ['--like', page.name, '--from-metadata', file, '--protocol', 'https', '--hop-limit', '3']
    // The answer to the one request: nothing has changed the instance since.
    const created = JSON.parse(
      await fromHere('instances', 'create', 'next', ...asked, '--yes', '--wait', '0', '--json'),
    )
    const metadataService = {enabled: true, protocol: 'https', response_hop_limit: 3}
    expect(created).toMatchObject({
      name: 'next',
      status: expect.not.stringMatching('running'),
      metadata_service: metadataService,
    })
    const next = await untilRunning(created.id)
    expect(kind(next)).toEqual({...kind(instance), metadata_service: metadataService})
    expect(portOf(await interfaceOf(next))).toEqual(portOf(await interfaceOf(instance)))
    expect(await vpcApi(`instances/${next.id}/initialization`)).toEqual(given)

    // As the next instance sees it itself.
    expect(await itsOwn(next, 'instance/initialization')).toEqual(metadata['instance/initialization'])
    expect(await itsOwn(next, 'keys')).toEqual(metadata.keys)
    expect(await itsOwn(next, 'instance')).toEqual(asSeenWithin(next))
  })

  it.each([
    ['network attachments', (port: Json) => ({primary_network_attachment: {virtual_network_interface: port}})],
    [
      'interfaces of the old kind',
      ({auto_delete, protocol_state_filtering_mode, ...port}: Json) => ({primary_network_interface: port}),
    ],
  ])(
    'makes one like an instance with %s that has nothing by default: it has all of that',
    async (kindOfNetwork, network) => {
      const name = kindOfNetwork.replaceAll(' ', '-')
      const page2 = await vpcApi(`instances/${page.id}`)
      const subnet = idOf((page2.primary_network_interface as Json).subnet)
      const {security_groups: groups} = await vpcApi('security_groups')
      const group = (groups as Json[]).find(
        each => each.name === 'allow-ssh' && idOf(each.vpc).id === idOf(page2.vpc).id,
      )
      const web = JSON.parse(await fromHere('instances', 'show', 'web-1', '--region', 'eu-de', '--json'))
      const {id} = await vpcApi('instances', {
        availability: {class: 'spot'},
        availability_policy: {host_failure: 'stop', preemption: 'delete'},
        confidential_compute_mode: 'tdx',
        default_trusted_profile: {auto_link: false, target: {id: 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'}},
        enable_secure_boot: true,
        image: idOf(page2.image),
        keys: (keysOf(await vpcApi(`instances/${page.id}/initialization`)) as Json[]).map(idOf),
        metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 5},
        name,
        ...network({
          allow_ip_spoofing: true,
          auto_delete: true,
          protocol_state_filtering_mode: 'disabled',
          security_groups: [idOf(group)],
          subnet,
        }),
        profile: {name: 'cx2-2x4'},
        reservation_affinity: {policy: 'disabled'},
        resource_group: idOf(web.resource_group),
        total_volume_bandwidth: 1500,
        user_data: userData,
        volume_bandwidth_qos_mode: 'pooled',
        zone: {name: 'us-south-2'},
      })
      const model = await untilRunning(String(id))
      const file = join(networks.folder, 'user-data')
      writeFileSync(file, userData)
      const asked = [`${name}-2`, '--like', name, '--user-data', file, '--json']
      // No instance shows whether its VPC was named: the subnet tells it.
      const {vpc} = JSON.parse(await fromHere('instances', 'create', ...asked, '--dry-run'))
      expect(vpc).toEqual(idOf(model.vpc))
      const next = await untilRunning(JSON.parse(await fromHere('instances', 'create', ...asked, '--yes')).id)
      expect(kind(next)).toEqual(kind(model))
      expect(portOf(await interfaceOf(next))).toEqual(portOf(await interfaceOf(model)))
      // With keys, trusted profile and user data.
      expect(await itsOwn(next, 'instance/initialization')).toEqual(await itsOwn(model, 'instance/initialization'))
    },
  )

  const untilRunning = async (id: string): Promise<Json> => {
    for (;;) {
      const instance = await vpcApi(`instances/${id}`)
      if (instance.status === 'running') return instance
      if (instance.status === 'failed') throw new Error('The instance failed.')
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  /** The primary interface of an instance, of whichever kind it is. */
  const interfaceOf = (instance: Json) => {
    const attachment = instance.primary_network_attachment as Json | undefined
    return vpcApi(
      attachment
        ? `virtual_network_interfaces/${idOf(attachment.virtual_network_interface).id}`
        : `instances/${instance.id}/network_interfaces/${idOf(instance.primary_network_interface).id}`,
    )
  }
  /** What the metadata service says to an instance itself. */
  const itsOwn = async ({id}: Json, path: string) => {
    const [{url}] = JSON.parse(await fromHere('sandbox', 'addresses', String(id), '--json'))
    const at = ['--endpoint', url, '--ca-file', networks.caFile, ...patience]
    return read(await networks.workstation(['vpcmd', 'imds', 'get', path, ...at]))
  }

  it('over https: by the host name and the CA alone, from within and from the workstation', async () => {
    await enable('--protocol', 'https')
    expect(await networks.instance(['vpcmd', 'imds', 'instance', '-q', '--timeout', '4'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /https:\/\/api\.metadata\.cloud\.ibm\.com: certificate not trusted .*\n.*NODE_EXTRA_CA_CERTS/,
      ),
    })
    expect(await doctor(networks.instance)).toMatchObject({code: 1, Certificate: {state: 'problem'}})
    expect((await insideTrusting('instance', '-q')).stdout).toBe(`${page.id}\n`)
    expect((await insideTrusting('user-data')).stdout).toBe(userData)
    expect(await doctor(networks.instance, {NODE_EXTRA_CA_CERTS: networks.caFile})).toMatchObject({
      code: 0,
      'Metadata service': {finding: expect.stringContaining('https://api.metadata.cloud.ibm.com')},
      Protocol: {finding: expect.stringMatching(/^https\./)},
      Certificate: {state: 'ok'},
    })
    const byPage = read(
      await networks.workstation(['vpcmd', 'connect', page.name, '--', 'sh', '-s'], {
        stdin: `${tokenLine}\n${initializationLine}\n`.replaceAll('http:', 'https:'),
      }),
    )
    const [{metadata}] = JSON.parse(await fromHere('metadata', 'collect', page.name))
    expect(metadata['instance/initialization']).toEqual(byPage)
    const env = {CURL_CA_BUNDLE: networks.caFile}
    expect(read(await networks.instance(['dash'], {env, stdin: await script()}))).toEqual(byPage)
  })

  it('a hop limit of 1 ends before a container: real answers with real lives', async () => {
    const inContainer = {KUBERNETES_SERVICE_HOST: '172.17.0.1'}
    const set = async (hopLimit: number) => {
      await enable('--protocol', 'http', '--hop-limit', String(hopLimit))
      // The sandbox can't do that part of IBM Cloud; the network does it for it.
      const {metadata_service: service} = await vpcApi(`instances/${page.id}`)
      await networks.setHops((service as {response_hop_limit: number}).response_hop_limit)
    }
    await set(1)
    expect(await inside('instance', '-q')).toBe(`${page.id}\n`)
    expect(await doctor(networks.container, inContainer)).toMatchObject({
      code: 1,
      'Hop limit': {state: 'problem', remedy: expect.stringContaining('--hop-limit 2')},
    })
    await set(2)
    expect(await vpcmdAt(networks.container, ['imds', 'instance', '-q', ...patience])).toBe(`${page.id}\n`)
    expect(await doctor(networks.container, inContainer)).toMatchObject({code: 0, 'Hop limit': {state: 'ok'}})
  })

  it('is off again as soon as it is disabled', async () => {
    await enable('--protocol', 'http')
    expect(await inside('instance', '-q')).toBe(`${page.id}\n`)
    await fromHere('metadata', 'disable', page.id, '--yes')
    expect(await doctor(networks.instance)).toMatchObject({
      code: 1,
      'Metadata service': {state: 'problem', remedy: expect.stringContaining('vpcmd metadata enable INSTANCE')},
    })
    expect(await networks.workstation(['vpcmd', 'metadata', 'collect', page.name])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The metadata service of my-virtual-server-2 \(\S+\) is off\.\nPass --enable/),
    })
  })
})

/** A body of the VPC API as the metadata service gives it: without links and resource groups (ibm-cloud-docs/vpc, instance_metadata_vpc_metadata_summary.md). */
function withoutLinks(body: Json): Json {
  const text = JSON.stringify(body, (name, value) => (name === 'href' || name === 'resource_group' ? undefined : value))
  return JSON.parse(text)
}

/**
 * An instance as it sees itself: with its resource group, and with interfaces that tell their address without its reserved IP
 * (ibm-cloud-docs/vpc, instance_metadata_vpc_access_instance_metadata.md).
 */
function asSeenWithin(instance: Json): Json {
  const addressed = ({primary_ip: ip, ...port}: Json) => ({...port, primary_ipv4_address: (ip as Json).address})
  const {network_interfaces: ports, primary_network_interface: primary, ...rest} = withoutLinks(instance)
  const {href: _, ...group} = instance.resource_group as Json
  return {
    ...rest,
    resource_group: group,
    network_interfaces: (ports as Json[]).map(addressed),
    primary_network_interface: addressed(primary as Json),
    software_attachments: [],
    threads_per_core: 2,
  }
}

function keysOf(initialization: Json): Json[] {
  return (withoutLinks(initialization).keys as Json[]).map(key => ({...key, resource_type: 'key'}))
}

function idOf(resource: unknown): {id: unknown} {
  return {id: (resource as Json).id}
}

/**
 * All of an instance but what is its own alone: its identity, the identities and addresses of its interfaces, of which the
 * subnets are left, and of its volumes, of which the number is left.
 */
function kind(instance: Json): Json {
  const {
    id,
    name,
    crn,
    href,
    created_at,
    boot_volume_attachment,
    volume_attachments,
    network_attachments,
    network_interfaces,
    primary_network_attachment,
    primary_network_interface,
    ...rest
  } = instance
  const subnets = (list: unknown) => (list as Json[]).map(({subnet}) => subnet)
  return {
    ...rest,
    volumes: (volume_attachments as Json[]).length,
    attachments: subnets(network_attachments),
    interfaces: subnets(network_interfaces),
  }
}

/** All of an interface, of either kind, but its own identity and addresses, and those of what it belongs to. */
function portOf(body: Json): Json {
  const {id, name, crn, href, created_at, ips, mac_address, primary_ip, target, ...rest} = body
  return rest
}
