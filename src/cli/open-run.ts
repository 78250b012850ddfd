import type {Cloud} from '../cloud/cloud.ts'
import {exitCodes} from '../errors.ts'
import {readRun} from '../metadata/read-run.ts'
import {describeDamage, otherAccount, type Run, refuseUnknown} from '../metadata/runs.ts'
import type {SignedIn} from './connect-cloud.ts'
import type {Context} from './context.ts'
import {runsFolder} from './state-folder.ts'

/**
 * Gives the run that was asked for, or else the one that `last` finds, to be `done` (`resumed`, `undone`), with a warning for
 * what its journal lacks; and the cloud of the accounts that it was made in. Throws VpcmdError for one of another account, or of which nobody knows whose it is.
 */
export async function openRun(
  context: Context,
  {base, of}: SignedIn,
  asked: string | undefined,
  done: 'resumed' | 'undone',
  last: (folder: string, account: string) => Promise<Run>,
): Promise<{run: Run; cloud: Cloud}> {
  // A sandbox that was started anew at its address is another account than that of a kept token.
  const {account} = await base.caller({isFresh: true})
  context.rememberAccount(account)
  const folder = runsFolder(context.env)
  const run = asked === undefined ? await last(folder, account) : await readRun(folder, asked)
  refuseUnknown(run, done)
  if (run.header.account !== account)
    throw otherAccount(`Run ${run.header.id}`, run.header.account, account, context.isSandbox)
  warnOfDamage(context, run)
  if (run.damage?.unknown) {
    context.warning(`Servers that the journal does not name can't be ${done}: only the others are.`)
    context.exitCode = exitCodes.failed
  }
  const places = run.changes.map(({change}) => change.target)
  return {run, cloud: await of(run.header, places)}
}

/** Warns of what a journal lacks; whether it lacks anything. */
export function warnOfDamage(context: Context, run: Pick<Run, 'header' | 'damage'>): boolean {
  const damage = describeDamage(run)
  if (damage !== undefined) context.warning(`Run ${run.header.id}: ${damage}.`)
  return damage !== undefined
}
