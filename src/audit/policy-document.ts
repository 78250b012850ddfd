import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type {VpcmdError} from '../errors.ts'

/** Aliases are allowed for, one for each of many rules as well, but not those that multiply. */
const maxAliases = 10_000

export interface Problem {
  /** Where in the text, in characters. */
  at: number
  message: string
}

/** What a document says, with its aliases replaced. Throws what `fail` makes of keys that are no text or there twice, and of aliases that lead nowhere or multiply. */
export function toPlain(document: Document, fail: (problems: Problem[]) => VpcmdError): unknown {
  const problems: Problem[] = []
  let firstAlias: number | undefined
  const anchors = new Map<string, Scalar | YAMLMap | YAMLSeq>()
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      if (isMap(node)) problems.push(...doubleKeys(node))
    },
    Alias(_key, alias) {
      firstAlias ??= alias.range?.[0]
      const target = anchors.get(alias.source)
      if (target) pointTo(alias, target)
      else problems.push({at: alias.range?.[0] ?? 0, message: `there is no anchor &${alias.source} before this alias`})
    },
    Pair(_key, {key}) {
      // Keys that are there twice are not looked for behind an alias.
      if (isMap(key) || isSeq(key) || isAlias(key))
        problems.push({at: startOf(key) ?? 0, message: 'a key must be text'})
    },
  })
  if (problems.length > 0) throw fail(problems)
  try {
    return document.toJS({maxAliasCount: maxAliases})
  } catch (error) {
    // How yaml says that aliases multiply.
    if (error instanceof ReferenceError)
      throw fail([{at: firstAlias ?? 0, message: 'aliases are used too much, or in a circle'}])
    throw error
  }
}

/** By itself an alias looks through all that the document has, each time, before it counts how much aliases multiply. */
function pointTo(alias: Alias, target: Scalar | YAMLMap | YAMLSeq): void {
  const resolve = alias.resolve.bind(alias)
  alias.resolve = (document, context) => {
    if (context === undefined) return target
    context.aliasResolveCache = [target]
    return resolve(document, context)
  }
}

function doubleKeys({items}: YAMLMap): Problem[] {
  const seen = new Set<unknown>()
  return items.flatMap(({key}) => {
    if (!isScalar(key)) return []
    if (!seen.has(key.value)) {
      seen.add(key.value)
      return []
    }
    return [{at: startOf(key) ?? 0, message: 'map keys must be unique'}]
  })
}

/** Where a node begins, in characters of the text. */
export function startOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined
}
