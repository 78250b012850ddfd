import {isTold, jsonRows, printedBy, tableRow} from '../oracles.ts'
import type {Case, Seen, Trial} from '../trial.ts'
import {addInstance, instanceIdOf, instanceNamed, makeWorld, off, type Row, type World} from '../world.ts'

const kind = 'a field of an instance'
const healthy = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf)
const sample = instanceNamed(makeWorld('http://127.0.0.1'), 'alpha')

/** Fields of Instance that the sample has not, with a value each. */
const optional: Row = {
  catalog_offering: {version: {crn: 'crn:v1:bluemix:public:globalcatalog-collection:global:a/1::version:1'}},
  cluster_network: {id: '0717-c', name: 'cluster-1', crn: 'crn:1', href: 'https://c', resource_type: 'cluster_network'},
  dedicated_host: {id: '0717-d', name: 'host-1', crn: 'crn:2', href: 'https://d', resource_type: 'dedicated_host'},
  gpu: {count: 1, manufacturer: 'nvidia', memory: 80, model: 'Hopper'},
  instance_group_membership: {id: 'm', instance_group: {id: 'g', name: 'group-1', crn: 'crn:3', href: 'https://g'}},
  placement_target: {id: '0717-p', name: 'group', crn: 'crn:4', href: 'https://p', resource_type: 'placement_group'},
  reservation: {id: '0717-r', name: 'reserved', crn: 'crn:5', href: 'https://r', resource_type: 'reservation'},
}
const fields = Object.entries({...sample, ...optional})

/** What makes an instance what it is: it is never changed where one of these is odd. Of these a table has its own. */
const own = new Set(['id', 'metadata_service'])
const variants = ['missing', 'null', 'wrong type', 'empty', 'huge'] as const
type Variant = (typeof variants)[number]

function spoil(row: Row, field: string, value: unknown, variant: Variant): void {
  if (variant === 'missing') delete row[field]
  else row[field] = oddValue(value, variant)
}

const wrongTypes: Row = {array: {}, object: 'a text', string: 7, number: {}, boolean: 'true'}
const empties: Row = {array: [null], object: {}, string: '', number: '', boolean: []}

function oddValue(value: unknown, variant: Variant): unknown {
  if (variant === 'null') return null
  const type: string = Array.isArray(value) ? 'array' : typeof value
  if (variant === 'wrong type') return wrongTypes[type]
  if (variant === 'empty') return empties[type]
  if (type === 'array') return Array.from({length: 300}, () => ({id: 'x', name: 'y', code: 'z', message: 'w'}))
  if (type === 'object') return Object.fromEntries(Array.from({length: 1000}, (_, index) => [`key${index}`, index]))
  return type === 'string' ? 'x'.repeat(20_000) : 1e308
}

function oddId(field: string, variant: Variant): string {
  return instanceIdOf(`${field} ${variant}`)
}

function addOdd(world: World, field: string, value: unknown): void {
  for (const variant of variants)
    addInstance(world, `${field} ${variant}`, off, row => {
      row.name = `${field.replaceAll('_', '-')}-${variant.replace(' ', '-')}`
      spoil(row, field, value, variant)
    })
}

function listedWhole(seen: Seen, id: string, field: string): string[] {
  const {mode, run, cloud} = seen
  if (mode === 'json') return jsonRows(run, id).length === 1 ? [] : ['it is not in the JSON']
  const row = tableRow(run, id)
  if (!row) return ['it is not in the table']
  const empty = Object.entries(row).filter(([, cell]) => cell === '')
  const blank = empty.map(([name]) => `its cell ${name} is blank, not -`)
  const untold = cloud.sent.get(id)?.some(one => !isTold(one.metadata_service))
  return field !== 'metadata_service' && !untold && row.Metadata !== 'off' ? [...blank, 'its settings are lost'] : blank
}

function countsOthers(seen: Seen): string[] {
  return healthy.filter(id => !printedBy(seen.run).includes(id)).map(id => `${id} is missing`)
}

const listTrials = fields
  .filter(([field]) => !own.has(field))
  .map(
    ([field, value]): Trial => ({
      kind,
      odd: `${field} odd in five ways, listed`,
      args: ['instances', 'list'],
      bend: {world: world => addOdd(world, field, value)},
      cases: variants.map(
        (variant): Case => ({
          odd: `list, ${field} ${variant}`,
          hold: seen => listedWhole(seen, oddId(field, variant), field),
        }),
      ),
      hold: countsOthers,
      code: 0,
    }),
  )

function addEveryOdd(world: World): void {
  for (const [field, value] of fields) if (!own.has(field)) addOdd(world, field, value)
}

