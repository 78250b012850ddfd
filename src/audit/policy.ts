import type {protocols} from '../metadata/settings.ts'

/** What an audit looks at, under the API's own names for it. */
export const subjectKinds = ['instance', 'instance_template', 'bare_metal_server'] as const
export type SubjectKind = (typeof subjectKinds)[number]

/**
 * Which subjects are meant: those of which every key that is here says yes, by one of its patterns at least. In a
 * pattern `*` stands for any text and `?` for one character; VPC, resource group and image go by name or by ID.
 */
export interface Selector {
  kind?: SubjectKind[]
  region?: string[]
  zone?: string[]
  vpc?: string[]
  resource_group?: string[]
  name?: string[]
  profile?: string[]
  image?: string[]
  status?: string[]
}

export interface Bounds {
  min: number
  max: number
}

/** What must hold of a metadata service. Protocol and hop limit count while it is on, or must be on. */
export interface Requirement {
  enabled?: boolean
  protocol?: (typeof protocols)[number]
  hop_limit?: Bounds
  /** Protocol and hop limit count while the service is off as well. */
  even_while_off?: boolean
}

export interface Rule {
  name: string
  match: Selector
  require: Requirement
  /** Where it stands in the policy's file; undefined for the built-in one. */
  line?: number
}

export interface Exemption {
  match: Selector
  reason: string
  /** The last day on which it holds, as YYYY-MM-DD in UTC. */
  expires: string
  line?: number
}

export interface Policy {
  name: string
  /** The file as the user named it, and what its content hashes to; neither for the built-in policy. */
  file?: string
  sha256?: string
  /** What becomes of a subject that no rule matches: it is reported as such, or it is a violation. */
  unmatched: 'report' | 'deny'
  /** The first that matches decides. */
  rules: Rule[]
  exemptions: Exemption[]
}

/** What holds without a policy: where the service is on, it is on only over https and with hop limit 1. */
export const defaultPolicy: Policy = {
  name: 'built-in',
  unmatched: 'report',
  rules: [{name: 'https-one-hop', match: {}, require: {protocol: 'https', hop_limit: {min: 1, max: 1}}}],
  exemptions: [],
}

/** A range in a word: `1`, or `1-2`. */
export function boundsLabel({min, max}: Bounds): string {
  return min === max ? String(min) : `${min}-${max}`
}

/** A requirement in words, as in `on, https, hop limit 1-2` or `https, hop limit 1 while on`. */
export function requirementInWords({enabled, protocol, hop_limit: hopLimit, even_while_off}: Requirement): string {
  const settings = [protocol, hopLimit && `hop limit ${boundsLabel(hopLimit)}`].filter(part => part !== undefined)
  if (enabled !== undefined) settings.unshift(enabled ? 'on' : 'off')
  const isWhileOn = enabled === undefined && settings.length > 0
  return `${settings.join(', ')}${even_while_off ? ', even while off' : isWhileOn ? ' while on' : ''}`
}
