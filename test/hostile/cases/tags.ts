import type {Bend} from '../fake-cloud.ts'
import {jsonRows, tableRow} from '../oracles.ts'
import {cut, gzipBomb, redirect, text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import type {Asked, Reply} from '../wire.ts'
import {account, instanceIdOf, prod, type Row, second} from '../world.ts'
import {trouble} from './iam.ts'

const [alpha, bravo, charlie, delta, echo] = ['alpha', 'bravo', 'charlie', 'delta', 'echo'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
  string,
]
const own = [alpha, bravo, charlie, delta]
const policy = `version: 1
rules:
- {name: prod, match: {tag: '${prod}'}, require: {enabled: true, protocol: https, hop_limit: 1}}
- {name: rest, require: {protocol: https}}
`
const files = {'policy.yaml': policy}
const quick = ['--timeout', '2']

export const searching = (edit: (items: Row[], body: Row, asked: Asked) => unknown): Bend => ({
  change: (asked, body) =>
    asked.call === 'search' && Array.isArray(body.items) ? edit(body.items, body, asked) : undefined,
})
const answers =
  (call: 'search' | 'tags') =>
  (reply: Reply | ((asked: Asked) => Reply | undefined)): Bend => ({
    answer: asked => (asked.call === call ? (typeof reply === 'function' ? reply(asked) : reply) : undefined),
  })
const each = (edit: (item: Row) => unknown) => searching(items => void items.map(edit))

/** Answers of Global Search that tell nothing of any instance. */
const broken: [string, Bend][] = [
  ['an empty body', answers('search')({raw: ''})],
  ['null', answers('search')({body: null})],
  ['an array', answers('search')({body: []})],
  ['an empty object', answers('search')({body: {}})],
  ['HTML', answers('search')(text('<html><title>Sign in</title></html>', 'text/html'))],
  ['JSON cut short', answers('search')({raw: '{"items":[{"crn":"crn:v1'})],
  ['no items', searching((_, body) => void delete body.items)],
  ['null items', searching((_, body) => void Object.assign(body, {items: null}))],
  ['items that are an object', searching((items, body) => void Object.assign(body, {items: {0: items[0]}}))],
  ['204', answers('search')({status: 204, raw: ''})],
  ['400', answers('search')({status: 400, body: {message: 'Bad query.'}})],
  ['401', answers('search')({status: 401, body: {message: 'No.'}})],
  ['403', answers('search')({status: 403, body: {message: 'No.'}})],
  ['404', answers('search')({status: 404, body: {message: 'Not here.'}})],
  ['413', answers('search')({status: 413, raw: ''})],
  ['a redirect', answers('search')(redirect('http://127.0.0.1:1/search'))],
  ['half of the answer', answers('search')(cut({items: []}))],
  ['a gzip bomb', answers('search')(gzipBomb(128))],
  ['a cursor that leads nowhere new', searching((_, body) => void Object.assign(body, {search_cursor: '0'}))],
]

/** Answers that tell nothing of alpha, or nothing that is certain. Of the others they tell what there is. */
const ofAlpha = (edit: (item: Row) => unknown) =>
  searching(items => void items.filter(item => String(item.crn).endsWith(alpha)).map(edit))
const twice = (add: (items: Row[], one: Row) => unknown) =>
  searching(items => {
    const one = items.find(({crn}) => String(crn).endsWith(alpha))
    if (one) add(items, {...one, tags: []})
  })
const holes: [string, Bend][] = [
  [
    'no item',
    searching(
      (items, body) => void Object.assign(body, {items: items.filter(({crn}) => !String(crn).endsWith(alpha))}),
    ),
  ],
  ['no tags', ofAlpha(item => delete item.tags)],
  ['null tags', ofAlpha(item => (item.tags = null))],
  ['a text for tags', ofAlpha(item => (item.tags = prod))],
  ['an object for tags', ofAlpha(item => (item.tags = {0: prod}))],
  ['tags with a null', ofAlpha(item => (item.tags = [null, prod]))],
  ['tags that are objects', ofAlpha(item => (item.tags = [{name: prod}]))],
  ['tags that are numbers', ofAlpha(item => (item.tags = [1]))],
  ['no list at all', ofAlpha(item => ['tags', 'access_tags', 'service_tags'].map(name => delete item[name]))],
  ['no access tags, and no tags', ofAlpha(item => Object.assign(item, {tags: [], access_tags: null}))],
  ['no service tags, and no tags', ofAlpha(item => Object.assign(item, {tags: [], service_tags: 'x'}))],
  ['a null CRN', ofAlpha(item => (item.crn = null))],
  ['no CRN', ofAlpha(item => delete item.crn)],
  ['a CRN that is an object', ofAlpha(item => (item.crn = {id: alpha}))],
  ['a CRN that is short', ofAlpha(item => (item.crn = 'crn:v1:bluemix'))],
  ['a CRN that is a URL', ofAlpha(item => (item.crn = `https://x/instances/${alpha}`))],
  ['the CRN of another account', ofAlpha(item => (item.crn = String(item.crn).replace(account, second)))],
  ['the CRN of another service', ofAlpha(item => (item.crn = String(item.crn).replace(':is:', ':kms:')))],
  ['the CRN of a volume', ofAlpha(item => (item.crn = String(item.crn).replace(':instance:', ':volume:')))],
  ['two items that differ', twice((items, one) => items.push(one))],
  ['two items that differ, the other way round', twice((items, one) => items.unshift(one))],
]

const verdictOf = ({mode, run}: Seen, id: string): unknown =>
  mode === 'text' ? tableRow(run, id)?.Verdict : jsonRows(run, id)[0]?.row.verdict

/** Alpha, which is off, and whose tags nobody told, is neither compliant nor in violation: it may be of any rule. */
const alphaOpen = (seen: Seen): string[] => {
  const verdict = verdictOf(seen, alpha)
  return verdict === 'undetermined' ? [] : [`the verdict of alpha is ${String(verdict)}`]
}
const allOpen = (seen: Seen): string[] =>
  own.flatMap(id => {
    const verdict = verdictOf(seen, id)
    return verdict === 'undetermined' || verdict === undefined ? [] : [`the verdict of ${id} is ${String(verdict)}`]
  })

/** What asks for tags, where none can be read. */
const askers: Partial<Trial>[] = [
  {args: ['instances', 'list', '--tag', prod], never: ['No instances found']},
  {args: ['metadata', 'show', '--all', '--tag', prod], never: ['No instances found']},
  {args: ['metadata', 'enable', '--all', '--yes', '--tag', prod], never: ['nothing to do']},
  {args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml'], files, hold: allOpen},
  {args: ['metadata', 'audit', '--tag', prod], hold: allOpen},
  {args: ['instances', 'list', '--columns', 'id,tags'], says: own},
  {args: ['instances', 'stop', '--all', '--yes', '--accept-downtime', '--tag', prod]},
]

const searchTrials: Trial[] = [
  ...broken.flatMap(([what, bend], index): Trial[] =>
    [0, 1, 2].map(nth => ({
      kind: 'search',
      odd: `answers with ${what}`,
      args: [],
      bend,
      code: [1, 3, 4],
      says: ['Global Search'],
      requests: 60,
      oneMode: true,
      ...withQuick(askers[(3 * index + nth) % askers.length] ?? {}),
    })),
  ),
  ...trouble.map(
    ([what, reply], index): Trial => ({
      kind: 'search',
      odd: `always answers with ${what}`,
      args: [],
      bend: answers('search')(reply),
      code: 1,
      says: ['Global Search'],
      requests: 60,
      waits: true,
      oneMode: true,
      ...withQuick(askers[index % askers.length] ?? {}),
    }),
  ),
  {
    kind: 'search',
    odd: 'redirects to another host',
    args: ['metadata', 'enable', '--all', '--yes', '--tag', prod],
    bend: {answer: (asked, cloud) => (asked.call === 'search' ? redirect(`${cloud.trap}/search`, 308) : undefined)},
    code: 1,
    says: ['Global Search'],
  },
  {
    kind: 'search',
    odd: 'has pages without an end, each with something new',
    args: ['instances', 'list', '--tag', prod, ...quick],
    bend: {
      change: (asked, body) => {
        if (asked.call !== 'search') return
        const crn = `crn:v1:bluemix:public:is:us-south-1:a/${account}::instance:0717_${asked.nth}`
        Object.assign(body, {items: [{crn, tags: []}], search_cursor: `c${asked.nth}`})
      },
    },
    code: 1,
    says: ['Global Search'],
    requests: 1010,
    modes: ['text'],
  },
  {
    kind: 'search',
    odd: 'is throttled once',
    args: ['metadata', 'enable', '--all', '--yes', '--tag', prod, ...quick],
    bend: answers('search')(({nth}) =>
      nth === 1 ? {status: 429, headers: {'retry-after': '1'}, body: {message: 'Slow down.'}} : undefined,
    ),
    mayChange: [alpha],
    code: 0,
    waits: true,
  },
  ...holes.flatMap(([what, bend]): Trial[] => [
    {
      kind: 'search',
      odd: `tells of alpha ${what}`,
      args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml'],
      files,
      bend,
      code: 1,
      hold: alphaOpen,
      says: own,
      oneMode: true,
    },
    {
      kind: 'search',
      odd: `tells of alpha ${what}`,
      args: ['metadata', 'enable', '--all', '--yes', '--tag', prod],
      bend,
      code: [1],
      oneMode: true,
    },
    {
      kind: 'search',
      odd: `tells of alpha ${what}`,
      args: ['instances', 'list', '--tag', prod],
      bend,
      code: 1,
      says: [bravo],
      oneMode: true,
    },
    {
      kind: 'search',
      odd: `tells of alpha ${what}`,
      args: ['metadata', 'audit', '--tag', prod],
      bend,
      code: 1,
      says: [bravo],
      hold: seen => (verdictOf(seen, alpha) === 'compliant' ? ['alpha is compliant'] : []),
      oneMode: true,
    },
    {
      kind: 'search',
      odd: `tells of alpha ${what}`,
      args: ['instances', 'list', '--columns', 'id,tags'],
      bend,
      code: [0, 1],
      says: own,
      hold: ({run, mode}) => (mode === 'text' && /none/.test(tableRow(run, alpha)?.Tags ?? '') ? ['none'] : []),
      oneMode: true,
    },
  ]),
  // Tags in words that are no tags, shown as they are, and safely.
  ...[
    ['an escape', 'a\u001b[2Jb\u202e'],
    ['a line break', `x\n${charlie}  running`],
    ['a hundred thousand characters', 't'.repeat(100_000)],
    ['a formula', '=cmd|x'],
    ['__proto__', '__proto__'],
    ['an empty text', ''],
  ].flatMap(
    ([what, tag]): Trial[] =>
      [
        ['instances', 'list', '--columns', 'id,tags'],
        ['metadata', 'plan', '--enable', '--all'],
        ['instances', 'list', '--columns', 'id,tags', '-o', 'csv'],
      ].map(args => ({
        kind: 'search',
        odd: `tells a tag that is ${what}`,
        args,
        ...(args.includes('csv') && {modes: ['text'] as const}),
        bend: each(item =>
          Object.assign(item, {tags: [tag, `schematics:${tag}`], service_tags: [`schematics::project_id:${tag}`]}),
        ),
        code: 0,
        oneMode: true,
      })) as Trial[],
  ),
  {
    kind: 'search',
    odd: 'tells 10,000 tags of each instance',
    args: ['instances', 'list', '--columns', 'id,tags'],
    bend: each(item => (item.tags = Array.from({length: 10_000}, (_, i) => `tag:${i}`))),
    code: 0,
    says: own,
  },
  // Plans warn that they can't tell who manages what is planned, and are made all the same.
  ...broken.map(
    ([what, bend]): Trial => ({
      kind: 'search',
      odd: `answers a plan with ${what}`,
      args: ['metadata', 'plan', '--enable', '--all', ...quick],
      bend,
      code: 0,
      says: [alpha, delta, 'Global Search', 'Schematics'],
      oneMode: true,
    }),
  ),
  ...holes.map(
    ([what, bend]): Trial => ({
      kind: 'search',
      odd: `tells a plan of alpha ${what}`,
      args: ['metadata', 'plan', '--enable', 'alpha', '--json'],
      modes: ['text'],
      bend,
      code: 0,
      hold: ({run}) =>
        jsonRows(run, alpha).some(({row}) => row.managed_by === null) && what !== 'no access tags, and no tags'
          ? ['it says that nothing manages alpha']
          : [],
      oneMode: true,
    }),
  ),
  // One account's search fails; what is of the other one is told.
  ...(
    [
      {args: ['instances', 'list', '--tag', prod], says: [alpha, bravo]},
      {args: ['metadata', 'enable', '--all', '--yes', '--tag', prod], says: [alpha], mayChange: [alpha]},
      {args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml'], files, says: own},
      {args: ['metadata', 'show', '--all', '--tag', prod], says: [alpha, bravo]},
      {args: ['instances', 'list', '--columns', 'id,tags'], says: [...own, echo]},
    ] satisfies Partial<Trial>[]
  ).flatMap(({args, ...more}: Partial<Trial>): Trial[] =>
    broken
      .filter((_, index) => index % 3 === 0)
      .map(([what, bend]) => ({
        kind: 'search',
        odd: `answers in one account with ${what}`,
        ...more,
        args: [...(args ?? []), '--assume', 'auditor', '--account', 'all', ...quick],
        accounts: [account, second],
        unread: [second],
        bend: onlyIn(second, bend),
        code: [1, 3],
        hold: seen =>
          ['echo', 'foxtrot'].flatMap(name =>
            ['compliant', 'violation', 'exempt'].includes(String(verdictOf(seen, instanceIdOf(name))))
              ? [`${name} is judged`]
              : [],
          ),
        oneMode: true,
      })),
  ),
]

function withQuick<T extends Partial<Trial>>(trial: T): T {
  return {...trial, args: [...(trial.args ?? []), ...quick]}
}

/** The same where it is of an account, and nothing odd elsewhere. */
export function onlyIn(of: string, bend: Bend): Bend {
  return {
    ...(bend.answer && {answer: (asked, cloud) => (asked.account === of ? bend.answer?.(asked, cloud) : undefined)}),
    ...(bend.change && {
      change: (asked, body, cloud) => (asked.account === of ? bend.change?.(asked, body, cloud) : undefined),
    }),
  }
}

const attached = answers('tags')
const listing = (edit: (body: Row, asked: Asked) => unknown): Bend => ({
  change: (asked, body) => (asked.call === 'tags' ? edit(body, asked) : undefined),
})

/** Answers of Global Tagging that do not say that a server still has its tag. */
const unsaid: [string, Bend][] = [
  ['an empty body', attached({raw: ''})],
  ['null', attached({body: null})],
  ['an empty object', attached({body: {}})],
  ['HTML', attached(text('<html>Hotel</html>', 'text/html'))],
  ['no items', listing(body => void delete body.items)],
  ['null items', listing(body => void Object.assign(body, {items: null}))],
  ['items that are texts', listing(body => void Object.assign(body, {items: [prod]}))],
  ['items without a name', listing(body => void Object.assign(body, {items: [{}]}))],
  ['items whose name is an object', listing(body => void Object.assign(body, {items: [{name: {}}]}))],
  ['no tag', listing(body => void Object.assign(body, {items: [], total_count: 0}))],
  ['none of the ten that it counts', listing(body => void Object.assign(body, {items: [], total_count: 10}))],
  ['another tag', listing(body => void Object.assign(body, {items: [{name: 'env:production'}], total_count: 1}))],
  ['401', attached({status: 401, body: {message: 'No.'}})],
  ['403', attached({status: 403, body: {message: 'No.'}})],
  ['404', attached({status: 404, body: {message: 'No.'}})],
  ['a redirect', attached(redirect('http://127.0.0.1:1/tags'))],
  ['204', attached({status: 204, raw: ''})],
]
const taggedPlan = [['metadata', 'plan', '--enable', '--all', '--tag', prod, '--out', '{dir}/plan.json']]

const taggingTrials: Trial[] = [
  ...unsaid.flatMap(([what, bend]): Trial[] => [
    {
      kind: 'tagging',
      odd: `answers with ${what}`,
      args: ['metadata', 'enable', '--all', '--yes', '--tag', prod, ...quick],
      bend,
      code: [1, 3, 4],
      says: [alpha],
      requests: 60,
      oneMode: true,
    },
    {
      kind: 'tagging',
      odd: `answers the application of a plan with ${what}`,
      before: taggedPlan,
      args: ['metadata', 'apply', '{dir}/plan.json', '--yes', ...quick],
      bend,
      code: [1, 3, 4],
      says: [alpha],
      requests: 60,
      oneMode: true,
    },
    {
      kind: 'tagging',
      odd: `answers a stop with ${what}`,
      args: ['instances', 'stop', '--all', '--yes', '--accept-downtime', '--tag', prod, ...quick],
      bend,
      code: [1, 3, 4],
      requests: 80,
      oneMode: true,
    },
  ]),
  ...trouble.map(
    ([what, reply]): Trial => ({
      kind: 'tagging',
      odd: `always answers with ${what}`,
      args: ['metadata', 'enable', '--all', '--yes', '--tag', prod, ...quick],
      bend: attached(reply),
      code: 1,
      says: [alpha],
      requests: 60,
      waits: true,
      oneMode: true,
    }),
  ),
  {
    kind: 'tagging',
    odd: 'redirects to another host',
    args: ['metadata', 'enable', '--all', '--yes', '--tag', prod],
    bend: {answer: (asked, cloud) => (asked.call === 'tags' ? redirect(`${cloud.trap}/tags`, 308) : undefined)},
    code: 1,
    says: [alpha],
  },
  {
    kind: 'tagging',
    odd: 'tells the tag in capitals, and as one for access',
    args: ['metadata', 'enable', '--all', '--yes', '--tag', prod],
    bend: listing((_body, {url}) => {
      const isAccess = url.searchParams.get('tag_type') === 'access'
      return {items: isAccess ? [{name: 'ENV:Prod'}] : [], total_count: isAccess ? 1 : 0}
    }),
    mayChange: [alpha],
    code: 0,
  },
  {
    kind: 'tagging',
    odd: 'fails in one account',
    args: ['metadata', 'enable', '--all', '--yes', '--tag', prod, '--assume', 'auditor', '--account', 'all', ...quick],
    bend: onlyIn(second, attached({status: 403, body: {message: 'No.'}})),
    accounts: [account, second],
    mayChange: [alpha],
    code: [1, 3],
    says: [echo],
  },
]

export const tagTrials: Trial[] = [...searchTrials, ...taggingTrials]
