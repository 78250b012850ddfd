import {describe, expect, it} from 'vitest'
import {toQuery} from '../../src/instances/filters.ts'
import {listInstances} from '../../src/instances/list-instances.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let test: TestCloud

const count = (end: string) => test.requests.filter(({path}) => path.endsWith(end)).length

describe('listInstances', () => {
  it('reads each page once, and every instance of every region', async () => {
    test = await startTestCloud({instances: 730, vpcs: 4, regions: ['us-south', 'eu-de', 'jp-tok']})
    const {rows, failures} = await listInstances(test.cloud, toQuery({}), false)
    expect(failures).toEqual([])
    expect(new Set(rows.map(({instance}) => instance.id)).size).toBe(730)
    expect(count('/v1/instances')).toBe(9)
    expect(count('/floating_ips')).toBe(0)
  })

  it('joins the floating IPs of each region in one listing', async () => {
    test = await startTestCloud()
    const {rows} = await listInstances(test.cloud, toQuery({}), true)
    const addresses = Object.fromEntries(rows.map(({instance, floatingIps}) => [instance.name, floatingIps]))
    expect(addresses['my-virtual-server-1']).toEqual([])
    expect(addresses['my-virtual-server-2']).toEqual(['169.47.94.48'])
    expect(addresses['my-virtual-server-3']).toEqual(['52.116.204.232'])
    expect(count('/floating_ips')).toBe(13)
  })

  it('shows the rows of the other regions when one fails, and says which', async () => {
    test = await startTestCloud({faults: [{kind: '500', path: /\/eu-de\/v1\/instances/}]})
    const {rows, failures} = await listInstances(test.cloud, toQuery({}), true)
    expect(rows.map(({region}) => region)).not.toContain('eu-de')
    expect(rows.length).toBeGreaterThan(3)
    expect(failures).toEqual([
      {
        region: expect.objectContaining({name: 'eu-de'}),
        error: expect.objectContaining({message: expect.stringContaining('eu-de after 5 tries')}),
      },
    ])
  })

  it('shows rows without addresses when only the floating IPs fail', async () => {
    test = await startTestCloud({faults: [{kind: '403', path: /\/eu-de\/v1\/floating_ips/}]})
    const {rows, failures} = await listInstances(test.cloud, toQuery({}), true)
    expect(rows.find(({instance}) => instance.name === 'web-2')).toMatchObject({
      region: 'eu-de',
      floatingIps: undefined,
    })
    expect(failures).toEqual([
      {
        region: expect.objectContaining({name: 'eu-de'}),
        error: expect.objectContaining({hint: expect.stringContaining('is.floating-ip.floating-ip.list')}),
      },
    ])
  })

  it('reads once more when an instance goes meanwhile, and then reports what is there', async () => {
    test = await startTestCloud({instances: 250, vpcs: 1, regions: ['us-south']})
    const victim = test.sandbox.fleet.list()[5]
    if (!victim) throw new Error('no instance')
    let removed: Promise<void> | undefined
    // Between the first page, which holds the victim, and the second.
    const original = test.requests.push.bind(test.requests)
    test.requests.push = (...seen) => {
      if (seen[0]?.path.endsWith('/v1/instances')) removed ??= test.sandbox.fleet.remove(victim.id)
      return original(...seen)
    }
    const {rows, failures} = await listInstances(test.cloud, toQuery({}), false)
    await removed
    expect(failures).toEqual([])
    expect(rows).toHaveLength(249)
    expect(rows.map(({instance}) => instance.id)).not.toContain(victim.id)
  })
})

describe('toQuery', () => {
  it.each([
    [{vpc: 'my-test-vpc'}, {vpcName: 'my-test-vpc'}],
    [{vpc: 'r006-01030e3c-2663-4f7d-ac55-651929dafe37'}, {vpcId: 'r006-01030e3c-2663-4f7d-ac55-651929dafe37'}],
    [{vpc: 'crn:v1:x'}, {vpcCrn: 'crn:v1:x'}],
    [{'resource-group': '6edefe513d934fdd872e78ee6a8e73ef'}, {resourceGroupId: '6edefe513d934fdd872e78ee6a8e73ef'}],
    [
      {'resource-group': 'crn:v1:bluemix:public:resource-controller::a/1::resource-group:6ed'},
      {resourceGroupId: '6ed'},
    ],
    [{'resource-group': 'defaults'}, {}],
    [{'instance-group': 'web'}, {}],
    [
      {reservation: 'r1', 'dedicated-host': 'h1', 'placement-group': 'p1'},
      {reservationName: 'r1', dedicatedHostName: 'h1', placementGroupName: 'p1'},
    ],
    [{'availability-class': 'spot'}, {availabilityClass: 'spot'}],
    [{name: 'web-1'}, {name: 'web-1'}],
    [{name: 'web-*'}, {}],
    [{status: ['running'], zone: ['us-south-1'], metadata: 'enabled', protocol: 'http', 'hop-limit': 1} as const, {}],
  ])('leaves to the API what the API can filter: %j', (filters, params) => {
    expect(
      toQuery({...filters, status: 'status' in filters ? [...filters.status] : undefined, zone: undefined}).params,
    ).toEqual(params)
  })

  it.each([
    [{name: 'my-*-2'}, ['my-virtual-server-2']],
    [{name: '*.*'}, []],
    [{status: ['stopped']}, ['batch-1']],
    [{zone: ['us-south-1']}, ['my-virtual-server-1']],
    [{metadata: 'enabled' as const, protocol: 'https'}, ['train-1', 'web-1']],
    [{'hop-limit': 2}, ['web-1']],
    [{'resource-group': 'nosuch'}, []],
  ])('filters the rest itself: %j', async (filters, names) => {
    test = await startTestCloud()
    const {rows} = await listInstances(test.cloud, toQuery(filters), false)
    expect(rows.map(({instance}) => instance.name).sort()).toEqual(names)
  })
})
