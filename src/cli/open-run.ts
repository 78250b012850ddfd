import type {Cloud} from '../cloud/cloud.ts'
import {exitCodes, usageError, type VpcmdError} from '../errors.ts'
import type {RunHeader} from '../metadata/journal.ts'
import {readRun, shortRunIds} from '../metadata/read-run.ts'
import {runsSince} from '../metadata/run-folder.ts'
import {describeDamage, otherAccount, type RecordedChange, type Run, refuseUnknown} from '../metadata/runs.ts'
import type {SignedIn} from './connect-cloud.ts'
import type {Context} from './context.ts'
import {runInWords} from './run-words.ts'
import {runsFolder} from './state-folder.ts'

/** Has the accounts of a run called as they were when it was made. */
export function nameAccounts({accountNames}: Context, {header: {accounts = []}}: Run): void {
  for (const {id, name} of accounts) accountNames.set(id, name)
}

interface OpenedRun {
  done: 'resumed' | 'undone'
  last(folder: string, account: string): Promise<Run>
  /** The changes of a run that are to be made only where no later run had to do with their servers, unless it is named. */
  due(run: Run): RecordedChange[]
}

/** A run, and the cloud of the accounts that it was made in. */
interface Opened {
  run: Run
  cloud: Cloud
  /** Whether a later run took back what it changed, or a part of it. */
  isUndone: boolean
}

/**
 * Gives the run that was asked for, or else the one that `last` finds, to be `done`, with a warning for what its journal
 * lacks and what was done since. Throws VpcmdError for one of another account, or of which nobody knows whose it is.
 */
export async function openRun(
  context: Context,
  {base, of}: SignedIn,
  asked: string | undefined,
  {done, last, due}: OpenedRun,
): Promise<Opened> {
  // A sandbox that was started anew at its address is another account than that of a kept token.
  const {account} = await base.caller({isFresh: true})
  context.rememberAccount(account)
  const folder = runsFolder(context.env)
  const run = asked === undefined ? await last(folder, account) : await readRun(folder, asked)
  refuseUnknown(run, done)
  if (run.header.account !== account)
    throw otherAccount(`Run ${run.header.id}`, run.header.account, account, context.isSandbox)
  nameAccounts(context, run)
  warnOfDamage(context, run)
  if (run.damage?.unknown) {
    context.warning(`Servers that the journal does not name can't be ${done}: only the others are.`)
    context.exitCode = exitCodes.failed
  }
  const isNamed = asked !== undefined
  const changes = isNamed || done === 'resumed' ? due(run) : []
  const isUndone = await lookAtLater(context, run, {isNamed, done, changes})
  const places = run.changes.map(({change}) => change.target)
  return {run, cloud: await of(run.header, places), isUndone}
}

/**
 * Tells what later runs did with the same servers, and gives whether one took the run back. Throws a usage error where
 * nobody named the run: what was begun long ago is hardly meant where more was done since.
 */
async function lookAtLater(
  context: Context,
  run: Run,
  {isNamed, done, changes}: {isNamed: boolean; done: OpenedRun['done']; changes: RecordedChange[]},
): Promise<boolean> {
  const folder = runsFolder(context.env)
  // Who names a run depends on its own journal alone: what another one may say is worth a warning.
  const onUnreadable = isNamed ? ({inOneLine}: VpcmdError) => context.warning(inOneLine) : undefined
  const [{undo, over}, nameOf] = await Promise.all([runsSince(folder, run, changes, onUnreadable), shortRunIds(folder)])
  const called = (header: RunHeader) =>
    `${nameOf(header.id)} (${header.undoes === undefined ? runInWords(context, header) : `undo of ${nameOf(header.undoes)}`})`
  const name = nameOf(run.header.id)
  const others = over.slice(0, mostNamed).map(called).join(', ')
  const more = over.length > mostNamed ? ` and ${over.length - mostNamed} more` : ''
  const why = undo
    ? `Run ${name} was undone already, by run ${nameOf(undo.id)}`
    : over.length > 0
      ? `Since run ${name}, later runs changed the same servers: ${others}${more}`
      : undefined
  if (isNamed && why !== undefined) context.warning(`${why}.`)
  if (isNamed || why === undefined) return undo !== undefined
  const verb = done === 'undone' ? 'undo' : 'resume'
  throw usageError(`${why}.`, `If it is meant all the same: vpcmd metadata ${verb} ${name}`)
}

const mostNamed = 3

/** Warns of what a journal lacks; whether it lacks anything. */
export function warnOfDamage(context: Context, run: Pick<Run, 'header' | 'damage'>): boolean {
  const damage = describeDamage(run)
  if (damage !== undefined) context.warning(`Run ${run.header.id}: ${damage}.`)
  return damage !== undefined
}
