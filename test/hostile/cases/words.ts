import {jsonRows, printedBy, tableRow} from '../oracles.ts'
import type {Seen, Trial} from '../trial.ts'
import type {Asked} from '../wire.ts'
import {
  addInstance,
  instanceIdOf,
  instanceNamed,
  makeVpc,
  off,
  placeOf,
  type Row,
  resourceGroup,
  secure,
  type World,
} from '../world.ts'

const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]
const healthy = [alpha, bravo, charlie, delta]

/** Names that want to be more than a name. */
const words: [string, unknown][] = [
  ['an escape', 'red\u001b[31m'],
  ['a clear screen', '\u001b[2J\u001b[H'],
  ['a window title', '\u001b]0;pwned\u0007'],
  ['a link', '\u001b]8;;http://evil.example\u001b\\click\u001b]8;;\u001b\\'],
  ['a C1 escape', '\u009b31mred'],
  ['a bell', 'ding\u0007'],
  ['a backspace', 'safe\u0008\u0008\u0008\u0008evil'],
  ['a carriage return', 'evil\rgood'],
  ['a line break', 'a\nb  c  d'],
  ['a table row', `x\n${instanceIdOf('alpha')}  running`],
  ['a tab', 'a\tb'],
  ['a null byte', 'a\u0000b'],
  ['right to left', 'abc\u202egnp.exe'],
  ['an isolate', '\u2066abc\u2069'],
  ['a zero width space', 'al\u200bpha'],
  ['a BOM', '\ufeffalpha'],
  ['a word joiner', 'al\u2060pha'],
  ['a line separator', 'a\u2028b\u2029c'],
  ['half of a surrogate pair', 'a\ud800b'],
  ['emoji', '🚀🚀'],
  ['wide letters', '日本語'],
  ['combining marks', `a${'\u0301'.repeat(200)}`],
  ['ten thousand characters', 'n'.repeat(10_000)],
  ['an empty text', ''],
  ['blanks', '   '],
  ['a formula', '=cmd|calc!A1'],
  ['HTML', '<script>alert(1)</script>'],
  ['a flag', '--all'],
  ['a path', '../../etc/passwd'],
  ['__proto__', '__proto__'],
  ['a printf word', '%s%n%d'],
  ['a number', 12345],
  ['null', null],
  ['true', true],
  ['an object', {a: 1}],
  ['an array', ['x', 'y']],
]
const idOf = (odd: string) => instanceIdOf(`word ${odd}`)
const addWords =
  (field: string, settings = off) =>
  (world: World) => {
    for (const [odd, word] of words)
      addInstance(world, `word ${odd}`, settings, row => {
        put(row, field.split('.'), word)
      })
  }

function put(row: Row, [first = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) row[first] = value
  else {
    const inner = {...(row[first] as Row)}
    put(inner, rest, value)
    row[first] = inner
  }
}

