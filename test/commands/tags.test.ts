import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Fault, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type OddCloud, startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {tagServer, untagServer} from '../support/tag-server.ts'

let sandbox: Sandbox
let odd: OddCloud | undefined
let env: Record<string, string>
let requests: {method: string; path: string}[]

beforeEach(async () => {
  requests = []
  odd = undefined
  const onRequest = (request: {method: string; path: string}) => requests.push(request)
  sandbox = await startSandbox({account: 'a1234567', transitionMs: 20, tagDelayMs: 3_600_000, onRequest})
  env = freshEnvironment(sandbox.environment)
})
afterEach(async () => {
  await odd?.close()
  await sandbox.close()
})

const run = (...args: string[]) => runInProcess(args, {env})
const idOf = (name: string) => sandbox.fleet.list().find(each => each.name === name)?.id ?? ''
const namesIn = (text: string) => text.trimEnd().split('\n').sort()
const changes = () => requests.filter(({method, path}) => method === 'PATCH' || path.includes('/actions'))
const searches = () => requests.filter(({path}) => path.includes('/v3/resources/search'))
const refuse = (path: RegExp, more: Partial<Fault> = {}) => sandbox.faults.push({kind: '403', path, ...more})
/** Leaves an instance out of the index of the search. */
const forget = async (name: string) => {
  const id = idOf(name)
  odd = await startOddCloud(sandbox, {
    change(_, body) {
      const items = body.items as {crn: string}[]
      items.splice(0, items.length, ...items.filter(({crn}) => !crn.endsWith(id)))
    },
  })
  env.GLOBAL_SEARCH_URL = `${odd.url}/search`
}
const file = (name: string, text: string) => {
  const path = join(env.HOME ?? '', name)
  writeFileSync(path, text)
  return path
}

describe('--tag', () => {
  it('lists what has the tag, be it of a user, for access or of a service, in capitals or not', async () => {
    const add = (name: string, tags: object) => sandbox.fleet.add({name, zone: 'us-south-1', tags})
    await add('of-user', {user: ['Q:Deep', 'single']})
    await add('for-access', {access: ['q:deep']})
    await add('of-service', {service: ['q:deep']})
    await add('of-another', {user: ['q:deeper']})
    const list = async (tag: string) => namesIn((await run('instances', 'list', '--tag', tag, '-o', 'name')).stdout)
    expect(await list('q:deep')).toEqual(['for-access', 'of-service', 'of-user'])
    expect(await list('SINGLE')).toEqual(['of-user'])
    expect(await list('q:deep*')).toEqual(['for-access', 'of-another', 'of-service', 'of-user'])
  })

  it('asks for all of several, with a comma or repeated', async () => {
    for (const flags of [
      ['--tag', 'env:prod,project:lw'],
      ['--tag', 'env:prod', '--tag', 'project:lw'],
    ]) {
      expect((await run('instances', 'list', ...flags, '-o', 'name')).stdout).toBe('my-virtual-server-2\n')
    }
  })

  it('tells that the search was refused, and never that there are none', async () => {
    refuse(/^\/search/)
    for (const args of [
      ['instances', 'list', '--tag', 'env:prod'],
      ['instances', 'list', '--tag', 'env:prod', '--sort', 'none', '-q'],
      ['metadata', 'enable', '--all', '--tag', 'env:prod', '--yes'],
      ['instances', 'stop', '--all', '--tag', 'env:prod', '--accept-downtime'],
    ]) {
      const {code, stdout, stderr} = await run(...args)
      expect([code, stdout]).toEqual([3, ''])
      expect(stderr).toContain('Could not read the tags of the instances from Global Search: ')
      expect(stderr).not.toMatch(/no instance|nothing to do|Also failed/i)
    }
    expect(changes()).toEqual([])
  })

  it('looks in the index of each account, and hides none for one that refuses', async () => {
    const many = await startSandbox({account: 'a1234567', accounts: 3})
    odd = await startOddCloud(many, {
      answer: ({url, count}) =>
        url.pathname.startsWith('/search') && count === 1 ? {status: 403, body: {message: 'no'}} : undefined,
    })
    env = freshEnvironment({...many.environment, GLOBAL_SEARCH_URL: `${odd.url}/search`})
    const args = ['--assume', 'vpcmd-auditor', '--account', 'all', '-r', 'us-south']
    const {code, stdout, stderr} = await run('instances', 'list', ...args, '--tag', 'env:prod', '--json')
    const found: {account: string}[] = JSON.parse(stdout)
    expect(new Set(found.map(({account}) => account)).size).toBe(2)
    expect(stderr.match(/Could not read the tags/g)).toHaveLength(1)
    expect(code).toBe(1)
    await many.close()
  })

  it('tells of an instance that is not in the index that it may be meant', async () => {
    await forget('my-virtual-server-2')
    const {code, stdout, stderr} = await run('instances', 'list', '--tag', 'env:prod', '-r', 'us-south', '-o', 'name')
    expect([code, stdout]).toEqual([1, 'my-virtual-server-3\n'])
    expect(stderr).toMatch(/us-south is incomplete: 1 instance is left out/)
  })

  it('tells of a tag that nothing has which one is near', async () => {
    const {code, stderr} = await run('instances', 'list', '--tag', 'env:prd')
    expect(code).toBe(4)
    expect(stderr).toContain('No instance has the tag env:prd.')
    expect(stderr).toContain('Did you mean env:prod?')
  })
})

