import {createHash} from 'node:crypto'
import {basename} from 'node:path'
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type {z} from 'zod'
import {usageError, type VpcmdError} from '../errors.ts'
import {decodeText} from '../files/read-input.ts'
import {settingList} from '../instances/settings.ts'
import {pathInWords} from '../json-lines.ts'
import {nearestName} from '../nearest-name.ts'
import type {Policy} from './policy.ts'
import {exemptionSchema, policySchema, requirementSchema, ruleSchema, selectorSchema} from './policy-schema.ts'

/** A larger policy is not read. */
export const maxPolicyBytes = 1_000_000
const tooDeep = 'the policy is nested too deeply'

type Path = readonly PropertyKey[]

interface Problem {
  /** Where in the text, in characters. */
  at: number
  message: string
}

/**
 * Reads a policy from its bytes or its text; `file` is what errors call it. Throws a usage error, exit 2, that names file,
 * line and column of what is wrong with it.
 */
export function parsePolicy(source: Uint8Array | string, file: string): Policy {
  const text = typeof source === 'string' ? source : decodeText(source, file, 'policy')
  const lines = new LineCounter()
  const fail = (problems: Problem[]) => wrongPolicy(file, lines, problems)
  const document = parseYaml(text, lines, fail, file)
  const parsed = policySchema.safeParse(guarded(file, () => toPlain(document, fail)))
  if (!parsed.success)
    throw fail(withoutConsequences(parsed.error.issues).flatMap(issue => problemsOf(issue, document)))
  const {version: _, ...policy} = parsed.data
  const lineOf = (path: Path) => lines.linePos(nodeAt(document, path)?.at ?? 0).line
  const problems = doubtfulRules(policy.rules).map(({index, message}) => ({
    at: nodeAt(document, ['rules', index, 'name'])?.at ?? 0,
    message: `rules[${index}] ${message}`,
  }))
  if (problems.length > 0) throw fail(problems)
  return {
    ...policy,
    name: policy.name ?? basename(file),
    file,
    sha256: createHash('sha256').update(source).digest('hex'),
    rules: policy.rules.map((rule, index) => ({...rule, line: lineOf(['rules', index])})),
    exemptions: policy.exemptions.map((exemption, index) => ({...exemption, line: lineOf(['exemptions', index])})),
  }
}

function parseYaml(text: string, lineCounter: LineCounter, fail: (problems: Problem[]) => VpcmdError, file: string) {
  // Its own check of unique keys compares each key with each: toPlain checks them, too.
  const options = {lineCounter, prettyErrors: false, resolveKnownTags: false, uniqueKeys: false} as const
  const document = guarded(file, () => parseDocument(text, options))
  // A warning is of a tag or directive that would be passed over.
  const found = [...document.errors, ...document.warnings]
  if (found.length > 0) throw fail(found.map(({pos, code, message}) => ({at: pos[0], message: said(code, message)})))
  if (document.contents === null) {
    throw usageError(`${file}:1:1: the policy is empty.`, 'It takes version: 1 and a list of rules.')
  }
  return document
}

function said(code: string, message: string): string {
  if (/call stack/.test(message)) return tooDeep
  if (code === 'MULTIPLE_DOCS') return 'a policy is one document, and here begins another'
  return message.charAt(0).toLowerCase() + message.slice(1)
}

/** Nesting by the thousand ends in a full stack, which is the file's fault and not ours. */
function guarded<T>(file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError) throw usageError(`${file}:1:1: ${tooDeep}.`)
    throw error
  }
}

/** Aliases are allowed for, one for each of many rules as well, but not those that multiply. */
const maxAliases = 10_000

/** What a document says, with its aliases replaced. Throws what `fail` makes of keys that are no text or there twice, and of aliases that lead nowhere or multiply. */
function toPlain(document: Document, fail: (problems: Problem[]) => VpcmdError): unknown {
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
function startOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined
}

function wrongPolicy(file: string, lines: LineCounter, problems: Problem[]): VpcmdError {
  const [first, ...rest] = [...problems].sort((a, b) => a.at - b.at)
  const inWords = ({at, message}: Problem) => {
    const {line, col} = lines.linePos(at)
    return `${line}:${col}: ${message.replace(/([^.?])$/, '$1.')}`
  }
  const [second, ...others] = rest
  const more = others.length === 0 ? '' : ` ${others.length} more.`
  return usageError(
    `${file}:${inWords(first ?? {at: 0, message: 'not a policy'})}`,
    second && `${inWords(second)}${more}`,
  )
}

