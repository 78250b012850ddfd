import type {Bend, FakeCloud} from '../fake-cloud.ts'
import {printedBy} from '../oracles.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, type Call, isRow, type Reply} from '../wire.ts'
import {addInstance, instanceIdOf, instanceNamed, type Row, type World} from '../world.ts'

const kind = 'paging'
const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]

/** What the link to the next page is, on each page of us-south. */
const nexts: Record<string, (asked: Asked, cloud: FakeCloud) => unknown> = {
  'this page': asked => ({href: asked.url.href}),
  'the first page': asked => ({href: withStart(asked, undefined)}),
  'two pages in a circle': asked => ({
    href: withStart(asked, asked.url.searchParams.get('start') === 'b' ? 'a' : 'b'),
  }),
  'new pages for ever, with the same rows': asked => ({href: withStart(asked, `page-${asked.nth}`)}),
  'new pages for ever on another host': (asked, cloud) => ({
    href: withStart(asked, `page-${asked.nth}`).replace(cloud.origin, cloud.trap),
  }),
  'on another host': (_, cloud) => ({href: `${cloud.trap}/us-south/v1/instances?limit=100&start=x`}),
  'on another host, by a network path': (_, cloud) => ({
    href: `${cloud.trap.replace('http:', '')}/us-south/v1/instances?limit=100&start=x`,
  }),
  'without start': asked => ({href: withStart(asked, undefined)}),
  'with an empty start': asked => ({href: withStart(asked, '')}),
  'no URL': () => ({href: 'over there'}),
  'an empty text': () => ({href: ''}),
  'a script': () => ({href: 'javascript:alert(1)'}),
  'a file': () => ({href: 'file:///etc/passwd?start=x'}),
  'null href': () => ({href: null}),
  'a number': () => ({href: 7}),
  'an object': () => ({href: {start: 'x'}}),
  'an empty object': () => ({}),
  'a text in place of the object': asked => withStart(asked, 'x'),
  'an array': asked => [{href: withStart(asked, 'x')}],
  true: () => true,
  'start with a line break': asked => ({href: withStart(asked, 'a\r\nx-evil: 1')}),
  'start of 100,000 characters': asked => ({href: withStart(asked, 'x'.repeat(100_000))}),
}

function withStart(asked: Asked, start: string | undefined): string {
  const url = new URL(asked.url)
  url.searchParams.delete('start')
  if (start !== undefined) url.searchParams.set('start', start)
  return url.href
}

const nextBend = (call: Call, next: (asked: Asked, cloud: FakeCloud) => unknown): Bend => ({
  answer: asked => {
    // Whatever page is asked for, the first is sent.
    if (asked.call === call && asked.region === 'us-south') stripStart(asked)
    return undefined
  },
  change: (asked, body, cloud) => {
    if (asked.call === call && asked.region === 'us-south') body.next = next(restored(asked), cloud)
  },
})

const starts = new WeakMap<Asked, string>()
function stripStart(asked: Asked): void {
  const start = asked.url.searchParams.get('start')
  if (start !== null) starts.set(asked, start)
  asked.url.searchParams.delete('start')
}
function restored(asked: Asked): Asked {
  const start = starts.get(asked)
  if (start === undefined) return asked
  const url = new URL(asked.url)
  url.searchParams.set('start', start)
  return {...asked, url}
}

