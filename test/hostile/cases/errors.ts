import type {Bend} from '../fake-cloud.ts'
import {jsonOf, jsonRows, printedBy} from '../oracles.ts'
import {text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, ibmTrace, isRow, type Reply, refusal} from '../wire.ts'
import {instanceIdOf} from '../world.ts'

const kind = 'error bodies'
const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]
const trace = ibmTrace

/** Bodies of an error, each with a trace where there is a place for one. */
const bodies: [string, unknown][] = [
  ['of IBM', {errors: [{code: 'bad_field', message: 'The field is bad.'}], trace}],
  [
    'of IBM, with target and link',
    {
      errors: [
        {
          code: 'bad_field',
          message: 'Bad.',
          more_info: 'https://x/docs',
          target: {name: 'start', type: 'parameter', value: 'x'},
        },
      ],
      trace,
    },
  ],
  [
    'with two errors',
    {
      errors: [
        {code: 'one', message: 'First fault.'},
        {code: 'two', message: 'Second fault.'},
      ],
      trace,
    },
  ],
  ['with no errors', {errors: [], trace}],
  ['with a null error', {errors: [null], trace}],
  ['with a text for an error', {errors: ['broken'], trace}],
  ['with an empty error', {errors: [{}], trace}],
  ['with null code and message', {errors: [{code: null, message: null}], trace}],
  ['with numbers', {errors: [{code: 42, message: 43}], trace}],
  ['with objects', {errors: [{code: {}, message: {text: 'x'}}], trace}],
  ['with a code alone', {errors: [{code: 'bad_field'}], trace}],
  ['with a message alone', {errors: [{message: 'Just words.'}], trace}],
  ['with a null target', {errors: [{code: 'x', message: 'y', target: null, more_info: null}], trace}],
  ['with an object for errors', {errors: {code: 'x', message: 'Not in a list.'}, trace}],
  ['with a text for errors', {errors: 'broken', trace}],
  ['with null errors', {errors: null, trace}],
  ['with a message at the top', {message: 'At the top.', trace}],
  ['with an error at the top', {error: 'bad_request', error_description: 'At the top too.', trace}],
  ['with an object for error', {error: {code: 'x', message: 'Inside.'}, trace}],
  ['of IAM', {errorCode: 'BXNIM0415E', errorMessage: 'Not found.', trace}],
  ['with a trace alone', {trace}],
  ['with a number for a trace', {errors: [{code: 'x', message: 'y'}], trace: 4711}],
  ['with an object for a trace', {errors: [{code: 'x', message: 'y'}], trace: {id: 1}}],
  ['with a null trace', {errors: [{code: 'x', message: 'y'}], trace: null}],
  [
    'with escapes',
    {errors: [{code: 'x\u001b[2J', message: 'red\u001b[31m\u0007\u202e\u200b text\r\nError: fake'}], trace: `${trace}`},
  ],
  ['with escapes in its trace', {errors: [{code: 'x', message: 'y'}], trace: `\u001b]0;title\u0007${trace}`}],
  ['with a line break', {errors: [{code: 'x', message: 'first\nsecond\n    at evil (file:1:1)'}], trace}],
  ['an empty object', {}],
  ['an array', []],
  ['null', null],
  ['a text in JSON', 'broken'],
  ['a number', 7],
]
const raws: [string, Reply][] = [
  ['nothing', {raw: ''}],
  ['plain text', text('upstream connect error', 'text/plain')],
  [
    'HTML',
    text('<html><head><title>400</title></head><body><h1>Bad</h1><script>alert(1)</script></body></html>', 'text/html'),
  ],
  ['JSON cut short', {raw: '{"errors":[{"code":"x","mess'}],
]

const answers: [string, Reply][] = [...bodies.map(([odd, body]): [string, Reply] => [odd, {body}]), ...raws]

const south = (reply: Reply, calls: string[] = ['instances']): Bend => ({
  answer: (asked: Asked) => (calls.includes(asked.call) && asked.region === 'us-south' ? reply : undefined),
})

const hasTrace = (reply: Reply) => JSON.stringify(reply.body ?? null).includes(trace)

