import {ApiError, notSimulated} from '../core/api-error.ts'
import {isSearchField, type SearchField} from './resources.ts'

/** Whether something fits, whose values `valuesOf` gives. */
type Query = (valuesOf: (field: SearchField) => readonly string[]) => boolean

/** 501 for what Lucene has and the sandbox does not: an empty list would say that there is nothing. */
const unknown = (what: string) => notSimulated(`${what} in a query`)

/** 400 for what is no query. Code and message are the sandbox's: no source shows IBM's. */
const malformed = (what: string) =>
  new ApiError(400, 'invalid_query', `The query is not valid: ${what}.`, {name: 'query', type: 'field'})

/** The operators, and what stands for each. */
const operators = {'&&': 'AND', '||': 'OR', AND: 'AND', OR: 'OR'} as const

// What begins something else than a word, and what ends a word or a quotation as something else.
const unlikeTerms: Record<string, string> = {'/': 'regular expressions', '[': 'ranges', '{': 'ranges'}
const beforeTerms = {...unlikeTerms, '+': 'a + before a term', '-': 'a - before a term', '!': 'a ! before a term'}
const behindTerms = {...unlikeTerms, ']': 'ranges', '}': 'ranges', '^': 'a boost', '~': 'an inexact match'}

/**
 * Reads a query in the part of Lucene's syntax that the sandbox knows: `field:value`, `field:"value"`, `field:value*`,
 * `field:*`, `field:(…)`, AND, OR, NOT, parentheses, and `*` for all. Values are compared as a whole and without case.
 * Throws 501 for the rest of Lucene, and for what Lucene reads otherwise than it looks; 400 for what is no query.
 */
export function parseQuery(text: string): Query {
  let at = 0
  const next = () => text[at] ?? ''
  /** Takes what a sticky pattern finds here, if it does. */
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const [found] = pattern.exec(text) ?? []
    at += found?.length ?? 0
    return found
  }
  const refuse = (unlike: Record<string, string>) => {
    const what = unlike[next()]
    if (what !== undefined) throw unknown(what)
  }

  /** Terms with operators between them, up to the end or a closing parenthesis. */
  const expression = (field?: SearchField): Query => {
    const terms = [term(field)]
    const used = new Set<string>()
    for (take(/\s*/y); next() !== '' && next() !== ')'; take(/\s*/y)) {
      const operator = take(/&&|\|\||(AND|OR)(?=[\s(]|$)/y)
      // Lucene's own default is OR; no source says which one IBM has set.
      if (operator === undefined) throw unknown('terms without AND or OR between them')
      used.add(operators[operator as keyof typeof operators])
      terms.push(term(field))
    }
    // Lucene has no precedence: `a OR b AND c` is not what it looks like (org.apache.lucene.queryparser.classic).
    if (used.size > 1) throw unknown('AND beside OR without parentheses')
    if (used.has('OR') && terms.some(each => each.isNegated)) throw unknown('NOT beside OR without parentheses')
    return valuesOf => {
      const fits = ({isNegated, query}: (typeof terms)[number]) => query(valuesOf) !== isNegated
      return used.has('OR') ? terms.some(fits) : terms.every(fits)
    }
  }

  const term = (field?: SearchField) => {
    take(/\s*/y)
    const isNegated = take(/NOT(?=[\s(])/y) !== undefined
    return {isNegated, query: operand(field)}
  }

  const operand = (field?: SearchField): Query => {
    take(/\s*/y)
    if (next() === '') throw malformed('a term is missing at its end')
    if (take(/\(/y)) {
      const query = expression(field)
      if (!take(/\)/y)) throw malformed('a ( has no )')
      return query
    }
    if (next() === '"') return matching(field, quoted(), false)
    refuse(beforeTerms)
    const {word, isPrefix} = takeWord()
    const isEach = word === '' && isPrefix
    if (!take(/:/y)) return isEach && !field ? () => true : matching(field, word, isPrefix)
    if (field !== undefined) throw malformed('a value holds a colon: quote it')
    if (isEach && takeWord().isPrefix) return () => true
    if (isPrefix || !isSearchField(word)) throw unknown(`the field ${word}${isPrefix ? '*' : ''}`)
    return operand(word)
  }

  const quoted = (): string => {
    const found = take(/"(\\.|[^"\\])*"/sy)
    if (found === undefined) throw malformed('a " has no other')
    const value = found.slice(1, -1).replaceAll(/\\(.)/gs, '$1')
    // Lucene takes it for itself there, which nobody means.
    if (value.includes('*')) throw unknown('a * within quotes')
    refuse(behindTerms)
    return value
  }

  /** A word with its escapes taken away, and whether it ends in a `*` that is not escaped. */
  const takeWord = () => {
    const word = take(/(\\.?|[^\s():"?*^~[\]{}/\\])*/sy)?.replaceAll(/\\(.?)/gs, '$1') ?? ''
    const isPrefix = take(/\*/y) !== undefined
    if (next() === '?' || (isPrefix && !/^$|[\s():"]/.test(next()))) {
      throw unknown('a wildcard but at the end of a value')
    }
    refuse(behindTerms)
    if (word === '' && !isPrefix) throw malformed('a term is missing')
    if (Object.hasOwn(operators, word)) throw malformed(`${word} has no term before it`)
    return {word, isPrefix}
  }

  const whole = expression()
  if (at < text.length) throw malformed('a ) has no (')
  return whole
}

function matching(field: SearchField | undefined, text: string, isPrefix: boolean): Query {
  if (field === undefined) throw unknown('a value without a field')
  const sought = text.toLowerCase()
  return valuesOf =>
    valuesOf(field).some(value => {
      const found = value.toLowerCase()
      return isPrefix ? found.startsWith(sought) : found === sought
    })
}
