import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {auditorName, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {type Answer, allPages, type Body, type Client, clientOf, read, version} from './sandbox-client.ts'

let sandbox: Sandbox
let now = Date.UTC(2026, 10, 24)
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', accounts: 5, clock: () => now, tokenTtlSeconds: 900})
})
afterAll(() => sandbox.close())

const grantType = (name: string) => `urn:ibm:params:oauth:grant-type:${name}`

const ask = async (form: Record<string, string>): Promise<Answer> =>
  read(await fetch(`${sandbox.url}/identity/token`, {method: 'POST', body: new URLSearchParams(form)}))

const assume = async (form: Record<string, string>) =>
  ask({grant_type: grantType('assume'), access_token: (await clientOf(sandbox)).token, ...form})

/** A client of an account, by its number. */
async function clientIn(number: number): Promise<Client> {
  const {body} = await assume({profile_name: auditorName, account: idOf(number)})
  const send = async (path: string, init: RequestInit = {}) => {
    const url = `${sandbox.url}${path}${path.includes('?') ? '&' : '?'}${version}`
    return read(await fetch(url, {...init, headers: {authorization: `Bearer ${body.access_token}`, ...init.headers}}))
  }
  return {...(await clientOf(sandbox)), token: body.access_token, send}
}

const idOf = (number: number) => sandbox.accounts[number - 1]?.id ?? ''

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('the accounts', () => {
  test('have IDs as IBM has them, that follow from the first, and two of them refuse', async () => {
    expect(sandbox.accounts.map(each => [each.name, each.state, each.hasAuditor])).toEqual([
      ['acme', 'ACTIVE', true],
      ['team-a', 'ACTIVE', true],
      ['team-b', 'ACTIVE', false],
      ['team-c', 'PENDING', true],
      ['team-d', 'ACTIVE', true],
    ])
    expect(idOf(1)).toBe('a1234567')
    for (const {id} of sandbox.accounts.slice(1)) expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(sandbox.accounts.map(each => each.id)).size).toBe(5)
    const same = await startSandbox({account: 'a1234567', accounts: 3})
    const other = await startSandbox({account: 'a7654321', accounts: 3})
    expect(same.accounts.map(each => each.id)).toEqual(sandbox.accounts.slice(0, 3).map(each => each.id))
    expect(other.accounts[1]?.id).not.toBe(idOf(2))
    await Promise.all([same.close(), other.close()])
  })

  test('have instances of their own, which no other account finds', async () => {
    const [first, second] = [await clientOf(sandbox), await clientIn(2)]
    const lists = await Promise.all([first, second].map(each => allPages(each, '/v1/instances', 'instances')))
    const [ours = [], theirs = []] = lists.map(({rows}) => rows)
    expect(theirs.map(each => each.name)).toEqual(ours.map(each => each.name))
    expect(theirs.every(each => each.crn.includes(`:a/${idOf(2)}::`))).toBe(true)
    const ids = new Set([...ours, ...theirs].flatMap(each => [each.id, each.vpc.id]))
    expect(ids.size).toBe(ours.length * 2 + 2)
    const path = `/v1/instances/${theirs[0]?.id}`
    expect((await first.send(path)).status).toBe(404)
    const found = (await second.send(path)).body
    expect(found.vpc.name).toBe('my-test-vpc')
    expect((await second.send(`/v1/vpcs/${found.vpc.id}`)).status).toBe(200)
    const ips = (await second.send('/v1/floating_ips')).body.floating_ips
    expect(ips.filter(each => each.target).map(each => each.target.id)).not.toEqual([])
  })

  test('are changed apart, over the API and behind its back, and all are reset', async () => {
    const client = await clientIn(5)
    const {id} = (await client.send('/v1/instances')).body.instances[0]
    const init = {method: 'PATCH', body: JSON.stringify({metadata_service: {enabled: true}})}
    expect((await client.send(`/v1/instances/${id}`, init)).status).toBe(200)
    expect(sandbox.fleetOf(idOf(5)).get(id)?.metadata_service.enabled).toBe(true)
    expect(sandbox.fleet.get(id)).toBeUndefined()
    await sandbox.fleetOf(idOf(5)).change(id, {name: 'other'})
    expect((await client.send(`/v1/instances/${id}`)).body.name).toBe('other')
    expect(() => sandbox.fleetOf('nothing')).toThrow('no account nothing')
    await sandbox.reset()
    expect((await client.send(`/v1/instances/${id}`)).body).toMatchObject({
      name: 'my-virtual-server-1',
      metadata_service: {enabled: false},
    })
  })

  test('keep their tokens when a reset gives them other IDs', async () => {
    const many = await startSandbox({accounts: 2})
    const {token} = await clientOf(many)
    const before = many.accounts.map(each => each.id)
    const form = {
      grant_type: grantType('assume'),
      access_token: token,
      profile_name: auditorName,
      account: before[1] ?? '',
    }
    const body = new URLSearchParams(form)
    const got = (await read(await fetch(`${many.url}/identity/token`, {method: 'POST', body}))).body.access_token
    await many.reset()
    expect(many.accounts.map(each => each.id)).not.toEqual(before)
    const headers = {authorization: `Bearer ${got}`}
    const {instances} = (await read(await fetch(`${many.url}/v1/instances?${version}`, {headers}))).body
    expect(instances[0].crn).toContain(many.accounts[1]?.id)
    await many.close()
  })
})

