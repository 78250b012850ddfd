import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import http from 'node:http'
import {connect, createServer} from 'node:net'
import {networkInterfaces, tmpdir} from 'node:os'
import {join} from 'node:path'
import tls from 'node:tls'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type MetadataAddress, type MetadataOptions, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {ask, Inside, newest, requestIdentity} from './metadata-client.ts'
import {clientOf, read} from './sandbox-client.ts'

const name = 'my-virtual-server-2'
let running: Sandbox | undefined
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-metadata-'))
})
afterEach(async () => {
  await running?.close()
  running = undefined
  rmSync(folder, {recursive: true, force: true})
})

async function start(metadata: MetadataOptions = {off: 'reset'}): Promise<Sandbox> {
  running = await startSandbox({metadata})
  return running
}

const over = (address: MetadataAddress, protocol: 'http' | 'https'): MetadataAddress => ({
  ...address,
  url: address.url.replace(/^https?/, protocol),
})

/** What a request for a token comes to: the status, or the code of the connection's error. */
async function outcome(address: MetadataAddress): Promise<number | string> {
  return requestIdentity(address).then(
    ({status}) => status,
    (error: NodeJS.ErrnoException) => error.code ?? 'no code',
  )
}

describe('the service follows the settings at once', () => {
  test('off, http, https, off: one address, never both protocols', async () => {
    const sandbox = await start()
    const {fleet} = sandbox
    const address = await sandbox.metadataAddress(name)
    const client = await clientOf(sandbox)
    const set = (settings: object) => client.patch(`/us-south/v1/instances/${address.id}`, {metadata_service: settings})
    const now = async () => [await outcome(over(address, 'http')), await outcome(over(address, 'https'))]

    expect(fleet.get(address.id)?.metadata_service.enabled).toBe(false)
    expect(await now()).toEqual(['ECONNRESET', 'ECONNRESET'])
    await set({enabled: true})
    expect(await now()).toEqual([200, 'ECONNRESET'])
    await set({protocol: 'https', response_hop_limit: 64})
    expect(await now()).toEqual(['ECONNRESET', 200])
    await set({enabled: false})
    expect(await now()).toEqual(['ECONNRESET', 'ECONNRESET'])
  })

  test('also what another process changes in the kept state', async () => {
    const sandbox = await startSandbox({stateFolder: folder, metadata: {off: 'reset'}})
    running = sandbox
    const address = await sandbox.metadataAddress(name)
    expect(await outcome(address)).toBe('ECONNRESET')
    const other = await startSandbox({stateFolder: folder})
    try {
      await other.fleet.change(address.id, {metadata_service: {enabled: true}})
      expect(await outcome(address)).toBe(200)
      const added = await other.fleet.add({name: 'added', metadata_service: {enabled: true}, userData: 'of another'})
      const inside = await Inside.of(sandbox, 'added')
      expect((await inside.get('instance/initialization')).body.user_data).toBe('of another')
      await other.fleet.remove(added.id)
      expect(await outcome(inside.address)).toBe('ECONNRESET')
    } finally {
      await other.close()
    }
  })

  test('a connection that is kept open too', async () => {
    const sandbox = await start()
    const {fleet} = sandbox
    const address = await sandbox.metadataAddress('jp-tok/web-1')
    const agent = new http.Agent({keepAlive: true, maxSockets: 1})
    const status = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = http.get(`${address.url}/metadata/v1/keys?${newest}`, {agent}, response => {
          response.resume().on('end', () => resolve(response.statusCode))
        })
        request.on('error', reject)
      })
    expect(await status()).toBe(400)
    await fleet.change(address.id, {metadata_service: {enabled: false}})
    await expect(status()).rejects.toMatchObject({code: 'ECONNRESET'})
    agent.destroy()
  })

  test('by default, one that is off takes what is sent and says nothing', async () => {
    const sandbox = await start({})
    const address = await sandbox.metadataAddress(name)
    const on = await sandbox.metadataAddress('jp-tok/web-1')
    const heard: string[] = []
    const socket = connect(Number(new URL(address.url).port), '127.0.0.1')
    for (const event of ['data', 'end', 'close', 'error']) socket.on(event, () => heard.push(event))
    await new Promise(resolve => socket.write('PUT /identity/v1/token HTTP/1.1\r\n\r\n', resolve))
    // Whatever would come has come when others have long been answered.
    for (let round = 0; round < 20; round++) expect(await outcome(on)).toBe(200)
    expect(heard).toEqual([])
    // Closing the sandbox must not wait for it.
    await sandbox.close()
    socket.destroy()
  })
})

