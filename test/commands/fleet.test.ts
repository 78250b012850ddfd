import {spawn} from 'node:child_process'
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {constants, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest'
import {parse as parseYaml} from 'yaml'
import {type InstanceSummary, type Sandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startProxy} from '../support/proxy.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let sandbox: Sandbox
let env: Record<string, string>
let patched: string[]
/** Called with its ID once an instance is changed. */
let onPatch: ((id: string) => void) | undefined
/** What was read after the first change. */
let readBack: string[]
let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-fleet-'))
  await use({instances: 60, vpcs: 4, regions: ['us-south', 'eu-de']})
})

afterEach(async () => {
  await sandbox.close()
  rmSync(folder, {recursive: true})
})

async function use(options: SandboxOptions): Promise<void> {
  await sandbox?.close()
  patched = []
  readBack = []
  onPatch = undefined
  sandbox = await startSandbox({
    ...options,
    onRequest: ({method, path}) => {
      const last = path.replace(/\?.*/, '').replace(/.*\//, '')
      if (method === 'PATCH') {
        patched.push(last)
        onPatch?.(last)
      } else if (patched.length > 0) readBack.push(last)
    },
  })
  env = freshEnvironment(sandbox.environment)
}

const vpcmd = (args: string, stdin?: string) => runInProcess(args.split(' '), {env, stdin})
const jsonOf = async (args: string, stdin?: string) => JSON.parse((await vpcmd(`${args} --json`, stdin)).stdout)
const all = () => sandbox.fleet.list()
const settings = () => all().map(({id, metadata_service}) => ({id, ...metadata_service}))
const idsOf = (rows: {id: string}[]) => rows.map(({id}) => id).sort()
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const planFile = () => join(folder, 'plan.json')
const hasHops = (hops: number) => all().filter(({metadata_service: each}) => each.response_hop_limit === hops)
const runsFolder = () => join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
const journals = () => readdirSync(runsFolder()).filter(name => name.endsWith('.jsonl'))

it('three at once over the same instances make each change once', async () => {
  await use({instances: 40, vpcs: 4, regions: ['us-south', 'eu-de'], latencyMs: 20})
  const runs = await Promise.all(
    [1, 2, 3].map(() => vpcmd('metadata enable --all --protocol https --hop-limit 7 --yes --debug --json')),
  )
  expect(runs.filter(({code}) => code !== 0)).toEqual([])
  expect(hasHops(7)).toHaveLength(40)
  const made = runs.flatMap(({stderr}) => stderr.match(/PATCH \S+ -> 200/g) ?? [])
  expect(made).toHaveLength(40)
  expect(new Set(made).size).toBe(40)
})

it('many changes that fail at first are made in the end, and nothing but vpcmd itself speaks', async () => {
  sandbox.faults.push({kind: '500', method: 'PATCH', count: 30})
  const {code, stderr} = await vpcmd('metadata enable --all --hop-limit 7 --yes -q')
  expect({code, stderr}).toEqual({code: 0, stderr: expect.not.stringMatching(/Warning|node:/)})
  expect(hasHops(7)).toHaveLength(60)
})

describe('choosing many', () => {
  it('from a file of lines with comments', async () => {
    const [a, b] = all() as [InstanceSummary, InstanceSummary]
    const file = write('list.txt', `# two of them\n${a.id}\n\n${b.name} # by name\n`)
    const {changed} = await jsonOf(`metadata enable --from-file ${file} --hop-limit 7 --yes`)
    expect(idsOf(changed)).toEqual(idsOf([a, b]))
    expect(idsOf(hasHops(7))).toEqual(idsOf([a, b]))
  })

  it.each(['json', 'jsonl'])('from the %s of instances list', async format => {
    const {stdout} = await vpcmd(`instances list -r eu-de -o ${format}`)
    const file = write(`list.${format}`, stdout)
    const {changed, unchanged} = await jsonOf(`metadata enable --from-file ${file} --hop-limit 7 --yes`)
    expect(changed.length + unchanged.length).toBe(30)
    expect(new Set(hasHops(7).map(({region}) => region))).toEqual(new Set(['eu-de']))
  })

  it('from stdin, as a pipe of its own reads', async () => {
    const off = all().filter(({metadata_service: each}) => !each.enabled)
    const line = 'vpcmd instances list -q --metadata disabled | vpcmd metadata enable --from-file - --yes --json'
    const {code, stdout} = await runShell(line, env)
    expect(code).toBe(0)
    expect(idsOf(JSON.parse(stdout).changed)).toEqual(idsOf(off))
    expect(patched.sort()).toEqual(idsOf(off))
    expect(all().every(({metadata_service: each}) => each.enabled)).toBe(true)
  })

  it('by --all and filters, and only those', async () => {
    const wanted = all().filter(({region, metadata_service: each}) => region === 'eu-de' && !each.enabled)
    const args = 'metadata enable --all --region eu-de --metadata disabled --protocol https --hop-limit 7 --yes'
    const {changed} = await jsonOf(args)
    expect(idsOf(changed)).toEqual(idsOf(wanted))
    expect(idsOf(hasHops(7))).toEqual(idsOf(wanted))
  })

  it('marks what a policy forbids, before the question and after', async () => {
    const policy = write(
      'policy.yaml',
      'version: 1\nrules: [{name: off, match: {region: eu-de}, require: {enabled: false}}]\n',
    )
    const [off] = all().filter(({region, metadata_service: each}) => region === 'eu-de' && !each.enabled)
    const asked = await vpcmd(`metadata enable --all --region eu-de --policy ${policy}`)
    expect(asked.code).toBe(2)
    expect(asked.stderr).toMatch(/\(against the policy: service is on, must be off\)/)
    expect(asked.stderr).toMatch(/\d+ switched on with \S+; \d+ against the policy\)\?/)
    const planned = await jsonOf(`metadata plan --enable ${off?.id} --policy ${policy}`)
    expect(planned.planned).toMatchObject([{against_policy: 'service is on, must be off'}])
    // A plan keeps what the policy that it was made with forbids.
    const plan = write('plan.json', '')
    await vpcmd(`metadata plan --enable ${off?.id} --policy ${policy} --out ${plan}`)
    const kept = await vpcmd(`metadata apply ${plan}`)
    expect(kept.code).toBe(2)
    expect(kept.stderr).toMatch(/\(against the policy: service is on, must be off\)/)
    expect(kept.stderr).toMatch(/1 switched on with \S+; 1 against the policy\)\?/)
    expect(await jsonOf(`metadata apply ${plan} --dry-run`)).toMatchObject({
      planned: [{against_policy: 'service is on, must be off'}],
    })
    const wrong = await vpcmd('metadata enable --all --policy /nonexistent --yes')
    expect([wrong.code, patched]).toEqual([2, []])
  })

  it('lists of many what failed or conflicts, and with --show all each', async () => {
    const [a, b] = all() as [InstanceSummary, InstanceSummary]
    await sandbox.fleet.change(a.id, {metadata_service: {response_hop_limit: 5}})
    const plan = write('plan.json', '')
    await vpcmd(`metadata plan --enable --hop-limit 7 --all --out ${plan}`)
    await sandbox.fleet.change(a.id, {metadata_service: {response_hop_limit: 6}})
    const {code, stdout, stderr} = await vpcmd(`metadata apply ${plan} --yes`)
    expect(code).toBe(1)
    expect(stdout).toContain(a.name)
    expect(stdout).not.toContain(b.name)
    expect(stderr).toMatch(/! 59 changed, 1 conflict\n(.*\n)* {2}list +vpcmd metadata history/)
    const whole = await vpcmd('metadata undo --yes --show all')
    expect(whole.stdout).toContain(b.name)
    expect(whole.stderr).toMatch(/^✓ 59 changed$/m)
  })

  it('by --all takes nothing of a region whose list breaks off', async () => {
    await use({instances: 300, regions: ['us-south', 'eu-de'], faults: [{kind: '403', path: /eu-de\/.*start=/}]})
    const {changed, unread} = await jsonOf('metadata enable --all --hop-limit 7 --yes')
    expect(unread).toEqual([expect.stringContaining('eu-de: Could not list')])
    expect(idsOf(changed)).toEqual(idsOf(all().filter(({region}) => region === 'us-south')))
    expect(idsOf(hasHops(7))).toEqual(idsOf(changed))
  })

  it('by --all tells of the regions that the environment names as of those of --region', async () => {
    env = {...env, IBMCLOUD_REGION: 'EU-DE'}
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    expect(await jsonOf('metadata history')).toMatchObject([{selection: '--all --region eu-de', counts: {changed: 30}}])
    expect(JSON.parse((await vpcmd('metadata plan --disable --all --out -')).stdout)).toMatchObject({
      selection: 'disable --all --region eu-de',
    })
    await vpcmd('metadata enable --all --region all --hop-limit 8 --yes')
    expect(await jsonOf('metadata history')).toMatchObject([{selection: '--all'}, {}])
  })

  it('by what --having-protocol and --having-hop-limit say', async () => {
    const wanted = all().filter(({metadata_service: each}) => each.protocol === 'http' && each.response_hop_limit === 2)
    const {changed} = await jsonOf(
      'metadata enable --all --having-protocol http --having-hop-limit 2 --protocol https --yes',
    )
    expect(idsOf(changed)).toEqual(idsOf(wanted))
  })

  it('metadata show takes them as well', async () => {
    const {stdout} = await vpcmd('metadata show --all --metadata enabled --protocol http -q')
    expect(stdout.trim().split('\n').sort()).toEqual(
      idsOf(all().filter(({metadata_service: each}) => each.enabled && each.protocol === 'http')),
    )
  })

  it.each([
    ['filters without --all', 'metadata enable --metadata disabled --yes', /--metadata disabled needs --all/],
    ['a zone without --all', 'metadata disable --zone us-south-1 --yes', /--zone us-south-1 needs --all/],
    ['a filter beside an instance', 'metadata enable web-00001 --vpc vpc-000', /--vpc vpc-000 needs --all/],
    ['--all and an instance', 'metadata enable web-00001 --all --yes', /INSTANCE and --all can't be combined/],
    ['--all and a file', 'metadata enable --from-file x --all --yes', /--from-file and --all can't be combined/],
    ['a file and an instance', 'metadata enable web-00001 --from-file x', /can't be combined/],
    [
      'a file that is not there',
      'metadata enable --from-file /no/such --yes',
      /No instances from \/no\/such: there is no such file/,
    ],
    ['stdin for two things', 'metadata enable --from-file - --api-key-file - --yes', /not both/],
    ['stdin for plan and key', 'metadata apply - --api-key-file - --yes', /not both/],
    ['no choice and no terminal', 'metadata enable', /No instance given/],
    [
      '--all without --yes, and no terminal',
      'metadata enable --all',
      /Can't ask for a confirmation, as there is no terminal/,
    ],
    [
      'a wrong --max-failures',
      'metadata enable --all --yes --max-failures many',
      /--max-failures takes a number from 0, or a share/,
    ],
    ['more than all', 'metadata enable --all --yes --max-failures 101%', /--max-failures/],
    ['--canary that nobody answers', 'metadata enable web-00001 web-00002 --hop-limit 9 --canary 1', /Pass --yes/],
  ])('refuses %s, and sends nothing', async (_what, args, says) => {
    const {code, stderr, stdout} = await vpcmd(args)
    expect({code, stderr, stdout}).toEqual({code: 2, stderr: expect.stringMatching(says), stdout: ''})
    expect(patched).toEqual([])
  })

  it('names the line of a list that is wrong', async () => {
    const {code, stderr} = await vpcmd('metadata enable --from-file - --yes', 'web-1\nWEB 2\n')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(/^Error: standard input, line 2: WEB 2 is/)})
  })

  it.each(['', '[]', '# nobody\n'])('an empty list (%j) is nothing to do', async text => {
    const {code, stdout, stderr} = await vpcmd('metadata enable --from-file - --yes --json', text)
    expect({code, stderr}).toEqual({
      code: 0,
      stderr: 'standard input names no instances: nothing to do.\n✓ Nothing to do\n',
    })
    expect(JSON.parse(stdout)).toEqual({changed: [], unchanged: [], failed: []})
  })

  it('what is not found fails, and the others are changed', async () => {
    const [a] = all() as [InstanceSummary]
    const {code, stdout, stderr} = await vpcmd(
      'metadata enable --from-file - --hop-limit 7 --yes --json',
      `${a.id}\nno-such\n`,
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/There is no instance with the name no-such/)
    expect(JSON.parse(stdout)).toMatchObject({changed: [{id: a.id}], failed: [{name: 'no-such'}]})
  })
})

