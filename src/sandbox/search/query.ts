import {ApiError} from '../core/api-error.ts'

/** The fields that a search knows: those of IBM/platform-services-node-sdk global-search/v2.ts, and the tags (ibm-cloud-docs/account tagging_resources.md). */
export const searchFields = [
  'account_id',
  'access_tags',
  'crn',
  'family',
  'name',
  'region',
  'service_tags',
  'tags',
  'type',
] as const

export type SearchField = (typeof searchFields)[number]

export function isSearchField(text: string): text is SearchField {
  return searchFields.some(each => each === text)
}

/** Whether something fits, whose values `valuesOf` gives. */
export type Query = (valuesOf: (field: SearchField) => readonly string[]) => boolean

/** 501 for what Lucene has and the sandbox does not: an empty list would say that there is nothing. */
function notSimulated(what: string): ApiError {
  return new ApiError(501, 'not_implemented', `The sandbox does not simulate ${what} in a query.`)
}

/** 400 for what is no query. Code and message are the sandbox's: no source shows IBM's. */
function malformed(what: string): ApiError {
  return new ApiError(400, 'invalid_query', `The query is not valid: ${what}.`, {name: 'query', type: 'field'})
}

/** A word, with its escapes taken away. */
interface Word {
  text: string
  /** Ends in a `*` that is not escaped. */
  isPrefix: boolean
}

interface Term {
  isNegated: boolean
  fits: Query
}

/** The operators, and what stands for each. */
const operators = {'&&': 'AND', '||': 'OR', AND: 'AND', OR: 'OR'} as const

// What begins something else than a word, and what that is.
const others: Record<string, string> = {
  '+': 'a + before a term',
  '-': 'a - before a term',
  '!': 'a ! before a term',
  '[': 'ranges',
  '{': 'ranges',
  '/': 'regular expressions',
}

/**
 * Reads a query in the part of Lucene's syntax that the sandbox knows: `field:value`, `field:"value"`, `field:value*`,
 * `field:*`, `field:(…)`, AND, OR, NOT, parentheses, and `*` for all. Values are compared as a whole and without case.
 * Throws 501 for the rest of Lucene, and for what Lucene reads otherwise than it looks; 400 for what is no query.
 */
export function parseQuery(text: string): Query {
  return new QueryParser(text).parse()
}

class QueryParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Query {
    const query = this.#expression(undefined)
    if (!this.#isAtEnd()) throw malformed('a ) has no (')
    return query
  }

  /** Terms with operators between them, up to the end or a closing parenthesis. */
  #expression(field: SearchField | undefined): Query {
    const terms = [this.#term(field)]
    const used = new Set<string>()
    while (!this.#isAtEnd() && this.#next() !== ')') {
      const operator = this.#takeOperator()
      // Lucene takes OR for it, unless it is told otherwise; no source says what IBM tells it.
      if (operator === undefined) throw notSimulated('terms without AND or OR between them')
      used.add(operator)
      terms.push(this.#term(field))
    }
    // Lucene has no precedence: `a OR b AND c` is not what it looks like (org.apache.lucene.queryparser.classic).
    if (used.size > 1) throw notSimulated('AND beside OR without parentheses')
    if (used.has('OR') && terms.some(each => each.isNegated)) throw notSimulated('NOT beside OR without parentheses')
    const fits = ({isNegated, fits: query}: Term, valuesOf: Parameters<Query>[0]) => query(valuesOf) !== isNegated
    return used.has('OR')
      ? valuesOf => terms.some(each => fits(each, valuesOf))
      : valuesOf => terms.every(each => fits(each, valuesOf))
  }

  #term(field: SearchField | undefined): Term {
    this.#skipSpace()
    const isNegated = /^NOT(?=[\s(])/.test(this.#text.slice(this.#at, this.#at + 4))
    if (isNegated) this.#at += 3
    return {isNegated, fits: this.#operand(field)}
  }

  #operand(field: SearchField | undefined): Query {
    this.#skipSpace()
    const next = this.#next()
    if (next === undefined) throw malformed('a term is missing at its end')
    if (next === '(') return this.#inParentheses(field)
    if (next === '"') return matching(field, {text: this.#quoted(), isPrefix: false})
    const other = others[next]
    if (other !== undefined) throw notSimulated(other)
    const word = this.#word()
    const isEach = word.text === '' && word.isPrefix
    if (this.#next() !== ':') return isEach && !field ? () => true : matching(field, word)
    if (field !== undefined) throw malformed('a value holds a colon: quote it')
    this.#at++
    if (isEach && this.#word().isPrefix) return () => true
    if (word.isPrefix || !isSearchField(word.text))
      throw notSimulated(`the field ${word.text}${word.isPrefix ? '*' : ''}`)
    return this.#operand(word.text)
  }

  #inParentheses(field: SearchField | undefined): Query {
    this.#at++
    const query = this.#expression(field)
    if (this.#next() !== ')') throw malformed('a ( has no )')
    this.#at++
    return query
  }

  #quoted(): string {
    let text = ''
    for (this.#at++; this.#next() !== '"'; this.#at++) {
      if (this.#next() === '\\') this.#at++
      const character = this.#next()
      if (character === undefined) throw malformed('a " has no other')
      text += character
    }
    this.#at++
    // Lucene takes it for itself there, which nobody means.
    if (text.includes('*')) throw notSimulated('a * within quotes')
    return this.#ended(text)
  }

  #word(): Word {
    let text = ''
    let isPrefix = false
    for (; ; this.#at++) {
      const character = this.#next()
      if (character === undefined || /[\s():"]/.test(character)) break
      if (isPrefix || character === '?') throw notSimulated('a wildcard but at the end of a value')
      if (/[\^~[\]{}/]/.test(character)) return {text: this.#ended(text), isPrefix}
      if (character === '*') isPrefix = true
      else if (character === '\\') text += this.#text[++this.#at] ?? ''
      else text += character
    }
    if (text === '' && !isPrefix) throw malformed('a term is missing')
    if (Object.hasOwn(operators, text)) throw malformed(`${text} has no term before it`)
    return {text, isPrefix}
  }

  /** The text before this point, unless what follows makes something else of it. */
  #ended(text: string): string {
    const next = this.#next()
    if (next === '^') throw notSimulated('a boost')
    if (next === '~') throw notSimulated('an inexact match')
    if (next !== undefined && /[[\]{}/]/.test(next)) throw notSimulated(next === '/' ? 'regular expressions' : 'ranges')
    return text
  }

  #takeOperator(): 'AND' | 'OR' | undefined {
    this.#skipSpace()
    const [found] = /^(&&|\|\||(AND|OR)(?=[\s(]|$))/.exec(this.#text.slice(this.#at, this.#at + 4)) ?? []
    if (found === undefined) return undefined
    this.#at += found.length
    return operators[found as keyof typeof operators]
  }

  #next(): string | undefined {
    return this.#text[this.#at]
  }

  #isAtEnd(): boolean {
    this.#skipSpace()
    return this.#at >= this.#text.length
  }

  #skipSpace(): void {
    while (/\s/.test(this.#next() ?? '')) this.#at++
  }
}

function matching(field: SearchField | undefined, {text, isPrefix}: Word): Query {
  if (field === undefined) throw notSimulated('a value without a field')
  const sought = text.toLowerCase()
  return valuesOf =>
    valuesOf(field).some(value => {
      const found = value.toLowerCase()
      return isPrefix ? found.startsWith(sought) : found === sought
    })
}
