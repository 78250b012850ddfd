import type {Bend, FakeCloud} from '../fake-cloud.ts'
import {jsonRows, printedBy} from '../oracles.ts'
import {redirect, reset, silence, text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, isRow, type Reply, refusal} from '../wire.ts'
import {instanceIdOf, instanceNamed, type Row} from '../world.ts'

const kind = 'restarts and journals'
const [alpha, bravo, delta] = ['alpha', 'bravo', 'delta'].map(instanceIdOf) as [string, string, string]

const restart = [
  'metadata',
  'enable',
  'alpha',
  '--restart',
  '--accept-downtime',
  '--step-timeout',
  '4',
  '--timeout',
  '2',
]

const neverDone = ({mode, run}: Seen): string[] => {
  const done =
    mode === 'json'
      ? jsonRows(run, alpha).some(
          ({row}) => row.restart === 'done' || (isRow(row.restart) && row.restart.result === 'done'),
        )
      : / done\b/.test(run.stdout)
  return done ? ['the restart is told as done'] : []
}

const stopsOnce = ({asked}: Seen): string[] => {
  const stops = asked.filter(({call, body}) => call === 'actions' && body.includes('"stop"'))
  return stops.length > 5 ? [`${stops.length} stops were sent`] : []
}

const onAction = (reply: Reply | ((asked: Asked, cloud: FakeCloud) => Reply | undefined)): Bend => ({
  answer: (asked, cloud) => {
    if (asked.call !== 'actions') return undefined
    return typeof reply === 'function' ? reply(asked, cloud) : reply
  },
})

/** A stop that the cloud refuses, or takes without doing it. */
const stops: [string, Bend][] = [
  ['400', onAction(refusal(400, 'bad_action', 'No.'))],
  ['403', onAction(refusal(403, 'not_authorized', 'No.'))],
  ['404', onAction(refusal(404, 'not_found', 'Gone.'))],
  ['409 for ever', onAction(refusal(409, 'instance_conflict', 'Busy.'))],
  ['500 for ever', onAction(refusal(500, 'internal_error', 'Broken.'))],
  ['201 with an empty body, not done', onAction({status: 201, raw: ''})],
  ['201 with null, not done', onAction({status: 201, body: null})],
  ['201 with an array, not done', onAction({status: 201, body: []})],
  ['200 with HTML, not done', onAction(text('<html>Hello</html>', 'text/html'))],
  ['201 of another action, not done', onAction({status: 201, body: {id: 'x', type: 'reboot', status: 'failed'}})],
  ['201 of an action that failed', onAction({status: 201, body: {id: 'x', type: 'stop', status: 'failed'}})],
  ['a redirect', onAction((_, cloud) => redirect(`${cloud.trap}/stop`))],
  ['silence', onAction(silence)],
  ['a broken connection', onAction(reset)],
]
const stopTrials = stops.map(
  ([odd, bend]): Trial => ({
    kind,
    odd: `a stop is answered with ${odd}`,
    args: restart,
    bend,
    mayChange: [alpha],
    mayAct: [alpha],
    code: [1, 3, 4],
    hold: seen => [...neverDone(seen), ...stopsOnce(seen)],
    waits: true,
    oneMode: true,
  }),
)

/** What the cloud says of the instance while its stop is awaited. */
const polls: [string, (row: Row) => unknown][] = [
  ['no status', row => void delete row.status],
  ['a null status', row => void Object.assign(row, {status: null})],
  ['a new status', row => void Object.assign(row, {status: 'hibernating'})],
  ['a number for a status', row => void Object.assign(row, {status: 0})],
  ['stopped in capitals', row => void Object.assign(row, {status: 'STOPPED'})],
  ['status failed', row => void Object.assign(row, {status: 'failed'})],
  ['running for ever', row => void Object.assign(row, {status: 'running'})],
  ['stopping for ever', row => void Object.assign(row, {status: 'stopping'})],
  ['status deleting', row => void Object.assign(row, {status: 'deleting'})],
  ["bravo's ID, stopped", row => ({...row, id: bravo, status: 'stopped'})],
  ['no ID, stopped', ({id, ...row}) => ({...row, status: 'stopped'})],
  ['null', () => 'NULL'],
  ['an empty object', () => ({})],
  ['an array', row => [row]],
]
const pollTrials = polls.map(
  ([odd, edit]): Trial => ({
    kind,
    odd: `while a stop is awaited, the cloud answers with ${odd}`,
    args: restart,
    bend: {
      answer: asked =>
        asked.call === 'actions' && asked.body.includes('"start"') ? refusal(400, 'no', 'No start.') : undefined,
      afterwards: (asked, reply, cloud) => {
        const stopped = cloud.actions.length > 0
        if (!stopped || !isRow(reply.body)) return undefined
        const edit1 = (row: Row) => {
          const copy = structuredClone(row)
          const made = edit(copy)
          return made === 'NULL' ? null : (made ?? copy)
        }
        if (asked.call === 'instance' && asked.id === alpha) return {body: edit1(reply.body)}
        if (asked.call !== 'instances' || !Array.isArray(reply.body.instances)) return undefined
        return {
          body: {
            ...reply.body,
            instances: reply.body.instances.map(row => (isRow(row) && row.id === alpha ? edit1(row) : row)),
          },
        }
      },
    },
    mayChange: [alpha],
    mayAct: [alpha],
    code: 1,
    says: [alpha],
    hold: seen => [...neverDone(seen), ...stopsOnce(seen)],
    waits: true,
    oneMode: true,
    requests: 200,
  }),
)

