import {spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const crn = `crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:${id}`
const off = {enabled: false, protocol: 'http', response_hop_limit: 1}
const on = {enabled: true, protocol: 'https', response_hop_limit: 2}

const here = startEachSandbox({account: 'a1234567'})

const vpcmd = (...args: string[]) => runInProcess(args, {env: here.env})
const jsonOf = async (...args: string[]) => JSON.parse((await vpcmd(...args, '--json')).stdout)
const patches = () => here.seen.filter(({method}) => method === 'PATCH').map(({body}) => body)
const count = (end: RegExp) => here.seen.filter(({path}) => end.test(path)).length

describe('instances list', () => {
  it('prints a table with the columns that matter, sorted by name, to stdout alone', async () => {
    const {code, stdout, stderr} = await vpcmd('instances', 'list')
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]?.split(/ {2,}/)).toEqual([
      'Name',
      'ID',
      'Status',
      'Zone',
      'VPC',
      'Reserved IP',
      'Floating IP',
      'Metadata',
    ])
    expect(lines.slice(1).map(line => line.split(' ')[0])).toEqual([
      'batch-1',
      'build-1',
      'my-virtual-server-1',
      'my-virtual-server-2',
      'my-virtual-server-3',
      'train-1',
      'web-1',
      'web-1',
      'web-2',
    ])
    expect(lines[4]).toMatch(
      new RegExp(`^my-virtual-server-2 +${id} +running +us-south-2 +my-test-vpc +10.240.64.11 +169.47.94.48 +off$`),
    )
  })

  it("prints IBM's own objects as JSON, with region and addresses added, and the same as YAML and JSON lines", async () => {
    const rows = await jsonOf('instances', 'list')
    expect(rows).toHaveLength(9)
    const row = rows.find((each: {id: string}) => each.id === id)
    const {region, floating_ips, ...sent} = row
    expect({region, floating_ips}).toEqual({region: 'us-south', floating_ips: ['169.47.94.48']})
    const url = `${here.sandbox.url}/us-south/v1/instances/${id}?version=2026-03-24&generation=2`
    const token = await fetch(`${here.sandbox.url}/identity/token`, {
      method: 'POST',
      body: new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: here.sandbox.apiKey}),
    })
    const {access_token} = (await token.json()) as {access_token: string}
    const answer = await fetch(url, {headers: {Authorization: `Bearer ${access_token}`}})
    expect(sent).toEqual(await answer.json())
    const lines = (await vpcmd('instances', 'list', '-o', 'jsonl')).stdout.trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line))).toEqual(rows)
    expect(parse((await vpcmd('instances', 'list', '-o', 'yaml')).stdout)).toEqual(rows)
  })

  it('prints IDs only, CSV, and any column', async () => {
    expect((await vpcmd('instances', 'list', '-q', '--name', 'my-virtual-server-2')).stdout).toBe(`${id}\n`)
    expect(
      (await vpcmd('instances', 'list', '-o', 'csv', '--columns', 'name,Metadata', '--name', 'web-*', '--sort=-name'))
        .stdout,
    ).toBe('Name,Metadata\nweb-2,off\nweb-1,https/2\nweb-1,http/1\n')
    const {stdout} = await vpcmd('instances', 'list', '-o', 'csv', '--columns', 'all', '--name', 'my-virtual-server-2')
    const [header, row] = stdout.split('\n')
    // The header of `ibmcloud is instances`, the metadata settings, and what else there is.
    expect(header).toBe(
      'ID,Name,Status,Reserved IP,Floating IP,Profile,Image,VPC,Zone,Confidential Compute Mode,Enable Secure Boot,Resource group,Reservation Name,Cluster Network ID,Cluster Network Name,Cluster Network Attachments,Metadata,Enabled,Protocol,Hop limit,URL within the instance,Architecture,Region,CRN,Tags,Created,Account',
    )
    const begin = `${id},my-virtual-server-2,running,10.240.64.11,169.47.94.48,bx2-2x8,ibm-ubuntu-24-04-6-minimal-amd64-3,my-test-vpc,us-south-2,disabled,false,defaults,,,,,off,false,http,1,,amd64,us-south,crn:`
    expect(row?.slice(0, begin.length)).toBe(begin)
  })

  it('asks for floating IPs only when they are shown', async () => {
    await vpcmd('instances', 'list', '--columns', 'name,metadata')
    await vpcmd('instances', 'list', '-q')
    expect(count(/floating_ips/)).toBe(0)
    await vpcmd('instances', 'list')
    expect(count(/floating_ips/)).toBe(13)
  })

  it('says of those with a protocol that it is what the service would use where it is off', async () => {
    const {stdout, stderr} = await vpcmd('instances', 'list', '--protocol', 'http')
    const off = stdout.match(/ off$/gm)?.length
    expect(stderr).toContain(`The service is off on ${off} of these; --metadata enabled leaves them out.`)
    for (const more of [['--metadata', 'enabled'], ['-q'], ['--json']]) {
      expect((await vpcmd('instances', 'list', '--protocol', 'http', ...more)).stderr).not.toContain('is off')
    }
  })

  it('takes an empty list for no failure', async () => {
    expect(await vpcmd('instances', 'list', '--name', 'nosuch')).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^No instances found\. --name /),
    })
    expect(await jsonOf('instances', 'list', '--name', 'nosuch')).toEqual([])
    expect((await vpcmd('instances', 'list', '--name', 'nosuch', '-q')).stdout).toBe('')
  })

  it('works in the regions that are named, by flag before variable', async () => {
    const names = async (...args: string[]) => {
      const rows: {region: string}[] = await jsonOf('instances', 'list', ...args)
      return [...new Set(rows.map(({region}) => region))].sort()
    }
    expect(await names('-r', 'eu-de,jp-tok')).toEqual(['eu-de', 'jp-tok'])
    here.env.IC_REGION = 'eu-gb'
    expect(await names()).toEqual(['eu-gb'])
    expect(await names('-r', 'eu-de', '-r', 'us-south')).toEqual(['eu-de', 'us-south'])
    expect(await names('-r', 'all')).toHaveLength(5)
  })

  it('prints the rows of the other regions when one fails, and exits 1', async () => {
    here.sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
    const {code, stdout, stderr} = await vpcmd('instances', 'list', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toHaveLength(7)
    expect(stderr).toMatch(/Warning: Could not list the instances in eu-de.*trace: .*is\.instance\.instance\.list/)
  })

  it('is an error with exit code 3 when every region refuses', async () => {
    here.sandbox.faults.push({kind: '403', path: /\/instances/})
    const {code, stdout} = await vpcmd('instances', 'list', '--json')
    expect(code).toBe(3)
    expect(JSON.parse(stdout).error).toMatchObject({code: 'not_authorized', trace: expect.any(String)})
  })
})