describe('--columns tags', () => {
  it('shows them, and has them in JSON by their kind', async () => {
    const {stdout} = await run('instances', 'list', '--columns', 'name,tags', '--name', 'my-virtual-server-2')
    expect(stdout).toMatch(/my-virtual-server-2 +env:prod, project:lw/)
    const json = await run('metadata', 'show', 'my-virtual-server-2', '--columns', 'name,tags', '--json')
    expect(JSON.parse(json.stdout)).toEqual([
      {name: 'my-virtual-server-2', tags: ['env:prod'], access_tags: ['project:lw'], service_tags: []},
    ])
  })

  it('shows the instances all the same where the search is refused, and says so', async () => {
    refuse(/^\/search/)
    for (const args of [
      ['instances', 'list', '--name', 'my-virtual-server-1'],
      ['metadata', 'show', 'my-virtual-server-1'],
    ]) {
      const {code, stdout, stderr} = await run(...args, '--columns', 'name,tags')
      expect(stdout).toMatch(/my-virtual-server-1 +\?/)
      expect(stderr.match(/Could not read the tags/g)).toHaveLength(1)
      expect(code).toBe(1)
    }
  })

  it('costs no search where nobody asks for it', async () => {
    await run('instances', 'list')
    await run('metadata', 'show', '--all')
    await run('metadata', 'audit')
    expect(searches()).toEqual([])
  })
})

describe('a change of what was chosen by tag', () => {
  // The index does not learn of it before an hour has passed.
  const loseTag = () => untagServer(sandbox, idOf('my-virtual-server-3'), 'env:prod')
  const enable = (...flags: string[]) =>
    run('metadata', 'enable', '--all', '--tag', 'env:prod', '-r', 'us-south', '--yes', ...flags)

  it('leaves alone, and tells of, what has lost its tag though the index still has it', async () => {
    await loseTag()
    const {code, stdout} = await enable('--json')
    const {changed, conflict} = JSON.parse(stdout)
    expect(changed).toMatchObject([{name: 'my-virtual-server-2'}])
    expect(conflict).toMatchObject([{name: 'my-virtual-server-3', error: {code: 'tag_gone'}}])
    expect(conflict[0].error.message).toContain('it no longer has the tag env:prod')
    expect([code, changes().length]).toEqual([1, 1])
  })

  it('is shown by a dry run as it would be made', async () => {
    await loseTag()
    const {stdout} = await enable('--dry-run', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      planned: [{name: 'my-virtual-server-2'}],
      conflict: [{name: 'my-virtual-server-3'}],
    })
  })

  it('is made of no server whose tags can no longer be read', async () => {
    refuse(/^\/tagging/)
    const {code, stderr} = await enable()
    expect(stderr).toContain('is left alone: it is not known whether it still has its tags')
    expect([code, changes().length]).toEqual([3, 0])
  })

  it('waits for a service that asks to wait, and fails nothing for it', async () => {
    sandbox.faults.push({kind: '429', path: /^\/tagging/, count: 7, retryAfter: '0'})
    expect(JSON.parse((await enable('--json')).stdout)).toMatchObject({changed: [{}, {}], failed: []})
  })

  it('takes a tag of any kind for one that is there', async () => {
    await untagServer(sandbox, idOf('my-virtual-server-2'), 'env:prod')
    await tagServer(sandbox, idOf('my-virtual-server-2'), 'ENV:prod', 'service')
    expect(JSON.parse((await enable('--json')).stdout)).toMatchObject({changed: [{}, {}]})
  })

  it('holds for a plan that is applied later, and a dry run of it', async () => {
    const plan = file('plan.json', '')
    await run('metadata', 'plan', '--enable', '--all', '--tag', 'env:prod', '-r', 'us-south', '--out', plan)
    await loseTag()
    const dry = await run('metadata', 'apply', plan, '--dry-run', '--json')
    expect(JSON.parse(dry.stdout)).toMatchObject({planned: [{}], conflict: [{name: 'my-virtual-server-3'}]})
    const {stdout} = await run('metadata', 'apply', plan, '--yes', '--json')
    expect(JSON.parse(stdout)).toMatchObject({changed: [{}], conflict: [{name: 'my-virtual-server-3'}]})
    expect(changes()).toHaveLength(1)
  })

  it('holds for a run that is resumed', async () => {
    const folder = ['--max-failures', '0', '--concurrency', '1']
    sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
    await enable(...folder)
    const before = changes().length
    for (const name of ['my-virtual-server-2', 'my-virtual-server-3']) {
      await untagServer(sandbox, idOf(name), 'env:prod')
    }
    const {stdout} = await run('metadata', 'resume', '--yes', '--json')
    expect(JSON.parse(stdout).conflict).not.toEqual([])
    expect(changes()).toHaveLength(before)
  })

  it('holds for a stop, and leaves it running', async () => {
    await loseTag()
    const stop = ['instances', 'stop', '--all', '--tag', 'env:prod', '-r', 'us-south', '--accept-downtime', '--json']
    const {changed, conflict} = JSON.parse((await run(...stop)).stdout)
    expect([changed, conflict]).toMatchObject([[{name: 'my-virtual-server-2'}], [{name: 'my-virtual-server-3'}]])
    expect(sandbox.fleet.get(idOf('my-virtual-server-3'))?.status).toBe('running')
  })

  it('holds where the service is turned on to collect from it', async () => {
    await untagServer(sandbox, idOf('my-virtual-server-2'), 'project:lw', 'access')
    env.VPCMD_SANDBOX_SSH = '1'
    const {code, stderr} = await run('metadata', 'collect', '--all', '--tag', 'project:lw', '--enable')
    expect(stderr).toContain('it no longer has the tag project:lw')
    expect([code, changes()]).toEqual([1, []])
  })

  it('is undone whatever its tags are by then', async () => {
    await enable()
    await loseTag()
    const {stdout} = await run('metadata', 'undo', '--yes', '--json')
    expect(JSON.parse(stdout).changed).toHaveLength(2)
  })
})

