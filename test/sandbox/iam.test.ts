import {afterAll, beforeAll, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {clientOf, read, requestToken, version} from './sandbox-client.ts'

let sandbox: Sandbox
let now = Date.UTC(2026, 10, 24)
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', clock: () => now, tokenTtlSeconds: 900})
})
afterAll(() => sandbox.close())

const post = async (form: Record<string, string>, headers: Record<string, string> = {}) =>
  read(await fetch(`${sandbox.url}/identity/token`, {method: 'POST', body: new URLSearchParams(form), headers}))
const grant_type = 'urn:ibm:params:oauth:grant-type:apikey'

test('the right key gives a JWT with times and an account', async () => {
  const {status, body} = await requestToken(sandbox.url, sandbox.apiKey)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    refresh_token: 'not_supported',
    token_type: 'Bearer',
    expires_in: 900,
    expiration: now / 1000 + 900,
    scope: 'ibm openid',
  })
  const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({iat: now / 1000, exp: now / 1000 + 900, account: {bss: 'a1234567'}})
})

test.each([
  ['a wrong key', {grant_type, apikey: 'wrong'}, 'BXNIM0415E', undefined],
  ['no key', {grant_type}, 'BXNIM0109E', "Property 'apikey' either missing or empty."],
  ['no grant type', {apikey: 'x'}, 'BXNIM0109E', "Property 'grant_type' either missing or empty."],
  ['a grant type that there is not', {grant_type: 'magic', apikey: 'x'}, 'BXNIM0106E', undefined],
  ['another response type', {grant_type, apikey: 'x', response_type: 'uaa'}, 'BXNIM0106E', undefined],
])('%s is 400 with its code', async (_what, form, errorCode, errorDetails) => {
  const {status, body} = await post(form)
  expect(status).toBe(400)
  expect(body).toMatchObject({errorCode, errorMessage: expect.any(String), context: {requestId: expect.any(String)}})
  expect(body.errorDetails).toBe(errorDetails)
})

test('another content type and another method are refused as IAM does', async () => {
  expect((await post({grant_type}, {'content-type': 'application/json'})).status).toBe(415)
  const get = await read(await fetch(`${sandbox.url}/identity/token`))
  expect(get).toMatchObject({status: 405, body: {errorCode: 'BXNIM0060E'}})
})

test('a token is good until it expires', async () => {
  const client = await clientOf(sandbox)
  expect((await client.send('/v1/regions')).status).toBe(200)
  now += 901_000
  expect(await client.send('/v1/regions')).toMatchObject({status: 401, body: {errors: [{code: 'not_authorized'}]}})
})

test.each([
  ['none', undefined],
  ['no bearer', 'Basic abc'],
  ['not a JWT', 'Bearer abc'],
  ['the word twice', 'Bearer Bearer abc'],
])('a bad authorization is 401: %s', async (_what, authorization) => {
  const headers: Record<string, string> = authorization === undefined ? {} : {authorization}
  const answer = await read(await fetch(`${sandbox.url}/v1/instances?${version}`, {headers}))
  expect(answer).toMatchObject({status: 401, body: {trace: expect.any(String)}})
})

test('a token with other claims under the old signature is 401, and so is that of another sandbox', async () => {
  const {token} = await clientOf(sandbox)
  const [head, , signature] = token.split('.')
  const claims = Buffer.from(JSON.stringify({exp: 9e9})).toString('base64url')
  const other = await startSandbox()
  const foreign = (await clientOf(other)).token
  await other.close()
  for (const forged of [`${head}.${claims}.${signature}`, foreign]) {
    const response = await fetch(`${sandbox.url}/v1/regions?${version}`, {headers: {authorization: `Bearer ${forged}`}})
    expect(response.status).toBe(401)
  }
})
