import {readFile, readlink} from 'node:fs/promises'
import {hostname} from 'node:os'
import {isProcess, ownPid} from './machine.ts'

/**
 * What tells a process from all others that may see a file of it. IDs are given again, and containers and hosts that share
 * a folder have the same ones. What the system does not tell is empty: only Linux has `boot`, `pids` and `began`.
 */
export interface LockOwner {
  pid: number
  /** When it began, in ticks since the start of the system (proc_pid_stat(5)). */
  began: string
  host: string
  /** The ID of the system's start. */
  boot: string
  /** Its PID namespace: the same number in two of them is two processes. */
  pids: string
}

let own: Promise<LockOwner> | undefined

/** This process, as it signs its locks. */
export function thisProcess(): Promise<LockOwner> {
  own ??= readOwn()
  return own
}

async function readOwn(): Promise<LockOwner> {
  const [boot, pids, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    statOf('self'),
  ])
  return {pid: ownPid, began: stat?.began ?? '', host: hostname(), boot: boot.trim(), pids}
}

/** Whether the process of an owner can be looked for here: its ID means that process on this very system only. */
export async function isOfHere({host, boot, pids}: LockOwner): Promise<boolean> {
  const here = await thisProcess()
  return host === here.host && boot === here.boot && pids === here.pids
}

/** Whether a process of here runs. Where the system does not tell when processes began, one with its ID is taken for it. */
export async function isRunning({pid, began}: LockOwner): Promise<boolean> {
  if (!isProcess(pid)) return false
  const here = await thisProcess()
  if (pid === ownPid) return began !== '' && began === here.began
  if (began === '' || !(await isOwnProc())) return true
  const now = await statOf(String(pid))
  // It ended just now, or /proc hides the processes of others (hidepid).
  if (!now) return isProcess(pid)
  // A zombie has ended: nobody has asked for its exit code, as in a container whose first process is no init.
  return now.began === began && now.state !== 'Z' && now.state !== 'X'
}

/** Whether /proc has the processes of our own namespace: one that was not mounted anew shows those outside. */
async function isOwnProc(): Promise<boolean> {
  return (await readlink('/proc/self').catch(() => '')) === String(ownPid)
}

async function statOf(pid: string): Promise<{state: string; began: string} | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // What follows the name, which may hold spaces and brackets: the state is the 3rd field of all, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', began = ''] = [fields[0], fields[19]]
  return began === '' ? undefined : {state, began}
}
