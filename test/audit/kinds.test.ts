import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'

let sandbox: Sandbox
let env: Record<string, string>

beforeEach(async () => {
  sandbox = untilTestEnds(await startSandbox())
  env = freshEnvironment(sandbox.environment)
})

/** Has the JSON that one path answers changed. */
async function change(path: string, make: (body: Record<string, unknown>) => void): Promise<void> {
  const odd = await startOddCloud(sandbox, {
    change: ({url}, body) => {
      if (url.pathname === path) make(body)
    },
  })
  env = freshEnvironment(odd.environment)
}

interface Found {
  name: string
  kind: string
  verdict: string
  why: string
  vpc: {name: string | null} | null
  image: {name: string | null} | null
  rule: string | null
  metadata_service: object
}

const audit = async (...args: string[]) => {
  const {code, stdout, stderr} = await runInProcess(['metadata', 'audit', '--json', ...args], {env})
  const report = JSON.parse(stdout)
  const subjects: Found[] = report.subjects
  return {code, stderr, report, subjects, named: (name: string) => subjects.find(each => each.name === name)}
}
const file = (name: string) => join(env.HOME ?? '', name)
const policyFile = (text: string) => {
  writeFileSync(file('policy.yaml'), text)
  return file('policy.yaml')
}
const mustBeOn = `version: 1
rules:
  - name: on
    require: {enabled: true, protocol: https, hop_limit: 1}
`

const byImage = `version: 1
rules:
  - {name: ubuntu, match: {image: 'ibm-ubuntu-*'}, require: {enabled: false}}
  - {name: rest, require: {protocol: https}}
`

describe('an audit of all kinds', () => {
  it('knows images of templates by name, also without any instance, and reads them only for a policy that asks', async () => {
    const asked: string[] = []
    sandbox = untilTestEnds(await startSandbox({onRequest: ({path}) => asked.push(path)}))
    env = freshEnvironment(sandbox.environment)
    const {subjects, report} = await audit('--kind', 'instance_template', '--policy', policyFile(byImage))
    expect(report.counts).toMatchObject({total: 4, undetermined: 0})
    expect(new Set(subjects.map(({image, rule}) => `${image?.name} ${rule}`))).toEqual(
      new Set(['ibm-ubuntu-24-04-6-minimal-amd64-3 ubuntu']),
    )
    const images = asked.filter(path => path.includes('/images/'))
    expect(new Set(images).size).toBe(images.length)
    asked.length = 0
    await audit('--kind', 'instance_template')
    expect(asked.filter(path => path.includes('/images'))).toEqual([])
  })

  it('judges instances, templates and bare metal servers', async () => {
    const {code, subjects, named} = await audit()
    expect(code).toBe(5)
    expect(new Set(subjects.map(({kind}) => kind))).toEqual(
      new Set(['instance', 'instance_template', 'bare_metal_server']),
    )
    expect(named('database-2')).toMatchObject({
      verdict: 'violation',
      metadata_service: {enabled: true, protocol: 'http'},
    })
    expect(named('database-1')).toMatchObject({verdict: 'compliant'})
  })

  it("takes the API's defaults for what a template leaves out", async () => {
    const {named} = await audit()
    expect(named('web-template')).toMatchObject({
      verdict: 'compliant',
      metadata_service: {enabled: false, protocol: 'http', response_hop_limit: 1},
    })
    expect(named('batch-template')).toMatchObject({
      verdict: 'violation',
      why: 'protocol is http, must be https',
      metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 1},
    })
  })

  it('filters all kinds alike, by the name of a VPC as well', async () => {
    const {subjects} = await audit('--vpc', 'frankfurt-vpc')
    expect(subjects.map(({name}) => name).sort()).toEqual([
      'database-1',
      'database-2',
      'web-1',
      'web-2',
      'web-template',
    ])
    expect((await audit('--name', '*template*')).subjects).toHaveLength(4)
    expect((await audit('--zone', 'eu-de-2')).subjects.map(({name}) => name).sort()).toEqual(['database-2', 'web-2'])
    expect((await audit('--kind', 'bare_metal_server', '--resource-group', 'production')).subjects).toHaveLength(2)
  })

  it('finds the name of the VPC of a template without any instance', async () => {
    const vpc = sandbox.fleet.templates.list().find(({name}) => name === 'web-template')?.vpc ?? ''
    const {named} = await audit('--kind', 'instance_template')
    expect(named('web-template')?.vpc).toEqual({id: vpc, name: 'frankfurt-vpc'})
  })

  it('plans the repair of servers, and says of each template why it is not in the plan', async () => {
    const {stderr} = await audit('--policy', policyFile(mustBeOn), '--fix-plan', file('plan.json'))
    const {changes} = JSON.parse(readFileSync(file('plan.json'), 'utf8'))
    const planned = changes.map(({target, set}: {target: {name: string; kind: string}; set: object}) => [
      target.name,
      target.kind,
      set,
    ])
    expect(planned).toContainEqual(['database-2', 'bare_metal_server', {protocol: 'https'}])
    expect(planned).toContainEqual(['my-bare-metal-server', 'bare_metal_server', {enabled: true, protocol: 'https'}])
    for (const name of ['my-instance-template', 'web-template', 'batch-template']) {
      expect(stderr).toMatch(
        new RegExp(
          `Not in the plan: instance template ${name} .*create a new one and delete this one, or exempt it\\.`,
        ),
      )
    }
    const applied = await runInProcess(['metadata', 'apply', file('plan.json'), '--yes'], {env})
    expect(applied.code).toBe(0)
    const after = await audit('--policy', policyFile(mustBeOn))
    expect(
      after.subjects
        .filter(({verdict}) => verdict === 'violation')
        .map(({name}) => name)
        .sort(),
    ).toEqual(['batch-template', 'my-instance-template', 'web-template'])
  })
})

