import {settingsLabel} from '../../instances/settings.ts'
import {isOfSeveralAccounts} from '../accounts.ts'
import type {AuditReport} from '../audit.ts'
import {type Judgement, reasonOf} from '../judge.ts'
import {accountLabel, kindLabel, label} from '../subjects.ts'
import {countLabel} from '../summary.ts'
import {visible} from './escapes.ts'
import {Card} from './html-blocks.tsx'
import {vpcLabel} from './html-charts.tsx'

/** A column of the list, and what it says. */
type Column = [header: string, textOf: (judgement: Judgement) => string]

/** The columns in their order, without name and ID, which are the second one. */
function columnsOf(report: AuditReport): Column[] {
  const isOfSeveral = isOfSeveralAccounts(report)
  const account: Column = ['Account', ({subject}) => accountLabel(subject.account)]
  return [
    ['Verdict', ({verdict}) => verdict],
    ['Kind', ({subject}) => kindLabel(subject.kind)],
    ['Region', ({subject}) => subject.region],
    ['Zone', ({subject}) => subject.zone ?? ''],
    ['VPC', ({subject}) => vpcLabel(subject, isOfSeveral)],
    ['Resource group', ({subject}) => label(subject.resourceGroup)],
    ['Metadata', ({subject}) => settingsLabel(subject.settings)],
    ['Rule', ({rule}) => rule?.name ?? ''],
    ['Why', reasonOf],
    ...(isOfSeveral ? [account] : []),
  ]
}

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
  const columns = columnsOf(report)
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
    return [visible(name ?? ''), visible(id), ...columns.map(([, textOf]) => indexOf(textOf(judgement)))]
  })
  return {texts, rows, rowsPerPage}
}

/** The list with its controls, which need the script. */
export function List({report}: {report: AuditReport}) {
  const {judgements} = report
  const isPart = judgements.length > rowsPerPage
  const part = ` Shown are the first ${rowsPerPage} of ${countLabel(judgements.length)}, the worst first.`
  const filters = {
    verdict: 'Verdict',
    kind: 'Kind',
    region: 'Region',
    vpc: 'VPC',
    ...(isOfSeveralAccounts(report) && {account: 'Account'}),
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
        <ListTable report={report} />
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
function ListTable({report}: {report: AuditReport}) {
  const [, ...columns] = columnsOf(report)
  const headers = ['Verdict', 'Name and ID', ...columns.map(([header]) => header)]
  return (
    <table class="list" id="rows">
      <caption class="hidden">Everything that was judged</caption>
      <thead>
        <tr>
          {headers.map((header, index) => (
            <th scope="col">
              <button type="button" data-column={index} disabled>
                {header}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {report.judgements.slice(0, rowsPerPage).map(judgement => {
          const {name, id} = judgement.subject
          return (
            <tr>
              <td>
                <span class={`mark ${judgement.verdict}`}>{judgement.verdict}</span>
              </td>
              <th scope="row">
                {name}
                <span class="id">{id}</span>
              </th>
              {columns.map(([, textOf]) => (
                <td>{textOf(judgement)}</td>
              ))}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
