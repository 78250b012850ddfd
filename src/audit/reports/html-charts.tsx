import {groupBy} from '../../counted.ts'
import {isOfSeveralAccounts, sharesByAccount} from '../accounts.ts'
import {type AuditReport, type Counts, countVerdicts} from '../audit.ts'
import {type Judgement, type Verdict, verdicts} from '../judge.ts'
import {accountLabel, kindsInWords, label} from '../subjects.ts'
import {countLabel} from '../summary.ts'
import {NumberCell, Table} from './html-blocks.tsx'

/** Further groups go into a part that is folded away. */
const shownGroups = 15

/** A row of a chart: an account, a region or a VPC. The list can be filtered by its label. */
interface Group extends Pick<AuditReport, 'counts' | 'unread'> {
  label: string
}

/** The compliant share, never rounded up: only a whole one is 100 %. */
export function shareLabel({compliant, total}: Counts): string {
  if (total === 0) return '–'
  return `${(Math.floor((compliant / total) * 1000) / 10).toLocaleString('en')} %`
}

/** The share of each verdict that there is, from the best one on, and where it begins, in percent. */
function shares(counts: Counts): {verdict: Verdict; from: number; share: number}[] {
  let from = 0
  return [...verdicts].reverse().flatMap(verdict => {
    if (counts[verdict] === 0) return []
    const part = {verdict, from, share: (counts[verdict] / counts.total) * 100}
    from += part.share
    return [part]
  })
}

/** The compliant share of everything as a ring; `note` stands below it. */
export function Ring({counts, note}: {counts: Counts; note: string}) {
  const circle = {cx: 21, cy: 21, r: 15.9155}
  return (
    <svg class="ring" viewBox="0 0 42 42" role="img" aria-label={`${shareLabel(counts)} compliant ${note}`.trim()}>
      <circle class="track" {...circle} />
      {shares(counts).map(({verdict, from, share}) => (
        <circle
          class={`arc ${verdict}`}
          {...circle}
          pathLength="100"
          stroke-dasharray={`${share.toFixed(3)} ${(100 - share).toFixed(3)}`}
          stroke-dashoffset={(25 - from).toFixed(3)}
        />
      ))}
      <text x="21" y="20.6">
        {shareLabel(counts)}
      </text>
      <text class="small" x="21" y="26">
        compliant
      </text>
      <text class="small" x="21" y="29.5">
        {note}
      </text>
    </svg>
  )
}

/** The chart by region: every region that was asked, even where nothing is or nothing could be read. */
export function RegionChart({report: {judgements, regions, unread}}: {report: AuditReport}) {
  const byRegion = groupBy(judgements, ({subject}) => subject.region)
  const groups = regions.map(region => ({
    label: region,
    counts: countVerdicts(byRegion.get(region) ?? []),
    unread: unread.filter(each => each.region === region),
  }))
  const isEmpty = (group: Group) => group.counts.total === 0 && group.unread.length === 0
  const empty = groups.filter(isEmpty).map(group => group.label)
  return (
    <>
      <Chart title="Region" filter="region" groups={groups.filter(group => !isEmpty(group))} />
      {empty.length > 0 && <p class="note">Nothing to judge in {empty.join(', ')}.</p>}
    </>
  )
}

/** The chart by account, with what says no account, or could not be read and says none, in a row of its own. */
export function AccountChart({report}: {report: AuditReport}) {
  const groups = sharesByAccount(report).map(({account, ...share}) => ({label: accountLabel(account), ...share}))
  return <Chart title="Account" filter="account" groups={groups} />
}

/** The chart by VPC; VPCs with one name are told apart by their regions, and by their accounts where there are several. */
export function VpcChart({report}: {report: AuditReport}) {
  const {judgements} = report
  const isOfSeveral = isOfSeveralAccounts(report)
  const byVpc = [...groupBy(judgements, ({subject}) => vpcLabel(subject, isOfSeveral))]
  const groups = byVpc.map(([name, judged]) => ({label: name, counts: countVerdicts(judged), unread: []}))
  return <Chart title="VPC" filter="vpc" groups={groups} />
}

/** What a subject's VPC is called where VPCs of several regions, or accounts, stand together. */
export function vpcLabel({vpc, region, account}: Judgement['subject'], isOfSeveralAccounts: boolean): string {
  const place = isOfSeveralAccounts ? `${accountLabel(account)}, ${region}` : region
  return `${vpc ? label(vpc) : 'no VPC'} (${place})`
}

interface ChartProps {
  title: string
  /** The filter of the list that a label sets when it is followed. */
  filter: 'account' | 'region' | 'vpc'
  groups: Group[]
}

function Chart({groups, ...rest}: ChartProps) {
  const order = [...groups].sort(
    (a, b) =>
      b.unread.length - a.unread.length ||
      b.counts.violation - a.counts.violation ||
      b.counts.total - a.counts.total ||
      a.label.localeCompare(b.label, 'en', {numeric: true}),
  )
  if (order.length === 0) return <p class="note">There is nothing to show.</p>
  const shown = order.length > shownGroups + 1 ? order.slice(0, shownGroups) : order
  const folded = order.slice(shown.length)
  return (
    <>
      <ChartTable {...rest} groups={shown} />
      {folded.length > 0 && (
        <details>
          <summary>{countLabel(folded.length)} more, with fewer violations</summary>
          <ChartTable {...rest} groups={folded} />
        </details>
      )}
    </>
  )
}

function ChartTable({title, filter, groups}: ChartProps) {
  return (
    <Table look="chart" heads={[title, 'Share']} numbers={['Compliant', 'Violations']}>
      {groups.map(({label: name, counts, unread}) => {
        const kinds = [...new Set(unread.flatMap(each => each.kinds))]
        return (
          <tr>
            <th scope="row">
              <a href="#list" data-filter={filter} data-value={name}>
                {name}
              </a>
              {kinds.length > 0 && <span class="missing unmatched">not all read: {kindsInWords(kinds)}</span>}
            </th>
            <td class="bar">
              <Bar counts={counts} />
            </td>
            <NumberCell>{shareLabel(counts)}</NumberCell>
            <NumberCell>
              {countLabel(counts.violation)} <span class="of">of {countLabel(counts.total)}</span>
            </NumberCell>
          </tr>
        )
      })}
    </Table>
  )
}

function Bar({counts}: {counts: Counts}) {
  const parts = shares(counts)
  const words = parts.map(({verdict}) => `${countLabel(counts[verdict])} ${verdict}`).join(', ') || 'nothing read'
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={words}>
      <rect class="track" x="0" y="0" width="100" height="10" />
      {parts.map(({verdict, from, share}) => (
        <rect class={verdict} x={from.toFixed(3)} y="0" width={share.toFixed(3)} height="10" />
      ))}
    </svg>
  )
}