test('200 accounts are there at once, and their generated instances have IDs of their own', async () => {
  const many = await startSandbox({accounts: 200, instances: 325})
  expect(many.accounts.map(each => each.name).slice(-2)).toEqual(['team-gp', 'team-gq'])
  expect(new Set(many.accounts.map(each => each.name)).size).toBe(200)
  const fleets = [0, 1, 199].map(index => many.fleetOf(many.accounts[index]?.id ?? ''))
  const servers = fleets.flatMap(({list, bareMetalServers, templates}) => [
    ...list(),
    ...bareMetalServers.list(),
    ...templates.list(),
  ])
  expect(servers).toHaveLength(3 * (325 + 7 + 4))
  expect(new Set(servers.map(each => each.id)).size).toBe(servers.length)
  await many.close()
})

test('of a kept state, the first account alone is kept; the others begin anew', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'vpcmd-accounts-'))
  const open = () => startSandbox({stateFolder, accounts: 2})
  const first = await open()
  const ids = first.accounts.map(each => each.id)
  for (const id of ids) await first.fleetOf(id).add({name: 'added'})
  await first.close()
  const second = await open()
  expect(second.accounts.map(each => each.id)).toEqual(ids)
  const counts = ids.map(
    id =>
      second
        .fleetOf(id)
        .list()
        .filter(each => each.name === 'added').length,
  )
  expect(counts).toEqual([1, 0])
  await second.close()
  rmSync(stateFolder, {recursive: true})
  await expect(startSandbox({accounts: 0})).rejects.toThrow('at least one account')
})

describe('assume', () => {
  test.each([
    ['its name and account', () => ({profile_name: auditorName, account: idOf(2)})],
    ['its ID', async () => ({profile_id: (await auditorOf(2)).id})],
    ['its CRN', async () => ({profile_crn: (await auditorOf(2)).crn})],
  ])('gives a token of the profile by %s', async (_by, form) => {
    const {status, body} = await assume(await form())
    expect(status).toBe(200)
    expect(body).toMatchObject({token_type: 'Bearer', expires_in: 900, expiration: now / 1000 + 900})
    const {id} = await auditorOf(2)
    expect(claimsOf(body.access_token)).toMatchObject({
      account: {bss: idOf(2)},
      iam_id: `iam-${id}`,
      sub_type: 'Profile',
      grant_type: grantType('assume'),
      authn: {sub: 'test.user@example.com', iam_id: 'IBMid-0000SANDBOX'},
    })
  })

  test.each<[string, () => Record<string, string>, number, string]>([
    ['no token', () => ({access_token: '', profile_name: auditorName, account: idOf(2)}), 400, 'BXNIM0109E'],
    ['no profile', () => ({}), 400, 'BXNIM0109E'],
    ['a name without an account', () => ({profile_name: auditorName}), 400, 'BXNIM0109E'],
    ['an unknown name', () => ({profile_name: 'nobody', account: idOf(2)}), 400, 'profile_not_found'],
    ['an unknown account', () => ({profile_name: auditorName, account: 'nowhere'}), 400, 'profile_not_found'],
    ['an account without the profile', () => ({profile_name: auditorName, account: idOf(3)}), 400, 'profile_not_found'],
    ['an account that is not active', () => ({profile_name: auditorName, account: idOf(4)}), 403, 'account_not_active'],
    ['one that does not trust', () => ({profile_name: 'instance-identity', account: idOf(2)}), 403, 'BXNIM0513E'],
    ['a bad token', () => ({access_token: 'x', profile_name: auditorName, account: idOf(2)}), 400, 'BXNIM0407E'],
    ['a refresh token', () => ({access_token: '', refresh_token: 'x', profile_id: 'x'}), 501, 'not_implemented'],
  ])('refuses %s', async (_what, form, status, errorCode) => {
    const answer = await assume(form())
    expect(answer).toMatchObject({status, body: {errorCode, errorMessage: expect.any(String), context: {}}})
  })

  test('refuses a token of a profile, and one that has expired', async () => {
    const {token} = await clientIn(2)
    const form = {profile_name: auditorName, account: idOf(5)}
    expect(await assume({...form, access_token: token})).toMatchObject({status: 403, body: {errorCode: 'BXNIM0513E'}})
    const access_token = (await clientOf(sandbox)).token
    now += 901_000
    expect(await assume({...form, access_token})).toMatchObject({status: 400, body: {errorCode: 'BXNIM0407E'}})
  })
})

