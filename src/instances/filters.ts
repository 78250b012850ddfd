import type {Reference} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {Tags} from '../cloud/readers/tags.ts'
import type {ParamsOf} from '../cloud/vpc-api.ts'
import {matchesGlob} from './globs.ts'
import {parseResourceRef, type ResourceRef} from './references.ts'
import {
  type Bounds,
  inFull,
  type Settings,
  type SettingsTable,
  type SettingValue,
  type TunableName,
  tunables,
} from './settings.ts'
import {hasTag, tagList} from './tags.ts'

export type ListParams = Omit<ParamsOf<'listInstances'>, 'signal'>

/** What is known of another resource by its name. */
type Named = Partial<Omit<Reference, 'isDeleted'>>
type TextName = 'name' | 'status' | 'zone' | 'architecture' | 'availabilityClass'
type ReferenceName = 'vpc' | 'resourceGroup' | 'reservation' | 'instanceGroup' | 'dedicatedHost' | 'placementTarget'

/** A server as far as filters look at it: an instance, or what an audit judges. */
export type Filtered = Pick<Partial<Instance>, TextName> & {[Name in ReferenceName]?: Named} & {
  settings: Settings
  tags?: Tags | undefined
}

/** Whether a server is meant; undefined where what decides is unknown. */
export type IsMeant = boolean | undefined

/** A question to the API, and the check of each row of its answer, as an API may ignore what it is asked. */
export interface InstanceQuery {
  params: ListParams
  /** Whether the check needs tags, which another service has. */
  needsTags?: boolean
  /** Whether tags are wanted where they can be read. */
  showsTags?: boolean
  keep(server: Filtered & {id: string}): IsMeant
}

interface Filter<Value, Fact = unknown> {
  /** What it goes by, in a sentence. */
  word: string
  /** What there is to say of its flag beside `Filter by …`. */
  details?: string
  helpValue?: string
  values?: readonly string[]
  bounds?: Bounds
  isList?: boolean
  /** Whether it looks at tags, which the API does not tell. */
  needsTags?: boolean
  of(server: Filtered): Fact
  /** What the API can filter by itself (IBM/vpc-node-sdk, vpc/v1.ts, listInstances). */
  ask?(value: Value): ListParams
  check(value: Value): (server: Filtered) => IsMeant
}

const suffixes = {id: 'Id', crn: 'Crn', name: 'Name'} as const

/**
 * By ID, CRN or name; what `params` has no parameter for is checked here alone. A server that `mayLack` it and for which the
 * API gave none is not meant, unless the API was asked for just those: then it is a row with a hole.
 */
function byReference(
  word: string,
  name: ReferenceName,
  params: (keyof ListParams)[],
  {mayLack = false} = {},
): Filter<string, Named | undefined> {
  const ask = (text: string): ListParams => {
    const ref = parseResourceRef(text)
    const paramFor = (kind: ResourceRef['kind']) => params.find(each => each.endsWith(suffixes[kind]))
    const param = paramFor(ref.kind)
    if (param) return {[param]: ref.kind === 'id' ? ref.id : ref.kind === 'crn' ? ref.crn : ref.name}
    const byId = paramFor('id')
    return ref.kind === 'crn' && byId ? {[byId]: ref.id} : {}
  }
  return {
    word,
    helpValue: 'ID|NAME|CRN',
    of: server => server[name],
    ask,
    check(text) {
      const ref = parseResourceRef(text)
      const isAsked = Object.keys(ask(text)).length > 0
      return ({[name]: reference}) => {
        if (!reference) return mayLack && !isAsked ? false : undefined
        return refersTo(ref, reference)
      }
    },
  }
}

function refersTo(wanted: ResourceRef, {id, name, crn}: Named): IsMeant {
  if (wanted.kind === 'name') return equals(wanted.name, name)
  return wanted.kind === 'crn' && crn !== undefined ? crn === wanted.crn : equals(wanted.id, id)
}

function byText(word: string, name: TextName, helpValue: string, details?: string) {
  return {
    word,
    details,
    helpValue,
    of: (server: Filtered) => server[name],
    check: (wanted: string) => (server: Filtered) => equals(wanted, server[name]),
  } satisfies Filter<string>
}

function byTexts(word: string, name: TextName, helpValue: string, details?: string) {
  return {
    ...byText(word, name, helpValue, details),
    isList: true,
    check:
      (wanted: string[]) =>
      ({[name]: told}: Filtered) =>
        told === undefined ? undefined : wanted.includes(told),
  } satisfies Filter<string[]>
}

type SettingFilters = {[Name in TunableName as SettingsTable[Name]['key']]: Filter<SettingValue<Name>>}
const settingFilters = Object.fromEntries(
  tunables.map(({name, key, word, values, bounds}) => {
    const of = ({settings}: Filtered) => inFull(settings)?.[name]
    const check = (wanted: unknown) => (server: Filtered) => equals<unknown>(wanted, of(server))
    return [key, {word, details: ' that is set, even while the service is off', values, bounds, of, check}]
  }),
) as SettingFilters

