import type {Settings} from '../instances/settings.ts'
import {type AuditReport, resultOf} from './audit.ts'
import {type Judgement, reasonOf} from './judge.ts'
import {requirementInWords} from './policy.ts'
import {type Referred, scopeFilters} from './subjects.ts'

/** A judged subject as JSON lines have it, one each. */
export function toJsonJudgement(judgement: Judgement): object {
  const {subject, verdict, rule, violations, exemption} = judgement
  const {kind, id, name, crn, account, region, zone, vpc, resourceGroup, profile, image, status, settings} = subject
  return {
    verdict,
    kind,
    id,
    name: name ?? null,
    crn: crn ?? null,
    account: toJsonReference(account),
    region,
    zone: zone ?? null,
    vpc: toJsonReference(vpc),
    resource_group: toJsonReference(resourceGroup),
    profile: profile ?? null,
    image: toJsonReference(image),
    status: status ?? null,
    metadata_service: toJsonSettings(settings),
    rule: rule?.name ?? null,
    violations,
    why: reasonOf(judgement),
    restart_awaited_since: judgement.restartAwaited ?? null,
    exemption: exemption ? {reason: exemption.reason, expires: exemption.expires} : null,
  }
}

/** What an audit is, beside its subjects: whose, when, by what policy, what came out, and what could not be read. */
export function toJsonHead(report: AuditReport): object {
  const {account, assumed, at, vpcmd, policy, scope, regions, hasAllRegions, counts, unread, expired} = report
  return {
    result: resultOf(report),
    account: account ?? null,
    ...(assumed && {
      assumes: assumed.profile,
      accounts: assumed.accounts.map(({id, name}) => ({id, name: name ?? null})),
      ...(assumed.inactive.length > 0 && {
        inactive_accounts: assumed.inactive.map(({id, name, state}) => ({id, name: name ?? null, state})),
      }),
    }),
    at,
    vpcmd,
    policy: {
      name: policy.name,
      file: policy.file ?? null,
      sha256: policy.sha256 ?? null,
      unmatched: policy.unmatched,
      rules: policy.rules.map(({name, match, require}) => ({name, match, require: requirementInWords(require)})),
    },
    scope: {
      regions,
      all_regions: hasAllRegions,
      kinds: scope.kinds,
      ...Object.fromEntries(scopeFilters.map(name => [name.replace('-', '_'), scope.filters[name] ?? null])),
    },
    counts,
    unread: unread.map(({account, region, kinds, error}) => ({
      account: toJsonReference(account),
      region,
      kinds,
      error: error.toJSON(),
    })),
    expired_exemptions: expired.map(({exemption: {match, reason, expires}, violations}) => ({
      match,
      reason,
      expires,
      violations,
    })),
  }
}

/** An audit with its subjects, or with those of them that were asked for. */
export function toJsonReport(report: AuditReport, subjects: unknown[]): object {
  return {...toJsonHead(report), subjects}
}

function toJsonReference(reference: Referred | undefined): object | null {
  return reference ? {id: reference.id ?? null, name: reference.name ?? null} : null
}

/** Settings as they were reported, null for what was not. */
function toJsonSettings(settings: Settings): object {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value ?? null]))
}
