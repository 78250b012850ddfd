import type {Bend} from '../fake-cloud.ts'
import {jsonOf, jsonRows, printedBy, tableRow} from '../oracles.ts'
import {text} from '../replies.ts'
import type {Case, Seen, Trial} from '../trial.ts'
import {type Call, isRow, type Reply, refusal} from '../wire.ts'
import {
  addInstance,
  instanceIdOf,
  makeBareMetalServer,
  makeFloatingIp,
  makeTemplate,
  placeOf,
  type Row,
  secure,
  type World,
} from '../world.ts'

const kind = 'audit'
const healthy = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf)
const othersShown = ({run}: Seen): string[] =>
  healthy.filter(id => !printedBy(run).includes(id)).map(id => `${id} is missing`)

const demand = 'version: 1\nrules:\n- {name: on, require: {enabled: true, protocol: https, hop_limit: 1}}\n'
const byVpc =
  "version: 1\nrules:\n- {name: south, match: {vpc: 'south-*'}, require: {protocol: https}}\n- {name: image, match: {image: 'ibm-*'}, require: {protocol: https}}\n- {name: rest, require: {protocol: https}}\n"

function verdictOf({mode, run}: Seen, id: string): unknown {
  return mode === 'text' ? tableRow(run, id)?.Verdict : jsonRows(run, id)[0]?.row.verdict
}

/** Holes of a bare metal server, and whether its settings are untold by them. */
const bareHoles: [string, (row: Row) => void, boolean][] = [
  ['settings missing', row => void delete row.metadata_service, true],
  ['settings null', row => void Object.assign(row, {metadata_service: null}), true],
  ['settings a text', row => void Object.assign(row, {metadata_service: 'on'}), true],
  ['settings empty', row => void Object.assign(row, {metadata_service: {}}), true],
  ['settings an array', row => void Object.assign(row, {metadata_service: []}), true],
  ['enabled "true"', row => void Object.assign(row, {metadata_service: {enabled: 'true', protocol: 'https'}}), true],
  ['enabled 0', row => void Object.assign(row, {metadata_service: {enabled: 0, protocol: 'https'}}), true],
  ['enabled null', row => void Object.assign(row, {metadata_service: {enabled: null, protocol: 'https'}}), true],
  ['enabled missing', row => void Object.assign(row, {metadata_service: {protocol: 'https'}}), true],
  ['protocol missing', row => void Object.assign(row, {metadata_service: {enabled: true}}), true],
  ['protocol null', row => void Object.assign(row, {metadata_service: {enabled: true, protocol: null}}), true],
  ['protocol a new word', row => void Object.assign(row, {metadata_service: {enabled: true, protocol: 'quic'}}), true],
  [
    'protocol in capitals',
    row => void Object.assign(row, {metadata_service: {enabled: true, protocol: 'HTTPS'}}),
    true,
  ],
  ['zone missing', row => void delete row.zone, false],
  ['zone null', row => void Object.assign(row, {zone: null}), false],
  ['vpc null', row => void Object.assign(row, {vpc: null}), false],
  ['vpc missing', row => void delete row.vpc, false],
  ['profile null', row => void Object.assign(row, {profile: null}), false],
  ['resource group null', row => void Object.assign(row, {resource_group: null}), false],
  ['name null', row => void Object.assign(row, {name: null}), false],
  ['name an object', row => void Object.assign(row, {name: {}}), false],
  ['crn null', row => void Object.assign(row, {crn: null}), false],
  ['cpu null', row => void Object.assign(row, {cpu: null}), false],
  ['status null', row => void Object.assign(row, {status: null}), false],
  ['status an object', row => void Object.assign(row, {status: {}}), false],
  ['status new', row => void Object.assign(row, {status: 'levitating'}), false],
  ['lists null', row => void Object.assign(row, {disks: null, network_interfaces: null, health_reasons: null}), false],
  [
    'a hop limit that it should not have',
    row => void Object.assign(row, {metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 9}}),
    false,
  ],
]

