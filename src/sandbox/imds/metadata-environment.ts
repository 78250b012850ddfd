import type {HttpBindings} from '@hono/node-server'
import type {Context} from 'hono'
import type {Cloud} from '../core/environment.ts'
import type {IdentityTokens} from './identity-token.ts'
import type {Subject} from './metadata-bodies.ts'

/** What a request to a metadata service carries. */
export interface MetadataEnvironment {
  Bindings: HttpBindings
  Variables: {
    /** Whose metadata service was called: the address that the request came in by decides, never what it says. */
    subject: Subject
  }
}

export type MetadataContext = Context<MetadataEnvironment>

/** Issues certificates for CSRs; the CA is loaded when the first one is asked for. */
export interface CertificateIssuer {
  /** PEM chain for `csr` with `commonName` as its subject's, from `issuedAt` for `ttlSeconds`; throws a MetadataError for a CSR against the rules. */
  issue(csr: string, commonName: string, issuedAtMs: number, ttlSeconds: number): Promise<string[]>
}

export interface MetadataCloud extends Omit<Cloud, 'actions'> {
  tokens: IdentityTokens
  certificates: CertificateIssuer
  /** How long an IAM token is good, in seconds. */
  iamTokenTtlSeconds: number
  /** Base of the issuer of IAM tokens: the sandbox's own URL. */
  iamUrl: () => string
}
