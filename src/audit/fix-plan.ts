import {VpcmdError} from '../errors.ts'
import {inFull, type KnownSettings, settingList, type WantedSettings} from '../instances/settings.ts'
import {type Plan, type PlannedChange, targetOf} from '../metadata/plan.ts'
import type {AuditReport} from './audit.ts'
import type {Judgement} from './judge.ts'
import type {Requirement} from './policy.ts'
import {scopeLine} from './summary.ts'

export interface FixPlan {
  plan: Plan
  /** What violates the policy and can't be repaired by changing settings, and why. */
  unrepairable: {judgement: Judgement; reason: string}[]
}

/**
 * The plan that makes what violates the policy comply, with as little change as it takes: of a range the nearest bound,
 * and a service is turned on or off only where a rule says so. Templates can't be changed, and no rule says how to
 * repair what no rule matches. Throws VpcmdError where the credentials name no account.
 */
export function toFixPlan(report: AuditReport): FixPlan {
  const changes: PlannedChange[] = []
  const unrepairable: FixPlan['unrepairable'] = []
  const {tag: tags} = report.scope.filters
  for (const judgement of report.judgements) {
    if (judgement.verdict !== 'violation') continue
    const {subject, rule, violations} = judgement
    const {kind, region, settings, readAt} = subject
    const before = inFull(settings)
    if (kind === 'instance_template') {
      unrepairable.push({
        judgement,
        reason: "a template's settings can't be changed; create a new one and delete this one, or exempt it",
      })
    } else if (subject.architecture === 's390x') {
      unrepairable.push({judgement, reason: 's390x has no metadata service'})
    } else if (!before) {
      unrepairable.push({judgement, reason: 'the API did not report all of its settings'})
    } else if (!rule) {
      unrepairable.push({judgement, reason: 'no rule of the policy says what it must be'})
    } else {
      // Where a profile was assumed, each server's account stands with it.
      const target = targetOf(kind, subject, {region, account: report.assumed && subject.account?.id})
      const set = repair(before, rule.require, violations)
      changes.push({target, before, set, readAt, ...(tags && {tags})})
    }
  }
  const selection = `what violates the policy ${report.policy.file ?? report.policy.name}: ${scopeLine(report)}`
  const unread = report.unread.map(({error}) => error.message)
  const {assumed} = report
  const head = {
    account: accountOf(report),
    ...(assumed && {assumes: assumed.profile}),
    createdAt: report.at,
    vpcmd: report.vpcmd,
    selection,
  }
  return {plan: {...head, ...(unread.length > 0 && {unread}), changes}, unrepairable}
}

function repair(settings: KnownSettings, require: Requirement, violations: Judgement['violations']): WantedSettings {
  const broken = settingList.filter(({policyKey}) => violations.some(({setting}) => setting === policyKey))
  return Object.fromEntries(
    broken.map(({name, policyKey}) => {
      const required = require[policyKey]
      if (typeof required !== 'object') return [name, required]
      return [name, Math.min(Math.max(Number(settings[name]), required.min), required.max)]
    }),
  )
}

function accountOf({account}: AuditReport): string {
  if (account !== undefined) return account
  throw new VpcmdError({
    code: 'no_account',
    message: 'The IAM token names no account, so no plan was written.',
    hint: 'Use an IAM API key.',
  })
}