describe('show', () => {
  it("prints every row of IBM's page, the metadata service among the first", async () => {
    const {stdout} = await vpcmd('instances', 'show', crn)
    const labels = stdout.split('\n').flatMap(line => (/^\S/.test(line) ? [line.split(/ {2,}/)[0]] : []))
    expect(labels).toEqual([
      'ID',
      'Name',
      'CRN',
      'Status',
      'Metadata service',
      'On host failure',
      'Confidential compute',
      'Secure boot',
      'Startable',
      'Profile',
      'Architecture',
      'vCPU manufacturer',
      'vCPUs',
      'Memory',
      'Bandwidth',
      'Volume bandwidth',
      'Network bandwidth',
      'Lifecycle reasons',
      'Lifecycle state',
      'Image',
      'NUMA count',
      'VPC',
      'Zone',
      'Resource group',
      'Created',
      'Network attachments',
      'Boot volume',
      'Reservation affinity',
      'Affinity pool',
      'Reservation',
      'Health state',
      // Not of IBM's page.
      'Local disks',
    ])
    expect(stdout).toContain('0727-a3ff4d3e-be95-4a52-8025-b55b3c3285ea')
    expect(stdout).toContain('undaunted-starved-slander-galleria')
  })

  it('finds by ID, name and CRN', async () => {
    for (const name of [id, 'my-virtual-server-2', crn]) {
      expect(await jsonOf('instances', 'show', name)).toMatchObject({
        id,
        region: 'us-south',
        floating_ips: ['169.47.94.48'],
      })
    }
  })

  it('prints settings in the order asked, and what is missing on stderr', async () => {
    const {code, stdout, stderr} = await vpcmd('metadata', 'show', 'web-2', 'nosuch-at-all', id, '--json')
    expect(code).toBe(1)
    expect(stderr).toContain('no instance with the name nosuch-at-all')
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({name: 'web-2', region: 'eu-de', zone: 'eu-de-2'}),
      {
        id,
        name: 'my-virtual-server-2',
        crn,
        region: 'us-south',
        zone: 'us-south-2',
        status: 'running',
        metadata_service: off,
      },
    ])
  })
})

