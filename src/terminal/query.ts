import {compile, TreeInterpreter, tokenize} from '@jmespath-community/jmespath'
import {usageError, VpcmdError} from '../errors.ts'
import {upperLevels} from '../safe-json.ts'
import {lowerFirst} from './text.ts'

type Node = ReturnType<typeof compile>
type Json = Parameters<typeof TreeInterpreter.search>[1]

// As AWS's CLI reads them: `running` stands for "running" (JMESPath's specification, before JEP-12).
const reading = {enable_legacy_literals: true}

/** As many values, and characters in them, as fifty thousand instances have: their JSON is about as long as a text of Node's can be. */
const most = {values: 10_000_000, characters: 200_000_000}

/** Longer ones would nest deeper than the stack. */
const longest = 2000

/**
 * A JMESPath expression as a function of what -o json prints. Throws a usage error, exit 2, that says where the expression
 * is wrong. The function throws a VpcmdError, exit 1, for data that a function in the expression does not take.
 */
export function compileQuery(expression: string): (value: unknown) => unknown {
  if (expression.length > longest) throw usageError(`--query takes at most ${longest} characters.`)
  const tree = treeOf(expression)
  return value => {
    try {
      const found: unknown = TreeInterpreter.search(tree, upperLevels(value ?? null) as Json)
      checkSize(found)
      // What an object has by nature, such as toString, is no member of JSON.
      return typeof found === 'function' ? null : (found ?? null)
    } catch (error) {
      throw error instanceof VpcmdError ? error : queryFailed(reasonIn(error))
    }
  }
}

/** Where what a query finds is more than can be printed. */
export function tooMuchFound(): VpcmdError {
  return queryFailed('it finds too much to be printed')
}

function queryFailed(why: string): VpcmdError {
  return new VpcmdError({
    code: 'query_failed',
    message: `--query does not fit what there is: ${why}.`,
    hint: 'Look at it first: -o json.',
  })
}

/**
 * A few words can double what they find again and again. It would take all memory, and hide what was done before. What is
 * doubled is the same thing in two places, so each is looked at once.
 */
function checkSize(found: unknown): void {
  const sizes = new Map<object, Size>()
  const sizeOf = (value: unknown): Size => {
    if (typeof value === 'string') return {values: 1, characters: value.length}
    if (typeof value !== 'object' || value === null) return {values: 1, characters: 0}
    const known = sizes.get(value)
    if (known) return known
    const size = {values: 1, characters: 0}
    for (const each of Object.values(value)) {
      const {values, characters} = sizeOf(each)
      size.values += values
      size.characters += characters
    }
    sizes.set(value, size)
    return size
  }
  const {values, characters} = sizeOf(found)
  if (values > most.values || characters > most.characters) throw tooMuchFound()
}

interface Size {
  values: number
  characters: number
}

function treeOf(expression: string): Node {
  let tree: Node
  try {
    tree = compile(expression, reading)
  } catch (error) {
    if (error instanceof RangeError) throw wrong('it is nested too deeply')
    throw unexpected(expression, placeOfError(expression))
  }
  if (endsWithinQuotes(expression)) throw unexpected(expression, expression.length)
  for (const call of callsIn(tree)) checkCall(call, expression)
  return tree
}

/** The library takes a text in single quotes that never ends for one that does. */
function endsWithinQuotes(expression: string): boolean {
  const start = tokenize(expression, reading).at(-1)?.start ?? 0
  return expression[start] === "'" && !/^'(?:\\.|[^'\\])*'\s*$/s.test(expression.slice(start))
}

interface Call {
  type: 'Function'
  name: string
  children: unknown[]
}

function callsIn(node: unknown): Call[] {
  if (typeof node !== 'object' || node === null) return []
  const within = Object.values(node).flatMap(callsIn)
  return 'type' in node && node.type === 'Function' ? [node as Call, ...within] : within
}

/** The library looks at calls only when it makes them, and that may be after servers were changed: each is tried on nulls. */
function checkCall(call: Call, expression: string): void {
  const nothing = call.children.map(() => ({type: 'Literal', value: null}))
  try {
    TreeInterpreter.search({...call, children: nothing} as Node, null)
  } catch (error) {
    const why = reasonIn(error)
    if (!/^Unknown function|takes .*argument/.test(why)) return
    const place = expression.search(new RegExp(`\\b${call.name}\\s*\\(`))
    throw wrong(`${lowerFirst(why)} at character ${place + 1}`)
  }
}

/** Where the first character stands that can't follow those before it; the end, where something is missing there. */
function placeOfError(expression: string): number {
  const isBegun = (length: number) => {
    try {
      compile(expression.slice(0, length), reading)
      return true
    } catch (error) {
      return /EOF|unexpected end of JSON|unterminated/i.test(reasonIn(error))
    }
  }
  const starts = startsOf(expression)
  // Once a token is wrong, nothing after it makes the expression right.
  let [right, wrongAt] = [0, starts.length]
  while (right < wrongAt) {
    const middle = (right + wrongAt) >> 1
    if (isBegun(starts[middle + 1] ?? expression.length)) right = middle + 1
    else wrongAt = middle
  }
  return starts[right] ?? expression.length
}

/** Where the tokens begin; where a character is in none, each character is taken for one. */
function startsOf(expression: string): number[] {
  try {
    return tokenize(expression, reading).map(({start}) => start)
  } catch {
    return Array.from({length: expression.length}, (_, at) => at)
  }
}

function unexpected(expression: string, place: number): VpcmdError {
  const rest = expression.slice(place, place + 20)
  return wrong(rest === '' ? 'it ends too early' : `unexpected ${rest} at character ${place + 1}`)
}

function wrong(why: string): VpcmdError {
  return usageError(
    `--query is no JMESPath expression: ${why}.`,
    "It takes such as '[].id', or \"[?status=='running'].name\": see https://jmespath.org/tutorial.html",
  )
}

function reasonIn(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply'
  return error instanceof Error ? error.message.replace(/^Invalid (type|arity): |[.\s]+$/g, '') : String(error)
}
