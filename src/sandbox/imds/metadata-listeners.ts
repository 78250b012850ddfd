import {createServer as createHttpServer, type Server as HttpServer} from 'node:http'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import {TLSSocket} from 'node:tls'
import {getRequestListener} from '@hono/node-server'
import type {BareMetalRecord, InstanceRecord} from '../core/records.ts'
import {findServer} from '../fleet/instance-names.ts'
import {keysOfInstance} from '../vpc/ssh-keys.ts'
import type {CertificateAuthority} from './certificate-authority.ts'
import {createMetadataApp, type MetadataCaller} from './metadata-app.ts'
import type {MetadataCloud, MetadataSubject} from './metadata-environment.ts'
import type {MetadataAddress, MetadataOptions} from './metadata-options.ts'

export type MetadataListenersOptions = MetadataOptions & Omit<MetadataCloud, 'issueCertificate'>

const tlsHandshake = 0x16

/** The metadata services of the fleet: one application, and for each instance that is asked for a listener of its own. */
export class MetadataListeners {
  readonly #options: MetadataListenersOptions
  readonly #callers = new WeakMap<Duplex, MetadataCaller>()
  readonly #http: HttpServer
  readonly #listeners = new Map<string, Promise<AddressInfo>>()
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()
  #authority: Promise<CertificateAuthority> | undefined

  constructor(options: MetadataListenersOptions) {
    this.#options = options
    const app = createMetadataApp({
      ...options,
      issueCertificate: async (...request) => (await this.#certificates()).issue(...request),
      callerOf: connection => this.#callers.get(connection),
      subjectOf: caller => this.#subjectOf(caller),
    })
    this.#http = createHttpServer(getRequestListener(app.fetch, {overrideGlobalObjects: false}))
  }

  /** Binds the addresses and writes the file that the options name. Rejects with a plain Error for an unknown instance, or where that can't be done. */
  async start(): Promise<void> {
    if (this.#options.caFile !== undefined) await this.#certificates()
    for (const {instance, host, port} of this.#options.bindings ?? []) {
      const {id} = this.#find(instance)
      const bound = this.#listen(id, host, port)
      // The first of several is the one that is told.
      if (!this.#listeners.has(id)) this.#listeners.set(id, bound)
      await bound
    }
  }

  /** The address of the service of an instance or bare metal server; opens it when it is the first time. Rejects for an unknown or ambiguous one. */
  async address(instance: string): Promise<MetadataAddress> {
    const {id, name, region, metadata} = this.#find(instance)
    let bound = this.#listeners.get(id)
    if (bound === undefined) {
      bound = this.#listen(id, '127.0.0.1', 0)
      this.#listeners.set(id, bound)
    }
    const [{address, family, port}, {file}] = await Promise.all([bound, this.#certificates()])
    const host = family === 'IPv6' ? `[${address}]` : address
    const {enabled, protocol} = metadata
    return {id, name, region, enabled, protocol, url: `${protocol}://${host}:${port}`, ca_file: file}
  }

  #find(instance: string): InstanceRecord | BareMetalRecord {
    const {fleet} = this.#options
    fleet.refresh()
    return findServer(fleet, instance)
  }

  /** Ends all listeners and connections at once. */
  async close(): Promise<void> {
    const closed = [...this.#servers].map(server => new Promise(resolve => server.close(resolve)))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
    const authority = await this.#authority?.catch(() => undefined)
    authority?.close()
  }

  #certificates(): Promise<CertificateAuthority> {
    this.#authority ??= import('./certificate-authority.ts').then(({CertificateAuthority}) =>
      CertificateAuthority.make(this.#options.caFile, this.#options.writeCaFile),
    )
    return this.#authority
  }

  #listen(id: string, host: string, port: number): Promise<AddressInfo> {
    const server = createServer(socket => this.#greet(socket, id))
    this.#servers.add(server)
    return new Promise((resolve, reject) => {
      server.once('error', error => reject(new Error(`${host}:${port} can't be bound for ${id}: ${error.message}`)))
      server.listen(port, host, () => {
        const bound = server.address()
        if (bound === null || typeof bound === 'string') reject(new Error(`${host}:${port} has no port.`))
        else resolve(bound)
      })
    })
  }

  // One port serves whichever protocol is set: the first byte tells which one the caller speaks.
  #greet(socket: Socket, instance: string): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    // A caller that hangs up in the middle is its own affair.
    socket.on('error', () => socket.destroy())
    socket.once('data', first => {
      socket.pause()
      socket.unshift(first)
      const protocol = first[0] === tlsHandshake ? 'https' : 'http'
      const caller: MetadataCaller = {
        instance,
        protocol,
        address: calledAddress(socket),
        leave: () => this.#leave(socket),
      }
      this.#serve(socket, caller).catch(() => socket.destroy())
    })
  }

  async #serve(socket: Socket, caller: MetadataCaller): Promise<void> {
    if (this.#subjectOf(caller) === undefined) return this.#leave(socket)
    if (caller.protocol === 'http') return this.#hand(socket, caller)
    const secureContext = await (await this.#certificates()).secureContext(caller.address)
    const secure = new TLSSocket(socket, {isServer: true, secureContext})
    secure.on('error', () => socket.destroy())
    this.#hand(secure, caller)
  }

  #hand(connection: Socket, caller: MetadataCaller): void {
    this.#callers.set(connection, caller)
    this.#http.emit('connection', connection)
    connection.resume()
  }

  #leave(socket: Socket): void {
    if (this.#options.off === 'reset') socket.resetAndDestroy()
    // What comes is thrown away, so that the end of the connection is seen.
    else socket.resume()
  }

  #subjectOf({instance, protocol}: MetadataCaller): MetadataSubject | undefined {
    const {fleet, clock, transitionMs} = this.#options
    fleet.refresh()
    const server = fleet.bareMetalServers.get(instance)
    const record = server ? asInstance(server) : fleet.instances.get(instance)
    if (record === undefined || !record.metadata.enabled || record.metadata.protocol !== protocol) return undefined
    const floatingIps = fleet.floatingIpsOf(record.region).filter(each => each.instance === record.id)
    const keys = keysOfInstance(fleet, record)
    const kind = server ? 'bare-metal-server' : 'instance'
    return {kind, record, vpcName: fleet.vpcName(record.vpc), floatingIps, keys, now: clock(), transitionMs}
  }
}

/** A bare metal server as the identity service sees it, which asks the same of it as of an instance. */
function asInstance(server: BareMetalRecord): InstanceRecord {
  const metadata = {...server.metadata, response_hop_limit: 1}
  return {...server, metadata, action: undefined, failures: undefined}
}

/** The address that a caller used: of `::ffff:127.0.0.1` and `fe80::1%eth0`, what stands in a URL. */
function calledAddress({localAddress = ''}: Socket): string {
  return localAddress.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '')
}
