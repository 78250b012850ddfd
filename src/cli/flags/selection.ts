import {Args, Flags} from '@oclif/core'
import type {Filters} from '../../instances/filters.ts'
import {hopLimits, protocols} from '../../metadata/settings.ts'
import {checkStdin} from '../check-files.ts'

const helpGroup = 'FILTER'
const identity = (what: string) => Flags.string({helpGroup, helpValue: 'ID|NAME|CRN', summary: `Filter by ${what}.`})

/** The flags by which instances are chosen, wherever many can be. */
export const filterFlags = {
  name: Flags.string({
    helpGroup,
    helpValue: 'PATTERN',
    summary: 'Filter by name; * stands for any text, ? for one character.',
  }),
  status: Flags.string({
    helpGroup,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'STATUS',
    summary: 'Filter by status, such as running or stopped.',
  }),
  zone: Flags.string({
    helpGroup,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'ZONE',
    summary: 'Filter by zone, such as us-south-1.',
  }),
  architecture: Flags.string({
    helpGroup,
    helpValue: 'NAME',
    summary: 'Filter by architecture: amd64, or s390x, which has no metadata service.',
  }),
  metadata: Flags.option({
    options: ['enabled', 'disabled'] as const,
    helpGroup,
    summary: 'Filter by state of the metadata service.',
  })(),
  protocol: Flags.option({
    options: protocols,
    helpGroup,
    summary: 'Filter by protocol that is set, even while the service is off.',
  })(),
  'hop-limit': Flags.integer({
    ...hopLimits,
    helpGroup,
    helpValue: '1-64',
    summary: 'Filter by hop limit that is set, even while the service is off.',
  }),
  vpc: identity('VPC'),
  'resource-group': identity('resource group'),
  reservation: identity('reservation'),
  'instance-group': identity('instance group'),
  'availability-class': Flags.string({
    helpGroup,
    helpValue: 'CLASS',
    summary: 'Filter by availability class, such as standard or spot.',
  }),
  'dedicated-host': identity('dedicated host'),
  'placement-group': identity('placement group'),
}

/** The flags by which a command that takes instances chooses many; filters then narrow `--all`. */
const manyFlags = {
  'from-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Take the instances of a file, - for stdin: IDs, names or CRNs, one a line, or JSON of instances list.',
  }),
  all: Flags.boolean({
    summary: 'Take all instances, in all regions or those of --region, that the filters let through.',
  }),
}

export const instanceArgs = {
  instance: Args.string({multiple: true, description: 'IDs, names or CRNs of instances.'}),
}

export const selectionFlags = {...manyFlags, ...filterFlags}

const {protocol: havingProtocol, 'hop-limit': havingHopLimit, ...otherFilterFlags} = filterFlags

/** The same where --protocol and --hop-limit say what is wanted. */
export const selectionFlagsForChanges = {
  ...manyFlags,
  ...otherFilterFlags,
  'having-protocol': havingProtocol,
  'having-hop-limit': havingHopLimit,
}

interface FilterFlags {
  name?: string
  status?: string[]
  zone?: string[]
  architecture?: string
  metadata?: 'enabled' | 'disabled'
  protocol?: string
  'hop-limit'?: number
  vpc?: string
  'resource-group'?: string
  reservation?: string
  'instance-group'?: string
  'availability-class'?: string
  'dedicated-host'?: string
  'placement-group'?: string
}

interface SelectionFlags extends FilterFlags {
  'from-file'?: string
  all?: boolean
  'having-protocol'?: string
  'having-hop-limit'?: number
  'api-key-file'?: string
}

/** How instances are chosen, as typed. */
export interface SelectionOptions {
  /** As arguments. */
  typed: string[]
  file: string | undefined
  all: boolean
  filters: Filters
  /** The filters in words. */
  filterWords: string[]
}

/**
 * How instances are chosen, by the arguments and flags. Throws a usage error for a list and a key that both are to come
 * from stdin: the list would be taken for the key.
 */
export function readSelection(flags: SelectionFlags, typed: string[] = []): SelectionOptions {
  const file = flags['from-file']
  checkStdin(flags, file, 'list of instances')
  return {typed, file, all: flags.all ?? false, filters: toFilters(flags), filterWords: filterWords(flags)}
}

/** The same where --protocol and --hop-limit say what is wanted. */
export function readSelectionForChanges(flags: SelectionFlags, typed?: string[]): SelectionOptions {
  const filters = {protocol: flags['having-protocol'], 'hop-limit': flags['having-hop-limit']}
  return readSelection({...flags, ...filters}, typed)
}

function filterWords(flags: SelectionFlags): string[] {
  return Object.keys(filterFlags).flatMap(name => {
    const value = (flags as Record<string, unknown>)[name]
    if (value === undefined) return []
    const typedName = `having-${name}` in flags ? `having-${name}` : name
    return [`--${typedName} ${Array.isArray(value) ? value.join(',') : value}`]
  })
}

/** The flags as the filters of a listing. */
export function toFilters(flags: FilterFlags): Filters {
  return {
    name: flags.name,
    status: flags.status?.flatMap(text => text.split(',')),
    zone: flags.zone?.flatMap(text => text.split(',')),
    architecture: flags.architecture,
    metadata: flags.metadata,
    protocol: flags.protocol,
    hopLimit: flags['hop-limit'],
    vpc: flags.vpc,
    resourceGroup: flags['resource-group'],
    reservation: flags.reservation,
    instanceGroup: flags['instance-group'],
    availabilityClass: flags['availability-class'],
    dedicatedHost: flags['dedicated-host'],
    placementGroup: flags['placement-group'],
  }
}
