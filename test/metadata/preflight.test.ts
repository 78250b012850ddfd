import {expect, test} from 'vitest'
import {type Instance, withFields} from '../../src/cloud/readers/instance.ts'
import {countRisks, losesData, readPreflight, risksOf, whyNotToStop} from '../../src/metadata/preflight.ts'
import {changesOf} from '../support/planned-change.ts'
import {startTestCloud} from '../support/test-cloud.ts'

async function instanceOf(name: string, region: string): Promise<Instance> {
  const scene = await startTestCloud()
  const id = scene.sandbox.fleet.list().find(each => each.name === name && each.region === region)?.id ?? ''
  return (await scene.cloud.api(await scene.cloud.region({region})).getInstance({id})).result
}

const kindsOf = (instance: Instance) => risksOf(instance).map(({kind}) => kind)

test.each([
  ['my-virtual-server-1', 'us-south', ['no_reservation']],
  ['web-2', 'eu-de', ['local_disks', 'placement_group', 'no_reservation']],
  ['web-1', 'jp-tok', ['spot', 'instance_group', 'no_reservation']],
  ['batch-1', 'jp-tok', ['dedicated_host']],
  ['train-1', 'eu-gb', ['local_disks']],
])('what a stop and start of %s in %s risks, the worst first', async (name, region, kinds) => {
  expect(kindsOf(await instanceOf(name, region))).toEqual(kinds)
})

test('local disks are named with their size', async () => {
  const [disks] = risksOf(await instanceOf('web-2', 'eu-de'))
  expect(disks?.text).toBe('a stop erases its local disks for good (disk-1, 150 GB)')
})

test('a reservation that is attached automatically is let go by a stop, and a dedicated host group is one of hosts', async () => {
  const instance = await instanceOf('train-1', 'eu-gb')
  const automatic = withFields(instance, {disks: [], affinityPolicy: 'automatic'})
  expect(risksOf(automatic)).toEqual([
    {
      kind: 'automatic_reservation',
      text: 'a stop lets go of reservation research-2026, which is attached automatically',
    },
  ])
  const {reservation, ...unreserved} = automatic
  const grouped = {...unreserved, placementTarget: {type: 'dedicated_host_group', name: 'pool', isDeleted: false}}
  expect(risksOf(grouped)).toEqual([
    {kind: 'dedicated_host', text: 'it must find room on dedicated host group pool again'},
  ])
})

test('only what runs and is stable may be stopped', async () => {
  const instance = await instanceOf('my-virtual-server-1', 'us-south')
  expect(whyNotToStop(instance, true)).toBeUndefined()
  expect(whyNotToStop(withFields(instance, {status: 'stopping'}), true)).toBe('it is stopping, not running')
  expect(whyNotToStop(withFields(instance, {lifecycleState: 'suspended'}), true)).toBe(
    'its lifecycle state is suspended',
  )
})

test('each instance is read afresh; without --accept-data-loss local disks keep one out', async () => {
  const scene = await startTestCloud()
  const {fleet} = scene.sandbox
  const named = (name: string) => fleet.list().find(each => each.name === name)?.id ?? ''
  const ids = ['my-virtual-server-1', 'web-2', 'batch-1', 'my-virtual-server-3'].map(named)
  const targets = changesOf(scene.sandbox, {enabled: true}, ids).map(({target}) => target)
  await fleet.change(ids[0] ?? '', {status: 'stopped'})
  await fleet.remove(ids[3] ?? '')
  const preflights = await readPreflight(scene.cloud, targets, false)
  expect(preflights.map(({leftOut}) => leftOut)).toEqual([
    'it is stopped, not running',
    'its local disks would be erased (disk-1, 150 GB), and --accept-data-loss was not given',
    'it is stopped, not running',
    expect.stringMatching(/^it could not be read: /),
  ])
  const accepted = await readPreflight(scene.cloud, targets.slice(1, 2), true)
  expect(accepted.map(({leftOut}) => leftOut)).toEqual([undefined])
  expect(accepted.every(losesData)).toBe(true)
  expect(countRisks(accepted)).toEqual([
    ['local_disks', 1],
    ['placement_group', 1],
    ['no_reservation', 1],
  ])
  expect(scene.requests.filter(({method, path}) => method !== 'GET' && !path.startsWith('/identity'))).toEqual([])
})
