import type {HttpBindings} from '@hono/node-server'
import type {Context} from 'hono'
import type {FloatingIpRecord, InstanceRecord, KeyRecord} from '../core/records.ts'
import type {SimulatedCloud} from '../core/simulated-cloud.ts'

/** The server whose metadata service is called, and all that the answers are made of. */
export interface MetadataSubject {
  /** A bare metal server has an identity, and no metadata of its own to read. */
  kind: 'bare-metal-server' | 'instance'
  record: InstanceRecord
  vpcName: string
  /** Those that lead to the instance. */
  floatingIps: readonly FloatingIpRecord[]
  /** Those that it was created with. */
  keys: readonly KeyRecord[]
  /** Epoch milliseconds. */
  now: number
  transitionMs: number
}

/** What a request to a metadata service carries: the address that it came in by decides on the subject, never its content. */
export interface MetadataEnvironment {
  Bindings: HttpBindings
  Variables: {subject: MetadataSubject}
}

export type MetadataContext = Context<MetadataEnvironment>

export interface MetadataCloud extends Omit<SimulatedCloud, 'actions'> {
  /** PEM chain for a CSR with `commonName` as its subject's, from `issuedAtMs` for `ttlSeconds`; rejects with an ApiError for a CSR against the rules. The CA is loaded when the first one is asked for. */
  issueCertificate(csr: string, commonName: string, issuedAtMs: number, ttlSeconds: number): Promise<string[]>
  /** How long an IAM token is good, in seconds. */
  iamTokenTtlSeconds: number
  /** The sandbox's own URL: base of the issuer of IAM tokens. */
  url: string
}
