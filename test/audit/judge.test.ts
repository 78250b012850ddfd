import {describe, expect, it} from 'vitest'
import type {AuditReport} from '../../src/audit/audit.ts'
import {exitCodeOf, resultOf} from '../../src/audit/audit.ts'
import {toFixPlan} from '../../src/audit/fix-plan.ts'
import {judge, reasonOf} from '../../src/audit/judge.ts'
import {defaultPolicy, type Policy, type Requirement, type Rule} from '../../src/audit/policy.ts'
import {matches, type Selector} from '../../src/audit/selectors.ts'
import type {Subject} from '../../src/audit/subjects.ts'
import {VpcmdError} from '../../src/errors.ts'
import {matchesGlob} from '../../src/instances/globs.ts'
import type {Settings} from '../../src/instances/settings.ts'
import {reportOf} from './report-of.ts'
import {subjectWith} from './subject.ts'

const today = '2026-11-25'
const https1 = {enabled: true, protocol: 'https', response_hop_limit: 1}
const off = {enabled: false, protocol: 'http', response_hop_limit: 1}

const policyOf = (require: Requirement, more: Partial<Policy> = {}): Policy => ({
  name: 'test',
  unmatched: 'report',
  rules: [{name: 'all', match: {}, require}],
  exemptions: [],
  ...more,
})

describe('the built-in policy', () => {
  it.each<[string, Partial<Subject>, string, string]>([
    ['on over https with one hop', {settings: https1}, 'compliant', ''],
    ['off, whatever its protocol', {settings: off}, 'compliant', ''],
    ['off with many hops', {settings: {...off, response_hop_limit: 64}}, 'compliant', ''],
    ['over http', {settings: {...https1, protocol: 'http'}}, 'violation', 'protocol is http, must be https'],
    ['with two hops', {settings: {...https1, response_hop_limit: 2}}, 'violation', 'hop limit is 2, must be 1'],
    [
      'with both',
      {settings: {enabled: true, protocol: 'http', response_hop_limit: 9}},
      'violation',
      'protocol is http, must be https; hop limit is 9, must be 1',
    ],
    [
      'over a protocol that is yet to come',
      {settings: {...https1, protocol: 'quic'}},
      'violation',
      'protocol is quic, must be https',
    ],
    [
      'a bare metal server over https',
      {kind: 'bare_metal_server', settings: {enabled: true, protocol: 'https'}},
      'compliant',
      '',
    ],
    [
      'a bare metal server over http',
      {kind: 'bare_metal_server', settings: {enabled: true, protocol: 'http'}},
      'violation',
      'protocol is http, must be https',
    ],
    ['a template that is off', {kind: 'instance_template', settings: off}, 'compliant', ''],
  ])('%s', (_what, given, verdict, why) => {
    const judged = judge(subjectWith(given), defaultPolicy, today)
    expect([judged.verdict, reasonOf(judged)]).toEqual([verdict, why])
  })
})

describe('a requirement', () => {
  it.each<[string, Requirement, Settings, string[]]>([
    ['on, and it is', {enabled: true}, https1, []],
    ['on, and it is off', {enabled: true}, off, ['enabled']],
    ['off, and it is on', {enabled: false}, https1, ['enabled']],
    ['off takes no account of the protocol', {enabled: false, protocol: 'https'}, off, []],
    [
      'on judges what it would be on with',
      {enabled: true, protocol: 'https', hop_limit: {min: 2, max: 3}},
      off,
      ['enabled', 'protocol', 'hop_limit'],
    ],
    ['even while off', {protocol: 'https', even_while_off: true}, off, ['protocol']],
    ['not while off', {protocol: 'https'}, off, []],
    ['at the lower bound', {hop_limit: {min: 1, max: 3}}, https1, []],
    ['above the upper bound', {hop_limit: {min: 1, max: 3}}, {...https1, response_hop_limit: 4}, ['hop_limit']],
    ['below the lower bound', {hop_limit: {min: 2, max: 3}}, https1, ['hop_limit']],
    ['of hops that a server has not', {hop_limit: {min: 2, max: 3}}, {enabled: true, protocol: 'https'}, []],
  ])('%s', (_what, require, settings, wrong) => {
    expect(judge(subjectWith({settings}), policyOf(require), today).violations.map(({setting}) => setting)).toEqual(
      wrong,
    )
  })
})

