import {
  type Bounds,
  type SettingName,
  type SettingsTable,
  type SettingValue,
  settingList,
} from '../instances/settings.ts'
import type {Selector} from './selectors.ts'

/** What a setting must be: a value, or within bounds. */
type Required<Name extends SettingName> = SettingsTable[Name] extends {bounds: Bounds} ? Bounds : SettingValue<Name>

/** What must hold of a metadata service. All but `enabled` counts while it is on, or must be on. */
export type Requirement = {[Name in SettingName as SettingsTable[Name]['policyKey']]?: Required<Name>} & {
  /** All counts while the service is off as well. */
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
  /** Its path from the root of the repository that it is in, with `/`. */
  pathInRepository?: string
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

/** A value or a range in a word: `on`, `https`, or `1-2`. */
export function valueLabel(value: boolean | string | number | Bounds): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value !== 'object') return String(value)
  return value.min === value.max ? String(value.min) : `${value.min}-${value.max}`
}

/** A requirement in words, as in `on, https, hop limit 1-2` or `https, hop limit 1 while on`. */
export function requirementInWords(requirement: Requirement): string {
  const parts = settingList.flatMap(({policyKey, word, needsName}) => {
    const value = requirement[policyKey]
    if (value === undefined) return []
    return needsName ? `${word} ${valueLabel(value)}` : valueLabel(value)
  })
  const isWhileOn = requirement.enabled === undefined && parts.length > 0
  return `${parts.join(', ')}${requirement.even_while_off ? ', even while off' : isWhileOn ? ' while on' : ''}`
}

/** What a policy may require, as in `enabled, protocol and hop_limit`. */
export function policyKeysInWords(last: 'and' | 'or'): string {
  return listInWords(
    settingList.map(({policyKey}) => policyKey),
    last,
  )
}

/** A list in words, as in `a, b and c`. */
export function listInWords(items: readonly string[], last: 'and' | 'or'): string {
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`
}