/** Holes of a template. What it leaves out is the API's default; what it says in words that nobody knows is not told. */
const templateHoles: [string, (row: Row) => void, 'told' | 'untold' | 'default'][] = [
  ['settings missing', row => void delete row.metadata_service, 'default'],
  ['settings empty', row => void Object.assign(row, {metadata_service: {}}), 'default'],
  ['settings a text', row => void Object.assign(row, {metadata_service: 'on'}), 'untold'],
  ['settings a number', row => void Object.assign(row, {metadata_service: 1}), 'untold'],
  ['settings an array', row => void Object.assign(row, {metadata_service: []}), 'untold'],
  ['enabled "true"', row => void Object.assign(row, {metadata_service: {...secure, enabled: 'true'}}), 'untold'],
  ['enabled "false"', row => void Object.assign(row, {metadata_service: {...secure, enabled: 'false'}}), 'untold'],
  ['enabled 1', row => void Object.assign(row, {metadata_service: {...secure, enabled: 1}}), 'untold'],
  ['enabled {}', row => void Object.assign(row, {metadata_service: {...secure, enabled: {}}}), 'untold'],
  ['protocol a new word', row => void Object.assign(row, {metadata_service: {...secure, protocol: 'quic'}}), 'untold'],
  ['protocol a number', row => void Object.assign(row, {metadata_service: {...secure, protocol: 443}}), 'untold'],
  ['hop limit 0', row => void Object.assign(row, {metadata_service: {...secure, response_hop_limit: 0}}), 'untold'],
  ['hop limit "1"', row => void Object.assign(row, {metadata_service: {...secure, response_hop_limit: '1'}}), 'untold'],
  ['hop limit 1.5', row => void Object.assign(row, {metadata_service: {...secure, response_hop_limit: 1.5}}), 'untold'],
  ['vpc null', row => void Object.assign(row, {vpc: null}), 'told'],
  ['vpc missing', row => void delete row.vpc, 'told'],
  [
    'vpc by CRN',
    row => void Object.assign(row, {vpc: {crn: 'crn:v1:bluemix:public:is:us-south:a/1::vpc:r006-x'}}),
    'told',
  ],
  ['vpc of no VPC', row => void Object.assign(row, {vpc: {id: 'r006-gone'}}), 'told'],
  ['vpc a text', row => void Object.assign(row, {vpc: 'south-vpc'}), 'told'],
  ['zone null', row => void Object.assign(row, {zone: null}), 'told'],
  ['image null', row => void Object.assign(row, {image: null}), 'told'],
  ['image gone', row => void Object.assign(row, {image: {id: 'r006-deleted'}}), 'told'],
  [
    'image deleted',
    row => void Object.assign(row, {image: {id: 'r006-x', name: 'old', deleted: {more_info: 'https://x'}}}),
    'told',
  ],
  ['image a text', row => void Object.assign(row, {image: 'ubuntu'}), 'told'],
  ['image ID a path', row => void Object.assign(row, {image: {id: '../vpcs'}}), 'told'],
  ['profile null', row => void Object.assign(row, {profile: null}), 'told'],
  ['profile by href', row => void Object.assign(row, {profile: {href: 'https://x/bx2-2x8'}}), 'told'],
  ['resource group null', row => void Object.assign(row, {resource_group: null}), 'told'],
  [
    'keys deleted',
    row => void Object.assign(row, {keys: [{id: 'x', deleted: {more_info: 'https://x'}}, null]}),
    'told',
  ],
  ['name null', row => void Object.assign(row, {name: null}), 'told'],
  ['name a number', row => void Object.assign(row, {name: 7}), 'told'],
  ['crn null', row => void Object.assign(row, {crn: null}), 'told'],
]

function addBare(world: World): Row[] {
  const place = placeOf(world, 'us-south')
  const rows = bareHoles.map(([odd, edit]) => {
    const row = makeBareMetalServer(world.origin, 'us-south', place.vpcs[0] ?? {}, `bare ${odd}`)
    edit(row)
    return row
  })
  place.bareMetalServers.push(...rows)
  return rows
}

function addTemplates(world: World): Row[] {
  const place = placeOf(world, 'us-south')
  const rows = templateHoles.map(([odd, edit]) => {
    const row = makeTemplate(world.origin, 'us-south', place.vpcs[0] ?? {}, `template ${odd}`, secure)
    edit(row)
    return row
  })
  place.templates.push(...rows)
  return rows
}

/** IDs do not depend on the origin, so that they can be known before a cloud runs. */
const world: World = {
  origin: 'http://x',
  regions: [],
  places: new Map([['us-south', emptyPlace()]]),
  others: new Map(),
  accounts: [],
  tags: new Map(),
}
function emptyPlace() {
  return {instances: [], floatingIps: [], vpcs: [{id: 'x'}], templates: [], bareMetalServers: [], images: []}
}
const bareIds = addBare(world).map(row => String(row.id))
const templateIds = addTemplates(world).map(row => String(row.id))

