import {type Column, keyOf} from '../column.ts'
import {told} from '../instances/columns.ts'
import {settingList, settingsLabel} from '../instances/settings.ts'
import {type Judgement, reasonOf} from './judge.ts'
import {kindLabel, label} from './subjects.ts'

const settingsKey = ['metadata_service']

/** The columns of an audit's table, of several accounts. */
export const accountTableColumns: Column<Judgement>[] = [
  {header: 'Verdict', value: ({verdict}) => verdict},
  {header: 'Name', value: ({subject}) => told(subject.name), least: 20, tells: 'what'},
  {header: 'Kind', value: ({subject}) => kindLabel(subject.kind), priority: 1, least: 10},
  {header: 'ID', value: ({subject}) => subject.id, priority: 6, tells: 'which'},
  {header: 'Account', value: ({subject}) => label(subject.account), priority: 1, least: 12, tells: 'which'},
  {header: 'Region', value: ({subject}) => subject.region, priority: 2, tells: 'which'},
  {header: 'VPC', value: ({subject}) => label(subject.vpc), priority: 4, least: 12},
  {header: 'Metadata', value: ({subject}) => settingsLabel(subject.settings), priority: 2, json: settingsKey},
  {header: 'Rule', value: ({rule}) => rule?.name ?? '', priority: 5, least: 12},
  {header: 'Why', value: reasonOf, least: 24},
]

/** The same for one account. */
export const tableColumns = accountTableColumns.filter(({header}) => header !== 'Account')

/** The columns of an audit as CSV. */
export const csvColumns: Column<Judgement>[] = [
  {header: 'Verdict', value: ({verdict}) => verdict},
  {header: 'Kind', value: ({subject}) => subject.kind},
  {header: 'Name', value: ({subject}) => told(subject.name)},
  {header: 'ID', value: ({subject}) => subject.id},
  {header: 'Account', value: ({subject}) => subject.account?.id ?? ''},
  {header: 'Region', value: ({subject}) => subject.region},
  {header: 'Zone', value: ({subject}) => subject.zone ?? ''},
  {header: 'VPC', value: ({subject}) => label(subject.vpc)},
  {header: 'Resource group', value: ({subject}) => label(subject.resourceGroup)},
  {header: 'Profile', value: ({subject}) => subject.profile ?? ''},
  {header: 'Image', value: ({subject}) => label(subject.image)},
  {header: 'Status', value: ({subject}) => subject.status ?? ''},
  ...settingList.map(({name, header}) => ({
    header,
    json: settingsKey,
    value: ({subject}: Judgement) => told(subject.settings[name]),
  })),
  {header: 'Rule', value: ({rule}) => rule?.name ?? ''},
  {header: 'Why', value: reasonOf},
  {
    header: 'Exempt until',
    value: ({verdict, exemption}) => (verdict === 'exempt' ? (exemption?.expires ?? '') : ''),
    json: ['exemption'],
  },
  {header: 'Restart awaited since', value: ({restartAwaited}) => restartAwaited ?? ''},
  {header: 'CRN', value: ({subject}) => told(subject.crn)},
]

/** All columns, as a table says them, and as CSV does. */
export const everyColumn = {
  table: withOthers(tableColumns, csvColumns),
  csv: withOthers(csvColumns, tableColumns),
}

function withOthers(columns: Column<Judgement>[], others: Column<Judgement>[]): Column<Judgement>[] {
  return [...columns, ...others.filter(other => !columns.some(column => keyOf(column) === keyOf(other)))]
}
