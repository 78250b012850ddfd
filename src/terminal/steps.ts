import {exitCodes, VpcmdError} from '../errors.ts'

/** How a question is left, by whatever key: exit 130 for whoever does not catch it. */
export function interrupted(): VpcmdError {
  return new VpcmdError(leaving)
}

const leaving = {
  code: 'interrupted',
  message: 'Interrupted: nothing was sent.',
  exitCode: exitCodes.interrupted,
}

/** Esc: back to the question before, and the same as `interrupted` where there is none. */
export class StepBack extends VpcmdError {
  constructor() {
    super(leaving)
  }
}

/** Something to do, with a question or none: true where it has asked. */
export type Step = () => Promise<boolean>

/** Acts on what was chosen, by a question or without one. Esc while acting asks again, where there was a question. */
export async function chooseThen<T>(
  choose: () => Promise<{chosen: T; hasAsked: boolean}>,
  act: (chosen: T) => Promise<void>,
): Promise<void> {
  let actOnIt = async () => {}
  await inSteps([
    async () => {
      const {chosen, hasAsked} = await choose()
      actOnIt = () => act(chosen)
      return hasAsked
    },
    async () => {
      await actOnIt()
      return true
    },
  ])
}

/** Does one step after another. Esc at one goes back to the last one before it that asked; at the first question it leaves. */
export async function inSteps(steps: readonly Step[]): Promise<void> {
  const asked: number[] = []
  for (let at = 0; at < steps.length; ) {
    try {
      if (await steps[at]?.()) asked.push(at)
      at += 1
    } catch (error) {
      const before = error instanceof StepBack ? asked.pop() : undefined
      if (before === undefined) throw error
      at = before
    }
  }
}