describe('a selector', () => {
  it.each<[Selector, Partial<Subject>, boolean | string]>([
    [{}, {}, true],
    [{region: ['us-south']}, {}, true],
    [{region: ['eu-*', 'us-*']}, {}, true],
    [{region: ['us-east']}, {}, false],
    [{zone: ['us-south-?']}, {}, true],
    [{zone: ['us-south-?']}, {zone: undefined}, 'its zone is unknown'],
    [{kind: ['instance', 'bare_metal_server']}, {}, true],
    [{kind: ['instance_template']}, {}, false],
    [{vpc: ['prod']}, {}, true],
    [{vpc: ['r006-vpc']}, {}, true],
    [{vpc: ['test']}, {}, false],
    [{vpc: ['prod']}, {vpc: undefined}, 'its VPC is unknown'],
    [{vpc: ['prod']}, {kind: 'instance_template', vpc: undefined}, 'its VPC is unknown'],
    [{zone: ['us-*']}, {kind: 'instance_template', zone: undefined}, 'its zone is unknown'],
    [{profile: ['bx2-*']}, {kind: 'instance_template', profile: undefined}, 'its profile is unknown'],
    [{vpc: ['prod'], region: ['eu-de']}, {kind: 'instance_template', vpc: undefined}, false],
    [
      {vpc: ['prod'], name: ['web-1']},
      {kind: 'instance_template', vpc: undefined, zone: undefined},
      'its VPC is unknown',
    ],
    [{vpc: ['prod']}, {vpc: {id: 'r1'}}, 'the name of its VPC r1 is not known'],
    [{vpc: ['r1']}, {vpc: {id: 'r1'}}, true],
    [{vpc: ['prod'], region: ['eu-de']}, {vpc: {id: 'r1'}}, false],
    [{vpc: ['prod'], image: ['windows*']}, {vpc: {id: 'r1'}}, false],
    [{resource_group: ['defaults']}, {}, true],
    [{resource_group: ['g1']}, {}, true],
    [{profile: ['bx2-*']}, {}, true],
    [{profile: ['bx2']}, {}, false],
    [{image: ['*ubuntu*']}, {}, true],
    [{image: ['*']}, {image: undefined}, false],
    [{image: ['*ubuntu*']}, {image: {id: 'r006-x'}}, 'the name of its image r006-x is not known'],
    [{status: ['running', 'stopped']}, {}, true],
    [{status: ['running']}, {status: undefined}, 'its status is unknown'],
    [{status: ['running']}, {kind: 'instance_template', status: undefined}, false],
    [{name: ['web-*'], region: ['us-south'], profile: ['cx2*']}, {}, false],
  ])('%j of %j: %s', (selector, given, match) => {
    expect(matches(selector, subjectWith(given))).toBe(match)
  })

  it.each([
    ['', '', true],
    ['*', '', true],
    ['?', '', false],
    ['a*c', 'abbbc', true],
    ['a*c', 'abbbd', false],
    ['*b*b', 'abab', true],
    ['a.c', 'abc', false],
    ['a.c', 'a.c', true],
    ['w?b-*', 'web-', true],
    ['*'.repeat(60), 'x', true],
  ])('pattern %j on %j: %s', (pattern, text, match) => expect(matchesGlob(pattern, text)).toBe(match))

  it('takes no exponential time for a pattern that is made for it', () => {
    // A backtracking matcher would not come back from this.
    expect(matchesGlob(`${'*a'.repeat(30)}b`, 'a'.repeat(5000))).toBe(false)
  })
})

describe('judging', () => {
  const first: Rule = {name: 'first', match: {name: ['web-*']}, require: {enabled: true}}
  const second: Rule = {name: 'second', match: {region: ['us-south']}, require: {protocol: 'https'}}

  it('goes by the first rule that matches, and by no other', () => {
    const policy = policyOf({}, {rules: [first, second]})
    expect(judge(subjectWith(), policy, today)).toMatchObject({verdict: 'compliant', rule: first})
    expect(judge(subjectWith({name: 'db-1'}), policy, today)).toMatchObject({verdict: 'violation', rule: second})
  })

  it('tells what no rule matches, and takes it for a violation only if the policy says so', () => {
    const subject = subjectWith({name: 'db-1', region: 'eu-de'})
    const told = judge(subject, policyOf({}, {rules: [first, second]}), today)
    expect([told.verdict, reasonOf(told)]).toEqual(['unmatched', 'no rule matches'])
    const denied = judge(subject, policyOf({}, {rules: [first, second], unmatched: 'deny'}), today)
    expect([denied.verdict, reasonOf(denied)]).toEqual(['violation', 'no rule matches'])
  })

  it('does not guess where a rule goes by a name that is not known, unless an earlier one decides', () => {
    const byVpc: Rule = {name: 'by-vpc', match: {vpc: ['prod']}, require: {enabled: true}}
    const subject = subjectWith({vpc: {id: 'r1'}})
    expect(judge(subject, policyOf({}, {rules: [byVpc, second]}), today)).toMatchObject({
      verdict: 'undetermined',
      unknown: 'the name of its VPC r1 is not known',
    })
    expect(judge(subject, policyOf({}, {rules: [first, byVpc]}), today)).toMatchObject({rule: first})
  })

  it.each([
    ['2026-11-25', 'exempt', 'protocol is http, must be https (exempt until 2026-11-25: Moves.)'],
    ['2026-11-24', 'violation', 'protocol is http, must be https (exemption expired on 2026-11-24)'],
  ])('exempts up to the last day: %s', (expires, verdict, why) => {
    const exemptions = [{match: {name: ['web-*']}, reason: 'Moves.', expires}]
    const judged = judge(subjectWith(), policyOf({protocol: 'https'}, {exemptions}), today)
    expect([judged.verdict, reasonOf(judged)]).toEqual([verdict, why])
  })

  it('takes a valid exemption after an expired one, and needs none for what is compliant', () => {
    const exemptions = [
      {match: {name: ['web-*']}, reason: 'Old.', expires: '2020-01-01'},
      {match: {region: ['us-south']}, reason: 'New.', expires: '2030-01-01'},
    ]
    expect(judge(subjectWith(), policyOf({protocol: 'https'}, {exemptions}), today)).toMatchObject({
      verdict: 'exempt',
      exemption: exemptions[1],
    })
    expect(judge(subjectWith({settings: https1}), policyOf({protocol: 'https'}, {exemptions}), today).verdict).toBe(
      'compliant',
    )
  })
})

