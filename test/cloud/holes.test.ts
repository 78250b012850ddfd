import {readFileSync} from 'node:fs'
import {beforeEach, describe, expect, it} from 'vitest'
import {judge} from '../../src/audit/judge.ts'
import {defaultPolicy} from '../../src/audit/policy.ts'
import {KnownReferences, type Subject, toSubject} from '../../src/audit/subjects.ts'
import type {Cloud} from '../../src/cloud/cloud.ts'
import {type Instance, readInstance} from '../../src/cloud/readers/instance.ts'
import {readBareMetalServer, readInstanceTemplate} from '../../src/cloud/readers/resources.ts'
import {chooseColumns, toMetadataRow} from '../../src/instances/columns.ts'
import {instanceDetails} from '../../src/instances/details.ts'
import {toQuery} from '../../src/instances/filters.ts'
import {findInstance} from '../../src/instances/find-instance.ts'
import {noFloatingIps} from '../../src/instances/floating-ips.ts'
import {listInstances, readInstances, toJsonRow} from '../../src/instances/list-instances.ts'
import {settingsLabel} from '../../src/instances/settings.ts'
import {asCandidate} from '../../src/metadata/plan.ts'
import {risksOf, whyNotToStop} from '../../src/metadata/preflight.ts'
import {instancesIn, type OddCloud, type Oddity} from '../support/odd-cloud.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const name = 'my-virtual-server-2'
let test: TestCloud
let odd: OddCloud | undefined

beforeEach(async () => {
  test = await startTestCloud({regions: ['us-south', 'eu-de']})
})

async function cloudWith(oddity: Oddity): Promise<Cloud> {
  const behind = await test.openBehind(oddity)
  odd = behind.odd
  return behind.cloud
}

const one = (change: (instance: Record<string, unknown>) => void): Oddity => ({
  change: (_asked, body) => {
    for (const each of instancesIn(body)) if (each.id === id) change(each)
  },
})

const oddValues: [string, unknown][] = [
  ['null', null],
  ['a number', 7],
  ['a text', 'odd'],
  ['an empty text', ''],
  ['a truth value', true],
  ['an empty object', {}],
  ['an object of nulls', {id: null, name: null, href: null, enabled: null, count: null}],
  ['an empty list', []],
  ['a list of nulls', [null, null]],
  ['a list of odd things', [7, 'odd', [], {}]],
]

const region = {name: 'us-south', url: ''}
const reading = {region, readAt: 0, references: new KnownReferences()}
const planned = (instance: Instance) => asCandidate({asked: id, instance, region}, 0)
const verdictOn = (subject: Subject, policy = defaultPolicy) => judge(subject, policy, '2026-11-28').verdict

/** Whatever vpcmd makes of an instance, for any screen or decision. */
function everythingOf(instance: Instance): unknown[] {
  const row = {instance, region: 'us-south', floatingIps: undefined}
  return [
    chooseColumns(['all', 'architecture', 'created', 'crn', 'url']).map(column => column.value(row)),
    instanceDetails(row, noFloatingIps),
    toMetadataRow(row),
    toJsonRow(row),
    risksOf(instance),
    planned(instance),
    judge(toSubject('instance', instance, reading), defaultPolicy, '2026-11-28'),
  ]
}

/** Every top-level property that IBM's schema gives an instance. */
function propertiesOf(definition: string): string[] {
  const schema = JSON.parse(readFileSync(new URL('../contract/vpc-v1.schema.json', import.meta.url), 'utf8'))
  return Object.keys(schema.definitions[definition].properties)
}

