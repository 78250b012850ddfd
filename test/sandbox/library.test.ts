import {execFile} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {clientOf, read, serverTwo, withSandbox} from './sandbox-client.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

describe('as a stranger has it, from the packed tarball and with no other package', () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vpcmd-stranger-'))
    const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {cwd: root})
    const [{filename}] = JSON.parse(packed.stdout)
    mkdirSync(join(folder, 'node_modules/vpcmd'), {recursive: true})
    await run('tar', ['-xzf', filename, '--strip-components', '1', '-C', 'node_modules/vpcmd'], {cwd: folder})
  })
  afterAll(() => rmSync(folder, {recursive: true}))

  test("a test suite starts it, seeds it, changes it over IBM's API, resets it and ends", async () => {
    const suite = `
      import assert from 'node:assert/strict'
      import {test} from 'node:test'
      import {startSandbox} from 'vpcmd/sandbox'

      test('all instances are told', async () => {
        const sandbox = await startSandbox({instances: 0, regions: ['eu-de']})
        const seeded = await sandbox.seed({instances: [{name: 'web', metadata_service: {enabled: true}}]})
        const {VPC_URL, VPC_AUTH_URL, VPC_AUTH_TYPE, VPC_APIKEY} = sandbox.environment
        assert.equal(VPC_AUTH_TYPE, 'iam')
        const form = new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: VPC_APIKEY})
        const signedIn = await fetch(VPC_AUTH_URL + '/identity/token', {method: 'POST', body: form})
        const headers = {authorization: 'Bearer ' + (await signedIn.json()).access_token}
        const list = async () =>
          (await (await fetch(VPC_URL + '/instances?version=2026-03-24&generation=2', {headers})).json()).instances
        assert.deepEqual((await list()).map(each => [each.id, each.name]), [[seeded.instances[0].id, 'web']])
        const {url} = await sandbox.metadataAddress('web')
        const asked = await fetch(url + '/identity/v1/token?version=2025-08-26', {
          method: 'PUT',
          headers: {'metadata-flavor': 'ibm'},
        })
        assert.equal(asked.status, 200)
        await sandbox.reset()
        assert.deepEqual(await list(), [])
        await sandbox.close()
        await assert.rejects(fetch(VPC_URL))
      })
    `
    writeFileSync(join(folder, 'suite.mjs'), suite)
    const {stdout} = await run(process.execPath, ['--test', '--test-reporter=tap', 'suite.mjs'], {cwd: folder})
    expect(stdout).toMatch(/^# pass 1$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  })

  test('its types are those of a program, and refuse what is no option', async () => {
    const program = (option: string) => `
      import {type Sandbox, startSandbox} from 'vpcmd/sandbox'
      const sandbox: Sandbox = await startSandbox({${option}})
      const id: string = (await sandbox.seed({instances: [{name: 'web', spot: true}]})).instances[0].id
      const gone: Promise<void> = sandbox.fleet.remove(id)
      export {gone}
    `
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', '']
    writeFileSync(join(folder, 'right.mts'), program('transitionMs: 0'))
    writeFileSync(join(folder, 'wrong.mts'), program('transition: 0'))
    const check = run(process.execPath, [tsc, ...options, 'right.mts', 'wrong.mts'], {cwd: folder})
    const said: string = await check.catch(({stdout}) => stdout)
    expect(said).toMatch(/^wrong\.mts.*'transition' does not exist/)
    expect(said.match(/\berror TS/g)).toHaveLength(1)
    expect(said).not.toContain('right.mts')
  })

  test('nothing else of the package can be imported', async () => {
    const text = `import('vpcmd/dist/main.cjs').catch(error => console.log(error.code))`
    const {stdout} = await run(process.execPath, ['--input-type=module', '-e', text], {cwd: folder})
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })
})

const seed = {
  instances: [{name: 'web', zone: 'eu-de-2', status: 'stopped', profile: 'bx2d-4x16'}, {name: 'db'}],
  bareMetalServers: [{name: 'metal', region: 'eu-de', metadata_service: {enabled: true}}],
  templates: [{name: 'template', metadata_service: null}],
}

describe('over HTTP', () => {
  const post = async (url: string, body?: unknown) =>
    read(await fetch(url, {method: 'POST', body: body === undefined ? undefined : JSON.stringify(body)}))

  test('health says that it serves, without a token', () =>
    withSandbox({}, async ({sandbox}) => {
      const answer = await read(await fetch(`${sandbox.url}/sandbox/health`))
      expect(answer).toMatchObject({status: 200, body: {status: 'ok'}})
    }))

  test('a seed is there at once, in the region and with the settings that it names', () =>
    withSandbox({}, async client => {
      const {status, body} = await post(`${client.sandbox.url}/sandbox/seed`, seed)
      expect(status).toBe(201)
      expect(body).toMatchObject({
        instances: [
          {name: 'web', region: 'eu-de', zone: 'eu-de-2', status: 'stopped'},
          {name: 'db', region: 'us-south', status: 'running', metadata_service: {enabled: false, protocol: 'http'}},
        ],
        bareMetalServers: [{name: 'metal', metadata_service: {enabled: true, protocol: 'http'}}],
        templates: [{name: 'template', metadata_service: null}],
      })
      const web = await client.send(`/eu-de/v1/instances/${body.instances[0].id}`)
      expect(web.body).toMatchObject({name: 'web', status: 'stopped', profile: {name: 'bx2d-4x16'}})
      expect(web.body.disks).toHaveLength(1)
    }))

  test.each([
    [{instances: [{}]}, 'instances.0.name'],
    [{instances: [{name: 'a', spot: 'yes'}]}, 'instances.0.spot'],
    [{instances: [{name: 'a', colour: 'red'}]}, 'colour'],
    [{instances: [{name: 'a', metadata_service: {response_hop_limit: 65}}]}, 'response_hop_limit'],
    [{instances: [{name: 'a', region: 'mars'}]}, 'no region mars'],
    [{instances: [{name: 'a', zone: 'eu-de-9'}]}, 'no zone eu-de-9'],
    [{instances: [{name: 'a', vpc: 'none'}]}, 'no VPC with the ID none'],
    [{instances: [{name: 'a', profile: 'none'}]}, 'instances.0.profile'],
    [{bareMetalServers: [{name: 'a', metadata_service: {response_hop_limit: 1}}]}, 'response_hop_limit'],
    [{instances: [{name: 'a'}], templates: [{name: ''}]}, 'templates.0.name'],
    [{machines: []}, 'machines'],
  ])('%j is refused with a word on it, and nothing of it is there', (wrong, says) =>
    withSandbox({}, async ({sandbox}) => {
      const before = sandbox.fleet.list().length
      const {status, body} = await post(`${sandbox.url}/sandbox/seed`, wrong)
      expect({status, code: body.errors[0].code}).toEqual({status: 400, code: 'invalid_seed'})
      expect(body.errors[0].message).toContain(says)
      expect(sandbox.fleet.list()).toHaveLength(before)
    }),
  )

  test('reset brings back what it began with: records, keys, floating IPs, failing starts and faults; tokens stay good', () =>
    withSandbox({transitionMs: 0, failingStarts: {count: 1}}, async client => {
      const {sandbox} = client
      const path = `/v1/instances/${serverTwo}`
      const all = async () =>
        Promise.all(
          ['instances', 'keys', 'floating_ips', 'instance/templates', 'bare_metal_servers'].map(
            async each => (await client.send(`/v1/${each}`)).body,
          ),
        )
      const before = await all()
      await sandbox.seed(seed)
      await client.patch(path, {name: 'renamed', metadata_service: {enabled: true}})
      await client.send('/v1/floating_ips', {method: 'POST', body: '{"zone": {"name": "us-south-1"}}'})
      await sandbox.fleet.remove(sandbox.fleet.list()[0]?.id ?? '')
      const act = (type: string) => client.send(`${path}/actions`, {method: 'POST', body: JSON.stringify({type})})
      const restart = async () => {
        await act('stop')
        await act('start')
        return (await client.send(path)).body.status
      }
      expect(await restart()).toBe('failed')
      sandbox.faults.push({kind: '500', path: /never/})
      expect(await all()).not.toEqual(before)
      expect((await post(`${sandbox.url}/sandbox/reset`)).status).toBe(204)
      expect(await all()).toEqual(before)
      expect(sandbox.faults).toEqual([])
      expect(sandbox.fleet.downtimes()).toEqual([])
      expect(await restart()).toBe('failed')
    }))

  test('reset begins the counts of faults anew', () =>
    withSandbox({faults: [{kind: '503', path: /\/v1\//, count: 1}]}, async client => {
      const statuses = [(await client.send('/v1/vpcs')).status, (await client.send('/v1/vpcs')).status]
      await client.sandbox.reset()
      statuses.push((await client.send('/v1/vpcs')).status)
      expect(statuses).toEqual([503, 200, 503])
    }))

  test('reset of a kept state reaches the others that have it open', async () => {
    const stateFolder = mkdtempSync(join(tmpdir(), 'vpcmd-reset-'))
    const sandboxes = [await startSandbox({stateFolder}), await startSandbox({stateFolder})] as const
    try {
      const [one, other] = [await clientOf(sandboxes[0]), await clientOf(sandboxes[1])]
      await one.patch(`/v1/instances/${serverTwo}`, {name: 'renamed'})
      expect((await other.send(`/v1/instances/${serverTwo}`)).body.name).toBe('renamed')
      await sandboxes[0].reset()
      expect((await other.send(`/v1/instances/${serverTwo}`)).body.name).toBe('my-virtual-server-2')
    } finally {
      for (const each of sandboxes) await each.close()
      rmSync(stateFolder, {recursive: true})
    }
  })
})