const regionFails = ({run}: Seen): string[] => [
  ...[charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`),
  ...(run.stderr.includes('us-south') ? [] : ['stderr does not name us-south']),
  ...(run.stderr.length > 3000 ? [`stderr has ${run.stderr.length} characters`] : []),
]

const errorInJson = ({mode, run}: Seen): string[] => {
  if (mode === 'text') return run.stderr.includes('Error') ? [] : ['stderr has no error']
  const value = jsonOf(run)
  const failed = isRow(value) && Array.isArray(value.failed) ? value.failed[0] : value
  const error = isRow(failed) ? failed.error : undefined
  const whole = isRow(error) && typeof error.code === 'string' && typeof error.message === 'string' && error.message
  return whole ? [] : ['no error with code and message in the JSON']
}

const byBody = answers.flatMap(([odd, reply]): Trial[] => {
  const says = hasTrace(reply) ? [trace] : []
  const bad = {...reply, status: 400}
  return [
    {
      kind,
      odd: `400 for the list, ${odd}`,
      args: ['instances', 'list'],
      bend: south(bad),
      code: 1,
      says,
      hold: regionFails,
    },
    {
      kind,
      odd: `400 for a GET, ${odd}`,
      args: ['metadata', 'show', alpha],
      bend: south(bad, ['instance']),
      code: 1,
      says,
      hold: errorInJson,
      oneMode: true,
    },
    {
      kind,
      odd: `403 for a PATCH, ${odd}`,
      args: ['metadata', 'enable', alpha],
      bend: south({...reply, status: 403}, ['patch']),
      code: [1, 3],
      says: [...says, 'is.instance.instance.update'],
      hold: errorInJson,
      mayChange: [alpha],
      oneMode: true,
    },
    {
      kind,
      odd: `500 for a PATCH, ${odd}`,
      args: ['metadata', 'enable', alpha],
      bend: south({...reply, status: 500}, ['patch']),
      code: 1,
      says,
      hold: errorInJson,
      mayChange: [alpha],
      oneMode: true,
      waits: true,
    },
  ]
})

/** Each status, for each call. */
const statuses: [number, string, number[]][] = [
  [400, 'bad_field', [1]],
  [401, 'not_authenticated', [1, 3]],
  [403, 'not_authorized', [1, 3]],
  [404, 'not_found', [1, 4]],
  [405, 'method_not_allowed', [1]],
  [409, 'instance_conflict', [1]],
  [410, 'gone', [1, 4]],
  [412, 'precondition_failed', [1]],
  [415, 'bad_type', [1]],
  [418, 'teapot', [1]],
  [422, 'unprocessable', [1]],
  [451, 'legal', [1, 3]],
  [500, 'internal_error', [1]],
  [501, 'not_implemented', [1]],
  [502, 'bad_gateway', [1]],
  [504, 'gateway_timeout', [1]],
  [505, 'version', [1]],
  [511, 'network_login', [1]],
  [599, 'odd', [1]],
]
const actions: [string, string[], string, string][] = [
  ['instances', ['instances', 'list'], 'is.instance.instance.list', 'us-south'],
  ['instance', ['instances', 'show', alpha], 'is.instance.instance.read', ''],
  ['patch', ['metadata', 'enable', alpha], 'is.instance.instance.update', ''],
  ['floating_ips', ['instances', 'list'], 'is.floating-ip.floating-ip.list', 'us-south'],
  ['templates', ['metadata', 'audit'], 'is.instance.instance-template.read', 'us-south'],
  ['bare_metal_servers', ['metadata', 'audit'], 'is.bare-metal-server.bare-metal-server.list', 'us-south'],
]
const byStatus = statuses.flatMap(([status, code, codes]) =>
  actions.map(
    ([call, args, action, region]): Trial => ({
      kind: 'statuses',
      odd: `${status} for ${call}`,
      args,
      bend: south(refusal(status, code, 'As the test says.'), [call]),
      code: codes,
      says: [trace, ...(region ? [region] : []), ...(status === 403 ? [action] : [])],
      hold: ({run}) =>
        region ? [charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`) : [],
      mayChange: call === 'patch' ? [alpha] : [],
      oneMode: true,
      waits: status >= 500 || status === 409,
    }),
  ),
)