describe('a policy with tags', () => {
  const policy = () =>
    file(
      'policy.yaml',
      `version: 1
rules:
- {name: prod, match: {tag: 'env:prod'}, require: {enabled: true, protocol: https}}
- {name: rest, require: {hop_limit: 1-64}}
exemptions:
- {match: {tag: [waived, 'project:*']}, reason: Later, expires: 2999-01-01}
`,
    )
  const audit = (...args: string[]) =>
    run('metadata', 'audit', '--policy', policy(), '--verdict', 'all', '--json', ...args)
  const find = (stdout: string, name: string) =>
    JSON.parse(stdout).subjects.find((each: {name: string}) => each.name === name)

  it('judges and exempts by them, instances and bare metal servers alike', async () => {
    const {code, stdout} = await audit()
    expect(find(stdout, 'my-virtual-server-1')).toMatchObject({verdict: 'compliant', rule: 'rest'})
    expect(find(stdout, 'my-virtual-server-2')).toMatchObject({verdict: 'exempt', rule: 'prod'})
    expect(find(stdout, 'my-virtual-server-3')).toMatchObject({verdict: 'violation', rule: 'prod'})
    expect(find(stdout, 'database-1')).toMatchObject({kind: 'bare_metal_server', rule: 'prod'})
    expect(find(stdout, 'my-instance-template')).toMatchObject({verdict: 'compliant', rule: 'rest'})
    expect(code).toBe(5)
  })

  it('is never compliant where the tags can not be read', async () => {
    refuse(/^\/search/)
    const {code, stdout, stderr} = await audit('--kind', 'instance')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({result: 'incomplete', counts: {compliant: 0}})
    expect(find(stdout, 'my-virtual-server-1')).toMatchObject({verdict: 'undetermined', why: 'its tags are unknown'})
    expect(stderr.match(/Could not read the tags/g)).toHaveLength(1)
  })

  it('leaves open what is not in the index', async () => {
    await forget('my-virtual-server-1')
    const {code, stdout} = await audit('--kind', 'instance')
    expect(find(stdout, 'my-virtual-server-1').verdict).toBe('undetermined')
    expect(code).toBe(1)
  })

  it('marks the changes that it forbids', async () => {
    const flags = ['--policy', policy(), '--protocol', 'http', '--dry-run', '--json']
    const {stdout} = await run('metadata', 'enable', 'my-virtual-server-3', 'my-virtual-server-1', ...flags)
    const [three, one] = JSON.parse(stdout).planned
    expect(three.against_policy).toContain('protocol')
    expect(one).not.toHaveProperty('against_policy')
  })

  it('is asked for a part of the fleet by a tag, and plans the same part', async () => {
    const fix = file('fix.json', '')
    const {stdout} = await audit('--tag', 'env:prod', '-r', 'us-south', '--fix-plan', fix)
    expect(JSON.parse(stdout).subjects).toMatchObject([{name: 'my-virtual-server-3'}, {name: 'my-virtual-server-2'}])
    await untagServer(sandbox, idOf('my-virtual-server-3'), 'env:prod')
    expect((await run('metadata', 'apply', fix, '--yes')).stderr).toContain('it no longer has the tag env:prod')
    expect((await audit('--tag', 'nobody')).code).toBe(4)
  })
})