const hold = ({run}: Seen) => [
  ...healthy.filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`),
  ...(run.stdout.split('\n').some(line => line.length > 60_000) ? ['a line of more than 60,000 characters'] : []),
]

const casesFor = (what: string) =>
  words.map(([odd]) => ({
    odd: `${what}: ${odd}`,
    hold: ({mode, run}: Seen) => {
      if (mode === 'json') return jsonRows(run, idOf(odd)).length > 0 ? [] : ['it is not in the JSON']
      return tableRow(run, idOf(odd)) || run.stdout.split('\n').some(line => line.includes(idOf(odd)))
        ? []
        : ['it is not listed']
    },
  }))

const wordTrials: Trial[] = [
  ...['name', 'status', 'vpc.name', 'zone.name', 'crn', 'profile.name', 'image.name'].map(
    (field): Trial => ({
      kind: 'words',
      odd: `${field} with odd words, listed`,
      args: [
        'instances',
        'list',
        ...(field.includes('.') || field === 'crn' ? ['--columns', 'id,name,vpc,zone,profile,image,metadata'] : []),
      ],
      bend: {world: addWords(field)},
      cases: casesFor(`list, ${field}`),
      hold,
      code: 0,
    }),
  ),
  ...['csv', 'yaml', 'jsonl'].map(
    (format): Trial => ({
      kind: 'words',
      odd: `name with odd words, as ${format}`,
      args: ['instances', 'list', '-o', format, '--columns', 'name,id'],
      modes: ['text'],
      bend: {world: addWords('name')},
      cases: words.map(([odd]) => ({
        odd: `${format}: ${odd}`,
        hold: ({run}) => (run.stdout.includes(idOf(odd)) ? [] : ['it is not printed']),
      })),
      hold,
    }),
  ),
  {
    kind: 'words',
    odd: 'names, in an audit',
    args: ['metadata', 'audit'],
    bend: {world: addWords('name')},
    cases: casesFor('audit, name'),
    hold,
  },
  ...['sarif', 'junit', 'html', 'csv'].map(
    (format): Trial => ({
      kind: 'words',
      odd: `names, in an audit as ${format}`,
      args: ['metadata', 'audit', '-o', format],
      modes: ['text'],
      bend: {world: addWords('name', {enabled: true, protocol: 'http', response_hop_limit: 2})},
      // To JSON and CSV it is text as any other.
      ...(['html', 'junit'].includes(format) && {never: ['<script>alert']}),
      code: [1, 5],
    }),
  ),
  {
    kind: 'words',
    odd: 'names, enabled',
    args: ['metadata', 'enable', ...words.map(([odd]) => idOf(odd)), '--yes'],
    bend: {world: addWords('name')},
    mayChange: words.map(([odd]) => idOf(odd)),
    cases: casesFor('enable, name'),
  },
  {
    kind: 'words',
    odd: 'names, in a plan and its application',
    before: [['metadata', 'plan', '--enable', '--all', '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
    bend: {world: addWords('name')},
    mayChange: [...words.map(([odd]) => idOf(odd)), alpha, delta],
    cases: casesFor('apply, name'),
  },
  ...words.map(
    ([odd]): Trial => ({
      kind: 'words',
      odd: `instances show: ${odd}`,
      args: ['instances', 'show', idOf(odd)],
      bend: {world: addWords('name')},
      oneMode: true,
      code: 0,
      says: [idOf(odd)],
    }),
  ),
]

/** Filters that the API ignores, or answers with something else. */
const drop = (...names: string[]) => ({
  answer: (asked: Asked) => {
    for (const name of [...asked.url.searchParams.keys()])
      if (names.some(each => name === each || name.startsWith(`${each}.`))) asked.url.searchParams.delete(name)
    return undefined
  },
})
const everyFilter = [
  'name',
  'vpc',
  'resource_group',
  'availability',
  'dedicated_host',
  'placement_group',
  'reservation',
  'instance_group_membership',
]

/** An instance of another VPC and another resource group, which no filter below lets through. */
const addStranger = (world: World) => {
  const place = placeOf(world, 'us-south')
  const vpc = makeVpc(world.origin, 'us-south', 'strange-vpc')
  place.vpcs.push(vpc)
  const reference = {id: vpc.id, name: vpc.name, crn: vpc.crn, href: vpc.href, resource_type: 'vpc'}
  addInstance(world, 'stranger', off, row =>
    Object.assign(row, {
      vpc: reference,
      resource_group: {...resourceGroup, id: 'other', name: 'others'},
      availability: {class: 'spot'},
    }),
  )
}
const southVpc = String(placeOfSouth().id)
function placeOfSouth(): Row {
  return makeVpc('http://x', 'us-south', 'south-vpc')
}
const filters: [string, string[]][] = [
  ['--vpc by name', ['--vpc', 'south-vpc']],
  ['--vpc by ID', ['--vpc', southVpc]],
  ['--vpc by CRN', ['--vpc', String(placeOfSouth().crn)]],
  ['--resource-group by name', ['--resource-group', 'defaults']],
  ['--resource-group by ID', ['--resource-group', resourceGroup.id]],
  ['--name', ['--name', 'alpha']],
  ['--name with a star', ['--name', 'al*']],
  ['--availability-class', ['--availability-class', 'standard']],
  ['--status', ['--status', 'stopped']],
  ['--zone', ['--zone', 'eu-de-1']],
]
const stranger = instanceIdOf('stranger')
const filterTrials = filters.flatMap(([odd, filter]): Trial[] => {
  const bend = {world: addStranger, ...drop(...everyFilter)}
  const none = {hold: ({run}: Seen) => (run.stdout.includes(stranger) ? ['a stranger came through'] : [])}
  const change = {mayChange: [alpha, delta], ...none}
  return [
    {kind: 'filters', odd: `the API ignores ${odd}`, args: ['instances', 'list', ...filter], bend, ...none},
    {
      kind: 'filters',
      odd: `the API ignores ${odd}`,
      args: ['metadata', 'show', '--all', ...filter],
      bend,
      ...none,
      oneMode: true,
    },
    {
      kind: 'filters',
      odd: `the API ignores ${odd}`,
      args: ['metadata', 'enable', '--all', '--yes', ...filter],
      bend,
      ...change,
    },
    {
      kind: 'filters',
      odd: `the API ignores ${odd}`,
      args: ['metadata', 'plan', '--enable', '--all', ...filter],
      bend,
      ...none,
      oneMode: true,
    },
    {
      kind: 'filters',
      odd: `the API ignores ${odd}, and the field is gone`,
      args: ['metadata', 'enable', '--all', '--yes', ...filter],
      bend: {
        world: (world: World) => {
          addStranger(world)
          const row = instanceNamed(world, 'stranger')
          for (const field of ['vpc', 'resource_group', 'availability', 'name', 'status', 'zone']) delete row[field]
        },
        ...drop(...everyFilter),
      },
      ...change,
      oneMode: true,
    },
    {
      kind: 'filters',
      odd: `the API ignores ${odd}, and the field is null`,
      args: ['instances', 'list', ...filter],
      bend: {
        world: (world: World) => {
          addStranger(world)
          const row = instanceNamed(world, 'stranger')
          for (const field of ['vpc', 'resource_group', 'availability', 'name', 'status', 'zone']) row[field] = null
        },
        ...drop(...everyFilter),
      },
      ...none,
      oneMode: true,
    },
  ]
})

const never = ({run}: Seen) => (run.stdout.includes(stranger) ? ['a stranger came through'] : [])
const others: Trial[] = [
  ...['--dedicated-host', '--placement-group', '--reservation', '--instance-group'].flatMap((flag): Trial[] =>
    ['name-1', 'crn:v1:bluemix:public:is:us-south:a/1::x:0717-1'].map(value => ({
      kind: 'filters',
      odd: `the API ignores ${flag} ${value}`,
      args: ['metadata', 'enable', '--all', '--yes', flag, value],
      bend: {world: addStranger, ...drop(...everyFilter)},
      hold: never,
      code: [0, 1, 4],
      oneMode: true,
    })),
  ),
  ...(['--metadata enabled', '--metadata disabled', '--having-protocol https', '--having-hop-limit 3'] as const).map(
    (filter): Trial => ({
      kind: 'filters',
      odd: `another VPC with the settings of ${filter}`,
      args: ['metadata', 'disable', '--all', '--yes', '--vpc', 'south-vpc', ...filter.split(' ')],
      bend: {
        world: world => {
          addStranger(world)
          instanceNamed(world, 'stranger').metadata_service = secure
        },
        ...drop(...everyFilter),
      },
      mayChange: [bravo],
      hold: never,
      oneMode: true,
    }),
  ),
  {
    kind: 'filters',
    odd: 'the list of VPCs has two of one name',
    args: ['metadata', 'enable', '--all', '--yes', '--vpc', 'south-vpc'],
    bend: {
      world: world => {
        addStranger(world)
        for (const vpc of placeOf(world, 'us-south').vpcs) vpc.name = 'south-vpc'
      },
      ...drop('vpc'),
    },
    mayChange: [alpha],
    hold: never,
  },
  {
    kind: 'filters',
    odd: 'the region that was not asked for answers too',
    args: ['metadata', 'enable', '--all', '--yes', '--region', 'us-south'],
    bend: {
      change: (asked, body, cloud) => {
        // us-south lists what is eu-de's.
        if (asked.call === 'instances') body.instances = structuredClone(placeOf(cloud.world, 'eu-de').instances)
      },
    },
    code: [0, 1, 4],
    mayChange: [delta],
  },
]

export const wordAndFilterTrials: Trial[] = [...wordTrials, ...filterTrials, ...others]
