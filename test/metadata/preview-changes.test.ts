import {expect, it} from 'vitest'
import {patchBetween} from '../../src/instances/settings.ts'
import {previewChanges} from '../../src/metadata/preview-changes.ts'
import type {SandboxOptions} from '../../src/sandbox/index.ts'
import {changesOf} from '../support/planned-change.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

const set = {enabled: true, protocol: 'https' as const}
let test: TestCloud

async function start(options: SandboxOptions) {
  test = await startTestCloud(options, {timeoutMs: 1000})
  return changesOf(test.sandbox, set).filter(({before}) => patchBetween(before, set) !== undefined)
}

/** Two servers are changed behind vpcmd's back: one becomes as wanted, one as nobody wanted, and one goes. */
async function meddle([asWanted, otherwise, gone]: string[]) {
  const {fleet} = test.sandbox
  await fleet.change(asWanted ?? '', {metadata_service: set})
  await fleet.change(otherwise ?? '', {metadata_service: {response_hop_limit: 9}})
  await fleet.remove(gone ?? '')
}

it.each([
  ['few, one by one', {}, 0],
  ['many, by their lists', {instances: 300, vpcs: 3, regions: ['us-south', 'eu-de']}, 100],
])('tells how %s would end, and sends no change', async (_what, options, fewerRequestsBy) => {
  const changes = await start(options)
  const ids = changes.map(({target}) => target.id)
  await meddle(ids)
  const seen = await previewChanges(test.cloud, changes)
  expect(seen.slice(0, 3)).toMatchObject([
    {result: 'unchanged'},
    {result: 'conflict', after: {response_hop_limit: 9}, error: {code: 'conflict'}},
    {result: 'failed', error: {exitCode: 4}},
  ])
  expect(seen).toHaveLength(changes.length)
  expect(seen.slice(3).filter(each => each !== undefined)).toEqual([])
  expect(test.requests.filter(({method}) => method === 'PATCH')).toEqual([])
  const reads = test.requests.filter(({path}) => path.includes('/instances')).length
  expect(reads).toBeLessThanOrEqual(changes.length - fewerRequestsBy)
})

it.each([
  ['few', {}],
  ['many', {instances: 300, vpcs: 2, regions: ['us-south', 'eu-de']}],
])('counts %s of a region that can not be read as failed, and tells of the others', async (_what, options) => {
  const changes = await start(options)
  test.sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
  const seen = await previewChanges(test.cloud, changes)
  const isIn = (index: number) => changes[index]?.target.region === 'eu-de'
  const ofRegion = seen.filter((_, index) => isIn(index))
  expect(ofRegion.length).toBeGreaterThan(0)
  for (const each of ofRegion) expect(each).toMatchObject({result: 'failed', error: {code: 'not_authorized'}})
  expect(seen.filter((each, index) => each && !isIn(index))).toEqual([])
})
