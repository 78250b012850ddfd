import {settingsLabel} from '../../metadata/settings.ts'
import {label} from '../columns.ts'
import {type Judgement, reasonOf} from '../judge.ts'
import {kindLabel} from '../subjects.ts'
import {visible} from './escapes.ts'
import {vpcLabel} from './html-charts.tsx'

/** The columns of the list; the script sorts by the index of each. */
const headers = ['Verdict', 'Name and ID', 'Kind', 'Region', 'Zone', 'VPC', 'Resource group', 'Metadata', 'Rule', 'Why']

/** The page itself has so many rows, for readers without scripts; the script shows as many at a time. */
export const rowsPerPage = 200

/** A row for the script: name and ID, then for each column but the second the index of its text. */
type DataRow = [name: string, id: string, ...texts: number[]]

/** What the script works on. Texts that rows repeat are kept once. */
interface ListData {
  texts: string[]
  rows: DataRow[]
  rowsPerPage: number
}

/** All judgements as data for the script. */
export function listData(judgements: readonly Judgement[]): ListData {
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
  const rows = judgements.map((judgement): DataRow => {
    const {name, id} = judgement.subject
    return [visible(name ?? ''), visible(id), ...cellsOf(judgement).map(indexOf)]
  })
  return {texts, rows, rowsPerPage}
}

/** The list as a table with its first rows, worst first. */
export function ListTable({judgements}: {judgements: readonly Judgement[]}) {
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
        {judgements.slice(0, rowsPerPage).map(judgement => {
          const {name, id} = judgement.subject
          const [verdict, ...cells] = cellsOf(judgement)
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

/** The texts of a row in the order of columns, without name and ID. */
function cellsOf(judgement: Judgement): string[] {
  const {subject, verdict, rule} = judgement
  return [
    verdict,
    kindLabel(subject.kind),
    subject.region,
    subject.zone ?? '',
    vpcLabel(subject),
    label(subject.resourceGroup),
    settingsLabel(subject.settings),
    rule?.name ?? '',
    reasonOf(judgement),
  ]
}
