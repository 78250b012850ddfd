import {filterTable} from '../instances/filters.ts'
import {matchesGlob} from '../instances/globs.ts'
import {hasTag} from '../instances/tags.ts'
import type {Referred, Subject, SubjectKind} from './subjects.ts'

interface SelectorKey {
  /** What it is called in a sentence. */
  word: string
  of?(subject: Subject): string | Referred | undefined
  /** Whether one of several things that a subject has fits a pattern; undefined where that is not known. */
  hasOne?(subject: Subject, pattern: string): boolean | undefined
  /** Kinds that have no such thing: they match no pattern. */
  lackedBy?: SubjectKind[]
  /** Whether a subject of another kind may be without it. */
  isOptional?: boolean
}

/** The keys of a policy's `match`, beside `kind`. */
export const selectorTable = {
  region: {word: 'region', of: ({region}) => region},
  zone: filterTable.zone,
  vpc: filterTable.vpc,
  resource_group: filterTable['resource-group'],
  name: filterTable.name,
  profile: {word: 'profile', of: ({profile}) => profile},
  // An instance may have been made without an image, or its image is gone (IBM/vpc-node-sdk, vpc/v1.ts, Instance.image).
  image: {word: 'image', of: ({image}) => image, lackedBy: ['bare_metal_server'], isOptional: true},
  status: {...filterTable.status, lackedBy: ['instance_template']},
  tag: {word: 'tags', hasOne: ({tags}, pattern) => hasTag(tags, pattern)},
} satisfies Record<string, SelectorKey>

type SelectorKeyName = keyof typeof selectorTable
const selectorKeys = Object.entries<SelectorKey>(selectorTable).map(([name, key]) => ({
  ...key,
  name: name as SelectorKeyName,
}))

/**
 * Which subjects are meant: those of which every key that is here says yes, by one of its patterns at least. In a
 * pattern `*` stands for any text and `?` for one character; VPC, resource group and image go by name or by ID.
 */
export type Selector = {kind?: SubjectKind[]} & {[Name in SelectorKeyName]?: string[]}

/** Whether any selector looks at tags, which take a search. */
export function looksAtTags({rules, exemptions}: Record<'rules' | 'exemptions', {match: Selector}[]>): boolean {
  return [...rules, ...exemptions].some(({match}) => match.tag)
}

/** Whether a subject is meant; a text says what is unknown and decides. */
export type Match = boolean | string

/**
 * Matches a subject against a selector. What a subject does not have (a bare metal server an image, a template a status)
 * matches no pattern; what the API does not report, or reports by an ID whose name is unknown, leaves it open,
 * unless another key already says no.
 */
export function matches(selector: Selector, subject: Subject): Match {
  if (selector.kind && !selector.kind.includes(subject.kind)) return false
  let open: string | undefined
  for (const key of selectorKeys) {
    const patterns = selector[key.name]
    const match = patterns ? matchesKey(patterns, key, subject) : true
    if (match === false) return false
    if (match !== true) open ??= match
  }
  return open ?? true
}

function matchesKey(
  patterns: string[],
  {word, of, hasOne, lackedBy, isOptional = false}: SelectorKey,
  subject: Subject,
): Match {
  if (hasOne) {
    const found = patterns.map(pattern => hasOne(subject, pattern))
    return found.includes(true) || (found.includes(undefined) ? `its ${word} are unknown` : false)
  }
  const fact = of?.(subject)
  if (fact === undefined) return isOptional || lackedBy?.includes(subject.kind) ? false : `its ${word} is unknown`
  const {id = undefined, name} = typeof fact === 'string' ? {name: fact} : fact
  const fits = (text: string | undefined) => text !== undefined && patterns.some(pattern => matchesGlob(pattern, text))
  if (fits(id) || fits(name)) return true
  return name === undefined ? `the name of its ${word} ${id} is not known` : false
}
