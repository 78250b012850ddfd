import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import type {AskedOfCloud, OddAnswer} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {isSearch, isTagging, startTaggedCloud, type TaggedCloud, type TagsOf} from '../support/tagged-cloud.ts'

let sandbox: Sandbox
let cloud: TaggedCloud
let env: Record<string, string>
/** What the search answers in place of what there is. */
let refusal: OddAnswer | undefined
/** Called at each question before it is answered. */
let onAsked: (asked: AskedOfCloud) => void

beforeEach(async () => {
  refusal = undefined
  onAsked = () => undefined
  sandbox = await startSandbox({account: 'a1234567', transitionMs: 20})
  cloud = await startTaggedCloud(sandbox, {
    answer(asked) {
      onAsked(asked)
      return isSearch(asked) || isTagging(asked) ? refusal : undefined
    },
  })
  env = freshEnvironment(cloud.environment)
})
afterEach(async () => {
  await cloud.close()
  await sandbox.close()
})

const run = (...args: string[]) => runInProcess(args, {env})
const idOf = (name: string) => sandbox.fleet.list().find(each => each.name === name)?.id ?? ''
const tag = (name: string, tags: TagsOf) => cloud.tags.set(idOf(name), tags)
const namesIn = (text: string) => text.trimEnd().split('\n').sort()
const changes = () => cloud.asked.filter(({method, url}) => method === 'PATCH' || url.pathname.endsWith('/actions'))
const down: OddAnswer = {status: 403, body: {message: 'not allowed'}}
const file = (name: string, text: string) => {
  const path = join(env.HOME ?? '', name)
  writeFileSync(path, text)
  return path
}

describe('--tag', () => {
  it('lists what has the tag, be it of a user, for access or of a service, in capitals or not', async () => {
    tag('my-virtual-server-1', {tags: ['Env:Prod', 'single']})
    tag('my-virtual-server-2', {access_tags: ['env:prod']})
    tag('batch-1', {service_tags: ['env:prod']})
    tag('train-1', {tags: ['env:production']})
    const {stdout, code} = await run('instances', 'list', '--tag', 'env:prod', '-o', 'name')
    expect([namesIn(stdout), code]).toEqual([['batch-1', 'my-virtual-server-1', 'my-virtual-server-2'], 0])
    const single = await run('instances', 'list', '--tag', 'single', '-o', 'name')
    expect(single.stdout).toBe('my-virtual-server-1\n')
    const glob = await run('instances', 'list', '--tag', 'env:*', '-o', 'name')
    expect(namesIn(glob.stdout)).toContain('train-1')
  })

  it('asks for all of several, with a comma or repeated', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod', 'tier:web']})
    tag('my-virtual-server-2', {tags: ['env:prod']})
    for (const flags of [
      ['--tag', 'env:prod,tier:web'],
      ['--tag', 'env:prod', '--tag', 'tier:web'],
    ]) {
      expect((await run('instances', 'list', ...flags, '-o', 'name')).stdout).toBe('my-virtual-server-1\n')
    }
  })

  it('tells that the search was refused, and never that there are none', async () => {
    refusal = down
    for (const args of [
      ['instances', 'list', '--tag', 'env:prod'],
      ['instances', 'list', '--tag', 'env:prod', '--sort', 'none', '-q'],
      ['metadata', 'enable', '--all', '--tag', 'env:prod', '--yes'],
      ['instances', 'stop', '--all', '--tag', 'env:prod', '--yes'],
    ]) {
      const {code, stdout, stderr} = await run(...args)
      expect([code, stdout]).toEqual([3, ''])
      expect(stderr).toContain('Could not read the tags of the instances from Global Search: not allowed.')
      expect(stderr).not.toMatch(/no instance|nothing to do|Also failed/i)
    }
    expect(changes()).toEqual([])
  })

  it('tells of an instance that is not in the index that it may be meant', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    tag('my-virtual-server-2', null)
    const {code, stdout, stderr} = await run('instances', 'list', '--tag', 'env:prod', '-o', 'name')
    expect([code, stdout]).toEqual([1, 'my-virtual-server-1\n'])
    expect(stderr).toMatch(/us-south (is|may be) incomplete: 1 instance is left out/)
  })

  it('tells of a tag that nothing has which one is near', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    const {code, stderr} = await run('instances', 'list', '--tag', 'env:prd')
    expect(code).toBe(4)
    expect(stderr).toContain('No instance has the tag env:prd.')
    expect(stderr).toContain('Did you mean env:prod?')
  })
})

