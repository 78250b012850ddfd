import {targetName} from '../../metadata/plan.ts'
import {settingsLabel} from '../../metadata/settings.ts'
import {type AuditReport, resultOf} from '../audit.ts'
import {type Judgement, reasonOf} from '../judge.ts'
import type {Unread} from '../read-subjects.ts'
import {scopeInWords} from '../scope.ts'
import {kindLabel} from '../subjects.ts'
import {headline} from '../summary.ts'
import {escaped} from './escapes.ts'

interface Suite {
  judgements: Judgement[]
  unread: Unread[]
}

/**
 * An audit as JUnit XML, as Jenkins and GitLab read it: a suite a region, a test a subject. What is exempt, or matched by
 * no rule, is skipped; what could not be read or judged is an error.
 */
export function toJunit(report: AuditReport): string {
  const suites = new Map<string, Suite>(report.regions.map(name => [name, {judgements: [], unread: []}]))
  for (const judgement of report.judgements) suites.get(judgement.subject.region)?.judgements.push(judgement)
  for (const unread of report.unread) suites.get(unread.region)?.unread.push(unread)
  const isUnjudged = resultOf(report) === 'incomplete' && report.unread.length === 0 && report.counts.undetermined === 0
  const counts = countsOf({judgements: report.judgements, unread: report.unread}, isUnjudged ? 1 : 0)
  const timestamp = report.at.replace(/\..*$/, '')
  const parts = [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites name="vpcmd metadata audit" ${counts} time="0">\n`,
  ]
  for (const [region, suite] of suites) {
    parts.push(
      `  <testsuite name="${escaped(region)}" ${countsOf(suite)} time="0" timestamp="${escaped(timestamp)}">\n`,
      propertiesOf(report),
      ...suite.unread.map(unreadCase),
      ...suite.judgements.map(subjectCase),
      '  </testsuite>\n',
    )
  }
  if (isUnjudged) {
    parts.push(
      `  <testsuite name="all" tests="1" failures="0" errors="1" skipped="0" time="0" timestamp="${escaped(timestamp)}">\n`,
      `    <testcase classname="all.reading" name="find what to judge" time="0">\n      <error type="incomplete" message="${escaped(headline(report))}"/>\n    </testcase>\n`,
      '  </testsuite>\n',
    )
  }
  parts.push('</testsuites>\n')
  return parts.join('')
}

function countsOf({judgements, unread}: Suite, others = 0): string {
  let failures = 0
  let skipped = 0
  let errors = unread.length + others
  for (const {verdict} of judgements) {
    if (verdict === 'violation') failures++
    else if (verdict === 'undetermined') errors++
    else if (verdict !== 'compliant') skipped++
  }
  return `tests="${judgements.length + unread.length + others}" failures="${failures}" errors="${errors}" skipped="${skipped}"`
}

function propertiesOf(report: AuditReport): string {
  const properties = {
    result: resultOf(report),
    account: report.account ?? '',
    policy: report.policy.file ?? report.policy.name,
    filters: scopeInWords(report.scope),
    vpcmd: report.vpcmd,
  }
  const lines = Object.entries(properties).map(
    ([name, value]) => `      <property name="${name}" value="${escaped(value)}"/>\n`,
  )
  return `    <properties>\n${lines.join('')}    </properties>\n`
}

function subjectCase(judgement: Judgement): string {
  const {subject, verdict, rule} = judgement
  // Jenkins takes what stands before the last dot for a package.
  const start = `    <testcase classname="${escaped(`${subject.region}.${subject.kind}`)}" name="${escaped(targetName(subject))}" time="0"`
  if (verdict === 'compliant') return `${start}/>\n`
  const why = reasonOf(judgement)
  const details = `${kindLabel(subject.kind)} ${subject.crn ?? subject.id}, metadata service ${settingsLabel(subject.settings)}, rule ${rule?.name ?? 'none'}`
  const result =
    verdict === 'violation'
      ? `<failure type="violation" message="${escaped(why)}">${escaped(details)}</failure>`
      : verdict === 'undetermined'
        ? `<error type="undetermined" message="${escaped(why)}">${escaped(details)}</error>`
        : `<skipped message="${escaped(why)}"/>`
  return `${start}>\n      ${result}\n    </testcase>\n`
}

function unreadCase({region, kinds, error}: Unread): string {
  const name = `read ${kinds.map(kind => `${kindLabel(kind)}s`).join(', ')}`
  return `    <testcase classname="${escaped(`${region}.reading`)}" name="${escaped(name)}" time="0">
      <error type="${escaped(error.code)}" message="${escaped(error.messageWithTrace)}">${escaped(error.hint ?? '')}</error>
    </testcase>
`
}
