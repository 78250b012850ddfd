import {isAbsolute, sep} from 'node:path'
import {pathToFileURL} from 'node:url'
import {targetName} from '../../instances/references.ts'
import {settingsTable, tunables} from '../../instances/settings.ts'
import {leftOutInWords} from '../accounts.ts'
import {type AuditReport, exitCodeOf, resultOf} from '../audit.ts'
import {type Judgement, settingOf, type Violation, violationInWords} from '../judge.ts'
import type {Policy} from '../policy.ts'
import {kindLabel, label, type Subject} from '../subjects.ts'
import {capitalized, headline} from '../summary.ts'
import {toJsonHead} from '../to-json.ts'
import {visible} from './escapes.ts'
import {fingerprint} from './fingerprint.ts'

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
const helpUri = 'https://cloud.ibm.com/docs/vpc?topic=vpc-imd-configure-service'

const repair = 'or vpcmd metadata audit --fix-plan FILE, then vpcmd metadata apply FILE'
const rules = [
  {
    id: 'metadata-enabled',
    short: 'The metadata service must be on or off, as the policy says.',
    full: settingsTable.enabled.why,
    help: `Run vpcmd metadata enable or vpcmd metadata disable; ${repair}.`,
  },
  ...tunables.map(({key, word, why, values, bounds}) => ({
    id: `metadata-${key}`,
    short: `The ${word} of the metadata service must be as the policy says.`,
    full: why,
    help: `Run vpcmd metadata enable --${key} ${values?.join('|') ?? (bounds && `${bounds.min}-${bounds.max}`)}; ${repair}.`,
  })),
  {
    id: 'no-rule',
    short: 'A rule of the policy must match each server and template.',
    full: 'No rule of the policy matches. That is a violation with unmatched: deny, and only reported otherwise.',
    help: 'Add a rule to the policy that matches it.',
  },
  {
    id: 'undetermined',
    short: 'The policy could not be checked.',
    full: 'A rule goes by a name that could not be read.',
    help: 'See that vpcmd may list what the policy names, such as VPCs, or go by ID in the policy.',
  },
]

function ruleIdOf(violation: Violation): string {
  const broken = settingOf(violation)
  return broken ? `metadata-${broken.key}` : 'no-rule'
}

/**
 * An audit as a SARIF 2.1.0 log (OASIS, sarif-schema-2.1.0.json): a result for each thing that is not as it must be. What
 * is compliant or exempt is counted in the run's properties and not listed: GitHub opens an alert for each result,
 * suppressed or not (github/codeql-action#1230) and of whatever kind (microsoft/PSRule#955).
 */
export function toSarif(report: AuditReport): object {
  const head = toJsonHead(report)
  const isWhole = resultOf(report) !== 'incomplete'
  return {
    version: '2.1.0',
    $schema: schema,
    runs: [
      {
        tool: {
          driver: {
            name: 'vpcmd',
            version: report.vpcmd,
            rules: rules.map(({id, short, full, help}) => ({
              id,
              shortDescription: {text: short},
              fullDescription: {text: full},
              help: {text: help},
              helpUri,
              defaultConfiguration: {level: id === 'undetermined' ? 'warning' : 'error'},
            })),
          },
        },
        automationDetails: {id: `vpcmd metadata audit/${report.account ?? 'unknown'}/`},
        invocations: [
          {
            executionSuccessful: isWhole,
            startTimeUtc: report.at,
            exitCode: exitCodeOf(report),
            toolExecutionNotifications: [
              ...report.unread.map(({account, region, error}) => ({
                level: 'error',
                message: {text: visible([error.message, error.hint].filter(Boolean).join(' '))},
                properties: {account: account?.id, region, code: error.code, trace: error.trace},
              })),
              ...(report.assumed?.inactive ?? []).map(account => ({
                level: 'note',
                message: {text: visible(`${label(account)}: ${leftOutInWords(account)}`)},
                properties: {account: account.id},
              })),
              ...(isWhole ? [] : [{level: 'error', message: {text: visible(headline(report))}}]),
            ],
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: report.judgements.flatMap(judgement => resultsOf(judgement, report.policy)),
        properties: head,
      },
    ],
  }
}

/** More results in a run than GitHub takes: it refuses the log (docs.github.com, code scanning, results-exceed-limit). */
export const mostResults = 25_000

/** How many results the log of an audit has. */
export function countSarifResults({judgements}: AuditReport): number {
  const counts = judgements.map(({verdict, violations}) => {
    if (verdict === 'violation') return violations.length
    return verdict === 'unmatched' || verdict === 'undetermined' ? 1 : 0
  })
  return counts.reduce((sum, count) => sum + count, 0)
}

function resultsOf(judgement: Judgement, policy: Policy): object[] {
  const {subject, verdict, violations, unknown} = judgement
  if (verdict === 'unmatched') {
    return [result(judgement, policy, 'no-rule', 'no rule matches', {kind: 'review', level: 'none'})]
  }
  if (unknown !== undefined) return [result(judgement, policy, 'undetermined', unknown, {kind: 'open', level: 'none'})]
  if (verdict !== 'violation') return []
  return violations.map(violation =>
    result(judgement, policy, ruleIdOf(violation), violationInWords(violation), {
      kind: 'fail',
      level: 'error',
      properties: propertiesOf(subject, judgement, violation),
    }),
  )
}

function result(judgement: Judgement, policy: Policy, ruleId: string, what: string, more: object): object {
  const {subject, rule} = judgement
  const resource = subject.crn ?? subject.id
  const message = `${capitalized(kindLabel(subject.kind))} ${targetName(subject)} in ${subject.region}: ${what}${rule ? ` by rule ${rule.name}` : ''}.`
  return {
    ruleId,
    ruleIndex: rules.findIndex(({id}) => id === ruleId),
    message: {text: visible(message)},
    locations: [
      {
        physicalLocation: placeOf(subject, judgement, policy),
        logicalLocations: [
          {name: visible(subject.name ?? subject.id), fullyQualifiedName: visible(resource), kind: 'resource'},
        ],
      },
    ],
    // GitHub tells alerts apart by this one (github/docs, sarif-support-for-code-scanning.md).
    partialFingerprints: {primaryLocationLineHash: `${fingerprint(resource, ruleId)}:1`},
    properties: propertiesOf(subject, judgement),
    ...more,
  }
}

/** Servers have no files. Readers of SARIF want one: the rule in the policy, or else a path that names the server. */
function placeOf({region, kind, id}: Subject, {rule}: Judgement, {file, pathInRepository}: Policy): object {
  if (file === undefined) {
    return {artifactLocation: {uri: [region, `${kind}s`, id].map(encodeURIComponent).join('/')}}
  }
  // GitHub shows an alert only at a path from the repository's root (github/docs, sarif-support-for-code-scanning.md).
  const path = pathInRepository ?? (isAbsolute(file) ? undefined : file.split(sep).join('/'))
  const uri = path?.split('/').map(encodeURIComponent).join('/') ?? pathToFileURL(file).href
  return {artifactLocation: {uri}, region: {startLine: rule?.line ?? 1}}
}

function propertiesOf(subject: Subject, {rule, verdict, restartAwaited}: Judgement, violation?: Violation): object {
  const {kind, id, account, region, zone, vpc} = subject
  return {
    verdict,
    kind,
    id,
    account: account?.id,
    accountName: account?.name,
    region,
    zone,
    vpc: vpc?.name ?? vpc?.id,
    policyRule: rule?.name,
    restartAwaited,
    ...violation,
  }
}
