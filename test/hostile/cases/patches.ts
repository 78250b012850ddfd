import type {Bend} from '../fake-cloud.ts'
import {printedBy} from '../oracles.ts'
import {cut, drip, noHttp, redirect, reset, silence, stall, text, wrongLength} from '../replies.ts'
import type {Trial} from '../trial.ts'
import {isRow, type Reply, refusal} from '../wire.ts'
import {instanceIdOf, instanceNamed, off, type Row, type Settings, secure} from '../world.ts'

const kind = 'an answer to a PATCH'
const [alpha, bravo, delta] = ['alpha', 'bravo', 'delta'].map(instanceIdOf) as [string, string, string]
const http: Settings = {enabled: true, protocol: 'http', response_hop_limit: 1}
const args = ['metadata', 'enable', 'alpha', '--protocol', 'https', '--timeout', '2']

/** What is answered where a 200 should hold the instance as it is now. */
const oddAnswers: Record<string, (honest: Row) => Reply> = {
  'an empty body': () => ({raw: ''}),
  '204 without a body': () => ({status: 204, act: response => response.writeHead(204).end()}),
  '202 without a body': () => ({status: 202, raw: ''}),
  'an empty object': () => ({body: {}}),
  null: () => ({body: null}),
  'an array': honest => ({body: [honest]}),
  'no settings': ({metadata_service, ...rest}) => ({body: rest}),
  'null settings': honest => ({body: {...honest, metadata_service: null}}),
  'half of the settings': honest => ({body: {...honest, metadata_service: {enabled: true}}}),
  'old settings': honest => ({body: {...honest, metadata_service: off}}),
  'other settings': honest => ({body: {...honest, metadata_service: http}}),
  'another hop limit': honest => ({body: {...honest, metadata_service: {...secure, response_hop_limit: 64}}}),
  'settings of wrong types': honest => ({body: {...honest, metadata_service: {...secure, enabled: 'true'}}}),
  HTML: () => text('<html><body>Welcome</body></html>', 'text/html'),
  'plain text': () => text('OK'),
  'JSON cut short': honest => ({raw: JSON.stringify(honest).slice(0, 200)}),
  'half of the body, then a broken connection': honest => cut(honest),
  'half of the body, then silence': honest => stall(honest),
  'a body longer than told': honest => wrongLength(honest, -20),
  'a body shorter than told': honest => wrongLength(honest, 20),
  'a broken connection': () => reset,
  silence: () => silence,
  'a byte now and then': () => drip,
  'no HTTP': () => noHttp('SSH-2.0-OpenSSH_9.6\r\n'),
  '500 with an error': () => refusal(500, 'internal_error', 'Something broke.'),
  '502 with a page': () => text('<html>Bad gateway</html>', 'text/html', 502),
  '503 without a word': () => ({status: 503, raw: ''}),
  '504 without a word': () => ({status: 504, raw: ''}),
  '429 with Retry-After 0': () => refusal(429, 'too_many_requests', 'Too many.', {'retry-after': '0'}),
  '409 with an error': () => refusal(409, 'instance_conflict', 'The instance is being updated.'),
  '412 with an error': () => refusal(412, 'precondition_failed', 'Changed since.'),
  '401 with an error': () => refusal(401, 'not_authenticated', 'The token is not valid.'),
  '403 with an error': () => refusal(403, 'not_authorized', 'Not authorized.'),
  '404 with an error': () => refusal(404, 'not_found', 'Gone.'),
  '400 with an error': () => refusal(400, 'bad_field', 'allowed_use forbids it.'),
}

/** Answers that ask to wait are waited for, as README says, for five minutes. */
const patient = /^(503|429)/
/** Of a change that was made and is refused for another one, vpcmd hears only after two minutes. */
const patientOnceMade = /^(503|429|409)/
const waiting = /silence|now and then|^5|^429|^409|broken|no HTTP|shorter|longer/

const changedAt = (id: string) => (asked: {call: string; id?: string}) => asked.call === 'patch' && asked.id === id

const notMade = Object.entries(oddAnswers).map(
  ([odd, make]): Trial => ({
    kind,
    odd: `not made, and always answered with ${odd}`,
    args,
    bend: {
      answer: (asked, cloud) =>
        changedAt(alpha)(asked)
          ? make({...structuredClone(instanceNamed(cloud.world, 'alpha')), metadata_service: secure})
          : undefined,
    },
    mayChange: [alpha],
    code: [1, 3, 4],
    waits: waiting.test(odd),
    oneMode: true,
    ...(patient.test(odd) ? {endAfterMs: 10_000, requests: 40} : {}),
  }),
)

const made = Object.entries(oddAnswers).map(
  ([odd, make]): Trial => ({
    kind,
    odd: `made, and then always answered with ${odd}`,
    args,
    bend: {
      afterwards: (asked, reply) => (changedAt(alpha)(asked) && isRow(reply.body) ? make(reply.body) : undefined),
    },
    mayChange: [alpha],
    code: [0, 1, 3, 4],
    waits: waiting.test(odd),
    oneMode: true,
    ...(patientOnceMade.test(odd) ? {endAfterMs: 10_000, requests: 40} : {}),
  }),
)

const madeOnce = Object.entries(oddAnswers).map(
  ([odd, make]): Trial => ({
    kind,
    odd: `made, and only the first time answered with ${odd}`,
    args,
    bend: {
      afterwards: (asked, reply) =>
        changedAt(alpha)(asked) && asked.nth === 1 && isRow(reply.body) ? make(reply.body) : undefined,
    },
    mayChange: [alpha],
    code: [0, 1, 3, 4],
    waits: waiting.test(odd),
    modes: ['json'],
    hold: ({run, cloud}) => {
      const inCloud = JSON.stringify(instanceNamed(cloud.world, 'alpha').metadata_service)
      const right = inCloud === JSON.stringify({...off, enabled: true, protocol: 'https'})
      return right ? [] : [`the cloud has ${inCloud}, the code is ${run.code}`]
    },
  }),
)

