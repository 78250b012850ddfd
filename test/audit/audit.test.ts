import {mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {SaxesParser, type SaxesTagPlain} from 'saxes'
import {beforeEach, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell} from '../support/run-vpcmd.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const require = createRequire(import.meta.url)

let sandbox: Sandbox
let env: Record<string, string>

beforeEach(async () => {
  sandbox = untilTestEnds(await startSandbox({account: 'a1234567'}))
  env = freshEnvironment(sandbox.environment)
})

const audit = (...args: string[]) => runInProcess(['metadata', 'audit', ...args], {env})
const instances = (...args: string[]) => audit('--kind', 'instance', ...args)
const file = (name: string) => join(env.HOME ?? '', name)
const policyFile = (text: string) => {
  writeFileSync(file('policy.yaml'), text)
  return file('policy.yaml')
}

const lenient = `version: 1
rules:
  - name: all
    require: {hop_limit: 1-2}
`

describe('vpcmd metadata audit', () => {
  it('prints what violates first, and what it comes to on stderr, and ends with 5', async () => {
    const {code, stdout, stderr} = await instances()
    expect(code).toBe(5)
    const [header, ...lines] = stdout.trimEnd().split('\n')
    expect(header?.split(/ {2,}/)).toEqual([
      'Verdict',
      'Name',
      'Kind',
      'ID',
      'Region',
      'VPC',
      'Metadata',
      'Rule',
      'Why',
    ])
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^violation +web-1 +instance .* https\/2 +https-one-hop +hop limit is 2, must be 1$/)
    expect(lines[1]).toMatch(/^violation +web-1 .* http\/1 +https-one-hop +protocol is http, must be https$/)
    expect(stderr).toBe('✗ Not compliant: 2 of 9 violate the policy built-in; 7 compliant.\n')
  })

  it('prints all of it with --verdict all, and to scripts always', async () => {
    const {stdout} = await instances('--verdict', 'all')
    expect(stdout.split('\n').filter(line => line.startsWith('compliant'))).toHaveLength(7)
    expect(JSON.parse((await instances('--json')).stdout).subjects).toHaveLength(9)
  })

  it('does not call compliant what no rule is about, or what is not there', async () => {
    const policy = policyFile('version: 1\nrules: [{name: a, match: {region: eu-gb}, require: {hop_limit: 1-2}}]\n')
    const partly = await instances('--policy', policy)
    expect([partly.code, partly.stderr]).toEqual([
      0,
      '! No violations: 0 of 9 violate the policy policy.yaml; 1 compliant, 8 matched by no rule.\n',
    ])
    const none = await audit('--kind', 'bare_metal_server', '--region', 'us-east', '-o', 'html')
    expect([none.code, none.stderr]).toEqual([
      0,
      '! Nothing to judge: there are no bare metal servers in the region us-east.\n',
    ])
    expect(none.stdout).toContain('<h1>Nothing to judge</h1>')
    expect(none.stdout).not.toContain('<header class="compliant">')
  })

  it('ends with 0 where all comply, in text and JSON alike', async () => {
    const policy = policyFile(lenient)
    expect(await instances('--policy', policy)).toMatchObject({
      code: 0,
      stderr: '✓ Compliant: 0 of 9 violate the policy policy.yaml; 9 compliant.\n',
    })
    const {code, stdout} = await instances('--policy', policy, '--json')
    expect([code, JSON.parse(stdout).result]).toEqual([0, 'compliant'])
  })

  it('says of some regions alone that it is of these, in the summary and in JSON', async () => {
    const {stderr} = await instances('--region', 'us-south,eu-gb')
    expect(stderr).toBe('✓ Compliant: 0 of 4 in us-south, eu-gb violate the policy built-in; 4 compliant.\n')
    const {scope} = JSON.parse((await instances('--region', 'us-south', '--json')).stdout)
    expect(scope).toMatchObject({regions: ['us-south'], all_regions: false})
  })

  it('prints the whole as JSON and YAML, and a subject a line as JSON lines and CSV', async () => {
    const whole = JSON.parse((await instances('--json')).stdout)
    expect(whole).toMatchObject({
      result: 'not_compliant',
      account: 'a1234567',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      vpcmd: expect.any(String),
      policy: {
        name: 'built-in',
        file: null,
        sha256: null,
        unmatched: 'report',
        rules: [{name: 'https-one-hop', match: {}, require: 'https, hop limit 1 while on'}],
      },
      scope: {kinds: ['instance'], all_regions: true, name: null, zone: null, vpc: null, resource_group: null},
      counts: {total: 9, violation: 2, undetermined: 0, unmatched: 0, exempt: 0, compliant: 7},
      unread: [],
      expired_exemptions: [],
    })
    expect(whole.scope.regions).toHaveLength(13)
    const found = whole.subjects.find(
      (subject: {name: string; region: string}) => subject.region === 'eu-de' && subject.name === 'web-1',
    )
    expect(found).toEqual({
      verdict: 'violation',
      kind: 'instance',
      id: expect.stringMatching(/^0217_/),
      name: 'web-1',
      crn: expect.stringMatching(/^crn:v1:bluemix:public:is:eu-de-1:a\/a1234567::instance:0217_/),
      account: {id: 'a1234567', name: null},
      region: 'eu-de',
      zone: 'eu-de-1',
      vpc: {id: expect.any(String), name: 'frankfurt-vpc'},
      resource_group: {id: expect.any(String), name: expect.any(String)},
      profile: expect.any(String),
      image: {id: expect.any(String), name: expect.any(String)},
      status: 'running',
      metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 2},
      rule: 'https-one-hop',
      violations: [{setting: 'hop_limit', found: '2', required: '1'}],
      why: 'hop limit is 2, must be 1',
      restart_awaited_since: null,
      exemption: null,
    })
    const {at: _, ...rest} = whole
    expect(parse((await instances('-o', 'yaml')).stdout)).toMatchObject(rest)
    const lines = (await instances('-o', 'jsonl')).stdout.trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line))).toEqual(whole.subjects)
    const [header, first, ...others] = (await instances('-o', 'csv')).stdout.trimEnd().split('\n')
    expect(header).toBe(
      'Verdict,Kind,Name,ID,Account,Region,Zone,VPC,Resource group,Profile,Image,Status,Enabled,Protocol,Hop limit,Rule,Why,Exempt until,Restart awaited since,CRN',
    )
    expect(first).toMatch(/^violation,instance,web-1,0217_.*,"hop limit is 2, must be 1",,,crn:/)
    expect(others).toHaveLength(8)
  })

  it('prints IDs of what violates, or of what is asked for by verdict', async () => {
    const violating = (await instances('-q')).stdout.trimEnd().split('\n')
    expect(violating).toHaveLength(2)
    const compliant = await instances('-q', '--verdict', 'compliant')
    expect(compliant.stdout.trimEnd().split('\n')).toHaveLength(7)
    // What is printed changes nothing of what was found.
    expect(compliant.code).toBe(5)
    expect(JSON.parse((await instances('--json', '--verdict', 'violation')).stdout)).toMatchObject({
      counts: {total: 9},
      subjects: [{verdict: 'violation'}, {verdict: 'violation'}],
    })
  })

  it('looks only where it is told to', async () => {
    const names = async (...args: string[]) => {
      const {subjects} = JSON.parse((await instances('--json', ...args)).stdout)
      return subjects.map(({name}: {name: string}) => name).sort()
    }
    expect(await names('--region', 'eu-de')).toEqual(['web-1', 'web-2'])
    expect(await names('--vpc', 'my-test-vpc')).toEqual([
      'my-virtual-server-1',
      'my-virtual-server-2',
      'my-virtual-server-3',
    ])
    expect(await names('--name', 'web-*', '--zone', 'eu-de-1,jp-tok-1')).toEqual(['web-1', 'web-1'])
    expect(await names('--resource-group', 'production')).toEqual(['web-1', 'web-2'])
  })

  it('tells a wrong policy by line and column before it asks IBM Cloud anything', async () => {
    const asked: string[] = []
    const quiet = untilTestEnds(await startSandbox({onRequest: ({path}) => asked.push(path)}))
    const policy = policyFile('version: 1\nrules:\n  - name: a\n    require: {protocl: https}\n')
    const {code, stdout, stderr} = await runInProcess(['metadata', 'audit', '--policy', policy], {
      env: {...env, ...quiet.environment},
    })
    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toBe(`Error: ${policy}:4:15: there is no key protocl in rules[0].require: did you mean protocol?\n`)
    expect(asked).toEqual([])
    const nosuch = await audit('--policy', file('nosuch.yaml'), '--json')
    expect([nosuch.code, JSON.parse(nosuch.stdout).error.code]).toEqual([2, 'usage'])
  })

  it('takes a policy from a pipe', async () => {
    const {code} = await runInProcess(['metadata', 'audit', '--kind', 'instance', '--policy', '-'], {
      env,
      stdin: lenient,
    })
    expect(code).toBe(0)
  })

  it.each([
    [['--report', 'pdf=x.pdf'], /--report takes FORMAT=FILE, not pdf=x.pdf/],
    [['--report', 'html'], /--report takes FORMAT=FILE/],
    [['--report', 'html='], /--report takes FORMAT=FILE/],
    [['--report', 'html=/nosuch/folder/a.html'], /there is no folder \/nosuch\/folder/],
    [['--report', 'html=/tmp'], /\/tmp is a folder/],
    [['--report', 'html=-'], /Only one output can go to stdout/],
    [
      ['--report', 'json=/tmp/x', '--report', 'csv=/tmp/../tmp/x'],
      /x can't be written: it is already written by the same command/,
    ],
    [
      ['--report', 'json=/tmp/x', '--fix-plan', '/tmp/x'],
      /x can't be written: it is already written by the same command/,
    ],
    [['--report', 'yaml=package.json', '--policy', './package.json'], /package\.json can't be written: it is read/],
    [['--fix-plan', '/tmp/key', '--api-key-file', '/tmp/key'], /key can't be written: it is read/],
    [['--fix-plan', '/nosuch/folder/plan.json'], /there is no folder/],
    [['--verdict', 'guilty'], /guilty/],
  ])('refuses %j at once', async (args, message) => {
    const {code, stdout, stderr} = await audit(...args)
    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toMatch(message)
  })
})