const policies: [string, string | undefined][] = [
  ['the built-in policy', undefined],
  ['a policy that demands all', demand],
  ['a policy by VPC and image', byVpc],
]

const holeTrials = policies.flatMap(([what, policy]): Trial[] => {
  const args = ['metadata', 'audit', ...(policy ? ['--policy', '{dir}/policy.yaml'] : [])]
  const files: Record<string, string> = policy ? {'policy.yaml': policy} : {}
  const chooses = policy === byVpc
  const bareCases = bareHoles.map(
    ([odd, , untold], index): Case => ({
      odd: `bare metal, ${what}: ${odd}`,
      hold: seen => {
        const verdict = verdictOf(seen, bareIds[index] ?? '')
        const right = untold
          ? verdict === 'undetermined'
          : verdict === 'compliant' || (chooses && verdict === 'undetermined')
        // A hop limit is no setting of theirs: where one is demanded, either reading will do.
        const either = policy === demand && !untold && verdict === 'undetermined'
        return right || either ? [] : [`the verdict is ${String(verdict)}`]
      },
    }),
  )
  const templateCases = templateHoles.map(
    ([odd, , told], index): Case => ({
      odd: `template, ${what}: ${odd}`,
      hold: seen => {
        const verdict = verdictOf(seen, templateIds[index] ?? '')
        const wanted = {
          untold: ['undetermined'],
          default: policy === demand ? ['violation'] : ['compliant', ...(chooses ? ['undetermined'] : [])],
          told: ['compliant', ...(chooses ? ['undetermined'] : [])],
        }[told]
        return wanted.includes(String(verdict)) ? [] : [`the verdict is ${String(verdict)}`]
      },
    }),
  )
  return [
    {
      kind,
      odd: `bare metal servers with holes, ${what}`,
      args,
      files,
      bend: {world: w => void addBare(w)},
      cases: bareCases,
      hold: othersShown,
      code: 1,
    },
    {
      kind,
      odd: `templates with holes, ${what}`,
      args,
      files,
      bend: {world: w => void addTemplates(w)},
      cases: templateCases,
      hold: othersShown,
      code: 1,
    },
  ]
})

const badIds: [string, unknown][] = [
  ['missing', undefined],
  ['null', null],
  ['empty', ''],
  ['a number', 7],
  ['an object', {}],
]
const idTrials = badIds.flatMap(([odd, id]): Trial[] =>
  (['templates', 'bare_metal_servers'] as const).map(call => ({
    kind,
    odd: `a row of ${call} has an ID that is ${odd}`,
    args: ['metadata', 'audit'],
    bend: {
      world: w => void (call === 'templates' ? addTemplates(w) : addBare(w)),
      change: (asked, body) => {
        const rows = body[call]
        if (asked.call !== call || !Array.isArray(rows)) return
        for (const row of rows.slice(0, 1)) {
          if (!isRow(row)) continue
          if (id === undefined) delete row.id
          else row.id = id
        }
      },
    },
    code: 1,
    hold: othersShown,
    oneMode: true,
  })),
)

