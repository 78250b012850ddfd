import type {Bend, FakeCloud} from '../fake-cloud.ts'
import {printedBy} from '../oracles.ts'
import {cut, redirect, reset, silence, text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {isRow, type Reply, refusal} from '../wire.ts'
import {instanceIdOf, makeRegion, placeOf, type Row} from '../world.ts'

const kind = 'regions'
const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]

/** Editing us-south's entry in the list of regions. */
function editSouth(edit: (region: Row, cloud: FakeCloud) => unknown): Bend {
  return {
    change: (asked, body, cloud) => {
      if (asked.call !== 'regions' || !Array.isArray(body.regions)) return
      body.regions = body.regions.map(region => {
        if (!isRow(region) || region.name !== 'us-south') return region
        return edit(region, cloud) ?? region
      })
    },
  }
}

const othersShown = ({run}: Seen): string[] =>
  [charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`)

const names = (region: string) => (seen: Seen) => [
  ...othersShown(seen),
  ...(seen.run.stderr.includes(region) ? [] : [`stderr does not name ${region}`]),
]

/** Endpoints that can't be asked, or may not. */
const endpoints: Record<string, (cloud: FakeCloud) => unknown> = {
  missing: () => undefined,
  null: () => null,
  empty: () => '',
  'a number': () => 443,
  'an object': () => ({url: 'https://us-south.iaas.cloud.ibm.com'}),
  'no URL': () => 'us-south',
  'of another host': cloud => `${cloud.trap}/us-south`,
  'of another host, by user info': cloud => cloud.trap.replace('http://', `http://${new URL(cloud.origin).host}@`),
  'with a user and a password': cloud => `${cloud.origin.replace('http://', 'http://admin:Tr0ub4dor3@')}/us-south`,
  'of a public host over http': () => 'http://us-south.iaas.cloud.ibm.com.evil.example',
  'that looks like IBM': () => 'https://us-south.iaas.cloud.ibm.com.evil.example',
  'of another scheme': () => 'ftp://us-south.iaas.cloud.ibm.com',
  'a file': () => 'file:///etc/passwd',
  'with a line break': cloud => `${cloud.origin}/us-south\r\nx-evil: 1`,
  'with an escape': cloud => `${cloud.origin}/us-south\u001b[31m`,
}
const endpointTrials = Object.entries(endpoints).flatMap(([odd, make]): Trial[] => {
  const bend = editSouth((region, cloud) => {
    const endpoint = make(cloud)
    if (endpoint === undefined) delete region.endpoint
    else region.endpoint = endpoint
  })
  // URL parsers drop line breaks and escape escapes: what is left may be asked.
  const lenient = /line break|escape/.test(odd)
  const common = {kind, odd: `us-south's endpoint is ${odd}`, bend, never: ['Tr0ub4dor3'], waits: true}
  return [
    {
      ...common,
      args: ['instances', 'list', '--timeout', '2'],
      code: lenient ? [0, 1] : 1,
      hold: lenient ? othersShown : names('us-south'),
    },
    {
      ...common,
      args: ['metadata', 'enable', '--all', '--yes', '--timeout', '2'],
      code: lenient ? [0, 1] : 1,
      mayChange: lenient ? [alpha, delta] : [delta],
      oneMode: true,
    },
    {...common, args: ['metadata', 'audit', '--timeout', '2'], code: lenient ? [0, 1] : 1, oneMode: true},
  ]
})

/** Whole entries of the list. */
const entries: Record<string, (region: Row) => unknown> = {
  null: () => 'NULL',
  'a text': () => 'us-south',
  'a number': () => 7,
  'an array': region => [region],
  'without a name': ({name, ...rest}) => rest,
  'with a null name': region => ({...region, name: null}),
  'with an empty name': region => ({...region, name: ''}),
  'with a number for a name': region => ({...region, name: 7}),
  'with an escape in its name': region => ({...region, name: 'us\u001b[2J-south'}),
  'with a path for a name': region => ({...region, name: '../../etc'}),
  'with __proto__ for a name': region => ({...region, name: '__proto__'}),
  'with 10,000 characters for a name': region => ({...region, name: 'u'.repeat(10_000)}),
}
const entryTrials = Object.entries(entries).flatMap(([odd, make]): Trial[] => {
  const bend: Bend = {
    change: (asked, body) => {
      if (asked.call !== 'regions' || !Array.isArray(body.regions)) return
      const made = body.regions.map(region => (isRow(region) && region.name === 'us-south' ? make(region) : region))
      body.regions = made.map(region => (region === 'NULL' ? null : region))
    },
  }
  // Such a region can be asked where it has an endpoint, or is told as not read: it is never left out without a word.
  const hold = (seen: Seen) => [
    ...othersShown(seen),
    ...(seen.run.code === 1 || printedBy(seen.run).includes(alpha) ? [] : ['us-south is left out without a word']),
  ]
  return [
    {kind, odd: `an entry is ${odd}`, args: ['instances', 'list'], bend, code: [0, 1], hold},
    {kind, odd: `an entry is ${odd}`, args: ['metadata', 'audit'], bend, code: [0, 1], hold, oneMode: true},
  ]
})

