import {gzipSync} from 'node:zlib'
import type {Bend, FakeCloud} from '../fake-cloud.ts'
import {jsonRows, printedBy} from '../oracles.ts'
import {cut, drip, gzipBomb, noHttp, silence, stall, text, wrongLength} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, type Call, isRow, type Reply} from '../wire.ts'
import {instanceIdOf, instanceNamed, type Row} from '../world.ts'

const kind = 'bodies'
const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]
const mib = 1024 * 1024

const othersShown = ({run}: Seen): string[] => [
  ...[charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`),
  ...(run.stderr.includes('us-south') ? [] : ['stderr does not name us-south']),
]
const allShown = ({run}: Seen): string[] =>
  [alpha, bravo, charlie, delta].filter(id => !run.stdout.includes(id)).map(id => `${id} is missing`)

/** Spoils the bytes of an honest answer of us-south. */
function spoil(call: Call, make: (body: Row, cloud: FakeCloud) => Reply): Bend {
  return {
    afterwards: (asked, reply, cloud) =>
      asked.call === call && asked.region === 'us-south' && isRow(reply.body) ? make(reply.body, cloud) : undefined,
  }
}

const jsonText = (body: Row) => JSON.stringify(body)

/** What can't be read: us-south fails, the others are shown. */
const broken: [string, (body: Row) => Reply][] = [
  ['JSON cut short', body => ({raw: jsonText(body).slice(0, -40)})],
  ['JSON with a comma too many', body => ({raw: jsonText(body).replace(/\}$/, ',}')})],
  ['JSON with text after it', body => ({raw: `${jsonText(body)}\n<!-- cached -->`})],
  ['two JSON values', body => ({raw: jsonText(body) + jsonText(body)})],
  ['single quotes', body => ({raw: jsonText(body).replaceAll('"', "'")})],
  ['NaN', body => ({raw: jsonText(body).replace('"memory":8', '"memory":NaN')})],
  ['an XSSI prefix', body => ({raw: `)]}',\n${jsonText(body)}`})],
  ['half of the body, then a broken connection', body => cut(body)],
  ['half of the body, then silence', body => stall(body)],
  ['silence', () => silence],
  ['a byte now and then', () => drip],
  ['a body longer than told', body => wrongLength(body, -100)],
  ['a body shorter than told', body => wrongLength(body, 100)],
  ['no HTTP', () => noHttp('hello\r\n')],
  ['HTML as JSON', () => text('<html><title>Proxy login</title></html>', 'application/json')],
  ['HTML', () => text('<html><title>Proxy login</title></html>', 'text/html; charset=utf-8')],
  ['bytes', () => text(Buffer.from([0, 1, 2, 255, 254, 27, 91, 50, 74]), 'application/octet-stream')],
  ['an image', () => text(Buffer.from('89504e470d0a1a0a', 'hex'), 'image/png')],
  ['gzip that is none', body => ({headers: {'content-encoding': 'gzip'}, raw: jsonText(body)})],
  ['gzip cut short', body => ({headers: {'content-encoding': 'gzip'}, raw: gzipSync(jsonText(body)).subarray(0, 60)})],
  ['an encoding that nobody knows', body => ({headers: {'content-encoding': 'zstd-9'}, raw: jsonText(body)})],
  ['UTF-16', body => text(Buffer.from(jsonText(body), 'utf16le'), 'application/json; charset=utf-16')],
  ['nested 100,000 deep', () => ({raw: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`})],
  ['arrays nested 100,000 deep', () => ({raw: `{"instances":${'['.repeat(100_000)}${']'.repeat(100_000)}}`})],
  ['204', () => ({act: response => response.writeHead(204).end()})],
  [
    '206 with a part',
    body => ({status: 206, headers: {'content-range': 'bytes 0-9/100'}, raw: jsonText(body).slice(0, 9)}),
  ],
  ['304', () => ({act: response => response.writeHead(304).end()})],
  ['300', () => ({status: 300, body: {}})],
  ['a status of 299 without a body', () => ({status: 299, raw: ''})],
  ['a status of 999', () => ({status: 999, raw: ''})],
]

/** What can be read after all: nothing may be missing. */
const readable: [string, (body: Row) => Reply][] = [
  ['a BOM', body => ({raw: `\ufeff${jsonText(body)}`})],
  ['blanks around', body => ({raw: `\r\n\t ${jsonText(body)} \n`})],
  ['no content type', body => ({act: response => response.end(jsonText(body))})],
  ['text/plain', body => text(jsonText(body), 'text/plain')],
  ['an odd charset', body => text(jsonText(body), 'application/json; charset=ISO-8859-1')],
  ['a charset that nobody knows', body => text(jsonText(body), 'application/json;charset=klingon')],
  ['problem+json', body => text(jsonText(body), 'application/problem+json')],
  ['gzip', body => ({headers: {'content-encoding': 'gzip'}, raw: gzipSync(jsonText(body))})],
  [
    'chunks of one byte',
    body => ({
      act: response => {
        response.writeHead(200, {'content-type': 'application/json'})
        for (const character of jsonText(body).slice(0, 300)) response.write(character)
        response.end(jsonText(body).slice(300))
      },
    }),
  ],
  ['escaped names', body => ({raw: jsonText(body).replaceAll('"name"', '"\\u006eame"')})],
  [
    '1000 headers',
    body => ({
      headers: Object.fromEntries(Array.from({length: 300}, (_, index) => [`x-h-${index}`, 'v'])),
      body,
    }),
  ],
  ['a 203', body => ({status: 203, body})],
]

const lists = (
  [
    ['instances', ['instances', 'list']],
    ['instances', ['metadata', 'audit']],
  ] as const
).flatMap(([call, args]) => [
  ...broken.map(
    ([odd, make]): Trial => ({
      kind,
      odd: `the list of instances: ${odd}`,
      args: [...args, '--timeout', '2'],
      bend: spoil(call, make),
      code: 1,
      hold: othersShown,
      waits: /silence|now and then|broken|longer|shorter|no HTTP/.test(odd),
      oneMode: true,
    }),
  ),
  ...readable.map(
    ([odd, make]): Trial => ({
      kind,
      odd: `the list of instances: ${odd}`,
      args: [...args],
      bend: spoil(call, make),
      code: 0,
      hold: allShown,
      oneMode: true,
    }),
  ),
])

const otherCalls = broken
  .filter(([odd]) => /cut short|comma|HTML|nested 100|204|bytes|deep|gzip that/.test(odd))
  .flatMap(([odd, make]): Trial[] => [
    {
      kind,
      odd: `floating IPs: ${odd}`,
      args: ['instances', 'list', '--timeout', '2'],
      bend: spoil('floating_ips', make),
      code: 1,
      hold: allShown,
      oneMode: true,
    },
    {
      kind,
      odd: `templates: ${odd}`,
      args: ['metadata', 'audit', '--timeout', '2'],
      bend: spoil('templates', make),
      code: 1,
      hold: allShown,
      oneMode: true,
    },
    {
      kind,
      odd: `one instance: ${odd}`,
      args: ['metadata', 'enable', alpha, '--timeout', '2'],
      bend: spoil('instance', make),
      code: 1,
      oneMode: true,
    },
  ])

/** Sizes: each ends, and costs no more than its own region. */
const huge: [string, (body: Row) => Reply][] = [
  ['40 MiB of blanks', body => ({raw: ' '.repeat(40 * mib) + jsonText(body)})],
  ['a name of 4 MB', body => ({body: edited(body, row => void Object.assign(row, {name: 'n'.repeat(4_000_000)}))})],
  ['40 MiB in an unknown field', body => ({body: {...body, pad: 'p'.repeat(40 * mib)}})],
  [
    '100,000 keys in a row',
    body => ({
      body: edited(body, row => {
        for (let index = 0; index < 100_000; index++) row[`key${index}`] = index
      }),
    }),
  ],
  [
    '20,000 disks',
    body => ({
      body: edited(body, row => {
        row.disks = Array.from({length: 20_000}, (_, index) => ({id: `d${index}`, name: `disk-${index}`, size: 1}))
      }),
    }),
  ],
  [
    'a row nested 5,000 deep',
    body => ({raw: jsonText(body).replace('"memory":8', `"memory":8,"deep":${'['.repeat(5000)}${']'.repeat(5000)}`)}),
  ],
  ['300,000 null rows', body => ({body: {...body, instances: Array.from({length: 300_000}, () => null)}})],
  ['a gzip bomb of 300 MiB', () => gzipBomb(300)],
  [
    'a number of a million digits',
    body => ({raw: jsonText(body).replace('"memory":8', `"memory":${'9'.repeat(1_000_000)}`)}),
  ],
]
const hugeTrials = huge.map(
  ([odd, make]): Trial => ({
    kind: 'sizes',
    odd,
    args: ['instances', 'list'],
    modes: ['text'],
    bend: spoil('instances', make),
    code: [0, 1],
    hold: seen => {
      const {run} = seen
      const others = [charlie, delta].filter(id => !run.stdout.includes(id)).map(id => `${id} is missing`)
      const south = run.stdout.includes(bravo) || (run.code === 1 && run.stderr.includes('us-south'))
      const long = run.stdout.length > 200_000 ? [`it prints ${run.stdout.length} characters`] : []
      return [...others, ...long, ...(south ? [] : ['us-south is lost without a word'])]
    },
  }),
)

const moreHuge: Trial[] = (['token', 'regions', 'instance', 'floating_ips', 'templates'] as const).flatMap(call =>
  (
    [
      ['40 MiB', {raw: `{"pad":"${'p'.repeat(40 * mib)}"}`}],
      ['a gzip bomb of 200 MiB', gzipBomb(200)],
      ['nested 100,000 deep', {raw: `${'['.repeat(100_000)}${']'.repeat(100_000)}`}],
    ] as [string, Reply][]
  ).map(([odd, reply]) => ({
    kind: 'sizes',
    odd: `${call}: ${odd}`,
    args: argsFor(call),
    oneMode: true,
    bend: {answer: (asked: Asked) => (asked.call === call && asked.region !== 'eu-de' ? reply : undefined)},
    code: [1, 3],
    hold: ({run}: Seen) =>
      run.stdout.length + run.stderr.length > 100_000
        ? [`it prints ${run.stdout.length + run.stderr.length} characters`]
        : [],
  })),
)

function argsFor(call: string): string[] {
  if (call === 'instance') return ['metadata', 'show', alpha]
  return call === 'templates' ? ['metadata', 'audit'] : ['instances', 'list']
}

const errorsHuge: Trial = {
  kind: 'sizes',
  odd: 'an error message of 5 MB',
  args: ['instances', 'list'],
  bend: {
    answer: asked =>
      asked.call === 'instances' && asked.region === 'us-south'
        ? {status: 400, body: {errors: [{code: 'x', message: 'm'.repeat(5_000_000)}], trace: 'trace-4711'}}
        : undefined,
  },
  code: 1,
  says: ['trace-4711'],
  hold: ({run}) => (run.stderr.length > 20_000 ? [`stderr has ${run.stderr.length} characters`] : []),
}

function edited(body: Row, edit: (row: Row) => void): Row {
  const copy = structuredClone(body)
  if (Array.isArray(copy.instances) && isRow(copy.instances[0])) edit(copy.instances[0])
  return copy
}

/** Keys that a parser or a copy may trip over. */
const keys: [string, (raw: string) => string][] = [
  ['__proto__ in a row', raw => raw.replace('"memory":8', '"memory":8,"__proto__":{"name":"evil","polluted":true}')],
  ['__proto__ in the page', raw => raw.replace(/^\{/, '{"__proto__":{"instances":[],"polluted":true},')],
  [
    'constructor in a row',
    raw => raw.replace('"memory":8', '"memory":8,"constructor":{"prototype":{"polluted":true}}'),
  ],
  [
    '__proto__ in the settings',
    raw => raw.replace('"metadata_service":{', '"metadata_service":{"__proto__":{"enabled":true},'),
  ],
  [
    'toString and valueOf in a row',
    raw => raw.replace('"memory":8', '"memory":8,"toString":"x","valueOf":1,"toJSON":{}'),
  ],
  ['an empty key', raw => raw.replace('"memory":8', '"memory":8,"":{"":1}')],
  ['the name twice, the last counts', raw => raw.replace('"name":"alpha"', '"name":"zulu","name":"alpha"')],
  ['a length of -1', raw => raw.replace('"memory":8', '"memory":8,"length":-1')],
]
const keyTrials = keys.flatMap(([odd, edit]): Trial[] =>
  [
    ['instances', 'list'],
    ['metadata', 'audit'],
  ].map(args => ({
    kind: 'keys',
    odd,
    args,
    bend: spoil('instances', body => ({raw: edit(jsonText(body))})),
    code: 0,
    says: [alpha, 'alpha', bravo],
    never: [/^evil\b/m],
    hold: seen => {
      if (seen.mode !== 'json' || args[0] !== 'instances') return []
      return jsonRows(seen.run, alpha).length === 1 ? [] : ['alpha is not in the JSON']
    },
  })),
)

const doubled: Trial[] = [
  {
    kind: 'keys',
    odd: 'the settings twice in one row',
    args: ['metadata', 'enable', 'alpha', '--protocol', 'https'],
    bend: spoil('instances', body => ({
      raw: jsonText(body).replace(
        '"metadata_service":',
        '"metadata_service":{"enabled":true,"protocol":"https","response_hop_limit":1},"metadata_service":',
      ),
    })),
    mayChange: [alpha],
    code: [0, 1],
  },
  {
    kind: 'keys',
    odd: 'the list of instances twice in one page, empty at first',
    args: ['instances', 'list'],
    bend: spoil('instances', body => ({raw: jsonText(body).replace(/^\{/, '{"instances":[],')})),
    code: [0, 1],
    hold: ({run, mode}) => (mode === 'json' || run.stdout.includes(alpha) || run.code === 1 ? [] : ['alpha is lost']),
  },
  {
    kind: 'keys',
    odd: '__proto__ in the answer to a PATCH that was not made',
    args: ['metadata', 'enable', 'alpha'],
    bend: {
      answer: (asked, cloud) =>
        asked.call === 'patch'
          ? {
              raw: JSON.stringify({...instanceNamed(cloud.world, 'alpha'), metadata_service: 0}).replace(
                '"metadata_service":0',
                '"metadata_service":{"__proto__":{"enabled":true,"protocol":"http","response_hop_limit":1}}',
              ),
            }
          : undefined,
    },
    mayChange: [alpha],
    code: 1,
  },
]

export const bodyTrials: Trial[] = [
  ...lists,
  ...otherCalls,
  ...hugeTrials,
  ...moreHuge,
  errorsHuge,
  ...keyTrials,
  ...doubled,
]
