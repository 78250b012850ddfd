import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {VpcmdError} from '../../src/errors.ts'
import type {Plan} from '../../src/metadata/plan.ts'
import {formatPlan, parsePlan, writePlan} from '../../src/metadata/plan-file.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {plannedChange} from '../support/planned-change.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

allowSeconds(15, 'A plan of 20,000 changes is parsed twice.')

const plan: Plan = {
  account: 'a1234567',
  createdAt: '2026-11-25T16:15:02.123Z',
  vpcmd: '0.1.0',
  selection: 'enable --all --vpc my-test-vpc',
  unread: ['eu-de: Could not list the instances in eu-de after 5 tries: "boom".'],
  changes: [
    plannedChange(0, {etag: 'W/"abc"'}),
    plannedChange(1, {before: {enabled: true, protocol: 'http', response_hop_limit: 64}, set: {response_hop_limit: 2}}),
    plannedChange(2, {
      target: {...plannedChange(2).target, kind: 'bare_metal_server', name: 'ünï\u2028"\\\u001b[31m'},
      before: {enabled: false, protocol: 'http'},
      set: {enabled: true},
    }),
  ],
}
const text = formatPlan(plan)
const firstChange = text.split('\n').findIndex(line => line.includes('"changes"')) + 2

function problemIn(source: string): string {
  try {
    parsePlan(source, 'plan.json')
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    expect(error).toMatchObject({exitCode: 2, hint: expect.stringContaining('vpcmd metadata plan --out')})
    return error.message
  }
  throw new Error('the plan was taken')
}

describe('a plan as a file', () => {
  it('comes back as it was, and is JSON with a change a line', () => {
    expect(parsePlan(text, 'plan.json')).toEqual(plan)
    expect(text.split('\n').filter(line => line.includes('"target"'))).toHaveLength(3)
    expect(JSON.parse(text)).toMatchObject({format: 'vpcmd-plan/1', account: 'a1234567'})
  })

  it('holds nothing that acts on a terminal, and comes back as it was all the same', () => {
    const [change] = plan.changes
    if (!change) throw new Error('no change')
    const named = {
      ...plan,
      selection: '\u009b2J',
      changes: [{...change, target: {...change.target, name: 'a\u202eb\x7f'}}],
    }
    expect(formatPlan(named)).not.toMatch(/[^\n -~]/)
    expect(parsePlan(formatPlan(named), 'plan.json')).toEqual(named)
  })

  it('may be without changes, and reformatted by another program', () => {
    const {unread: _, ...empty} = {...plan, changes: []}
    expect(parsePlan(formatPlan(empty), 'plan.json')).toEqual(empty)
    expect(parsePlan(JSON.stringify(JSON.parse(text), undefined, 4), 'plan.json')).toEqual(plan)
    expect(parsePlan(JSON.stringify(JSON.parse(text)), 'plan.json')).toEqual(plan)
  })

  it('is written, or says why not', async () => {
    const folder = folderOfTest()
    await writePlan(process, join(folder, 'plan.json'), plan)
    expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toBe(text)
    await expect(writePlan(process, join(folder, 'no', 'plan.json'), plan)).rejects.toMatchObject({
      code: 'plan_unwritable',
      message: `${join(folder, 'no', 'plan.json')} can't be written: there is no folder ${join(folder, 'no')}.`,
    })
  })
})

