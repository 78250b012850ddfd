import {describe, expect, it} from 'vitest'
import {defaultPolicy} from '../../src/audit/policy.ts'
import {toHtml} from '../../src/audit/reports/html.tsx'
import {toJunit} from '../../src/audit/reports/junit.ts'
import {toMarkdown} from '../../src/audit/reports/markdown.ts'
import {ocsfEvents} from '../../src/audit/reports/ocsf.ts'
import {toSarif} from '../../src/audit/reports/sarif.ts'
import {toJsonHead, toJsonJudgement} from '../../src/audit/to-json.ts'
import {VpcmdError} from '../../src/errors.ts'
import {accountInCrn} from '../../src/instances/references.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'
import {reportOf} from './report-of.ts'
import {subjectWith} from './subject.ts'

const one = subjectWith({account: {id: 'a1', name: 'team-a'}})
const other = subjectWith({account: {id: 'b2'}, name: 'web-2'})
const unread = [
  {
    account: {id: 'c3'},
    region: 'us-south',
    kinds: ['instance' as const],
    error: new VpcmdError({code: 'x', message: 'no'}),
  },
]
const alone = reportOf(defaultPolicy, [one])
const several = reportOf(defaultPolicy, [one, other], {unread})

describe('where several accounts were audited', () => {
  it('the HTML report begins with a chart that shows whose the violations are, and who could not be read', () => {
    const page = toHtml(several)
    const [, chart = ''] = /aria-labelledby="by-account"(.*?)<\/section>/s.exec(page) ?? []
    for (const account of ['team-a (a1)', 'b2', 'c3']) expect(chart).toContain(`>${account}<`)
    expect(chart).toMatch(/>c3<.*?not all read: instances/s)
    expect(page.indexOf('by-account')).toBeLessThan(page.indexOf('by-region'))
    expect(page).toContain('id="filter-account"')
    expect(page).toContain('prod (b2, us-south)')
    expect(page).toContain('of 3 accounts')
  })

  it('what could not be read in an account that is unknown stands by itself, and not with the others', () => {
    const [first] = unread
    const page = toHtml({...several, unread: first ? [{...first, account: undefined}] : []})
    expect(page).toMatch(/>account unknown<.*?not all read: instances/s)
  })

  it('SARIF names the account of each result, and fingerprints stay as they were', () => {
    const results = (report: typeof several) => {
      const {runs}: {runs?: {results: {partialFingerprints: object; properties: object}[]}[]} = toSarif(report)
      return runs?.[0]?.results ?? []
    }
    expect(results(several).map(({properties}) => properties)).toMatchObject([
      {account: 'a1', accountName: 'team-a'},
      {account: 'b2'},
    ])
    expect(results(several)[0]?.partialFingerprints).toEqual(results(alone)[0]?.partialFingerprints)
  })

  it('JUnit has a suite for each account and region, so that none hides the failures of another', () => {
    const xml = toJunit(several)
    for (const name of ['team-a us-south', 'b2 us-south', 'c3 us-south'])
      expect(xml).toContain(`<testsuite name="${name}"`)
    expect(xml).toContain('classname="team-a us-south.instance"')
  })
})

describe('an account that is not active', () => {
  const assumed = {
    profile: 'auditor',
    accounts: [{id: 'a1'}],
    inactive: [{id: 'd4', name: 'team-d', state: 'SUSPENDED'}],
  }
  const report = {...alone, assumed}

  it.each<[string, string]>([
    ['HTML', toHtml(report)],
    ['Markdown', toMarkdown(report)],
    ['JUnit', toJunit(report)],
    ['SARIF', JSON.stringify(toSarif(report))],
    ['OCSF', JSON.stringify([...ocsfEvents(report)])],
    ['JSON', JSON.stringify(toJsonHead(report))],
  ])('is named in %s, so that silence is not taken for compliance', (_format, text) => {
    expect(text).toMatch(/team-d/)
    expect(text).toMatch(/SUSPENDED/)
  })
})

describe('where one account was audited', () => {
  it('no report has more than it had', () => {
    const page = toHtml(alone)
    for (const part of ['by-account', 'filter-account', 'accounts']) {
      expect(page.replace(/<script>.*<\/script>/s, '')).not.toContain(part)
    }
    expect(page).toContain('prod (us-south)')
    expect(toJunit(alone)).toContain('<testsuite name="us-south"')
  })

  it('JSON and CSV say whose each subject is, by its CRN, and a table does not', async () => {
    const sandbox = untilTestEnds(await startSandbox({account: 'a1234567'}))
    const env = freshEnvironment(sandbox.environment)
    const audit = (...args: string[]) => runInProcess(['metadata', 'audit', '--region', 'eu-de', ...args], {env})
    const [json, csv, table] = [
      await audit('-o', 'jsonl'),
      await audit('-o', 'csv', '--columns', 'account'),
      await audit(),
    ]
    const accounts = json.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).account)
    expect(accounts).toEqual(accounts.map(() => ({id: 'a1234567', name: null})))
    expect(accounts.length).toBeGreaterThan(0)
    expect(new Set(csv.stdout.trimEnd().split('\n'))).toEqual(new Set(['Account', 'a1234567']))
    expect(table.stdout).not.toContain('Account')
  })

  it('an account that no CRN tells is unknown', () => {
    expect(accountInCrn('crn:v1:bluemix:public:is:us-south-1:a/a1::instance:0717_1')).toBe('a1')
    for (const crn of [undefined, '', 'crn:v1:bluemix:public:is:us-south-1:::instance:1', 'a/a1:']) {
      expect(accountInCrn(crn)).toBeUndefined()
    }
    expect(
      toJsonJudgement({subject: subjectWith({account: undefined}), verdict: 'compliant', violations: []}),
    ).toMatchObject({account: null})
  })
})
