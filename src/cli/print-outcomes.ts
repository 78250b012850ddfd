import type {Column} from '../column.ts'
import {exitCodes} from '../errors.ts'
import {settingsLabel, weakenedBy} from '../instances/settings.ts'
import {managerInWords} from '../metadata/managed-by.ts'
import {byResult, type Outcome, toJsonOutcome} from '../metadata/outcomes.ts'
import {colouring, green, red, yellow} from '../terminal/style.ts'
import type {Context} from './context.ts'
import type {OutputOptions} from './flags/output.ts'
import {printRows} from './output.ts'
import {reportFailures} from './report-failures.ts'
import {accountOf} from './show-changes.ts'

/** So many servers are listed one by one where nobody asks for more. */
const mostListed = 20

/** Prints what became of changes, or would. Sets the exit code where some failed. Gives whether some were not listed. */
export async function printOutcomes(
  context: Context,
  out: OutputOptions,
  outcomes: Outcome[],
  {unread = [], listsAll = true, isPlan = false}: {unread?: string[]; listsAll?: boolean; isPlan?: boolean} = {},
): Promise<boolean> {
  const hasRestarts = outcomes.some(({restart}) => restart !== undefined)
  const hasRisks = outcomes.some(outcome => riskOf(outcome) !== '')
  return printServers(context, out, {
    outcomes,
    unread,
    listsAll,
    isPlan,
    isNotable: ({restart, indeterminate}) =>
      indeterminate === true ||
      ['failed', 'left_out'].includes(restart?.result ?? '') ||
      restart?.address !== undefined,
    columns: [
      {header: 'Before', value: ({before}) => (before ? settingsLabel(before) : '')},
      {header: 'After', value: ({after}) => (after ? settingsLabel(after) : '')},
      resultColumn,
      ...(hasRisks ? [riskColumn] : []),
      ...(outcomes.some(each => each.managedBy) ? [managerColumn] : []),
      ...(hasRestarts ? restartColumns : []),
    ],
    toJson: toJsonOutcome,
  })
}

/** What became of a server, whatever was done with it. */
type ServerOutcome = Pick<Outcome, 'asked' | 'target' | 'result' | 'error'>

/**
 * Prints a row for each server, and why some failed; without `listsAll`, of more than 20 in a table only those that failed,
 * conflict, or are notable. Sets the exit code where some failed. Gives whether some were not listed.
 */
export async function printServers<Each extends ServerOutcome>(
  context: Context,
  out: OutputOptions,
  request: {
    outcomes: Each[]
    unread: string[]
    columns: Column<Each>[]
    listsAll: boolean
    /** Whether JSON says what is planned, also where that is nothing. */
    isPlan: boolean
    isNotable?(outcome: Each): boolean
    toJson(outcome: Each): object
  },
): Promise<boolean> {
  const {outcomes, unread, columns, listsAll, isPlan, isNotable = () => false, toJson} = request
  // What was never sent is counted, not listed.
  const errors = outcomes.flatMap(({error, result}) => (error && result !== 'skipped' ? [error] : []))
  reportFailures(context, errors, outcomes.length)
  if (unread.length > 0 && !context.host.exitCode) context.exitCode = exitCodes.failed
  const isCut = out.format === 'table' && !out.quiet && !listsAll && outcomes.length > mostListed
  const isListed = (each: Each) => {
    // Of what was not found a table has nothing to tell but the name, which its error has said.
    if (out.format === 'table' && !each.target && each.error) return false
    return !isCut || each.result === 'failed' || each.result === 'conflict' || isNotable(each)
  }
  const rows = outcomes.filter(isListed)
  await printRows(context, out, {
    rows,
    isOfChange: true,
    // What failed and what to do next stand below, and must not wait for a pager to be left.
    isPaged: listsAll,
    columns: [...serverColumns, ...(outcomes.some(hasAccount) ? [accountColumn(context)] : []), ...columns],
    toJson: outcome => ({...toJson(outcome), result: outcome.result}),
    toWhole: () => ({
      ...(isPlan && {planned: []}),
      ...byResult(outcomes, toJson),
      ...(unread.length > 0 && {unread}),
    }),
    id: ({target, result}) => (result === 'changed' || result === 'planned' ? target?.id : undefined),
  })
  return isCut
}

/** What became of a change, a restart or a run, in its colour. */
export const resultStyle = colouring([
  [green, ['changed', 'done']],
  [yellow, ['planned', 'skipped', 'left out', 'interrupted', 'stopped', 'running']],
  [red, ['conflict', 'failed', 'unfinished', 'damaged']],
])

const serverColumns: Column<ServerOutcome>[] = [
  {header: 'Name', value: ({target, asked}) => target?.name ?? asked, least: 20, tells: 'what'},
  {header: 'ID', value: ({target}) => target?.id ?? '', priority: 3, tells: 'which'},
  {header: 'Zone', value: ({target}) => target?.zone ?? '', priority: 2, tells: 'which'},
]

const hasAccount = ({target}: ServerOutcome) => target?.account !== undefined

const accountColumn = (context: Context): Column<ServerOutcome> => ({
  header: 'Account',
  value: ({target}) => (target?.account === undefined ? '' : accountOf(context, target.account)),
  priority: 2,
  tells: 'which',
})

export const resultColumn: Column<ServerOutcome> = {header: 'Result', value: ({result}) => result, style: resultStyle}

const riskColumn: Column<Outcome> = {
  header: 'Risk',
  value: riskOf,
  style: text => (text === '-' ? text : yellow(text)),
  least: 12,
}

function riskOf({result, before, after, breach}: Outcome): string {
  // What somebody else has changed is no risk of this run.
  if (result === 'conflict' || result === 'unchanged') return ''
  const risks = [
    weakenedBy(before ?? {}, after ?? {}).length > 0 && 'less secure',
    breach !== undefined && 'against the policy',
  ]
  return risks.filter(Boolean).join(', ')
}

const managerColumn: Column<Outcome> = {
  header: 'Managed by',
  value: ({managedBy}) => (managedBy ? managerInWords(managedBy) : managedBy === null ? '' : '?'),
  priority: 1,
  least: 16,
}

const restartColumns: Column<Outcome>[] = [
  {header: 'Restart', value: ({restart}) => restart?.result.replace('_', ' ') ?? '', style: resultStyle},
  {
    header: 'Restart reason',
    value: ({restart}) => restart?.reason ?? restart?.error?.message ?? movedTo(restart?.address),
    least: 24,
  },
]

/** How a private address changed, in words; empty where it did not. */
export function movedTo(address: {before: string; after: string} | undefined): string {
  return address ? `address ${address.before} -> ${address.after}` : ''
}
