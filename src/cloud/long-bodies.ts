import {isRecord, parsedJson} from '../json-object.ts'

// A page of 100 instances is about 1 MB of text, and its objects are several times that. So the bodies of answers are read one
// after the other, and are not held any longer than they are needed. State of the process, as its thread is.

/** From so many bytes on, a body waits for its turn to be read, and is read in parts. */
const longBody = 100_000

// Memory that is new costs more than what is done with it, where the system gives it page by page: one place for all bodies,
// and a text for each row of a list, which V8 takes from where the last ones were.
let place = Buffer.alloc(0)
const largestPlace = 2 * 2 ** 20

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

/** Whether a body, in the pieces in which it came, waits for its turn to be read. */
export function isLong(pieces: readonly Buffer[]): boolean {
  return lengthOf(pieces) > longBody
}

/** A body of which the pieces came one after the other. It is there until the next one is put together. */
export function together(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  if (first && pieces.length === 1) return first
  const length = lengthOf(pieces)
  if (length > largestPlace) return Buffer.concat(pieces)
  if (place.length < length) place = Buffer.allocUnsafeSlow(Math.min(2 * length, largestPlace))
  let end = 0
  for (const piece of pieces) end += piece.copy(place, end)
  return place.subarray(0, length)
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, {length}) => sum + length, 0)
}

/** The text of a body, without the mark that some begin with. */
export function textIn(body: Buffer): string {
  return body.toString('utf8').replace(/^\uFEFF/, '')
}

/** What JSON.parse makes of a body; undefined where it is no JSON. */
export function jsonIn(body: Buffer): unknown {
  return (body.length > longBody ? longListIn(body) : undefined) ?? parsedJson(textIn(body))
}

// Nobody can know it, so no body has it.
const placeholder = `vpcmd: the rows ${Math.random()}`

/**
 * An object with a long list, read a row at a time; undefined for anything else, such as what is no JSON. The rows are taken
 * to begin alike, as they do in IBM's answers. Where they don't, or the same stands within one, a part is no JSON, or has
 * several of them: parts that are each JSON, as is the rest with one value in their place, are so together, and nothing else.
 */
function longListIn(body: Buffer): Record<string, unknown> | undefined {
  const first = body.indexOf('[{')
  const last = body.lastIndexOf('}]')
  if (first < 0 || last < first) return undefined
  const text = (from: number, to?: number) => body.toString('utf8', from, to)
  const whole = parsedJson(`${text(0, first)}"${placeholder}"${text(last + 2)}`)
  if (!isRecord(whole)) return undefined
  const [key, ...others] = Object.keys(whole).filter(name => whole[name] === placeholder)
  if (key === undefined || others.length > 0) return undefined
  const between = Buffer.from(`},${text(first + 1, body.indexOf(':', first))}`)
  const rows: unknown[] = []
  for (let start = first + 1; start <= last; ) {
    const found = body.indexOf(between, start)
    const end = found < 0 || found > last ? last + 1 : found + 1
    const part = parsedJson(`[${text(start, end)}]`)
    if (!Array.isArray(part)) return undefined
    for (const row of part) rows.push(row)
    start = end + 1
  }
  whole[key] = rows
  return whole
}
