import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeEach, expect, it} from 'vitest'
import {fromKey} from '../../src/cloud/credential-kinds.ts'
import {findCredentials} from '../../src/cloud/credentials.ts'
import {TokenSource} from '../../src/cloud/token-source.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'
import {folderOfTest} from '../support/until-test-ends.ts'

let folder: string
let test: TestCloud

beforeEach(async () => {
  folder = join(folderOfTest(), 'vpcmd')
  test = await startTestCloud({}, {cacheFolder: folder})
})

const count = (end: string) => test.requests.filter(({path}) => path.endsWith(end)).length
const tokenFile = () => join(folder, readdirSync(folder).find(name => name.startsWith('token-')) ?? 'none')

async function listOnce(cloud = test.cloud) {
  return (await cloud.api(await cloud.region({region: 'eu-de'})).listInstances()).result
}

it('asks for one token and one list of regions, however many commands follow', async () => {
  await Promise.all([listOnce(), listOnce(), listOnce()])
  await listOnce(await test.open())
  expect(count('/identity/token')).toBe(1)
  expect(count('/regions')).toBe(1)
})

it('keeps the token private, under a name that tells nothing, and without the key', async () => {
  await listOnce()
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect(name).not.toContain(test.sandbox.apiKey)
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain(test.sandbox.apiKey)
  }
  expect(Object.keys(JSON.parse(readFileSync(tokenFile(), 'utf8'))).sort()).toEqual(['access_token', 'expiration'])
})

it('renews a kept token with less than five minutes to live, and not one with more', async () => {
  await listOnce()
  const kept = JSON.parse(readFileSync(tokenFile(), 'utf8'))
  writeFileSync(tokenFile(), JSON.stringify({...kept, expiration: Math.floor(Date.now() / 1000) + 310}))
  await listOnce(await test.open())
  expect(count('/identity/token')).toBe(1)
  writeFileSync(tokenFile(), JSON.stringify({...kept, expiration: Math.floor(Date.now() / 1000) + 290}))
  await listOnce(await test.open())
  expect(count('/identity/token')).toBe(2)
})

it.each([
  ['empty', ''],
  ['half written', '{"access_token": "eyJ'],
  ['no object', 'null'],
  ['of another shape', '{"access_token": 5, "expiration": "soon"}'],
  ['no token', '{"access_token": "x", "expiration": 99999999999}'],
])('costs one token request when the kept file is %s', async (_what, text) => {
  await listOnce()
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), text)
  expect((await listOnce(await test.open())).total).toBeGreaterThan(0)
  expect(count('/identity/token')).toBe(2)
})

it('costs one token request when a kept token is one that the API refuses', async () => {
  await listOnce()
  const kept = JSON.parse(readFileSync(tokenFile(), 'utf8'))
  const [head, body] = kept.access_token.split('.')
  writeFileSync(tokenFile(), JSON.stringify({...kept, access_token: `${head}.${body}.forged`}))
  expect((await listOnce(await test.open())).total).toBeGreaterThan(0)
  expect(count('/identity/token')).toBe(2)
})

it('works, and says so in the log only, where nothing can be kept', async () => {
  writeFileSync(join(folder, '..', 'file'), '')
  const cloud = await test.open({cacheFolder: join(folder, '..', 'file', 'below')})
  expect((await listOnce(cloud)).total).toBeGreaterThan(0)
  expect(test.log.join('\n')).toContain('could not be kept for the next command: ENOTDIR')
})

it('survives many processes that write at once: the file is whole at any time', async () => {
  const clouds = await Promise.all(Array.from({length: 12}, () => test.open()))
  await Promise.all(clouds.map(listOnce))
  expect(JSON.parse(readFileSync(tokenFile(), 'utf8'))).toMatchObject({access_token: expect.stringMatching(/^eyJ/)})
  expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([])
})

it('gives exit code 3 and what IAM says for a wrong key', async () => {
  const wrong = 'wrong-key-that-is-nobodys'
  const cloud = await test.open({credentials: fromKey(wrong, 'The key', test.sandbox.environment.VPC_AUTH_URL)})
  await expect(cloud.regions()).rejects.toMatchObject({code: 'BXNIM0415E', exitCode: 3})
  await expect(cloud.regions()).rejects.not.toMatchObject({message: expect.stringContaining(wrong)})
})

it('logs requests without key and token', async () => {
  await listOnce()
  const {access_token: token} = JSON.parse(readFileSync(tokenFile(), 'utf8'))
  const log = test.log.join('\n')
  expect(log).toMatch(/POST http:.*\/identity\/token -> 200 in \d+ ms/)
  expect(log).toMatch(/GET http:.*\/eu-de\/v1\/instances\?.*version=.* -> 200 in \d+ ms/)
  expect(log).not.toContain(token)
  expect(log).not.toContain(test.sandbox.apiKey)
})