describe('over https', () => {
  test('the CA that is named vouches for the real host name, localhost and 127.0.0.1, and for no other', async () => {
    const sandbox = await start()
    const address = await sandbox.metadataAddress('eu-de/web-1')
    const {url, ca_file} = address
    const ca = readFileSync(ca_file)
    const port = Number(new URL(url).port)
    const handshake = (host: string, trusted: Buffer | undefined) =>
      new Promise<string>(resolve => {
        const socket = tls.connect({port, host: '127.0.0.1', servername: host, ca: trusted}, () => {
          resolve('trusted')
          socket.destroy()
        })
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      })
    expect(await handshake('api.metadata.cloud.ibm.com', ca)).toBe('trusted')
    expect(await handshake('localhost', ca)).toBe('trusted')
    expect(await handshake('example.com', ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(await handshake('localhost', undefined)).not.toBe('trusted')
    expect(await outcome(address)).toBe(200)
  })

  test('the certificate of the CA goes with the sandbox, or stays where it was asked for', async () => {
    const sandbox = await start()
    const {ca_file} = await sandbox.metadataAddress('eu-de/web-1')
    expect(existsSync(ca_file)).toBe(true)
    await sandbox.close()
    expect(existsSync(ca_file)).toBe(false)

    const caFile = join(folder, 'ca.pem')
    const other = await start({caFile})
    expect(readFileSync(caFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/)
    await other.close()
    expect(existsSync(caFile)).toBe(true)
  })
})

describe('who is meant, and by which name', () => {
  test.each([
    ['169.254.169.254', 200],
    ['api.metadata.cloud.ibm.com', 200],
    ['API.metadata.cloud.ibm.com:80', 200],
    ['localhost:1', 200],
    ['127.0.0.1', 200],
    ['metadata.example.com', 403],
  ])('a request with Host: %s is %i', async (host, status) => {
    const sandbox = await start()
    const address = await sandbox.metadataAddress('jp-tok/web-1')
    const headers = {host, 'metadata-flavor': 'ibm'}
    expect(await rawStatus(address, headers)).toBe(status)
  })

  test('the address decides on the instance', async () => {
    const sandbox = await start()
    const [one, two] = await Promise.all(['eu-de/web-1', 'jp-tok/web-1'].map(each => Inside.of(sandbox, each)))
    expect((await one?.get('instance'))?.body.id).toBe(one?.address.id)
    expect((await two?.get('instance'))?.body.id).toBe(two?.address.id)
    expect(one?.address.id).not.toBe(two?.address.id)
  })

  test('an instance keeps its address, also when it is asked for twice at once', async () => {
    const sandbox = await start()
    const urls = await Promise.all([1, 2, 3].map(async () => (await sandbox.metadataAddress('web-2'))?.url))
    expect(new Set(urls).size).toBe(1)
  })

  test('an unknown or ambiguous instance is an error', async () => {
    const sandbox = await start()
    await expect(sandbox.metadataAddress('nothing')).rejects.toThrow('The sandbox has no instance nothing.')
    await expect(sandbox.metadataAddress('web-1')).rejects.toThrow('eu-de/web-1, jp-tok/web-1')
  })
})

/** The status of a token request with these headers, the Host as it is. */
function rawStatus(address: MetadataAddress, headers: Record<string, string>): Promise<number> {
  const {hostname, port} = new URL(address.url)
  return new Promise((resolve, reject) => {
    const path = `/identity/v1/token?${newest}`
    const request = http.request({hostname, port, path, method: 'PUT', headers, agent: false}, response => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    request.on('error', reject)
    request.end()
  })
}

// Some containers have none.
const hasIpv6 = Object.values(networkInterfaces()).some(addresses => addresses?.some(({family}) => family === 'IPv6'))

describe('chosen addresses', () => {
  test('are bound at once, several for one instance too', async () => {
    const [one, two] = [await freePort(), await freePort()]
    const sandbox = await start({
      bindings: [
        {instance: 'jp-tok/web-1', host: '127.0.0.1', port: one},
        {instance: 'jp-tok/web-1', host: '127.0.0.1', port: two},
      ],
    })
    const address = await sandbox.metadataAddress('jp-tok/web-1')
    expect(address.url).toBe(`http://127.0.0.1:${one}`)
    expect(await outcome({...address, url: `http://127.0.0.1:${two}`})).toBe(200)
  })

  test.each([
    ['127.0.0.2', '127.0.0.2'],
    ['0.0.0.0', '127.0.0.3'],
    ...(hasIpv6
      ? [
          ['::1', '[::1]'],
          ['::', '127.0.0.1'],
          ['::', '[::1]'],
        ]
      : []),
  ])('of %s answer at %s, and the CA vouches for it', async (host = '', called = '') => {
    const bindings = ['jp-tok/web-1', 'eu-de/web-1'].map(instance => ({instance, host, port: 0}))
    const sandbox = await start({bindings})
    for (const {instance} of bindings) {
      const address = await sandbox.metadataAddress(instance)
      const {protocol, port} = new URL(address.url)
      expect(await outcome({...address, url: `${protocol}//${called}:${port}`})).toBe(200)
    }
  })

  test('that are taken, or of an instance that is not there, stop the sandbox', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const bound = taken.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    await expect(start({bindings: [{instance: 'web-2', host: '127.0.0.1', port}]})).rejects.toThrow(
      /^127\.0\.0\.1:\d+ can't be bound for .*EADDRINUSE/,
    )
    await expect(start({bindings: [{instance: 'nothing', host: '127.0.0.1', port: 0}]})).rejects.toThrow(
      'The sandbox has no instance nothing.',
    )
    taken.close()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const bound = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

test('requests are told of', async () => {
  const seen: unknown[] = []
  const sandbox = await start({onRequest: request => seen.push(request)})
  const address = await sandbox.metadataAddress('jp-tok/web-1')
  await requestIdentity(address)
  await ask(address, '/metadata/v1/instance')
  expect(seen).toEqual([
    {method: 'PUT', path: `/identity/v1/token?${newest}`, status: 200},
    {method: 'GET', path: '/metadata/v1/instance', status: 400},
  ])
})

describe('GET /sandbox/addresses', () => {
  const get = async (query = '') => read(await fetch(`${running?.url}/sandbox/addresses${query}`))

  test('tells of all instances, or of those that are named', async () => {
    const sandbox = await start()
    const all = (await get()).body as object as {addresses: MetadataAddress[]}
    expect(all.addresses.map(each => each.id)).toEqual(sandbox.fleet.list().map(each => each.id))
    const some = (await get('?instance=eu-de/web-1&instance=web-2')).body as object as typeof all
    expect(some.addresses).toEqual([
      {
        id: expect.any(String),
        name: 'web-1',
        region: 'eu-de',
        enabled: true,
        protocol: 'https',
        url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
        ca_file: expect.any(String),
      },
      expect.objectContaining({name: 'web-2', enabled: false, protocol: 'http'}),
    ])
  })

  test('is 404 for one that is not there, and 400 for too many', async () => {
    running = await startSandbox({instances: 501})
    expect((await get('?instance=nothing')).status).toBe(404)
    const {status, body} = await get()
    expect(status).toBe(400)
    expect(body.errors[0]).toMatchObject({code: 'too_many_instances'})
    expect((await get('?instance=web-00007')).status).toBe(200)
  })

  test('is for this machine only', async () => {
    const sandbox = await start()
    const status = await new Promise(resolve => {
      http.get(`${sandbox.url}/sandbox/addresses`, {headers: {host: 'evil.example'}}, ({statusCode}) =>
        resolve(statusCode),
      )
    })
    expect(status).toBe(403)
  })
})
