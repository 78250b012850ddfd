import {expect, it} from 'vitest'
import {type Instance, readInstance} from '../../src/cloud/readers/instance.ts'
import type {Page} from '../../src/cloud/readers/page.ts'
import {VpcmdError} from '../../src/errors.ts'
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

/** A region of 600 instances in so many VPCs, which notes each request. */
function region(vpcs: string[], listVpcs: RegionReading['api']['listVpcs']) {
  const asked: string[] = []
  const taken: string[] = []
  const all = Array.from({length: total}, (_, place) => instance(place, vpcs[place % vpcs.length] ?? ''))
  const reading: RegionReading = {
    api: {
      listVpcs(params) {
        asked.push('VPCs')
        return listVpcs(params)
      },
      async listInstances({vpcId, start = '0', signal} = {}) {
        asked.push(`${vpcId ?? 'all'} from ${start}`)
        await new Promise(setImmediate)
        signal?.throwIfAborted()
        const matching = all.filter(({vpc}) => vpcId === undefined || vpc?.id === vpcId)
        const from = Number(start)
        const rows = matching.slice(from, from + 100)
        const counted = vpcId === undefined ? total : matching.length
        return {result: {...page(rows, from + 100 < counted ? String(from + 100) : undefined), total: counted}}
      },
    },
    region: 'us-south',
    query: toQuery({}),
    take: async instances => void taken.push(...instances.map(({id}) => id)),
    budget: new StreamBudget({isHeld: false}),
    signal: new AbortController().signal,
  }
  return {reading, asked, taken, ids: all.map(({id}) => id)}
}

const whole = {gone: [], came: total, total, unidentified: 0, untold: 0}

it('reads the VPCs of the first page while the VPCs are listed', async () => {
  const vpcs = ['r006-a', 'r006-b', 'r006-c']
  const {reading, asked, taken, ids} = region(vpcs, async () => {
    while (!asked.includes('r006-c from 100')) await new Promise(setImmediate)
    return {result: {rows: [...vpcs, 'r006-empty'].map(id => ({id})), unidentified: 0, total: 4}}
  })
  expect(await readRegionInstances(reading)).toEqual(whole)
  expect(taken.toSorted()).toEqual(ids.toSorted())
  expect(new Set(asked).size).toBe(asked.length)
  expect(asked.filter(each => each.startsWith('all'))).toEqual(['all from 0'])
  expect(asked).toContain('r006-empty from 0')
})

it('ends the reading of the VPCs of the first page where the VPCs can not be listed, and has each instance once', async () => {
  const {reading, asked, taken, ids} = region(['r006-a', 'r006-b'], async () => {
    throw new VpcmdError({code: 'forbidden', message: 'You may not list VPCs.', status: 403})
  })
  expect(await readRegionInstances(reading)).toEqual(whole)
  expect(taken.toSorted()).toEqual(ids.toSorted())
  expect(asked.filter(each => each.startsWith('r006'))).toEqual(['r006-a from 0', 'r006-b from 0'])
})

it('does not read the only VPC of a region beside the list itself', async () => {
  const {reading, asked, taken, ids} = region(['r006-a'], async () => {
    return {result: {rows: [{id: 'r006-a'}], unidentified: 0, total: 1}}
  })
  expect(await readRegionInstances(reading)).toEqual(whole)
  expect(taken).toEqual(ids)
  expect(asked).toEqual(['all from 0', 'VPCs', ...[100, 200, 300, 400, 500].map(start => `all from ${start}`)])
})

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