function equals<T>(wanted: T, told: T | undefined): IsMeant {
  return told === undefined ? undefined : told === wanted
}

/** Each filter, once, under the name of its flag. The API has no parameter for those without `ask`. */
export const filterTable = {
  name: {
    ...byText('name', 'name', 'PATTERN', '; * stands for any text, ? for one character'),
    ask: (name: string): ListParams => (/[*?]/.test(name) ? {} : {name}),
    check:
      (pattern: string) =>
      ({name}: Filtered) =>
        name === undefined ? undefined : matchesGlob(pattern, name),
  },
  // IBM/vpc-node-sdk, vpc/v1.ts, Instance.Constants.Status.
  status: {
    ...byTexts('status', 'status', 'STATUS', ', such as running or stopped'),
    known: ['deleting', 'failed', 'pending', 'restarting', 'running', 'starting', 'stopped', 'stopping'],
  },
  zone: byTexts('zone', 'zone', 'ZONE', ', such as us-south-1'),
  // IBM/vpc-node-sdk, vpc/v1.ts, InstanceVCPU.Constants.Architecture.
  architecture: {
    ...byText('architecture', 'architecture', 'NAME', ': amd64, or s390x, which has no metadata service'),
    known: ['amd64', 's390x'],
  },
  metadata: {
    word: 'state of the metadata service',
    values: ['enabled', 'disabled'],
    of: ({settings}) => inFull(settings)?.enabled,
    check:
      wanted =>
      ({settings}) =>
        equals(wanted === 'enabled', inFull(settings)?.enabled),
  } as Filter<string>,
  ...settingFilters,
  vpc: byReference('VPC', 'vpc', ['vpcId', 'vpcCrn', 'vpcName']),
  'resource-group': byReference('resource group', 'resourceGroup', ['resourceGroupId']),
  reservation: byReference('reservation', 'reservation', ['reservationId', 'reservationCrn', 'reservationName'], {
    mayLack: true,
  }),
  'instance-group': byReference(
    'instance group',
    'instanceGroup',
    ['instanceGroupMembershipInstanceGroupId', 'instanceGroupMembershipInstanceGroupCrn'],
    {mayLack: true},
  ),
  'availability-class': {
    ...byText('availability class', 'availabilityClass', 'CLASS', ', such as standard or spot'),
    ask: (availabilityClass: string): ListParams => ({availabilityClass}),
    // IBM/vpc-node-sdk, vpc/v1.ts, InstanceAvailability.Constants.Class.
    known: ['standard', 'spot'],
  },
  'dedicated-host': byReference(
    'dedicated host',
    'dedicatedHost',
    ['dedicatedHostId', 'dedicatedHostCrn', 'dedicatedHostName'],
    {mayLack: true},
  ),
  'placement-group': byReference(
    'placement group',
    'placementTarget',
    ['placementGroupId', 'placementGroupCrn', 'placementGroupName'],
    {mayLack: true},
  ),
  tag: {
    word: 'tag',
    details: ', such as env:prod, of a user, for access or of a service; of several, an instance has all',
    helpValue: 'KEY:VALUE',
    isList: true,
    needsTags: true,
    of: ({tags}: Filtered) => tags && tagList(tags),
    check:
      (wanted: string[]) =>
      ({tags}: Filtered): IsMeant => {
        const found = wanted.map(each => hasTag(tags, each))
        return found.includes(false) ? false : found.includes(undefined) ? undefined : true
      },
  },
}

type FilterTable = typeof filterTable
export type FilterName = keyof FilterTable

/** What a user asks of a listing, by the names of the flags. */
export type Filters = {[Name in FilterName]?: Parameters<FilterTable[Name]['check']>[0]}

/** The filters with their names, for who goes through all of them. */
export const filterList = Object.entries(filterTable).map(([name, filter]): Filter<unknown> & {name: FilterName} => ({
  ...(filter as Filter<unknown>),
  name: name as FilterName,
}))

/** Filters as a question to the API and a check of what it answers. */
export function toQuery(given: Filters): InstanceQuery {
  const asked = filterList.flatMap(filter => {
    const value = given[filter.name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return []
    return {params: filter.ask?.(value), check: filter.check(value), needsTags: filter.needsTags}
  })
  const params: ListParams = Object.assign({}, ...asked.map(each => each.params))
  return {
    params,
    needsTags: asked.some(({needsTags}) => needsTags),
    keep(server) {
      let isMeant: IsMeant = true
      // No where one says no; open where none does, and one can't tell.
      for (const {check} of asked) {
        const one = check(server)
        if (one === false) return false
        if (one === undefined) isMeant = undefined
      }
      return isMeant
    },
  }
}
