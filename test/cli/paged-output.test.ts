import {expect, it} from 'vitest'
import {PagedOutput, ReaderGone} from '../../src/cli/paged-output.ts'

type Done = (error?: Error | null) => void

/** A stdout of which a test says when what was written is taken, and how many bytes wait. */
function slowOutput(writableLength?: number) {
  const taken: Done[] = []
  const stdout = {
    ...(writableLength !== undefined && {writableLength}),
    write: (_: string | Uint8Array, done: Done = () => undefined) => taken.push(done),
  }
  const host = {stdout, env: {}, openPager: undefined, onEnding: () => () => {}, interruptedCode: () => 130, exit}
  return {output: new PagedOutput(host), taken}
}

function exit(): never {
  throw new Error('nothing ends the process here')
}

/** Whether a promise is settled by the next turn of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise(resolve => setImmediate(() => resolve('later')))
  return (await Promise.race([promise.catch(() => undefined), later])) !== 'later'
}

it('lets the next part be made while little waits to be taken', async () => {
  const {output, taken} = slowOutput(2 ** 20)
  expect(await isSettled(output.printed('a'))).toBe(true)
  expect(taken).toHaveLength(1)
})

it.each([
  ['much waits', 2 ** 20 + 1],
  ['nothing says how much waits', undefined],
])('waits until a part is taken where %s', async (_, length) => {
  const {output, taken} = slowOutput(length)
  const printing = output.printed('a')
  expect(await isSettled(printing)).toBe(false)
  taken[0]?.()
  await printing
})

it('tells with the next part that the reader has left', async () => {
  const {output, taken} = slowOutput(0)
  await output.printed('a')
  taken[0]?.(new Error('EPIPE'))
  await expect(output.printed('b')).rejects.toThrow(ReaderGone)
})

it('tells at once that the reader has left where it waits', async () => {
  const {output, taken} = slowOutput()
  const printing = output.printed('a')
  taken[0]?.(new Error('EPIPE'))
  await expect(printing).rejects.toThrow(ReaderGone)
})