const tellsRegion = ({run}: Seen): string[] => {
  const others = [charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`)
  return [...others, ...(run.stderr.includes('us-south') ? [] : ['stderr does not name us-south'])]
}

/** A link that says nothing at all may be read as the last page; what was told is complete then. */
const mayBeLast = new Set(['an empty object', 'null href', 'true', 'an array', 'a text in place of the object'])

const instancePages = Object.entries(nexts).flatMap(([odd, next]): Trial[] => {
  const bend = nextBend('instances', next)
  const code = mayBeLast.has(odd) ? [0, 1] : 1
  const hold = mayBeLast.has(odd) ? () => [] : tellsRegion
  return [
    {kind, odd: `the next page of instances is ${odd}`, args: ['instances', 'list'], bend, code, hold, requests: 120},
    {
      kind,
      odd: `the next page of instances is ${odd}`,
      args: ['metadata', 'audit', '--kind', 'instance'],
      bend,
      code,
      hold,
      requests: 120,
      oneMode: true,
    },
    {
      kind,
      odd: `the next page of instances is ${odd}`,
      args: ['metadata', 'enable', '--all', '--yes'],
      bend,
      code,
      requests: 160,
      mayChange: [alpha, delta],
      oneMode: true,
    },
    {
      kind,
      odd: `the next page of instances, printed while read, is ${odd}`,
      args: ['instances', 'list', '-q', '--sort', 'none'],
      modes: ['text'],
      bend,
      code,
      hold: seen => [
        ...hold(seen),
        ...(seen.run.stdout.split(alpha).length > 2 ? ['alpha is printed more than once'] : []),
      ],
      requests: 120,
    },
  ]
})

const otherPages = (
  [
    ['floating_ips', ['instances', 'list']],
    ['templates', ['metadata', 'audit']],
    ['bare_metal_servers', ['metadata', 'audit']],
  ] as const
).flatMap(([call, args]) =>
  Object.entries(nexts)
    .filter(([odd]) => !mayBeLast.has(odd))
    .map(
      ([odd, next]): Trial => ({
        kind,
        odd: `the next page of ${call} is ${odd}`,
        args: [...args],
        bend: nextBend(call, next),
        code: 1,
        hold: ({run}) =>
          [
            ...[alpha, bravo, charlie, delta].filter(id => !run.stdout.includes(id)).map(id => `${id} is missing`),
            ...(run.stderr.includes('us-south') ? [] : ['stderr does not name us-south']),
          ].flat(),
        requests: 120,
        oneMode: true,
      }),
    ),
)

function setCount(total: unknown): Bend {
  return {
    change: (asked, body) => {
      if (asked.call !== 'instances' || asked.region !== 'us-south') return
      if (total === undefined) delete body.total_count
      else body.total_count = total
    },
  }
}

/** [what, total_count, whether something must be wrong with it]: two instances are sent. */
const totals: [string, unknown, boolean][] = [
  ['less than the rows', 1, true],
  ['zero', 0, true],
  ['more than the rows', 3, true],
  ['huge', 1_000_000_000, true],
  ['2 to the power of 53', 2 ** 53, true],
  ['1e308', 1e308, true],
  ['negative', -1, false],
  ['a fraction', 2.5, false],
  ['missing', undefined, false],
  ['null', null, false],
  ['a text', '2', false],
  ['words', 'two', false],
  ['an object', {}, false],
]
const totalTrials = totals.flatMap(([odd, total, wrong]): Trial[] =>
  [
    ['instances', 'list'],
    ['metadata', 'audit', '--kind', 'instance'],
    ['instances', 'list', '-q', '--sort', 'none'],
  ].map(args => ({
    kind,
    odd: `total_count is ${odd}`,
    args,
    bend: setCount(total),
    modes: args.includes('-q') ? ['text'] : undefined,
    code: wrong ? 1 : [0, 1],
    hold: seen => {
      const {run} = seen
      if (wrong || run.code === 1) return tellsRegion(seen)
      return [alpha, bravo].filter(id => !run.stdout.includes(id)).map(id => `${id} is missing`)
    },
    requests: 120,
  })),
)

const limits: [string, (body: Row) => void][] = [
  ['limit missing', body => void delete body.limit],
  ['limit null', body => void Object.assign(body, {limit: null})],
  ['limit zero', body => void Object.assign(body, {limit: 0})],
  ['limit negative', body => void Object.assign(body, {limit: -5})],
  ['limit a text', body => void Object.assign(body, {limit: 'all'})],
  ['first missing', body => void delete body.first],
  ['first null', body => void Object.assign(body, {first: null})],
]
const limitTrials = limits.map(
  ([odd, edit]): Trial => ({
    kind,
    odd,
    args: ['instances', 'list'],
    bend: {
      change: (asked, body) => {
        if (asked.call === 'instances' && asked.region === 'us-south') edit(body)
      },
    },
    code: 0,
    says: [alpha, bravo, charlie, delta],
  }),
)

/** What stands where the list of instances should stand. */
const lists: Record<string, unknown> = {
  missing: undefined,
  null: null,
  'an object': {},
  'an object with length': {length: 1, 0: {}},
  'a text': 'none',
  'a number': 0,
  false: false,
}
const listTrials = Object.entries(lists).flatMap(([odd, list]): Trial[] =>
  (
    [
      ['instances', 'instances', ['instances', 'list']],
      ['instances', 'instances', ['metadata', 'audit']],
      ['floating_ips', 'floating_ips', ['instances', 'list']],
      ['templates', 'templates', ['metadata', 'audit']],
      ['bare_metal_servers', 'bare_metal_servers', ['metadata', 'audit']],
    ] as const
  ).map(([call, name, args]) => ({
    kind,
    odd: `the list of ${name} is ${odd}`,
    args: [...args],
    bend: {
      change: (asked, body) => {
        if (asked.call !== call || asked.region !== 'us-south') return
        if (list === undefined) delete body[name]
        else body[name] = list
      },
    },
    code: 1,
    hold: tellsRegion,
    oneMode: true,
  })),
)

/** Whole bodies in place of a page. */
const bodies: Record<string, Reply> = {
  null: {body: null},
  'an array': {body: []},
  'a text': {body: 'hello'},
  'a number': {body: 7},
  true: {body: true},
  'an empty body': {raw: ''},
  blanks: {raw: '   \n'},
  'an empty object': {body: {}},
}
const bodyTrials = Object.entries(bodies).flatMap(([odd, reply]): Trial[] =>
  (['instances', 'floating_ips', 'templates', 'bare_metal_servers'] as const).map(call => ({
    kind,
    odd: `the page of ${call} is ${odd}`,
    args: call === 'instances' || call === 'floating_ips' ? ['instances', 'list'] : ['metadata', 'audit'],
    bend: {answer: asked => (asked.call === call && asked.region === 'us-south' ? reply : undefined)},
    code: 1,
    hold: tellsRegion,
    oneMode: true,
  })),
)

function addHundred(world: World): void {
  for (let index = 0; index < 240; index++) addInstance(world, `many-${index}`)
}

const many: Trial[] = [
  {
    kind,
    odd: 'honest pages, 242 instances',
    args: ['instances', 'list', '-q'],
    modes: ['text'],
    bend: {world: addHundred},
    code: 0,
    hold: ({run}) => (run.stdout.trim().split('\n').length === 244 ? [] : [`${run.stdout.split('\n').length} lines`]),
  },
  {
    kind,
    odd: 'the second page fails',
    args: ['instances', 'list', '-q'],
    modes: ['text'],
    bend: {
      world: addHundred,
      answer: asked =>
        asked.call === 'instances' && asked.url.searchParams.get('start') && asked.region === 'us-south'
          ? {status: 400, body: {errors: [{code: 'bad_start', message: 'No such page.'}]}}
          : undefined,
    },
    code: 1,
    hold: tellsRegion,
  },
  {
    kind,
    odd: 'the second page is empty and the last, of 242',
    args: ['instances', 'list', '-q'],
    modes: ['text'],
    bend: {
      world: addHundred,
      change: (asked, body) => {
        if (asked.call !== 'instances' || !asked.url.searchParams.get('start')) return
        body.instances = []
        delete body.next
      },
    },
    code: 1,
    hold: tellsRegion,
  },
  {
    kind,
    odd: 'an ID comes again on the second page with other settings',
    args: ['metadata', 'enable', '--all', '--yes', '--name', 'a*'],
    bend: {
      world: addHundred,
      change: (asked, body, cloud) => {
        if (asked.call !== 'instances' || !asked.url.searchParams.get('start') || !Array.isArray(body.instances)) return
        const again = structuredClone(instanceNamed(cloud.world, 'alpha'))
        if (isRow(again))
          body.instances.push({...again, metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 1}})
      },
    },
    mayChange: [alpha],
    requests: 300,
  },
]

export const pagingTrials: Trial[] = [
  ...instancePages,
  ...otherPages,
  ...totalTrials.map(trial => ({...trial, oneMode: true})),
  ...limitTrials,
  ...listTrials,
  ...bodyTrials,
  ...many,
]