const startTrials: Trial[] = (
  [
    ['409 once', refusal(409, 'instance_conflict', 'Busy.'), 0],
    ['500 once', refusal(500, 'internal_error', 'Broken.'), 0],
    ['a broken connection once', reset, 0],
    ['400 for ever', refusal(400, 'no_capacity', 'No capacity.'), 1],
    ['403 for ever', refusal(403, 'not_authorized', 'No.'), 1],
    ['404 for ever', refusal(404, 'not_found', 'Gone.'), 1],
  ] as [string, Reply, number][]
).map(([odd, reply, code]) => ({
  kind,
  odd: `a start is answered with ${odd}`,
  args: restart.map(arg => (arg === '4' ? '20' : arg)),
  bend: {
    answer: (asked: Asked, cloud: FakeCloud) => {
      if (asked.call !== 'actions' || !asked.body.includes('"start"')) return undefined
      const before = cloud.asked.filter(other => other.call === 'actions' && other.body.includes('"start"')).length
      return odd.endsWith('once') && before > 1 ? undefined : reply
    },
  },
  mayChange: [alpha],
  mayAct: [alpha],
  code: code === 0 ? 0 : [1, 3],
  says: code === 0 ? [] : [/resume/],
  waits: true,
  hold: (seen: Seen) => (code === 0 ? [] : neverDone(seen)),
}))

const notAsked: Trial[] = [
  {
    kind,
    odd: 'local disks appear right before the stop',
    args: restart,
    bend: {
      change: (_asked, body, cloud) => {
        const patched = cloud.asked.some(other => other.call === 'patch')
        if (patched && body.id === alpha) body.disks = [{id: 'd', name: 'disk-1', size: 150, interface_type: 'nvme'}]
      },
    },
    mayChange: [alpha],
    hold: neverDone,
  },
  ...([null, undefined, 'none', {}, 0] as unknown[]).map(
    (disks): Trial => ({
      kind,
      odd: `the disks are ${disks === undefined ? 'missing' : JSON.stringify(disks)}: nobody knows what a stop erases`,
      args: restart,
      bend: {
        change: (_, body) => {
          for (const row of Array.isArray(body.instances) ? body.instances.filter(isRow) : [body])
            if (row.id === alpha) {
              if (disks === undefined) delete row.disks
              else row.disks = disks
            }
        },
      },
      mayChange: [alpha],
      code: [0, 1],
      hold: neverDone,
      waits: true,
      oneMode: true,
    }),
  ),
  {
    kind,
    odd: 'the PATCH is not made: nothing is stopped for it',
    args: restart,
    bend: {answer: asked => (asked.call === 'patch' ? {raw: ''} : undefined)},
    mayChange: [alpha],
    code: 1,
    hold: neverDone,
  },
  {
    kind,
    odd: 'the PATCH answers with old settings: nothing is stopped for it',
    args: restart,
    bend: {
      answer: (asked, cloud) =>
        asked.call === 'patch' ? {body: structuredClone(instanceNamed(cloud.world, 'alpha'))} : undefined,
    },
    mayChange: [alpha],
    code: 1,
    hold: neverDone,
  },
]

/** Undo, resume and apply after something has changed in the cloud. */
const turned: [string, (row: Row) => void][] = [
  [
    'changed by somebody else',
    row => void Object.assign(row, {metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 9}}),
  ],
  ['without settings', row => void delete row.metadata_service],
  ['with half of the settings', row => void Object.assign(row, {metadata_service: {enabled: true}})],
  [
    'with a new protocol',
    row => void Object.assign(row, {metadata_service: {enabled: true, protocol: 'quic', response_hop_limit: 1}}),
  ],
  [
    'on s390x',
    row => void Object.assign(row, {vcpu: {architecture: 's390x', count: 1, manufacturer: 'ibm', percentage: 100}}),
  ],
]
const turnedTrials = turned.flatMap(([odd, edit]): Trial[] => {
  const turn: Trial['turn'] = world => edit(instanceNamed(world, 'alpha'))
  return [
    {
      kind,
      odd: `undo: the instance is ${odd} meanwhile`,
      before: [['metadata', 'enable', 'alpha', '--protocol', 'https']],
      turn,
      args: ['metadata', 'undo', '--yes'],
      bend: {},
      code: 1,
    },
    {
      kind,
      odd: `apply: the instance is ${odd} meanwhile`,
      before: [['metadata', 'plan', '--enable', '--protocol', 'https', 'alpha', '--out', '{dir}/plan.json']],
      turn,
      args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
      bend: {},
      code: 1,
    },
    {
      kind,
      odd: `resume: the instance is ${odd} meanwhile`,
      first: {args: ['metadata', 'enable', 'alpha', 'delta', '--protocol', 'https'], refuse: 400},
      turn,
      args: ['metadata', 'resume', '20', '--yes'],
      bend: {},
      code: 1,
      mayChange: [delta],
    },
  ]
})

const accounts: Trial[] = ['undo', 'resume'].map(command => ({
  kind,
  odd: `${command}: the instance is gone meanwhile`,
  before: [['metadata', 'enable', 'alpha']],
  turn: world => {
    for (const place of world.places.values()) place.instances = place.instances.filter(row => row.id !== alpha)
  },
  args: ['metadata', command, ...(command === 'resume' ? ['20'] : []), '--yes'],
  bend: {},
  code: command === 'undo' ? [1, 4] : [0, 1, 4],
  hold: ({run}) => (command === 'undo' && !printedBy(run).includes('alpha') ? ['alpha is not named'] : []),
}))

export const restartTrials: Trial[] = [
  ...stopTrials,
  ...pollTrials,
  ...startTrials,
  ...notAsked,
  ...turnedTrials,
  ...accounts,
]
