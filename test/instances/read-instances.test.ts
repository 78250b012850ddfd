import {describe, expect, it} from 'vitest'
import type {Instance} from '../../src/cloud/readers/instance.ts'
import {toQuery} from '../../src/instances/filters.ts'
import {listInstances, readInstances} from '../../src/instances/list-instances.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

allowSeconds(15, 'Thousands of instances are read twice.')

let test: TestCloud

const oneRegion = ['us-south']
const forbiddenVpcs = {kind: '403', path: /\/v1\/vpcs/} as const

/** The instance and VPC lists that were asked for, with their queries, in order. */
const asked = () =>
  test.log.flatMap(line => /^GET \S+\/v1(\/(?:instances|vpcs)\S*) -> 200/.exec(line)?.slice(1, 2) ?? [])

/** Reads all, and checks on the way that no ID comes twice and no piece is empty. */
async function readIds(filters = {}) {
  const ids: string[] = []
  const outcome = await readInstances(test.cloud, toQuery(filters), async instances => {
    expect(instances.length).toBeGreaterThan(0)
    await new Promise(resolve => setImmediate(resolve))
    ids.push(...instances.map(({id}) => id))
  })
  expect(new Set(ids).size).toBe(ids.length)
  return {...outcome, ids: ids.sort()}
}

const fleetIds = () =>
  test.sandbox.fleet
    .list()
    .map(({id}) => id)
    .sort()

/** Runs `change` once, as soon as the sandbox has answered a request whose path ends so. */
function onceAnswered(end: string, change: () => Promise<unknown>): {done(): Promise<unknown> | undefined} {
  let changed: Promise<unknown> | undefined
  const push = test.requests.push.bind(test.requests)
  test.requests.push = (...seen) => {
    if (seen[0]?.path.endsWith(end)) changed ??= change()
    return push(...seen)
  }
  return {done: () => changed}
}

