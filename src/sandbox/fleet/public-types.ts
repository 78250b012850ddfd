import type {FailedStart, MetadataSettings} from '../core/records.ts'

type BareMetalSettings = Omit<MetadataSettings, 'response_hop_limit'>

interface Summary<Settings> {
  id: string
  name: string
  region: string
  zone: string
  /** ID of the VPC. */
  vpc: string
  metadata_service: Settings
}

/** An instance as a test sees it. */
export interface InstanceSummary extends Summary<MetadataSettings> {
  status: string
  etag: string
}

export interface BareMetalSummary extends Summary<BareMetalSettings> {
  status: string
}

/** `metadata_service` holds what the template's maker named; null when that was nothing. */
export type TemplateSummary = Summary<Partial<MetadataSettings> | null>

/** Tags by their type. */
export interface Tags {
  user?: string[]
  access?: string[]
  service?: string[]
}

/** Something to add. The sandbox chooses what is left out, and takes any name, however odd. */
interface New<Settings> {
  name: string
  region?: string
  zone?: string
  /** ID of the VPC. */
  vpc?: string
  metadata_service?: Settings
  /** The search knows them at once. */
  tags?: Tags
}

export interface NewInstance extends New<Partial<MetadataSettings>> {
  status?: string
  /** The name of its image. */
  image?: string
  /** Has network interfaces of the old kind. */
  legacyInterfaces?: boolean
  /** One with a `d`, such as `bx2d-4x16`, has local disks. */
  profile?: string
  spot?: boolean
  userData?: string
  /** Has a default trusted profile that is linked to it. */
  trustedProfile?: boolean
}

export interface NewBareMetal extends New<Partial<BareMetalSettings>> {
  status?: string
}

export type NewTemplate = New<Partial<MetadataSettings> | null>

/** A change of an instance or bare metal server. Settings that are left out stay. */
export interface Edit<Settings> {
  name?: string
  /** Also ends a transition under way. */
  status?: string
  metadata_service?: Partial<Settings>
}

/** A change of a template. Settings are replaced as a whole; the API itself can't change them. */
type TemplateEdit = Pick<NewTemplate, 'metadata_service'> & {name?: string}

/** All servers or templates of one kind, to change behind a client's back. Rejects for an unknown ID. */
export interface Shelf<Summary, New, Edit> {
  list(): Summary[]
  get(id: string): Summary | undefined
  add(item: New): Promise<Summary>
  change(id: string, edit: Edit): Promise<Summary>
  remove(id: string): Promise<void>
}

/** A time in which an instance was not running because of stops, starts and reboots over the API. */
export interface Downtime {
  id: string
  name: string
  region: string
  /** ID of the VPC. */
  vpc: string
  /** When the stop was asked for, in epoch milliseconds of the sandbox's clock. */
  from: number
  /** When it ran again, or will if nothing intervenes; undefined while nobody starts it, and when its start fails. */
  to: number | undefined
}

/** The fleet, to change behind a client's back. The rules of the API do not apply here. Its own methods are about instances. */
export interface Fleet extends Shelf<InstanceSummary, NewInstance, Edit<MetadataSettings>> {
  bareMetalServers: Shelf<BareMetalSummary, NewBareMetal, Edit<BareMetalSettings>>
  templates: Shelf<TemplateSummary, NewTemplate, TemplateEdit>
  /** Makes the next `count` (1 by default) starts of an instance end in `ends` (`failed` by default) instead of `running`. */
  failStarts(id: string, count?: number, ends?: FailedStart): Promise<void>
  /** Every downtime since this sandbox began, of all accounts, by its start. */
  downtimes(): Downtime[]
  /** Detaches a floating IP from its instance. */
  detachFloatingIp(id: string): Promise<void>
}

/** What to put into a sandbox at once. Only names are required. */
export interface Seed {
  /** The ID of the account that it is for, the first one without. */
  account?: string
  instances?: NewInstance[]
  bareMetalServers?: NewBareMetal[]
  templates?: NewTemplate[]
}

/** What a seed became, in the same order. */
export interface Seeded {
  instances: InstanceSummary[]
  bareMetalServers: BareMetalSummary[]
  templates: TemplateSummary[]
}

/** An account as a test sees it. */
export interface AccountSummary {
  id: string
  name: string
  /** No source read says what other states than ACTIVE are called: PENDING is the sandbox's guess. */
  state: 'ACTIVE' | 'PENDING'
  /** Whether it has the profile that the owner of the API key may assume. */
  hasAuditor: boolean
}

/** A request as a test sees it. */
export interface SeenRequest {
  method: string
  /** With the query. */
  path: string
  /** Undefined when no answer was sent. */
  status: number | undefined
  /** As JSON where it is that, else as text; undefined when empty. */
  body?: unknown
}