const transient = [
  '500 with an error',
  '502 with a page',
  '503 without a word',
  '504 without a word',
  '409 with an error',
  '429 with Retry-After 0',
  'a broken connection',
  'silence',
  '401 with an error',
]

const refusedOnce = transient.map(
  (odd): Trial => ({
    kind,
    odd: `refused once with ${odd}, then made`,
    args,
    bend: {
      answer: (asked, cloud) =>
        changedAt(alpha)(asked) && asked.nth === 1 ? oddAnswers[odd]?.(instanceNamed(cloud.world, 'alpha')) : undefined,
    },
    mayChange: [alpha],
    code: 0,
    modes: ['json'],
    waits: true,
  }),
)

/** Each other command that sends a PATCH, where it is not made and the answer says nothing of it. */
const commands: [string, Pick<Trial, 'args' | 'before' | 'mayChange'>][] = [
  ['disable', {args: ['metadata', 'disable', 'bravo', '--yes'], mayChange: [bravo]}],
  [
    'apply',
    {
      before: [['metadata', 'plan', '--enable', 'alpha', 'delta', '--out', '{dir}/plan.json']],
      args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
      mayChange: [alpha, delta],
    },
  ],
  [
    'undo',
    {
      before: [['metadata', 'enable', 'alpha', 'delta']],
      args: ['metadata', 'undo', '--yes'],
      mayChange: [alpha, delta],
    },
  ],
  ['enable --all', {args: ['metadata', 'enable', '--all', '--yes'], mayChange: [alpha, delta]}],
  ['enable --canary', {args: ['metadata', 'enable', '--all', '--yes', '--canary', '1'], mayChange: [alpha, delta]}],
]
const silentLies = [
  'an empty body',
  '204 without a body',
  'an empty object',
  'no settings',
  'null settings',
  'old settings',
  'other settings',
  'HTML',
  'null',
]

const byCommand = commands.flatMap(([name, trial]) =>
  silentLies.map(
    (odd): Trial => ({
      kind,
      odd: `${name}: not made, and answered with ${odd}`,
      ...trial,
      bend: {
        answer: (asked, cloud) => {
          if (asked.call !== 'patch') return undefined
          const row = [...cloud.world.places.values()]
            .flatMap(place => place.instances)
            .find(one => one.id === asked.id)
          if (odd === 'old settings') return {body: structuredClone(row)}
          const other = {enabled: true, protocol: 'http', response_hop_limit: 7}
          return odd === 'other settings' ? {body: {...row, metadata_service: other}} : oddAnswers[odd]?.({...row})
        },
      },
      code: 1,
      oneMode: true,
    }),
  ),
)

const resumed: Trial[] = silentLies.map(odd => ({
  kind,
  odd: `resume of a failed run: not made, and answered with ${odd}`,
  // The only run there is: its ID begins with the century.
  args: ['metadata', 'resume', '20', '--yes'],
  oneMode: true,
  bend: {
    answer: (asked, cloud) => {
      if (!changedAt(alpha)(asked)) return undefined
      const row = structuredClone(instanceNamed(cloud.world, 'alpha'))
      const other = {enabled: true, protocol: 'http', response_hop_limit: 7}
      if (odd === 'old settings') return {body: row}
      return odd === 'other settings' ? {body: {...row, metadata_service: other}} : oddAnswers[odd]?.(row)
    },
  },
  // A run of which alpha failed, so that there is something to resume.
  before: [],
  first: {args: ['metadata', 'enable', 'alpha', 'delta'], refuse: 400},
  mayChange: [alpha, delta],
  code: 1,
}))

const conflict: Bend = {
  answer: (asked, cloud) => {
    // Somebody else turns the service on, with other settings, between the look and the PATCH.
    if (changedAt(alpha)(asked)) instanceNamed(cloud.world, 'alpha').metadata_service = {...http, response_hop_limit: 5}
    return undefined
  },
}

const lost: Trial[] = [
  {
    kind,
    odd: 'somebody else is quicker: the hop limit that was not named stays theirs',
    args: ['metadata', 'enable', 'alpha', '--protocol', 'https'],
    bend: conflict,
    mayChange: [alpha],
    hold: ({cloud, run}) => {
      const settings = instanceNamed(cloud.world, 'alpha').metadata_service
      const kept = isRow(settings) && settings.response_hop_limit === 5
      return kept && (run.code === 1 || printedBy(run).includes('5'))
        ? []
        : [`the cloud has ${JSON.stringify(settings)}`]
    },
  },
  {
    kind,
    odd: 'a PATCH is redirected to another host',
    args,
    bend: {answer: (asked, cloud) => (asked.call === 'patch' ? redirect(`${cloud.trap}/steal`) : undefined)},
    mayChange: [alpha],
    code: 1,
    says: ['127.0.0.1'],
  },
  {
    kind,
    odd: 'a PATCH is redirected to another instance',
    args,
    bend: {
      answer: (asked, cloud) =>
        asked.call === 'patch' && asked.id === alpha
          ? redirect(`${cloud.origin}/us-south/v1/instances/${bravo}?version=2026-03-24&generation=2`, 308)
          : undefined,
    },
    mayChange: [alpha],
    code: 1,
  },
]

export const patchTrials: Trial[] = [
  ...notMade,
  ...made,
  ...madeOnce,
  ...refusedOnce,
  ...byCommand,
  ...resumed,
  ...lost,
]
