import {processWide} from './process-wide.ts'

/** The signals that ask a process to end, and their numbers, which are the same on every system. */
const numbers = {SIGHUP: 1, SIGINT: 2, SIGTERM: 15} as const

export type EndingSignal = keyof typeof numbers

const endings: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

interface Heard {
  isListening: boolean
  /** The last one has the say. */
  handlers: ((signal: EndingSignal) => void)[]
  last: EndingSignal | undefined
}

const heard = processWide<Heard>('signals', () => ({isListening: false, handlers: [], last: undefined}))

/**
 * Listens for the signals that ask vpcmd to end, from now on and for good: process 1 of a container would not hear them
 * otherwise. Where nothing has registered with `onEnding`, one ends the process at once.
 */
export function hearSignals(): void {
  if (heard.isListening) return
  heard.isListening = true
  for (const signal of endings) {
    process.on(signal, () => {
      heard.last = signal
      const handler = heard.handlers[heard.handlers.length - 1]
      if (handler === undefined) process.exit(128 + numbers[signal])
      else handler(signal)
    })
  }
}

/** Lets `handler` decide what a signal does, in place of whoever decided before, until the function that is returned is called. */
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