describe('a hole in a body costs one cell: ', () => {
  const whole = async (): Promise<Record<string, unknown>> => {
    const {result} = await test.cloud.api(await test.cloud.region({region: 'us-south'})).getInstance({id})
    return {...result.api}
  }

  it('each field of an instance that is missing or odd leaves all others as they are', async () => {
    const raw = await whole()
    const sound = everythingOf(readInstance(raw, id))
    let tried = 0
    for (const field of propertiesOf('Instance').filter(each => each !== 'id')) {
      for (const [what, value] of [['missing', undefined] as [string, unknown], ...oddValues]) {
        const holed = {...raw, [field]: value}
        const seen = everythingOf(readInstance(holed, id))
        const cells = seen[0] as string[]
        const differ = cells.filter((cell, index) => cell !== (sound[0] as string[])[index])
        // Settings show in several columns.
        expect({field, what, differ: differ.length <= (field === 'metadata_service' ? 5 : 2)}).toMatchObject({
          differ: true,
        })
        expect(JSON.parse(JSON.stringify(seen[3]))).toMatchObject(value === undefined ? {} : {[field]: value})
        tried++
      }
    }
    expect(tried).toBeGreaterThan(400)
  })

  it('so does each field of a bare metal server and of a template', async () => {
    for (const [definition, kind, read] of [
      ['BareMetalServer', 'bare_metal_server', readBareMetalServer],
      ['InstanceTemplate', 'instance_template', readInstanceTemplate],
    ] as const) {
      for (const field of propertiesOf(definition)) {
        for (const [, value] of oddValues) {
          const subject = toSubject(kind, read({id: 'x', [field]: value}, 'x'), reading)
          expect(subject.id).toBe('x')
          expect(verdictOn(subject)).not.toBe('violation')
        }
      }
    }
  })

  it('what was deleted says so', async () => {
    const raw = {...(await whole()), image: {id: 'r006-1', name: 'old', deleted: {more_info: 'https://x.test'}}}
    const rows = instanceDetails({instance: readInstance(raw, id), region: 'us-south', floatingIps: []}, noFloatingIps)
    expect(JSON.stringify(rows.find(([label]) => label === 'Image'))).toContain('old (deleted)')
  })

  it('an instance without network, image, VPC, zone and more is listed beside the others', async () => {
    const cloud = await cloudWith(
      one(each => {
        for (const field of ['network_interfaces', 'network_attachments', 'primary_network_interface', 'image', 'vpc'])
          each[field] = null
        for (const field of [
          'primary_network_attachment',
          'zone',
          'profile',
          'vcpu',
          'boot_volume_attachment',
          'disks',
        ])
          delete each[field]
        each.status = 'dreaming'
      }),
    )
    const {rows, failures} = await listInstances(cloud, toQuery({}), true)
    expect(failures).toEqual([])
    expect(rows.map(({instance}) => instance.name)).toContain(name)
    const holed = rows.find(({instance}) => instance.id === id)
    expect(
      chooseColumns(['name', 'status', 'vpc', 'zone', 'reserved-ip']).map(({value}) => holed && value(holed)),
    ).toEqual([name, 'dreaming', '', '', ''])
  })
})

describe('settings that were not told are unknown: ', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'unknown'],
    ['null', null, 'unknown'],
    ['an empty object', {}, 'unknown'],
    ['an empty list', [], 'unknown'],
    ['a text', 'enabled', 'unknown'],
    ['a text for the truth', {enabled: 'false', protocol: 'http', response_hop_limit: 1}, 'unknown'],
    ['no hop limit', {enabled: true, protocol: 'https'}, 'https/?'],
    ['a hop limit of 0', {enabled: true, protocol: 'https', response_hop_limit: 0}, 'https/?'],
    ['a hop limit of 65', {enabled: true, protocol: 'https', response_hop_limit: 65}, 'https/?'],
    ['half a hop', {enabled: true, protocol: 'https', response_hop_limit: 1.5}, 'https/?'],
    ['a hop limit as text', {enabled: true, protocol: 'https', response_hop_limit: '1'}, 'https/?'],
    ['no protocol', {enabled: true, response_hop_limit: 1}, '?/1'],
  ])('%s is shown, planned and judged so', async (_what, settings, label) => {
    const instance = readInstance({metadata_service: settings}, id)
    expect(settingsLabel(instance.settings)).toBe(label)
    expect(planned(instance)).toMatchObject({error: {code: 'settings_unknown'}})
    expect(verdictOn(toSubject('instance', instance, reading))).toBe('undetermined')
  })

  it.each([{metadata: 'enabled'}, {metadata: 'disabled'}, {protocol: 'http'}, {'hop-limit': 1}] as const)(
    'no filter lets them in, and each counts them: %o',
    async filter => {
      const cloud = await cloudWith(
        one(each => {
          delete each.metadata_service
        }),
      )
      const ids: string[] = []
      const {failures, isRead} = await readInstances(cloud, toQuery(filter), instances => {
        ids.push(...instances.map(each => each.id))
      })
      expect(isRead).toBe(true)
      expect(ids).not.toContain(id)
      expect(failures).toMatchObject([
        {
          region: {name: 'us-south'},
          error: {code: 'incomplete_listing', message: expect.stringContaining('1 instance is left out')},
        },
      ])
    },
  )
})