const everyOdd = fields
  .filter(([field]) => !own.has(field))
  .flatMap(([field]) => variants.map(variant => ({field, variant, id: oddId(field, variant)})))

/** Fields that a command to change has to trust before it writes: it may leave such an instance alone, with a reason. */
const decisive = new Set(['vcpu', 'crn', 'name', 'href', 'resource_type', 'status', 'lifecycle_state', 'zone', 'vpc'])

const fleetTrials: Trial[] = [
  {
    kind,
    odd: 'every field odd, every column',
    args: ['instances', 'list', '--columns', 'all'],
    modes: ['text'],
    bend: {world: addEveryOdd},
    cases: everyOdd.map(({field, variant, id}) => ({
      odd: `every column, ${field} ${variant}`,
      hold: ({run}) => (tableRow(run, id) ? [] : ['it is not in the table']),
    })),
    hold: countsOthers,
    code: 0,
  },
  {
    kind,
    odd: 'every field odd, audited',
    args: ['metadata', 'audit'],
    bend: {world: addEveryOdd},
    cases: everyOdd.map(({field, variant, id}) => ({
      odd: `audit, ${field} ${variant}`,
      hold: ({mode, run}) => {
        const verdict = mode === 'text' ? tableRow(run, id)?.Verdict : jsonRows(run, id)[0]?.row.verdict
        const right = verdict === 'compliant' || (decisive.has(field) && verdict === 'undetermined')
        return right ? [] : [`the verdict is ${String(verdict)}`]
      },
    })),
    hold: countsOthers,
    code: [0, 1],
  },
  {
    kind,
    odd: 'every field odd, all enabled',
    args: ['metadata', 'enable', '--all', '--yes', '--protocol', 'https'],
    bend: {world: addEveryOdd},
    mayChange: [...everyOdd.map(({id}) => id), ...['alpha', 'delta'].map(instanceIdOf)],
    requests: 900,
    cases: everyOdd.map(({field, variant, id}) => ({
      odd: `enable, ${field} ${variant}`,
      hold: ({mode, run}) => {
        const results = mode === 'text' ? [tableRow(run, id)?.Result] : jsonRows(run, id).map(({list}) => list)
        const right = results.join() === 'changed' || (decisive.has(field) && results.join() === 'failed')
        return right ? [] : [`the result is ${results.join() || 'missing'}`]
      },
    })),
    hold: countsOthers,
  },
]

const showTrials = (['null', 'wrong type', 'empty', 'huge', 'missing'] as const).flatMap(variant => [
  ...['instances show', 'metadata show'].map(
    (command): Trial => ({
      kind,
      odd: `${command}, every field but ID, name and settings ${variant} at once`,
      args: [...command.split(' '), instanceIdOf('alpha')],
      bend: {
        world: world => {
          const row = instanceNamed(world, 'alpha')
          for (const [field, value] of fields)
            if (!own.has(field) && field !== 'name') spoil(row, field, value, variant)
        },
      },
      says: [instanceIdOf('alpha'), 'alpha'],
      // The floating IPs of each interface are asked for, and a huge list of them is one of many.
      requests: 400,
      code: 0,
    }),
  ),
])

const eachShown = fields
  .filter(([field]) => !own.has(field))
  .flatMap(([field, value], index) =>
    (['null', 'wrong type', 'empty'] as const)
      .filter((_, variant) => variant === index % 3)
      .map(
        (variant): Trial => ({
          kind,
          odd: `instances show, ${field} ${variant}`,
          args: ['instances', 'show', instanceIdOf('alpha')],
          modes: ['text'],
          bend: {world: world => spoil(instanceNamed(world, 'alpha'), field, value, variant)},
          says: [instanceIdOf('alpha')],
          code: 0,
        }),
      ),
  )

