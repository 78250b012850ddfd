import {expect, test} from 'vitest'
import {type InstanceSummary, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {allPages, type Body, withSandbox} from './sandbox-client.ts'

allowSeconds(15, 'A fleet of 100,000 instances is made, and read.')

async function fleetOf(options: {instances: number; vpcs?: number; regions?: string[]}): Promise<InstanceSummary[]> {
  const sandbox = await startSandbox(options)
  const list = sandbox.fleet.list()
  await sandbox.close()
  return list
}

const count = (values: string[]) => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

test('the same arguments give the same fleet', async () => {
  const options = {instances: 300, vpcs: 7, regions: ['eu-de', 'us-east']}
  expect(await fleetOf(options)).toEqual(await fleetOf(options))
})

test('a generated fleet has so many instances, spread evenly over regions and VPCs, with varied settings', async () => {
  const list = await fleetOf({instances: 1200, vpcs: 6, regions: ['eu-de', 'us-east', 'jp-tok']})
  expect(list).toHaveLength(1200)
  expect(new Set(list.map(each => each.id)).size).toBe(1200)
  expect(new Set(list.map(each => each.name)).size).toBe(1200)
  expect(count(list.map(each => each.region))).toEqual({'eu-de': 400, 'us-east': 400, 'jp-tok': 400})
  expect(Object.values(count(list.map(each => each.vpc)))).toEqual([200, 200, 200, 200, 200, 200])
  expect(new Set(list.map(each => JSON.stringify(each.metadata_service))).size).toBeGreaterThan(5)
  expect(new Set(list.map(each => each.status))).toEqual(new Set(['running', 'stopped', 'starting', 'failed']))
  expect(list.every(each => /^web-\d{5}$/.test(each.name))).toBe(true)
  const names = list.map(each => each.name)
  expect(names).not.toEqual([...names].sort())
})

test('a generated fleet has instances of every kind', () =>
  withSandbox({instances: 1000, regions: ['us-south']}, async client => {
    const {rows} = await allPages(client, '/v1/instances?limit=100', 'instances')
    const some = (is: (instance: Body) => boolean) => expect(rows.filter(is).length).toBeGreaterThan(0)
    some(each => each.image === undefined)
    some(each => each.primary_network_attachment === undefined && each.network_attachments.length === 0)
    some(each => each.dedicated_host !== undefined)
    some(each => each.placement_target?.resource_type === 'placement_group')
    some(each => each.instance_group_membership !== undefined)
    some(each => each.reservation !== undefined)
    some(each => each.availability.class === 'spot')
    const withDisks = rows.filter(each => each.disks.length > 0)
    expect(withDisks.length).toBeGreaterThan(20)
    expect(withDisks.length).toBeLessThan(60)
    // Restarting is about those that run with the service off: of these there are some whose disks a stop erases.
    expect(withDisks.some(each => each.status === 'running' && !each.metadata_service.enabled)).toBe(true)
    some(each => each.numa_count === undefined)
    const {rows: ips} = await allPages(client, '/v1/floating_ips?limit=100', 'floating_ips')
    expect(ips.length).toBeGreaterThan(50)
    expect(ips.every(each => each.target !== undefined)).toBe(true)
  }))

test('its bare metal servers and templates are spread over regions and VPCs, and the same for the same arguments', async () => {
  const options = {instances: 5000, vpcs: 8, regions: ['eu-de', 'us-east']}
  const lists = await Promise.all(
    [1, 2].map(() =>
      withSandbox(
        options,
        async ({sandbox: {fleet}}) => [fleet.bareMetalServers.list(), fleet.templates.list()] as const,
      ),
    ),
  )
  expect(lists[0]).toEqual(lists[1])
  const [servers = [], templates = []] = lists[0] ?? []
  expect([servers.length, templates.length]).toEqual([100, 50])
  for (const list of [servers, templates]) {
    expect(new Set(list.map(each => each.id)).size).toBe(list.length)
    expect(new Set(list.map(each => each.vpc)).size).toBe(8)
    expect(new Set(list.map(each => each.region)).size).toBe(2)
  }
})

test('it holds 100,000 instances, page by page, and each VPC on its own', () =>
  withSandbox({instances: 100_000, vpcs: 40, regions: ['us-south']}, async client => {
    const first = (await client.send('/v1/instances?limit=100')).body
    expect(first).toMatchObject({total_count: 100_000, limit: 100})
    expect(first.instances).toHaveLength(100)
    const {rows: vpcs} = await allPages(client, '/v1/vpcs', 'vpcs')
    expect(vpcs).toHaveLength(40)
    const inVpc = (await client.send(`/v1/instances?limit=100&vpc.id=${vpcs[7]?.id}`)).body
    expect(inVpc.total_count).toBe(2500)
    expect(inVpc.instances.every(each => each.vpc.id === vpcs[7]?.id)).toBe(true)
    const found = (await client.send('/v1/instances?name=web-00042')).body
    expect(found.total_count).toBe(1)
    const patched = await client.patch(`/v1/instances/${found.instances[0].id}`, {
      metadata_service: {response_hop_limit: 9},
    })
    expect(patched.body.metadata_service.response_hop_limit).toBe(9)
  }))

test('a fleet of none is empty', async () => {
  expect(await fleetOf({instances: 0})).toEqual([])
})

test('an unknown instance or floating IP is an error of the fleet', async () => {
  const sandbox = await startSandbox()
  await expect(sandbox.fleet.change('nothing', {})).rejects.toThrow('no instance nothing')
  await expect(sandbox.fleet.remove('nothing')).rejects.toThrow('no instance nothing')
  await expect(sandbox.fleet.detachFloatingIp('nothing')).rejects.toThrow('no floating IP nothing')
  expect(sandbox.fleet.get('nothing')).toBeUndefined()
  await sandbox.close()
})
