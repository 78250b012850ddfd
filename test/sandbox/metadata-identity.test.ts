import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {
  linkedProfile,
  type MetadataAddress,
  type Sandbox,
  startSandbox,
  unlinkedProfile,
} from '../../src/sandbox/index.ts'
import {ask, claimsOf, Inside, newest, requestIdentity} from './metadata-client.ts'

let sandbox: Sandbox
let address: MetadataAddress
let now = Date.UTC(2026, 10, 25, 12)
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', clock: () => now, tokenTtlSeconds: 1800})
  address = await sandbox.metadataAddress('jp-tok/web-1')
})
afterAll(() => sandbox.close())

const flavor = {'metadata-flavor': 'ibm'}
const put = (path: string, body: unknown = {}, headers: Record<string, string> = flavor) =>
  ask(address, path, {method: 'PUT', headers, body})
const codeOf = ({status, body}: {status: number; body: {errors: [{code: string}]}}) =>
  `${status} ${body.errors[0].code}`

describe('an identity token', () => {
  test("has IBM's claims of its instance, and the nonce", async () => {
    const web = await sandbox.metadataAddress('eu-de/web-1')
    const {status, body} = await requestIdentity(web, {nonce: 'n-1', expires_in: 60})
    expect(status).toBe(200)
    expect(body).toMatchObject({
      created_at: '2026-11-25T12:00:00.000Z',
      expires_at: '2026-11-25T12:01:00.000Z',
      expires_in: 60,
      nonce: 'n-1',
    })
    const instance = `crn:v1:bluemix:public:is:eu-de-1:a/a1234567::instance:${web.id}`
    expect(claimsOf(body.access_token)).toEqual({
      aud: ['VSI-CR_eu-de', expect.stringMatching(/^[-0-9a-f]{36}_\d+$/)],
      exp: now / 1000 + 60,
      iaas: {
        accountID: 'a1234567',
        crn: instance,
        instanceID: web.id,
        profile_name: 'cx2-2x4',
        region: 'eu-de',
        resource_group_id: '4bbce614c13444cd8fc5e7e878ef8e21',
        zone: 'eu-de-1',
      },
      iat: now / 1000,
      // The floating IP, and those of both network attachments.
      ip_addresses: [{address: '158.177.10.21'}, {address: '10.243.0.4'}, {address: '10.243.0.104'}],
      iss: 'VSI-CR_eu-de',
      nonce: 'n-1',
      subnets: [{crn: expect.stringContaining('::subnet:'), id: expect.any(String), name: 'subnet-1'}],
      vpc: {crn: expect.stringContaining('::vpc:'), id: expect.any(String), name: 'frankfurt-vpc'},
    })
  })

  test('lasts five minutes by default, and has no nonce unless asked', async () => {
    // No body at all, as curl sends it without -d, and an empty object.
    const bare = await ask(address, `/identity/v1/token?${newest}`, {method: 'PUT', headers: flavor, bare: true})
    expect(bare).toMatchObject({status: 200, body: {expires_in: 300}})
    const {body} = await put(`/identity/v1/token?${newest}`, {})
    expect(body.expires_in).toBe(300)
    expect(body).not.toHaveProperty('nonce')
    expect(claimsOf(body.access_token)).not.toHaveProperty('nonce')
  })

  test.each([5, 3600])('may last %i seconds', async seconds => {
    expect((await put(`/identity/v1/token?${newest}`, {expires_in: seconds})).body.expires_in).toBe(seconds)
  })

  test.each([4, 3601, 7.5, '60', null])('may not last %j seconds', async seconds => {
    const answer = await put(`/identity/v1/token?${newest}`, {expires_in: seconds})
    expect(codeOf(answer)).toBe('400 invalid_value')
    expect(answer.body.errors[0]).toMatchObject({
      message: 'The value provided for the `expires_in` field must be between `5` and `3600`.',
      target: {name: 'expires_in', type: 'field'},
    })
  })

  test.each([
    ['{', '400 invalid_request'],
    ['[]', '400 invalid_request'],
    [{xyzzy: 1}, '400 unknown_field'],
    [{nonce: ''}, '400 invalid_value'],
    [{nonce: 5}, '400 invalid_value'],
    ['x'.repeat(70_000), '400 invalid_request'],
  ])('is refused for %j', async (body, code) => {
    expect(codeOf(await put(`/identity/v1/token?${newest}`, body))).toBe(code)
  })

  test.each([
    [{}, '400 missing_value'],
    [{'metadata-flavor': 'aws'}, '400 invalid_value'],
  ])('needs the header Metadata-Flavor: ibm, not %j', async (headers, code) => {
    const answer = await put(`/identity/v1/token?${newest}`, {}, headers)
    expect(codeOf(answer)).toBe(code)
    expect(answer.body.errors[0].target).toMatchObject({name: 'Metadata-Flavor', type: 'header'})
  })

  test('is good until it expires', async () => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    expect((await inside.get('instance')).status).toBe(200)
    now += 300_000
    expect(codeOf(await inside.get('instance'))).toBe('401 unauthenticated')
  })

  test("is no other instance's", async () => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    const other = await sandbox.metadataAddress('eu-de/web-1')
    const headers = {authorization: `Bearer ${inside.token}`}
    expect(codeOf(await ask(other, `/metadata/v1/instance?${newest}`, {headers}))).toBe('401 unauthenticated')
    const iam = await ask(other, `/identity/v1/iam_tokens?${newest}`, {method: 'POST', headers})
    expect(codeOf(iam)).toBe('401 unauthenticated')
  })

  test('is no IAM token, and an IAM token is none', async () => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    const list = (token: string) =>
      fetch(`${sandbox.url}/v1/instances?version=2026-03-24&generation=2`, {
        headers: {authorization: `Bearer ${token}`},
      })
    expect((await list(inside.token)).status).toBe(401)
    const {body} = await inside.post('/identity/v1/iam_tokens')
    expect((await list(body.access_token)).status).toBe(200)
    const headers = {authorization: `Bearer ${body.access_token}`}
    expect(codeOf(await ask(address, `/metadata/v1/instance?${newest}`, {headers}))).toBe('401 unauthenticated')
  })

  test.each([
    ['', '400 missing_value'],
    ['Basic eDp5', '401 unauthenticated'],
    ['Bearer', '401 unauthenticated'],
    ['Bearer x.y.z', '401 unauthenticated'],
    ['Bearer Bearer x', '401 unauthenticated'],
  ])('is not %j', async (authorization, code) => {
    expect(codeOf(await ask(address, `/metadata/v1/keys?${newest}`, {headers: {authorization}}))).toBe(code)
  })
})

