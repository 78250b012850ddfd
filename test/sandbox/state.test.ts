import {execFile} from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {build} from 'esbuild'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {resetSandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {lockProgram} from '../support/lock-processes.ts'
import {type Body, clientOf, serverTwo, withSandbox} from './sandbox-client.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let folder: string
let stateFolder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-sandbox-'))
  stateFolder = join(folder, 'deep', 'state')
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

const path = `/v1/instances/${serverTwo}`
const enable = {metadata_service: {enabled: true}}

test('changes are there for the next sandbox, with ETag and token; file and folder are private', async () => {
  const first = await withSandbox({stateFolder}, async client => {
    await client.patch(path, {...enable, name: 'renamed'})
    await client.send(`${path}/actions`, {method: 'POST', body: '{"type":"stop"}'})
    return {token: client.token, etag: (await client.send(path)).headers.get('etag')}
  })
  expect(statSync(stateFolder).mode & 0o777).toBe(0o700)
  expect(statSync(join(stateFolder, 'state.json')).mode & 0o777).toBe(0o600)
  expect(readdirSync(stateFolder)).toEqual(['state.json'])
  await withSandbox({stateFolder, transitionMs: 0}, async ({sandbox, send}) => {
    const {body, headers} = await send(path, {headers: {authorization: `Bearer ${first.token}`}})
    expect(body).toMatchObject({name: 'renamed', status: 'stopped', metadata_service: {enabled: true}})
    expect(headers.get('etag')).toBe(first.etag)
    expect(sandbox.stateProblem).toBeUndefined()
  })
})

test('what the fleet is changed to behind the back is kept too', async () => {
  const id = await withSandbox({stateFolder}, async ({sandbox: {fleet}, send}) => {
    const added = await fleet.add({name: 'extra', region: 'us-east'})
    await fleet.change(added.id, {metadata_service: {response_hop_limit: 5}})
    await fleet.remove(serverTwo)
    await fleet.detachFloatingIp((await send('/eu-de/v1/floating_ips')).body.floating_ips[0].id)
    return added.id
  })
  await withSandbox({stateFolder}, async ({send}) => {
    expect((await send(`/us-east/v1/instances/${id}`)).body.metadata_service.response_hop_limit).toBe(5)
    expect((await send(path)).status).toBe(404)
    expect((await send('/eu-de/v1/floating_ips')).body.floating_ips[0]).not.toHaveProperty('target')
  })
})

test('a sandbox sees what another changes, at the next request, and a reset', () =>
  withSandbox({stateFolder}, one =>
    withSandbox({stateFolder}, async two => {
      await one.patch(path, enable)
      expect((await two.send(path)).body.metadata_service.enabled).toBe(true)
      await two.patch(path, {metadata_service: {response_hop_limit: 3}})
      expect((await one.send(path)).body.metadata_service).toEqual({
        enabled: true,
        protocol: 'http',
        response_hop_limit: 3,
      })
      const added = await one.sandbox.fleet.add({name: 'extra'})
      expect(two.sandbox.fleet.get(added.id)?.name).toBe('extra')
      expect(await resetSandbox(stateFolder)).toBe(true)
      expect(two.sandbox.fleet.get(added.id)).toBeUndefined()
      const again = await clientOf(two.sandbox)
      expect((await again.send(path)).body.metadata_service.enabled).toBe(false)
    }),
  ))

test('reset says whether there was something', async () => {
  expect(await resetSandbox(stateFolder)).toBe(false)
  await withSandbox({stateFolder}, client => client.patch(path, enable))
  expect(await resetSandbox(stateFolder)).toBe(true)
  expect(await resetSandbox(stateFolder)).toBe(false)
  await withSandbox({stateFolder}, async ({send}) => {
    expect((await send(path)).body.metadata_service.enabled).toBe(false)
  })
})

test('the lock of a process that died is taken over', async () => {
  await withSandbox({stateFolder}, async client => {
    const start = await lockProgram(folder, join(stateFolder, 'state.lock'))
    const dead = await start()
    expect(await dead.take()).toBe('taken')
    await dead.kill()
    expect((await client.patch(path, enable)).status).toBe(200)
  })
})

describe('when the state is bad', () => {
  test.each([
    '',
    '{"version":1',
    '[]',
    '{"version":3}',
    '{"version":2,"secret":"x","records":{"instances":{"changes":[]}}}',
    '{"version":1,"secret":"x","instances":[],"added":[],"floatingIps":{}}',
  ])('a corrupt file is an error that names it and the way out: %j', async text => {
    mkdirSync(stateFolder, {recursive: true})
    writeFileSync(join(stateFolder, 'state.json'), text)
    await expect(startSandbox({stateFolder})).rejects.toThrow(/state\.json.*vpcmd sandbox reset/)
    expect(await resetSandbox(stateFolder)).toBe(true)
    await withSandbox({stateFolder}, async ({send}) => expect((await send(path)).status).toBe(200))
  })

  test('a file that is spoilt meanwhile is a 500 that says so', () =>
    withSandbox({stateFolder}, async ({send}) => {
      writeFileSync(join(stateFolder, 'state.json'), 'spoilt')
      const {status, body} = await send(path)
      expect(status).toBe(500)
      expect(body.errors[0]).toMatchObject({code: 'internal_error', message: expect.stringContaining('state.json')})
    }))

  test('a folder that can not be made leaves the state in memory, and the sandbox says why', async () => {
    writeFileSync(join(folder, 'deep'), 'a file, no folder')
    await withSandbox({stateFolder}, async ({sandbox, patch, send}) => {
      expect(sandbox.stateProblem).toContain(stateFolder)
      expect((await patch(path, enable)).status).toBe(200)
      expect((await send(path)).body.metadata_service.enabled).toBe(true)
    })
  })

  // Nothing is read-only to root: be somebody else for a while.
  const asNobody = async (use: () => Promise<void>) => {
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65534)
    try {
      await use()
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  }
  const openToAll = (mode: number) => {
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'deep'), 0o755)
    const file = join(stateFolder, 'state.json')
    if (existsSync(file)) chmodSync(file, 0o644)
    chmodSync(stateFolder, mode)
  }
  afterEach(() => existsSync(stateFolder) && chmodSync(stateFolder, 0o700))

  test('in a read-only folder changes come on top of what is kept, in memory, and the sandbox says so', async () => {
    await withSandbox({stateFolder}, client => client.patch(path, enable))
    const kept = readFileSync(join(stateFolder, 'state.json'), 'utf8')
    openToAll(0o555)
    await asNobody(() =>
      withSandbox({stateFolder}, async ({sandbox, patch, send}) => {
        expect(sandbox.stateProblem).toMatch(/can't keep its state in .*EACCES.*is lost/)
        expect((await patch(path, {metadata_service: {protocol: 'https'}})).status).toBe(200)
        expect((await send(path)).body.metadata_service).toMatchObject({enabled: true, protocol: 'https'})
      }),
    )
    expect(readFileSync(join(stateFolder, 'state.json'), 'utf8')).toBe(kept)
  })

  test.each([
    ['written', 0o555],
    ['entered', 0o000],
  ])('an empty folder that can not be %s leaves the state in memory', async (_what, mode) => {
    mkdirSync(stateFolder, {recursive: true})
    openToAll(mode)
    await asNobody(() =>
      withSandbox({stateFolder}, async ({sandbox, patch}) => {
        expect(sandbox.stateProblem).toMatch(/can't keep its state in .*EACCES.*is lost/)
        expect((await patch(path, enable)).status).toBe(200)
      }),
    )
  })

  test('in a folder that turns read-only meanwhile all can be read, and a change is a 500 that says why', () =>
    withSandbox({stateFolder}, async ({sandbox, patch, send}) => {
      await patch(path, enable)
      openToAll(0o555)
      await asNobody(async () => {
        const {status, body} = await patch(path, {metadata_service: {enabled: false}})
        expect(status).toBe(500)
        expect(body.errors[0].message).toMatch(/can't keep its state in .*EACCES/)
        expect((await send(path)).body.metadata_service.enabled).toBe(true)
        await expect(sandbox.fleet.remove(serverTwo)).rejects.toThrow("can't keep its state")
        await expect(sandbox.fleet.add({name: 'extra'})).rejects.toThrow("can't keep its state")
        expect((await send('/v1/instances')).body.total_count).toBe(3)
      })
    }))
})

test('many changes at once within one sandbox lose nothing', () =>
  withSandbox({stateFolder, instances: 40, regions: ['us-south']}, async ({send, patch}) => {
    const {instances} = (await send('/v1/instances')).body
    await Promise.all(
      instances.map((each, index) =>
        patch(`/v1/instances/${each.id}`, {metadata_service: {response_hop_limit: index + 10}}),
      ),
    )
    const after: Body[] = (await send('/v1/instances')).body.instances
    expect(after.map(each => each.metadata_service.response_hop_limit)).toEqual(after.map((_each, index) => index + 10))
  }))

test('two processes that change at once lose nothing', async () => {
  const script = join(folder, 'change.mjs')
  await build({
    stdin: {
      contents: `
        import {clientOf} from './sandbox-client.ts'
        import {startSandbox} from '../../src/sandbox/index.ts'
        const [stateFolder, which] = process.argv.slice(2)
        const sandbox = await startSandbox({stateFolder, instances: 60, regions: ['us-south']})
        const {send, patch} = await clientOf(sandbox)
        const {instances} = (await send('/v1/instances?limit=100')).body
        for (const [index, {id}] of instances.entries()) {
          const settings = which === 'first' ? {protocol: 'https', enabled: true} : {response_hop_limit: 64 - index}
          const {status} = await patch('/v1/instances/' + id, {metadata_service: settings})
          if (status !== 200) throw new Error('PATCH gave ' + status)
        }
        await sandbox.close()`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      loader: 'ts',
    },
    outfile: script,
    bundle: true,
    // ssh2 goes without them.
    external: ['cpu-features', '*.node'],
    platform: 'node',
    format: 'esm',
    banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
    logLevel: 'error',
  })
  const run = (which: string) => promisify(execFile)(process.execPath, [script, stateFolder, which])
  await Promise.all([run('first'), run('second')])
  await withSandbox({stateFolder, instances: 60, regions: ['us-south']}, async ({send}) => {
    const after: Body[] = (await send('/v1/instances?limit=100')).body.instances
    expect(after.map(each => each.metadata_service)).toEqual(
      after.map((_each, index) => ({enabled: true, protocol: 'https', response_hop_limit: 64 - index})),
    )
  })
  expect(readdirSync(stateFolder)).toEqual(['state.json'])
  expect(JSON.parse(readFileSync(join(stateFolder, 'state.json'), 'utf8')).version).toBe(2)
})

describe('the account', () => {
  const accountIn = (options: SandboxOptions) =>
    withSandbox({account: undefined, ...options}, async ({sandbox}) => sandbox.account)

  test('is kept with the state, and another one after a reset and in another state', async () => {
    const account = await accountIn({stateFolder})
    expect(account).toMatch(/^a\d{7}$/)
    expect(await accountIn({stateFolder})).toBe(account)
    expect(await accountIn({stateFolder: join(folder, 'other')})).not.toBe(account)
    expect(await accountIn({})).not.toBe(account)
    expect(await resetSandbox(stateFolder)).toBe(true)
    expect(await accountIn({stateFolder})).not.toBe(account)
  })

  test('is the one in CRNs and tokens, also after a reset at run time', () =>
    withSandbox({account: undefined}, async client => {
      const {sandbox} = client
      const before = sandbox.account
      await sandbox.reset()
      expect(sandbox.account).not.toBe(before)
      const text = JSON.stringify((await client.send('/v1/instances')).body)
      expect(new Set(text.match(/\ba\/[^:]+(?=:)/g))).toEqual(new Set([`a/${sandbox.account}`]))
      const fresh = await clientOf(sandbox)
      expect(JSON.parse(Buffer.from(fresh.token.split('.')[1] ?? '', 'base64url').toString()).account.bss).toBe(
        sandbox.account,
      )
    }))

  test('of a state that was kept before there were several is the one that there was', async () => {
    await accountIn({stateFolder})
    const file = join(stateFolder, 'state.json')
    const {account, ...older} = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify(older))
    expect(await accountIn({stateFolder})).toBe('a1234567')
  })
})
