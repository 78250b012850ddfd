import {accountIn, profileToken} from '../beside-vpc.ts'
import type {Bend} from '../fake-cloud.ts'
import {jsonOf, jsonRows, printedBy, tableRow} from '../oracles.ts'
import {cut, gzipBomb, redirect, text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, isRow, type Reply} from '../wire.ts'
import {account, instanceIdOf, type Row, second, third} from '../world.ts'
import {refused, tokens, trouble} from './iam.ts'

const [alpha, bravo, charlie, delta, echo, foxtrot, golf, hotel] = [
  'alpha',
  'bravo',
  'charlie',
  'delta',
  'echo',
  'foxtrot',
  'golf',
  'hotel',
].map(instanceIdOf) as [string, string, string, string, string, string, string, string]
const own = [alpha, bravo, charlie, delta]
const both = ['--assume', 'auditor', '--account', `${account},${second}`, '--timeout', '2']
const everyone = ['--assume', 'auditor', '--account', 'all', '--timeout', '2']

/** What is tried in turn where accounts are odd. Of the key's own account, all is well. */
const commands: {args: string[]; mayChange?: string[]}[] = [
  {args: ['instances', 'list']},
  {args: ['metadata', 'audit']},
  {args: ['metadata', 'enable', '--all', '--yes'], mayChange: [alpha, delta, echo]},
  {args: ['metadata', 'show', '--all']},
  {args: ['metadata', 'plan', '--enable', '--all']},
  {args: ['whoami']},
]

/** Answers in place of IAM where the profile is assumed in the second account. */
const inSecond = (reply: Reply | ((asked: Asked) => Reply | undefined)): Bend => ({
  answer: asked => {
    if (asked.call !== 'assume' || accountIn(asked) !== second) return undefined
    return typeof reply === 'function' ? reply(asked) : reply
  },
})

/** What is of the own account is told, as if the second one were not there; of that nothing is. */
const costsOnlyItself = ({run, mode, trial}: Seen): string[] => {
  if (trial.args[0] === 'whoami') return []
  const text = printedBy(run)
  const wanted = trial.args.includes('--enable') || trial.args[1] === 'enable' ? [alpha, delta] : own
  const verdicts = [echo, foxtrot].filter(id =>
    mode === 'text' ? tableRow(run, id) : jsonRows(run, id).some(({row}) => row.verdict !== undefined),
  )
  return [
    ...wanted.filter(id => !text.includes(id)).map(id => `${id} is missing`),
    ...verdicts.map(id => `${id} is told of, and could not be read`),
  ]
}

/** Where whoami could not find out whether a profile can be assumed, it does not say no. */
const notRefused = ({run, mode, trial}: Seen): string[] => {
  const value = mode === 'json' && trial.args[0] === 'whoami' ? jsonOf(run) : undefined
  const accounts = isRow(value) && isRow(value.assumes) ? value.assumes.accounts : undefined
  const row = Array.isArray(accounts) ? accounts.find(each => isRow(each) && each.id === second) : undefined
  return isRow(row) && row.allowed !== null ? [`it says allowed: ${String(row.allowed)}, which nobody told`] : []
}

const iam = 'assume'
/** That nobody is let in is an answer to whoami's question, and no failure of it. */
const refusedIn = (index: number): Pick<Trial, 'unread' | 'code'> =>
  index % commands.length === 5 ? {code: [0, 1]} : {unread: [second], code: [1, 2, 3]}
const perCommand = (index: number): Pick<Trial, 'args' | 'mayChange' | 'accounts'> => {
  const {args = [], mayChange} = commands[index % commands.length] ?? {}
  return {args: [...args, ...both], mayChange, accounts: [account, second]}
}

