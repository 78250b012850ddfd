import {countEach, entryOf} from '../../counted.ts'
import {targetName} from '../../instances/references.ts'
import {settingsLabel} from '../../instances/settings.ts'
import {isOfSeveralAccounts, leftOutInWords} from '../accounts.ts'
import {type AuditReport, judgedNothing, resultOf} from '../audit.ts'
import {type Judgement, reasonOf} from '../judge.ts'
import type {Unread} from '../read-subjects.ts'
import {kindLabel, kindsInWords, label, type Subject, scopeInWords} from '../subjects.ts'
import {headline} from '../summary.ts'
import {escaped} from './escapes.ts'

type Outcome = 'failure' | 'error' | 'skipped' | undefined
type Case = [outcome: Outcome, xml: string]

/**
 * An audit as JUnit XML, as Jenkins and GitLab read it: a suite a region (of each account, where there are several), a test a subject. What is exempt, or matched by
 * no rule, is skipped; what could not be read or judged is an error.
 */
export function toJunit(report: AuditReport): string {
  const isOfSeveral = isOfSeveralAccounts(report)
  const placeOf = ({account, region}: Unread | Subject) =>
    isOfSeveral && account ? `${label(account)} ${region}` : region
  const cases = new Map<string, Case[]>(isOfSeveral ? [] : report.regions.map(name => [name, []]))
  const add = (place: string, some: Case) => entryOf(cases, place, () => []).push(some)
  for (const unread of report.unread) add(placeOf(unread), unreadCase(unread, placeOf(unread)))
  for (const account of report.assumed?.inactive ?? []) {
    const message = leftOutInWords(account)
    add('accounts', testCase('skipped', 'accounts.reading', label(account), element('skipped', {message})))
  }
  for (const judgement of report.judgements) {
    const place = placeOf(judgement.subject)
    add(place, subjectCase(judgement, place))
  }
  if (judgedNothing(report)) {
    const error = element('error', {type: 'incomplete', message: headline(report)})
    cases.set('all', [testCase('error', 'all.reading', 'find what to judge', error)])
  }
  const timestamp = report.at.replace(/\..*$/, '')
  const properties = propertiesOf(report)
  const suites = [...cases].map(([name, some]) =>
    element('testsuite', {name, ...countsOf(some), time: 0, timestamp}, [properties, ...some.map(([, xml]) => xml)]),
  )
  const attributes = {name: 'vpcmd metadata audit', ...countsOf([...cases.values()].flat()), time: 0}
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', attributes, suites)}`
}

function countsOf(cases: Case[]): Record<string, number> {
  const counts = countEach(cases.map(([outcome]) => outcome))
  const [failures = 0, errors = 0, skipped = 0] = [counts.get('failure'), counts.get('error'), counts.get('skipped')]
  return {tests: cases.length, failures, errors, skipped}
}

function propertiesOf(report: AuditReport): string {
  const properties = {
    result: resultOf(report),
    account: report.account ?? '',
    policy: report.policy.file ?? report.policy.name,
    filters: scopeInWords(report.scope),
    vpcmd: report.vpcmd,
  }
  const all = Object.entries(properties).map(([name, value]) => element('property', {name, value}))
  return element('properties', {}, all)
}

function subjectCase(judgement: Judgement, place: string): Case {
  const {subject, verdict, rule} = judgement
  // Jenkins takes what stands before the last dot for a package.
  const names = [`${place}.${subject.kind}`, targetName(subject)] as const
  const message = reasonOf(judgement)
  const details = `${kindLabel(subject.kind)} ${subject.crn ?? subject.id}, metadata service ${settingsLabel(subject.settings)}, rule ${rule?.name ?? 'none'}`
  if (verdict === 'compliant') return testCase(undefined, ...names)
  if (verdict === 'unmatched' || verdict === 'exempt') {
    return testCase('skipped', ...names, element('skipped', {message}))
  }
  const outcome = verdict === 'violation' ? 'failure' : 'error'
  return testCase(outcome, ...names, element(outcome, {type: verdict, message}, escaped(details)))
}

function unreadCase({kinds, error}: Unread, place: string): Case {
  const xml = element('error', {type: error.code, message: error.messageWithTrace}, escaped(error.hint ?? ''))
  return testCase('error', `${place}.reading`, `read ${kindsInWords(kinds)}`, xml)
}

function testCase(outcome: Outcome, classname: string, name: string, result?: string): Case {
  return [outcome, element('testcase', {classname, name, time: 0}, result === undefined ? [] : [result])]
}

/** An element in a line of its own, with text, which is escaped already, or with other elements. */
function element(name: string, attributes: Record<string, string | number>, content: string | string[] = []): string {
  const start = `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join('')}`
  if (content.length === 0) return `${start}/>\n`
  return `${start}>${typeof content === 'string' ? content : `\n${content.join('')}`}</${name}>\n`
}
