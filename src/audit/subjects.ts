import type {Reference} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer, InstanceTemplate} from '../cloud/readers/resources.ts'
import type {Settings} from '../metadata/settings.ts'

/** What an audit looks at, under the API's own names for it. */
export const subjectKinds = ['instance', 'instance_template', 'bare_metal_server'] as const
export type SubjectKind = (typeof subjectKinds)[number]

/** What is known of a resource that is referred to: a template may name it by ID alone. */
export interface Referred {
  id?: string
  name?: string
}

/** What an audit judges, in little: 100,000 of them are held at once. */
export interface Subject {
  kind: SubjectKind
  id: string
  /** What follows was not told where it is undefined. */
  name?: string
  crn?: string
  region: string
  zone?: string
  vpc?: Referred
  resourceGroup?: Referred
  profile?: string
  /** A bare metal server tells of none. */
  image?: Referred
  architecture?: string
  /** What a template leaves out is here as the API's default. */
  settings: Settings
  /** A template has none. */
  status?: string
  /** When it was read, in epoch milliseconds. */
  readAt: number
}

/** Where and when something was read. */
export interface ReadContext {
  region: string
  readAt: number
  /** Gives equal references back as one, so that they take memory once. */
  share(reference: Referred): Referred
}

export const subjectOf = {
  /** A bare metal server tells of no image. */
  server(
    kind: 'instance' | 'bare_metal_server',
    server: Instance | BareMetalServer,
    {region, readAt, share}: ReadContext,
  ): Subject {
    const {id, name, crn, zone, vpc, resourceGroup, profile, status, settings} = server
    const {image, architecture}: Pick<Instance, 'image' | 'architecture'> = 'image' in server ? server : {}
    const shared = (reference: Reference | undefined) => reference && share({id: reference.id, name: reference.name})
    return {
      kind,
      id,
      name,
      crn,
      region,
      zone,
      vpc: shared(vpc),
      resourceGroup: shared(resourceGroup),
      profile,
      image: shared(image),
      architecture,
      settings,
      status,
      readAt,
    }
  },

  /** The names of its VPC and image are not in a template: `names` has those that are known by ID. */
  template(
    template: InstanceTemplate,
    {region, readAt, share}: ReadContext,
    names: ReadonlyMap<string, string>,
  ): Subject {
    const {id, name, crn, resourceGroup: group} = template
    const named = (known: string | undefined) =>
      known === undefined ? undefined : share({id: known, name: names.get(known)})
    return {
      kind: 'instance_template',
      id,
      name,
      crn,
      region,
      zone: template.zone,
      vpc: named(template.vpcId),
      resourceGroup: group && share({id: group.id, name: group.name}),
      profile: template.profile,
      image: named(template.imageId),
      settings: template.settings,
      readAt,
    }
  },
}

/** The word for a kind, in the singular. */
export function kindLabel(kind: SubjectKind): string {
  return kind.replaceAll('_', ' ')
}