describe('readInstances', () => {
  it.each([0, 1, 100, 101, 1000, 5000])('finds the same %i instances by VPC as page by page', async instances => {
    test = await startTestCloud({instances, vpcs: 7, regions: oneRegion})
    const byVpc = await readIds()
    expect(byVpc).toMatchObject({failures: [], isRead: true})
    expect(byVpc.ids).toEqual(fleetIds())
    const urls = asked()
    expect(new Set(urls).size).toBe(urls.length)
    expect(urls.some(url => url.includes('vpc.id='))).toBe(instances >= 1000)
    const pages =
      instances >= 1000 ? 1 + 1 + 7 * Math.ceil(instances / 7 / 100) : Math.max(1, Math.ceil(instances / 100))
    expect(urls).toHaveLength(pages)

    test.sandbox.faults.push(forbiddenVpcs)
    expect((await readIds()).ids).toEqual(byVpc.ids)
  })

  it('reads page by page, each page once, where the VPCs may not be listed', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 7, regions: oneRegion, faults: [forbiddenVpcs]})
    const {ids, failures} = await readIds()
    expect(failures).toEqual([])
    expect(ids).toEqual(fleetIds())
    expect(asked()).toHaveLength(10)
  })

  it.each([
    ['the query names a VPC', {vpc: 'vpc-000'}, 7],
    ['there is one VPC only', {}, 1],
    ['there are many more VPCs than pages', {}, 60],
  ])('reads page by page where %s', async (_, filters, vpcs) => {
    test = await startTestCloud({instances: 1000, vpcs, regions: oneRegion})
    const {failures} = await readIds(filters)
    expect(failures).toEqual([])
    expect(asked().filter(url => url.includes('vpc.id='))).toEqual([])
  })

  it('finds an instance that is made after the first page', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 4, regions: oneRegion})
    const made = onceAnswered('/v1/vpcs', () => test.sandbox.fleet.add({name: 'late', region: 'us-south'}))
    const {ids, failures, gone} = await readIds()
    await made.done()
    expect(failures).toEqual([])
    expect(gone.size).toBe(0)
    expect(ids).toEqual(fleetIds())
    expect(ids).toHaveLength(1001)
  })

  it('tells which instance had gone by the end, although another was made', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 4, regions: oneRegion})
    const victim = test.sandbox.fleet.list()[5]
    if (!victim) throw new Error('no instance')
    const changed = onceAnswered('/v1/vpcs', async () => {
      await test.sandbox.fleet.remove(victim.id)
      await test.sandbox.fleet.add({name: 'late-1', region: 'us-south'})
      await test.sandbox.fleet.add({name: 'late-2', region: 'us-south'})
    })
    const {ids, failures, gone} = await readIds()
    await changed.done()
    expect(failures).toEqual([])
    expect([...gone.values()]).toEqual([victim.id])
    expect(ids.filter(id => !gone.has(id))).toEqual(fleetIds())
  })

  it('lists no instance that had gone by the end', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 4, regions: oneRegion})
    const [first, second] = test.sandbox.fleet.list()
    if (!first || !second) throw new Error('no instance')
    const changed = onceAnswered('/v1/vpcs', async () => {
      await test.sandbox.fleet.remove(first.id)
      await test.sandbox.fleet.add({name: 'late', region: 'us-south'})
    })
    const {rows} = await listInstances(test.cloud, toQuery({}), false)
    await changed.done()
    expect(rows.map(({instance}) => instance.id).sort()).toEqual(fleetIds())
  })

  it('says that the listing may be incomplete where the count stays off', async () => {
    test = await startTestCloud({instances: 250, vpcs: 1, regions: oneRegion})
    const push = test.requests.push.bind(test.requests)
    test.requests.push = (...seen) => {
      // Before each answer one more goes that an earlier page held.
      const [next] = test.sandbox.fleet.list()
      if (next && seen[0]?.path.endsWith('/v1/instances')) void test.sandbox.fleet.remove(next.id)
      return push(...seen)
    }
    const {failures, isRead} = await readIds()
    expect(failures).toEqual([
      {
        region: expect.objectContaining({name: 'us-south'}),
        error: expect.objectContaining({code: 'incomplete_listing'}),
      },
    ])
    expect(isRead).toBe(true)
  })

  it('waits for whoever takes the instances, in each region one call at a time', async () => {
    test = await startTestCloud({instances: 2000, vpcs: 8, regions: ['us-south', 'eu-de']})
    const open = new Map<string, number>()
    let most = 0
    await readInstances(test.cloud, toQuery({}), async (_, {name}) => {
      open.set(name, (open.get(name) ?? 0) + 1)
      most = Math.max(most, open.get(name) ?? 0)
      await new Promise(resolve => setImmediate(resolve))
      open.set(name, (open.get(name) ?? 0) - 1)
    })
    expect(most).toBe(1)
  })

  it('fetches at most one page ahead of whoever takes them page by page', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 1, regions: oneRegion})
    let taken = 0
    await readInstances(test.cloud, toQuery({}), async () => {
      taken++
      await new Promise(resolve => setTimeout(resolve, 20))
      expect(asked().filter(url => url.startsWith('/instances')).length).toBeLessThanOrEqual(taken + 1)
    })
    expect(taken).toBe(10)
  })

  it('ends at once, with the same error, when the instances can no longer be taken', async () => {
    test = await startTestCloud({instances: 5000, vpcs: 10, regions: ['us-south', 'eu-de']})
    const refusal = new Error('no more')
    await expect(
      readInstances(test.cloud, toQuery({}), () => {
        throw refusal
      }),
    ).rejects.toBe(refusal)
    const sent = test.log.length
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(test.log.length).toBe(sent)
    expect(asked().length).toBeLessThan(10)
  })

  it('reports a region that fails midway, and what the others have', async () => {
    test = await startTestCloud({
      instances: 2000,
      vpcs: 8,
      regions: ['us-south', 'eu-de'],
      faults: [{kind: '403', path: /eu-de\/v1\/instances\?.*start=/}],
    })
    const {failures, isRead, unread} = await readIds()
    expect(failures).toEqual([
      {region: expect.objectContaining({name: 'eu-de'}), error: expect.objectContaining({status: 403})},
    ])
    expect([isRead, [...unread]]).toEqual([true, ['eu-de']])
    const {rows} = await listInstances(test.cloud, toQuery({}), false)
    expect(new Set(rows.map(({region}) => region))).toEqual(new Set(['us-south']))
    expect(rows).toHaveLength(1000)
  })

  it('applies the filters that the API does not know', async () => {
    test = await startTestCloud({instances: 1000, vpcs: 4, regions: oneRegion})
    const taken: Instance[] = []
    await readInstances(test.cloud, toQuery({metadata: 'enabled', 'hop-limit': 2}), instances => {
      taken.push(...instances)
    })
    const expected = test.sandbox.fleet
      .list()
      .filter(({metadata_service: {enabled, response_hop_limit}}) => enabled && response_hop_limit === 2)
    expect(taken.map(({id}) => id).sort()).toEqual(expected.map(({id}) => id).sort())
  })
})
