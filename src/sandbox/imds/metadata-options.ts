import {BlockList, isIP} from 'node:net'
import type {SeenRequest} from '../fleet/public-types.ts'

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

const bindable = new BlockList()
bindable.addSubnet('127.0.0.0', 8, 'ipv4')
bindable.addAddress('::1', 'ipv6')
bindable.addAddress('169.254.169.254', 'ipv4')

/**
 * Throws a plain Error for a host that a metadata service must not be bound to: it hands tokens to whoever asks, so only
 * this machine may reach it, at a loopback address, or at 169.254.169.254, which no router passes on.
 */
export function checkBindable(host: string): void {
  const family = isIP(host)
  if (family !== 0 && bindable.check(host, family === 6 ? 'ipv6' : 'ipv4')) return
  throw new Error(
    `A metadata service can't be bound to ${host}: others could reach it. It takes a loopback address (127.0.0.0/8 or ::1), or 169.254.169.254.`,
  )
}