/** What is asked to wait, is waited for, and comes through. */
const passing = (
  [
    ['429, Retry-After 1', refusal(429, 'too_many_requests', 'Slow down.', {'retry-after': '1'})],
    ['429, no Retry-After', refusal(429, 'too_many_requests', 'Slow down.')],
    ['429, Retry-After 0', refusal(429, 'too_many_requests', 'Slow down.', {'retry-after': '0'})],
    ['429, Retry-After -5', refusal(429, 'too_many_requests', 'Slow down.', {'retry-after': '-5'})],
    [
      '429, Retry-After in the past',
      refusal(429, 'too_many_requests', 'Slow down.', {'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT'}),
    ],
    ['429, Retry-After "soon"', refusal(429, 'too_many_requests', 'Slow down.', {'retry-after': 'soon'})],
    ['503, Retry-After 1', refusal(503, 'unavailable', 'Later.', {'retry-after': '1'})],
    ['503, no Retry-After', refusal(503, 'unavailable', 'Later.')],
    ['500', refusal(500, 'internal_error', 'Broken.')],
    ['502 with HTML', text('<html>Bad gateway</html>', 'text/html', 502)],
    ['504', {status: 504, raw: ''}],
  ] as [string, Reply][]
).flatMap(([odd, reply]): Trial[] =>
  (
    [
      ['instances', ['instances', 'list'], []],
      ['instance', ['metadata', 'show', alpha], []],
      ['patch', ['metadata', 'enable', alpha], [alpha]],
      ['templates', ['metadata', 'audit'], []],
    ] as [string, string[], string[]][]
  ).map(([call, args, mayChange]) => ({
    kind: 'statuses',
    odd: `${call} answers once with ${odd}`,
    args,
    bend: {
      answer: asked => (asked.call === call && asked.nth === 1 && asked.region === 'us-south' ? reply : undefined),
    },
    code: 0,
    says: [alpha],
    mayChange,
    oneMode: true,
    waits: true,
  })),
)

/** What is refused for ever with a Retry-After that helps nobody: no flood. */
const endless = ['0', '-5', 'soon', '1', '999999999'].flatMap(after =>
  ([429, 503] as const).map(
    (status): Trial => ({
      kind: 'statuses',
      odd: `the list answers ${status} for ever, Retry-After ${after}`,
      args: ['instances', 'list'],
      bend: south(refusal(status, 'later', 'Later.', {'retry-after': after})),
      endAfterMs: 8_000,
      requests: 25,
      code: 1,
      waits: true,
      oneMode: true,
    }),
  ),
)

const partial: Trial[] = [
  {
    kind,
    odd: 'both regions refuse',
    args: ['instances', 'list'],
    bend: {answer: asked => (asked.call === 'instances' ? refusal(403, 'not_authorized', 'No.') : undefined)},
    code: [1, 3],
    says: ['is.instance.instance.list', 'us-south', 'eu-de'],
  },
  {
    kind,
    odd: 'one of two instances is refused',
    args: ['metadata', 'enable', 'alpha', 'delta'],
    bend: south(refusal(403, 'not_authorized', 'No.'), ['patch']),
    mayChange: [alpha, delta],
    code: 1,
    hold: ({mode, run}) =>
      mode === 'json' && jsonRows(run, delta)[0]?.list !== 'changed' ? ['delta is not told as changed'] : [],
  },
  {
    kind,
    odd: 'the instance is gone between the list and the PATCH',
    args: ['metadata', 'enable', 'alpha'],
    bend: south(refusal(404, 'not_found', 'Gone.'), ['patch']),
    mayChange: [alpha],
    code: [1, 4],
    says: [trace],
  },
  {
    kind,
    odd: 'floating IPs are refused: the instances are listed',
    args: ['instances', 'list'],
    bend: south(refusal(403, 'not_authorized', 'No.'), ['floating_ips']),
    code: 1,
    says: [alpha, bravo, 'is.floating-ip.floating-ip.list'],
    hold: ({mode, run}) =>
      mode === 'json' && jsonRows(run, alpha)[0]?.row.floating_ips !== null ? ['floating_ips is not null'] : [],
  },
]

export const errorTrials: Trial[] = [...byBody, ...byStatus, ...passing, ...endless, ...partial]
