import {matchesGlob} from '../instances/globs.ts'
import {parseResourceRef, type ResourceRef} from '../instances/references.ts'
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
  if (name !== undefined && !matchesGlob(name, subject.name)) return false
  if (resourceGroup !== undefined && !refersTo(parseResourceRef(resourceGroup), subject.resourceGroup)) return false
  const parts = [
    zone?.length ? subject.zone && zone.includes(subject.zone) : true,
    vpc === undefined ? true : subject.vpc && refersTo(parseResourceRef(vpc), subject.vpc),
  ]
  if (parts.includes(false)) return false
  return parts.every(Boolean) || undefined
}

function refersTo(wanted: ResourceRef, {id, name}: Referred): boolean | undefined {
  if (wanted.kind !== 'name') return wanted.id === id
  return name === undefined ? undefined : name === wanted.name
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