describe('a kind that can not be read', () => {
  it.each([
    ['instance_template', /\/instance\/templates/, 'is.instance.instance-template.read'],
    ['bare_metal_server', /\/bare_metal_servers/, 'is.bare-metal-server.bare-metal-server.list'],
  ])('is told for every region, and the others are judged: %s', async (kind, path, action) => {
    sandbox.faults.push({kind: '403', path})
    const {code, report, subjects, stderr} = await audit()
    expect(code).toBe(1)
    expect(report.result).toBe('incomplete')
    expect(report.unread).toHaveLength(13)
    expect(report.unread[0]).toMatchObject({kinds: [kind], error: {hint: expect.stringContaining(action)}})
    expect(subjects.some(each => each.kind === 'instance')).toBe(true)
    expect(stderr).toContain('3 more could not be read. See all with -o json.')
    // Who may not read it can leave it out.
    expect((await audit('--kind', 'instance')).report.unread).toEqual([])
  })

  it('leaves undetermined what goes by the name of a VPC that could not be told', async () => {
    sandbox.faults.push({kind: '403', path: /\/v1\/vpcs/})
    const policy = policyFile(`version: 1
rules:
  - name: frankfurt
    match: {vpc: frankfurt-vpc}
    require: {enabled: false}
  - name: rest
    require: {protocol: https}
`)
    const by = await audit('--kind', 'instance_template', '--policy', policy)
    expect([by.code, by.report.result]).toEqual([1, 'incomplete'])
    expect(by.named('web-template')).toMatchObject({
      verdict: 'undetermined',
      why: expect.stringMatching(/^the name of its VPC \S+ is not known$/),
    })
    expect(by.report.unread[0]).toMatchObject({
      kinds: ['instance_template'],
      error: {code: 'not_authorized', trace: expect.any(String), hint: expect.stringContaining('is.vpc.vpc.list')},
    })
    expect(by.stderr).toMatch(/Warning: Could not list the VPCs in .*trace/)
    // Where another rule decides, nobody misses the name.
    const decided = policyFile(`version: 1
rules:
  - {name: templates, match: {kind: instance_template}, require: {protocol: https}}
  - {name: frankfurt, match: {vpc: frankfurt-vpc}, require: {enabled: false}}
`)
    expect((await audit('--kind', 'instance_template', '--policy', decided)).report.unread).toEqual([])
    // The built-in policy asks for no VPC.
    expect((await audit('--kind', 'instance_template')).code).toBe(5)
    // A filter by name does.
    const filtered = await audit('--kind', 'instance_template', '--vpc', 'frankfurt-vpc')
    expect(filtered.code).toBe(1)
    expect(filtered.report.unread[0]).toMatchObject({kinds: ['instance_template'], error: {code: 'not_authorized'}})
  })

  it('leaves undetermined what goes by the name of an image that could not be told', async () => {
    sandbox.faults.push({kind: '403', path: /\/v1\/images/})
    const {code, report, named} = await audit('--kind', 'instance_template', '--policy', policyFile(byImage))
    expect([code, report.result]).toEqual([1, 'incomplete'])
    expect(named('web-template')).toMatchObject({
      verdict: 'undetermined',
      why: expect.stringMatching(/^the name of its image \S+ is not known$/),
    })
    const errors = report.unread.map(({error}: {error: {hint: string}}) => error.hint)
    expect(errors[0]).toContain('is.image.image.read')
  })

  it('is told where a template may be meant, as its VPC is not among those that are listed', async () => {
    await change('/eu-de/v1/vpcs', body => {
      body.vpcs = []
    })
    const {code, report, stderr} = await audit('--kind', 'instance_template', '--vpc', 'frankfurt-vpc')
    expect({code, result: report.result}).toEqual({code: 1, result: 'incomplete'})
    expect(report.unread).toMatchObject([{region: 'eu-de', error: {code: 'unknown_scope'}}])
    expect(stderr).toMatch(
      /can't tell whether instance template web-template \(\S+\) in eu-de matches the filters: the VPC \S+ is not in the list of VPCs/,
    )
  })

  it('is told where a template may be meant, or a rule may be about it, as it does not tell its VPC', async () => {
    await change('/jp-tok/v1/instance/templates', body => {
      for (const template of body.templates as Record<string, unknown>[]) delete template.vpc
    })
    const policy = policyFile(`version: 1
rules:
  - {name: tokyo, match: {vpc: 'tokyo-*'}, require: {protocol: https}}
  - {name: rest, require: {hop_limit: 1-64}}
`)
    const judged = await audit('--region', 'jp-tok', '--policy', policy)
    const filtered = await audit('--region', 'jp-tok', '--vpc', 'tokyo-vpc')
    expect(judged.named('batch-template')).toMatchObject({verdict: 'undetermined', why: 'its VPC is unknown'})
    expect([judged.code, filtered.code]).toEqual([1, 1])
    expect(filtered.stderr).toContain('its name, zone, VPC or resource group is unknown')
  })

  it('is told where the API says that there are more templates, and gives no way to ask for them', async () => {
    await change('/eu-de/v1/instance/templates', body => {
      body.next = {href: 'https://eu-de.iaas.cloud.ibm.com/v1/instance/templates?start=more'}
    })
    const {code, report, named} = await audit('--kind', 'instance_template')
    expect(code).toBe(1)
    expect(report.unread).toMatchObject([
      {
        region: 'eu-de',
        error: {
          code: 'incomplete_listing',
          message: expect.stringContaining('The list of instance templates of eu-de'),
        },
      },
    ])
    expect(named('web-template')).toMatchObject({name: 'web-template'})
  })
})
