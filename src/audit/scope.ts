import {type Filters, filterTable} from '../instances/filters.ts'
import type {SubjectKind} from './subjects.ts'

/** The filters that all kinds have. The API has them for instances; of the others each row is checked here. */
export const scopeFilters = ['name', 'zone', 'vpc', 'resource-group', 'tag'] as const
type ScopeFilter = (typeof scopeFilters)[number]

/** What an audit is about, as typed. */
export interface Scope {
  kinds: readonly SubjectKind[]
  filters: Pick<Filters, ScopeFilter>
}

/** The filters of a scope in words, as in `name web-*, VPC my-test-vpc`; empty without any. */
export function scopeInWords({filters}: Scope): string {
  const given = scopeFilters.flatMap(name => {
    const value = filters[name]
    return value === undefined ? [] : `${filterTable[name].word} ${[value].flat().join(', ')}`
  })
  return given.join(', ')
}
