import {refersTo} from '../instances/filters.ts'
import {matchesGlob} from '../instances/globs.ts'
import {parseResourceRef} from '../instances/references.ts'
import type {SubjectKind} from './policy.ts'
import type {Referred, Subject} from './subjects.ts'

/** What an audit is about, as typed: its kinds, and the filters that all kinds have. */
export interface Scope {
  kinds: readonly SubjectKind[]
  /** A pattern, where * stands for any text and ? for one character. */
  name?: string
  zone?: string[]
  vpc?: string
  resourceGroup?: string
}

/**
 * Whether a subject is in the scope; undefined where that can't be told, because a template does not tell its zone or VPC,
 * or the name of its VPC is not known. Instances the API filters already; it has no such filters for templates and bare
 * metal servers.
 */
export function isInScope(subject: Subject, {name, zone, vpc, resourceGroup}: Scope): boolean | undefined {
  const refers = (wanted: string | undefined, referred: Referred | undefined) =>
    wanted === undefined ? true : refersTo(parseResourceRef(wanted), referred && {...referred, isDeleted: false})
  const parts = [
    name === undefined ? true : subject.name === undefined ? undefined : matchesGlob(name, subject.name),
    zone?.length ? (subject.zone === undefined ? undefined : zone.includes(subject.zone)) : true,
    refers(vpc, subject.vpc),
    refers(resourceGroup, subject.resourceGroup),
  ]
  if (parts.includes(false)) return false
  return parts.every(part => part === true) || undefined
}

/** The filters of a scope in words, as in `name web-*, VPC my-test-vpc`; empty without any. */
export function scopeInWords({name, zone, vpc, resourceGroup}: Scope): string {
  const parts = [
    name !== undefined && `name ${name}`,
    zone?.length && `zone ${zone.join(', ')}`,
    vpc !== undefined && `VPC ${vpc}`,
    resourceGroup !== undefined && `resource group ${resourceGroup}`,
  ]
  return parts.filter(Boolean).join(', ')
}
