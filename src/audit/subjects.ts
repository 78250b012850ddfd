import type {BareMetalServer, Instance, InstanceTemplate} from '../cloud/wire.ts'
import type {Settings} from '../metadata/settings.ts'
import type {SubjectKind} from './policy.ts'

/** What is known of a resource that is referred to: a template may name it by ID alone. */
export interface Referred {
  id: string
  name?: string
}

/** What an audit judges, in little: 100,000 of them are held at once. */
export interface Subject {
  kind: SubjectKind
  id: string
  name: string
  crn: string
  region: string
  /** A template need not name the places where its instances are made. */
  zone?: string
  vpc?: Referred
  resourceGroup: Referred
  profile?: string
  image?: Referred
  /** What a template leaves out is here as the API's default. */
  settings: Settings
  /** A template has none. */
  status?: string
  /** When it was read, in epoch milliseconds. */
  readAt: number
}

/** Where and when something was read. */
export interface Reading {
  region: string
  readAt: number
  /** Gives equal references back as one, so that they take memory once. */
  share(reference: Referred): Referred
}

/** IBM/vpc-node-sdk, vpc/v1.ts, InstanceMetadataServicePrototype: what holds for what a template leaves out. */
const templateDefaults = {enabled: false, protocol: 'http', response_hop_limit: 1}

export const subjectOf = {
  /** A bare metal server tells of no image. */
  server(
    kind: 'instance' | 'bare_metal_server',
    server: Instance | BareMetalServer,
    {region, readAt, share}: Reading,
  ): Subject {
    const {id, name, crn, zone, vpc, resource_group: group, profile, status, metadata_service} = server
    const image = 'image' in server ? server.image : undefined
    return {
      kind,
      id,
      name,
      crn,
      region,
      zone: zone.name,
      vpc: share({id: vpc.id, name: vpc.name}),
      resourceGroup: share({id: group.id, name: group.name}),
      profile: profile.name,
      image: image && share({id: image.id, name: image.name}),
      settings: metadata_service,
      status,
      readAt,
    }
  },

  /** The names of its VPC and image are not in a template: `names` has those that are known by ID. */
  template(template: InstanceTemplate, {region, readAt, share}: Reading, names: ReadonlyMap<string, string>): Subject {
    const {id, name, crn, resource_group: group} = template
    const named = (reference: Identity | undefined) => {
      const known = idOf(reference)
      return known === undefined ? undefined : share({id: known, name: names.get(known)})
    }
    return {
      kind: 'instance_template',
      id,
      name,
      crn,
      region,
      zone: template.zone?.name ?? idOf(template.zone),
      vpc: named(template.vpc),
      resourceGroup: share({id: group.id, name: group.name}),
      profile: template.profile?.name ?? idOf(template.profile),
      image: named(template.image),
      settings: {...templateDefaults, ...template.metadata_service},
      readAt,
    }
  },
}

interface Identity {
  id?: string
  crn?: string
  href?: string
}

/** The ID in what the API calls an identity: one of ID, CRN or href, of which the last part is the ID. */
export function idOf(reference: Identity | undefined): string | undefined {
  if (reference === undefined) return undefined
  return reference.id ?? reference.crn?.split(':').at(-1) ?? reference.href?.split('/').at(-1)
}

/** The word for a kind, in the singular. */
export function kindLabel(kind: SubjectKind): string {
  return kind.replaceAll('_', ' ')
}