it('tells which exemptions exempt nothing, as it tells which rules decide nothing', async () => {
  const policy = policyFile(`version: 1
rules:
  - {name: all, require: {protocol: https}}
exemptions:
  - {match: {name: wbe-typo}, reason: Misspelt., expires: 2999-01-01}
  - {match: {region: jp-tok}, reason: Later., expires: 2999-01-01}
  - {match: {name: gone}, reason: Over., expires: 2020-01-01}
`)
  const {stderr} = await instances('--policy', policy)
  expect(stderr).toContain('Of what was read, nothing is exempt by the exemption of line 5 (Misspelt.).\n')
})

describe('filters that find nothing', () => {
  it.each([
    ['--vpc', 'my-tset-vpc', 'There is no VPC my-tset-vpc.\nDid you mean my-test-vpc?'],
    ['--zone', 'us-south-9', 'There is no zone us-south-9.\nDid you mean us-south-1?'],
    ['--name', 'zzz*', 'No instance is called zzz*.\n'],
    ['--name', 'my-virtual-sever-2', 'No instance is called my-virtual-sever-2.\nDid you mean my-virtual-server-2?'],
    ['--resource-group', 'defalts', 'There is no resource group defalts with instances in it.\nDid you mean defaults?'],
  ])('are not compliance, as they may be misspelt: %s %s', async (flag, value, says) => {
    const {code, stdout, stderr} = await audit(flag, value, '--report', `html=${file('a.html')}`)
    expect({code, stdout}).toEqual({code: 4, stdout: ''})
    expect(stderr).toContain(`Error: ${says}`)
    // No earlier report is left in its place.
    expect(readFileSync(file('a.html'), 'utf8')).toContain('<h1>Incomplete')
    const json = await audit(flag, value, '--json')
    expect({code: json.code, error: JSON.parse(json.stdout).error.message}).toEqual({
      code: 4,
      error: says.split('\n')[0],
    })
  })

  it('by what exists are not compliance either', async () => {
    const {code, stderr} = await audit('--zone', 'us-east-1')
    expect({code, stderr}).toEqual({
      code: 4,
      stderr: '✗ Nothing was judged: nothing was found with zone us-east-1.\n',
    })
    const json = await audit('--zone', 'us-east-1', '--json')
    expect([json.code, JSON.parse(json.stdout).result]).toEqual([4, 'incomplete'])
  })

  it('are something else than a region, or a kind, of which there is none', async () => {
    expect(await audit('--region', 'br-sao')).toMatchObject({
      code: 0,
      stderr:
        '! Nothing to judge: there are no instances, instance templates, bare metal servers in the region br-sao.\n',
    })
  })
})

