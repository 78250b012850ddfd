// What the sandbox takes of the process that it runs in, and nothing else of it does: a library is handed no host.

/** The environment of the process. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return process.env
}

/** Calls a handler when the process exits, whatever ends it, until the function that is returned is called. */
export function onExit(handler: () => void): () => void {
  process.once('exit', handler)
  return () => process.off('exit', handler)
}

/** Signals all of a process group. Throws what the system throws where it has ended. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  process.kill(-group, signal)
}
