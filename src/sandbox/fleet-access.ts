import type {MetadataSettings} from './records.ts'

/** What a test sees of an instance. */
export interface InstanceSummary {
  id: string
  name: string
  region: string
  zone: string
  /** ID of the VPC. */
  vpc: string
  status: string
  metadata_service: MetadataSettings
  etag: string
}

/** An instance to be added; what is left out is chosen. The name is taken as it is, however odd. */
export interface NewInstance {
  name: string
  region?: string
  zone?: string
  vpc?: string
  status?: string
  metadata_service?: Partial<MetadataSettings>
  userData?: string
  /** Has a default trusted profile that is linked to it. */
  trustedProfile?: boolean
}

/** The fleet, for changing things behind a client's back. No rule of the API applies here. */
export interface Fleet {
  list(): InstanceSummary[]
  get(id: string): InstanceSummary | undefined
  add(instance: NewInstance): Promise<InstanceSummary>
  change(
    id: string,
    change: {name?: string; status?: string; metadata_service?: Partial<MetadataSettings>},
  ): Promise<InstanceSummary>
  remove(id: string): Promise<void>
  /** Parts a floating IP from its instance. */
  detachFloatingIp(id: string): Promise<void>
}
