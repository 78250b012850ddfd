import {targetName} from '../../instances/references.ts'
import {leftOutInWords} from '../accounts.ts'
import {type AuditReport, judgedNothing} from '../audit.ts'
import {type Judgement, reasonOf, type Verdict} from '../judge.ts'
import {requirementInWords} from '../policy.ts'
import type {Unread} from '../read-subjects.ts'
import {kindLabel, kindsInWords, label, type Subject} from '../subjects.ts'
import {headline} from '../summary.ts'
import {visible} from './escapes.ts'
import {fingerprint} from './fingerprint.ts'

// Names, numbers and captions: ocsf/ocsf-schema 1.8.0, events/findings/compliance_finding.json and what it refers to.
const statuses = {
  unknown: {status_id: 0, status: 'Unknown'},
  pass: {status_id: 1, status: 'Pass'},
  // "did not yield a result due to missing information"
  warning: {status_id: 2, status: 'Warning'},
  fail: {status_id: 3, status: 'Fail'},
}
const states = {
  new: {status_id: 1, status: 'New'},
  suppressed: {status_id: 3, status: 'Suppressed'},
  resolved: {status_id: 4, status: 'Resolved'},
}
const severities = {
  unknown: {severity_id: 0, severity: 'Unknown'},
  informational: {severity_id: 1, severity: 'Informational'},
  // "Action is required", but nothing in a policy says that it can't wait.
  medium: {severity_id: 3, severity: 'Medium'},
}

/** What a verdict is in OCSF: what the check came to, what is to be done with the finding, and how bad it is. */
const outcomes = {
  violation: [statuses.fail, states.new, severities.medium],
  undetermined: [statuses.warning, states.new, severities.unknown],
  unmatched: [statuses.unknown, states.new, severities.informational],
  exempt: [statuses.fail, states.suppressed, severities.informational],
  // It closes what an earlier audit found of the same resource.
  compliant: [statuses.pass, states.resolved, severities.informational],
} as const satisfies Record<Verdict, readonly object[]>

/** What one event says. Where a field is not known, it is not there. */
interface Finding extends Pick<Judgement, 'verdict' | 'rule'>, Partial<Pick<Subject, 'account' | 'region' | 'zone'>> {
  /** What its uid is made of, beside the policy. */
  about: string[]
  what: string
  details: string[]
  more?: object
}

/**
 * An audit as events of OCSF 1.8.0, each a Compliance Finding (class 2003): first what could not be read, or that nothing
 * was judged, and then one for each subject. The uid of a finding stays the same from audit to audit, as long as its
 * resource and the name of the policy do.
 */
export function* ocsfEvents(report: AuditReport): Generator<object> {
  const {unread, judgements} = report
  for (const each of unread) yield eventOf(report, unreadFinding(each))
  if (judgedNothing(report)) {
    const what = headline(report)
    yield eventOf(report, {about: ['nothing judged'], what, verdict: 'undetermined', details: [what]})
  }
  for (const account of report.assumed?.inactive ?? []) {
    const what = `${label(account)}: ${leftOutInWords(account)}`
    yield eventOf(report, {about: ['left out', account.id], what, verdict: 'unmatched', account, details: [what]})
  }
  for (const judgement of judgements) yield eventOf(report, judgementFinding(judgement))
}

function unreadFinding({account, region, kinds, error}: Unread): Finding {
  return {
    about: ['unread', account?.id ?? '', region, ...kinds],
    what: `Could not read the ${kindsInWords(kinds)} of ${region}`,
    verdict: 'undetermined',
    account,
    region,
    details: [error.inOneLine],
    more: {unmapped: {verdict: 'unread', code: error.code, trace: error.trace}},
  }
}

function judgementFinding(judgement: Judgement): Finding {
  const {subject, verdict, rule, violations, exemption, restartAwaited} = judgement
  const {kind, id, name, crn, account, region, zone} = subject
  const {vpc, resourceGroup: resource_group, profile, image, status, settings: metadata_service} = subject
  const reason = reasonOf(judgement)
  return {
    about: [crn ?? id],
    what: `${kindLabel(kind)} ${targetName(subject)} in ${region}: ${reason || verdict}`,
    verdict,
    account,
    region,
    zone,
    rule,
    details: reason ? [reason] : [],
    more: {
      resources: [
        {
          uid: crn ?? id,
          uid_alt: id,
          name,
          type: kind,
          region,
          zone,
          data: {vpc, resource_group, profile, image, status, metadata_service},
        },
      ],
      ...(verdict === 'violation' && {remediation: {desc: repair}}),
      unmapped: {
        verdict,
        violations,
        exemption: exemption && {reason: exemption.reason, expires: exemption.expires},
        restart_awaited_since: restartAwaited,
      },
    },
  }
}

const repair =
  'Run vpcmd metadata audit --fix-plan FILE, which also says what no change of settings repairs; then vpcmd metadata apply FILE.'

function eventOf({at, vpcmd, policy}: AuditReport, finding: Finding): object {
  const {about, what, verdict, account, region, zone, rule, details, more} = finding
  const [checked, state, severity] = outcomes[verdict]
  const title = visible(`Metadata service: ${what}`)
  return {
    activity_id: 1,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2003,
    class_name: 'Compliance Finding',
    type_uid: 200301,
    type_name: 'Compliance Finding: Create',
    time: Date.parse(at),
    ...severity,
    ...state,
    message: title,
    metadata: {version: '1.8.0', profiles: ['cloud'], product: {name: 'vpcmd', version: vpcmd}},
    finding_info: {
      uid: fingerprint(policy.name, ...about),
      title,
      ...(rule && {analytic: {name: rule.name, type_id: 1, type: 'Rule'}}),
    },
    compliance: {
      ...checked,
      standards: [policy.name],
      ...(rule && {control: rule.name, requirements: [requirementInWords(rule.require)]}),
      status_details: details.map(visible),
    },
    cloud: {
      provider: 'IBM Cloud',
      ...(account && {account: {uid: account.id, name: account.name, type_id: 99, type: 'IBM Cloud account'}}),
      region,
      zone,
    },
    ...more,
  }
}