const statuses: [string, unknown][] = [
  ['unknown', 'sleepy'],
  ['null', null],
  ['missing', undefined],
  ['a number', 1],
  ['available in capitals', 'AVAILABLE'],
]
const statusTrials = statuses.map(
  ([odd, status]): Trial => ({
    kind,
    odd: `us-south's status is ${odd}`,
    args: ['instances', 'list'],
    bend: editSouth(region => {
      if (status === undefined) delete region.status
      else region.status = status
    }),
    code: [0, 1],
    hold: ({run}) =>
      printedBy(run).includes(alpha) || (run.code === 1 && run.stderr.includes('us-south'))
        ? []
        : ['us-south is left out without a word'],
  }),
)

/** Whole answers to GET /regions. */
const answers: Record<string, Reply> = {
  'an empty list': {body: {regions: []}},
  'a null list': {body: {regions: null}},
  'no list': {body: {}},
  'a list that is an object': {body: {regions: {}}},
  'a list of null': {body: {regions: [null]}},
  null: {body: null},
  'an array': {body: []},
  'a text': {body: 'us-south'},
  'an empty body': {raw: ''},
  HTML: text('<html><title>Sign in</title></html>', 'text/html'),
  'JSON cut short': {raw: '{"regions":[{"name":"us-sou'},
  'half of the body, then a broken connection': cut({regions: []}),
  'a broken connection': reset,
  silence,
  '401': refusal(401, 'not_authenticated', 'The token is not valid.'),
  '403': refusal(403, 'not_authorized', 'Not authorized.'),
  '404': refusal(404, 'not_found', 'No such thing.'),
  '500': refusal(500, 'internal_error', 'Broken.'),
  '503': {status: 503, raw: ''},
}
const answerTrials = Object.entries(answers).flatMap(([odd, reply]): Trial[] =>
  [
    ['instances', 'list'],
    ['metadata', 'audit'],
    ['metadata', 'enable', 'alpha'],
  ].map(args => ({
    kind,
    odd: `GET /regions answers with ${odd}`,
    args: [...args, '--timeout', '2'],
    bend: {answer: asked => (asked.call === 'regions' ? reply : undefined)},
    code: /40[13]/.test(odd) ? 3 : odd === '404' || args[1] === 'enable' ? [1, 4] : 1,
    says: [/region/i],
    oneMode: true,
    waits: /silence|broken|50/.test(odd),
    requests: 60,
    ...(odd === '503' ? {endAfterMs: 20_000} : {}),
  })),
)

