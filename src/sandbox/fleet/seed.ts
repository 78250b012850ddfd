import {z} from 'zod'
import {ApiError} from '../core/api-error.ts'
import {isTagName} from '../search/resources.ts'
import {profileNames} from '../vpc/profiles.ts'
import {bareMetalSettings, settings} from '../vpc/request-schemas.ts'
import type {FleetStore} from './fleet.ts'
import type {Fleet, NewTemplate, Seed, Seeded} from './public-types.ts'

const text = z.string().optional()
const tag = z.array(z.string().refine(isTagName, 'is no tag')).optional()
const tags = z.strictObject({user: tag, access: tag, service: tag}).optional()
const placed = {name: z.string().min(1).max(63), region: text, zone: text, vpc: text, tags}
const statuses = ['deleting', 'failed', 'pending', 'restarting', 'running', 'starting', 'stopped', 'stopping'] as const

const instance = z.strictObject({
  ...placed,
  status: z.enum(statuses).optional(),
  metadata_service: settings.optional(),
  image: z.string().min(1).optional(),
  legacyInterfaces: z.boolean().optional(),
  profile: z.enum(profileNames).optional(),
  spot: z.boolean().optional(),
  userData: text,
  trustedProfile: z.boolean().optional(),
})
const bareMetalServer = z.strictObject({
  ...placed,
  status: z.string().min(1).optional(),
  metadata_service: bareMetalSettings.optional(),
})
const template = z.strictObject({...placed, metadata_service: settings.nullable().optional()})

const seedSchema = z.strictObject({
  account: text,
  instances: z.array(instance).default([]),
  bareMetalServers: z.array(bareMetalServer).default([]),
  templates: z.array(template).default([]),
}) satisfies z.ZodType<Seed>

function notASeed(message: string): ApiError {
  return new ApiError(400, 'invalid_seed', message)
}

function checkPlace(fleet: FleetStore, field: string, {region, zone, vpc}: Omit<NewTemplate, 'name'>): void {
  const name = region ?? zone?.slice(0, -2) ?? fleet.regions[0]?.name
  const place = fleet.regions.find(each => each.name === name)
  if (place === undefined) throw notASeed(`${field}: the sandbox serves no region ${name}.`)
  if (zone !== undefined && !place.zones.some(each => each.name === zone)) {
    throw notASeed(`${field}: ${place.name} has no zone ${zone}.`)
  }
  if (vpc !== undefined && !fleet.vpcs.of(place.name).some(each => each.id === vpc)) {
    throw notASeed(`${field}: ${place.name} has no VPC with the ID ${vpc}.`)
  }
}

/** What a seed is for: an account's fleet. */
interface SeedBed {
  access: Fleet
  fleet: FleetStore
}

/** Adds what a seed holds to the fleet that `find` gives for its account. Rejects with an ApiError (400) that lists everything wrong with it, before anything is added, and when it can't be kept. */
export async function plantSeed(given: unknown, find: (account?: string) => SeedBed): Promise<Seeded> {
  const read = seedSchema.safeParse(given)
  if (!read.success) {
    const problems = read.error.issues.map(({path, message}) => `${path.join('.') || 'the seed'}: ${message}`)
    throw notASeed(problems.join('; '))
  }
  const {account, ...kinds} = read.data
  const {instances, bareMetalServers, templates} = kinds
  const {access, fleet} = find(account)
  for (const [kind, items] of Object.entries(kinds)) {
    for (const [index, item] of items.entries()) checkPlace(fleet, `${kind}.${index}`, item)
  }
  const planted: Seeded = {instances: [], bareMetalServers: [], templates: []}
  for (const each of instances) planted.instances.push(await access.add(each))
  for (const each of bareMetalServers) planted.bareMetalServers.push(await access.bareMetalServers.add(each))
  for (const each of templates) planted.templates.push(await access.templates.add(each))
  return planted
}