/** Without what only follows from a misspelt key: that the right one is missing beside it. */
function withoutConsequences(issues: z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const misspelt = new Set(issues.filter(({code}) => code === 'unrecognized_keys').map(({path}) => path.join('.')))
  return issues.filter(({code, path, message}) => {
    const isMissing = message.startsWith('is missing')
    if (code === 'custom') return !misspelt.has(path.join('.'))
    return !(isMissing && misspelt.has(path.slice(0, -1).join('.')))
  })
}

function problemsOf(issue: z.core.$ZodIssue, document: Document): Problem[] {
  if (issue.code === 'invalid_union') {
    // What was meant is the form that fits as a whole, but for a part or a key of it.
    const isWithin = ({path, code}: z.core.$ZodIssue) =>
      path.length > 0 || code === 'custom' || code === 'unrecognized_keys'
    const meant = issue.errors.find(inner => inner.some(isWithin))
    if (meant) {
      return withoutConsequences(meant).flatMap(inner =>
        problemsOf({...inner, path: [...issue.path, ...inner.path]}, document),
      )
    }
  }
  if (issue.code !== 'unrecognized_keys') {
    return [
      {at: nodeAt(document, issue.path)?.at ?? 0, message: `${pathInWords(issue.path, 'the policy')} ${issue.message}`},
    ]
  }
  const known = keysAt(issue.path)
  return issue.keys.map(key => {
    const nearest = nearestName(key, known)
    const advice = nearest ? `did you mean ${nearest}?` : `there are ${known.join(', ')}`
    return {
      at: nodeAt(document, [...issue.path, key])?.keyAt ?? 0,
      message: `there is no key ${key} in ${pathInWords(issue.path, 'the policy')}: ${advice}`,
    }
  })
}

function keysAt(path: Path): string[] {
  const [list, , part] = path
  if (path.length === 0) return Object.keys(policySchema.shape)
  if (part === 'match') return Object.keys(selectorSchema.shape)
  if (settingList.some(({policyKey, bounds}) => bounds && path.includes(policyKey))) return ['min', 'max']
  if (part === 'require') return Object.keys(requirementSchema.shape)
  return Object.keys(list === 'rules' ? ruleSchema.shape : exemptionSchema.shape)
}

/** Where a place begins: its value, and the key before it; of a place that is missing, the nearest one around it. */
function nodeAt(document: Document, path: Path): {at: number; keyAt: number} | undefined {
  let node = resolved(document, document.contents)
  let at = node?.range?.[0]
  let keyAt = at
  for (const part of path) {
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(part))
      if (pair === undefined) break
      keyAt = startOf(pair.key) ?? keyAt
      at = startOf(pair.value) ?? keyAt
      node = resolved(document, pair.value)
    } else if (isSeq(node)) {
      const item = node.items[Number(part)]
      if (item === undefined) break
      at = startOf(item) ?? at
      keyAt = at
      node = resolved(document, item)
    } else break
  }
  return at === undefined || keyAt === undefined ? undefined : {at, keyAt}
}

const pairsByKey = new WeakMap<YAMLMap, Map<string, Pair>>()

/** The pairs of a map by their keys; each map is looked through once. */
function pairsOf(map: YAMLMap): Map<string, Pair> {
  const known = pairsByKey.get(map)
  if (known) return known
  const pairs = new Map<string, Pair>()
  for (const pair of map.items) {
    const {key} = pair
    if (isScalar(key) && !pairs.has(String(key.value))) pairs.set(String(key.value), pair)
  }
  pairsByKey.set(map, pairs)
  return pairs
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined
}

function doubtfulRules(rules: {name: string; match: object}[]): {index: number; message: string}[] {
  const firstOf = new Map<string, number>()
  for (const [index, {name}] of rules.entries()) if (!firstOf.has(name)) firstOf.set(name, index)
  const catchAll = rules.findIndex(({match}) => Object.keys(match).length === 0)
  return rules.flatMap(({name}, index) => {
    if (firstOf.get(name) !== index) return [{index, message: `has the name of another rule: ${name}`}]
    if (catchAll >= 0 && index > catchAll) {
      return [{index, message: `is never reached: the rule ${rules[catchAll]?.name} before it matches everything`}]
    }
    return []
  })
}
