import {type Bounds, inFull, type PolicyKey, settingList} from '../instances/settings.ts'
import {type Exemption, type Policy, type Requirement, type Rule, valueLabel} from './policy.ts'
import {matches} from './selectors.ts'
import type {Subject} from './subjects.ts'

/** From worst to best, which is the order of reports. `undetermined`: what decides could not be read. */
export const verdicts = ['violation', 'undetermined', 'unmatched', 'exempt', 'compliant'] as const
export type Verdict = (typeof verdicts)[number]

/** One thing that is not as the policy requires; `rule` means that no rule matches where one must. */
export interface Violation {
  setting: PolicyKey | 'rule'
  found: string
  required: string
}

export interface Judgement {
  subject: Subject
  verdict: Verdict
  /** The rule that decided; none where none matches. */
  rule?: Rule
  /** What is wrong, also where it is exempt. */
  violations: readonly Violation[]
  /** What makes it exempt, or would if it had not expired. */
  exemption?: Exemption
  /** Why it is undetermined. */
  unknown?: string
  /** Since when vpcmd's journal knows that the service was turned on, and of no stop and start after that; ISO 8601. */
  restartAwaited?: string
}

const nothing: readonly Violation[] = []

/** Judges one subject by a policy on a day (YYYY-MM-DD, UTC). The first rule that matches decides. */
export function judge(subject: Subject, policy: Policy, today: string): Judgement {
  let decisive: Rule | undefined
  for (const rule of policy.rules) {
    const match = matches(rule.match, subject)
    if (typeof match === 'string') return {subject, verdict: 'undetermined', violations: nothing, unknown: match}
    if (match) {
      decisive = rule
      break
    }
  }
  if (!decisive && policy.unmatched === 'report') return {subject, verdict: 'unmatched', violations: nothing}
  const found = decisive ? violationsOf(subject, decisive.require) : [noRule]
  const violations = found.filter(each => typeof each !== 'string')
  const unknown = found.find(each => typeof each === 'string')
  // What is wrong is wrong, whatever else is not known.
  if (violations.length === 0 && unknown !== undefined) {
    return {subject, verdict: 'undetermined', rule: decisive, violations: nothing, unknown}
  }
  if (violations.length === 0) return {subject, verdict: 'compliant', rule: decisive, violations: nothing}
  return {subject, rule: decisive, violations, ...exempted(subject, policy, today)}
}

const noRule: Violation = {setting: 'rule', found: 'none', required: 'a rule that matches'}

/** What is not as a rule requires; a text says what is unknown and decides. */
function violationsOf({settings, architecture}: Subject, requirement: Requirement): (Violation | string)[] {
  const {enabled, even_while_off: isAlways} = requirement
  // Whatever the API says of it, such an instance has no service (IBM's FAQ, ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md).
  if (enabled && architecture === 's390x') {
    return [{setting: 'enabled', found: 'not available on s390x', required: 'on'}]
  }
  const known = inFull(settings)
  if (!known) return ['some of its settings are unknown']
  // A service that is off has no protocol to be reached by; one that must be on will have.
  const isOn = isAlways || (enabled ?? known.enabled)
  return settingList.flatMap(({name, policyKey: setting}) => {
    const [required, found] = [requirement[setting], known[name]]
    // A bare metal server has no hop limit.
    if (required === undefined || found === undefined || (name !== 'enabled' && !isOn)) return []
    return isMet(required, found) ? [] : {setting, found: valueLabel(found), required: valueLabel(required)}
  })
}

function isMet(required: boolean | string | number | Bounds, found: boolean | string | number): boolean {
  if (typeof required !== 'object') return found === required
  return Number(found) >= required.min && Number(found) <= required.max
}

function exempted(
  subject: Subject,
  {exemptions}: Policy,
  today: string,
): Pick<Judgement, 'verdict' | 'exemption' | 'unknown'> {
  const met = exemptions.map(exemption => ({exemption, match: matches(exemption.match, subject)}))
  const valid = met.filter(({exemption}) => !hasExpired(exemption, today))
  const holding = valid.find(({match}) => match === true)
  if (holding) return {verdict: 'exempt', exemption: holding.exemption}
  const doubtful = valid.find(({match}) => typeof match === 'string')?.match
  if (typeof doubtful === 'string') return {verdict: 'undetermined', unknown: doubtful}
  return {verdict: 'violation', exemption: met.find(({match}) => match === true)?.exemption}
}

/** Whether an exemption's last day is over. */
export function hasExpired({expires}: Exemption, today: string): boolean {
  return expires < today
}

/** The setting that is wrong; undefined where no rule matches. */
export function settingOf({setting}: Violation) {
  return settingList.find(({policyKey}) => policyKey === setting)
}

/** What is wrong in a line, as in `protocol is http, must be https`. */
export function violationInWords(violation: Violation): string {
  const {found, required} = violation
  const broken = settingOf(violation)
  return broken ? `${broken.word} is ${found}, must be ${required}` : 'no rule matches'
}

/** Why a subject is judged as it is and what else is known of it, in a line; often empty for a compliant one. */
export function reasonOf(judgement: Judgement): string {
  const {restartAwaited} = judgement
  const awaited =
    restartAwaited && `turned on by vpcmd on ${restartAwaited.slice(0, 10)}; no stop and start recorded since`
  return [verdictInWords(judgement), awaited].filter(Boolean).join('; ')
}

function verdictInWords({verdict, violations, exemption, unknown}: Judgement): string {
  if (verdict === 'unmatched') return 'no rule matches'
  if (unknown !== undefined) return unknown
  const wrong = violations.map(violationInWords).join('; ')
  if (verdict === 'exempt') return `${wrong} (exempt until ${exemption?.expires}: ${exemption?.reason})`
  return exemption ? `${wrong} (exemption expired on ${exemption.expires})` : wrong
}