describe('--columns tags', () => {
  it('shows them, and has them in JSON by their kind', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod'], access_tags: ['team:a']})
    const {stdout} = await run('instances', 'list', '--columns', 'name,tags', '--name', 'my-virtual-server-1')
    expect(stdout).toMatch(/my-virtual-server-1 +env:prod, team:a/)
    const json = await run('metadata', 'show', 'my-virtual-server-1', '--columns', 'name,tags', '--json')
    expect(JSON.parse(json.stdout)).toEqual([
      {name: 'my-virtual-server-1', tags: ['env:prod'], access_tags: ['team:a'], service_tags: []},
    ])
  })

  it('shows the instances all the same where the search is refused, and says so', async () => {
    refusal = down
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
    expect(cloud.searches()).toEqual([])
  })
})

describe('a change of what was chosen by tag', () => {
  beforeEach(() => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    tag('my-virtual-server-3', {tags: ['env:prod']})
  })
  /** Takes the tag away as soon as the first search is answered, before anything is sent. */
  const loseTag = () => {
    onAsked = ({url}) => {
      if (url.pathname.endsWith('/instances')) tag('my-virtual-server-3', {tags: []})
    }
  }

  it('leaves alone, and tells of, what has lost its tag by its turn', async () => {
    loseTag()
    const {code, stdout} = await run('metadata', 'enable', '--all', '--tag', 'env:prod', '--yes', '--json')
    const {changed, conflict} = JSON.parse(stdout)
    expect(changed).toMatchObject([{name: 'my-virtual-server-1'}])
    expect(conflict).toMatchObject([{name: 'my-virtual-server-3', error: {code: 'tag_gone'}}])
    expect(conflict[0].error.message).toContain('it no longer has the tag env:prod')
    expect(code).toBe(1)
    expect(changes()).toHaveLength(1)
  })

  it('is made of no server whose tags can no longer be read', async () => {
    onAsked = ({url}) => {
      if (url.pathname.endsWith('/instances')) refusal = down
    }
    const {code, stderr} = await run('metadata', 'enable', '--all', '--tag', 'env:prod', '--yes')
    expect(stderr).toContain('is left alone: it is not known whether it still has its tags')
    expect([code, changes().length]).toEqual([3, 0])
  })

  it('holds for a plan that is applied later, and a dry run of it', async () => {
    const plan = file('plan.json', '')
    await run('metadata', 'plan', '--enable', '--all', '--tag', 'env:prod', '--out', plan)
    tag('my-virtual-server-3', {tags: []})
    const dry = await run('metadata', 'apply', plan, '--dry-run', '--json')
    expect(JSON.parse(dry.stdout)).toMatchObject({planned: [{}], conflict: [{name: 'my-virtual-server-3'}]})
    const {stdout} = await run('metadata', 'apply', plan, '--yes', '--json')
    expect(JSON.parse(stdout)).toMatchObject({changed: [{}], conflict: [{name: 'my-virtual-server-3'}]})
    expect(changes()).toHaveLength(1)
  })

  it('holds for a stop and a start', async () => {
    const running = sandbox.fleet.list().filter(({status}) => status === 'running')
    expect(running.length).toBeGreaterThan(1)
    cloud.tags.clear()
    const [kept, lost] = running
    for (const each of [kept, lost]) cloud.tags.set(each?.id ?? '', {tags: ['stop:me']})
    onAsked = ({url}) => {
      if (/\/instances\/[^/]+$/.test(url.pathname)) cloud.tags.set(lost?.id ?? '', {tags: []})
    }
    const stop = ['instances', 'stop', '--all', '--tag', 'stop:me', '--yes', '--accept-data-loss', '--accept-downtime']
    const {stdout} = await run(...stop, '--json')
    const {changed, conflict} = JSON.parse(stdout)
    expect([changed[0].id, conflict[0].id]).toEqual([kept?.id, lost?.id])
    expect(sandbox.fleet.get(lost?.id ?? '')?.status).toBe('running')
  })

  it('is undone whatever its tags are by then', async () => {
    await run('metadata', 'enable', '--all', '--tag', 'env:prod', '--yes')
    cloud.tags.clear()
    const {stdout} = await run('metadata', 'undo', '--yes', '--json')
    expect(JSON.parse(stdout).changed).not.toEqual([])
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
- {match: {tag: [waived, 'waived:*']}, reason: Later, expires: 2999-01-01}
`,
    )
  const audit = (...args: string[]) =>
    run('metadata', 'audit', '--policy', policy(), '--verdict', 'all', '--json', ...args)
  const verdictOf = (stdout: string, name: string) =>
    JSON.parse(stdout).subjects.find((each: {name: string}) => each.name === name)?.verdict

  it('judges by them, and exempts by them, servers and bare metal servers alike', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    tag('my-virtual-server-2', {tags: ['ENV:PROD'], access_tags: ['waived:2027']})
    const [{id = ''} = {}] = sandbox.fleet.bareMetalServers.list()
    cloud.tags.set(id, {tags: ['env:prod']})
    const {code, stdout} = await audit()
    expect(verdictOf(stdout, 'my-virtual-server-1')).toBe('violation')
    expect(verdictOf(stdout, 'my-virtual-server-2')).toBe('exempt')
    expect(verdictOf(stdout, 'my-virtual-server-3')).toBe('compliant')
    expect(verdictOf(stdout, 'my-instance-template')).toBe('compliant')
    expect(JSON.parse(stdout).subjects.find((each: {id: string}) => each.id === id)).toMatchObject({rule: 'prod'})
    expect(code).toBe(5)
  })

  it('is never compliant where the tags can not be read', async () => {
    refusal = down
    const {code, stdout, stderr} = await audit('--kind', 'instance')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({result: 'incomplete', counts: {compliant: 0}})
    expect(verdictOf(stdout, 'my-virtual-server-1')).toBe('undetermined')
    expect(stderr.match(/Could not read the tags/g)).toHaveLength(1)
  })

  it('leaves open what is not in the index', async () => {
    tag('my-virtual-server-1', null)
    const {stdout} = await audit('--kind', 'instance')
    expect(verdictOf(stdout, 'my-virtual-server-1')).toBe('undetermined')
  })

  it('marks the changes that it forbids', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    const flags = ['--policy', policy(), '--protocol', 'http', '--dry-run', '--json']
    const {stdout} = await run('metadata', 'enable', 'my-virtual-server-1', ...flags)
    expect(JSON.parse(stdout).planned[0].against_policy).toContain('protocol')
  })

  it('is asked for a part of the fleet by a tag', async () => {
    tag('my-virtual-server-1', {tags: ['env:prod']})
    const {stdout} = await audit('--tag', 'env:prod')
    expect(JSON.parse(stdout).subjects).toMatchObject([{name: 'my-virtual-server-1'}])
    expect((await audit('--tag', 'nobody')).code).toBe(4)
  })
})

describe('a plan of what something else manages', () => {
  const plan = (...flags: string[]) =>
    run('metadata', 'plan', '--enable', 'my-virtual-server-1', 'my-virtual-server-3', ...flags)
  const workspace = 'us-south.workspace.web.bfdd0e2d'
  const state = () => {
    const instances = [{attributes: {id: idOf('my-virtual-server-3')}}]
    const resources = [{mode: 'managed', type: 'ibm_is_instance', name: 'three', instances}]
    return file('terraform.tfstate', JSON.stringify({version: 4, resources}))
  }

  it('warns that the next apply may revert it, and has it in table and JSON', async () => {
    tag('my-virtual-server-1', {tags: [`schematics:${workspace}`]})
    const table = await plan('--terraform-state', state())
    expect(table.stdout).toMatch(/Managed by/)
    expect(table.stdout).toContain(`Schematics workspace ${workspace}`)
    expect(table.stderr).toContain(
      `Warning: Schematics workspace ${workspace} manages 1 instance (my-virtual-server-1): `,
    )
    expect(table.stderr).toContain(
      'Warning: Terraform manages 1 instance (ibm_is_instance.three): its next apply reverts',
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
            address: 'ibm_is_instance.one',
            mode: 'managed',
            type: 'ibm_is_instance',
            values: {id: idOf('my-virtual-server-1')},
          },
        ],
      },
    }
    const configuration = {root_module: {resources: [{address: 'ibm_is_instance.one', expressions: {}}]}}
    const shown = file('plan.json', JSON.stringify({format_version: '1.2', prior_state: {values}, configuration}))
    const {stderr} = await plan('--terraform-state', shown)
    expect(stderr).toContain('Terraform manages 1 instance (ibm_is_instance.one): no drift follows')
    expect(stderr).not.toContain('Warning')
  })

  it('prints the blocks that keep it, and writes the plan beside them', async () => {
    const out = file('plan.json', '')
    const {stdout, code} = await plan('--protocol', 'https', '--terraform-state', state(), '--hcl', '--out', out)
    expect(code).toBe(0)
    expect(stdout).toContain(`# my-virtual-server-1 (${idOf('my-virtual-server-1')})\nmetadata_service {\n`)
    expect(stdout).toContain('# ibm_is_instance.three: my-virtual-server-3 (')
    expect(stdout.match(/protocol +=/g)).toHaveLength(2)
    expect((await run('metadata', 'apply', out, '--dry-run')).code).toBe(0)
    for (const flags of [['--json'], ['--out', '-']]) expect((await plan('--hcl', ...flags)).code).toBe(2)
  })

  it('is made all the same where the search is refused, with a warning, and claims nothing of what manages it', async () => {
    refusal = down
    const {code, stdout, stderr} = await plan('--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).planned[0]).not.toHaveProperty('managed_by')
    expect(stderr).toContain('It is not known whether Schematics manages what is planned')
    refusal = undefined
    expect(JSON.parse((await plan('--json')).stdout).planned[0].managed_by).toBe(null)
  })

  it('is not made with a state that is none', async () => {
    const {code, stderr} = await plan('--terraform-state', file('x.json', '{}'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/No Terraform state from .*x\.json/)
  })
})
