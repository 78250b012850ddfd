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
  screen: Marked,
  choose: () => Promise<{chosen: T; hasAsked: boolean}>,
  act: (chosen: T) => Promise<void>,
): Promise<void> {
  let actOnIt = async () => {}
  await inSteps(screen, [
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

/** What questions are asked on: it remembers where something began. */
export interface Marked {
  /** Gives how to erase what is written from now on, as far as it can be. */
  mark(): () => void
}

/**
 * Does one step after another. Esc at one goes back to the last one before it that asked, and erases what was written since;
 * at the first question it leaves.
 */
export async function inSteps(screen: Marked, steps: readonly Step[]): Promise<void> {
  const asked: {at: number; erase: () => void}[] = []
  for (let at = 0; at < steps.length; ) {
    const erase = screen.mark()
    try {
      if (await steps[at]?.()) asked.push({at, erase})
      at += 1
    } catch (error) {
      const before = error instanceof StepBack ? asked.pop() : undefined
      if (before === undefined) throw error
      before.erase()
      at = before.at
    }
  }
}
