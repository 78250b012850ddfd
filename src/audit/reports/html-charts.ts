import {type AuditReport, type Counts, countVerdicts} from '../audit.ts'
import {label} from '../columns.ts'
import {type Judgement, verdicts} from '../judge.ts'
import type {Unread} from '../read-subjects.ts'
import {kindLabel} from '../subjects.ts'
import {countLabel} from '../summary.ts'
import {escaped} from './escapes.ts'

/** More groups than these go into a part that is folded away. */
const shownGroups = 15

interface Group {
  label: string
  /** What the list is filtered by when the label is followed: an attribute and its value. */
  filter: readonly [attribute: string, value: string]
  counts: Counts
  unread: Unread[]
}

/** The compliant share in a word: never rounded up, so that only a whole one is 100 %. */
export function shareLabel({compliant, total}: Counts): string {
  if (total === 0) return '–'
  return `${(Math.floor((compliant / total) * 1000) / 10).toLocaleString('en')} %`
}

/** The compliant share of everything as a ring; `note` goes below it. */
export function ring(counts: Counts, note: string): string {
  const radius = 15.9155
  let before = 0
  const arcs = [...verdicts].reverse().map(verdict => {
    const share = counts.total === 0 ? 0 : (counts[verdict] / counts.total) * 100
    const arc =
      share > 0
        ? `<circle class="arc ${verdict}" cx="21" cy="21" r="${radius}" pathLength="100" stroke-dasharray="${share.toFixed(3)} ${(100 - share).toFixed(3)}" stroke-dashoffset="${(25 - before).toFixed(3)}"/>`
        : ''
    before += share
    return arc
  })
  return `<svg class="ring" viewBox="0 0 42 42" role="img" aria-label="${escaped(`${shareLabel(counts)} compliant ${note}`.trim())}"><circle class="track" cx="21" cy="21" r="${radius}"/>${arcs.join('')}<text x="21" y="20.6">${shareLabel(counts)}</text><text class="small" x="21" y="26">compliant</text><text class="small" x="21" y="29.5">${note}</text></svg>`
}

/** The chart by region: every region that was asked, also those where nothing is or nothing could be read. */
export function regionChart(report: AuditReport): string {
  const byRegion = grouped(report.judgements, ({subject}) => subject.region)
  const groups = report.regions.map(region => ({
    label: region,
    filter: ['region', region] as const,
    counts: countVerdicts(byRegion.get(region) ?? []),
    unread: report.unread.filter(unread => unread.region === region),
  }))
  const empty = groups.filter(({counts, unread}) => counts.total === 0 && unread.length === 0)
  const rest = groups.filter(group => !empty.includes(group))
  const note =
    empty.length > 0
      ? `<p class="note">Nothing to judge in ${escaped(empty.map(group => group.label).join(', '))}.</p>`
      : ''
  return `${chart('Region', rest)}${note}`
}

/** The chart by VPC; two VPCs of one name are two, told apart by their regions. */
export function vpcChart(report: AuditReport): string {
  const byVpc = grouped(report.judgements, ({subject}) => vpcLabel(subject))
  return chart(
    'VPC',
    [...byVpc].map(([name, judgements]) => ({
      label: name,
      filter: ['vpc', name] as const,
      counts: countVerdicts(judgements),
      unread: [],
    })),
  )
}

/** What a subject's VPC is called where VPCs of several regions stand together. */
export function vpcLabel({vpc, region}: Judgement['subject']): string {
  return vpc ? `${label(vpc)} (${region})` : `no VPC (${region})`
}

function chart(what: string, groups: Group[]): string {
  const order = [...groups].sort(
    (a, b) =>
      b.unread.length - a.unread.length ||
      b.counts.violation - a.counts.violation ||
      b.counts.total - a.counts.total ||
      a.label.localeCompare(b.label, 'en'),
  )
  if (order.length === 0) return '<p class="note">There is nothing to show.</p>'
  const shown = order.length > shownGroups + 1 ? order.slice(0, shownGroups) : order
  const folded = order.slice(shown.length)
  const more =
    folded.length > 0
      ? `<details><summary>${countLabel(folded.length)} more, with fewer violations</summary>${chartTable(what, folded)}</details>`
      : ''
  return chartTable(what, shown) + more
}

function chartTable(what: string, groups: Group[]): string {
  return `<table class="chart"><thead><tr><th scope="col">${what}</th><th scope="col">Share</th><th scope="col" class="number">Compliant</th><th scope="col" class="number">Violations</th></tr></thead><tbody>${groups.map(chartRow).join('')}</tbody></table>`
}

function chartRow({label: name, filter: [attribute, value], counts, unread}: Group): string {
  const kinds = [...new Set(unread.flatMap(each => each.kinds))].map(kind => `${kindLabel(kind)}s`)
  const missing = kinds.length > 0 ? `<span class="missing">not all read: ${escaped(kinds.join(', '))}</span>` : ''
  return `<tr><th scope="row"><a href="#list" data-filter="${attribute}" data-value="${escaped(value)}">${escaped(name)}</a>${missing}</th><td class="bar">${bar(counts)}</td><td class="number">${shareLabel(counts)}</td><td class="number">${countLabel(counts.violation)} <span class="of">of ${countLabel(counts.total)}</span></td></tr>`
}

function bar(counts: Counts): string {
  const parts = [...verdicts].reverse().filter(verdict => counts[verdict] > 0)
  let x = 0
  const rectangles = parts.map(verdict => {
    const width = (counts[verdict] / counts.total) * 100
    const rectangle = `<rect class="${verdict}" x="${x.toFixed(3)}" y="0" width="${width.toFixed(3)}" height="10"/>`
    x += width
    return rectangle
  })
  const words = parts.map(verdict => `${countLabel(counts[verdict])} ${verdict}`).join(', ') || 'nothing read'
  return `<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${words}"><rect class="track" x="0" y="0" width="100" height="10"/>${rectangles.join('')}</svg>`
}

function grouped(judgements: readonly Judgement[], key: (judgement: Judgement) => string): Map<string, Judgement[]> {
  const groups = new Map<string, Judgement[]>()
  for (const judgement of judgements) {
    const group = groups.get(key(judgement))
    if (group) group.push(judgement)
    else groups.set(key(judgement), [judgement])
  }
  return groups
}