describe('a compute resource token', () => {
  const exchange = async (form: Record<string, string>) => ask({grant_type: grantType('cr-token'), ...form})

  test('gives a token of the profile that is linked to it, and is none itself', async () => {
    const cr_token = await sandbox.crToken()
    const {status, body} = await exchange({cr_token, profile_name: auditorName})
    expect(status).toBe(200)
    expect(claimsOf(body.access_token)).toMatchObject({
      account: {bss: 'a1234567'},
      iam_id: `iam-${(await auditorOf(1)).id}`,
      authn: {sub: expect.stringContaining('serviceaccount')},
    })
    const send = (token: string) =>
      fetch(`${sandbox.url}/v1/regions?${version}`, {headers: {authorization: `Bearer ${token}`}})
    expect((await send(body.access_token)).status).toBe(200)
    expect((await send(cr_token)).status).toBe(401)
  })

  test.each([
    ['no token', {cr_token: '', profile_name: auditorName}, 'BXNIM0109E'],
    ['a bad token', {cr_token: 'x', profile_name: auditorName}, 'cr_token_invalid'],
    ['no profile', {}, 'BXNIM0109E'],
    ['an unknown profile', {profile_id: 'Profile-x'}, 'profile_not_found'],
    ['a profile that is not linked', {profile_name: 'unused-identity'}, 'profile_not_linked'],
  ])('is refused with %s', async (_what, form, errorCode) => {
    expect(await exchange({cr_token: await sandbox.crToken(), ...form})).toMatchObject({status: 400, body: {errorCode}})
  })
})

async function profilesIn(number: number, query: string, token?: string): Promise<Answer> {
  const bearer = token ?? (number === 1 ? await clientOf(sandbox) : await clientIn(number)).token
  return read(await fetch(`${sandbox.url}/v1/profiles${query}`, {headers: {authorization: `Bearer ${bearer}`}}))
}

async function auditorOf(number: number): Promise<Body> {
  const answer = await profilesIn(number, `?account_id=${idOf(number)}&name=${auditorName}`)
  return (answer.body as Body & {profiles: Body[]}).profiles[0] as Body
}

test.each<[string, string, number]>([
  ['no account', '', 400],
  ['another account', '?account_id=other', 403],
  ['a page of none', '?account_id=a1234567&pagesize=0', 400],
  ['a page of too many', '?account_id=a1234567&pagesize=101', 400],
  ['a token of another list', '?account_id=a1234567&pagetoken=x', 400],
  ['a filter', '?account_id=a1234567&filter=x', 501],
  ['an unknown profile', '/Profile-x', 404],
  ['the identities of an unknown profile', '/Profile-x/identities', 404],
])('a list of profiles refuses %s', async (_what, query, status) => {
  const {token} = await clientOf(sandbox)
  expect(await profilesIn(1, query, token)).toMatchObject({status, body: {errors: [{}], status_code: String(status)}})
  expect((await profilesIn(1, query, 'x')).status).toBe(401)
})
