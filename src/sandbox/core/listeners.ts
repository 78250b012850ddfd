import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'

/** Servers on ports of this machine, each for something with an ID, and all that is connected to them. */
export class Listeners {
  readonly #greet: (socket: Socket, id: string) => void
  readonly #bound = new Map<string, Promise<AddressInfo>>()
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()

  /** `greet` is called for each connection. */
  constructor(greet: (socket: Socket, id: string) => void) {
    this.#greet = greet
  }

  /** Where `id` is served: where it was bound first, or else a free port of 127.0.0.1 that is bound now. */
  addressOf(id: string): Promise<AddressInfo> {
    return this.#bound.get(id) ?? this.bind(id, '127.0.0.1', 0)
  }

  /** Rejects with an Error where that can't be bound. */
  bind(id: string, host: string, port: number): Promise<AddressInfo> {
    const server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      // A caller may hang up at any time.
      socket.on('error', () => socket.destroy())
      this.#greet(socket, id)
    })
    this.#servers.add(server)
    const bound = new Promise<AddressInfo>((resolve, reject) => {
      server.once('error', error => reject(new Error(`${host}:${port} can't be bound for ${id}: ${error.message}`)))
      server.listen(port, host, () => resolve(server.address() as AddressInfo))
    })
    if (!this.#bound.has(id)) this.#bound.set(id, bound)
    return bound
  }

  /** Ends all servers and connections at once. */
  async close(): Promise<void> {
    const closed = [...this.#servers].map(server => new Promise(resolve => server.close(resolve)))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }
}