it('an instance of s390x has no metadata service: it is neither changed nor compliant where it must be on', () => {
  const raw = {
    vcpu: {architecture: 's390x'},
    metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 1},
  }
  const instance = readInstance(raw, id)
  expect(planned(instance)).toMatchObject({isOutOfReach: true, error: {code: 'no_metadata_service'}})
  const mustBeOn = {...defaultPolicy, rules: [{name: 'on', match: {}, require: {enabled: true}}]}
  expect(verdictOn(toSubject('instance', instance, reading), mustBeOn)).toBe('violation')
})

it('local disks that were not told may be there: no stop without --accept-data-loss', () => {
  const instance = readInstance({status: 'running', lifecycle_state: 'stable'}, id)
  expect(whyNotToStop(instance, false)).toContain('local disks')
  expect(whyNotToStop(readInstance({lifecycle_state: 'stable', disks: []}, id), false)).toBe('its status is unknown')
  expect(whyNotToStop(readInstance({status: 'running', disks: []}, id), false)).toContain('unknown')
})

describe('a row that can not be identified', () => {
  it.each([
    null,
    7,
    {},
    {id: null},
    {id: 5},
    {id: ''},
    {id: '../../v1'},
    {id: '..'},
    {id: 'a b'},
    {id: 'x'.repeat(65)},
  ])('makes its region incomplete, and hides no other: %j', async row => {
    const cloud = await cloudWith({
      change: ({url}, body) => {
        if (url.pathname.endsWith('us-south/v1/instances')) (body.instances as unknown[])[0] = row
      },
    })
    const {rows, failures} = await listInstances(cloud, toQuery({}), true)
    expect(rows.filter(({region}) => region === 'us-south')).toHaveLength(2)
    expect(rows.filter(({region}) => region === 'eu-de')).toHaveLength(2)
    expect(failures).toMatchObject([
      {region: {name: 'us-south'}, error: {message: expect.stringContaining('1 of its rows has no ID')}},
    ])
  })

  it('in the list of regions is a region that failed', async () => {
    const cloud = await cloudWith({
      change: ({url}, body) => {
        if (url.pathname === '/v1/regions') (body.regions as unknown[]).push(null, {name: 'eu-xx', status: 'available'})
      },
    })
    const {rows, failures} = await listInstances(cloud, toQuery({}), false)
    expect(rows.length).toBeGreaterThan(0)
    expect(failures.map(({region}) => region.name)).toEqual(['eu-xx', 'unnamed'])
  })
})

describe('what the API was asked to filter is checked again:', () => {
  const ignores = ['vpc.id', 'vpc.name', 'vpc.crn', 'name', 'resource_group.id', 'availability.class']

  it.each([
    {vpc: 'nope'},
    {vpc: 'r006-01030e3c-2663-4f7d-ac55-651929dafe38'},
    {'resource-group': '0'.repeat(32)},
    {name: 'nope'},
    {'availability-class': 'spot'},
  ])('an API that ignores it gives nothing of %o', async filter => {
    const cloud = await cloudWith({ignores})
    const {rows, failures} = await listInstances(cloud, toQuery(filter), false)
    expect({rows, failures}).toEqual({rows: [], failures: []})
  })

  it('no other instance is taken for the one of a name', async () => {
    const cloud = await cloudWith({ignores})
    expect((await findInstance(cloud, name)).instance.id).toBe(id)
    await expect(findInstance(cloud, 'web-9')).rejects.toMatchObject({exitCode: 4})
  })

  it('a fleet is read whole where the API ignores the VPC that it is asked for', async () => {
    test = await startTestCloud({instances: 900, vpcs: 3, regions: ['us-south']})
    const cloud = await cloudWith({ignores: ['vpc.id']})
    const {rows, failures} = await listInstances(cloud, toQuery({}), false)
    expect({rows: rows.length, failures}).toEqual({rows: 900, failures: []})
  })
})

