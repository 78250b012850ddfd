import {describe, expect, it} from 'vitest'
import type {Fault} from '../../src/sandbox/index.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

const instanceId = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

async function apiOf() {
  const test = await startTestCloud()
  const region = await test.cloud.region({region: 'us-south'})
  const api = test.cloud.api(region)
  const {result: instance} = await api.getInstance({id: instanceId})
  test.requests.length = 0
  return {api, test, instance}
}

const reserve = (test: TestCloud) => test.requests.filter(({method}) => method === 'POST')

describe('what makes something', () => {
  it.each(['500', '503', 'reset', 'cut'] as const)('is not sent again after %s', async kind => {
    const {api, test, instance} = await apiOf()
    test.sandbox.faults.push({kind, count: 1, method: 'POST', path: /floating_ips/} satisfies Fault)
    const target = {id: instance.primaryAttachment?.vni?.id ?? ''}
    await expect(api.createFloatingIp({floatingIpPrototype: {target}})).rejects.toThrow(
      /Could not reserve a floating IP/,
    )
    expect(reserve(test)).toHaveLength(1)
  })

  it('is sent again after 429, which says that nothing was done', async () => {
    const {api, test} = await apiOf()
    test.sandbox.faults.push({kind: '429', count: 1, method: 'POST', path: /floating_ips/})
    const {result: instance} = await api.getInstance({id: '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf'})
    const target = {id: instance.primaryAttachment?.vni?.id ?? ''}
    const {result} = await api.createFloatingIp({floatingIpPrototype: {target}})
    expect(result.address).toMatch(/^203\.0\.113\./)
    expect(reserve(test)).toHaveLength(2)
  })

  it('names the field that is refused, and the right that is missing', async () => {
    const {api, test} = await apiOf()
    const call = () => api.createFloatingIp({floatingIpPrototype: {target: {id: 'nosuch'}}})
    await expect(call()).rejects.toMatchObject({code: 'not_found', message: expect.stringContaining('(target.id)')})
    test.sandbox.faults.push({kind: '403', method: 'POST', path: /floating_ips/})
    await expect(call()).rejects.toMatchObject({hint: expect.stringContaining('is.floating-ip.floating-ip.create')})
  })
})

it('what reads is tried again', async () => {
  const {api, test, instance} = await apiOf()
  // So few that even one call alone would survive them all.
  test.sandbox.faults.push({kind: '500', count: 4})
  const vni = instance.primaryAttachment?.vni?.id ?? ''
  const answers = await Promise.all([
    api.getInstanceInitialization({id: instanceId}),
    api.getVirtualNetworkInterface({id: vni}),
    api.getInstanceNetworkInterface({instanceId, id: instance.primaryInterface?.id ?? ''}),
    api.getImage({id: instance.image?.id ?? ''}),
    api.getSubnet({id: instance.primaryInterface?.subnet?.id ?? ''}),
    api.listKeys({limit: 1}),
    api.listImages({name: 'golden-web'}),
    api.listSubnets({vpcId: instance.vpc?.id ?? ''}),
  ])
  expect(test.requests).toHaveLength(8 + 4)
  expect(answers[6].result.rows.map(({name}) => name)).toEqual(['golden-web'])
  expect(answers[7].result.rows).toHaveLength(3)
})
