import {interrupted} from './steps.ts'
import {inputEndings, type Streams} from './suspendable.ts'

/** So long it takes a terminal at most to hand over what it holds, in milliseconds. */
const handingOverMs = 30

/**
 * Throws away what was typed before a question stood there: a yes would be one to what nobody has read yet. Ctrl-C among it,
 * and the end of the input, are what they always are: the error `interrupted`.
 */
export async function dropTypedAhead({input}: Streams): Promise<void> {
  let isLeft = false
  const drop = (typed: Buffer | string) => {
    isLeft ||= typed.includes('\x03')
  }
  const leave = () => {
    isLeft = true
  }
  // Until it is raw, a line that is not finished is the terminal's own.
  input.setRawMode?.(true)
  input.on('data', drop)
  for (const ending of inputEndings) input.on(ending, leave)
  await new Promise(resolve => setTimeout(resolve, handingOverMs))
  input.off('data', drop)
  for (const ending of inputEndings) input.off(ending, leave)
  input.pause()
  input.setRawMode?.(false)
  if (isLeft) throw interrupted()
}
