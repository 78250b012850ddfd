import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allPages, type Body, type Client, clientOf, serverTwo, withSandbox} from './sandbox-client.ts'

let sandbox: Sandbox
let client: Client
beforeAll(async () => {
  sandbox = await startSandbox()
  client = await clientOf(sandbox)
})
afterAll(() => sandbox.close())

const namesIn = (rows: Body[]) => rows.map(each => each.name)

test('there are thirteen regions with endpoints of their own, most of them empty', async () => {
  const {regions} = (await client.send('/v1/regions')).body
  expect(namesIn(regions)).toEqual(
    'us-south us-east br-sao ca-tor ca-mon eu-gb eu-de eu-es jp-tok jp-osa au-syd in-che in-mum'.split(' '),
  )
  const counts: Record<string, number> = {}
  for (const region of regions) {
    const path = `${region.endpoint.slice(sandbox.url.length)}/v1/instances`
    counts[region.name] = (await client.send(path)).body.total_count
  }
  expect(counts).toMatchObject({'us-south': 3, 'eu-de': 2, 'jp-tok': 2, 'eu-gb': 1, 'au-syd': 1, 'in-mum': 0})
})

test('a region and its zones are found, others are 404', async () => {
  expect((await client.send('/v1/regions/jp-osa')).body.name).toBe('jp-osa')
  expect(namesIn((await client.send('/v1/regions/jp-osa/zones')).body.zones)).toEqual([
    'jp-osa-1',
    'jp-osa-2',
    'jp-osa-3',
  ])
  expect((await client.send('/v1/regions/jp-osa/zones/jp-osa-2')).body.region.name).toBe('jp-osa')
  for (const path of ['/v1/regions/mars', '/v1/regions/mars/zones', '/v1/regions/jp-osa/zones/x']) {
    expect(await client.send(path)).toMatchObject({status: 404, body: {errors: [{code: 'not_found'}]}})
  }
})

test('the root is an alias of the first region, and hrefs follow the endpoint that was used', async () => {
  const atRoot = (await client.send('/v1/instances')).body
  const inRegion = (await client.send('/us-south/v1/instances')).body
  expect(namesIn(atRoot.instances)).toEqual(namesIn(inRegion.instances))
  expect(atRoot.instances[0].href).toMatch(`${sandbox.url}/v1/instances/`)
  expect(inRegion.instances[0].href).toMatch(`${sandbox.url}/us-south/v1/instances/`)
  expect(inRegion.first.href).toBe(`${sandbox.url}/us-south/v1/instances?limit=50`)
})

test('regions can be fewer', () =>
  withSandbox({regions: ['jp-tok', 'eu-de']}, async ({send}) => {
    expect(namesIn((await send('/v1/regions')).body.regions)).toEqual(['jp-tok', 'eu-de'])
    expect(namesIn((await send('/v1/instances')).body.instances)).toEqual(['web-1', 'batch-1'])
    expect((await send('/us-south/v1/instances')).status).toBe(404)
  }))