/** Instances on Z have no metadata service. */
const addZ = (w: World) => {
  for (const [name, settings] of [
    ['zed-off', undefined],
    ['zed-on', secure],
  ] as const)
    addInstance(w, name, settings, row => {
      row.vcpu = {architecture: 's390x', count: 2, manufacturer: 'ibm', percentage: 100}
      row.name = name
    })
}
const zIds = ['zed-off', 'zed-on'].map(instanceIdOf)
const zBend: Bend = {world: addZ}
const zTrials: Trial[] = [
  {
    kind: 's390x',
    odd: 'enabled by name',
    args: ['metadata', 'enable', 'zed-off'],
    bend: zBend,
    code: 1,
    says: [/s390x|x86|Z\b/],
  },
  {kind: 's390x', odd: 'enabled by ID', args: ['metadata', 'enable', zIds[0] ?? ''], bend: zBend, code: 1},
  {kind: 's390x', odd: 'disabled', args: ['metadata', 'disable', 'zed-on', '--yes'], bend: zBend, code: [0, 1]},
  {
    kind: 's390x',
    odd: 'enabled with all',
    args: ['metadata', 'enable', '--all', '--yes'],
    bend: zBend,
    code: [0, 1],
    mayChange: ['alpha', 'delta'].map(instanceIdOf),
  },
  {
    kind: 's390x',
    odd: 'hop limit changed',
    args: ['metadata', 'enable', 'zed-on', '--hop-limit', '5'],
    bend: zBend,
    code: 1,
  },
  {
    kind: 's390x',
    odd: 'planned',
    args: ['metadata', 'plan', '--enable', '--all'],
    bend: zBend,
    hold: ({mode, run}) => {
      const [id = ''] = zIds
      const planned =
        mode === 'json'
          ? jsonRows(run, id).some(({list}) => list === 'planned')
          : / -> true/.test(lineOf(run.stderr + run.stdout, 'zed-off'))
      return planned ? ['zed-off is planned'] : []
    },
  },
  {
    kind: 's390x',
    odd: 'becomes s390x after the plan',
    before: [['metadata', 'plan', '--enable', 'alpha', '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
    bend: {},
    turn: w => {
      const row = placeOf(w, 'us-south').instances[0]
      if (row) row.vcpu = {architecture: 's390x', count: 2, manufacturer: 'ibm', percentage: 100}
    },
    code: 1,
  },
  ...([demand, undefined] as const).map(
    (policy): Trial => ({
      kind: 's390x',
      odd: policy ? 'audited by a rule that demands the service on' : 'audited by the built-in policy',
      args: ['metadata', 'audit', ...(policy ? ['--policy', '{dir}/policy.yaml'] : [])],
      files: policy ? {'policy.yaml': policy} : {},
      bend: zBend,
      hold: seen => {
        const verdicts = zIds.map(id => verdictOf(seen, id))
        const wrong = policy ? verdicts.includes('compliant') : false
        return wrong ? [`the verdicts are ${verdicts.join()}`] : []
      },
    }),
  ),
  {
    kind: 's390x',
    odd: 'in the fix plan of an audit',
    args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml', '--fix-plan', '{dir}/fix.json'],
    files: {'policy.yaml': demand},
    bend: zBend,
    code: [1, 5],
  },
]

function lineOf(all: string, word: string): string {
  return all.split('\n').find(line => line.includes(word)) ?? ''
}

/** Floating IPs: what they say of themselves costs their own cell at most. */
const floating: [string, (row: Row) => unknown][] = [
  ['no target', row => void delete row.target],
  ['a null target', row => void Object.assign(row, {target: null})],
  ['a target that is a text', row => void Object.assign(row, {target: 'x'})],
  ['a target without ID', row => void Object.assign(row, {target: {name: 'x'}})],
  ['a target with a null ID', row => void Object.assign(row, {target: {id: null}})],
  ['a target with an object for an ID', row => void Object.assign(row, {target: {id: {}}})],
  ['no address', row => void delete row.address],
  ['a null address', row => void Object.assign(row, {address: null})],
  ['a number for an address', row => void Object.assign(row, {address: 2130706433})],
  ['an object for an address', row => void Object.assign(row, {address: {ip: '1.2.3.4'}})],
  ['an empty address', row => void Object.assign(row, {address: ''})],
  ['an address with an escape', row => void Object.assign(row, {address: '1.2.3.4\u001b[31m'})],
  ['no ID', row => void delete row.id],
  ['only an address and a target', row => ({address: row.address, target: row.target})],
  ['null', () => null],
  ['a text', () => 'x'],
  ['an array', () => []],
]
const floatingTrials: Trial[] = [
  ...floating.map(
    ([odd, edit]): Trial => ({
      kind: 'floating IPs',
      odd: `one is odd: ${odd}`,
      args: ['instances', 'list'],
      bend: {
        change: (asked, body) => {
          if (asked.call !== 'floating_ips' || asked.region !== 'us-south' || !Array.isArray(body.floating_ips)) return
          body.floating_ips = body.floating_ips.map(row => {
            const made = isRow(row) ? edit(row) : row
            return made === undefined ? row : made
          })
        },
      },
      code: [0, 1],
      says: [...healthy, '158.177.10.21'],
      oneMode: true,
    }),
  ),
  {
    kind: 'floating IPs',
    odd: 'all are odd at once',
    args: ['instances', 'list'],
    bend: {
      change: (asked, body, cloud) => {
        if (asked.call !== 'floating_ips' || asked.region !== 'us-south' || !Array.isArray(body.floating_ips)) return
        const alpha = placeOf(cloud.world, 'us-south').instances[0] ?? {}
        const made = floating.map(([, edit], index) => {
          const row = makeFloatingIp(cloud.origin, 'us-south', alpha, `10.0.0.${index}`)
          return edit(row) ?? (row.address === undefined ? row : row)
        })
        body.floating_ips = [...made, ...body.floating_ips]
      },
    },
    code: [0, 1],
    says: [...healthy, '158.177.10.21', '169.47.94.48'],
  },
  {
    kind: 'floating IPs',
    odd: 'two for one instance, of which one twice',
    args: ['instances', 'list'],
    bend: {
      world: w => {
        const place = placeOf(w, 'us-south')
        const [alpha = {}] = place.instances
        place.floatingIps.push(makeFloatingIp(w.origin, 'us-south', alpha, '169.47.94.99'), ...place.floatingIps)
      },
    },
    code: 0,
    says: ['169.47.94.48', '169.47.94.99'],
  },
  {
    kind: 'floating IPs',
    odd: 'instances without any interface',
    args: ['instances', 'list'],
    bend: {
      world: w => {
        for (const row of placeOf(w, 'us-south').instances)
          Object.assign(row, {
            network_interfaces: null,
            network_attachments: null,
            primary_network_interface: null,
            primary_network_attachment: undefined,
          })
      },
    },
    code: 0,
    says: healthy,
  },
]

const incomplete: Trial[] = (['templates', 'bare_metal_servers', 'instances'] as const).map(call => ({
  kind,
  odd: `null among the rows of ${call}`,
  args: ['metadata', 'audit'],
  bend: {
    world: w => {
      addTemplates(w)
      addBare(w)
    },
    change: (asked, body) => {
      if (asked.call === call && asked.region === 'us-south' && Array.isArray(body[call])) body[call].push(null, null)
    },
  },
  code: 1,
  hold: seen => {
    const value = jsonOf(seen.run)
    const result = seen.mode === 'json' && isRow(value) ? value.result : undefined
    return [...othersShown(seen), ...(result === 'compliant' ? ['the result is compliant'] : [])]
  },
}))

/** What a template's image and VPC are called has to be asked: where that is not told, the rule can't be chosen. */
const asks: [string, Call, string][] = [
  ['image', 'image', 'ibm-*'],
  ['VPC', 'vpcs', 'south-*'],
]
const oddAnswers: [string, (body: Row) => Reply][] = [
  ['null', () => ({body: null})],
  ['an empty object', () => ({body: {}})],
  ['an empty body', () => ({raw: ''})],
  ['an array', () => ({body: []})],
  ['HTML', () => text('<html>Hello</html>', 'text/html')],
  ['403', () => refusal(403, 'not_authorized', 'No.')],
  ['404', () => refusal(404, 'not_found', 'Gone.')],
  ['500', () => refusal(500, 'internal_error', 'Broken.')],
  ['a name that is null', body => ({body: renamed(body, null)})],
  ['a name that is a number', body => ({body: renamed(body, 7)})],
  ['a name that is an object', body => ({body: renamed(body, {})})],
  ['no name', body => ({body: renamed(body, undefined)})],
  ['another ID', body => ({body: {...body, id: 'r006-other', vpcs: [{id: 'r006-other', name: 'south-other'}]}})],
]
function renamed(body: Row, name: unknown): Row {
  const vpcs = Array.isArray(body.vpcs) ? {vpcs: body.vpcs.map(vpc => (isRow(vpc) ? {...vpc, name} : vpc))} : {}
  return {...body, name, ...vpcs}
}
const askTrials = asks.flatMap(([what, call, pattern]) =>
  oddAnswers.map(([odd, make]): Trial => {
    const match = `{${what.toLowerCase()}: '${pattern}', kind: instance_template}`
    return {
      kind,
      odd: `a template's ${what} is asked for, and answered with ${odd}`,
      args: ['metadata', 'audit', '--kind', 'instance_template', '--policy', '{dir}/policy.yaml'],
      // The template satisfies the first rule, and violates the second.
      files: {
        'policy.yaml': `version: 1\nrules:\n- {name: strict, match: ${match}, require: {enabled: true}}\n- {name: rest, require: {enabled: false}}\n`,
      },
      bend: {
        afterwards: (asked, reply) => (asked.call === call && isRow(reply.body) ? make(reply.body) : undefined),
      },
      code: 1,
      hold: seen => {
        const id = String(hardened.id)
        const verdict = verdictOf(seen, id)
        return verdict === undefined || verdict === 'undetermined' ? [] : [`the verdict is ${String(verdict)}`]
      },
      oneMode: true,
      waits: odd === '500',
    }
  }),
)
const hardened = makeTemplate('http://x', 'us-south', {id: 'x'}, 'hardened-template', secure)

export const auditTrials: Trial[] = [
  ...askTrials,
  ...holeTrials,
  ...idTrials,
  ...zTrials,
  ...floatingTrials,
  ...incomplete,
]