const more: Trial[] = [
  {
    kind,
    odd: 'a region twice',
    args: ['instances', 'list', '-q'],
    modes: ['text'],
    bend: {
      change: (asked, body) => {
        if (asked.call === 'regions' && Array.isArray(body.regions)) body.regions = [...body.regions, ...body.regions]
      },
    },
    hold: ({run}) =>
      [alpha, bravo, charlie, delta]
        .filter(id => run.stdout.split(id).length !== 2)
        .map(id => `${id} is not there once`),
  },
  {
    kind,
    odd: 'a region twice, all enabled',
    args: ['metadata', 'enable', '--all', '--yes'],
    bend: {
      change: (asked, body) => {
        if (asked.call === 'regions' && Array.isArray(body.regions)) body.regions = [...body.regions, ...body.regions]
      },
    },
    mayChange: [alpha, delta],
    hold: ({asked}) => (asked.filter(({call}) => call === 'patch').length === 2 ? [] : ['not each was sent one PATCH']),
  },
  {
    kind,
    odd: 'a name twice, with two endpoints',
    args: ['instances', 'list'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'regions' && Array.isArray(body.regions))
          body.regions.push({...makeRegion(cloud.origin, 'us-south'), endpoint: `${cloud.trap}/us-south`})
      },
    },
    code: [0, 1],
    says: [charlie],
  },
  {
    kind,
    odd: 'a name twice, the other host first',
    args: ['instances', 'list'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'regions' && Array.isArray(body.regions))
          body.regions.unshift({...makeRegion(cloud.origin, 'us-south'), endpoint: `${cloud.trap}/us-south`})
      },
    },
    code: [0, 1],
    says: [charlie],
  },
  ...[
    ['instances', 'list', '--region', 'eu-fr2'],
    ['instances', 'list'],
    ['metadata', 'audit'],
    ['metadata', 'show', 'alpha'],
  ].map(
    (args): Trial => ({
      kind,
      odd: 'us-south is called eu-fr2',
      args,
      bend: {
        world: world => {
          world.places.set('eu-fr2', placeOf(world, 'us-south'))
          world.places.delete('us-south')
          world.regions = [makeRegion(world.origin, 'eu-fr2'), makeRegion(world.origin, 'eu-de')]
        },
      },
      code: 0,
      says: [alpha],
    }),
  ),
  {
    kind,
    odd: 'us-south is unavailable',
    args: ['metadata', 'audit'],
    bend: editSouth(region => void Object.assign(region, {status: 'unavailable'})),
    // It is not read: so nothing can be compliant.
    hold: ({run}) =>
      printedBy(run).includes(alpha) || (run.code === 1 && printedBy(run).includes('us-south'))
        ? []
        : ['the audit passes over an unread region'],
  },
  {
    kind,
    odd: 'an endpoint with a slash at its end',
    args: ['instances', 'list'],
    bend: editSouth(region => void Object.assign(region, {endpoint: `${String(region.endpoint)}/`})),
    code: [0, 1],
    says: [charlie],
  },
  {
    kind,
    odd: '100 regions that do not exist',
    args: ['instances', 'list', '--timeout', '2'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'regions' && Array.isArray(body.regions))
          for (let index = 0; index < 100; index++) body.regions.push(makeRegion(cloud.origin, `xx-${index}`))
      },
    },
    code: 1,
    says: [alpha, charlie],
    requests: 400,
    oneMode: true,
  },
  ...[301, 302, 303, 307, 308].flatMap((status): Trial[] => [
    {
      kind: 'redirects',
      odd: `GET /regions answers ${status} to another host`,
      args: ['instances', 'list'],
      bend: {
        answer: (asked, cloud) => (asked.call === 'regions' ? redirect(`${cloud.trap}/v1/regions`, status) : undefined),
      },
      code: 1,
      hold: bothHosts,
    },
    {
      kind: 'redirects',
      odd: `GET /instances answers ${status} to another host`,
      args: ['instances', 'list'],
      bend: {
        answer: (asked, cloud) =>
          asked.call === 'instances' && asked.region === 'us-south'
            ? redirect(`${cloud.trap}/us-south/v1/instances`, status)
            : undefined,
      },
      code: 1,
      hold: seen => [...bothHosts(seen), ...othersShown(seen)],
    },
    {
      kind: 'redirects',
      odd: `GET /instances/{id} answers ${status} to another host`,
      args: ['metadata', 'enable', alpha],
      bend: {
        answer: (asked, cloud) => (asked.call === 'instance' ? redirect(`${cloud.trap}/x`, status) : undefined),
      },
      code: [1, 4],
      oneMode: true,
    },
    {
      kind: 'redirects',
      odd: `IAM answers ${status} to another host`,
      args: ['instances', 'list'],
      bend: {
        answer: (asked, cloud) =>
          asked.call === 'token' ? redirect(`${cloud.trap}/identity/token`, status) : undefined,
      },
      code: [1, 3],
      says: [/IAM/],
      hold: bothHosts,
    },
  ]),
  ...['', 'over there', 'http://[', 'http://127.0.0.1:99999/', '\u001b[31mhttp://x/', '/us-south/v1/elsewhere'].map(
    (location): Trial => ({
      kind: 'redirects',
      odd: `GET /instances answers 302 to ${JSON.stringify(location)}`,
      args: ['instances', 'list'],
      bend: {
        answer: asked =>
          asked.call === 'instances' && asked.region === 'us-south'
            ? {
                act: response =>
                  response.socket?.end(
                    `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
                  ),
              }
            : undefined,
      },
      code: 1,
      hold: names('us-south'),
    }),
  ),
  {
    kind: 'redirects',
    odd: 'GET /instances answers 302 to itself',
    args: ['instances', 'list'],
    bend: {
      answer: asked =>
        asked.call === 'instances' && asked.region === 'us-south' ? redirect(asked.url.href, 302) : undefined,
    },
    code: 1,
    requests: 30,
    hold: names('us-south'),
  },
]

/** Who is redirected wants to know from where to where. */
function bothHosts({run, cloud}: Seen): string[] {
  const hosts = [cloud.origin, cloud.trap].map(origin => new URL(origin).host)
  return hosts.filter(host => !printedBy(run).includes(host)).map(host => `it does not tell the host ${host}`)
}

export const regionTrials: Trial[] = [...endpointTrials, ...entryTrials, ...statusTrials, ...answerTrials, ...more]
