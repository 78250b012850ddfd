import {createServer} from 'node:http'
import type {Socket} from 'node:net'
import {TLSSocket} from 'node:tls'
import {getRequestListener} from '@hono/node-server'
import {Listeners} from '../core/listeners.ts'
import {whenAsked} from '../core/when-asked.ts'
import {findServer} from '../fleet/fleet.ts'
import {createMetadataApp, type MetadataCaller, subjectOf} from './metadata-app.ts'
import type {MetadataAddress, MetadataOptions} from './metadata-options.ts'
import type {MetadataCloud} from './metadata-request.ts'

export type MetadataListeners = Awaited<ReturnType<typeof openMetadataListeners>>

const tlsHandshake = 0x16

/**
 * The metadata services of the fleet: one application, and a listener for each instance whose address was asked for.
 * Binds the addresses and writes the file that the options name; rejects with a plain Error, and nothing bound, for an
 * unknown instance, or where that can't be done.
 */
export async function openMetadataListeners(options: MetadataOptions & Omit<MetadataCloud, 'certificates'>) {
  const {fleet} = options
  const certificates = whenAsked(async () => {
    const {makeCertificateAuthority} = await import('./certificate-authority.ts')
    return makeCertificateAuthority(options.caFile, options.writeCaFile)
  })
  const cloud = {...options, certificates}
  const callers = new WeakMap<object, MetadataCaller>()
  const app = createMetadataApp(cloud, callers, options.onRequest)
  const http = createServer(getRequestListener(app.fetch, {overrideGlobalObjects: false}))

  const leave = (socket: Socket) => {
    if (options.off === 'reset') socket.resetAndDestroy()
    // Reading on is how the end of the connection shows.
    else socket.resume()
  }
  const serve = async (socket: Socket, caller: MetadataCaller) => {
    if (subjectOf(cloud, caller) === undefined) return leave(socket)
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
  const listeners = new Listeners((socket, instance) => {
    socket.once('data', first => {
      socket.pause()
      socket.unshift(first)
      const protocol = first[0] === tlsHandshake ? 'https' : 'http'
      const caller: MetadataCaller = {instance, protocol, address: calledAddress(socket), leave: () => leave(socket)}
      serve(socket, caller).catch(() => socket.destroy())
    })
  })
  const find = (instance: string) => {
    fleet.refresh()
    return findServer(fleet, instance)
  }
  const close = async () => {
    await listeners.close()
    const made = await certificates.made?.catch(() => undefined)
    made?.close()
  }
  try {
    if (options.caFile !== undefined) await certificates()
    for (const {instance, host, port} of options.bindings ?? []) await listeners.bind(find(instance).id, host, port)
  } catch (error) {
    // What is bound already would keep the process alive.
    await close()
    throw error
  }
  return {
    /** The address of the service of an instance or bare metal server; opens it at the first call. Rejects for an unknown or ambiguous one. */
    async address(instance: string): Promise<MetadataAddress> {
      const {id, name, region, metadata} = find(instance)
      const [{address, family, port}, {file}] = await Promise.all([listeners.addressOf(id), certificates()])
      const host = family === 'IPv6' ? `[${address}]` : address
      const {enabled, protocol} = metadata
      return {id, name, region, enabled, protocol, url: `${protocol}://${host}:${port}`, ca_file: file}
    },
    /** Ends all listeners and connections at once. */
    close,
  }
}

/** The address that a caller used, as a URL has it: without the `::ffff:` of IPv4 and the `%eth0` of IPv6. */
function calledAddress({localAddress = ''}: Socket): string {
  return localAddress.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '')
}
