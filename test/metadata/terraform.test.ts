import {describe, expect, it} from 'vitest'
import {hclString, toHcl} from '../../src/metadata/hcl.ts'
import {managedBy} from '../../src/metadata/managed-by.ts'
import type {PlannedChange} from '../../src/metadata/plan.ts'
import {readTerraform} from '../../src/metadata/terraform-state.ts'
import {plannedChange} from '../support/planned-change.ts'

const read = (document: unknown) => Object.fromEntries(readTerraform(JSON.stringify(document), 'tf.json'))

const state = {
  version: 4,
  terraform_version: '1.9.8',
  resources: [
    {
      mode: 'managed',
      type: 'ibm_is_instance',
      name: 'web',
      instances: [
        {index_key: 0, attributes: {id: '0717_a', user_data: 'hunter2'}},
        {index_key: 'eu "de"', attributes: {id: '0717_b'}},
      ],
    },
    {
      module: 'module.db["x"]',
      mode: 'managed',
      type: 'ibm_is_instance',
      name: 'main',
      instances: [{attributes: {id: '0717_c'}}, {attributes: {}}, {}],
    },
    {mode: 'data', type: 'ibm_is_instance', name: 'other', instances: [{attributes: {id: '0717_d'}}]},
    {mode: 'managed', type: 'ibm_is_volume', name: 'disk', instances: [{attributes: {id: 'r006-e'}}]},
  ],
}

const instance = (address: string, id: string | undefined) => ({
  address,
  mode: 'managed',
  type: 'ibm_is_instance',
  values: {id, metadata_service: [{enabled: true}]},
})
const values = {
  root_module: {
    resources: [instance('ibm_is_instance.web["a]b"]', '0717_a'), instance('ibm_is_instance.bare', '0717_b')],
    child_modules: [{address: 'module.db[0]', resources: [instance('module.db[0].ibm_is_instance.main[1]', '0717_c')]}],
  },
}
const configuration = {
  root_module: {
    resources: [
      {address: 'ibm_is_instance.web', expressions: {metadata_service: [{enabled: {constant_value: true}}]}},
      {address: 'ibm_is_instance.bare', expressions: {name: {constant_value: 'bare'}}},
    ],
    module_calls: {
      db: {module: {resources: [{address: 'ibm_is_instance.main', expressions: {metadata_service_enabled: {}}}]}},
    },
  },
}

describe('a Terraform state', () => {
  it('tells the address of each instance, out of a state file', () => {
    expect(read(state)).toEqual({
      '0717_a': {address: 'ibm_is_instance.web[0]', hasBlock: undefined},
      '0717_b': {address: 'ibm_is_instance.web["eu \\"de\\""]', hasBlock: undefined},
      '0717_c': {address: 'module.db["x"].ibm_is_instance.main', hasBlock: undefined},
    })
  })

  it('does not tell whether the configuration has a block, out of terraform show -json', () => {
    expect(read({format_version: '1.0', terraform_version: '1.9.8', values})).toEqual({
      '0717_a': {address: 'ibm_is_instance.web["a]b"]', hasBlock: undefined},
      '0717_b': {address: 'ibm_is_instance.bare', hasBlock: undefined},
      '0717_c': {address: 'module.db[0].ibm_is_instance.main[1]', hasBlock: undefined},
    })
    expect(read({format_version: '1.0'})).toEqual({})
  })

  it('tells it of a plan, by what there is before it, in modules too', () => {
    const planned = {root_module: {resources: [instance('ibm_is_instance.new', undefined)]}}
    const plan = {
      format_version: '1.2',
      planned_values: planned,
      prior_state: {format_version: '1.0', values},
      configuration,
    }
    expect(read(plan)).toMatchObject({
      '0717_a': {hasBlock: true},
      '0717_b': {hasBlock: false},
      '0717_c': {hasBlock: true},
    })
    expect(read({...plan, prior_state: {}})).toEqual({})
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"version": 4,\n}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['an object of another kind', '{"hello": "hunter2"}'],
    ['an older state', JSON.stringify({...state, version: 3})],
    ['a newer format', JSON.stringify({format_version: '2.0', values})],
    ['resources that are none', JSON.stringify({version: 4, resources: [{mode: 'managed', secret: 'hunter2'}]})],
    [
      'instances that are none',
      JSON.stringify({format_version: '1.0', values: {root_module: {resources: ['hunter2']}}}),
    ],
    [
      'deep nesting',
      `${'{"format_version":"1.0","values":{"root_module":{"child_modules":['.slice(0, -1)}${'[{"child_modules":'.repeat(20_000)}[]${'}]'.repeat(20_000)}}}}`,
    ],
  ])('is refused, exit 2, without a word of what it holds, for %s', (_, text) => {
    let error: unknown
    try {
      readTerraform(text, 'tf.json')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({exitCode: 2, message: expect.stringMatching(/^No Terraform state from tf\.json: /)})
    expect(String(error)).not.toContain('hunter2')
  })
})

describe('what manages an instance', () => {
  const tags = {user: ['env:prod'], access: [], service: []}
  const terraform = {address: 'ibm_is_instance.web', hasBlock: true}

  it('is told by the tags of Schematics, and by a state', () => {
    const workspace = {...tags, user: ['env:prod', 'schematics:us-east.workspace.web.bfdd0e2d']}
    expect(managedBy(workspace, undefined)).toMatchObject({
      tool: 'schematics',
      workspace: 'us-east.workspace.web.bfdd0e2d',
    })
    const project = {...tags, service: ['schematics::project_id:abc']}
    expect(managedBy(project, terraform)).toMatchObject({
      tool: 'schematics',
      project: 'abc',
      address: 'ibm_is_instance.web',
    })
    expect(managedBy(tags, terraform)).toMatchObject({tool: 'terraform', hasBlock: true})
  })

  it('is nothing that shows only where all tags that would tell are known', () => {
    expect(managedBy(tags, undefined)).toBe(null)
    expect(managedBy({...tags, service: undefined}, undefined)).toBe(undefined)
    expect(managedBy(undefined, undefined)).toBe(undefined)
    expect(managedBy(undefined, terraform)).toMatchObject({tool: 'terraform'})
  })
})

describe('HCL', () => {
  const change = (name: string, set: PlannedChange['set']) =>
    plannedChange(0, {target: {...plannedChange(0).target, id: '0717_a', name}, set})

  it('has the whole block, so that the next apply changes nothing, under the address', () => {
    const changes = [change('web-1', {enabled: true, protocol: 'https'})]
    expect(
      toHcl(changes, () => 'module.web.ibm_is_instance.web[0]'),
    ).toBe(`# module.web.ibm_is_instance.web[0]: web-1 (0717_a)
metadata_service {
  enabled            = true
  protocol           = "https"
  response_hop_limit = 1
}
`)
  })

  it('is nothing else whatever an instance is called or a setting says', () => {
    const odd = change('a\n}\u2028resource "x" {\r', {protocol: `a"\\\${b}%{c}\n` as 'http'})
    const [first, ...rest] = toHcl([odd], () => undefined).split('\n')
    expect(first).toBe('# a } resource "x" {  (0717_a)')
    expect(rest[2]).toBe('  protocol           = "a\\"\\\\$${b}%%{c}\\u000a"')
    expect(hclString('$5, 100% {}')).toBe('"$5, 100% {}"')
  })
})