describe('the result', () => {
  const good = subjectWith({settings: https1})
  const bad = subjectWith({name: 'web-2'})
  const unread = [{region: 'eu-de', kinds: ['instance' as const], error: new VpcmdError({code: 'x', message: 'no'})}]
  const byVpc = policyOf({}, {rules: [{name: 'v', match: {vpc: ['prod']}, require: {enabled: true}}]})

  it.each<[string, AuditReport, string, number]>([
    ['all well', reportOf(defaultPolicy, [good]), 'compliant', 0],
    ['nothing there', reportOf(defaultPolicy, []), 'compliant', 0],
    ['one violates', reportOf(defaultPolicy, [good, bad]), 'not_compliant', 5],
    ['one could not be read', reportOf(defaultPolicy, [good], {unread}), 'incomplete', 1],
    ['one violates and one could not be read', reportOf(defaultPolicy, [bad], {unread}), 'incomplete', 1],
    ['one can not be told', reportOf(byVpc, [subjectWith({vpc: {id: 'r1'}})]), 'incomplete', 1],
    ['no rule matches', reportOf(policyOf({}, {rules: []}), [good]), 'incomplete', 1],
  ])('%s', (_what, report, result, exitCode) => {
    expect([resultOf(report), exitCodeOf(report)]).toEqual([result, exitCode])
  })
})

describe('the plan that repairs', () => {
  it.each<[string, Requirement, Settings, object]>([
    [
      'takes the upper bound from above',
      {hop_limit: {min: 2, max: 4}},
      {...https1, response_hop_limit: 9},
      {response_hop_limit: 4},
    ],
    ['takes the lower bound from below', {hop_limit: {min: 2, max: 4}}, https1, {response_hop_limit: 2}],
    [
      'does not turn anything off for its protocol',
      {protocol: 'https'},
      {...https1, protocol: 'http'},
      {protocol: 'https'},
    ],
    [
      'turns on with what it must be on with',
      {enabled: true, protocol: 'https', hop_limit: {min: 1, max: 1}},
      off,
      {enabled: true, protocol: 'https'},
    ],
    [
      'turns off and leaves the rest',
      {enabled: false, protocol: 'https'},
      {...https1, protocol: 'http'},
      {enabled: false},
    ],
    ['sets what is wrong while off', {protocol: 'https', even_while_off: true}, off, {protocol: 'https'}],
  ])('%s', (_what, require, settings, set) => {
    const subject = subjectWith({settings, readAt: 42})
    const {plan, unrepairable} = toFixPlan(reportOf(policyOf(require), [subject]))
    const {kind, id, name, crn, region, zone, vpc, status} = subject
    expect(unrepairable).toEqual([])
    expect(plan).toMatchObject({account: 'a1', vpcmd: '1.2.3', createdAt: `${today}T12:00:00.000Z`})
    expect(plan.changes).toEqual([
      {target: {kind, id, name, crn, region, zone, vpc, status}, before: settings, set, readAt: 42},
    ])
  })

  it('leaves out what complies and what is exempt, and says why a template, or one without a rule, is not in it', () => {
    const policy = policyOf(
      {protocol: 'https'},
      {
        unmatched: 'deny',
        rules: [{name: 'r', match: {region: ['us-south']}, require: {protocol: 'https'}}],
        exemptions: [{match: {name: ['exempt']}, reason: 'r', expires: '2030-01-01'}],
      },
    )
    const template = subjectWith({name: 'template', kind: 'instance_template'})
    const unmatched = subjectWith({name: 'elsewhere', region: 'eu-de'})
    const report = reportOf(policy, [
      subjectWith({settings: https1}),
      subjectWith({name: 'exempt'}),
      template,
      unmatched,
    ])
    const {plan, unrepairable} = toFixPlan(report)
    expect(plan.changes).toEqual([])
    expect(unrepairable.map(({judgement, reason}) => [judgement.subject.name, reason])).toEqual([
      ['template', expect.stringContaining("settings can't be changed")],
      ['elsewhere', expect.stringContaining('no rule')],
    ])
  })

  it('says what could not be read, and is not made for nobody', () => {
    const unread = [
      {region: 'eu-de', kinds: ['instance' as const], error: new VpcmdError({code: 'x', message: 'no way'})},
    ]
    expect(toFixPlan(reportOf(defaultPolicy, [subjectWith()], {unread})).plan.unread).toEqual(['no way'])
    expect(() => toFixPlan(reportOf(defaultPolicy, [], {account: undefined}))).toThrow(/names no account/)
  })
})