describe('paths and versions', () => {
  test.each([
    ['/identity/v1/token?version=2022-03-01', 200],
    ['/identity/v1/token?version=2025-08-26', 200],
    ['/instance_identity/v1/token?version=2022-03-01', 200],
    ['/instance_identity/v1/token?version=2025-08-25', 200],
    ['/instance_identity/v1/token?version=2025-08-26', 404],
    ['/identity/v1/tokens?version=2025-08-26', 404],
  ])('PUT %s is %i', async (path, status) => {
    expect((await put(path)).status).toBe(status)
  })

  test.each([
    ['/instance_identity/v1/iam_token', '2025-08-25', 200],
    ['/instance_identity/v1/iam_token', '2025-08-26', 404],
    ['/instance_identity/v1/iam_tokens', '2025-08-25', 404],
    ['/identity/v1/iam_tokens', '2022-03-01', 200],
    ['/identity/v1/iam_token', '2025-08-26', 404],
  ])('POST %s of %s is %i', async (path, version, status) => {
    const {token} = await Inside.of(sandbox, 'jp-tok/web-1')
    const headers = {authorization: `Bearer ${token}`}
    expect((await ask(address, `${path}?version=${version}`, {method: 'POST', headers})).status).toBe(status)
  })

  test.each([
    ['', '400 missing_value'],
    ['?version=', '400 missing_value'],
    ['?version=tomorrow', '400 invalid_value'],
    ['?version=2025-02-30', '400 invalid_value'],
    ['?version=2022-02-28', '400 invalid_version_range'],
    ['?version=2026-11-26', '400 invalid_version_range'],
    ['?version=2025-08-26&generation=2', '400 unknown_field'],
  ])('%j is %s, everywhere', async (query, code) => {
    const {token} = await Inside.of(sandbox, 'jp-tok/web-1')
    const headers = {authorization: `Bearer ${token}`}
    expect(codeOf(await put(`/identity/v1/token${query}`))).toBe(code)
    expect(codeOf(await ask(address, `/metadata/v1/instance${query}`, {headers}))).toBe(code)
  })

  test('an error has the shape of the metadata API', async () => {
    const {status, body} = await put('/identity/v1/token')
    expect(status).toBe(400)
    expect(body).toEqual({
      errors: [
        {
          code: 'missing_value',
          message: expect.any(String),
          more_info: expect.stringContaining('#missing-value-error-code'),
          target: {name: 'version', type: 'parameter'},
        },
      ],
      status_code: 400,
      trace: expect.stringMatching(/^[-0-9a-f]{36}$/),
    })
  })
})

