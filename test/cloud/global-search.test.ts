import {describe, expect, it} from 'vitest'
import type {Cloud} from '../../src/cloud/cloud.ts'
import type {VpcmdError} from '../../src/errors.ts'
import type {SandboxOptions} from '../../src/sandbox/index.ts'
import {type OddCloud, type Oddity, startOddCloud} from '../support/odd-cloud.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let test: TestCloud
let odd: OddCloud

async function open(oddity: Oddity = {}, options: SandboxOptions = {}): Promise<Cloud> {
  test = await startTestCloud(options)
  odd = await startOddCloud(test.sandbox, oddity)
  return openAt(`${odd.url}/search`)
}

const openAt = (search: string | undefined) =>
  test.open({endpoints: {...odd.endpoints, services: {search, tagging: `${odd.url}/tagging`}}})
const isSearch = ({url}: {url: URL}) => url.pathname.endsWith('/v3/resources/search')
const searches = () => odd.asked.filter(isSearch)
const tagsIn = async (cloud: Cloud, region = 'us-south') => cloud.tags(await cloud.region({region}))
const failing = (cloud: Cloud) =>
  tagsIn(cloud).then(
    () => Promise.reject(new Error('no failure')),
    (error: VpcmdError) => error,
  )

describe('the tags of an account', () => {
  it('are of every instance, however many pages they take, and of all three kinds', async () => {
    const cloud = await open({}, {instances: 2100})
    const tags = {user: ['env:prod', 'x'], access: ['team:a'], service: ['schematics::project_id:1']}
    const {id} = await test.sandbox.fleet.add({name: 'tagged', tags})
    const index = await tagsIn(cloud)
    expect(index.size).toBe(2101)
    expect(index.get(id)).toEqual(tags)
    expect(searches()).toHaveLength(3)
    expect(searches()[0]?.url.searchParams.get('account_id')).toBe('a1234567')
  })

  it('are searched for once for all regions, and bare metal servers by themselves', async () => {
    const cloud = await open()
    await Promise.all([tagsIn(cloud), tagsIn(cloud, 'eu-de')])
    await tagsIn(cloud)
    expect(searches()).toHaveLength(1)
    const servers = await cloud.tags(await cloud.region({region: 'eu-de'}), 'bare_metal_server')
    expect([...servers.keys()].sort()).toEqual(
      test.sandbox.fleet.bareMetalServers
        .list()
        .map(({id}) => id)
        .sort(),
    )
  })

  it('are unknown where the answer does not tell them, and not none', async () => {
    const cloud = await open({
      change(asked, body) {
        const items = isSearch(asked) ? (body.items as Record<string, unknown>[]) : []
        items.shift()
        Object.assign(items[0] ?? {}, {tags: undefined, access_tags: null, service_tags: ['a', 1]})
      },
    })
    const index = await tagsIn(cloud)
    expect(index.size).toBe(test.sandbox.fleet.list().length - 1)
    expect(index.values().next().value).toEqual({user: undefined, access: undefined, service: undefined})
  })

  it('are unknown where they are told of another resource, or twice and otherwise', async () => {
    const cloud = await open({
      change(asked, body) {
        const items = isSearch(asked) ? (body.items as Record<string, unknown>[]) : []
        const [first, second, third, fourth] = items
        Object.assign(first ?? {}, {crn: String(first?.crn).replace('a/a1234567', 'a/b7654321')})
        Object.assign(second ?? {}, {crn: String(second?.crn).replace(':instance:', ':volume:')})
        Object.assign(third ?? {}, {crn: String(third?.crn).replace(':is:', ':kms:')})
        if (fourth) items.push({...fourth, tags: ['env:prod', 'new']})
      },
    })
    const index = await tagsIn(cloud)
    expect(index.size).toBe(test.sandbox.fleet.list().length - 3)
    expect(index.values().next().value).toEqual({user: undefined, access: undefined, service: undefined})
  })

  it('are not searched for without an end', async () => {
    let pages = 0
    const crn = 'crn:v1:bluemix:public:is:us-south-1:a/a1234567::instance:0717_'
    const page = () => ({status: 200, body: {items: [{crn: `${crn}${++pages}`, tags: []}], search_cursor: 'next'}})
    const error = await failing(await open({answer: asked => (isSearch(asked) ? page() : undefined)}))
    expect(error).toMatchObject({code: 'broken_paging', exitCode: 1})
  })

  it.each([
    ['a refusal', {status: 403, body: {message: 'no'}}, {exitCode: 3, status: 403}],
    ['a service that is down', {status: 503, body: ''}, {exitCode: 1, status: 503}],
    ['an answer of another kind', {status: 200, body: {hits: []}}, {code: 'unreadable_answer'}],
    ['a redirect', {status: 302, headers: {location: 'https://elsewhere.test'}}, {exitCode: 1}],
  ])('end in an error that names them after %s, and not in none at all', async (_, answer, expected) => {
    const error = await failing(await open({answer: asked => (isSearch(asked) ? answer : undefined)}))
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(/^Could not read the tags of the instances from Global Search/)
  })

  it('end in an error where pages go on without anything new', async () => {
    const body = {items: [{crn: 'crn:v1:bluemix:public:is:us-south-1:a/a::instance:0717_a'}], search_cursor: 'same'}
    const cloud = await open({answer: asked => (isSearch(asked) ? {status: 200, body} : undefined)})
    expect(await failing(cloud)).toMatchObject({code: 'broken_paging'})
    expect(searches().length).toBeLessThan(6)
  })

  it('are asked for again with a new token where the first one is refused', async () => {
    const cloud = await open({answer: asked => (isSearch(asked) && asked.count === 1 ? {status: 401} : undefined)})
    expect((await tagsIn(cloud)).size).toBe(test.sandbox.fleet.list().length)
  })

  it('name the variable of the service where it is not reached', async () => {
    await open()
    const gone = await startOddCloud(test.sandbox, {})
    await gone.close()
    const hint = expect.stringContaining('GLOBAL_SEARCH_URL')
    expect(await failing(await openAt(gone.url))).toMatchObject({code: 'connection_refused', hint})
  })

  it('are not asked of IBM Cloud with a token that another cloud gave', async () => {
    await open()
    expect(await failing(await openAt(undefined))).toMatchObject({exitCode: 2, hint: 'Set GLOBAL_SEARCH_URL.'})
  })
})

describe('the tags that are attached to a server', () => {
  const attached = async (cloud: Cloud, kind: 'user' | 'access' | 'service' = 'user') => {
    const {id, zone} = await test.sandbox.fleet.add({name: 'tagged', tags: {user: ['a', 'b'], service: ['c']}})
    const crn = `crn:v1:bluemix:public:is:${zone}:a/a1234567::instance:${id}`
    return cloud.attachedTags(await cloud.region({region: 'us-south'}), crn, kind)
  }

  it('are those of the kind that is asked for', async () => {
    const cloud = await open()
    expect(await attached(cloud)).toEqual(['a', 'b'])
    expect(await attached(cloud, 'service')).toEqual(['c'])
    expect(await attached(cloud, 'access')).toEqual([])
  })

  it.each([
    ['has not all', {items: [{name: 'a'}], total_count: 2}],
    ['has one without a name', {items: [{name: 'a'}, {}], total_count: 2}],
  ])('are unknown where the answer %s', async (_, body) => {
    const isTagging = ({url}: {url: URL}) => url.pathname.startsWith('/tagging')
    const cloud = await open({answer: asked => (isTagging(asked) ? {status: 200, body} : undefined)})
    expect(await attached(cloud)).toBe(undefined)
  })
})
