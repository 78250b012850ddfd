import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import type {Cloud, CloudOptions} from '../../src/cloud/cloud.ts'
import type {VpcmdError} from '../../src/errors.ts'
import type {Oddity} from '../support/odd-cloud.ts'
import {isSearch, startTaggedCloud, type TaggedCloud} from '../support/tagged-cloud.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let test: TestCloud
let tagged: TaggedCloud

beforeEach(async () => {
  test = await startTestCloud()
})
afterEach(async () => {
  await tagged.close()
  await test.close()
})

async function open(odd: Oddity & {pageSize?: number} = {}, options: Partial<CloudOptions> = {}): Promise<Cloud> {
  tagged = await startTaggedCloud(test.sandbox, odd)
  return test.open({endpoints: {...tagged.endpoints, services: {search: tagged.url}}, ...options})
}

const tagsIn = async (cloud: Cloud, region = 'us-south') => cloud.tags(await cloud.region(region))
const failing = (cloud: Cloud) =>
  tagsIn(cloud).then(
    () => Promise.reject(new Error('no failure')),
    (error: VpcmdError) => error,
  )

describe('the tags of an account', () => {
  it('are of every instance, however many pages they take, and of all three kinds', async () => {
    const cloud = await open({pageSize: 4})
    const all = test.sandbox.fleet.list()
    const [first, last] = [all[0]?.id ?? '', all.at(-1)?.id ?? '']
    tagged.tags.set(first, {tags: ['env:prod'], access_tags: ['team:a'], service_tags: ['schematics::project_id:1']})
    tagged.tags.set(last, {tags: ['last']})
    const index = await tagsIn(cloud)
    expect([...index.keys()].sort()).toEqual(all.map(({id}) => id).sort())
    expect(index.get(first)).toEqual({user: ['env:prod'], access: ['team:a'], service: ['schematics::project_id:1']})
    expect(index.get(last)?.user).toEqual(['last'])
    expect(tagged.searches()[0]?.url.searchParams.get('account_id')).toBe('a1234567')
  })

  it('are searched for once for all regions, and no more', async () => {
    const cloud = await open()
    await Promise.all([tagsIn(cloud), tagsIn(cloud, 'eu-de')])
    expect(tagged.searches()).toHaveLength(2)
    await tagsIn(cloud)
    expect(tagged.searches()).toHaveLength(2)
  })

  it('are unknown where the answer does not tell them, and not none', async () => {
    const cloud = await open()
    const [holed = '', missing = ''] = test.sandbox.fleet.list().map(({id}) => id)
    tagged.tags.set(holed, {tags: undefined, access_tags: null, service_tags: ['a', 1]})
    tagged.tags.set(missing, null)
    const index = await tagsIn(cloud)
    expect(index.get(holed)).toEqual({user: undefined, access: undefined, service: undefined})
    expect(index.has(missing)).toBe(false)
  })

  it.each([
    ['a refusal', {status: 403, body: {message: 'no'}}, {exitCode: 3, status: 403}],
    ['a service that is down', {status: 503, body: ''}, {exitCode: 1, status: 503}],
    ['an answer of another kind', {status: 200, body: {hits: []}}, {code: 'unreadable_answer'}],
    ['a redirect', {status: 302, headers: {location: 'https://elsewhere.test'}}, {exitCode: 1}],
  ])('end in an error that names them after %s, and not in none at all', async (_, answer, expected) => {
    const cloud = await open({answer: asked => (isSearch(asked) ? answer : undefined)})
    const error = await failing(cloud)
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(/^Could not read the tags of the instances from Global Search/)
  })

  it('end in an error where pages go on without anything new', async () => {
    const body = {items: [{crn: 'crn:v1:bluemix:public:is:us-south-1:a/a::instance:0717_a'}], search_cursor: 'same'}
    const cloud = await open({answer: asked => (isSearch(asked) ? {status: 200, body} : undefined)})
    expect(await failing(cloud)).toMatchObject({code: 'broken_paging'})
    expect(tagged.searches().length).toBeLessThan(6)
  })

  it('are asked for again with a new token where the first one is refused', async () => {
    const cloud = await open({answer: asked => (isSearch(asked) && asked.count === 1 ? {status: 401} : undefined)})
    expect((await tagsIn(cloud)).size).toBe(test.sandbox.fleet.list().length)
  })

  it('name the variable of the service where it is not reached', async () => {
    const cloud = await open()
    const gone = await startTaggedCloud(test.sandbox)
    await gone.close()
    const other = await test.open({endpoints: {...tagged.endpoints, services: {search: gone.url}}})
    expect(await failing(other)).toMatchObject({
      code: 'connection_refused',
      hint: expect.stringContaining('GLOBAL_SEARCH_URL'),
    })
    expect(cloud.askedRegions).toEqual([])
  })

  it('are not asked of IBM Cloud with a token that another cloud gave', async () => {
    await open()
    const cloud = await test.open({endpoints: tagged.endpoints})
    expect(await failing(cloud)).toMatchObject({exitCode: 2, hint: 'Set GLOBAL_SEARCH_URL.'})
  })
})