describe('an IAM token', () => {
  test('comes through the default profile, and says so', async () => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    const {target} = (await inside.get('instance/initialization')).body.default_trusted_profile
    const {status, body} = await inside.post('/identity/v1/iam_tokens', {})
    expect(status).toBe(200)
    expect(body.expires_in).toBe(1800)
    expect(claimsOf(body.access_token)).toMatchObject({
      iam_id: `iam-${target.id}`,
      profile: {id: target.id},
      exp: now / 1000 + 1800,
    })
  })

  test('comes through any linked profile, by ID or CRN', async () => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    for (const trusted_profile of [{id: linkedProfile.id}, {crn: linkedProfile.crn}]) {
      const {body} = await inside.post('/identity/v1/iam_tokens', {trusted_profile})
      expect(claimsOf(body.access_token)).toMatchObject({iam_id: `iam-${linkedProfile.id}`})
    }
  })

  test.each([
    ['a profile that is not linked', {id: unlinkedProfile.id}, '400 profile_not_linked'],
    ['the CRN of one', {crn: unlinkedProfile.crn}, '400 profile_not_linked'],
    ['a profile that does not exist', {id: 'Profile-0'}, '400 not_found'],
    ['a profile by name', {name: 'x'}, '400 unknown_field'],
    ['both ID and CRN', linkedProfile, '400 missing_field'],
    ['neither', {}, '400 missing_field'],
    ['no object', 'x', '400 invalid_value'],
  ])('is refused for %s', async (_, trusted_profile, code) => {
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    expect(codeOf(await inside.post('/identity/v1/iam_tokens', {trusted_profile}))).toBe(code)
  })

  test("is refused for another instance's default profile", async () => {
    const other = await Inside.of(sandbox, 'eu-de/web-1')
    const {target} = (await other.get('instance/initialization')).body.default_trusted_profile
    const inside = await Inside.of(sandbox, 'jp-tok/web-1')
    const answer = await inside.post('/identity/v1/iam_tokens', {trusted_profile: {id: target.id}})
    expect(codeOf(answer)).toBe('400 profile_not_linked')
  })

  test('needs a profile where the instance has no default', async () => {
    const inside = await Inside.of(sandbox, 'train-1')
    const answer = await inside.post('/identity/v1/iam_tokens')
    expect(codeOf(answer)).toBe('400 missing_field')
    expect(answer.body.errors[0].message).toBe('A trusted profile ID was not passed in the request body.')
  })
})
