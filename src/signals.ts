import {processWide} from './process-wide.ts'

/** The signals that ask a process to end, and their numbers, which are the same on every system. */
const numbers = {SIGHUP: 1, SIGINT: 2, SIGTERM: 15} as const

export type EndingSignal = keyof typeof numbers

const endings: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

interface Heard {
  listeners: Map<EndingSignal, () => void>
  /** The last one has the say. */
  handlers: ((signal: EndingSignal) => void)[]
  last: EndingSignal | undefined
}

const heard = processWide<Heard>('signals', () => ({
  listeners: new Map(),
  handlers: [],
  last: undefined,
}))

/**
 * Listens for the signals that ask vpcmd to end, from now on: process 1 of a container would not hear them
 * otherwise. Where nothing has registered with `onEnding`, one ends the process at once.
 */
export function hearSignals(): void {
  for (const signal of endings) {
    if (heard.listeners.has(signal)) continue
    const listener = () => {
      heard.last = signal
      const handler = heard.handlers[heard.handlers.length - 1]
      if (handler === undefined) process.exit(128 + numbers[signal])
      else handler(signal)
    }
    heard.listeners.set(signal, listener)
    process.on(signal, listener)
  }
}

/** Whether this is the first process of a container, which the system spares the signals that it does not listen to. */
export const isFirstProcess = process.pid === 1

/** Leaves them to the system, which ends any process but the first whatever it waits for. */
export function leaveSignals(): void {
  for (const [signal, listener] of heard.listeners) process.off(signal, listener)
  heard.listeners.clear()
}

/** Lets `handler` decide what a signal does, in place of the one before, until the returned function is called. */
export function onEnding(handler: (signal: EndingSignal) => void): () => void {
  hearSignals()
  heard.handlers.push(handler)
  return () => {
    const index = heard.handlers.lastIndexOf(handler)
    if (index >= 0) heard.handlers.splice(index, 1)
  }
}

/** The exit code of what was interrupted: 130, or what the signal that came stands for. */
export function interruptedCode(): number {
  return 128 + numbers[heard.last === undefined ? 'SIGINT' : heard.last]
}

/** Calls a handler when the shell continues vpcmd after a stop, until the function that is returned is called. */
export const onContinue = listening('SIGCONT')

/** Calls a handler when vpcmd exits, likewise. It has no time to wait for anything. */
export const onExit = listening('exit')

/** Calls a handler before Ctrl-Z stops vpcmd, likewise. */
export const onStop = listening('SIGTSTP', stopAsUsual)

/** Stops vpcmd and the other processes of its job, as the terminal does on Ctrl-Z: the shell waits for each process of a pipe. */
export function stopJob(): void {
  process.kill(0, 'SIGTSTP')
}

/** What the system does where nobody listens: it stops vpcmd, unless no shell could bring it back. */
function stopAsUsual(listener: () => void): void {
  process.off('SIGTSTP', listener)
  process.kill(process.pid, 'SIGTSTP')
  process.on('SIGTSTP', listener)
}

/** One listener on the process for any number of handlers: Node warns of more than ten. `afterwards` gets the listener. */
function listening(
  event: 'SIGCONT' | 'SIGTSTP' | 'exit',
  afterwards: (listener: () => void) => void = () => {},
): (handler: () => void) => () => void {
  const handlers = new Set<() => void>()
  const callAll = () => {
    for (const handler of Array.from(handlers)) handler()
    afterwards(callAll)
  }
  return handler => {
    if (handlers.size === 0) process.on(event, callAll)
    handlers.add(handler)
    return () => {
      handlers.delete(handler)
      if (handlers.size === 0) process.off(event, callAll)
    }
  }
}
