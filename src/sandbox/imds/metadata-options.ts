import type {SeenRequest} from '../core/seen-request.ts'

/** An address that an instance's metadata service is bound to. */
export interface MetadataBinding {
  /** Name, ID, or region and name with a slash between. */
  instance: string
  /** An IP address of this machine. */
  host: string
  port: number
}

export interface MetadataOptions {
  /** Addresses to bind at once. Every other instance gets a free port of 127.0.0.1 when its address is first asked for. */
  bindings?: readonly MetadataBinding[]
  /**
   * What a caller meets where the service is off, or the other protocol is set: no answer ever, as on IBM Cloud (`hang`, the
   * default), or a connection that is reset at once, for tests that can't wait.
   */
  off?: 'hang' | 'reset'
  /** Where to write the CA's certificate; by default a temporary file that the sandbox removes when it ends. */
  caFile?: string
  /** How to write that file; by default it is overwritten. */
  writeCaFile?: (file: string, pem: string) => Promise<void>
  /** Called for each request that a metadata service answers, before it answers. */
  onRequest?: (request: SeenRequest) => void
}

/** The address of an instance's metadata service, and its current settings. */
export interface MetadataAddress {
  id: string
  name: string
  region: string
  enabled: boolean
  protocol: 'http' | 'https'
  /** `http://127.0.0.1:PORT`, by the protocol that is set. */
  url: string
  /** PEM file with the CA that signs for https. */
  ca_file: string
}
