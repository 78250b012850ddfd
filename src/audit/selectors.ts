import {matchesGlob} from '../instances/globs.ts'
import type {Selector} from './policy.ts'
import type {Referred, Subject} from './subjects.ts'

/** Whether a subject is meant; text, where that can't be told, says what is not known of it. */
export type Match = boolean | string

/** What a kind has not got: it matches no pattern. */
const hasNot: Record<Subject['kind'], readonly string[]> = {
  instance: [],
  instance_template: ['status'],
  bare_metal_server: ['image'],
}

/**
 * Matches a subject against a selector. What a subject has not got (a bare metal server an image, a template a status)
 * matches no pattern; what it has, but does not tell, or tells by an ID whose name could not be found out, leaves it open,
 * unless another key already says no.
 */
export function matches(selector: Selector, subject: Subject): Match {
  const {kind, region, zone, vpc, resource_group: group, name, profile, image, status} = selector
  if (kind && !kind.includes(subject.kind)) return false
  const ofText = (patterns: string[] | undefined, text: string | undefined, what: string): Match => {
    if (!patterns) return true
    if (text === undefined) return hasNot[subject.kind].includes(what) ? false : `its ${what} is not told`
    return isText(patterns, text)
  }
  const ofReference = (patterns: string[] | undefined, reference: Referred | undefined, what: string): Match => {
    if (!patterns) return true
    // An instance may have been made without an image, or its image is gone (IBM/vpc-node-sdk, vpc/v1.ts, Instance.image).
    if (!reference) return what === 'image' || hasNot[subject.kind].includes(what) ? false : `its ${what} is not told`
    return isReference(patterns, reference, what)
  }
  const parts = [
    ofText(region, subject.region, 'region'),
    ofText(status, subject.status, 'status'),
    ofText(name, subject.name, 'name'),
    ofText(zone, subject.zone, 'zone'),
    ofText(profile, subject.profile, 'profile'),
    ofReference(vpc, subject.vpc, 'VPC'),
    ofReference(group, subject.resourceGroup, 'resource group'),
    ofReference(image, subject.image, 'image'),
  ]
  if (parts.includes(false)) return false
  return parts.find(match => typeof match === 'string') ?? true
}

function isText(patterns: string[], text: string | undefined): boolean {
  return text !== undefined && patterns.some(pattern => matchesGlob(pattern, text))
}

function isReference(patterns: string[], reference: Referred, what: string): Match {
  if (isText(patterns, reference.id) || isText(patterns, reference.name)) return true
  return reference.name === undefined ? `the name of its ${what} ${reference.id} is not known` : false
}
