import {afterAll, beforeAll, expect, test} from 'vitest'
import {type MetadataAddress, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {ask, claimsOf, Inside, newest, requestIdentity} from './metadata-client.ts'
import {read} from './sandbox-client.ts'

let sandbox: Sandbox
let id: string
let address: MetadataAddress
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', metadata: {off: 'reset'}})
  const made = await sandbox.fleet.bareMetalServers.add({name: 'metal', metadata_service: {enabled: true}})
  id = made.id
  address = await sandbox.metadataAddress('metal')
})
afterAll(() => sandbox.close())

test('a bare metal server has an identity token, for 5 minutes, with its own CRN', async () => {
  const {status, body} = await requestIdentity(address, {nonce: 'n-1'})
  expect({status, expires: body.expires_in}).toEqual({status: 200, expires: 300})
  expect(claimsOf(body.access_token)).toMatchObject({
    nonce: 'n-1',
    iaas: {crn: `crn:v1:bluemix:public:is:us-south-1:a/a1234567::bare-metal-server:${id}`},
  })
})

test('it gets IAM tokens for its trusted profile', async () => {
  const inside = await Inside.of(sandbox, id)
  const profile = {id: 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5'}
  const {status, body} = await inside.post('/identity/v1/iam_tokens', {trusted_profile: profile})
  expect(status).toBe(200)
  expect(claimsOf(body.access_token)).toMatchObject({sub: profile.id})
})

test('certificates are asked for as by an instance', async () => {
  const inside = await Inside.of(sandbox, id)
  expect((await inside.post('/identity/v1/certificates', {})).body.errors[0].code).toBe('missing_field')
})

test('it has no metadata, and none of the old paths', async () => {
  const inside = await Inside.of(sandbox, id)
  for (const path of ['instance', 'keys', 'instance/initialization']) {
    expect(await inside.get(path)).toMatchObject({status: 404, body: {errors: [{code: 'not_found'}]}})
  }
  const old = await ask(address, '/instance_identity/v1/token?version=2025-06-30', {
    method: 'PUT',
    headers: {'metadata-flavor': 'ibm'},
  })
  expect(old.status).toBe(404)
})

test("its token is not an instance's, and an instance's not its own", async () => {
  const [instance] = sandbox.fleet.list()
  await sandbox.fleet.change(instance?.id ?? '', {metadata_service: {enabled: true}})
  const other = await Inside.of(sandbox, instance?.id ?? '')
  const headers = {authorization: `Bearer ${other.token}`}
  const asked = await ask(address, `/identity/v1/iam_tokens?${newest}`, {method: 'POST', headers, body: {}})
  expect(asked.status).toBe(401)
})

test('it does not answer while it is off', async () => {
  await sandbox.fleet.bareMetalServers.change(id, {metadata_service: {enabled: false}})
  await expect(requestIdentity(address)).rejects.toThrow()
  await sandbox.fleet.bareMetalServers.change(id, {metadata_service: {enabled: true}})
  expect((await requestIdentity(address)).status).toBe(200)
})

test('the sandbox tells its address over HTTP', async () => {
  const {body} = await read(await fetch(`${sandbox.url}/sandbox/addresses?instance=metal`))
  expect(body).toEqual({addresses: [expect.objectContaining({id, name: 'metal', url: address.url})]})
})