describe('what could not be read', () => {
  it('is told, and is exit 1, whatever else was found', async () => {
    sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
    const {code, stdout, stderr} = await instances()
    expect(code).toBe(1)
    expect(stdout).toMatch(/^violation +web-1 .* jp-tok/m)
    expect(stdout).not.toContain('eu-de')
    expect(stderr).toMatch(/^Warning: Could not list the instances in eu-de: .*is\.instance\.instance\.list/)
    expect(stderr).toContain('Incomplete: not all could be read in eu-de. Of what was read, 1 of 7 violate')
  })

  it('is never compliant: not in JSON, SARIF or JUnit', async () => {
    sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
    const policy = policyFile(lenient)
    const json = await instances(
      '--policy',
      policy,
      '--json',
      '--report',
      `sarif=${file('a.sarif')}`,
      '--report',
      `junit=${file('a.xml')}`,
    )
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      result: 'incomplete',
      counts: {violation: 0},
      unread: [{region: 'eu-de', kinds: ['instance'], error: {code: 'not_authorized', trace: expect.any(String)}}],
    })
    const [run] = JSON.parse(readFileSync(file('a.sarif'), 'utf8')).runs
    expect(run.invocations).toMatchObject([
      {executionSuccessful: false, exitCode: 1, toolExecutionNotifications: [{level: 'error'}, {level: 'error'}]},
    ])
    expect(run.results).toEqual([])
    const {suites} = readJunit(file('a.xml'))
    expect(suites['eu-de']).toMatchObject({tests: '1', errors: '1', failures: '0'})
  })

  it('ends as the first error says where nothing could be read', async () => {
    sandbox.faults.push({kind: '403', path: /instances/})
    const {code, stdout, stderr} = await instances()
    expect({code, stdout}).toEqual({code: 3, stdout: ''})
    expect(stderr).toContain('Could not list the instances in us-south')
  })

  it.each(['json', 'html', 'table'])('is not hidden by %s that could not be printed', async format => {
    for (const region of ['us-south', 'eu-de']) {
      const line = `vpcmd metadata audit --region ${region} -o ${format} > /dev/full`
      const {code, stderr} = await runShell(line, env)
      expect([region, code]).toEqual([region, 1])
      expect(stderr.match(/Error: Can't write the output \(ENOSPC\)/g)).toHaveLength(1)
    }
  })

  it('is not hidden by a report that can not be written', async () => {
    const {code, stderr} = await instances('--report', 'html=/dev/full')
    expect(code).toBe(1)
    expect(stderr).toContain("Warning: /dev/full can't be written: the disk is full.")
    expect(stderr).toContain('Not compliant: 2 of 9')
  })
})