describe('a plan of what something else manages', () => {
  const plan = (...flags: string[]) => run('metadata', 'plan', '--enable', 'made-1', 'my-virtual-server-3', ...flags)
  const workspace = 'us-south.workspace.web.bfdd0e2d'
  beforeEach(async () => {
    await sandbox.fleet.add({name: 'made-1', zone: 'us-south-1', tags: {user: [`schematics:${workspace}`]}})
  })
  const state = () => {
    const instances = [{attributes: {id: idOf('my-virtual-server-3')}}]
    const resources = [{mode: 'managed', type: 'ibm_is_instance', name: 'three', instances}]
    return file('terraform.tfstate', JSON.stringify({version: 4, resources}))
  }

  it('warns that the next apply may revert it, and has it in table and JSON', async () => {
    const table = await plan('--terraform-state', state())
    expect(table.stdout).toMatch(/Managed by/)
    expect(table.stdout).toContain(`Schematics workspace ${workspace}`)
    expect(table.stderr).toContain(`Warning: Schematics workspace ${workspace} manages 1 instance (made-1). If its `)
    expect(table.stderr).toContain(
      'Warning: Terraform manages 1 instance (ibm_is_instance.three). If its configuration has a metadata_service block, the next apply reverts',
    )
    const {planned} = JSON.parse((await plan('--terraform-state', state(), '--json')).stdout)
    expect(planned.map((each: {managed_by: unknown}) => each.managed_by)).toEqual([
      {tool: 'schematics', workspace, project: null, address: null, has_block: null},
      {tool: 'terraform', workspace: null, project: null, address: 'ibm_is_instance.three', has_block: null},
    ])
  })

  it('says that no drift follows where the configuration has no block', async () => {
    const values = {
      root_module: {
        resources: [
          {
            address: 'ibm_is_instance.three',
            mode: 'managed',
            type: 'ibm_is_instance',
            values: {id: idOf('my-virtual-server-3')},
          },
        ],
      },
    }
    const configuration = {root_module: {resources: [{address: 'ibm_is_instance.three', expressions: {}}]}}
    const shown = file('plan.json', JSON.stringify({format_version: '1.2', prior_state: {values}, configuration}))
    const {stderr} = await plan('--terraform-state', shown)
    expect(stderr).toContain(
      'Terraform manages 1 instance (ibm_is_instance.three) without a metadata_service block: no drift follows',
    )
    expect(stderr).not.toContain('Warning: Terraform')
  })

  it('prints the blocks that keep it, and writes the plan beside them', async () => {
    const out = file('plan.json', '')
    const {stdout, code} = await plan('--protocol', 'https', '--terraform-state', state(), '--hcl', '--out', out)
    expect(code).toBe(0)
    expect(stdout).toContain(`# made-1 (${idOf('made-1')})\nmetadata_service {\n`)
    expect(stdout).toContain('# ibm_is_instance.three: my-virtual-server-3 (')
    expect(stdout.match(/protocol +=/g)).toHaveLength(2)
    expect((await run('metadata', 'apply', out, '--dry-run')).code).toBe(0)
    for (const flags of [['--json'], ['--out', '-']]) expect((await plan('--hcl', ...flags)).code).toBe(2)
  })

  it('is made all the same where the search is refused, with a warning, and claims nothing of what manages it', async () => {
    refuse(/^\/search/)
    const {code, stdout, stderr} = await plan('--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).planned[0]).not.toHaveProperty('managed_by')
    expect(stderr).toContain('It is not known whether Schematics manages what is planned')
    sandbox.faults.length = 0
    expect(JSON.parse((await plan('--json')).stdout).planned[1].managed_by).toBe(null)
  })

  it('is not made with a state that is none', async () => {
    const {code, stderr} = await plan('--terraform-state', file('x.json', '{}'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/No Terraform state from .*x\.json/)
  })
})
