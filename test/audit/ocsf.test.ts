import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv} from 'ajv'
import {describe, expect, it} from 'vitest'
import type {AuditReport} from '../../src/audit/audit.ts'
import {defaultPolicy, type Policy} from '../../src/audit/policy.ts'
import {ocsfEvents} from '../../src/audit/reports/ocsf.ts'
import {VpcmdError} from '../../src/errors.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'
import {reportOf} from './report-of.ts'
import {subjectWith} from './subject.ts'

const schema = JSON.parse(readFileSync(new URL('../contract/ocsf-2003.schema.json', import.meta.url), 'utf8'))
const isValid = new Ajv({strict: false}).compile(schema)

interface Event {
  status: string
  severity: string
  time: number
  finding_info: {uid: string; title: string}
  compliance: {status: string; status_details: string[]; control?: string}
  cloud: {account?: {uid: string}}
  resources?: {uid: string; name?: string}[]
  unmapped?: {verdict: string}
}

/** As a reader of the lines has them, each held against the schema. */
const eventsOf = (lines: string) =>
  lines
    .trimEnd()
    .split('\n')
    .map((line): Event => {
      const event = JSON.parse(line)
      expect(isValid(event), `${JSON.stringify(isValid.errors)} ${line}`).toBe(true)
      return event
    })
const events = (report: AuditReport) => eventsOf([...ocsfEvents(report)].map(event => JSON.stringify(event)).join('\n'))

const policy: Policy = {
  ...defaultPolicy,
  name: 'production',
  rules: [
    {name: 'pods', match: {vpc: ['pods']}, require: {enabled: true}},
    {name: 'https', match: {region: ['us-south']}, require: {protocol: 'https'}},
  ],
  exemptions: [{match: {name: ['old']}, reason: 'Moves in May', expires: '2027-05-31'}],
}
const http = {enabled: true, protocol: 'http', response_hop_limit: 1}
const subjects = {
  violation: subjectWith({name: 'bad', settings: http}),
  exempt: subjectWith({name: 'old', settings: http}),
  undetermined: subjectWith({name: 'dim', vpc: {id: 'r006-x'}}),
  unmatched: subjectWith({name: 'far', region: 'eu-de'}),
  compliant: subjectWith({name: 'good', settings: {...http, protocol: 'https'}}),
}
const report = reportOf(policy, Object.values(subjects))
const byVerdict = new Map(events(report).map(event => [event.unmapped?.verdict, event]))