/** The tokens of another program, with these claims, one after the other. */
const borrowedTokens = (
  claims: () => object,
  now: () => number = Date.now,
  more: {account?: {id: string}; cacheFile?: string} = {},
) =>
  new TokenSource({
    asked: {name: 'ibmcloud', url: 'https://iam.test'},
    create: () => ({
      authenticationType: () => 'ibmcloud',
      authenticate: async (request: {headers?: object}) => {
        const body = Buffer.from(JSON.stringify(claims())).toString('base64url')
        request.headers = {Authorization: `Bearer e30.${body}.x`}
      },
    }),
    isRenewable: true,
    leastLifeMs: 120_000,
    secrets: [],
    cacheFile: undefined,
    ...more,
    pacing: {timeoutMs: 1000, sleep: async () => undefined, now, random: () => 0.5, onPause: () => undefined},
    lineTo: () => ({}),
  })

it('never sends a token of another account than the first one was of', async () => {
  const accounts: unknown[] = ['a1', 'a1', 'b2', undefined, 7, 'a1']
  const tokens = borrowedTokens(() => ({account: {bss: accounts.shift()}}))
  const next = async () => {
    tokens.renew(Number.POSITIVE_INFINITY)
    return tokens.ready()
  }
  await next()
  await next()
  const refusal = {code: 'other_account', exitCode: 3}
  await expect(next()).rejects.toMatchObject({
    ...refusal,
    message: expect.stringMatching(/account b2 in place of account a1/),
  })
  await expect(next()).rejects.toMatchObject({
    ...refusal,
    message: expect.stringContaining('names no account in place'),
  })
  await expect(next()).rejects.toMatchObject(refusal)
  await next()
  expect(accounts).toEqual([])
})

it('neither sends nor keeps a token of another account than was asked for', async () => {
  const cacheFile = join(folder, 'token-x.json')
  const accounts = ['b2', 'a1']
  const claims = () => ({account: {bss: accounts.shift()}, exp: Math.floor(Date.now() / 1000) + 3600})
  const tokens = borrowedTokens(claims, Date.now, {account: {id: 'a1'}, cacheFile})
  await expect(tokens.ready()).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('of account b2, and not of a1'),
  })
  expect(() => readFileSync(cacheFile)).toThrow('ENOENT')
  await tokens.ready()
  expect((await tokens.identity()).account).toBe('a1')
  // One that an earlier command kept for another account is asked for anew.
  const other = borrowedTokens(() => ({account: {bss: 'c3'}}), Date.now, {account: {id: 'c3'}, cacheFile})
  expect((await other.identity()).account).toBe('c3')
})

it('asks again before a token ends that another program renews, and not for each request', async () => {
  let now = 1_800_000_000_000
  let asked = 0
  const tokens = borrowedTokens(
    () => ({exp: 1_800_000_000 + 20 * 60 * ++asked}),
    () => now,
  )
  const askedAfter = async (minutes: number) => {
    now = 1_800_000_000_000 + minutes * 60_000
    await Promise.all([tokens.ready(), tokens.ready()])
    return asked
  }
  expect(await askedAfter(0)).toBe(1)
  expect(await askedAfter(17.9)).toBe(1)
  expect(await askedAfter(18.1)).toBe(2)
  expect(await askedAfter(30)).toBe(2)
  // One that comes with little left is used to its end.
  expect(await askedAfter(58.5)).toBe(3)
  expect(await askedAfter(59)).toBe(3)
})

it('tells a trusted profile, and who assumed it, from the claims of a token', async () => {
  const claims = {iam_id: 'iam-Profile-7', account: {bss: 'a1'}, name: 'Ops', authn: {iam_id: 'IBMid-1', sub: 'me'}}
  const bearer = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
  const credentials = await findCredentials({
    settings: {VPC_AUTH_TYPE: 'bearerToken', VPC_BEARER_TOKEN: bearer},
    iamUrl: test.sandbox.environment.VPC_AUTH_URL,
    apiKeyFile: undefined,
    host: process,
    warn: () => undefined,
  })
  const cloud = await test.open({credentials})
  expect(await cloud.identity()).toEqual({
    account: 'a1',
    iamId: 'iam-Profile-7',
    name: 'Ops',
    email: undefined,
    profileId: 'Profile-7',
    assumedBy: 'me',
    expiresAt: undefined,
  })
})
