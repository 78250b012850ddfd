import {spawn} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it, onTestFinished} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {clientOf} from '../sandbox/sandbox-client.ts'
import {checkAgainstContract} from '../sandbox/vpc-contract.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {startProxy} from '../support/proxy.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-create-'))
afterAll(() => rmSync(folder, {recursive: true}))

const here = startEachSandbox({transitionMs: 200})
const creations = () => here.seen.filter(({method, path}) => method === 'POST' && path.includes('/instances'))

const create = (...args: string[]) => runInProcess(['instances', 'create', ...args], {env: here.env})
const planned = async (...args: string[]) => JSON.parse((await create('next', ...args, '--dry-run')).stdout)
const save = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const web = async () => {
  const client = await clientOf(here.sandbox)
  const found = (await client.send('/eu-de/v1/instances?name=web-1')).body.instances[0]
  return {found, given: (await client.send(`/eu-de/v1/instances/${found.id}/initialization`)).body}
}

describe('instances create', () => {
  it('makes an instance like another one, field by field, and waits until it runs', async () => {
    const {code, stdout, stderr} = await create('web-3', '--like', 'web-1', '-r', 'eu-de', '--yes', '--json')
    expect({code, stderr}).toMatchObject({code: 0, stderr: expect.stringMatching(/^Created web-3 \(0217_\S+\)\.$/m)})
    const made = JSON.parse(stdout)
    const {found, given} = await web()
    expect(made).toMatchObject({
      name: 'web-3',
      status: 'running',
      region: 'eu-de',
      profile: found.profile,
      image: found.image,
      vpc: found.vpc,
      zone: found.zone,
      resource_group: found.resource_group,
      enable_secure_boot: found.enable_secure_boot,
      metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 2},
      primary_network_interface: {subnet: found.primary_network_interface.subnet},
    })
    const client = await clientOf(here.sandbox)
    const initialization = (await client.send(`/eu-de/v1/instances/${made.id}/initialization`)).body
    expect(initialization).toEqual(given)
  })

  it('prints what would be sent in the format that is asked for', async () => {
    const args = ['next', '--like', 'my-virtual-server-2', '--dry-run']
    const {stdout} = await create(...args, '-o', 'yaml')
    expect(stdout).toMatch(/^name: next\nprofile:\n {2}name: bx2-2x8\n/)
    for (const more of [[], ['-o', 'csv']])
      expect(JSON.parse((await create(...args, ...more)).stdout).name).toBe('next')
  })

  it('takes along what the other one has otherwise than by default', async () => {
    const client = await clientOf(here.sandbox)
    const [{subnet}] = (await client.send('/v1/instances?name=my-virtual-server-2')).body.instances[0]
      .network_interfaces
    const {images} = (await client.send('/v1/images')).body
    const given = {
      availability: {class: 'spot'},
      availability_policy: {host_failure: 'stop', preemption: 'delete'},
      confidential_compute_mode: 'tdx',
      enable_secure_boot: true,
      profile: {name: 'cx2-2x4'},
      reservation_affinity: {policy: 'disabled'},
      total_volume_bandwidth: 1500,
      volume_bandwidth_qos_mode: 'pooled',
    }
    const port = {allow_ip_spoofing: true, protocol_state_filtering_mode: 'disabled', subnet: {id: subnet.id}}
    const body = {
      name: 'model',
      zone: {name: 'us-south-2'},
      image: {id: images[0].id},
      primary_network_attachment: {virtual_network_interface: port},
      ...given,
    }
    expect((await client.send('/v1/instances', {method: 'POST', body: JSON.stringify(body)})).status).toBe(201)
    const like = await planned('--like', 'model')
    expect(like).toMatchObject({...given, primary_network_attachment: {virtual_network_interface: port}})
    // The types have these three only of the kinds of prototypes.
    const {image, zone, primary_network_attachment, ...common} = like
    checkAgainstContract('InstancePrototype', common)
    // Another profile may not have as much bandwidth, nor the mode, nor reservations.
    const {stdout, stderr} = await create('next', '--like', 'model', '--profile', 'bx2-2x8', '--dry-run')
    expect(stderr).toMatch(/^Not copied: bandwidth of volumes and reservation affinity, which depend/m)
    const {total_volume_bandwidth, volume_bandwidth_qos_mode, reservation_affinity, ...kept} = given
    expect(JSON.parse(stdout)).toMatchObject({...kept, profile: {name: 'bx2-2x8'}})
    for (const bound of ['total_volume_bandwidth', 'volume_bandwidth_qos_mode', 'reservation_affinity'])
      expect(JSON.parse(stdout)).not.toHaveProperty(bound)
  })

  it('says what does not go along', async () => {
    const {stderr} = await create('web-3', '--like', 'web-1', '-r', 'eu-de', '--dry-run')
    expect(stderr).toMatch(
      /Not copied: user data, which the VPC API does not return\. To get it: vpcmd metadata collect 0217_/,
    )
    expect(stderr).toMatch(/Not copied: 1 further network interface\./)
    expect(stderr).toMatch(/Not copied: encryption key, size and profile of the boot volume/)
    const image = ['--image', 'ibm-ubuntu-24-04-6-minimal-amd64-3']
    const train = await create('train-2', '--like', 'train-1', ...image, '--dry-run')
    for (const what of ['catalog offering, with its billing plan and licenses', 'reservation', 'cluster network']) {
      expect(train.stderr).toContain(`Not copied: the ${what}.`)
    }
    const member = await create('web-3', '--like', 'web-1', '-r', 'jp-tok', '--dry-run')
    expect(member.stderr).toContain('Not copied: the membership of an instance group.')
    expect(stderr).toMatch(/Dry run: nothing was sent\.\n$/)
    expect(creations()).toEqual([])
  })

  it('takes https and 1 where the service of the other one is off, else its own, and what is asked for first', async () => {
    expect((await planned('--like', 'my-virtual-server-2')).metadata_service).toEqual({
      enabled: true,
      protocol: 'https',
      response_hop_limit: 1,
    })
    const asked = await planned('--like', 'my-virtual-server-2', '--protocol', 'http', '--hop-limit', '7')
    expect(asked.metadata_service).toEqual({enabled: true, protocol: 'http', response_hop_limit: 7})
  })

  it('keeps the kind of network, with its security groups', async () => {
    const attached = await planned('--like', 'my-virtual-server-2')
    expect(attached).toMatchObject({
      primary_network_attachment: {
        virtual_network_interface: {
          subnet: {id: '0727-f24237f5-bdf0-4b94-ab4c-167a44b8bcb5'},
          security_groups: [{id: expect.stringMatching(/^r006-/)}],
        },
      },
    })
    const legacy = await planned('--like', 'web-2')
    expect(legacy).toMatchObject({primary_network_interface: {security_groups: [{id: expect.any(String)}]}})
    expect(legacy).not.toHaveProperty('primary_network_attachment')
  })

  it('takes another profile, image, subnet and keys, by name', async () => {
    const client = await clientOf(here.sandbox)
    const {subnets} = (await client.send('/v1/subnets?zone.name=us-south-3')).body
    const other = await planned(
      ...['--like', 'my-virtual-server-2', '--profile', 'cx2-2x4', '--image', 'ibm-debian-12-6-minimal-amd64-1'],
      ...['--subnet', subnets[0].id, '--key', 'my-key', '--key', 'r006-a2ca2e3a-0b1c-4d5e-8f90-123456789abc'],
    )
    expect(other).toMatchObject({
      profile: {name: 'cx2-2x4'},
      image: {id: expect.stringMatching(/^r006-/)},
      zone: {name: 'us-south-3'},
      keys: [{id: expect.any(String)}, {id: 'r006-a2ca2e3a-0b1c-4d5e-8f90-123456789abc'}],
      primary_network_attachment: {virtual_network_interface: {subnet: {id: subnets[0].id}}},
    })
    const elsewhere = await create('next', '--like', 'my-virtual-server-2', '--subnet', subnets[1].id, '--dry-run')
    expect(elsewhere.stderr).toMatch(/Not copied: security groups/)
    expect(JSON.parse(elsewhere.stdout).vpc).not.toEqual(other.vpc)
  })

  it('is exit 4 for a name that there is not, and names the field that the API refuses', async () => {
    for (const [flag, what] of [
      ['--image', 'image'],
      ['--key', 'SSH key'],
      ['--subnet', 'subnet'],
    ] as const) {
      const {code, stderr} = await create('next', '--like', 'my-virtual-server-2', flag, 'nosuch', '--yes')
      expect({code, stderr}).toMatchObject({code: 4, stderr: expect.stringContaining(`There is no ${what} nosuch`)})
    }
    const refused = await create('next', '--like', 'my-virtual-server-2', '--profile', 'bx9-1x1', '--yes')
    expect(refused.stderr).toMatch(/Could not create the instance next in us-south: .* \(profile\.name\)\. \(trace: /)
  })

  it('tells that a name is taken in the region, before anything is sent, in a dry run as well', async () => {
    for (const more of ['--yes', '--dry-run']) {
      const {code, stdout, stderr} = await create('my-virtual-server-1', '--like', 'my-virtual-server-2', more)
      expect({code, stdout}).toEqual({code: 1, stdout: ''})
      expect(stderr).toMatch(
        /There is an instance my-virtual-server-1 \(0717_\S+\) in the region already: nothing was sent\./,
      )
    }
    expect(creations()).toEqual([])
  })

  it('sends user data as it is, from a file, from stdin, and from collected metadata', async () => {
    const text = '#cloud-config\nruncmd: ["echo \'$(id)\' \u0000 ü"]\n'
    const collected = {id: 'x', metadata: {'instance/initialization': {keys: [], user_data: text}}}
    const like = ['--like', 'my-virtual-server-2']
    expect((await planned(...like, '--user-data', save('user-data', text))).user_data).toBe(text)
    for (const [name, value] of Object.entries({
      collected,
      list: [collected],
      document: collected.metadata,
      answer: {user_data: text},
    })) {
      const file = save(`${name}.json`, JSON.stringify(value))
      expect((await planned(...like, '--from-metadata', file)).user_data).toBe(text)
    }
    const piped = await runInProcess(['instances', 'create', 'next', ...like, '--user-data', '-', '--dry-run'], {
      env: here.env,
      stdin: text,
    })
    expect(JSON.parse(piped.stdout).user_data).toBe(text)
  })

  it('says of user data what would keep it from working, before anything is sent', async () => {
    const like = ['next', '--like', 'my-virtual-server-2', '--dry-run']
    const of = (content: string) => create(...like, '--user-data', save('user-data', content))
    expect((await of('#!/bin/sh\r\necho\r\n')).stderr).toMatch(/Windows line ends \(CRLF\).*sed -i 's\/\\r\$\/\/'/)
    expect((await of('\uFEFF#cloud-config\n')).stderr).toMatch(/byte order mark.*cloud-init/)
    expect((await of('#cloud-config\r\n')).stderr).not.toContain('CRLF')
    expect((await of('x'.repeat(65_536))).code).toBe(0)
    const {code, stderr} = await of('x'.repeat(65_537))
    expect({code, stderr}).toMatchObject({code: 2, stderr: expect.stringMatching(/65,537 bytes.*at most 65,536/)})
  })

  it('refuses user data that is no text, and files without any', async () => {
    const like = ['next', '--like', 'my-virtual-server-2', '--yes']
    const wrong: [string[], RegExp][] = [
      [['--user-data', save('binary', Buffer.from([0x1f, 0x8b, 0x08, 0xff]))], /is not text in UTF-8/],
      [['--user-data', '/no/such'], /No user data from \/no\/such: there is no such file/],
      [
        ['--from-metadata', save('empty.json', '{"metadata":{"instance/initialization":{"keys":[]}}}')],
        /There is no user data in/,
      ],
      [['--from-metadata', save('broken.json', '{')], /is not JSON/],
      [['--from-metadata', save('two.json', '[{},{}]')], /holds the metadata of 2 instances/],
    ]
    for (const [args, said] of wrong) {
      const {code, stderr} = await create(...like, ...args)
      expect({code, stderr}).toMatchObject({code: 2, stderr: expect.stringMatching(said)})
    }
    expect(creations()).toEqual([])
  })

  it('refuses a name that can be none, before it asks anything', async () => {
    for (const name of ['Web', 'web_1', '1web', 'web-', 'a'.repeat(64), '$(id)', '']) {
      expect((await create(name, '--like', 'web-1')).code).toBe(2)
    }
  })

  it('is not done where what was made is not what was asked for', async () => {
    const proxy = await startProxy(here.sandbox, (_method, path, body) =>
      path.includes('/us-south/v1/instances')
        ? body.replaceAll('"protocol":"https","response_hop_limit":3', '"protocol":"http","response_hop_limit":1')
        : undefined,
    )
    here.env = freshEnvironment(proxy.environment)
    const {code, stdout, stderr} = await create(
      ...['next', '--like', 'my-virtual-server-2', '--protocol', 'https', '--hop-limit', '3', '--yes', '--json'],
    )
    await proxy.close()
    expect([code, JSON.parse(stdout).name]).toEqual([1, 'next'])
    expect(stderr).toMatch(
      /Warning: next \(\S+\) was created, but not as requested: metadata_service\.protocol is http, not https; metadata_service\.response_hop_limit is 1, not 3\./,
    )
  })

  it('tells of reserved IPs and of NAT that do not go along', async () => {
    const proxy = await startProxy(here.sandbox, (_method, path, body) =>
      path.includes('/virtual_network_interfaces/')
        ? body
            .replace(/"ips":\[(\{.*?\})\]/, '"ips":[$1,$1]')
            .replace('"enable_infrastructure_nat":true', '"enable_infrastructure_nat":false')
        : undefined,
    )
    here.env = freshEnvironment(proxy.environment)
    const {code, stderr} = await create('next', '--like', 'my-virtual-server-2', '--dry-run')
    await proxy.close()
    expect(code).toBe(0)
    expect(stderr).toContain('Not copied: 1 further reserved IP of its network interface.')
    expect(stderr).toContain('Not copied: that its network interface has no infrastructure NAT.')
  })

  it('sends nothing without a yes', async () => {
    const {code, stderr} = await create('next', '--like', 'my-virtual-server-2')
    expect({code, stderr}).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Create next in us-south\?.*nothing was sent/i),
    })
    expect(creations()).toEqual([])
  })

  it('shows the prototype on a terminal, asks, and takes no for an answer', async () => {
    const file = save('secret-user-data', 'password: hunter2\n')
    const args = ['instances', 'create', 'next', '--like', 'my-virtual-server-2', '--user-data', file]
    const pty = startInProcess([...args], {env: here.env, rows: 50})
    await pty.waitFor('Create next in us-south? It costs money. (y/N)')
    expect(pty.screen()).toMatch(/^ {2}profile: bx2-2x8$/m)
    // Nobody agrees to an ID.
    expect(pty.screen()).toMatch(/^ {2}image: ibm-ubuntu\S+ \(r006-\S+\)$/m)
    expect(pty.screen()).toMatch(/^ {2}vpc: my-test-vpc \(r006-\S+\)$/m)
    expect(pty.screen()).toMatch(/^ {2}keys:\n {4}- \S+ \(r006-\S+\)$/m)
    expect(pty.screen()).toMatch(/^ +subnet: \S+ \(0727-\S+\)$/m)
    expect(pty.screen()).toMatch(/^ +security_groups:\n +- \S+ \(r006-\S+\)$/m)
    expect(pty.screen()).toMatch(/^ {2}user_data: 18 bytes$/m)
    expect(pty.screen()).not.toContain('hunter2')
    pty.write('\r')
    expect(await pty.exit).toMatchObject({exitCode: 1})
    expect(pty.everything()).toContain('Nothing was sent.')
    expect(creations()).toEqual([])
  })

  it('says so when it does not run in time, or fails to start', async () => {
    const late = await startSandbox({transitionMs: 3_600_000})
    onTestFinished(() => late.close())
    const {code, stderr} = await runInProcess(
      ['instances', 'create', 'next', '--like', 'my-virtual-server-2', '--yes', '--wait', '1'],
      {env: freshEnvironment(late.environment)},
    )
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was created, and is still starting after 1 s/),
    })
    const {stdout} = await runInProcess(
      ['instances', 'create', 'other', '--like', 'my-virtual-server-2', '--yes', '--wait', '0', '-q'],
      {env: freshEnvironment(late.environment)},
    )
    expect(stdout).toMatch(/^0727_\S+\n$/)
  })

  it('waits for as long as it is told to', async () => {
    const slow = await startSandbox({transitionMs: 1700})
    onTestFinished(() => slow.close())
    // The pauses get longer: the last one ends with the time.
    const args = ['instances', 'create', 'next', '--like', 'my-virtual-server-2', '--yes', '--wait', '2', '--json']
    const {code, stdout} = await runInProcess(args, {env: freshEnvironment(slow.environment)})
    expect({code, status: JSON.parse(stdout || '{}').status}).toEqual({code: 0, status: 'running'})
  })

  it('tells why it did not start', async () => {
    const failing = await startSandbox({transitionMs: 200, failingStarts: {count: 1}})
    onTestFinished(() => failing.close())
    const {code, stderr} = await runInProcess(
      ['instances', 'create', 'next', '--like', 'my-virtual-server-2', '--yes'],
      {
        env: freshEnvironment(failing.environment),
      },
    )
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /was created, and is failed now: .*\(cannot_start_capacity\)\.\nIt exists, and costs money/,
      ),
    })
  })

  it.each(['reset', 'cut', '504'] as const)(
    'is not sent twice when no answer came (%s), and says that it may be there',
    async kind => {
      here.sandbox.faults.push({kind, path: /\/v1\/instances\?/, method: 'POST'})
      const {code, stderr} = await create('next', '--like', 'my-virtual-server-2', '--yes')
      expect({code, stderr}).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/It may exist all the same: vpcmd instances list --name next/),
      })
      expect(creations()).toHaveLength(1)
    },
  )

  it('says what was made when it is interrupted meanwhile, and ends then', async () => {
    let child: ReturnType<typeof spawn> | undefined
    const slow = await startSandbox({
      onRequest: ({method, path}) => {
        if (method !== 'POST' || !path.includes('/instances')) return
        child?.kill('SIGINT')
        // The answer is held back until the signal has surely come.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
      },
    })
    onTestFinished(() => slow.close())
    child = spawn(process.execPath, [vpcmdPath, 'instances', 'create', 'next', '--like', 'my-virtual-server-2', '-y'], {
      env: freshEnvironment(slow.environment),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr?.on('data', chunk => {
      said += chunk
    })
    const code = await new Promise(resolve => child?.on('close', resolve))
    expect({code, said}).toMatchObject({code: 130, said: expect.stringMatching(/^Created next \(07\d7_\S+\)\.$/m)})
    expect(slow.fleet.list().filter(({name}) => name === 'next')).toHaveLength(1)
  })
})
