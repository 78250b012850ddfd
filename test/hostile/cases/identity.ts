import type {Bend} from '../fake-cloud.ts'
import {jsonOf, jsonRows, printedBy, tableRow} from '../oracles.ts'
import {text} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {type Asked, isRow} from '../wire.ts'
import {addInstance, instanceIdOf, instanceNamed, placeOf, type Row, secure} from '../world.ts'

const kind = 'who is who'
const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]

const oddIds: Record<string, unknown> = {
  missing: undefined,
  null: null,
  empty: '',
  'a number': 717,
  'an object': {},
  'an array': ['x'],
  true: true,
  blanks: '   ',
  'a path': '../../v1/vpcs',
  'with a slash': 'x/actions',
  'with a query': `${instanceIdOf('alpha')}?force=true`,
  'with an escape': '0717_\u001b[31m',
  'ten thousand characters': 'x'.repeat(10_000),
  dot: '..',
}

function spoilId(row: Row, id: unknown): void {
  if (id === undefined) delete row.id
  else row.id = id
}

const tellsIncomplete = ({run}: Seen): string[] => {
  const others = [bravo, charlie, delta].filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`)
  const told = /us-south/.test(printedBy(run)) && /\b(1|one|an?)\b/i.test(run.stderr + printedBy(run))
  return [...others, ...(told ? [] : ['it does not say that us-south is incomplete, by how many'])]
}

const idTrials = Object.entries(oddIds).flatMap(([odd, id]): Trial[] => {
  const bend: Bend = {
    change: (asked, body) => {
      if (asked.call === 'instances' && asked.region === 'us-south' && Array.isArray(body.instances))
        for (const row of body.instances) if (isRow(row) && row.id === alpha) spoilId(row, id)
    },
  }
  return [
    ...[
      ['instances', 'list'],
      ['metadata', 'show', '--all'],
      ['metadata', 'audit'],
    ].map((args): Trial => ({kind, odd: `a row whose ID is ${odd}`, args, bend, code: 1, hold: tellsIncomplete})),
    {
      kind,
      odd: `a row whose ID is ${odd}`,
      args: ['metadata', 'enable', '--all', '--yes'],
      bend,
      mayChange: [delta],
      code: 1,
      hold: tellsIncomplete,
    },
    {
      kind,
      odd: `the only row of a name has an ID that is ${odd}`,
      args: ['metadata', 'enable', 'alpha'],
      bend,
      code: [1, 4],
    },
  ]
})

const oddRows: Record<string, unknown> = {
  null: null,
  'a text': 'alpha',
  'a number': 7,
  'an array': [],
  'an empty object': {},
  true: true,
}
const rowTrials = Object.entries(oddRows).flatMap(([odd, row]): Trial[] => {
  const bend: Bend = {
    change: (asked, body) => {
      if (asked.call === 'instances' && asked.region === 'us-south' && Array.isArray(body.instances))
        body.instances = [row, ...body.instances.slice(1)]
    },
  }
  return [
    ['instances', 'list'],
    ['metadata', 'audit'],
  ].map((args): Trial => ({kind, odd: `a row that is ${odd}`, args, bend, code: 1, hold: tellsIncomplete}))
})

/** What a GET, PATCH or action for alpha is answered with. */
const others: Record<string, (body: Row) => unknown> = {
  "bravo's ID": body => ({...body, id: bravo}),
  'the whole of bravo': body => ({...body, id: bravo, name: 'bravo', metadata_service: secure}),
  'no ID': body => Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'id')),
  'a null ID': body => ({...body, id: null}),
  'a number for an ID': body => ({...body, id: 717}),
  'the ID in capitals': body => ({...body, id: alpha.toUpperCase()}),
  'an array of it': body => [body],
  null: () => null,
  'an empty object': () => ({}),
  'an empty array': () => [],
  'a text': () => 'alpha',
  'a number': () => 7,
  'a list': body => ({instances: [body], total_count: 1}),
  'the CRN of bravo': body => ({...body, crn: String(body.crn).replace(alpha, bravo)}),
  'the href of bravo': body => ({...body, href: String(body.href).replace(alpha, bravo)}),
}

/** A CRN or href of another instance is odd, but the ID is what was asked for: the ID decides. */
const byIdAlone = new Set(['the CRN of bravo', 'the href of bravo'])

const answerTrials = Object.entries(others).flatMap(([odd, make]): Trial[] => {
  const bend: Bend = {
    change: (asked, body) => (asked.call === 'instance' && asked.id === alpha ? make(body) : undefined),
  }
  const code = byIdAlone.has(odd) ? [0, 1] : [1, 4]
  const untouched = byIdAlone.has(odd) ? [alpha] : []
  return [
    {kind, odd: `GET by ID answers with ${odd}`, args: ['instances', 'show', alpha], bend, code},
    {kind, odd: `GET by ID answers with ${odd}`, args: ['metadata', 'show', alpha], bend, code},
    {
      kind,
      odd: `GET by ID answers with ${odd}`,
      args: ['metadata', 'enable', alpha, '--protocol', 'https'],
      bend,
      code,
      mayChange: untouched,
      hold: ({cloud}) =>
        byIdAlone.has(odd) || JSON.stringify(instanceNamed(cloud.world, 'alpha').metadata_service).includes('false')
          ? []
          : ['alpha was changed'],
    },
    {
      kind,
      odd: `GET by ID answers with ${odd} when a plan is applied`,
      before: [['metadata', 'plan', '--enable', 'alpha', '--out', '{dir}/plan.json']],
      args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
      bend: {
        change: (asked, body) => {
          if (asked.call === 'instance' && asked.id === alpha) return make(body)
          if (asked.call !== 'instances' || !Array.isArray(body.instances)) return undefined
          return {...body, instances: body.instances.map(row => (isRow(row) && row.id === alpha ? make(row) : row))}
        },
      },
      code: byIdAlone.has(odd) ? [0, 1] : 1,
      mayChange: untouched,
    },
    // An answer with the right ID that claims the change can't be told from the truth.
    ...(byIdAlone.has(odd)
      ? []
      : [
          {
            kind,
            odd: `a PATCH, not made, answers with ${odd}`,
            args: ['metadata', 'enable', 'alpha', '--protocol', 'https'],
            bend: {
              answer: (asked, cloud) =>
                asked.call === 'patch'
                  ? {body: make({...structuredClone(instanceNamed(cloud.world, 'alpha')), metadata_service: secure})}
                  : undefined,
            },
            mayChange: [alpha],
            code: 1,
          } satisfies Trial,
        ]),
  ]
})

const named = (rows: (world: Row[]) => Row[], region = 'us-south'): Bend => ({
  change: (asked: Asked, body: Row) => {
    if (asked.call === 'instances' && asked.region === region && Array.isArray(body.instances))
      body.instances = rows(body.instances.filter(isRow))
  },
})

const nameTrials: Trial[] = [
  {
    kind,
    odd: 'a list by name answers with another instance',
    args: ['metadata', 'enable', 'alpha'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'instances' && asked.region === 'us-south')
          body.instances = [structuredClone(instanceNamed(cloud.world, 'delta'))]
      },
    },
    code: [1, 4],
  },
  {
    kind,
    odd: 'a list by name answers with every instance',
    args: ['metadata', 'enable', 'alpha', '--protocol', 'https'],
    bend: {answer: asked => void asked.url.searchParams.delete('name')},
    mayChange: [alpha],
    code: 0,
  },
  {
    kind,
    odd: 'a list by name answers with the name in other capitals',
    args: ['metadata', 'disable', 'bravo', '--yes'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call === 'instances' && asked.region === 'us-south')
          body.instances = [{...structuredClone(instanceNamed(cloud.world, 'bravo')), name: 'BRAVO'}]
      },
    },
    code: [1, 4],
  },
  {
    kind,
    odd: 'two instances of one name in one region',
    args: ['metadata', 'enable', 'twin'],
    bend: {
      world: world => {
        for (const seed of ['twin-1', 'twin-2'])
          addInstance(world, seed, undefined, row => {
            row.name = 'twin'
          })
      },
    },
    code: 4,
    says: [instanceIdOf('twin-1'), instanceIdOf('twin-2')],
  },
  {
    kind,
    odd: 'two instances of one name, listed',
    args: ['instances', 'list', '--name', 'twin'],
    bend: {
      world: world => {
        for (const seed of ['twin-1', 'twin-2'])
          addInstance(world, seed, undefined, row => {
            row.name = 'twin'
          })
      },
    },
    code: 0,
    says: [instanceIdOf('twin-1'), instanceIdOf('twin-2')],
  },
  {
    kind,
    odd: 'the same row twice on one page',
    args: ['metadata', 'enable', '--all', '--yes', '--protocol', 'https', '--hop-limit', '2', '--name', 'alpha'],
    bend: named(rows => [...rows, ...rows]),
    mayChange: [alpha],
    hold: ({asked}) => (asked.filter(({call}) => call === 'patch').length > 1 ? ['it was sent two PATCHes'] : []),
  },
  {
    kind,
    odd: 'the same row twice on one page, listed',
    args: ['instances', 'list'],
    bend: named(rows => [...rows, ...rows]),
    hold: ({mode, run}) => {
      const found = mode === 'json' ? jsonRows(run, alpha).length : run.stdout.split(alpha).length - 1
      return found === 1 ? [] : [`alpha is listed ${found} times`]
    },
  },
  {
    kind,
    odd: 'the same ID twice, with two different settings',
    args: ['metadata', 'enable', '--all', '--yes'],
    bend: named(rows => [...rows, ...rows.map(row => ({...row, metadata_service: secure}))]),
    mayChange: [alpha, delta],
    hold: ({run, mode}) => {
      const results =
        mode === 'text' ? [tableRow(run, alpha)?.Result ?? ''] : jsonRows(run, alpha).map(({list}) => list)
      return results.length === 1 ? [] : [`alpha has ${results.length} results: ${results.join()}`]
    },
  },
  {
    kind,
    odd: 'the same ID twice, with two different settings, audited',
    args: ['metadata', 'audit'],
    bend: named(rows => [
      ...rows,
      ...rows.map(row => ({...row, metadata_service: {enabled: true, protocol: 'http', response_hop_limit: 9}})),
    ]),
    code: [1, 5],
  },
  {
    kind,
    odd: 'the same ID in two regions',
    args: ['metadata', 'enable', alpha, '--protocol', 'https'],
    bend: {
      world: world => {
        const copy = structuredClone(instanceNamed(world, 'alpha'))
        placeOf(world, 'eu-de').instances.push({...copy, name: 'impostor'})
      },
    },
    mayChange: [alpha],
    hold: ({asked}) => (asked.filter(({call}) => call === 'patch').length > 1 ? ['it was sent two PATCHes'] : []),
  },
  {
    kind,
    odd: 'GET by ID answers 200 with HTML',
    args: ['instances', 'show', alpha],
    bend: {answer: asked => (asked.call === 'instance' ? text('<html>Sign in</html>', 'text/html') : undefined)},
    code: 1,
    says: ['127.0.0.1'],
    hold: ({mode, run}) => (mode === 'json' && !isRow(jsonOf(run)) ? ['no error in JSON'] : []),
  },
]

const families = [...idTrials, ...rowTrials, ...answerTrials].map(trial => ({...trial, oneMode: true}))

export const identityTrials: Trial[] = [...families, ...nameTrials]