describe('an edit by hand is named by its line:', () => {
  const inChange = (index: number, from: string | RegExp, to: string): [string, number] => {
    const lines = text.split('\n')
    const at = firstChange - 1 + index
    const line = lines[at] ?? ''
    lines[at] = line.replace(from, to)
    expect(lines[at]).not.toBe(line)
    return [lines.join('\n'), at + 1]
  }

  it.each<[string, [string, number], RegExp]>([
    [
      'a hop limit of 65',
      inChange(1, '"response_hop_limit":2', '"response_hop_limit":65'),
      /set\.response_hop_limit.*64/,
    ],
    ['a hop limit of 0', inChange(1, '"response_hop_limit":2', '"response_hop_limit":0'), /set\.response_hop_limit/],
    [
      'a hop limit as text',
      inChange(1, '"response_hop_limit":2', '"response_hop_limit":"2"'),
      /set\.response_hop_limit/,
    ],
    ['a protocol that there is not', inChange(0, '"protocol":"https"', '"protocol":"htps"'), /set\.protocol.*"http"/],
    ['an unknown key', inChange(0, '"set":{', '"set":{"hop_limit":2,'), /set\.hop_limit.*"hop_limit"/],
    ['an unknown key of a change', inChange(2, '"set":', '"note":"mine","set":'), /changes\[2\]\.note/],
    ['a missing key', inChange(1, /"region":"[^"]*",/, ''), /changes\[1\]\.target\.region/],
    ['nothing to set', inChange(2, '"set":{"enabled":true}', '"set":{}'), /changes\[2\]\.set.*nothing to set/],
    ['an enabled that is a text', inChange(2, '"set":{"enabled":true}', '"set":{"enabled":"true"}'), /set\.enabled/],
    [
      'a hop limit for a bare metal server',
      inChange(2, '"set":{', '"set":{"response_hop_limit":2,'),
      /hop limit, which a bare metal server/,
    ],
    ...['', '.', '..', 'a/b', '%2e', '0717_A', 'a\\u0007', 'a'.repeat(65)].map<[string, [string, number], RegExp]>(
      id => [
        `the ID ${id}`,
        inChange(1, /"id":"[^"]*"/, `"id":"${id}"`),
        /changes\[1\]\.target\.id is wrong: is not the ID of a server/,
      ],
    ),
    ['a lost comma', inChange(0, ',"set"', '"set"'), /it is not JSON/],
    ['a comment', inChange(1, '{', '{ // no'), /it is not JSON/],
    ['a key without quotes', inChange(1, '"set"', 'set'), /it is not JSON/],
    ['single quotes', inChange(0, '"https"', "'https'"), /it is not JSON/],
    ['a key twice', inChange(0, '"set":', '"set":{"enabled":false},"set":'), /: set appears twice\.$/],
    [
      'a key twice further in',
      inChange(1, '"set":{', '"set":{"response_hop_limit":64,'),
      /: response_hop_limit appears twice\.$/,
    ],
    ['a comma too much', inChange(0, /\},$/, '},,'), /it is not JSON/],
  ])('%s', (_what, [source, line], says) => {
    expect(problemIn(source)).toMatch(new RegExp(`^plan\\.json, line ${line}: `))
    expect(problemIn(source)).toMatch(says)
  })

  it('the same instance twice, at its second place', () => {
    const lines = text.split('\n')
    const first = lines[firstChange - 1] ?? ''
    lines.splice(firstChange + 1, 0, first)
    expect(problemIn(lines.join('\n'))).toBe(
      `plan.json, line ${firstChange + 2}: changes[2].target.id is wrong: appears twice.`,
    )
  })

  it('a comma after the last change', () => {
    const lines = text.split('\n')
    const last = firstChange + 1
    lines[last] = `${lines[last]},`
    expect(problemIn(lines.join('\n'))).toMatch(new RegExp(`line ${last + 2}: it is not JSON`))
  })

  it.each([
    ['another format', text.replace('vpcmd-plan/1', 'vpcmd-plan/2'), /line 2: format is wrong/],
    ['no account', text.replace(/ {2}"account".*\n/, ''), /line 1: account is wrong/],
    ['an empty account', text.replace('a1234567', ''), /line 3: account is wrong/],
    ['a time that is none', text.replace('2026-11-25T16:15:02.123Z', 'yesterday'), /line 4: createdAt is wrong/],
    ['an empty file', '', /line 1: it is empty/],
    ['half a file', text.slice(0, text.length / 2), /it is not JSON/],
    ['something else', '[]', /line 1: the plan is wrong/],
    ['null', 'null', /line 1: the plan is wrong/],
  ])('%s', (_what, source, says) => {
    expect(problemIn(source)).toMatch(says)
  })
})

it('20,000 changes are parsed, and the one that is wrong is found, without making anybody wait', () => {
  const changes = Array.from({length: 20_000}, (_, index) => plannedChange(index))
  const long = formatPlan({...plan, changes})
  expect(parsePlan(long, 'plan.json').changes).toHaveLength(20_000)
  const at = long.lastIndexOf('"https"')
  const wrong = `${long.slice(0, at)}1${long.slice(at + '"https"'.length)}`
  expect(problemIn(wrong)).toMatch(new RegExp(`line ${firstChange + 19_999}: `))
})
