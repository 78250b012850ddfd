import {createServer as createHttpServer} from 'node:http'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import {TLSSocket} from 'node:tls'
import {getRequestListener} from '@hono/node-server'
import type {BareMetalRecord, InstanceRecord} from '../core/records.ts'
import {findServer} from '../fleet/fleet.ts'
import type {CertificateAuthority} from './certificate-authority.ts'
import {createMetadataApp, type MetadataCaller} from './metadata-app.ts'
import type {MetadataAddress, MetadataOptions} from './metadata-options.ts'
import type {MetadataCloud, MetadataSubject} from './metadata-request.ts'

export interface MetadataListeners {
  /** The address of the service of an instance or bare metal server; opens it at the first call. Rejects for an unknown or ambiguous one. */
  address(instance: string): Promise<MetadataAddress>
  /** Ends all listeners and connections at once. */
  close(): Promise<void>
}

const tlsHandshake = 0x16

/**
 * The metadata services of the fleet: one application, and a listener for each instance whose address was asked for.
 * Binds the addresses and writes the file that the options name; rejects with a plain Error, and nothing bound, for an
 * unknown instance, or where that can't be done.
 */
export async function openMetadataListeners(
  options: MetadataOptions & Omit<MetadataCloud, 'issueCertificate'>,
): Promise<MetadataListeners> {
  const {fleet, clock, transitionMs} = options
  const callers = new WeakMap<Duplex, MetadataCaller>()
  const listeners = new Map<string, Promise<AddressInfo>>()
  const servers = new Set<Server>()
  const sockets = new Set<Socket>()
  let authority: Promise<CertificateAuthority> | undefined
  const certificates = () => {
    authority ??= import('./certificate-authority.ts').then(({makeCertificateAuthority}) =>
      makeCertificateAuthority(options.caFile, options.writeCaFile),
    )
    return authority
  }

  const subjectOf = ({instance, protocol}: MetadataCaller): MetadataSubject | undefined => {
    fleet.refresh()
    const server = fleet.bareMetalServers.get(instance)
    const record = server ? asInstance(server) : fleet.instances.get(instance)
    if (record === undefined || !record.metadata.enabled || record.metadata.protocol !== protocol) return undefined
    const floatingIps = fleet.floatingIpsOf(record)
    const keys = fleet.keysOf(record)
    const kind = server ? 'bare-metal-server' : 'instance'
    return {kind, record, vpcName: fleet.vpcName(record.vpc), floatingIps, keys, now: clock(), transitionMs}
  }
  const app = createMetadataApp({
    ...options,
    issueCertificate: async (...request) => (await certificates()).issue(...request),
    callerOf: connection => callers.get(connection),
    subjectOf,
  })
  const http = createHttpServer(getRequestListener(app.fetch, {overrideGlobalObjects: false}))

  const leave = (socket: Socket) => {
    if (options.off === 'reset') socket.resetAndDestroy()
    // Reading on is how the end of the connection shows.
    else socket.resume()
  }
  const serve = async (socket: Socket, caller: MetadataCaller) => {
    if (subjectOf(caller) === undefined) return leave(socket)
    let connection = socket
    if (caller.protocol === 'https') {
      const secureContext = await (await certificates()).secureContext(caller.address)
      connection = new TLSSocket(socket, {isServer: true, secureContext})
      connection.on('error', () => socket.destroy())
    }
    callers.set(connection, caller)
    http.emit('connection', connection)
    connection.resume()
  }
  // One port serves whichever protocol is set: the first byte tells which one the caller speaks.
  const greet = (socket: Socket, instance: string) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A caller may hang up at any time.
    socket.on('error', () => socket.destroy())
    socket.once('data', first => {
      socket.pause()
      socket.unshift(first)
      const protocol = first[0] === tlsHandshake ? 'https' : 'http'
      serve(socket, {instance, protocol, address: calledAddress(socket), leave: () => leave(socket)}).catch(() =>
        socket.destroy(),
      )
    })
  }
  const listen = (id: string, host: string, port: number): Promise<AddressInfo> => {
    const server = createServer(socket => greet(socket, id))
    servers.add(server)
    return new Promise((resolve, reject) => {
      server.once('error', error => reject(new Error(`${host}:${port} can't be bound for ${id}: ${error.message}`)))
      server.listen(port, host, () => resolve(server.address() as AddressInfo))
    })
  }
  const find = (instance: string) => {
    fleet.refresh()
    return findServer(fleet, instance)
  }

  const close = async () => {
    const closed = [...servers].map(server => new Promise(resolve => server.close(resolve)))
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
    const made = await authority?.catch(() => undefined)
    made?.close()
  }
  try {
    if (options.caFile !== undefined) await certificates()
    for (const {instance, host, port} of options.bindings ?? []) {
      const {id} = find(instance)
      const bound = listen(id, host, port)
      // `address` gives the first of several.
      if (!listeners.has(id)) listeners.set(id, bound)
      await bound
    }
  } catch (error) {
    // What is bound already would keep the process alive.
    await close()
    throw error
  }
  return {
    async address(instance) {
      const {id, name, region, metadata} = find(instance)
      const bound = listeners.get(id) ?? listen(id, '127.0.0.1', 0)
      listeners.set(id, bound)
      const [{address, family, port}, {file}] = await Promise.all([bound, certificates()])
      const host = family === 'IPv6' ? `[${address}]` : address
      const {enabled, protocol} = metadata
      return {id, name, region, enabled, protocol, url: `${protocol}://${host}:${port}`, ca_file: file}
    },
    close,
  }
}

/** A bare metal server as an instance, which is what the identity service works on. */
function asInstance(server: BareMetalRecord): InstanceRecord {
  const metadata = {...server.metadata, response_hop_limit: 1}
  return {...server, metadata, action: undefined, failures: undefined}
}

/** The address that a caller used, as a URL has it: without the `::ffff:` of IPv4 and the `%eth0` of IPv6. */
function calledAddress({localAddress = ''}: Socket): string {
  return localAddress.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '')
}