/** Odd values deeper within an instance. */
const nested: [string, (row: Row) => void][] = [
  ['arrays of null', row => spread(row, ['disks', 'network_interfaces', 'network_attachments'], [null])],
  ['more arrays of null', row => spread(row, ['volume_attachments', 'health_reasons', 'status_reasons'], [null])],
  ['arrays of texts', row => spread(row, ['disks', 'network_interfaces', 'network_attachments'], ['a', 7, true])],
  ['arrays of arrays', row => spread(row, ['disks', 'network_interfaces', 'network_attachments'], [[[]]])],
  ['arrays of empty objects', row => spread(row, ['disks', 'network_interfaces', 'network_attachments'], [{}])],
  ['the VPC without name', row => Object.assign(row, {vpc: {id: (row.vpc as Row).id}})],
  ['the VPC with a null ID', row => Object.assign(row, {vpc: {...(row.vpc as Row), id: null}})],
  ['the VPC deleted', row => Object.assign(row, {vpc: {...(row.vpc as Row), deleted: {more_info: 'https://x'}}})],
  ['the image deleted', row => Object.assign(row, {image: {...(row.image as Row), deleted: {more_info: 'https://x'}}})],
  ['the image with deleted null', row => Object.assign(row, {image: {...(row.image as Row), deleted: null}})],
  ['the zone name a number', row => Object.assign(row, {zone: {name: 1}})],
  ['the zone name null', row => Object.assign(row, {zone: {name: null}})],
  ['the profile name an object', row => Object.assign(row, {profile: {name: {}}})],
  ['the resource group name an array', row => Object.assign(row, {resource_group: {id: 'x', name: ['y']}})],
  ['an address that is a number', row => Object.assign(row, {primary_network_attachment: {primary_ip: {address: 10}}})],
  ['a primary IP that is null', row => Object.assign(row, {primary_network_attachment: {primary_ip: null}})],
  ['an attachment without VNI', row => Object.assign(row, {network_attachments: [{id: 'x', name: 'eth0'}]})],
  ['a VNI that is null', row => Object.assign(row, {network_attachments: [{virtual_network_interface: null}]})],
  ['a subnet that is a text', row => Object.assign(row, {primary_network_interface: {subnet: 'x', primary_ip: 'y'}})],
  ['a class that is new', row => Object.assign(row, {availability: {class: 'spot-2'}})],
  ['a class that is null', row => Object.assign(row, {availability: {class: null}})],
  ['a status that is new', row => Object.assign(row, {status: 'hibernating'})],
  ['a lifecycle state that is new', row => Object.assign(row, {lifecycle_state: 'frozen'})],
  ['a health state that is new', row => Object.assign(row, {health_state: 'so-so'})],
  ['a lifecycle state deleting', row => Object.assign(row, {lifecycle_state: 'deleting', status: 'deleting'})],
  ['vcpu count a text', row => Object.assign(row, {vcpu: {...(row.vcpu as Row), count: 'two'}})],
  ['an architecture that is new', row => Object.assign(row, {vcpu: {...(row.vcpu as Row), architecture: 'riscv64'}})],
  ['memory negative', row => Object.assign(row, {memory: -8})],
  ['created at no date', row => Object.assign(row, {created_at: 'yesterday'})],
  ['created at in the year 99999', row => Object.assign(row, {created_at: '+099999-01-01T00:00:00Z'})],
  ['fields that nobody knows', row => Object.assign(row, {hologram: {a: [1, {b: null}]}})],
  ['a field called region', row => Object.assign(row, {zone: {...(row.zone as Row), region: {name: 'x'}}})],
  ['a field called toString', row => Object.assign(row, {toString: 'x', constructor: null, hasOwnProperty: 1})],
  ['reasons without code', row => Object.assign(row, {lifecycle_reasons: [{}], status_reasons: [{code: null}]})],
]

function spread(row: Row, names: string[], value: unknown): void {
  for (const name of names) row[name] = value
}

const nestedTrials: Trial[] = [
  ['instances', 'list'],
  ['instances', 'list', '--columns', 'all'],
  ['metadata', 'show', '--all'],
  ['metadata', 'audit'],
].map(
  (args): Trial => ({
    kind: 'a value within an instance',
    odd: `all at once, ${args.join(' ')}`,
    args,
    bend: {
      world: world =>
        nested.forEach(([odd, edit], index) => void addInstance(world, `nested-${index} ${odd}`, off, edit)),
    },
    cases: nested.map(([odd], index) => ({
      odd: `${args.join(' ')}: ${odd}`,
      hold: ({run}) => (printedBy(run).includes(instanceIdOf(`nested-${index} ${odd}`)) ? [] : ['it is missing']),
    })),
    hold: countsOthers,
    code: [0, 1],
  }),
)

const nestedShown = nested.map(
  ([odd, edit]): Trial => ({
    kind: 'a value within an instance',
    odd: `instances show: ${odd}`,
    args: ['instances', 'show', instanceIdOf('alpha')],
    modes: ['text'],
    bend: {world: world => edit(instanceNamed(world, 'alpha'))},
    says: [instanceIdOf('alpha')],
    code: 0,
  }),
)

export const fieldsTrials: Trial[] = [
  ...listTrials,
  ...fleetTrials,
  ...showTrials,
  ...eachShown,
  ...nestedTrials,
  ...nestedShown,
]
