import type {Bend, FakeCloud} from '../fake-cloud.ts'
import {jsonRows, tableRow} from '../oracles.ts'
import {redirect} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, isRow} from '../wire.ts'
import {account, instanceIdOf, instanceNamed, placeOf, prod, type Row, second} from '../world.ts'
import {onlyIn, searching} from './tags.ts'

const [alpha, bravo, charlie, delta, echo, foxtrot] = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot'].map(
  instanceIdOf,
) as [string, string, string, string, string, string]
const own = [alpha, bravo, charlie, delta]
const both = ['--assume', 'auditor', '--account', `${account},${second}`, '--timeout', '2']
const policy = `version: 1
rules:
- {name: prod, match: {tag: '${prod}'}, require: {enabled: true, protocol: https}}
- {name: rest, require: {protocol: https}}
`
const files = {'policy.yaml': policy}
const forbidden = (call: string, of: (asked: Asked) => boolean = () => true): Bend => ({
  answer: asked => (asked.call === call && of(asked) ? {status: 403, body: {message: 'No.'}} : undefined),
})

const verdictOf = ({mode, run}: Seen, id: string): unknown =>
  mode === 'text' ? tableRow(run, id)?.Verdict : jsonRows(run, id)[0]?.row.verdict

const inSecond = (cloud: FakeCloud) => {
  const world = cloud.world.others.get(second)
  if (!world) throw new Error('There is no second account.')
  return placeOf(world, 'us-south')
}

/** Answers of one account, or one service, that want to reach into another. */
const strayTrials: Trial[] = [
  {
    kind: 'between accounts',
    odd: 'IAM sends who assumes a profile to another host',
    args: ['metadata', 'enable', '--all', '--yes', ...both],
    accounts: [account, second],
    mayChange: [alpha, delta],
    bend: {
      answer: (asked, cloud) =>
        asked.call === 'assume' && asked.body.includes(second) ? redirect(`${cloud.trap}/identity/token`) : undefined,
    },
    unread: [second],
    code: 1,
  },
  {
    kind: 'between accounts',
    odd: 'one account has a region at another host',
    args: ['instances', 'list', ...both],
    accounts: [account, second],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call !== 'regions' || asked.account !== second || !Array.isArray(body.regions)) return
        for (const region of body.regions) if (isRow(region)) region.endpoint = `${cloud.trap}/x`
      },
    },
    unread: [second],
    says: own,
    code: 1,
  },
  ...[{regions: null}, {regions: []}, {}, {regions: [{name: null}]}].map(
    (body): Trial => ({
      kind: 'between accounts',
      odd: `one account has as regions ${JSON.stringify(body)}`,
      args: ['metadata', 'audit', ...both],
      accounts: [account, second],
      bend: {answer: asked => (asked.call === 'regions' && asked.account === second ? {body} : undefined)},
      unread: [second],
      says: own,
      code: 1,
    }),
  ),
  {
    kind: 'between accounts',
    odd: "one account lists another's instances",
    args: ['metadata', 'audit', ...both],
    accounts: [account, second],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'instances' && asked.account === second)
          body.instances = structuredClone(placeOf(cloud.world, 'us-south').instances)
      },
    },
    says: own,
  },
  {
    kind: 'between accounts',
    odd: 'one account has an instance with the ID of another, which is off',
    args: ['metadata', 'disable', '--all', '--yes', '--account', second, '--assume', 'auditor'],
    accounts: [second],
    bend: {
      world: (_, cloud) => {
        for (const row of inSecond(cloud).instances) if (row.id === foxtrot) row.id = bravo
      },
    },
    mayChange: [bravo],
    hold: ({cloud}) => {
      const {metadata_service: now} = instanceNamed(cloud.world, 'bravo')
      return isRow(now) && now.enabled === true ? [] : ['it was changed in the account that was not asked for']
    },
  },
  {
    kind: 'between accounts',
    odd: 'all instances of one account go while they are read',
    args: ['instances', 'list', ...both],
    accounts: [account, second],
    bend: {
      change: (asked, body) => {
        if (asked.call === 'instances' && asked.account === second) Object.assign(body, {instances: [], total_count: 2})
      },
    },
    unread: [second],
    says: own,
    code: 1,
  },
]

