import {matchesGlob} from '../instances/globs.ts'
import type {Selector} from './policy.ts'
import type {Referred, Subject} from './subjects.ts'

/** Whether a subject is meant; text, where that can't be told, says what is not known of it. */
export type Match = boolean | string

/**
 * Matches a subject against a selector. What a subject has not got (a server without an image, a template without a
 * zone) matches no pattern; what it has under a name that could not be found out can't be told, unless another key
 * already says no.
 */
export function matches(selector: Selector, subject: Subject): Match {
  const {kind, region, zone, vpc, resource_group: group, name, profile, image, status} = selector
  if (kind && !kind.includes(subject.kind)) return false
  if (!isText(region, subject.region) || !isText(zone, subject.zone) || !isText(status, subject.status)) return false
  if (!isText(name, subject.name) || !isText(profile, subject.profile)) return false
  const references = [
    isReference(group, subject.resourceGroup, 'resource group'),
    isReference(vpc, subject.vpc, 'VPC'),
    isReference(image, subject.image, 'image'),
  ]
  if (references.includes(false)) return false
  return references.find(match => typeof match === 'string') ?? true
}

function isText(patterns: string[] | undefined, text: string | undefined): boolean {
  if (!patterns) return true
  return text !== undefined && patterns.some(pattern => matchesGlob(pattern, text))
}

function isReference(patterns: string[] | undefined, reference: Referred | undefined, what: string): Match {
  if (!patterns) return true
  if (!reference) return false
  if (isText(patterns, reference.id) || isText(patterns, reference.name)) return true
  return reference.name === undefined ? `the name of its ${what} ${reference.id} is not known` : false
}
