import type {Cloud} from '../cloud/cloud.ts'
import {exitCodes} from '../errors.ts'
import {readRun} from '../metadata/read-run.ts'
import {describeDamage, otherAccount, type Run, refuseUnknown} from '../metadata/runs.ts'
import type {Context} from './context.ts'
import {runsFolder} from './state-folder.ts'

/**
 * The run that was asked for, or else the one that `last` finds, to be `done` (`resumed`, `undone`), with a warning for
 * what its journal lacks. Throws VpcmdError for one of another account, or of which nobody knows whose it is.
 */
export async function openRun(
  context: Context,
  cloud: Cloud,
  asked: string | undefined,
  done: 'resumed' | 'undone',
  last: (folder: string, account: string) => Promise<Run>,
): Promise<Run> {
  // A sandbox that was started anew at its address is another account than that of a kept token.
  const {account} = await cloud.caller({isFresh: true})
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
  return run
}

/** Warns of what a journal lacks; whether it lacks anything. */
export function warnOfDamage(context: Context, run: Pick<Run, 'header' | 'damage'>): boolean {
  const damage = describeDamage(run)
  if (damage !== undefined) context.warning(`Run ${run.header.id}: ${damage}.`)
  return damage !== undefined
}
