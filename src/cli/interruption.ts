import {exitCodes, VpcmdError} from '../errors.ts'
import type {Context} from './context.ts'

/**
 * Runs something that costs money and must not be left half done. An interruption ends vpcmd only after the result is
 * printed; `told` words the result.
 */
export async function unbroken<T>(
  context: Context,
  make: (ending: AbortSignal) => Promise<T>,
  told: (made: T) => string,
): Promise<T> {
  const interruption = new AbortController()
  const dispose = listenForInterruption(context, interruption)
  try {
    const made = await make(interruption.signal)
    context.note(told(made))
    if (interruption.signal.aborted) throw interrupted()
    return made
  } finally {
    dispose()
  }
}

/**
 * On Ctrl-C nothing new is sent, and what is under way is awaited and recorded; the second one ends it at once. `run`:
 * the ID of what can be finished later.
 */
export function listenForInterruption(context: Context, interruption: AbortController, run?: string): () => void {
  const dispose = context.host.onEnding(() => {
    interruption.abort()
    dispose()
    context.note('Interrupted: waiting for what is in progress. Press Ctrl-C again to stop at once.')
    if (run !== undefined) context.note(`To finish it later: vpcmd metadata resume ${run}`)
  })
  // A prompt can be what is interrupted: the next signal is the second one then, too.
  interruption.signal.addEventListener('abort', dispose, {once: true})
  return dispose
}

function interrupted(): VpcmdError {
  return new VpcmdError({
    code: 'interrupted',
    message: 'Interrupted: nothing more was done.',
    exitCode: exitCodes.interrupted,
  })
}