/** Tags that chose a server and are not its own any more, or of which nobody tells. */
const tagged = (args: string[]): string[] => [...args, '--all', '--yes', '--tag', prod, '--timeout', '2']
const goneAfter = (times: number): Bend => ({
  change: (asked, body) => {
    if (asked.call === 'tags' && asked.nth > times) Object.assign(body, {items: [], total_count: 0})
  },
})
const bravosCrn: Bend = {
  world: world => {
    instanceNamed(world, 'alpha').crn = instanceNamed(world, 'bravo').crn
  },
  // Global Search has the right one, so that alpha is chosen.
  change: (asked, body) => {
    if (asked.call !== 'search' || !Array.isArray(body.items)) return
    const ofAlpha = body.items.find((item: Row) => item.name === 'alpha')
    if (ofAlpha) ofAlpha.crn = String(ofAlpha.crn).replace(bravo, alpha)
  },
}
const changeTrials: Trial[] = [
  {
    kind: 'tags',
    odd: "an instance has another one's CRN, whose tags are told",
    args: tagged(['metadata', 'enable']),
    bend: bravosCrn,
    code: 1,
    says: [alpha],
  },
  {
    kind: 'tags',
    odd: 'the tag is gone once the settings are changed, and before the restart',
    args: [...tagged(['metadata', 'enable']), '--restart', '--accept-downtime'],
    bend: goneAfter(1),
    mayChange: [alpha],
    // What is left out is told, and no failure.
    code: 0,
    says: [/left.out/, prod],
  },
  {
    kind: 'tags',
    odd: 'the tag is gone before a restart',
    args: [...tagged(['instances', 'restart']), '--accept-downtime'],
    bend: goneAfter(0),
    code: [1, 4],
  },
  {
    kind: 'tags',
    odd: 'the tag can not be read before a restart',
    args: [...tagged(['instances', 'restart']), '--accept-downtime'],
    bend: forbidden('tags'),
    code: [1, 3],
  },
  {
    kind: 'tags',
    odd: 'the tag can not be read before a dry run',
    args: [...tagged(['metadata', 'enable']), '--dry-run'],
    bend: forbidden('tags'),
    code: [1, 3],
    says: [alpha],
  },
]

const readTrials: Trial[] = [
  {
    kind: 'tags',
    odd: 'those of bare metal servers can not be read',
    args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml'],
    files,
    bend: forbidden('search', ({body}) => body.includes('bare-metal')),
    code: 1,
    hold: seen => {
      const id = String(placeOf(seen.cloud.world, 'eu-de').bareMetalServers[0]?.id)
      const verdict = verdictOf(seen, id)
      return verdict === 'undetermined' ? [] : [`the verdict of the bare metal server is ${String(verdict)}`]
    },
  },
  ...[['-o', 'jsonl', '--sort', 'none'], ['-q'], ['-q', '--sort', 'none'], ['-o', 'csv'], ['--limit', '1']].map(
    (flags): Trial => ({
      kind: 'tags',
      odd: `a search that is refused, with ${flags.join(' ')}`,
      args: ['instances', 'list', '--tag', prod, ...flags],
      modes: ['text'],
      bend: forbidden('search'),
      code: [1, 3],
      says: ['Global Search'],
    }),
  ),
  {
    kind: 'tags',
    odd: 'a search of one account that is refused, shown',
    args: ['metadata', 'show', '--all', '--columns', 'id,tags', ...both],
    accounts: [account, second],
    bend: onlyIn(second, forbidden('search')),
    unread: [second],
    says: [...own, echo, foxtrot],
    code: 1,
  },
  {
    kind: 'tags',
    odd: 'a search that is refused, for a policy of a plan',
    args: ['metadata', 'plan', '--disable', 'bravo', '--policy', '{dir}/policy.yaml'],
    files,
    bend: forbidden('search'),
    code: 0,
    says: ['Global Search', 'not marked'],
  },
  {
    kind: 'tags',
    odd: 'unknown ones, in a fix plan',
    args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml', '--fix-plan', '{dir}/fix.json'],
    files,
    bend: searching(items => {
      for (const item of items) item.tags = null
    }),
    code: 1,
    says: ['0 changes planned'],
  },
  {
    kind: 'tags',
    odd: 'a search that is throttled for ever',
    args: ['instances', 'list', '--tag', prod],
    bend: {
      answer: ({call}) =>
        call === 'search' ? {status: 429, headers: {'retry-after': '999999999'}, body: {message: 'Later.'}} : undefined,
    },
    endAfterMs: 8000,
    requests: 20,
    waits: true,
    code: [1],
  },
]

export const betweenTrials: Trial[] = [...strayTrials, ...changeTrials, ...readTrials]
