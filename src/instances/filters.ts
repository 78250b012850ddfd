import type {Reference} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {ParamsOf} from '../cloud/vpc-api.ts'
import {inFull} from '../metadata/settings.ts'
import {matchesGlob} from './globs.ts'
import {parseResourceRef, type ResourceRef} from './references.ts'

export type ListParams = Omit<ParamsOf<'listInstances'>, 'signal'>

/** What a user asks of a listing, as typed. */
export interface Filters {
  vpc?: string
  resourceGroup?: string
  reservation?: string
  instanceGroup?: string
  availabilityClass?: string
  dedicatedHost?: string
  placementGroup?: string
  /** A pattern, where * stands for any text and ? for one character. */
  name?: string
  status?: string[]
  zone?: string[]
  architecture?: string
  metadata?: 'enabled' | 'disabled'
  protocol?: string
  hopLimit?: number
}

/** Whether an instance is meant; undefined where the API did not tell what decides. */
export type Verdict = boolean | undefined

/** A listing's question: what the API filters, and the check of each row, which is made in any case. */
export interface InstanceQuery {
  params: ListParams
  keep(instance: Instance): Verdict
}

interface Filter<Value> {
  /** What the API can filter by itself (IBM/vpc-node-sdk, vpc/v1.ts, listInstances). */
  ask?(value: Value): ListParams
  check(value: Value): (instance: Instance) => Verdict
}

/** By ID, CRN or name, where the API has a parameter for them; `name` without one is checked here alone. */
function byReference(
  params: {id?: keyof ListParams; crn?: keyof ListParams; name?: keyof ListParams},
  of: (instance: Instance) => Reference | undefined,
): Filter<string> {
  return {
    ask: text => {
      const ref = parseResourceRef(text)
      if (ref.kind === 'crn' && !params.crn && params.id) return {[params.id]: ref.id}
      const param = params[ref.kind]
      return param ? {[param]: textOf(ref)} : {}
    },
    check: text => {
      const ref = parseResourceRef(text)
      return instance => refersTo(ref, of(instance))
    },
  }
}

function textOf(ref: ResourceRef): string {
  return ref.kind === 'id' ? ref.id : ref.kind === 'crn' ? ref.crn : ref.name
}

/** Whether a reference is the one that is meant; undefined where it does not tell. */
export function refersTo(wanted: ResourceRef, reference: Reference | undefined): Verdict {
  if (!reference) return undefined
  const {id, name, crn} = reference
  if (wanted.kind === 'name') return name === undefined ? undefined : name === wanted.name
  if (wanted.kind === 'crn' && crn !== undefined) return crn === wanted.crn
  return id === undefined ? undefined : id === wanted.id
}

/**
 * What an instance may be without. One of which no such thing is told is not meant, unless the API was asked for just those:
 * then it is a row with a hole.
 */
function orNone(filter: Filter<string>, has: (instance: Instance) => boolean): Filter<string> {
  return {
    ...filter,
    check: text => {
      const check = filter.check(text)
      const isAsked = Object.keys(filter.ask?.(text) ?? {}).length > 0
      return instance => (has(instance) ? check(instance) : isAsked ? undefined : false)
    },
  }
}

function equals<T>(wanted: T, told: T | undefined): Verdict {
  return told === undefined ? undefined : told === wanted
}

/** A filter under its name: undefined where it is not given. */
function entry<Name extends keyof Filters>(name: Name, filter: Filter<NonNullable<Filters[Name]>>) {
  return (given: Filters): {params: ListParams; check: (instance: Instance) => Verdict} | undefined => {
    const value = given[name]
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return undefined
    return {params: filter.ask?.(value) ?? {}, check: filter.check(value)}
  }
}

/** Each filter, once: what the API is asked, and how a row is checked, as an API may ignore what it is asked. */
const filters = [
  entry(
    'vpc',
    byReference({id: 'vpcId', crn: 'vpcCrn', name: 'vpcName'}, ({vpc}) => vpc),
  ),
  entry(
    'resourceGroup',
    byReference({id: 'resourceGroupId'}, ({resourceGroup}) => resourceGroup),
  ),
  entry(
    'dedicatedHost',
    orNone(
      byReference(
        {id: 'dedicatedHostId', crn: 'dedicatedHostCrn', name: 'dedicatedHostName'},
        ({dedicatedHost}) => dedicatedHost,
      ),
      ({dedicatedHost}) => dedicatedHost !== undefined,
    ),
  ),
  entry(
    'placementGroup',
    orNone(
      byReference(
        {id: 'placementGroupId', crn: 'placementGroupCrn', name: 'placementGroupName'},
        ({placementTarget}) => placementTarget,
      ),
      ({placementTarget}) => placementTarget !== undefined,
    ),
  ),
  entry(
    'reservation',
    orNone(
      byReference(
        {id: 'reservationId', crn: 'reservationCrn', name: 'reservationName'},
        ({reservation}) => reservation,
      ),
      ({reservation}) => reservation !== undefined,
    ),
  ),
  // The API knows no name of an instance group here.
  entry(
    'instanceGroup',
    orNone(
      byReference(
        {id: 'instanceGroupMembershipInstanceGroupId', crn: 'instanceGroupMembershipInstanceGroupCrn'},
        ({instanceGroup}) => instanceGroup,
      ),
      ({instanceGroup}) => instanceGroup !== undefined,
    ),
  ),
  entry('availabilityClass', {
    ask: availabilityClass => ({availabilityClass}),
    check: wanted => instance => equals(wanted, instance.availabilityClass),
  }),
  entry('name', {
    ask: (name): ListParams => (/[*?]/.test(name) ? {} : {name}),
    check: pattern => instance => (instance.name === undefined ? undefined : matchesGlob(pattern, instance.name)),
  }),
  entry('status', {
    check:
      wanted =>
      ({status}) =>
        status === undefined ? undefined : wanted.includes(status),
  }),
  entry('zone', {
    check:
      wanted =>
      ({zone}) =>
        zone === undefined ? undefined : wanted.includes(zone),
  }),
  entry('architecture', {check: wanted => instance => equals(wanted, instance.architecture)}),
  entry('metadata', {
    check:
      wanted =>
      ({settings}) =>
        equals(wanted === 'enabled', inFull(settings)?.enabled),
  }),
  entry('protocol', {
    check:
      wanted =>
      ({settings}) =>
        equals(wanted, inFull(settings)?.protocol),
  }),
  entry('hopLimit', {
    check:
      wanted =>
      ({settings}) =>
        equals(wanted, inFull(settings)?.response_hop_limit),
  }),
]

/**
 * Filters as a question to the API and a check of what it answers. The API has no filter by status, zone, architecture,
 * metadata settings or name pattern, none by a resource group's name, and none by an instance group's name.
 */
export function toQuery(given: Filters): InstanceQuery {
  const meant = filters.flatMap(filter => filter(given) ?? [])
  const params: ListParams = Object.assign({}, ...meant.map(each => each.params))
  return {
    params,
    keep(instance) {
      let verdict: Verdict = true
      // No where one says no; open where none does, and one can't tell.
      for (const {check} of meant) {
        const one = check(instance)
        if (one === false) return false
        if (one === undefined) verdict = undefined
      }
      return verdict
    },
  }
}
