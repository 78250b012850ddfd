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

/** What a test sees of an instance. */
export interface InstanceSummary extends Summary<MetadataSettings> {
  status: string
  etag: string
}

export interface BareMetalSummary extends Summary<BareMetalSettings> {
  status: string
}

/** Of a template: what its maker named of the metadata service; null when nothing at all. */
export type TemplateSummary = Summary<Partial<MetadataSettings> | null>

/** Something to be added; what is left out is chosen. The name is taken as it is, however odd. */
interface New<Settings> {
  name: string
  region?: string
  zone?: string
  /** ID of the VPC. */
  vpc?: string
  metadata_service?: Settings
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

/** What changes of an instance or bare metal server: of its settings those that are named. */
export interface Edit<Settings> {
  name?: string
  /** Also ends a transition that is under way. */
  status?: string
  metadata_service?: Partial<Settings>
}

/** What changes of a template: its settings as a whole. The API itself lets nobody change them. */
export type TemplateEdit = Pick<NewTemplate, 'metadata_service'> & {name?: string}

/** One kind of things, for changing them behind a client's back. Rejects for an ID that there is not. */
export interface Shelf<Summary, New, Edit> {
  list(): Summary[]
  get(id: string): Summary | undefined
  add(item: New): Promise<Summary>
  change(id: string, edit: Edit): Promise<Summary>
  remove(id: string): Promise<void>
}

/** A time in which an instance was not running because of stops, starts and reboots asked for over the API. */
export interface Downtime {
  id: string
  name: string
  region: string
  /** ID of the VPC. */
  vpc: string
  /** When it was asked to stop, in epoch milliseconds of the sandbox's clock. */
  from: number
  /** When it ran again, or will if nothing intervenes; undefined while nobody starts it, and when its start fails. */
  to: number | undefined
}

/** The fleet, for changing things behind a client's back. No rule of the API applies here. The instances stand at its top. */
export interface Fleet extends Shelf<InstanceSummary, NewInstance, Edit<MetadataSettings>> {
  bareMetalServers: Shelf<BareMetalSummary, NewBareMetal, Edit<BareMetalSettings>>
  templates: Shelf<TemplateSummary, NewTemplate, TemplateEdit>
  /** Lets the next `count` starts (1 without) of an instance end in `ends` (`failed` without) instead of `running`. */
  failStarts(id: string, count?: number, ends?: FailedStart): Promise<void>
  /** When which instance was down since this sandbox began, in the order in which they went. */
  downtimes(): Downtime[]
  /** Parts a floating IP from its instance. */
  detachFloatingIp(id: string): Promise<void>
}

/** What can be put into a sandbox at once. Of each thing the name is all that must be said: the rest is chosen. */
export interface Seed {
  instances?: NewInstance[]
  bareMetalServers?: NewBareMetal[]
  templates?: NewTemplate[]
}

/** What a seed became, in its order. */
export interface Seeded {
  instances: InstanceSummary[]
  bareMetalServers: BareMetalSummary[]
  templates: TemplateSummary[]
}