describe('plan and apply', () => {
  const plan = (more = '') =>
    vpcmd(`metadata plan --enable --protocol https --hop-limit 7 --all --region eu-de --out ${planFile()}${more}`)

  it('makes exactly the changes of the plan', async () => {
    const planned = await plan()
    expect(planned.code).toBe(0)
    expect(planned.stderr).toMatch(/off -> https\/7/)
    expect(planned.stderr).toMatch(/\d+ in eu-de, VPC vpc-\d+/)
    expect(planned.stderr).toMatch(/30 to change, 0 unchanged\n {2}apply {2}vpcmd metadata apply/)
    expect(patched).toEqual([])
    const {changed} = await jsonOf(`metadata apply ${planFile()} --yes`)
    expect(changed).toHaveLength(30)
    expect(idsOf(hasHops(7))).toEqual(idsOf(all().filter(({region}) => region === 'eu-de')))
    expect(patched).toHaveLength(30)
  })

  it('is shown and counted also where it is not written, and each change once', async () => {
    const {code, stdout, stderr} = await vpcmd('metadata plan --enable --protocol https --hop-limit 7 --all -r eu-de')
    expect({code, stdout}).toEqual({code: 0, stdout: expect.stringMatching(/off +https\/7 +planned/)})
    expect(stderr).not.toContain('->')
    expect(stderr).toMatch(/\d+ in eu-de, VPC vpc-\d+/)
    expect(stderr).toMatch(/Nothing was sent or written: \d+ planned\. Pass --out FILE to save the plan\.\n$/)
  })

  it('twice sends nothing the second time, also with the ETags of single readings', async () => {
    const [a, b] = all() as [InstanceSummary, InstanceSummary]
    await vpcmd(`metadata plan --enable --hop-limit 7 ${a.id} ${b.id} --out ${planFile()}`)
    expect(JSON.parse(readFileSync(planFile(), 'utf8')).changes[0].etag).toBe(a.etag)
    expect((await jsonOf(`metadata apply ${planFile()} --yes`)).changed).toHaveLength(2)
    patched.length = 0
    const {code, stdout} = await vpcmd(`metadata apply ${planFile()} --yes --json`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({changed: [], failed: [], unchanged: [{id: a.id}, {id: b.id}]})
    expect(patched).toEqual([])
  })

  it('leaves alone what is no longer as the plan read it, and says so with exit 1', async () => {
    await plan()
    const [a, b] = all().filter(({region}) => region === 'eu-de') as [InstanceSummary, InstanceSummary]
    await sandbox.fleet.change(a.id, {metadata_service: {response_hop_limit: 33}})
    await sandbox.fleet.change(b.id, {name: 'renamed-meanwhile'})
    const {code, stdout, stderr} = await vpcmd(`metadata apply ${planFile()} --yes --json`)
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`${a.id}\\) is no longer .*as it was read before, but .*/33.*left alone`))
    // Who reviewed the plan by name meant no server of another name.
    expect(stderr).toContain(`The plan has ${b.id} as ${b.name}, and it is called renamed-meanwhile now`)
    const {conflict, changed} = JSON.parse(stdout)
    expect(idsOf(conflict).sort()).toEqual([a.id, b.id].sort())
    expect(changed).toHaveLength(28)
    expect(sandbox.fleet.get(a.id)?.metadata_service.response_hop_limit).toBe(33)
    expect(patched).not.toContain(a.id)
    expect(patched).not.toContain(b.id)
  })

  it('goes to stdout and comes from stdin', async () => {
    const {stdout} = await vpcmd('metadata plan --disable --all --metadata enabled --out -')
    const enabled = all().filter(({metadata_service: each}) => each.enabled)
    const {changed} = await jsonOf('metadata apply - --yes', stdout)
    expect(idsOf(changed)).toEqual(idsOf(enabled))
  })

  it.each<[string, (text: string) => string, number | undefined, RegExp]>([
    [
      'of another account',
      text => text.replace(/"account": "[^"]*"/, '"account": "other"'),
      undefined,
      /made in account other/,
    ],
    [
      'that was edited wrongly',
      text => text.replace('"response_hop_limit":7', '"response_hop_limit":70'),
      2,
      /line 8: .*hop_limit/,
    ],
    ['that is none', () => '{}', 2, /line 1: /],
  ])('refuses a plan %s', async (_what, edit, _code, says) => {
    await plan()
    writeFileSync(planFile(), edit(readFileSync(planFile(), 'utf8')))
    const {code, stderr} = await vpcmd(`metadata apply ${planFile()} --yes`)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(says)})
    expect(patched).toEqual([])
  })

  it('refuses --region, which would seem to narrow it', async () => {
    await plan()
    for (const args of [`metadata apply ${planFile()} --yes`, 'metadata undo --yes', 'metadata resume --yes']) {
      const {code, stderr} = await vpcmd(`${args} --region us-south`)
      expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(/--region can't narrow/)})
    }
    expect(patched).toEqual([])
  })

  it('asks first: without a terminal and --yes nothing is sent', async () => {
    await plan()
    expect((await vpcmd(`metadata apply ${planFile()}`)).code).toBe(2)
    const dry = await jsonOf(`metadata apply ${planFile()} --dry-run`)
    expect(dry.planned).toHaveLength(30)
    expect(patched).toEqual([])
  })

  it('as an editor on Windows saves it is the same plan, and a list of instances the same list', async () => {
    await plan()
    writeFileSync(planFile(), `\uFEFF${readFileSync(planFile(), 'utf8').replaceAll('\n', '\r\n')}`)
    expect((await jsonOf(`metadata apply ${planFile()} --yes`)).changed).toHaveLength(30)
    const list = write('list.txt', '\uFEFFweb-00001\r\n')
    expect((await jsonOf(`metadata enable --from-file ${list} --hop-limit 8 --yes`)).changed).toHaveLength(1)
  })

  it('is not written where something asked for can’t be read', async () => {
    const {code, stderr} = await vpcmd(`metadata plan --enable no-such ${all()[0]?.id} --out ${planFile()}`)
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringMatching(/no plan was written/)})
    expect(() => statSync(planFile())).toThrow()
  })
})

