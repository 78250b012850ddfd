import {isTold, jsonRows, printedBy, tableRow} from '../oracles.ts'
import type {Case, Seen, Trial} from '../trial.ts'
import {type Asked, isRow} from '../wire.ts'
import {addInstance, instanceIdOf, off, type Row, secure, type World} from '../world.ts'

const kind = 'settings not told'

/** Every way in which settings were not told, in whole or in part. */
const untold: Record<string, unknown> = {
  missing: undefined,
  null: null,
  'a text': 'off',
  'an empty text': '',
  false: false,
  zero: 0,
  'a number': 1,
  'an empty object': {},
  'an empty array': [],
  'an array of settings': [{...secure}],
  'enabled missing': {protocol: 'https', response_hop_limit: 1},
  'enabled null': {...secure, enabled: null},
  'enabled "false"': {...secure, enabled: 'false'},
  'enabled "true"': {...secure, enabled: 'true'},
  'enabled 0': {...secure, enabled: 0},
  'enabled 1': {...secure, enabled: 1},
  'enabled an object': {...secure, enabled: {}},
  'enabled an array': {...secure, enabled: []},
  'protocol missing, on': {enabled: true, response_hop_limit: 1},
  'protocol missing, off': {enabled: false, response_hop_limit: 1},
  'protocol null': {...secure, protocol: null},
  'protocol empty': {...secure, protocol: ''},
  'protocol a new word': {...secure, protocol: 'h3'},
  'protocol in capitals': {...secure, protocol: 'HTTPS'},
  'protocol a number': {...secure, protocol: 443},
  'protocol an array': {...secure, protocol: ['https']},
  'protocol __proto__': {...secure, protocol: '__proto__'},
  'hop limit missing, on': {enabled: true, protocol: 'https'},
  'hop limit missing, off': {enabled: false, protocol: 'http'},
  'hop limit null': {...secure, response_hop_limit: null},
  'hop limit 0': {...secure, response_hop_limit: 0},
  'hop limit 65': {...secure, response_hop_limit: 65},
  'hop limit -1': {...secure, response_hop_limit: -1},
  'hop limit "1"': {...secure, response_hop_limit: '1'},
  'hop limit "2"': {...secure, response_hop_limit: '2'},
  'hop limit 1.5': {...secure, response_hop_limit: 1.5},
  'hop limit 1e308': {...secure, response_hop_limit: 1e308},
  'hop limit an array': {...secure, response_hop_limit: [1]},
  'hop limit true': {...secure, response_hop_limit: true},
}

const names = Object.keys(untold)
const nameOf = (odd: string) => `odd-${names.indexOf(odd)}`
const idOf = (odd: string) => instanceIdOf(nameOf(odd))
const healthy = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf)

function addAll(world: World): void {
  for (const odd of names) addInstance(world, nameOf(odd), off, row => spoil(row, untold[odd]))
}

/** Puts an odd value in place of the settings, or takes them away. */
function spoil(row: Row, settings: unknown): void {
  if (settings === undefined) delete row.metadata_service
  else row.metadata_service = settings
}

function casesOf(what: string, hold: (seen: Seen, id: string, odd: string) => string[]): Case[] {
  return names.map(odd => ({odd: `${what}: ${odd}`, hold: seen => hold(seen, idOf(odd), odd)}))
}

function listed({mode, run}: Seen, id: string): string[] {
  const found = mode === 'text' ? tableRow(run, id) : jsonRows(run, id)[0]
  if (!found) return [`${id} is not listed`]
  const cell = tableRow(run, id)?.Metadata
  return mode === 'text' && cell && /^(off|on|https?\/[\d.]+)$/.test(cell) ? [`it is shown as ${cell}`] : []
}

function notListed({run}: Seen, id: string): string[] {
  return run.stdout.includes(id) ? ['it matched the filter'] : []
}

function failedWithReason({mode, run, asked}: Seen, id: string): string[] {
  const sent = asked.some(request => request.call === 'patch' && request.id === id) ? ['it was sent a PATCH'] : []
  if (mode === 'text') {
    const result = tableRow(run, id)?.Result
    const told = run.stderr.includes(id) ? [] : ['stderr gives no reason']
    return [...sent, ...(result === 'failed' ? told : [`its result is ${result}, not failed`])]
  }
  const found = jsonRows(run, id)
  const lists = found.map(({list}) => list)
  if (lists.join() !== 'failed') return [...sent, `it is in ${lists.join() || 'no list'}, not in failed`]
  const error = found[0]?.row.error
  const reason = isRow(error) && typeof error.message === 'string' && error.message !== ''
  return [...sent, ...(reason ? [] : ['it has no reason'])]
}

function undetermined({mode, run}: Seen, id: string): string[] {
  const verdict = mode === 'text' ? tableRow(run, id)?.Verdict : jsonRows(run, id)[0]?.row.verdict
  return verdict === 'undetermined' ? [] : [`the verdict is ${String(verdict)}`]
}

function shownAsUnknown({mode, run}: Seen, id: string): string[] {
  if (mode === 'json') {
    const row = jsonRows(run, id)[0]?.row
    if (!row) return ['it is not shown']
    return isTold(row.metadata_service) ? ['its settings are made up'] : []
  }
  const row = tableRow(run, id)
  return row ? [] : ['it is not shown']
}

function showsHealthy(seen: Seen): string[] {
  return healthy.filter(id => !printedBy(seen.run).includes(id)).map(id => `${id} is missing`)
}