describe('paging', () => {
  test.each([1, 7, 50, 100])('pages of %i add up, with no row twice', limit =>
    withSandbox({instances: 130, regions: ['us-south']}, async fleet => {
      const {rows, pages} = await allPages(fleet, `/v1/instances?limit=${limit}`, 'instances')
      expect(new Set(rows.map(each => each.id)).size).toBe(130)
      expect(pages).toHaveLength(Math.ceil(130 / limit))
      for (const page of pages) expect(page).toMatchObject({limit, total_count: 130})
      expect(pages.at(-1)).not.toHaveProperty('next')
    }),
  )

  test('the hrefs carry the filters, and neither version nor generation', () =>
    withSandbox({instances: 30, regions: ['us-south']}, async ({send}) => {
      const vpc = (await send('/v1/vpcs')).body.vpcs[0].id
      const {first, next} = (await send(`/v1/instances?limit=5&vpc.id=${vpc}`)).body
      expect([...new URL(first.href).searchParams.keys()]).toEqual(['limit', 'vpc.id'])
      expect([...new URL(next.href).searchParams.keys()]).toEqual(['limit', 'start', 'vpc.id'])
    }))

  test('rows made and deleted in between neither repeat nor hide others', () =>
    withSandbox({instances: 20, regions: ['us-south']}, async ({send, sandbox: {fleet, url}}) => {
      const first = (await send('/v1/instances?limit=10')).body
      const ids = first.instances.map(each => each.id)
      await fleet.remove(ids[3] ?? '')
      await fleet.remove(ids[9] ?? '')
      const added = await fleet.add({name: 'late'})
      const second = (await send(first.next.href.slice(url.length))).body
      expect(second.total_count).toBe(19)
      expect(second.instances.map(each => each.id)).not.toContain(ids[8])
      const rest = (await send(second.next.href.slice(url.length))).body
      expect(rest.instances.map(each => each.id)).toEqual([added.id])
    }))

  test.each([
    ['limit=0', 'validation_min_value', 'limit'],
    ['limit=-1', 'validation_min_value', 'limit'],
    ['limit=101', 'validation_max_value', 'limit'],
    ['limit=ten', 'validation_invalid_field_type', 'limit'],
    ['limit=1.5', 'validation_invalid_field_type', 'limit'],
    ['limit=', 'validation_invalid_field_type', 'limit'],
    ['start=nonsense', 'invalid_id_format', 'start'],
    [`start=${serverTwo}`, 'invalid_id_format', 'start'],
    ['start=', 'invalid_id_format', 'start'],
  ])('%s is 400 %s in every list', async (query, code, name) => {
    for (const list of ['instances', 'vpcs', 'floating_ips']) {
      const answer = await client.send(`/v1/${list}?${query}`)
      expect(answer).toMatchObject({status: 400, body: {errors: [{code, target: {name, type: 'parameter'}}]}})
    }
  })

  test('the start of one list is nothing in another', async () => {
    const {next} = (await client.send('/v1/instances?limit=1')).body
    const start = new URL(next.href).searchParams.get('start')
    expect((await client.send(`/v1/vpcs?start=${start}`)).status).toBe(400)
  })
})

describe('filters of instances', () => {
  const inRegion = async (region: string) => (await client.send(`/${region}/v1/instances`)).body.instances as Body[]

  test.each([
    ['us-south', 'name', (i: Body) => i.name],
    ['us-south', 'resource_group.id', (i: Body) => i.resource_group.id],
    ['us-south', 'vpc.id', (i: Body) => i.vpc.id],
    ['us-south', 'vpc.crn', (i: Body) => i.vpc.crn],
    ['us-south', 'vpc.name', (i: Body) => i.vpc.name],
    ['jp-tok', 'availability.class', (i: Body) => i.availability.class],
    ['jp-tok', 'dedicated_host.id', (i: Body) => i.dedicated_host?.id],
    ['jp-tok', 'dedicated_host.crn', (i: Body) => i.dedicated_host?.crn],
    ['jp-tok', 'dedicated_host.name', (i: Body) => i.dedicated_host?.name],
    ['eu-de', 'placement_group.id', (i: Body) => i.placement_target?.id],
    ['eu-de', 'placement_group.crn', (i: Body) => i.placement_target?.crn],
    ['eu-de', 'placement_group.name', (i: Body) => i.placement_target?.name],
    [
      'jp-tok',
      'instance_group_membership.instance_group.id',
      (i: Body) => i.instance_group_membership?.instance_group.id,
    ],
    [
      'jp-tok',
      'instance_group_membership.instance_group.crn',
      (i: Body) => i.instance_group_membership?.instance_group.crn,
    ],
    ['eu-gb', 'reservation.id', (i: Body) => i.reservation?.id],
    ['eu-gb', 'reservation.crn', (i: Body) => i.reservation?.crn],
    ['eu-gb', 'reservation.name', (i: Body) => i.reservation?.name],
    ['eu-de', 'reservation_affinity.policy', (i: Body) => i.reservation_affinity.policy],
    ['eu-gb', 'cluster_network.id', (i: Body) => i.cluster_network?.id],
    ['eu-gb', 'cluster_network.crn', (i: Body) => i.cluster_network?.crn],
    ['eu-gb', 'cluster_network.name', (i: Body) => i.cluster_network?.name],
  ])('%s by %s gives those that fit, and nothing for another value', async (region, filter, pick) => {
    const all = await inRegion(region)
    const value = all.map(pick).find(each => each !== undefined)
    expect(value).toBeTypeOf('string')
    const list = `/${region}/v1/instances?${filter}=`
    const fitting = (await client.send(list + encodeURIComponent(value ?? ''))).body
    expect(namesIn(fitting.instances)).toEqual(namesIn(all.filter(each => pick(each) === value)))
    expect(fitting.total_count).toBe(fitting.instances.length)
    expect((await client.send(`${list}nothing`)).body).toMatchObject({instances: [], total_count: 0})
  })

  test('several must all fit', async () => {
    const query = `name=my-virtual-server-2&vpc.name=`
    expect((await client.send(`/v1/instances?${query}my-test-vpc`)).body.total_count).toBe(1)
    expect((await client.send(`/v1/instances?${query}empty-vpc`)).body.total_count).toBe(0)
  })

  test("a VPC of another region is nobody's here", async () => {
    const vpc = (await client.send('/eu-de/v1/vpcs')).body.vpcs[0].id
    expect((await client.send(`/v1/instances?vpc.id=${vpc}`)).body.total_count).toBe(0)
  })
})