describe('OCSF', () => {
  it.each([
    ['violation', 'Fail', 'New', 'Medium'],
    ['exempt', 'Fail', 'Suppressed', 'Informational'],
    ['undetermined', 'Warning', 'New', 'Unknown'],
    ['unmatched', 'Unknown', 'New', 'Informational'],
    ['compliant', 'Pass', 'Resolved', 'Informational'],
  ])('of %s is %s and %s: only what complies passes', (verdict, checked, state, severity) => {
    const event = byVerdict.get(verdict)
    expect([event?.compliance.status, event?.status, event?.severity]).toEqual([checked, state, severity])
  })

  it('names resource, account, policy, rule, what is wrong and how to repair it', () => {
    const {violation} = subjects
    expect(byVerdict.get('violation')).toMatchObject({
      time: Date.parse('2026-11-25T12:00:00.000Z'),
      message: expect.stringContaining('protocol is http, must be https'),
      metadata: {version: '1.8.0', profiles: ['cloud'], product: {name: 'vpcmd', version: '1.2.3'}},
      compliance: {
        control: 'https',
        standards: ['production'],
        requirements: ['https while on'],
        status_details: ['protocol is http, must be https'],
      },
      cloud: {provider: 'IBM Cloud', account: {uid: 'a1234567'}, region: 'us-south', zone: 'us-south-1'},
      resources: [{uid: violation.crn, uid_alt: violation.id, name: 'bad', type: 'instance'}],
      remediation: {desc: expect.stringContaining('--fix-plan')},
    })
  })

  it('keeps the uid of a finding when it is repaired or another rule decides, so that a SIEM closes it', () => {
    const uid = (event: Event | undefined) => event?.finding_info.uid
    const repaired = reportOf(policy, [{...subjects.violation, settings: {...http, protocol: 'https'}}])
    expect(uid(events(repaired)[0])).toBe(uid(byVerdict.get('violation')))
    expect(uid(events(reportOf({...policy, rules: policy.rules.slice(0, 1)}, [subjects.violation]))[1])).toBe(
      uid(byVerdict.get('violation')),
    )
    expect(uid(events(reportOf({...policy, name: 'test'}, [subjects.violation]))[0])).not.toBe(
      uid(byVerdict.get('violation')),
    )
    expect(new Set([...byVerdict.values()].map(uid)).size).toBe(5)
  })

  it('says what could not be read, and that nothing was judged: silence would pass for compliance', () => {
    const error = new VpcmdError({code: 'not_authorized', message: 'No right.', trace: 't'})
    const unread = [{account: {id: 'b2'}, region: 'eu-de', kinds: ['instance' as const], error}]
    const [first, ...rest] = events({...report, unread})
    expect(first).toMatchObject({
      compliance: {status: 'Warning', status_details: [expect.stringContaining('No right.')]},
      cloud: {account: {uid: 'b2'}, region: 'eu-de'},
      unmapped: {verdict: 'unread', code: 'not_authorized'},
    })
    expect(rest).toHaveLength(5)
    const unjudged = events(reportOf({...policy, rules: []}, [subjects.compliant]))
    expect(unjudged[0]?.compliance).toMatchObject({
      status: 'Warning',
      status_details: [expect.stringContaining('Nothing was judged')],
    })
  })

  it('leaves out what is unknown, and shows what a name hides', () => {
    const [event] = events(
      reportOf(policy, [subjectWith({name: 'a\u202eb\n', crn: undefined, account: undefined, zone: undefined})]),
    )
    expect(event?.cloud).not.toHaveProperty('account')
    expect(event?.resources?.[0]).toMatchObject({name: 'a\u202eb\n', uid: expect.stringMatching(/^0717_/)})
    expect(event?.finding_info.title).toContain('a\\u202eb\\u000a')
  })

  it('comes one event a line, of everything, with the exit code of the audit', async () => {
    const sandbox = untilTestEnds(await startSandbox({account: 'a1234567'}))
    const {code, stdout} = await runInProcess(['metadata', 'audit', '-o', 'ocsf'], {
      env: freshEnvironment(sandbox.environment),
    })
    expect(code).toBe(5)
    const all = eventsOf(stdout)
    expect(all.length).toBeGreaterThan(9)
    expect(all[0]?.compliance.status).toBe('Fail')
    expect(all.every(({cloud}) => cloud.account?.uid === 'a1234567')).toBe(true)
  })

  it('of a large fleet is printed and written whole, in pieces: a text has a greatest length', async () => {
    const sandbox = untilTestEnds(await startSandbox({instances: 900, regions: ['us-south']}))
    const env = freshEnvironment(sandbox.environment)
    const file = join(env.HOME ?? '', 'audit.jsonl')
    const {stdout} = await runInProcess(
      ['metadata', 'audit', '--kind', 'instance', '-o', 'ocsf', '--report', `ocsf=${file}`],
      {env},
    )
    expect(stdout.length).toBeGreaterThan(1_000_000)
    expect(eventsOf(stdout)).toHaveLength(900)
    expect(readFileSync(file, 'utf8')).toBe(stdout)
  })

  it('is held against a schema that refuses a wrong caption, number or field', () => {
    const [event] = events(report)
    for (const wrong of [{status: 'Resolved'}, {type_uid: 200302}, {severity_id: 7}, {more: 1}, {metadata: {}}]) {
      expect(isValid({...event, ...wrong}), JSON.stringify(wrong)).toBe(false)
    }
  })
})
