import type {Instance, MetadataService} from '../cloud/wire.ts'

/** What can be changed; an instance template can't (contract: a PATCH of one changes only its name). */
export type TargetKind = 'instance' | 'bare_metal_server'

/** A server as a plan knows it: in little, so that 50,000 of them fit. */
export interface Target {
  kind: TargetKind
  id: string
  name: string
  crn: string
  region: string
  zone: string
  vpc: {id: string; name: string}
  status: string
}

/** Settings as the API gives them: a bare metal server has no hop limit. */
export type Settings = Omit<MetadataService, 'response_hop_limit'> &
  Partial<Pick<MetadataService, 'response_hop_limit'>>

/** One server, its settings as they were read, and the fields that are to be set. */
export interface PlannedChange {
  target: Target
  before: Settings
  set: Partial<Settings>
  /** The ETag of what was read, where the API gave one: it does for a single instance, not in a list. */
  etag?: string
  /** When the settings were read, in epoch milliseconds. */
  readAt: number
}

export interface Plan {
  /** The ID of the account that it was made in. */
  account: string
  /** ISO 8601. */
  createdAt: string
  /** vpcmd's version. */
  vpcmd: string
  /** How the servers were chosen, in words. */
  selection: string
  changes: PlannedChange[]
}

/** An instance as a target of changes. */
export function instanceTarget(instance: Instance, region: string): Target {
  const {id, name, crn, zone, vpc, status} = instance
  return {
    kind: 'instance',
    id,
    name,
    crn,
    region,
    zone: zone.name,
    vpc: {id: vpc.id, name: vpc.name},
    status,
  }
}
