import {expect, it} from 'vitest'
import {type Instance, readInstance} from '../../src/cloud/readers/instance.ts'
import type {Page} from '../../src/cloud/readers/page.ts'
import {toQuery} from '../../src/instances/filters.ts'
import {type RegionReading, readRegionInstances} from '../../src/instances/read-region-instances.ts'
import {StreamBudget} from '../../src/instances/stream-budget.ts'

const total = 600
const instance = (place: number, vpc: string): Instance => {
  const id = `0717_${place}`
  return readInstance({id, vpc: {id: vpc}}, id)
}
const page = (rows: Instance[], next?: string): Page<Instance> => ({
  rows,
  unidentified: 0,
  total,
  ...(next !== undefined && {next}),
})
const until = () => {
  let settle = () => {}
  const promise = new Promise<void>(resolve => {
    settle = resolve
  })
  return {promise, settle}
}

it('counts nothing that still comes by VPC once the list is read page by page', async () => {
  const late = until()
  const taken: string[] = []
  /** The list has 599 instances and says 600. The last one comes of a VPC alone, while the list is being read. */
  const listed = Array.from({length: total - 1}, (_, place) => instance(place, 'r006-a'))
  const api: RegionReading['api'] = {
    async listVpcs() {
      return {result: {rows: [{id: 'r006-a'}, {id: 'r006-b'}], unidentified: 0, total: 2}}
    },
    async listInstances({vpcId, start = '0'} = {}) {
      // What was asked of this one is of another.
      if (vpcId === 'r006-a') return {result: page([instance(0, 'r006-b')])}
      if (vpcId === 'r006-b') {
        await late.promise
        return {result: page([instance(total, 'r006-b')])}
      }
      const from = Number(start)
      if (from >= 200) late.settle()
      const rows = listed.slice(from, from + 100)
      return {result: from + 100 < total ? page(rows, String(from + 100)) : page(rows)}
    },
  }
  const count = await readRegionInstances({
    api,
    region: 'us-south',
    query: toQuery({}),
    take: async instances => void taken.push(...instances.map(({id}) => id)),
    budget: new StreamBudget({isHeld: false}),
    signal: new AbortController().signal,
  })
  expect(count).toEqual({gone: [], came: total - 1, total, unidentified: 0, untold: 0})
  expect(taken).toEqual(listed.map(({id}) => id))
})
