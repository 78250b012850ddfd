import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer, InstanceTemplate} from '../cloud/readers/resources.ts'
import type {Tags} from '../cloud/readers/tags.ts'
import type {Region} from '../cloud/regions.ts'
import {entryOf} from '../counted.ts'
import {type Filters, filterTable} from '../instances/filters.ts'
import {accountInCrn, targetName} from '../instances/references.ts'
import type {Settings} from '../instances/settings.ts'
import {noTags} from '../instances/tags.ts'

/** What an audit looks at, under the API's own names for it. */
export const subjectKinds = ['instance', 'instance_template', 'bare_metal_server'] as const
export type SubjectKind = (typeof subjectKinds)[number]

/** The filters that all kinds have. The API has them for instances; of the others each row is checked here. */
export const scopeFilters = ['name', 'zone', 'vpc', 'resource-group', 'tag'] as const

/** What an audit is about, as typed. */
export interface Scope {
  kinds: readonly SubjectKind[]
  filters: Pick<Filters, (typeof scopeFilters)[number]>
}

/** The filters of a scope in words, as in `name web-*, VPC my-test-vpc`; empty without any. */
export function scopeInWords({filters}: Scope): string {
  const given = scopeFilters.flatMap(name => {
    const value = filters[name]
    return value === undefined ? [] : `${filterTable[name].word} ${[value].flat().join(', ')}`
  })
  return given.join(', ')
}

/** What is known of a resource that is referred to: a template may name it by ID alone. */
export interface Referred {
  id?: string
  name?: string
}

/** What an audit judges, in little: 100,000 of them are held at once. */
export interface Subject {
  kind: SubjectKind
  id: string
  /** What follows is unknown where it is undefined. */
  name?: string
  crn?: string
  /** Whose it is. */
  account?: Referred
  region: string
  zone?: string
  vpc?: Referred
  resourceGroup?: Referred
  profile?: string
  /** A bare metal server has none. */
  image?: Referred
  architecture?: string
  /** What a template leaves out is here as the API's default. */
  settings: Settings
  /** A template has none. */
  status?: string
  /** Unknown where nothing asks for them, too. */
  tags?: Tags | undefined
  /** When it was read, in epoch milliseconds. */
  readAt: number
}

/** What is known of a subject beside its body. */
interface SubjectSurroundings extends Pick<Subject, 'readAt' | 'tags'> {
  region: Region
  references: KnownReferences
}

/** An instance, a template or a bare metal server as a subject. */
export function toSubject(
  kind: SubjectKind,
  server: Instance | BareMetalServer | InstanceTemplate,
  {region, readAt, references, tags}: SubjectSurroundings,
): Subject {
  const {id, name, crn, zone, vpc, resourceGroup, profile, settings} = server
  const accountId = accountInCrn(crn)
  const account = region.account ?? (accountId === undefined ? undefined : {id: accountId})
  const {image, architecture, status}: Partial<Pick<Instance, 'image' | 'architecture' | 'status'>> = server
  return {
    kind,
    id,
    name,
    crn,
    account: references.share(account),
    region: region.name,
    zone,
    vpc: references.share(vpc),
    resourceGroup: references.share(resourceGroup),
    profile,
    image: references.share(image),
    architecture,
    settings,
    status,
    tags: kind === 'instance_template' ? noTags : tags,
    readAt,
  }
}

/** What subjects refer to: equal references are one, so that they take memory once, and have the name that is known. */
export class KnownReferences {
  readonly #names = new Map<string, string>()
  readonly #shared = new Map<string, Referred>()

  name({id, name}: Referred): void {
    if (id !== undefined && name !== undefined) this.#names.set(id, name)
  }

  lacksName(reference: Referred | undefined): boolean {
    const {id, name} = reference ?? {}
    return id !== undefined && name === undefined && !this.#names.has(id)
  }

  share(reference: Referred | undefined): Referred | undefined {
    if (!reference) return undefined
    this.name(reference)
    const {id, name = id === undefined ? undefined : this.#names.get(id)} = reference
    return entryOf(this.#shared, `${id ?? ''} ${name ?? ''}`, () => ({id, name}))
  }
}

/** The word for a kind, in the singular. */
export function kindLabel(kind: SubjectKind): string {
  return kind.replaceAll('_', ' ')
}

/** Kinds in words, in the plural. */
export function kindsInWords(kinds: readonly SubjectKind[]): string {
  return kinds.map(kind => `${kindLabel(kind)}s`).join(', ')
}

/** What something is called: by name, or by ID where the name is not known. */
export function label(reference: Referred | undefined): string {
  return reference?.name ?? reference?.id ?? ''
}

/** What an account is called where several stand together. */
export function accountLabel(account: Referred | undefined): string {
  return account?.id === undefined ? 'account unknown' : targetName({name: account.name, id: account.id})
}
