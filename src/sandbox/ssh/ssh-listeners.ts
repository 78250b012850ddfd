import {timingSafeEqual} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import type {Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import ssh2, {type AuthContext, type Connection, type ParsedKey} from 'ssh2'
import type {SimulatedCloud} from '../core/environment.ts'
import {Listeners} from '../core/listeners.ts'
import type {InstanceRecord} from '../core/records.ts'
import type {MetadataListeners} from '../imds/metadata-listeners.ts'
import {statusAt} from '../vpc/instance-actions.ts'
import {makeInstanceHome} from './instance-home.ts'
import {onExit} from './own-process.ts'
import {findTerminal, Sessions} from './sessions.ts'

/** Where an instance of the sandbox takes ssh, and what it takes to log in: any user name, and this key alone. */
interface SshAddress {
  id: string
  name: string
  region: string
  host: '127.0.0.1'
  port: number
  /** The private key, which only whoever runs the sandbox can read. It is removed when the sandbox ends. */
  identity_file: string
  /** A known_hosts file with the host key. */
  known_hosts_file: string
}

export type SshListeners = Awaited<ReturnType<typeof openSshListeners>>

interface SshCloud extends Omit<SimulatedCloud, 'actions'> {
  openMetadata: () => Promise<MetadataListeners>
  /** The sandbox's own URL. */
  url: string
  /** The words that start vpcmd, where they are known. */
  vpcmd?: readonly string[] | undefined
}

/** How often to look whether an instance that somebody is logged in to still runs, in milliseconds. */
const lookMs = 500

/**
 * The ssh servers of the fleet, one for each instance whose address was asked for, on 127.0.0.1 alone. They let in one key
 * alone, which is made here and kept in a folder that only its owner can read: whoever has it gets a shell of this machine, as
 * the user who runs the sandbox.
 */
export async function openSshListeners({fleet, clock, transitionMs, openMetadata, url, vpcmd}: SshCloud) {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-sandbox-ssh-'))
  const [own, host] = [makeKeyPair(), makeKeyPair()]
  const [identityFile, knownHostsFile] = [join(folder, 'id_ed25519'), join(folder, 'known_hosts')]
  writeFileSync(identityFile, own.private, {mode: 0o600})
  writeFileSync(knownHostsFile, `[127.0.0.1]:* ${host.public}\n`)
  const {key} = own
  const terminal = findTerminal()
  const sessions = new Sessions()
  const findRunning = (id: string) => {
    fleet.refresh()
    const record = fleet.instances.get(id)
    return record && statusAt(record, clock(), transitionMs) === 'running' ? record : undefined
  }

  const greet = (socket: Socket, id: string) => {
    const looking = setInterval(() => {
      if (!findRunning(id)) socket.destroy()
    }, lookMs)
    socket.on('close', () => clearInterval(looking))
    const record = findRunning(id)
    if (record === undefined) return socket.destroy()
    new ssh2.Server({hostKeys: [host.private]}, connection => serve(connection, record)).injectSocket(socket)
  }
  const serve = (connection: Connection, record: InstanceRecord) => {
    connection.on('error', () => undefined)
    let user = ''
    connection.on('authentication', request => {
      if (!holdsKey(request, key)) return request.reject(['publickey'])
      user = request.username
      request.accept()
    })
    connection.on('ready', () => {
      const ready = Promise.all([logIn(record, user), terminal])
      connection.on('session', (accept, reject) => {
        ready.then(
          ([home, terminal]) => sessions.serve(accept(), home, terminal),
          () => reject(),
        )
      })
    })
  }
  const logIn = async (record: InstanceRecord, user: string) => {
    const address = await (await openMetadata()).address(record.id)
    return makeInstanceHome(join(folder, record.id), {record, user, url, metadata: address, vpcmd})
  }
  const listeners = new Listeners(greet)
  const removeAll = () => {
    sessions.end()
    rmSync(folder, {recursive: true, force: true})
  }
  // Whatever ends the process: the key must not outlive it.
  const forget = onExit(removeAll)
  return {
    /** Where an instance takes ssh; listens from the first call on, also while the instance is stopped, and then hangs up on whoever calls. */
    async address({id, name, region}: InstanceRecord): Promise<SshAddress> {
      // Whoever logs in asks for the metadata service next.
      const [{port}] = await Promise.all([listeners.addressOf(id), openMetadata()])
      return {id, name, region, host: '127.0.0.1', port, identity_file: identityFile, known_hosts_file: knownHostsFile}
    },
    /** Ends all connections and what runs in them at once, and removes the key. */
    async close() {
      sessions.end()
      await listeners.close()
      forget()
      removeAll()
    },
  }
}

/** Makes a key pair: ssh2 drops a leading zero, of which one in some hundred keys has one, and what it writes then is no key. */
export function makeKeyPair(): {private: string; public: string; key: ParsedKey} {
  const pair = ssh2.utils.generateKeyPairSync('ed25519')
  const [key, privateKey] = [ssh2.utils.parseKey(pair.public), ssh2.utils.parseKey(pair.private)]
  return key instanceof Error || privateKey instanceof Error ? makeKeyPair() : {...pair, key}
}

function holdsKey(request: AuthContext, key: ParsedKey): boolean {
  if (request.method !== 'publickey' || request.key.algo !== key.type) return false
  const [offered, own] = [request.key.data, key.getPublicSSH()]
  if (offered.length !== own.length || !timingSafeEqual(offered, own)) return false
  const {blob, signature, hashAlgo} = request
  // Without a signature, the client only asks whether it should sign with this key.
  return signature === undefined || (blob !== undefined && key.verify(blob, signature, hashAlgo) === true)
}