describe('history, undo and resume', () => {
  it('undo brings back exactly what was, and undo of the undo as well', async () => {
    const before = settings()
    await vpcmd('metadata enable --all --protocol https --hop-limit 7 --yes')
    const after = settings()
    expect(after).not.toEqual(before)
    const {changed} = await jsonOf('metadata undo --yes')
    expect(changed).toHaveLength(60)
    expect(settings()).toEqual(before)
    const [undo, first] = await jsonOf('metadata history')
    expect([undo.undoes, first.undone_by]).toEqual([first.id, undo.id])
    // By its last four digits, as the endings name it.
    await vpcmd(`metadata undo ${undo.id.slice(-4)} --yes`)
    expect(settings()).toEqual(after)
    // What is back already is not sent again.
    await vpcmd(`metadata undo ${undo.undoes} --yes`)
    patched.length = 0
    const again = await jsonOf(`metadata undo ${undo.undoes} --yes`)
    expect(again).toMatchObject({changed: [], failed: []})
    expect(patched).toEqual([])
    expect(settings()).toEqual(before)
  })

  it('undo leaves alone what somebody changed since, and what the run did not change', async () => {
    const already = all().filter(({metadata_service: each}) => each.enabled)
    await vpcmd('metadata enable --all --yes')
    const off = idsOf(all()).filter(id => !idsOf(already).includes(id))
    await sandbox.fleet.change(off[0] ?? '', {metadata_service: {response_hop_limit: 44}})
    patched.length = 0
    const {code, stdout} = await vpcmd('metadata undo --yes --json')
    expect(code).toBe(1)
    const {changed, conflict} = JSON.parse(stdout)
    expect(idsOf(conflict)).toEqual([off[0]])
    expect(idsOf(changed)).toEqual(off.slice(1).sort())
    expect(patched.sort()).toEqual(off.slice(1).sort())
    const [undo, run] = await jsonOf('metadata history')
    const {stdout: table} = await vpcmd('metadata history')
    expect(table).toMatch(
      new RegExp(`^${undo.id.slice(-4)} +just now +undo of ${run.id.slice(-4)} +.*1 conflict$`, 'm'),
    )
    expect(table).toMatch(new RegExp(`^${run.id.slice(-4)} .* undone in part by ${undo.id.slice(-4)}$`, 'm'))
  })

  it('undo takes back what the run set, and nothing that somebody set while it ran', async () => {
    // So many that none is looked at before it is changed.
    await use({instances: 240, vpcs: 4, regions: ['us-south', 'eu-de']})
    const off = all().filter(({region, metadata_service: each}) => region === 'eu-de' && !each.enabled)
    onPatch = id => {
      onPatch = undefined
      const other = off.find(each => each.id !== id)
      void sandbox.fleet.change(other?.id ?? '', {metadata_service: {response_hop_limit: 44}})
    }
    await vpcmd('metadata enable --all --region eu-de --metadata disabled --concurrency 1 --yes')
    expect(hasHops(44)).toMatchObject([{metadata_service: {enabled: true}}])
    const {changed, conflict} = await jsonOf('metadata undo --yes')
    expect({changed: idsOf(changed), conflict}).toEqual({changed: idsOf(off), conflict: undefined})
    expect(hasHops(44)).toMatchObject([{metadata_service: {enabled: false}}])
  })

  it('undo without RUN is no guess: of an undo it asks for the ID', async () => {
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    await vpcmd('metadata undo --yes')
    const [undo] = await jsonOf('metadata history')
    patched.length = 0
    const {code, stderr} = await vpcmd('metadata undo --yes')
    const [, last = '', undone = ''] =
      /^Error: The last run, (\S+), is itself an undo, of run (\S+)\.$/m.exec(stderr) ?? []
    expect(code).toBe(2)
    expect([last, undone].map(({length}) => length)).toEqual([4, 4])
    expect([undo.id, undo.undoes]).toEqual([expect.stringMatching(`-${last}$`), expect.stringMatching(`-${undone}$`)])
    expect(patched).toEqual([])
  })

  it('a stopped run that was taken back is resumed only by its ID, and is then the last to take back', async () => {
    const before = settings()
    onPatch = () => {
      if (patched.length === 5) sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
    }
    await vpcmd('metadata enable --all --hop-limit 7 --yes --concurrency 1 --max-failures 0')
    onPatch = undefined
    const made = hasHops(7).length
    expect(made).toBeLessThan(60)
    await vpcmd('metadata undo --yes')
    expect(settings()).toEqual(before)
    patched.length = 0
    expect((await vpcmd('metadata resume')).code).toBe(4)
    expect(patched).toEqual([])
    const [, stopped] = await jsonOf('metadata history')
    const unasked = await vpcmd(`metadata resume ${stopped.id}`)
    expect(unasked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/was undone already.*[\s\S]*Make \d+ changes/),
    })
    expect(patched).toEqual([])
    const resumed = await vpcmd(`metadata resume ${stopped.id} --yes`)
    expect(resumed.stderr).toMatch(new RegExp(`✓ ${60 - made} changed$`, 'm'))
    expect(hasHops(7)).toHaveLength(60 - made)
    expect((await jsonOf('metadata undo --yes')).changed).toHaveLength(60 - made)
    expect(settings()).toEqual(before)
  })

  it('undo shows the way back, and asks', async () => {
    const [a] = all().filter(({metadata_service: each}) => !each.enabled) as [InstanceSummary]
    await vpcmd(`metadata enable ${a.id}`)
    const {planned} = await jsonOf('metadata undo --dry-run')
    expect(planned).toMatchObject([{id: a.id, before: {enabled: true}, after: {enabled: false}}])
    const {code, stderr} = await vpcmd('metadata undo')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(/-> off/)})
    expect(sandbox.fleet.get(a.id)?.metadata_service.enabled).toBe(true)
  })

  it('history tells the runs and one of them in every format', async () => {
    expect((await vpcmd('metadata history')).stderr).toMatch(/No runs yet/)
    await vpcmd('metadata enable --all --region eu-de --hop-limit 7 --yes')
    const [run] = await jsonOf('metadata history')
    expect(run).toMatchObject({
      command: 'enable',
      selection: '--all --region eu-de',
      state: 'done',
      account: expect.stringMatching(/.+/),
      iam_id: expect.stringMatching(/.+/),
      counts: {changed: 30, unchanged: 0, conflict: 0, failed: 0, skipped: 0},
    })
    for (const args of ['metadata history', `metadata history ${run.id}`]) {
      const table = await vpcmd(args)
      expect(table).toMatchObject({code: 0, stdout: expect.stringMatching(/\S/)})
      const rows = args.endsWith('history') ? 1 : 30
      expect((await vpcmd(`${args} -o jsonl`)).stdout.trim().split('\n')).toHaveLength(rows)
      expect((await vpcmd(`${args} -o csv`)).stdout.trim().split('\n')).toHaveLength(rows + 1)
      expect((await vpcmd(`${args} -q`)).stdout.trim().split('\n')).toHaveLength(rows)
      expect(parseYaml((await vpcmd(`${args} -o yaml`)).stdout)).toEqual(await jsonOf(args))
    }
    expect((await jsonOf(`metadata history ${run.id}`)).changes).toHaveLength(30)
    expect(await vpcmd('metadata history 1999')).toMatchObject({code: 4})
  })

  it('a run is for its user alone, and no secret is in it', async () => {
    await vpcmd(`metadata enable ${all()[0]?.id} --hop-limit 7 --debug`)
    const [name] = journals()
    const file = join(runsFolder(), name ?? '')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toMatch(new RegExp(`${sandbox.apiKey}|eyJ`))
  })

  it('a key or token that the API tells in an error is neither printed nor kept', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpYW1faWQiOiJ4In0.c2ln'
    sandbox.faults.push({kind: '403', method: 'PATCH'})
    const proxy = await startProxy(sandbox, (method, _path, body) =>
      method === 'PATCH' ? body.replace(/"message":"/, `"message":"Refused: ${sandbox.apiKey} ${token} `) : undefined,
    )
    onTestFinished(() => proxy.close())
    env = freshEnvironment(proxy.environment)
    const {stdout, stderr} = await vpcmd('metadata enable web-00001 --hop-limit 7 --json')
    expect(JSON.parse(stdout).failed[0].error.message).toMatch(/Refused: \[secret\] \[token\] /)
    const [journal] = journals()
    const kept = readFileSync(join(runsFolder(), journal ?? ''), 'utf8')
    const history = await vpcmd(`metadata history ${journal?.replace('.jsonl', '')} --json`)
    for (const text of [stdout, stderr, kept, history.stdout]) {
      expect(text).toContain('Refused')
      expect(text).not.toMatch(new RegExp(`${sandbox.apiKey}|eyJ`))
    }
  })

  it('nothing to resume and nothing to undo are exit 4', async () => {
    for (const args of ['metadata resume --yes', 'metadata undo --yes', 'metadata resume 2020', 'metadata undo 2020']) {
      expect({args, code: (await vpcmd(args)).code}).toEqual({args, code: 4})
    }
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    expect((await vpcmd('metadata resume --yes')).code).toBe(4)
  })

  it('a run that changes nothing leaves nothing behind', async () => {
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    expect(journals()).toHaveLength(1)
  })

  it('runs of another account are neither gone on with nor taken back', async () => {
    await vpcmd('metadata enable --all --hop-limit 7 --yes')
    const [name] = journals()
    const file = join(runsFolder(), name ?? '')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"account":"[^"]*"/, '"account":"other"'))
    const id = name?.replace('.jsonl', '')
    for (const args of [`metadata undo ${id} --yes`, `metadata resume ${id} --yes`]) {
      expect(await vpcmd(args)).toMatchObject({code: 2, stderr: expect.stringMatching(/made in account other/)})
    }
    expect((await vpcmd('metadata undo --yes')).code).toBe(4)
  })
})

describe('a rollout', () => {
  it('with --max-failures stops, and resume tries the rest', async () => {
    await use({instances: 120, regions: ['us-south'], latencyMs: 10})
    sandbox.faults.push({kind: '403', method: 'PATCH'})
    const {code, stderr, stdout} = await vpcmd('metadata enable --all --hop-limit 7 --yes --max-failures 2% --json')
    expect(code).toBe(1)
    expect(stderr).toMatch(/✗ Stopped early: \d+ failed, \d+ skipped\n {2}finish {2}vpcmd metadata resume/)
    expect(stderr).toMatch(/not authorized.*\(trace: /)
    const {failed, skipped} = JSON.parse(stdout)
    expect(failed.length + skipped.length).toBe(120)
    expect(skipped.length).toBeGreaterThan(0)
    sandbox.faults.length = 0
    const {changed} = await jsonOf('metadata resume')
    expect(changed).toHaveLength(120)
    expect(hasHops(7)).toHaveLength(120)
    expect(await jsonOf('metadata history')).toMatchObject([{state: 'done', counts: {changed: 120, failed: 0}}])
  })

  it('with --canary reads back all where there are no more than that, and asks nothing', async () => {
    const {changed} = await jsonOf('metadata enable web-00001 --hop-limit 7 --canary 5')
    expect(idsOf(changed)).toEqual(patched)
    expect(readBack).toEqual(patched)
  })

  it('with --canary and --yes goes on only if all are right', async () => {
    sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
    const stopped = await vpcmd('metadata enable --all --hop-limit 7 --yes --canary 3 --json')
    expect(stopped.code).toBe(1)
    expect(stopped.stderr).toMatch(/Canaries, read back: 2 changed, 1 failed\..*Not all canaries are right/s)
    expect(JSON.parse(stopped.stdout)).toMatchObject({changed: [{}, {}], failed: [{}]})
    expect(patched).toHaveLength(3)
    const done = await vpcmd('metadata enable --all --hop-limit 7 --yes --canary 3 --json')
    expect({code: done.code, stderr: done.stderr}).toEqual({
      code: 0,
      stderr: expect.stringMatching(/Canaries, read back: 3 changed\./),
    })
    expect(hasHops(7)).toHaveLength(60)
  })

  it('whose journal can’t be begun sends nothing', async () => {
    writeFileSync(join(env.HOME ?? '', 'state'), 'a file in the way')
    const {code, stderr} = await vpcmd('metadata enable --all --hop-limit 7 --yes')
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringMatching(/The journal .* can't be written \(a part of its path is not a folder\)/),
    })
    expect(patched).toEqual([])
  })

  it('whose disk is full in the middle sends nothing more, and tells what it did', async () => {
    await use({instances: 300, regions: ['us-south'], latencyMs: 5})
    // A limit on the size of files, in blocks of 512 bytes: what it means to do just fits.
    const line = 'ulimit -f 300; vpcmd metadata enable --all --hop-limit 7 --yes --json'
    const {code, stderr, stdout} = await runShell(line, {...env, VPCMD_NO_TOKEN_CACHE: '1'})
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringMatching(/can't be written \(it would be larger than a file may be\): nothing more is sent/),
    })
    const {changed, skipped} = JSON.parse(stdout)
    expect(changed.length + skipped.length).toBe(300)
    expect(skipped.length).toBeGreaterThan(0)
    expect(idsOf(changed)).toEqual([...patched].sort())
    // The journal has half a line at its end, and resume knows what to do.
    const {code: resumed} = await vpcmd('metadata resume --yes')
    expect(resumed).toBe(0)
    expect(hasHops(7)).toHaveLength(300)
    expect(new Set(patched).size).toBe(patched.length)
  })
})

describe('an API that takes a change and makes half of it', () => {
  const a = () => all().find(({metadata_service: each}) => !each.enabled && each.protocol === 'http')?.id ?? ''

  it('has failed, with what it shows instead, and undo takes the half back', async () => {
    // The cloud behind it does it in full: what counts is what it shows.
    const proxy = await startProxy(sandbox, (_method, path, body) =>
      path.includes('/instances/') ? body.replaceAll('"protocol":"https"', '"protocol":"http"') : undefined,
    )
    onTestFinished(() => proxy.close())
    const id = a()
    env = freshEnvironment(proxy.environment)
    const {code, stdout, stderr} = await vpcmd(`metadata enable ${id} --protocol https --json`)
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringMatching(/took the change of .* reported http\/1\./),
    })
    expect(JSON.parse(stdout).failed).toMatchObject([{id, after: {enabled: true, protocol: 'http'}}])
    expect(await jsonOf('metadata undo --yes')).toMatchObject({changed: [{id, after: {enabled: false}}]})
    expect(sandbox.fleet.get(id)?.metadata_service.enabled).toBe(false)
  })
})

describe('what ends a rollout from outside', () => {
  const enable = ['metadata', 'enable', '--all', '--hop-limit', '7', '--yes', '--json']
  // So few at once that most is still to do when a signal comes, on a busy machine too.
  const enableSlowly = [...enable, '--concurrency', '4']

  function start(args: string[], stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe']) {
    const child = spawn(process.execPath, [vpcmdPath, ...args], {env, stdio})
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', chunk => {
      stdout += chunk
    })
    child.stderr?.on('data', chunk => {
      stderr += chunk
    })
    const exit = new Promise<{code: number | null; signal: string | null; stdout: string; stderr: string}>(resolve =>
      child.on('close', (code, signal) => resolve({code, signal, stdout, stderr})),
    )
    return {child, exit}
  }

  async function someAreChanged(count = 10): Promise<void> {
    while (hasHops(7).length < count) await new Promise(resolve => setTimeout(resolve, 20))
  }

  beforeEach(() => use({instances: 100, regions: ['us-south', 'eu-de'], latencyMs: 60}))

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s once: what is under way is awaited, and resume finishes',
    async signal => {
      const {child, exit} = start(enableSlowly)
      await someAreChanged()
      child.kill(signal)
      const {code, stdout, stderr} = await exit
      expect(code).toBe(128 + constants.signals[signal])
      expect(stderr).toMatch(/Interrupted: waiting for what is in progress/)
      const {changed, skipped} = JSON.parse(stdout)
      expect(changed.length + skipped.length).toBe(100)
      expect(idsOf(changed)).toEqual(idsOf(hasHops(7)))
      expect(skipped[0].error.code).toBe('interrupted')
      const [run] = await jsonOf('metadata history')
      expect(run).toMatchObject({state: 'interrupted', counts: {changed: changed.length, failed: 0}})
      const resumed = await vpcmd('metadata resume')
      expect(resumed.code).toBe(0)
      expect(hasHops(7)).toHaveLength(100)
      expect(new Set(patched).size).toBe(patched.length)
    },
  )

  it('a reader that closes the pipe early does not', async () => {
    const {child, exit} = start(enable)
    child.stdout?.destroy()
    expect((await exit).code).toBe(0)
    expect(hasHops(7)).toHaveLength(100)
  })

  it('a closed stderr does not', async () => {
    const {child, exit} = start(enable)
    child.stderr?.destroy()
    const {code, stdout} = await exit
    expect(code).toBe(0)
    expect(JSON.parse(stdout).changed).toHaveLength(100)
  })

  it('a second vpcmd can’t go on with it meanwhile, nor take it back', async () => {
    const {child, exit} = start([...enable, '--concurrency', '1'])
    await someAreChanged()
    const [run] = await jsonOf('metadata history')
    expect(run.state).toBe('running')
    for (const args of [`metadata resume ${run.id}`, `metadata undo ${run.id} --yes`]) {
      expect(await vpcmd(args)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/Run \S+ (is being worked on|is still running)/),
      })
    }
    child.kill('SIGINT')
    await exit
  })
})
