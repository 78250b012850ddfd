import {link, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'

/**
 * Makes this process the only one at a run, and gives the lock's file. A lock whose process was killed is taken over.
 * Throws VpcmdError where a process is at the run, and what the file system throws.
 */
export async function takeLock(folder: string, id: string): Promise<string> {
  const file = lockFile(folder, id)
  const draft = `${file}.${process.pid}`
  for (let tries = 1; ; tries++) {
    try {
      // Linked when it is whole: whoever finds a lock finds a process in it.
      await writeFile(draft, await signOf(process.pid), {mode: 0o600})
      await link(draft, file).finally(() => rm(draft, {force: true}))
      return file
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const sign = await readSign(file)
      if (tries > 3 || (await isAlive(sign))) throw atWork(id, sign)
      await removeDead(file, draft, id)
    }
  }
}

/** Lets others at the run. */
export async function releaseLock(file: string): Promise<void> {
  await rm(file, {force: true})
}

/** Whether a process of this machine is at the run. */
export async function isAtWork(folder: string, id: string): Promise<boolean> {
  return isAlive(await readSign(lockFile(folder, id)))
}

function lockFile(folder: string, id: string): string {
  return join(folder, `${id}.lock`)
}

/** Moved aside before it is removed: another process may have taken it over in between, and gets it back. */
async function removeDead(file: string, aside: string, id: string): Promise<void> {
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const sign = await readSign(aside)
  const isTaken = await isAlive(sign)
  if (isTaken) await link(aside, file).catch(() => undefined)
  await rm(aside, {force: true})
  if (isTaken) throw atWork(id, sign)
}

async function readSign(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

/**
 * What tells a process from all others: its ID, and when it began where Linux tells that. IDs are given again, after a
 * restart and above all in containers, where the next process has the same one.
 */
async function signOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The fields after the name, which may hold spaces and brackets: the start time is the 22nd of all (proc_pid_stat(5)).
  const began = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .at(19)
  return began ? `${pid} ${began}` : String(pid)
}

async function isAlive(sign: string): Promise<boolean> {
  const pid = Number(/^\d+/.exec(sign)?.[0])
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = await signOf(pid)
  // Without start times, a lock of our own ID that is already there is of one before us.
  return sign === now && (sign.includes(' ') || pid !== process.pid)
}

function atWork(id: string, sign: string): VpcmdError {
  return new VpcmdError({
    code: 'run_at_work',
    message: `Run ${id} is being worked on by process ${sign.replace(/ .*/, '')}.`,
    hint: 'Wait until it has ended, or stop it with Ctrl-C there.',
  })
}
