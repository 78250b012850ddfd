import type {Cloud} from '../cloud/cloud.ts'
import {asVpcmdError, exitCodes, type VpcmdError} from '../errors.ts'
import type {Journal, RunHeader} from '../metadata/journal.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import type {Context} from './context.ts'
import {runsFolder} from './state-folder.ts'

/** A run to begin, or an earlier one to go on with: its ID, and how much of its journal was read. */
interface RunToOpen extends Pick<RunHeader, 'command' | 'selection' | 'undoes' | 'unread' | 'failedBefore'> {
  changes: PlannedChange[]
  resumes?: {id: string; bytes: number}
}

export interface OpenRunJournal {
  id: string
  journal: Journal & {close(): Promise<void>}
  /** Now, as the journal writes it. */
  time(): string
}

/** So often no other run draws the same ID. */
const mostDraws = 10

/** Opens the journal of a run. Nothing may be sent before. Throws VpcmdError where it can't be written. */
export async function openJournal(
  context: Context,
  cloud: Pick<Cloud, 'caller' | 'assumes'>,
  run: RunToOpen,
): Promise<OpenRunJournal> {
  const {env, now, random} = context.host
  const {command, selection, undoes, unread, failedBefore, changes, resumes} = run
  const [{newRunId}, {JournalFile}, {account, iamId}] = await Promise.all([
    import('../metadata/journal.ts'),
    import('../metadata/journal-file.ts'),
    cloud.caller(),
  ])
  context.rememberAccount(account)
  const folder = runsFolder(env)
  const time = () => new Date(now()).toISOString()
  if (resumes)
    return {id: resumes.id, journal: await JournalFile.resume(folder, resumes.id, resumes.bytes, time(), env), time}
  const ids = new Set(changes.flatMap(({target}) => target.account ?? []))
  const accounts = [...context.accountNames].flatMap(([id, name]) => (ids.has(id) ? [{id, name}] : []))
  const header = {
    command,
    account,
    ...(cloud.assumes !== undefined && {assumes: cloud.assumes}),
    iamId,
    vpcmd: context.version,
    startedAt: time(),
    selection,
    count: changes.length,
    ...(undoes !== undefined && {undoes}),
    ...(unread?.length && {unread}),
    ...(failedBefore && {failedBefore}),
    ...(accounts.length > 0 && {accounts}),
  }
  for (let draw = 1; ; draw++) {
    const id = newRunId(now(), random())
    try {
      return {id, journal: await JournalFile.begin(folder, {id, ...header}, changes, env), time}
    } catch (error) {
      // Another run that begins in the same millisecond may have drawn the same ID.
      if (draw === mostDraws || asVpcmdError(error).code !== 'run_at_work') throw error
    }
  }
}

/** What people call a run: the last four digits of its ID where that is enough. */
export async function runName(context: Context, id: string): Promise<string> {
  const {shortRunIds} = await import('../metadata/read-run.ts')
  return (await shortRunIds(runsFolder(context.env)))(id)
}

/** Writes how a run ended, `stop` where it did before it was through. Gives what is wrong with the journal, if anything. */
export function writeEnd({journal, time}: OpenRunJournal, stop: string | undefined): Promise<VpcmdError | undefined> {
  const reason = stop === 'interrupted' ? 'interrupted' : stop ? 'stopped' : 'done'
  // All is done and known: that the last line finds no room must not hide it.
  return journal.write({t: 'end', at: time(), reason}).then(() => undefined, asVpcmdError)
}

/** Sets the exit code of a run that ended before it was through. */
export function exitForStop(context: Context, stop: string | undefined): void {
  if (stop !== undefined) context.exitCode = stop === 'interrupted' ? context.host.interruptedCode() : exitCodes.failed
}