describe('SARIF', () => {
  const schema = JSON.parse(
    readFileSync(require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
  )
  // Draft 4 has another word for $id, and nothing else in it differs from what Ajv reads.
  const {$schema: _, id: __, ...draft7} = schema
  const isValid = new Ajv({strict: false, validateFormats: false, unicodeRegExp: false}).compile(draft7)
  const logOf = async (...args: string[]) => {
    const {stdout} = await instances('-o', 'sarif', ...args)
    const log = JSON.parse(stdout)
    expect(isValid(log), JSON.stringify(isValid.errors)).toBe(true)
    return log
  }

  it('is valid against the schema, with a result for each thing that is wrong', async () => {
    const log = await logOf()
    const [run] = log.runs
    expect([log.version, run.tool.driver.name, run.invocations[0].exitCode]).toEqual(['2.1.0', 'vpcmd', 5])
    expect(run.results).toHaveLength(2)
    expect(run.results[0]).toMatchObject({
      ruleId: 'metadata-hop-limit',
      kind: 'fail',
      level: 'error',
      message: {
        text: expect.stringMatching(
          /^Instance web-1 \(0217_.*\) in eu-de: hop limit is 2, must be 1 by rule https-one-hop\.$/,
        ),
      },
      locations: [
        {
          physicalLocation: {artifactLocation: {uri: expect.stringMatching(/^eu-de\/instances\/0217_/)}},
          logicalLocations: [{name: 'web-1', fullyQualifiedName: expect.stringMatching(/^crn:/)}],
        },
      ],
    })
    for (const {ruleId, ruleIndex} of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId)
    const prints = run.results.map((result: {partialFingerprints: object}) =>
      JSON.stringify(result.partialFingerprints),
    )
    expect(new Set(prints).size).toBe(2)
  })

  it('points at the rule in the policy, and leaves out what is exempt: GitHub would open an alert for it', async () => {
    const policy = policyFile(`version: 1
unmatched: report
rules:
  - name: some
    match: {region: [eu-de, jp-tok]}
    require: {enabled: true, protocol: https}
exemptions:
  - match: {region: jp-tok}
    reason: Later.
    expires: 2999-01-01
`)
    const [run] = (await logOf('--policy', policy)).runs
    const results: {kind: string; level: string; properties: {verdict: string}; locations: object[]}[] = run.results
    expect(run.properties.counts).toMatchObject({unmatched: 5, exempt: 2})
    expect(results.filter(({kind}) => kind === 'review')).toHaveLength(5)
    const failed = results.filter(({kind}) => kind !== 'review')
    expect(failed.map(({properties}) => properties.verdict)).toEqual(failed.map(() => 'violation'))
    expect(failed[0]?.locations[0]).toMatchObject({
      physicalLocation: {artifactLocation: {uri: `file://${policy}`}, region: {startLine: 4}},
    })
  })

  it.each([
    ['.git', {}, 'policies/a%20b.yaml'],
    ['', {GITHUB_WORKSPACE: 'HERE'}, 'policies/a%20b.yaml'],
    ['', {GITHUB_WORKSPACE: 'HERE/elsewhere'}, undefined],
  ])('names the policy from the root of its repository (%s, %j), wherever it runs', async (git, more, uri) => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'vpcmd-repository-')))
    mkdirSync(join(root, 'policies'))
    if (git) mkdirSync(join(root, git))
    const policy = join(root, 'policies/a b.yaml')
    writeFileSync(policy, 'version: 1\nrules: [{name: all, require: {enabled: true}}]\n')
    const workspace = Object.entries(more).map(([name, value]) => [name, value.replace('HERE', root)])
    const args = ['metadata', 'audit', '--policy', policy, '-o', 'sarif']
    const {stdout} = await runInProcess(args, {env: {...env, ...Object.fromEntries(workspace)}})
    rmSync(root, {recursive: true})
    const [run] = JSON.parse(stdout).runs
    const shown = run.results[0].locations[0].physicalLocation.artifactLocation.uri
    expect(shown).toBe(uri ?? `file://${policy.replace(' ', '%20')}`)
  })

  it('refuses what is not a log, so that the schema is known to be in force', () => {
    expect(isValid({version: '2.1.0', runs: [{results: []}]})).toBe(false)
  })
})

