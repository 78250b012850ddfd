// What the system takes this process for. No host hands it in: it is the same for all that runs in the process.

/** The ID of this process. */
export const ownPid = process.pid

/** The ID of the user who runs it; undefined on Windows, which has none. */
export function ownUid(): number | undefined {
  return process.getuid?.()
}

/** The ID of the user as whom it opens files, likewise. */
export function effectiveUid(): number | undefined {
  return process.geteuid?.()
}

/** Whether there is a process of this ID, whoever's it is. */
export function isProcess(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
