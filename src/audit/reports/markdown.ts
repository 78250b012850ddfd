import {targetName} from '../../instances/references.ts'
import {isOfSeveralAccounts, sharesByAccount, unreadInWords} from '../accounts.ts'
import type {AuditReport} from '../audit.ts'
import {type Judgement, reasonOf, verdicts} from '../judge.ts'
import {accountLabel, kindLabel} from '../subjects.ts'
import {countLabel, lead, remarks, scopeLine, verdictOf} from '../summary.ts'
import {visible} from './escapes.ts'

/** GitHub shows no summary of a step that is larger (github/docs, workflow-commands-for-github-actions.md, 1 MiB). */
export const mostBytes = 1024 * 1024
const reserved = 500

/**
 * An audit as Markdown, as GitHub shows it below a job: the headline, counts, what could not be read, and a table of what
 * somebody has to look at, the worst first. What is more than GitHub shows is left out, and the last line says so.
 */
export function toMarkdown(report: AuditReport): string {
  const findings = report.judgements.filter(({verdict}) => verdict !== 'compliant' && verdict !== 'exempt')
  const isOfSeveral = isOfSeveralAccounts(report)
  let text = ''
  let bytes = reserved
  let listed = 0
  /** Adds lines as long as there is room, and gives how many there was room for. */
  const add = (lines: readonly string[]): number => {
    for (const [index, line] of lines.entries()) {
      bytes += Buffer.byteLength(line) + 1
      if (bytes > mostBytes) return index
      text += `${line}\n`
    }
    return lines.length
  }
  add([`## Metadata service audit: ${verdictOf(report).toLowerCase()}`, '', escaped(lead(report)), ''])
  const whose = isOfSeveral || report.account === undefined ? '' : `Account ${report.account}. `
  add([escaped(`${whose}Policy ${report.policy.file ?? report.policy.name}: ${scopeLine(report)}.`), ''])
  const heads = verdicts.filter(verdict => report.counts[verdict] > 0)
  if (heads.length > 0) {
    add([...tableHead(heads), row(heads.map(verdict => countLabel(report.counts[verdict]))), ''])
  }
  add(remarks(report).flatMap(remark => [escaped(remark), '']))
  if (report.unread.length > 0) {
    const lines = report.unread.map(each => `- ${escaped(`${unreadInWords(each)}: ${each.error.inOneLine}`)}`)
    add(['### Could not be read', '', ...lines, ''])
  }
  if (isOfSeveral) add(['### Accounts', '', ...accountTable(report), ''])
  if (findings.length > 0) {
    const shown = columns.filter(([header]) => header !== 'Account' || isOfSeveral)
    add(['### Findings', '', ...tableHead(shown.map(([header]) => header))])
    listed = add(findings.map(finding => row(shown.map(([, cellOf]) => cellOf(finding)))))
  }
  const footer = `vpcmd ${report.vpcmd}, ${report.at}`
  if (bytes <= mostBytes) return `${text}\n<sub>${escaped(footer)}</sub>\n`
  const cut = `${countLabel(listed)} of ${countLabel(findings.length)} findings are listed: GitHub shows no more than 1 MiB. --report html=FILE has all of them.`
  return `${text}\n**Cut.** ${escaped(cut)}\n\n<sub>${escaped(footer)}</sub>\n`
}

function accountTable(report: AuditReport): string[] {
  const rows = sharesByAccount(report)
    .sort((a, b) => b.unread.length - a.unread.length || b.counts.violation - a.counts.violation)
    .map(({account, counts, unread}) => [
      accountLabel(account),
      ...[counts.violation, counts.total, unread.length].map(countLabel),
    ])
  return [...tableHead(['Account', 'Violations', 'Judged', 'Could not be read']), ...rows.map(row)]
}

const columns: [header: string, cellOf: (finding: Judgement) => string][] = [
  ['Verdict', ({verdict}) => verdict],
  ['Name', ({subject}) => targetName(subject)],
  ['Kind', ({subject}) => kindLabel(subject.kind)],
  ['Account', ({subject}) => accountLabel(subject.account)],
  ['Region', ({subject}) => subject.region],
  ['Rule', ({rule}) => rule?.name ?? ''],
  ['Why', reasonOf],
]

function tableHead(columns: readonly string[]): string[] {
  return [row(columns), row(columns.map(() => '---'))]
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escaped).join(' | ')} |`
}

/**
 * A text that GitHub shows as it is: names are others', and may hold Markdown, HTML, links, mentions or formulas. Any
 * ASCII punctuation may have a backslash before it (GitHub Flavored Markdown, 2.4); a hyphen within a line needs none.
 */
function escaped(text: string): string {
  return visible(text).replace(/[\\`*_{}[\]<>#!|~&@:.$^]/g, '\\$&')
}
