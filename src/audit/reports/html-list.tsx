import {settingsLabel} from '../../instances/settings.ts'
import {isOfSeveralAccounts} from '../accounts.ts'
import type {AuditReport} from '../audit.ts'
import {type Judgement, reasonOf} from '../judge.ts'
import {accountLabel, kindLabel, label} from '../subjects.ts'
import {countLabel} from '../summary.ts'
import {visible} from './escapes.ts'
import {Card} from './html-blocks.tsx'
import {vpcLabel} from './html-charts.tsx'

/** The columns of the list; the script sorts by the index of each. */
const headers = ['Verdict', 'Name and ID', 'Kind', 'Region', 'Zone', 'VPC', 'Resource group', 'Metadata', 'Rule', 'Why']

/** The page itself has so many rows, for readers without scripts; the script shows as many at a time. */
const rowsPerPage = 200

/** A row for the script: name and ID, then for each column but the second the index of its text. */
type DataRow = [name: string, id: string, ...texts: number[]]

/** What the script works on. Texts that rows repeat are kept once. */
interface ListData {
  texts: string[]
  rows: DataRow[]
  rowsPerPage: number
}

/** All judgements as data for the script. */
export function listData(report: AuditReport): ListData {
  const isOfSeveral = isOfSeveralAccounts(report)
  const texts: string[] = []
  const known = new Map<string, number>()
  const indexOf = (text: string) => {
    const index = known.get(text) ?? texts.length
    if (index === texts.length) {
      known.set(text, index)
      texts.push(visible(text))
    }
    return index
  }
  const rows = report.judgements.map((judgement): DataRow => {
    const {name, id} = judgement.subject
    return [visible(name ?? ''), visible(id), ...cellsOf(judgement, isOfSeveral).map(indexOf)]
  })
  return {texts, rows, rowsPerPage}
}

/** The list with its controls, which need the script. */
export function List({report}: {report: AuditReport}) {
  const {judgements} = report
  const isOfSeveral = isOfSeveralAccounts(report)
  const isPart = judgements.length > rowsPerPage
  const part = ` Shown are the first ${rowsPerPage} of ${countLabel(judgements.length)}, the worst first.`
  const filters = {
    verdict: 'Verdict',
    kind: 'Kind',
    region: 'Region',
    vpc: 'VPC',
    ...(isOfSeveral && {account: 'Account'}),
  }
  return (
    <Card id="list" title="Everything that was judged">
      <noscript>
        <p class="note">Searching and sorting need JavaScript.{isPart && part}</p>
      </noscript>
      <div class="controls" id="controls" hidden>
        <label class="search">
          Search
          <input id="search" type="search" autocomplete="off" placeholder="Name, ID, VPC, rule, reason…" />
        </label>
        {Object.entries(filters).map(([name, title]) => (
          <label>
            {title}
            <select id={`filter-${name}`}>
              <option value="">All</option>
            </select>
          </label>
        ))}
        <button type="button" id="clear">
          Clear
        </button>
      </div>
      <p class="note" id="printed" />
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls. The keyboard scrolls this. */}
      <div class="scroll" tabindex={0} role="group" aria-label="List">
        <ListTable judgements={judgements} isOfSeveralAccounts={isOfSeveral} />
      </div>
      <div class="pager" id="pager" hidden>
        <button type="button" id="previous">
          Previous
        </button>
        <span id="position" role="status" />
        <button type="button" id="next">
          Next
        </button>
      </div>
    </Card>
  )
}

/** The list as a table with its first rows, worst first. */
function ListTable(props: {judgements: readonly Judgement[]; isOfSeveralAccounts: boolean}) {
  const {judgements, isOfSeveralAccounts: isOfSeveral} = props
  return (
    <table class="list" id="rows">
      <caption class="hidden">Everything that was judged</caption>
      <thead>
        <tr>
          {[...headers, ...(isOfSeveral ? ['Account'] : [])].map((header, index) => (
            <th scope="col">
              <button type="button" data-column={index} disabled>
                {header}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {judgements.slice(0, rowsPerPage).map(judgement => {
          const {name, id} = judgement.subject
          const [verdict, ...cells] = cellsOf(judgement, isOfSeveral)
          return (
            <tr>
              <td>
                <span class={`mark ${verdict}`}>{verdict}</span>
              </td>
              <th scope="row">
                {name}
                <span class="id">{id}</span>
              </th>
              {cells.map(cell => (
                <td>{cell}</td>
              ))}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** The texts of a row in the order of columns, without name and ID; the account is the last. */
function cellsOf(judgement: Judgement, isOfSeveral: boolean): string[] {
  const {subject, verdict, rule} = judgement
  return [
    verdict,
    kindLabel(subject.kind),
    subject.region,
    subject.zone ?? '',
    vpcLabel(subject, isOfSeveral),
    label(subject.resourceGroup),
    settingsLabel(subject.settings),
    rule?.name ?? '',
    reasonOf(judgement),
    ...(isOfSeveral ? [accountLabel(subject.account)] : []),
  ]
}