describe('enable and disable', () => {
  it('send only what differs, see it, and send nothing the second time', async () => {
    const change = {id, name: 'my-virtual-server-2', region: 'us-south'}
    const enable = ['metadata', 'enable', 'my-virtual-server-2', '--protocol', 'https', '--hop-limit', '2']
    expect(await jsonOf(...enable)).toEqual({
      changed: [{...change, before: off, after: on}],
      unchanged: [],
      failed: [],
    })
    expect(await jsonOf(...enable)).toEqual({
      changed: [],
      unchanged: [{...change, before: on, after: on}],
      failed: [],
    })
    await vpcmd('metadata', 'enable', id, '--hop-limit', '3')
    await vpcmd('metadata', 'disable', id, '--yes')
    await vpcmd('metadata', 'disable', id)
    await vpcmd('metadata', 'enable', id)
    expect(patches()).toEqual([
      {metadata_service: on},
      {metadata_service: {response_hop_limit: 3}},
      {metadata_service: {enabled: false}},
      {metadata_service: {enabled: true}},
    ])
    expect(here.sandbox.fleet.get(id)?.metadata_service).toEqual({
      enabled: true,
      protocol: 'https',
      response_hop_limit: 3,
    })
  })

  it("says what IBM's FAQ says after switching on, and only then", async () => {
    expect((await vpcmd('metadata', 'enable', id)).stderr).toMatch(
      /! Restart needed before the service works fully; a stop erases local disks\n {2}restart {2}vpcmd instances restart/,
    )
    expect((await vpcmd('metadata', 'enable', id, '--hop-limit', '2')).stderr).toMatch(
      /^✓ 1 changed\n {2}undo {2}vpcmd metadata undo [0-9a-f]{4}\n$/,
    )
  })

  it('name the one of several that needs a restart, and count them', async () => {
    const {stderr} = await vpcmd('metadata', 'enable', 'batch-1', 'my-virtual-server-1', '--yes')
    expect(stderr).toMatch(/✓ 2 changed\n! my-virtual-server-1 needs a restart before/)
    const more = await vpcmd('metadata', 'enable', 'build-1', id, 'my-virtual-server-3', '--yes')
    expect(more.stderr).toMatch(/✓ 3 changed\n! 2 of 3 need a restart before/)
  })

  it('are followed by a restart of the very instance, where only some regions were searched for its name', async () => {
    const {name} = here.sandbox.fleet.get(id) ?? {name: ''}
    const searched = await vpcmd('metadata', 'enable', name, '--region', 'us-south')
    expect(searched.stderr).toContain(`restart  vpcmd instances restart ${id}\n`)
  })

  it('send nothing in a dry run, and print the plan', async () => {
    const {code, stdout, stderr} = await vpcmd('metadata', 'enable', id, '--protocol', 'https', '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/off +https\/1 +planned/)
    expect(stderr).toContain('nothing was sent')
    expect(await jsonOf('metadata', 'disable', id, '--dry-run')).toMatchObject({
      changed: [],
      unchanged: [{id}],
      failed: [],
    })
    expect(patches()).toEqual([])
  })

  it('settle several each on its own, in the order given', async () => {
    here.sandbox.faults.push({kind: '403', method: 'PATCH', path: new RegExp(id)})
    const {code, stdout, stderr} = await vpcmd(
      'metadata',
      'enable',
      'web-2',
      id,
      'my-virtual-server-1',
      'train-1',
      'web-2',
    )
    expect(code).toBe(1)
    expect(
      stdout
        .split('\n')
        .slice(1, -1)
        .map(line => line.split(/ {2,}/))
        .map(cells => [cells[0], cells.at(-1)]),
    ).toEqual([
      ['web-2', 'changed'],
      ['my-virtual-server-2', 'failed'],
      ['my-virtual-server-1', 'changed'],
      ['train-1', 'unchanged'],
    ])
    expect(stderr).toMatch(/Could not update instance 0727_ed12480a.*is\.instance\.instance\.update/)
  })

  it('survive an answer that is lost: the change is there once, and reported as seen', async () => {
    here.sandbox.faults.push({kind: 'cut', count: 1, method: 'PATCH'})
    const {changed} = await jsonOf('metadata', 'enable', id)
    expect(changed).toEqual([expect.objectContaining({before: off, after: {...off, enabled: true}})])
    expect(patches()).toHaveLength(1)
  })

  it('log each request with --debug, and no secret', async () => {
    const {stderr} = await vpcmd('metadata', 'enable', id, '--debug')
    expect(stderr).toMatch(/debug: SDK: /)
    expect(stderr).toMatch(/debug: POST http:\/\/127\.0\.0\.1:\d+\/identity\/token -> 200 in \d+ ms/)
    expect(stderr).toMatch(
      new RegExp(`debug: PATCH http://127\\.0\\.0\\.1:\\d+/us-south/v1/instances/${id}\\?\\S+ -> 200 in \\d+ ms`),
    )
    expect(stderr).not.toContain(here.sandbox.apiKey)
    expect(stderr).not.toMatch(/eyJ|Bearer/)
  })
})

describe('the sandbox', () => {
  it('keeps what is changed for the next command, and two at once lose nothing', async () => {
    const own = freshEnvironment({VPCMD_SANDBOX: '1'})
    const names = ['my-virtual-server-1', 'my-virtual-server-2', 'web-2']
    const runs = await Promise.all(
      names.map(name => runVpcmd(['metadata', 'enable', name, '--hop-limit', '5'], {env: own})),
    )
    expect(runs.map(({code}) => code)).toEqual(names.map(() => 0))
    const args = ['instances', 'list', '--metadata', 'enabled', '--hop-limit', '5', '-o', 'csv', '--columns', 'name']
    const shown = await runInProcess(args, {env: own})
    expect(shown.stdout.split('\n').slice(1, -1).sort()).toEqual([...names].sort())
    expect(shown.stderr).toBe('Using the sandbox, a simulated IBM Cloud on this machine.\n')
    expect((await runInProcess(['sandbox', 'reset'], {env: own})).code).toBe(0)
    const after = await runInProcess(['instances', 'list', '--hop-limit', '5', '-q'], {env: own})
    expect(after.stdout).toBe('')
  })

  it('is not what the environment points at, and leaves no token behind', async () => {
    const {code} = await vpcmd('instances', 'list', '--sandbox')
    expect(code).toBe(0)
    expect(here.seen).toEqual([])
    expect(readdirSync(join(here.env.XDG_CACHE_HOME ?? '', 'vpcmd'))).toEqual(['names-sandbox.json'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves any client until %s, from the variables that it prints',
    async signal => {
      const server = spawn(
        process.execPath,
        [vpcmdPath, 'sandbox', 'start', '--json', '--instances', '30', '--regions', 'eu-de'],
        {env: freshEnvironment()},
      )
      let stdout = ''
      const exit = new Promise<number | null>(resolve => server.on('close', resolve))
      const ready = new Promise<{environment: Record<string, string>}>(resolve => {
        server.stdout.on('data', chunk => {
          stdout += chunk
          if (stdout.trimEnd().endsWith('}')) resolve(JSON.parse(stdout))
        })
      })
      const {environment} = await ready
      const {stdout: ids} = await runInProcess(['instances', 'list', '-q'], {env: freshEnvironment(environment)})
      expect(ids.trim().split('\n')).toHaveLength(30)
      server.kill(signal)
      expect(await exit).toBe(0)
    },
  )

  it('refuses wrong arguments', async () => {
    for (const [args, says] of [
      [['--fault', 'flood:3'], /Not a fault: flood:3/],
      [['--regions', 'mars'], /mars/],
      [['--port', '99999'], /--port/],
      [['--vpcs', '2'], /instances/],
    ] as const) {
      const {code, stderr} = await vpcmd('sandbox', 'start', ...args)
      expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(says)})
    }
  })
})

it('reads IDs from a pipe of its own as it reads', async () => {
  const {code, stdout} = await runShell(
    "vpcmd metadata enable $(vpcmd instances list -q --name 'my-*') --json",
    here.env,
  )
  expect(code).toBe(0)
  expect(JSON.parse(stdout).changed).toHaveLength(3)
})

describe('help', () => {
  it('lists commands and exit codes, and every command has its own', async () => {
    const {code, stdout} = await runVpcmd(['--help'], {env: here.env})
    expect(code).toBe(0)
    expect(stdout).toMatch(/Exit codes: 0 done/)
    // What the build has drawn is printed as it is.
    const drawn = JSON.parse(readFileSync(join(dirname(vpcmdPath), 'help.json'), 'utf8'))
    const {commands} = JSON.parse(readFileSync(join(dirname(vpcmdPath), '..', 'oclif.manifest.json'), 'utf8'))
    const names = Object.keys(commands).map(name => name.replaceAll(':', ' '))
    expect(names).toContain('metadata enable')
    for (const name of names) {
      for (const help of [drawn.full[name], drawn.short[name]]) {
        expect({name, help}).toEqual({name, help: expect.stringContaining('EXAMPLES')})
      }
    }
    const help = await runVpcmd(['metadata', 'enable', '--help'], {env: here.env})
    expect(help).toEqual({code: 0, stdout: drawn.full['metadata enable'], stderr: ''})
    const short = await runVpcmd(['metadata', 'enable', '-h'], {env: here.env})
    expect(short).toEqual({code: 0, stdout: drawn.short['metadata enable'], stderr: ''})
    expect(await runVpcmd([], {env: here.env})).toEqual({code: 0, stdout: drawn.welcome, stderr: ''})
  })
})

describe('Ctrl-C', () => {
  it('in a pause between two tries sends nothing more', async () => {
    here.sandbox.faults.push({kind: '503', method: 'PATCH', retryAfter: '600'})
    const child = spawn(process.execPath, [vpcmdPath, 'metadata', 'enable', id, '--json'], {env: here.env})
    let stdout = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    const exit = new Promise<number | null>(resolve => child.on('close', resolve))
    const pausing = new Promise<void>(resolve => {
      child.stderr.on('data', chunk => {
        if (String(chunk).includes('Waiting 600 s: 503 from us-south')) resolve()
      })
    })
    await pausing
    here.sandbox.faults.length = 0
    child.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({changed: [], skipped: [{id}]})
    expect(patches()).toHaveLength(1)
    expect(here.sandbox.fleet.get(id)?.metadata_service).toEqual(off)
  })
})

it('an ID is found without waiting for a region that does not answer', async () => {
  here.sandbox.faults.push({kind: 'hang', path: /\/eu-de\/v1\/instances/})
  const {code, stdout} = await vpcmd('metadata', 'show', id, '-q')
  expect({code, stdout}).toEqual({code: 0, stdout: `${id}\n`})
})
