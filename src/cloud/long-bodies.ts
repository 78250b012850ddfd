// A page of 100 instances is about 1 MB of text, and its objects are several times that. So the bodies of answers are read one
// after the other, and are not held any longer than they are needed. State of the process, as its thread is.

let lastTurn = Promise.resolve()
let lastTaken = Promise.resolve()

/**
 * Waits for the turn to read a long body. There is one in each turn of the event loop: what has come of others meanwhile is
 * taken from their connections, which would stand still as soon as they are full.
 */
export function turnToRead(): Promise<void> {
  lastTurn = lastTurn.then(async () => {
    await new Promise(resolve => setImmediate(resolve))
    await lastTaken
  })
  return lastTurn
}

/**
 * Has no long body read until `taking` has ended, however it ends: before a slow reader, bodies wait as they came. What
 * `taking` stands for must not wait for an answer itself.
 */
export function readAfter(taking: Promise<unknown>): void {
  const end = () => {}
  const ended = taking.then(end, end)
  lastTaken = lastTaken.then(() => ended)
}

/**
 * Takes a part out of what holds it, where `rest` stays. A promise that was waited for is among V8's old objects when it
 * resolves, and keeps what it resolved to until all of them are collected, although nobody needs it any more: a body with
 * it would be copied there, too. An array is emptied by `splice(0)` for the same reason.
 */
export function takeOut<Whole extends object, Name extends keyof Whole>(
  whole: Whole,
  name: Name,
  rest: Whole[Name],
): Whole[Name] {
  const part = whole[name]
  whole[name] = rest
  return part
}