const ids = names.map(idOf)
const list = ['instances', 'list']
const filters: [string, string[]][] = [
  ['--metadata enabled', ['--metadata', 'enabled']],
  ['--metadata disabled', ['--metadata', 'disabled']],
  ['--protocol https', ['--protocol', 'https']],
  ['--protocol http', ['--protocol', 'http']],
  ['--hop-limit 1', ['--hop-limit', '1']],
  ['--hop-limit 2', ['--hop-limit', '2']],
]
const wholePolicy = 'version: 1\nrules:\n- {name: on, require: {enabled: true, protocol: https, hop_limit: 1}}\n'
const offPolicy = 'version: 1\nrules:\n- {name: off, require: {enabled: false}}\n'

export const settingsTrials: Trial[] = [
  {
    kind,
    odd: 'all, listed',
    args: list,
    bend: {world: addAll},
    cases: casesOf('listed', listed),
    hold: showsHealthy,
    code: 0,
  },
  {
    kind,
    odd: 'all, every column',
    args: [...list, '--columns', 'all'],
    modes: ['text'],
    bend: {world: addAll},
    cases: casesOf('listed with every column', ({run}, id) => (run.stdout.includes(id) ? [] : ['it is not listed'])),
    hold: showsHealthy,
    code: 0,
  },
  ...filters.map(
    ([what, args]): Trial => ({
      kind,
      odd: `all, with ${what}`,
      args: [...list, ...args],
      bend: {world: addAll},
      cases: casesOf(what, notListed),
    }),
  ),
  {
    kind,
    odd: 'all, metadata show --all',
    args: ['metadata', 'show', '--all'],
    bend: {world: addAll},
    cases: casesOf('metadata show', shownAsUnknown),
    hold: showsHealthy,
  },
  {
    kind,
    odd: 'all, metadata show by ID',
    args: ['metadata', 'show', ...ids],
    bend: {world: addAll},
    cases: casesOf('metadata show by ID', shownAsUnknown),
  },
  {
    kind,
    odd: 'all, enable --all',
    args: ['metadata', 'enable', '--all', '--protocol', 'https', '--yes'],
    bend: {world: addAll},
    mayChange: ['alpha', 'delta'].map(instanceIdOf),
    cases: casesOf('enable --all', failedWithReason),
    hold: showsHealthy,
    code: 1,
  },
  {
    kind,
    odd: 'all, enable by ID',
    args: ['metadata', 'enable', ...ids, instanceIdOf('alpha')],
    bend: {world: addAll},
    mayChange: [instanceIdOf('alpha')],
    cases: casesOf('enable by ID', failedWithReason),
    code: 1,
  },
  {
    kind,
    odd: 'all, disable by ID',
    args: ['metadata', 'disable', ...ids, instanceIdOf('bravo'), '--yes'],
    bend: {world: addAll},
    mayChange: [instanceIdOf('bravo')],
    cases: casesOf('disable by ID', failedWithReason),
    code: 1,
  },
  {
    kind,
    odd: 'all, enable --dry-run',
    args: ['metadata', 'enable', '--all', '--dry-run'],
    bend: {world: addAll},
    cases: casesOf('enable --dry-run', failedWithReason),
    code: 1,
  },
  {
    kind,
    odd: 'all, plan --disable --all',
    args: ['metadata', 'plan', '--disable', '--all', '--out', '{dir}/plan.json'],
    bend: {world: addAll},
    cases: casesOf('plan', ({run}, id) =>
      tableRow(run, id)?.Result === 'planned' || jsonRows(run, id).some(({list: where}) => where === 'planned')
        ? ['it is planned']
        : printedBy(run).includes(id)
          ? []
          : ['nothing is said of it'],
    ),
    code: 1,
  },
  ...(
    [
      ['the built-in policy', undefined],
      ['a policy that demands all', wholePolicy],
      ['a policy that demands off', offPolicy],
    ] as const
  ).map(
    ([what, policy]): Trial => ({
      kind,
      odd: `all, audit by ${what}`,
      args: ['metadata', 'audit', ...(policy ? ['--policy', '{dir}/policy.yaml'] : [])],
      files: policy ? {'policy.yaml': policy} : {},
      bend: {world: addAll},
      cases: casesOf(`audit by ${what}`, undetermined),
      hold: showsHealthy,
      code: 1,
    }),
  ),
  ...['missing', 'null', 'an empty object', 'enabled "false"', 'hop limit missing, on', 'protocol a new word'].flatMap(
    odd => laterTrials(odd),
  ),
]

/** The settings get lost between a plan or a run and what follows on it. */
function laterTrials(odd: string): Trial[] {
  const id = instanceIdOf('alpha')
  const bend = {
    change: (_asked: Asked, body: Row) => {
      for (const row of Array.isArray(body.instances) ? body.instances.filter(isRow) : [body])
        if (row.id === id) spoil(row, untold[odd])
    },
  }
  const never = {kind, bend, mayChange: [] as string[], code: 1, oneMode: true}
  const enable = ['metadata', 'enable', 'alpha', '--protocol', 'https']
  return [
    {
      ...never,
      odd: `settings lost after the plan: ${odd}`,
      before: [['metadata', 'plan', '--enable', 'alpha', '--out', '{dir}/plan.json']],
      args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
    },
    {...never, odd: `settings lost before an undo: ${odd}`, before: [enable], args: ['metadata', 'undo', '--yes']},
    {
      ...never,
      odd: `settings only in the PATCH's answer lost: ${odd}`,
      args: enable,
      mayChange: [id],
      code: [0, 1],
      bend: {
        change: (asked, body) => {
          if (asked.call === 'patch') spoil(body, untold[odd])
        },
      },
    },
    {
      ...never,
      odd: `settings of show lost: ${odd}`,
      args: ['metadata', 'show', 'alpha'],
      code: [0, 1],
      says: [id],
    },
    {
      ...never,
      odd: `settings of instances show lost: ${odd}`,
      args: ['instances', 'show', 'alpha'],
      code: 0,
      says: [id],
    },
  ]
}
