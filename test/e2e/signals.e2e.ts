import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {constants} from 'node:os'
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from 'vitest'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]
const codeOf = (signal: Signal) => 128 + constants.signals[signal]

/** A cloud, and a metadata service, that takes connections and never says a word. */
let silent: Server
let connections = new Set<Socket>()
let env: Record<string, string>
beforeAll(async () => {
  silent = createServer(socket => {
    connections.add(socket)
    socket.on('error', () => undefined).on('close', () => connections.delete(socket))
    socket.resume()
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  env = freshEnvironment({IBMCLOUD_API_KEY: 'not-a-key', VPC_URL: `${url}/v1`, VPC_AUTH_URL: url, ENDPOINT: url})
})
afterEach(() => {
  for (const socket of connections) socket.destroy()
  connections = new Set()
})
afterAll(() => silent.close())

/** vpcmd as the first process of a namespace, as in a container: the system passes it no signal that it does not listen to. */
function startAsFirst(args: string[]): {child: ChildProcess; pid(): Promise<number>; printed(): string} {
  const namespace = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc']
  const child = spawn('unshare', [...namespace, process.execPath, vpcmdPath, ...args], {env})
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', text => {
      printed += text
    })
  }
  const pid = () =>
    vi.waitUntil(() => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()), {
      timeout: 10_000,
      interval: 1,
    })
  return {child, pid, printed: () => printed}
}

/** Resolves when a process listens to SIGHUP, for which Node itself does not: its first line has run. */
async function listens(pid: number): Promise<void> {
  await vi.waitUntil(
    () => {
      const [, mask = '0'] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return ((BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGHUP - 1)) & 1n) === 1n
    },
    {timeout: 10_000, interval: 1},
  )
}

async function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  return code
}

describe.each(signals)('%s ends vpcmd where it is the first process of a container', signal => {
  it.each<[what: string, args: string[]]>([
    ['waits for a cloud', ['instances', 'list']],
    ['waits for a metadata service', ['imds', 'token', '--endpoint', 'ENDPOINT']],
    ['waits for one by the long way', ['imds', 'keys', '--endpoint', 'ENDPOINT']],
  ])('while it %s', async (_what, args) => {
    const {child, pid} = startAsFirst(args.map(arg => (arg === 'ENDPOINT' ? (env.ENDPOINT ?? '') : arg)))
    await vi.waitUntil(() => connections.size > 0, {timeout: 20_000})
    process.kill(await pid(), signal)
    expect(await endOf(child)).toBe(codeOf(signal))
  })

  it('while its modules load', async () => {
    const {child, pid} = startAsFirst(['instances', 'list'])
    const first = await pid()
    await listens(first)
    process.kill(first, signal)
    expect(await endOf(child)).toBe(codeOf(signal))
    expect(connections.size).toBe(0)
  })

  it('while it serves the sandbox, in good order', async () => {
    const {child, pid, printed} = startAsFirst(['sandbox', 'start'])
    await vi.waitUntil(() => printed().includes('Press Ctrl-C to stop'), {timeout: 20_000})
    process.kill(await pid(), signal)
    expect(await endOf(child)).toBe(0)
    expect(printed()).toContain('Stopped the sandbox.')
  })
})