describe('JUnit', () => {
  it('has a suite a region and a test a subject', async () => {
    const {code} = await instances('--report', `junit=${file('a.xml')}`)
    expect(code).toBe(5)
    const {root, suites, cases} = readJunit(file('a.xml'))
    expect(root).toMatchObject({tests: '9', failures: '2', errors: '0', skipped: '0'})
    expect(suites['us-south']).toMatchObject({
      tests: '3',
      failures: '0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    })
    expect(Object.keys(suites)).toHaveLength(13)
    expect(cases).toHaveLength(9)
    expect(cases.filter(({result}) => result === 'failure')).toEqual([
      expect.objectContaining({classname: 'eu-de.instance', message: 'hop limit is 2, must be 1'}),
      expect.objectContaining({classname: 'jp-tok.instance', message: 'protocol is http, must be https'}),
    ])
  })

  it.each<[string, string[], number, string]>([
    ['the filters found nothing', ['--name', 'nosuch'], 4, 'No instance is called nosuch.'],
    ['no rule matches anything', ['--policy', 'POLICY'], 1, 'Nothing was judged'],
  ])('and SARIF say so where %s', async (_what, args, exitCode, says) => {
    const policy = policyFile('version: 1\nrules: [{name: a, match: {name: nosuch}, require: {enabled: true}}]\n')
    const {code, stderr} = await instances(
      ...args.map(arg => (arg === 'POLICY' ? policy : arg)),
      ...['--report', `junit=${file('a.xml')}`, '--report', `sarif=${file('a.sarif')}`],
    )
    expect(code).toBe(exitCode)
    const {root, cases} = readJunit(file('a.xml'))
    expect(root.errors).toBe('1')
    expect(Number(root.tests)).toBe(cases.length)
    expect(cases.filter(({result}) => result === 'error')).toEqual([
      expect.objectContaining({message: expect.stringContaining('Nothing was judged')}),
    ])
    const [{invocations}] = JSON.parse(readFileSync(file('a.sarif'), 'utf8')).runs
    const text = expect.stringContaining('Nothing was judged')
    expect(invocations).toMatchObject([
      {executionSuccessful: false, exitCode, toolExecutionNotifications: [{level: 'error', message: {text}}]},
    ])
    expect(stderr).toContain(says)
  })

  it('is well-formed whatever a name is made of', async () => {
    const name = `<a & "b"> ']]> \u0000\u001b[31m \ufffe \ud800 \u202e`
    await sandbox.fleet.add({name, metadata_service: {enabled: true}})
    await instances('--report', `junit=${file('a.xml')}`)
    const text = readFileSync(file('a.xml'), 'utf8')
    expect(text).toMatch(/^[\n\x20-\x7e]*$/)
    expect(readJunit(file('a.xml')).cases.map(each => each.name)).toContainEqual(
      expect.stringContaining(`<a & "b"> ']]> \\u0000\\u001b[31m \\ufffe`),
    )
  })
})

describe('hostile names', () => {
  it('do nothing to a terminal, a spreadsheet, or the lines of a table', async () => {
    await sandbox.fleet.add({name: '=cmd()\n\u001b]0;owned\u0007x', metadata_service: {enabled: true}})
    const table = await instances('--verdict', 'violation')
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(4)
    const outputs = ['sarif', 'json', 'yaml', 'junit', 'html', 'csv'].map(
      async format => (await instances('-o', format)).stdout,
    )
    for (const text of [table.stdout, ...(await Promise.all(outputs))]) expect(text).not.toMatch(/[\u001b\u0007]/)
    expect((await instances('-o', 'csv')).stdout).toContain(`'=cmd()`)
  })
})

describe('what follows an audit', () => {
  it('is a plan that repairs all of it', async () => {
    const policy = policyFile(`version: 1
rules:
  - name: all
    require: {enabled: true, protocol: https, hop_limit: 1}
`)
    const plan = file('plan.json')
    const before = await instances('--policy', policy, '--fix-plan', plan)
    expect(before.code).toBe(5)
    expect(before.stderr).toContain(`✓ 8 changes planned in ${plan}\n  apply  vpcmd metadata apply ${plan}`)
    expect((await runInProcess(['metadata', 'apply', plan, '--yes'], {env})).code).toBe(0)
    expect((await instances('--policy', policy)).code).toBe(0)
  })

  it('says what vpcmd turned on and nobody stopped and started since', async () => {
    const {code} = await runInProcess(['metadata', 'enable', 'my-virtual-server-2', '--protocol', 'https'], {env})
    expect(code).toBe(0)
    const {stdout, stderr} = await instances('--region', 'us-south', '--json')
    const awaited = JSON.parse(stdout).subjects.filter(
      (each: {restart_awaited_since: string | null}) => each.restart_awaited_since,
    )
    expect(awaited).toMatchObject([
      {name: 'my-virtual-server-2', why: expect.stringContaining('no stop and start recorded since')},
    ])
    expect(stderr).toContain('1 instance was turned on by vpcmd, with no stop and start recorded since')
  })

  it('does not say so of one that was stopped since: it is on its way to a start', async () => {
    await runInProcess(['metadata', 'enable', 'my-virtual-server-2', '--protocol', 'https'], {env})
    await sandbox.fleet.change(sandbox.fleet.list().find(({name}) => name === 'my-virtual-server-2')?.id ?? '', {
      status: 'stopped',
    })
    expect((await instances('--region', 'us-south')).stderr).not.toContain('stop and start')
  })

  it('is what a pipe makes of the IDs', async () => {
    const line =
      'vpcmd metadata audit --kind instance -q | vpcmd metadata enable --from-file - --protocol https --hop-limit 1 --yes'
    expect((await runShell(line, env)).code).toBe(0)
    expect((await instances()).code).toBe(0)
  })
})

interface JunitCase {
  classname: string
  name: string
  result: string | undefined
  message: string | undefined
}

/** Reads the file with a strict XML parser, which throws at the first thing that is not well-formed. */
function readJunit(path: string) {
  const suites: Record<string, Record<string, string>> = {}
  const cases: JunitCase[] = []
  let root: Record<string, string> = {}
  const parser = new SaxesParser()
  parser.on('error', error => {
    throw error
  })
  parser.on('opentag', ({name, attributes}: SaxesTagPlain) => {
    const last = cases.at(-1)
    if (name === 'testsuites') root = attributes
    else if (name === 'testsuite') suites[attributes.name ?? ''] = attributes
    else if (name === 'testcase') {
      cases.push({
        classname: attributes.classname ?? '',
        name: attributes.name ?? '',
        result: undefined,
        message: undefined,
      })
    } else if (['failure', 'error', 'skipped'].includes(name) && last) {
      last.result = name
      last.message = attributes.message
    }
  })
  parser.write(readFileSync(path, 'utf8')).close()
  return {root, suites, cases}
}