describe('VPCs and floating IPs', () => {
  test('VPCs are listed, filtered and found', async () => {
    const {vpcs} = (await client.send('/v1/vpcs')).body
    expect(namesIn(vpcs)).toEqual(['my-test-vpc', 'empty-vpc'])
    expect((await client.send('/v1/vpcs?resource_group.id=nothing')).body.total_count).toBe(0)
    expect((await client.send('/v1/vpcs?classic_access=true')).body.total_count).toBe(0)
    expect((await client.send(`/v1/vpcs/${vpcs[0].id}`)).body.name).toBe('my-test-vpc')
    expect((await client.send('/v1/vpcs/nothing')).status).toBe(404)
    expect((await allPages(client, '/v1/vpcs?limit=1', 'vpcs')).pages).toHaveLength(2)
  })

  test('floating IPs lead to the instances by their interfaces', async () => {
    const {floating_ips: ips} = (await client.send('/v1/floating_ips')).body
    expect(ips.map(each => [each.address, each.target?.id])).toEqual([
      ['169.47.94.48', '0727-dda9244a-64b9-421b-87e9-70549a70b4c3'],
      ['52.116.204.232', expect.stringMatching(/^0727-/)],
      ['169.47.94.77', undefined],
    ])
    const german = (await client.send('/eu-de/v1/floating_ips')).body.floating_ips
    expect(german.map(each => each.target.resource_type)).toEqual(['virtual_network_interface', 'network_interface'])
    const webTwo = (await client.send('/eu-de/v1/instances?name=web-2')).body.instances[0]
    expect(german[1].target.id).toBe(webTwo.network_interfaces[0].id)
    expect((await client.send(`/v1/floating_ips/${ips[0].id}`)).body.address).toBe('169.47.94.48')
    expect((await client.send('/v1/floating_ips/nothing')).status).toBe(404)
  })

  test.each(['id', 'crn', 'name', 'resource_type'] as const)('floating IPs are filtered by target.%s', async part => {
    const {floating_ips: ips} = (await client.send('/eu-de/v1/floating_ips')).body
    const found = await client.send(`/eu-de/v1/floating_ips?target.${part}=${encodeURIComponent(ips[0].target[part])}`)
    expect(namesIn(found.body.floating_ips)).toEqual(['web-1-ip'])
    expect((await client.send(`/eu-de/v1/floating_ips?target.${part}=nothing`)).body.total_count).toBe(0)
  })

  test('floating IPs are sorted as asked, page by page', async () => {
    const sorted = async (sort: string) =>
      namesIn((await allPages(client, `/v1/floating_ips?limit=1&sort=${sort}`, 'floating_ips')).rows)
    expect(await sorted('name')).toEqual(['my-floating-ip-2', 'my-floating-ip-3', 'spare'])
    expect(await sorted('-name')).toEqual(['spare', 'my-floating-ip-3', 'my-floating-ip-2'])
    expect(await sorted('-created_at')).toEqual(['spare', 'my-floating-ip-3', 'my-floating-ip-2'])
    expect((await client.send('/v1/floating_ips?sort=colour')).status).toBe(400)
    expect((await client.send('/v1/floating_ips?resource_group.id=nothing')).body.total_count).toBe(0)
  })

  test('a detached floating IP and one whose instance is gone have no target', () =>
    withSandbox({}, async ({send, sandbox: {fleet}}) => {
      const [two, three] = (await send('/v1/floating_ips')).body.floating_ips
      await fleet.detachFloatingIp(two.id)
      await fleet.remove('0727_d7ff31ef-75ed-42c6-b0fb-a5837a63d722')
      expect((await send(`/v1/floating_ips/${two.id}`)).body).not.toHaveProperty('target')
      expect((await send(`/v1/floating_ips/${three.id}`)).body).not.toHaveProperty('target')
    }))
})
