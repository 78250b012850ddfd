import {matchesGlob} from '../instances/globs.ts'
import type {Selector} from './policy.ts'
import type {Referred, Subject} from './subjects.ts'

/** Whether a subject is meant; text, where that can't be told, says what is not known of it. */
export type Match = boolean | string

/**
 * Matches a subject against a selector. What a subject has not got (a server without an image, a template without a
 * status) matches no pattern; what it has, but does not tell, or tells by an ID whose name could not be found out, leaves
 * it open, unless another key already says no.
 */
export function matches(selector: Selector, subject: Subject): Match {
  const {kind, region, zone, vpc, resource_group: group, name, profile, image, status} = selector
  if (kind && !kind.includes(subject.kind)) return false
  if (!isText(region, subject.region) || !isText(status, subject.status) || !isText(name, subject.name)) return false
  // A template is of a zone and a VPC, and has a profile, also where its answer leaves them out (IBM/vpc-node-sdk, vpc/v1.ts, InstanceTemplate).
  const untold = (what: string) => (subject.kind === 'instance_template' ? `its ${what} is not told` : false)
  const parts = [
    zone && subject.zone === undefined ? untold('zone') : isText(zone, subject.zone),
    profile && subject.profile === undefined ? untold('profile') : isText(profile, subject.profile),
    vpc && !subject.vpc ? untold('VPC') : isReference(vpc, subject.vpc, 'VPC'),
    isReference(group, subject.resourceGroup, 'resource group'),
    isReference(image, subject.image, 'image'),
  ]
  if (parts.includes(false)) return false
  return parts.find(match => typeof match === 'string') ?? true
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
