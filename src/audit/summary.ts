import {inactiveInWords} from '../cloud/regions.ts'
import {counted} from '../counted.ts'
import {accountsOf} from './accounts.ts'
import {type AuditReport, resultOf} from './audit.ts'
import {kindsInWords, label, scopeInWords} from './subjects.ts'

/** A count as people read it, as in `12,345`. */
export function countLabel(count: number): string {
  return count.toLocaleString('en')
}

/** What an audit comes to, in two or three words: what no rule matches, or nothing at all, is not called compliant. */
export function verdictOf(report: AuditReport): string {
  const result = resultOf(report)
  if (result !== 'compliant') return result === 'incomplete' ? 'Incomplete' : 'Not compliant'
  if (report.counts.total === 0) return 'Nothing to judge'
  return report.counts.unmatched > 0 ? 'No violations' : 'Compliant'
}

/** What an audit comes to, in one line. */
export function headline(report: AuditReport): string {
  const {counts, policy, unread, regions, hasAllRegions} = report
  const result = resultOf(report)
  const {violation, undetermined, unmatched, exempt, compliant} = counts
  const others = [
    `${countLabel(compliant)} compliant`,
    exempt > 0 && `${countLabel(exempt)} exempt`,
    unmatched > 0 && `${countLabel(unmatched)} matched by no rule`,
    undetermined > 0 && `${countLabel(undetermined)} undetermined`,
  ].filter(Boolean)
  // Of some regions, nobody is to take it for a word on all.
  const only = hasAllRegions ? '' : ` in ${placesInWords(regions, 'regions')}`
  const found = `${countLabel(violation)} of ${countLabel(counts.total)}${only} violate the policy ${policy.name}; ${others.join(', ')}.`
  if (result === 'compliant' && counts.total === 0) return `${verdictOf(report)}: there are no ${scopeLine(report)}.`
  if (result !== 'incomplete') return `${verdictOf(report)}: ${found}`
  const places = [...new Set(unread.map(({account, region}) => (account ? `${label(account)} (${region})` : region)))]
  const where = `in ${placesInWords(places, unread.some(({account}) => account) ? 'places' : 'regions')}`
  if (places.length === 0 && counts.total === 0) {
    return `Nothing was judged: nothing was found with ${scopeInWords(report.scope)}.`
  }
  if (places.length === 0 && counts.unmatched === counts.total) {
    return `Nothing was judged: no rule of the policy ${policy.name} matches any of the ${countLabel(counts.total)} that were read.`
  }
  const missing = places.length > 0 ? `not all could be read ${where}` : 'not all could be judged'
  return `Incomplete: ${missing}. Of what was read, ${found}`
}

function placesInWords(names: readonly string[], many: 'regions' | 'places'): string {
  return names.length > 4 ? `${names.length} ${many}` : names.join(', ')
}

/** The headline without its verdict, for a report that has that as its heading. */
export function lead(report: AuditReport): string {
  return capitalized(headline(report).replace(/^[^:]*: /, ''))
}

/** A text as it begins a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What to say beside the headline: exemptions that expired, and rules and exemptions that apply to nothing. */
export function remarks({expired, policy, judgements}: AuditReport): string[] {
  const isJudged = judgements.length > 0
  const used = new Set(judgements.map(({rule}) => rule?.name))
  const idle = policy.rules.filter(({name}) => !used.has(name)).map(({name}) => name)
  const exempting = new Set(judgements.map(({verdict, exemption}) => verdict === 'exempt' && exemption))
  const lapsed = new Set(expired.map(({exemption}) => exemption))
  const unneeded = policy.exemptions.filter(each => !exempting.has(each) && !lapsed.has(each))
  const places = unneeded.map(({reason, line}) => `line ${line} (${reason})`)
  const awaited = judgements.filter(({restartAwaited}) => restartAwaited !== undefined).length
  const remarks = [
    ...expired.map(({exemption: {expires, reason}, violations}) => {
      const of = violations === 0 ? 'nothing violates' : `${countLabel(violations)} violate`
      return `An exemption expired on ${expires} (${reason}): ${of} the policy for that.`
    }),
    policy.file !== undefined &&
      isJudged &&
      idle.length > 0 &&
      `Of what was read, nothing is decided by ${idle.length === 1 ? 'the rule' : 'the rules'} ${idle.join(', ')}.`,
    isJudged &&
      unneeded.length > 0 &&
      `Of what was read, nothing is exempt by ${unneeded.length === 1 ? 'the exemption' : 'the exemptions'} of ${places.join(', ')}.`,
    awaited > 0 &&
      `${counted(awaited, 'instance was', 'instances were')} turned on by vpcmd, with no stop and start recorded since. Until then the service may not work fully (IBM's FAQ).`,
  ]
  return remarks.filter(remark => remark !== false)
}

/** What was asked for, in words, for the head of a report. */
export function scopeLine(report: AuditReport): string {
  const {scope, regions} = report
  const kinds = kindsInWords(scope.kinds)
  const filters = scopeInWords(scope)
  const places = regions.length === 1 ? `the region ${regions[0]}` : `${regions.length} regions (${regions.join(', ')})`
  const accounts = accountsOf(report).length
  const {inactive = []} = report.assumed ?? {}
  const leftOut = inactive.length > 0 ? `; without ${inactiveInWords(inactive)}` : ''
  return `${kinds} in ${places}${accounts > 1 ? ` of ${accounts} accounts` : ''}${filters ? `; only ${filters}` : ''}${leftOut}`
}
