import {createHash} from 'node:crypto'
import {type AuditReport, resultOf} from '../audit.ts'
import {type Judgement, type Verdict, violationInWords} from '../judge.ts'
import {kindLabel} from '../subjects.ts'
import {countLabel, headline, ruleLines, scopeLine, verdictOf} from '../summary.ts'
import {escaped, jsonForScript} from './escapes.ts'
import {regionChart, ring, vpcChart} from './html-charts.ts'
import {listData, listTable, rowsPerPage} from './html-list.ts'
import {script} from './html-script.ts'
import {style} from './html-style.ts'

const looks: Record<string, string> = {Compliant: 'compliant', 'Not compliant': 'violation'}

/** What a verdict means, for the tiles and the legend. */
const meanings: Record<Verdict, string> = {
  violation: 'violate the policy',
  undetermined: 'could not be told',
  unmatched: 'matched by no rule',
  exempt: 'exempt',
  compliant: 'compliant',
}

/**
 * An audit as one page of HTML that needs nothing else: no network, no file beside it, and for reading no script. Its
 * content security policy lets nothing run but the page's own script.
 */
export function toHtml(report: AuditReport): string {
  const result = resultOf(report)
  const verdict = verdictOf(report)
  const title = `Metadata service audit: ${verdict.toLowerCase()}, ${report.at.slice(0, 10)}`
  const data = listData(report.judgements)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip hidden" href="#list">Skip to the list</a>
<header class="${looks[verdict] ?? 'undetermined'}"><div>
<p class="eyebrow">Metadata service audit</p>
<h1>${verdict}</h1>
<p class="lead">${escaped(lead(report))}</p>
${facts(report)}
</div></header>
<main>
<div class="top"><section aria-label="Share">${ring(report.counts, result === 'incomplete' ? 'of what was read' : '')}</section><div>
${tiles(report)}
${unreadSection(report)}
</div></div>
${legend()}
<div class="pair">
<section aria-labelledby="by-region"><h2 id="by-region">By region</h2>${regionChart(report)}</section>
<section aria-labelledby="by-vpc"><h2 id="by-vpc">By VPC</h2>${vpcChart(report)}</section>
</div>
<div class="pair">
${rulesSection(report)}
${wrongSection(report.judgements)}
</div>
${exemptionsSection(report)}
${listSection(report.judgements)}
</main>
<footer>Made by vpcmd ${escaped(report.vpcmd)} at ${escaped(report.at)}. This page holds all of its data and asks no network.</footer>
<script type="application/json" id="data">${jsonForScript(data)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** The headline without its first word, which stands above it. */
function lead(report: AuditReport): string {
  const text = headline(report).replace(/^[^:]*: /, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function facts(report: AuditReport): string {
  const {account, at, policy} = report
  const digest = policy.sha256 ? ` (SHA-256 ${policy.sha256.slice(0, 12)}…)` : ''
  const entries = {
    Account: account ?? 'not told by the credentials',
    Read: `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`,
    Policy:
      policy.file === undefined ? `${policy.name}: the one without a file` : `${policy.name}, ${policy.file}${digest}`,
    Scope: scopeLine(report),
  }
  const items = Object.entries(entries).map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`)
  return `<dl class="facts">${items.join('')}</dl>`
}

function tiles({counts}: AuditReport): string {
  const order: Verdict[] = ['violation', 'compliant', 'exempt', 'unmatched', 'undetermined']
  // The first two are always told, also when they are 0.
  const shown = order.filter((verdict, index) => index < 2 || counts[verdict] > 0)
  const items = [
    `<div class="tile"><dt>judged</dt><dd>${countLabel(counts.total)}</dd></div>`,
    ...shown.map(
      verdict =>
        `<div class="tile ${verdict}"><dt>${meanings[verdict]}</dt><dd>${countLabel(counts[verdict])}</dd></div>`,
    ),
  ]
  return `<dl class="tiles">${items.join('')}</dl>`
}

function unreadSection({unread, regions}: AuditReport): string {
  if (unread.length === 0) {
    return `<section aria-labelledby="unread"><h2 id="unread">What could not be read</h2><p class="note">Nothing: all ${regions.length} ${regions.length === 1 ? 'region' : 'regions'} in scope answered, and every list was complete.</p></section>`
  }
  const items = unread.map(({region, kinds, error}) => {
    const what = `${kinds.map(kind => `${kindLabel(kind)}s`).join(', ')} of ${region}`
    return `<li><strong>${escaped(what)}</strong>: ${escaped(error.messageWithTrace)} ${escaped(error.hint ?? '')}</li>`
  })
  return `<section class="alarm" aria-labelledby="unread"><h2 id="unread">What could not be read</h2><p>This audit says nothing about:</p><ul>${items.join('')}</ul></section>`
}

function legend(): string {
  const items = Object.entries(meanings).map(
    ([verdict, meaning]) =>
      `<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${verdict}" width="10" height="10"/></svg>${meaning}</li>`,
  )
  return `<ul class="legend" aria-label="Colours">${items.join('')}</ul>`
}

function rulesSection(report: AuditReport): string {
  const decided = countBy(report.judgements, ({rule}) => rule?.name)
  const violated = countBy(report.judgements, ({rule, verdict}) => (verdict === 'violation' ? rule?.name : undefined))
  const rows = ruleLines(report).map(({name, requires}) => {
    const numbers = [decided, violated].map(counts => `<td class="number">${countLabel(counts.get(name) ?? 0)}</td>`)
    return `<tr><th scope="row">${escaped(name)}</th><td>${escaped(requires)}</td>${numbers.join('')}</tr>`
  })
  return `<section aria-labelledby="rules"><h2 id="rules">The rules of the policy</h2><table class="rules"><thead><tr><th scope="col">Rule</th><th scope="col">Requires</th><th scope="col" class="number">Decides</th><th scope="col" class="number">Violations</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`
}

function wrongSection(judgements: readonly Judgement[]): string {
  const wrongs = judgements.filter(({verdict}) => verdict === 'violation').flatMap(({violations}) => violations)
  const counts = [...countBy(wrongs, violationInWords)].sort(([, a], [, b]) => b - a).slice(0, 10)
  const rows = counts.map(
    ([what, count]) => `<tr><th scope="row">${escaped(what)}</th><td class="number">${countLabel(count)}</td></tr>`,
  )
  const table = `<table class="rules"><thead><tr><th scope="col">What</th><th scope="col" class="number">How often</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  return `<section aria-labelledby="wrong"><h2 id="wrong">What is wrong most often</h2>${rows.length > 0 ? table : '<p class="note">Nothing violates the policy.</p>'}</section>`
}

function exemptionsSection({policy, judgements, expired}: AuditReport): string {
  if (policy.exemptions.length === 0) return ''
  const rows = policy.exemptions.map(exemption => {
    const isExpired = expired.find(each => each.exemption === exemption)
    const exempt = judgements.filter(judged => judged.verdict === 'exempt' && judged.exemption === exemption).length
    const state = isExpired ? `<span class="mark violation">expired</span>` : ''
    const count = isExpired ? `${countLabel(isExpired.violations)} no longer exempt` : `${countLabel(exempt)} exempt`
    return `<tr><th scope="row">${escaped(exemption.reason)}</th><td>${escaped(exemption.expires)} ${state}</td><td class="number">${count}</td></tr>`
  })
  return `<section aria-labelledby="exemptions"><h2 id="exemptions">Exemptions</h2><table class="rules"><thead><tr><th scope="col">Reason</th><th scope="col">Last day</th><th scope="col" class="number">Applies to</th></tr></thead><tbody>${rows.join('')}</tbody></table></section>`
}

function listSection(judgements: readonly Judgement[]): string {
  const part =
    judgements.length > rowsPerPage
      ? ` Shown are the first ${rowsPerPage} of ${countLabel(judgements.length)}, the worst first.`
      : ''
  const select = (name: string, label: string) =>
    `<label>${label}<select id="filter-${name}"><option value="">All</option></select></label>`
  return `<section aria-labelledby="list"><h2 id="list">Everything that was judged</h2>
<noscript><p class="note">Searching and sorting need JavaScript.${part}</p></noscript>
<div class="controls" id="controls" hidden><label class="search">Search<input id="search" type="search" autocomplete="off" placeholder="Name, ID, VPC, rule, reason…"></label>${select('verdict', 'Verdict')}${select('kind', 'Kind')}${select('region', 'Region')}${select('vpc', 'VPC')}<button type="button" id="clear">Clear</button></div>
<p class="note" id="printed"></p>
<div class="scroll" tabindex="0" role="group" aria-label="List">${listTable(judgements)}</div>
<div class="pager" id="pager" hidden><button type="button" id="previous">Previous</button><span id="position" role="status"></span><button type="button" id="next">Next</button></div></section>`
}

function countBy<T>(items: readonly T[], key: (item: T) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const name = key(item)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}