it.each(['GET', 'PATCH', 'POST'])('an answer to another question is an error: %s', async method => {
  const other = '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf'
  const cloud = await cloudWith({
    change: (asked, body) => {
      if (asked.method !== method || asked.url.pathname.includes('identity')) return
      body.id = other
      if (typeof body.href === 'string') body.href = body.href.replace(id, other)
    },
  })
  const api = cloud.api(await cloud.region({region: 'us-south'}), 'rollout')
  const call = {
    GET: () => api.getInstance({id}),
    PATCH: () => api.updateInstance({id, metadataService: {enabled: true}}),
    POST: () => api.createInstanceAction({instanceId: id, type: 'reboot'}),
  }[method]
  await expect(call?.()).rejects.toMatchObject({
    code: 'other_answer',
    message: expect.stringContaining(other),
    isUnsent: false,
  })
})

describe('paging ends:', () => {
  const paged = (change: Oddity['change']) => async () => {
    test = await startTestCloud({instances: 250, vpcs: 1, regions: ['us-south']})
    // The sandbox knows no such start: what it is asked is the first page again.
    const cloud = await cloudWith({change, ignores: ['start']})
    return listInstances(cloud, toQuery({}), false)
  }
  const next =
    (href: (url: URL) => unknown): Oddity['change'] =>
    ({url}, body) => {
      if (url.pathname.endsWith('/instances')) body.next = {href: href(url)}
    }

  it.each<[string, Oddity['change'], string]>([
    ['at a page that was seen', next(url => `${url.origin}${url.pathname}?start=again`), 'circle'],
    ['at a link that is no URL', next(() => 'start=2'), 'no URL'],
    ['at a link that is null', next(() => null), 'no URL'],
    ['at a link to another host', next(url => `http://127.0.0.2:9${url.pathname}?start=2`), 'not of the same cloud'],
    ['at a link that does not say where it starts', next(url => `${url.origin}${url.pathname}?limit=1`), 'starts'],
  ])('%s', async (_what, change, why) => {
    const {rows, failures, isRead} = await paged(change)()
    expect({rows, isRead}).toEqual({rows: [], isRead: false})
    expect(failures).toMatchObject([{region: {name: 'us-south'}, error: {message: expect.stringMatching(why)}}])
    expect(odd?.asked.every(({url}) => url.host === new URL(odd?.url ?? '').host)).toBe(true)
  })

  it('where pages bring nothing new, and where many more rows come than the API counts', async () => {
    const pageOf = (page: number, rows: number) =>
      Array.from({length: rows}, (_, index) => ({id: `0717_${page}_${index}`, name: `i-${page}-${index}`}))
    const endless = (rowsOf: (page: number) => object[]): Oddity => ({
      answer: ({url}) => {
        if (!url.pathname.endsWith('/instances')) return undefined
        const page = Number(url.searchParams.get('start') ?? 0)
        const href = `${url.origin}${url.pathname}?start=${page + 1}`
        return {status: 200, body: {instances: rowsOf(page), limit: 100, total_count: 3, next: {href}}}
      },
    })
    const failureWith = async (oddity: Oddity) =>
      (await listInstances(await cloudWith(oddity), toQuery({}), false)).failures[0]?.error.message
    expect(await failureWith(endless(() => pageOf(0, 100)))).toContain('had nothing new')
    expect(await failureWith(endless(page => pageOf(page, 100)))).toContain('the API counts 3')
  })
})