/** Claims of a token that may be of nobody knows whose account. */
const strangers: [string, Reply][] = [
  ['a token of the first account', {body: profileToken(account)}],
  ['a token of a third account', {body: profileToken(third)}],
  ['a token of an account that nobody knows', {body: profileToken('deadbeef')}],
  ['a token of the account in capitals', {body: profileToken(second.toUpperCase())}],
  ['a token without an account', {body: profileToken(undefined)}],
  ['a token of a null account', {body: profileToken(null)}],
  ['a token of a number for an account', {body: profileToken(7)}],
  ['a token of an object for an account', {body: profileToken({id: second})}],
  ['a token without any claim', {body: {...profileToken(second), access_token: 'opaque-token-0123456789'}}],
]

/** IAM gives an answer for one account that says neither yes nor no. */
const unanswered = (what: string, reply: Reply, index: number): Trial => ({
  kind: iam,
  odd: `answered in one account ${what}`,
  ...perCommand(index),
  bend: inSecond(reply),
  unread: [second],
  code: [1, 3],
  hold: seen => [...costsOnlyItself(seen), ...notRefused(seen)],
  requests: 40,
  oneMode: true,
})

const assumeTrials: Trial[] = [
  ...refused.map(
    ([what, reply, , says], index): Trial => ({
      kind: iam,
      odd: `refused in one account, with ${what}`,
      ...perCommand(index),
      bend: inSecond(reply),
      ...refusedIn(index),
      says: [...says, second],
      hold: costsOnlyItself,
      requests: 30,
      oneMode: true,
    }),
  ),
  ...tokens.map(([what, reply], index) => unanswered(`with ${what}`, reply, index)),
  ...trouble.map(([what, reply], index) => ({...unanswered(`always with ${what}`, reply, index), waits: true})),
  ...strangers.flatMap(([what, reply]): Trial[] =>
    [0, 1, 2, 5].map(index => ({
      kind: iam,
      odd: `answered in one account with ${what}`,
      ...perCommand(index),
      bend: inSecond(reply),
      ...refusedIn(index),
      says: [second],
      hold: seen => [
        ...costsOnlyItself(seen),
        ...(seen.asked.some(({account: of}) => of !== undefined && ![account, second].includes(of))
          ? ['the token was used']
          : []),
      ],
      oneMode: true,
    })),
  ),
  // The token of the second account is refused before the change, and its next one is of the third.
  {
    kind: iam,
    odd: 'answered in one account with a token of another when it is asked again',
    ...perCommand(2),
    bend: {
      answer: asked => {
        if (asked.call === 'assume' && accountIn(asked) === second && asked.nth > 3) return {body: profileToken(third)}
        const isFirst = asked.call === 'instances' && asked.account === second
        return isFirst ? {status: 401, body: {errors: [{code: 'not_authenticated', message: 'No.'}]}} : undefined
      },
    },
    unread: [second],
    hold: costsOnlyItself,
    code: [1, 3],
  },
  // What was found in one account must not be sent to the next token's.
  {
    kind: iam,
    odd: 'no profile, and a token of another account when IAM is asked again',
    args: ['metadata', 'enable', '--all', '--yes'],
    mayChange: [alpha, delta],
    bend: {
      answer: asked => {
        if (asked.call === 'token' && asked.nth > 1) return {body: profileToken(second)}
        const isFirst = asked.call === 'instances' && asked.region === 'us-south' && asked.account === account
        return isFirst ? {status: 401, body: {errors: [{code: 'not_authenticated', message: 'No.'}]}} : undefined
      },
    },
    says: [second],
    code: [1, 3],
  },
  // A run that failed in one account, and is resumed or applied while nobody is let in there.
  {
    kind: iam,
    odd: 'refused in one account where a plan is applied',
    before: [['metadata', 'plan', '--enable', '--all', ...both, '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes', '--timeout', '2'],
    accounts: [account, second],
    mayChange: [alpha, delta],
    bend: inSecond(refused[0]?.[1] ?? {}),
    unread: [second],
    code: [1, 3],
    says: [echo],
    hold: ({changes}) => (changes.length === 2 ? [] : [`${changes.length} were changed, not 2`]),
  },
  {
    kind: iam,
    odd: 'answered in one account with a token of another where a plan is applied',
    before: [['metadata', 'plan', '--enable', '--all', ...both, '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes', '--timeout', '2'],
    accounts: [account, second],
    mayChange: [alpha, delta],
    bend: inSecond({body: profileToken(third)}),
    unread: [second],
    says: [echo],
  },
  {
    kind: iam,
    odd: 'refused in one account where a run is undone',
    before: [['metadata', 'enable', '--all', '--yes', ...both]],
    args: ['metadata', 'undo', '--yes', '--timeout', '2'],
    accounts: [account, second],
    mayChange: [alpha, delta],
    bend: inSecond(refused[0]?.[1] ?? {}),
    unread: [second],
    says: [echo],
    hold: ({changes}) => (changes.length === 2 ? [] : [`${changes.length} were changed, not 2`]),
  },
  // Every report tells which account it is not about.
  ...['json', 'jsonl', 'yaml', 'csv', 'sarif', 'ocsf', 'junit', 'markdown', 'html'].map(
    (format): Trial => ({
      kind: iam,
      odd: `refused in one account, in an audit as ${format}`,
      args: ['metadata', 'audit', '-o', format, ...both],
      modes: ['text'],
      accounts: [account, second],
      bend: inSecond(refused[0]?.[1] ?? {}),
      unread: [second],
      // Rows alone have no place for what is not there; stderr tells it.
      hold: ({run}) =>
        ['jsonl', 'csv'].includes(format) || run.stdout.includes(second) ? [] : [`the report does not name ${second}`],
    }),
  ),
  {
    kind: iam,
    odd: 'refused in one account, in lists that are printed as they come',
    args: ['instances', 'list', '-o', 'jsonl', '--sort', 'none', ...both],
    modes: ['text'],
    accounts: [account, second],
    bend: inSecond(refused[0]?.[1] ?? {}),
    unread: [second],
    code: [1],
    says: own,
  },
  {
    kind: iam,
    odd: 'refused in every account',
    ...perCommand(1),
    bend: {answer: asked => (asked.call === 'assume' ? (refused[0]?.[1] ?? {}) : undefined)},
    unread: [account, second],
    code: [3],
  },
  ...commands.map(
    ({args}): Trial => ({
      kind: iam,
      odd: 'refused in every account',
      args: [...args, ...both],
      accounts: [account, second],
      bend: {answer: asked => (asked.call === 'assume' ? (refused[0]?.[1] ?? {}) : undefined)},
      ...(args[0] === 'whoami' ? {says: [account, second]} : {unread: [account, second], code: [1, 3]}),
      hold: ({run}) =>
        /May +list/.test(run.stdout) || /"allowed": ?"yes"/.test(run.stdout) ? ['it may something'] : [],
    }),
  ),
  ...['503', 'silence'].map(
    (what, index): Trial => ({
      kind: iam,
      odd: `in trouble in every account: ${what}`,
      ...perCommand(5),
      bend: {
        answer: asked =>
          asked.call === 'assume' ? (trouble.find(([name]) => name.startsWith(what))?.[1] ?? {}) : undefined,
      },
      unread: [account, second],
      hold: notRefused,
      code: [1],
      waits: true,
      modes: [index === 0 ? 'json' : 'text'],
    }),
  ),
  // One account of which everything fails but the token.
  ...(['regions', 'instances'] as const).flatMap((call): Trial[] =>
    [0, 1, 2, 3, 5].map(index => ({
      kind: iam,
      odd: `good in one account, whose ${call} can't be read`,
      ...perCommand(index),
      bend: {
        answer: asked =>
          asked.call === call && asked.account === second
            ? {status: 403, body: {errors: [{code: 'not_authorized', message: 'Not allowed.'}]}}
            : undefined,
      },
      // What may be done is asked in one account alone.
      unread: index === 5 ? [] : [second],
      hold: costsOnlyItself,
      oneMode: true,
    })),
  ),
]

const enterprise = 'enterprise'
const listing = (edit: (body: Row, asked: Asked) => unknown): Bend => ({
  change: (asked, body) => (asked.call === 'accounts' ? edit(body, asked) : undefined),
})
const answering = (reply: Reply | ((asked: Asked) => Reply)): Bend => ({
  answer: asked => (asked.call === 'accounts' ? (typeof reply === 'function' ? reply(asked) : reply) : undefined),
})
const row = (more: Row): Row => ({id: second, name: 'team-b', state: 'ACTIVE', ...more})

/** Answers that are no list of accounts, or not all of it. */
const broken: [string, Bend][] = [
  ['an empty body', answering({raw: ''})],
  ['null', answering({body: null})],
  ['an array', answering({body: []})],
  ['an empty object', answering({body: {}})],
  ['a text', answering({body: 'accounts'})],
  ['HTML', answering(text('<html><title>Sign in</title></html>', 'text/html'))],
  ['JSON cut short', answering({raw: '{"resources":[{"id":"a7'})],
  ['no resources', listing(body => void delete body.resources)],
  ['null resources', listing(body => void Object.assign(body, {resources: null}))],
  ['resources that are an object', listing(body => void Object.assign(body, {resources: {0: row({})}}))],
  ['resources that are a text', listing(body => void Object.assign(body, {resources: 'a7654321'}))],
  ...[undefined, null, '', 7, {}, []].map((id): [string, Bend] => [
    `an account whose ID is ${JSON.stringify(id)}`,
    listing(body => void (body.resources as Row[]).push(row({id}))),
  ]),
  ...['../../etc', 'a b', 'x\u001b[2J', 'a,b', '@/etc/passwd', '__proto__', 'n'.repeat(10_000), 'é'].map(
    (id): [string, Bend] => [
      `an account whose ID is ${id.slice(0, 20)}`,
      listing(body => void (body.resources as Row[]).push(row({id, state: 'ACTIVE'}))),
    ],
  ),
  ['a row that is null', listing(body => void (body.resources as unknown[]).push(null))],
  ['a row that is a text', listing(body => void (body.resources as unknown[]).push(second))],
  ['a next page that is a number', listing(body => void Object.assign(body, {next_url: 2}))],
  ['a next page that is an object', listing(body => void Object.assign(body, {next_url: {href: '/x'}}))],
  ['a next page without a mark', listing(body => void Object.assign(body, {next_url: '/v1/accounts?limit=100'}))],
  ['a next page that is no URL', listing(body => void Object.assign(body, {next_url: 'http://['}))],
  ['pages that lead in a circle', listing(body => void Object.assign(body, {next_url: '/v1/accounts?next_docid=0'}))],
  [
    'pages without an end',
    listing((body, {nth}) => void Object.assign(body, {next_url: `/v1/accounts?next_docid=x${nth}`})),
  ],
  ['fewer rows than it counts', listing(body => void Object.assign(body, {rows_count: 40}))],
  ['a redirect', answering(redirect('http://127.0.0.1:1/accounts'))],
  ['half of the list', answering(cut({resources: [row({})]}))],
  ['a gzip bomb', answering(gzipBomb(128))],
  ['401', answering({status: 401, body: {message: 'No.'}})],
  ['403', answering({status: 403, body: {errors: [{code: 'forbidden', message: 'No.'}]}})],
  ['403 with HTML', answering(text('<html>No</html>', 'text/html', 403))],
  ['404', answering({status: 404, body: {message: 'Not here.'}})],
  ['204', answering({status: 204, raw: ''})],
]

/** Lists that can be worked with. */
const odd: [string, Bend, Partial<Trial>][] = [
  ['no accounts', listing(() => ({rows_count: 0, resources: []})), {code: 4}],
  [
    'inactive accounts only',
    listing(body => void (body.resources as Row[]).map(r => (r.state = 'PENDING'))),
    {code: 4},
  ],
  ['an account twice', listing(body => void (body.resources as Row[]).push(row({}), row({}))), {code: [0, 5]}],
  [
    'an account twice, the second time suspended',
    listing(body => void (body.resources as Row[]).push(row({state: 'SUSPENDED'}))),
    {code: [0, 1, 5]},
  ],
  ['states missing', listing(body => void (body.resources as Row[]).map(r => delete r.state)), {}],
  ['states that are objects', listing(body => void (body.resources as Row[]).map(r => (r.state = {}))), {}],
  ['states in small letters', listing(body => void (body.resources as Row[]).map(r => (r.state = 'active'))), {}],
  ['a next page that is null', listing(body => void Object.assign(body, {next_url: null})), {code: [0, 5]}],
  ['a next page that is empty', listing(body => void Object.assign(body, {next_url: ''})), {code: [0, 5]}],
  [
    'names with escapes',
    listing(body => void (body.resources as Row[]).map(r => (r.name = `a\u001b[2J\u202e\n${String(r.id)}`))),
    {code: [0, 5]},
  ],
  ['names that are objects', listing(body => void (body.resources as Row[]).map(r => (r.name = {}))), {code: [0, 5]}],
  ['names that are all one', listing(body => void (body.resources as Row[]).map(r => (r.name = 'x'))), {code: [0, 5]}],
  [
    'names of 100,000 characters',
    listing(body => void (body.resources as Row[]).map(r => (r.name = 'n'.repeat(100_000)))),
    {code: [0, 5]},
  ],
  [
    'a next page at another host',
    {
      change: (asked, body, cloud) => {
        if (asked.call === 'accounts' && asked.nth === 1) body.next_url = `${cloud.trap}/v1/accounts?next_docid=2`
      },
    },
    {code: [0, 1, 5]},
  ],
]
const states = new Set(['states missing', 'states that are objects', 'states in small letters'])

const enterpriseTrials: Trial[] = [
  ...broken.map(([what, bend], index): Trial => {
    const {args = []} = commands[index % commands.length] ?? {}
    return {
      kind: enterprise,
      odd: `lists ${what}`,
      args: [...args, ...everyone],
      // The part that came is not taken for all: nothing is asked in any account, and nothing changed.
      accounts: [],
      bend,
      hold: ({asked}) =>
        asked.some(({call}) => ['instances', 'patch', 'search'].includes(call)) ? ['an account was read'] : [],
      code: [1, 3, 4],
      says: [/Enterprise Management|accounts of the enterprise/],
      requests: 1010,
      oneMode: true,
    }
  }),
  ...odd.flatMap(([what, bend, more]): Trial[] =>
    [0, 1, 2].map(index => {
      const {args = [], mayChange = []} = commands[index] ?? {}
      const isThird = states.has(what)
      return {
        kind: enterprise,
        odd: `lists ${what}`,
        args: [...args, ...everyone],
        mayChange: [...mayChange, ...(isThird ? [golf] : [])],
        accounts: [account, second, ...(isThird ? [third] : [])],
        bend,
        ...more,
        oneMode: true,
      }
    }),
  ),
  ...trouble.map(
    ([what, reply], index): Trial => ({
      kind: enterprise,
      odd: `always answers with ${what}`,
      args: [...(commands[index % commands.length]?.args ?? []), ...everyone],
      accounts: [],
      bend: answering(reply),
      code: 1,
      says: [/Enterprise Management|accounts of the enterprise/],
      requests: 15,
      waits: true,
      oneMode: true,
    }),
  ),
  {
    kind: enterprise,
    odd: 'redirects to another host',
    args: ['metadata', 'audit', ...everyone],
    accounts: [],
    bend: {answer: (asked, cloud) => (asked.call === 'accounts' ? redirect(`${cloud.trap}/accounts`) : undefined)},
    code: 1,
  },
  // An instance of an account that is not worked in is left alone, however it is named.
  ...[
    ['metadata', 'enable', `crn:v1:bluemix:public:is:us-south-1:a/${third}::instance:${golf}`],
    ['metadata', 'disable', hotel, '--yes'],
    ['instances', 'stop', 'golf', '--yes'],
  ].map(
    (args): Trial => ({
      kind: enterprise,
      odd: 'an instance of an account that is not worked in is named',
      args: [...args, ...both],
      accounts: [account, second],
      bend: {},
      code: [1, 2, 4],
    }),
  ),
]

export const accountTrials: Trial[] = [...assumeTrials, ...enterpriseTrials]
