import {type AuditReport, countVerdicts} from '../../src/audit/audit.ts'
import {judge} from '../../src/audit/judge.ts'
import type {Policy} from '../../src/audit/policy.ts'
import type {Subject} from '../../src/audit/subjects.ts'

/** The report of an audit that judged these on 25 November 2026, but for what is given. */
export function reportOf(policy: Policy, subjects: Subject[], more: Partial<AuditReport> = {}): AuditReport {
  const today = '2026-11-25'
  const judgements = subjects.map(subject => judge(subject, policy, today))
  const scope = {kinds: ['instance' as const], filters: {}}
  const head = {
    account: 'a1',
    at: `${today}T12:00:00.000Z`,
    vpcmd: '1.2.3',
    policy,
    scope,
    regions: ['us-south'],
    hasAllRegions: true,
  }
  return {...head, judgements, counts: countVerdicts(judgements), unread: [], expired: [], ...more}
}
