import {expect, it} from 'vitest'
import {findInstances, type Search} from '../../src/instances/find-instance.ts'
import type {SandboxOptions} from '../../src/sandbox/index.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let test: TestCloud

const regions = ['us-south', 'eu-de', 'jp-tok']
/** Enough that they are looked for in the list. */
const many = 30

async function fleet(options: SandboxOptions = {}) {
  test = await startTestCloud({instances: 300, regions, ...options})
  const all = test.sandbox.fleet.list()
  const of = (region: string) => all.filter(each => each.region === region)
  return {all, of, some: of('us-south').slice(0, many)}
}

const crnOf = ({id, zone}: {id: string; zone: string}, account = test.sandbox.account) =>
  `crn:v1:bluemix:public:is:${zone}:a/${account}::instance:${id}`
const idOf = (search: Search | undefined) => (search && 'instance' in search ? search.instance.id : undefined)
const errorOf = (search: Search | undefined) => (search && 'error' in search ? search.error : undefined)
const listed = () =>
  [...new Set(test.requests.filter(({path}) => path.endsWith('/instances')).map(({path}) => path.split('/')[1]))].sort()

it('finds many by ID, name and CRN with the list alone, in the order asked, each once', async () => {
  const {all} = await fleet()
  const asked = all.slice(0, 40).flatMap((each, index) => [[each.id], [each.name], [crnOf(each)]][index % 3] ?? [])
  const [first] = all
  const found = await findInstances(test.cloud, [...asked, first?.name ?? '', crnOf(first ?? {id: '', zone: ''})])
  expect(found.map(idOf)).toEqual(all.slice(0, 40).map(({id}) => id))
  expect(test.requests.filter(({path}) => /\/instances\/./.test(path))).toEqual([])
})

it.each([1, many])(
  'takes a CRN of another account for no instance of this one, although the ID is one, among %d',
  async count => {
    const {some} = await fleet()
    const [first, ...others] = some.slice(0, count)
    if (!first) throw new Error('no instance')
    const found = await findInstances(test.cloud, [crnOf(first, 'other'), ...others.map(each => crnOf(each))])
    expect(errorOf(found[0])).toMatchObject({exitCode: 2, message: expect.stringContaining('of account other')})
    expect(found.slice(1).map(idOf)).toEqual(others.map(({id}) => id))
  },
)

it.each([1, many])('waits for an API that limits the rate as long as it says, for %d of them', async count => {
  const {some} = await fleet()
  const asked = some.slice(0, count).map(({id}) => id)
  test.sandbox.faults.push({kind: '429', count: 30, path: /us-south\/v1\/instances/})
  expect((await findInstances(test.cloud, asked)).map(idOf)).toEqual(asked)
})

it('says of a name in two regions that it is ambiguous, and finds the others', async () => {
  const {of, some} = await fleet()
  const twin = await test.sandbox.fleet.add({name: some[0]?.name ?? '', region: 'eu-de'})
  const found = await findInstances(
    test.cloud,
    some.map(({name}) => name),
  )
  expect(errorOf(found[0])).toMatchObject({
    code: 'ambiguous_name',
    exitCode: 4,
    message: expect.stringMatching(new RegExp(`${some[0]?.id} in us-south.*${twin.id} in eu-de`)),
  })
  expect(found.slice(1).map(idOf)).toEqual(some.slice(1).map(({id}) => id))
  expect(of('eu-de').length).toBe(100)
})

it('looks for names in the regions of --region only, even where a CRN leads elsewhere', async () => {
  const {of, some} = await fleet()
  const elsewhere = of('eu-de')[0]
  if (!elsewhere) throw new Error('no instance in eu-de')
  await test.sandbox.fleet.add({name: some[0]?.name ?? '', region: 'eu-de'})
  const cloud = await test.open({regions: ['us-south']})
  const asked = [...some.map(({name}) => name), crnOf(elsewhere), elsewhere.name, elsewhere.id]
  const found = await findInstances(cloud, asked)
  expect(found.slice(0, many).map(idOf)).toEqual(some.map(({id}) => id))
  expect(idOf(found[many])).toBe(elsewhere.id)
  expect(errorOf(found[many + 1])?.message).toBe(`There is no instance with the name ${elsewhere.name} in us-south.`)
  expect(errorOf(found[many + 2])?.message).toBe(`There is no instance with the ID ${elsewhere.id} in us-south.`)
  expect(listed()).toEqual(['eu-de', 'us-south'])
})

it('reads only the regions that CRNs name', async () => {
  const {some} = await fleet()
  const found = await findInstances(
    test.cloud,
    some.map(each => crnOf(each)),
  )
  expect(found.map(idOf)).toEqual(some.map(({id}) => id))
  expect(listed()).toEqual(['us-south'])
})

it('a CRN of a region that there is not, or that is wrong, fails alone', async () => {
  const {some, of} = await fleet()
  const [other] = of('eu-de')
  if (!other) throw new Error('no instance in eu-de')
  const wrong = [crnOf({...other, zone: 'mars-north-1'}), crnOf({...other, zone: 'jp-tok-1'})]
  const found = await findInstances(test.cloud, [...some.map(({id}) => id), ...wrong])
  expect(found.slice(0, many).map(idOf)).toEqual(some.map(({id}) => id))
  expect(errorOf(found[many])?.message).toMatch(/There is no region mars-north/)
  expect(errorOf(found[many + 1])).toMatchObject({
    exitCode: 4,
    message: `There is no instance with the ID ${other.id} in jp-tok.`,
  })
})

it('a region that fails leaves names open, and IDs that were found elsewhere not', async () => {
  const {all, some} = await fleet()
  test.sandbox.faults.push({kind: '500', path: /\/jp-tok\/v1\/instances/})
  const lost = all.find(({region}) => region === 'jp-tok')
  const [byName, ...byId] = some
  const asked = [byName?.name ?? '', ...byId.map(({id}) => id), lost?.id ?? '']
  const found = await findInstances(test.cloud, asked)
  expect(errorOf(found[0])?.message).toMatch(/jp-tok/)
  expect(found.slice(1, many).map(idOf)).toEqual(byId.map(({id}) => id))
  expect(errorOf(found[many])?.message).toMatch(/jp-tok/)
})

it('a failing region that only a CRN names does not concern the names', async () => {
  const {some, of} = await fleet()
  const [other] = of('jp-tok')
  if (!other) throw new Error('no instance in jp-tok')
  test.sandbox.faults.push({kind: '500', path: /\/jp-tok\/v1\/instances/})
  const cloud = await test.open({regions: ['us-south']})
  const found = await findInstances(cloud, [...some.map(({name}) => name), crnOf(other)])
  expect(found.slice(0, many).map(idOf)).toEqual(some.map(({id}) => id))
  expect(errorOf(found[many])?.message).toMatch(/jp-tok/)
})

it('asks nothing for nothing', async () => {
  await fleet()
  expect(await findInstances(test.cloud, [])).toEqual([])
  expect(test.requests).toEqual([])
})
