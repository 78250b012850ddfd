import {VpcmdError} from '../errors.ts'
import {settingNames, settingsTable} from '../instances/settings.ts'
import {isRecord, parsedJson} from '../json-object.ts'
import {results, type Settled} from './outcomes.ts'
import {type Origin, type PlannedChange, powerActions, targetKinds} from './plan.ts'

/** What a run says of itself before it changes anything. */
export interface RunHeader extends Origin {
  /** Sorts by time: `20261125-161502-3f9a`. */
  id: string
  /** `enable`, `disable`, `apply`, `undo`, `start`, `stop` or `restart`. */
  command: string
  iamId: string
  /** ISO 8601. */
  startedAt: string
  /** How many changes it means to make. */
  count: number
  /** The run whose changes this one takes back. */
  undoes?: string
  /** How many of those that were meant had failed before it began: they are none of its changes. */
  failedBefore?: number
  /** What the servers' accounts were called, where that was known. */
  accounts?: {id: string; name: string}[]
}

const restartSteps = ['stop', 'stopped', 'start', 'running', 'down', 'failed', 'left'] as const

/**
 * The steps of a restart: `stop` and `start` are written before they are sent, `stopped`, `running` and `failed` once
 * they are seen. `down`: seen stopped, and meant to stay so. `left`: nothing is left to do, as this run did not stop the instance, or it is gone.
 */
export type RestartStep = (typeof restartSteps)[number]

/** One line of a journal. `i` is the change's place in the run; times are ISO 8601. */
export type JournalLine =
  | ({t: 'run'; v: 1} & RunHeader)
  | ({t: 'change'; i: number} & PlannedChange)
  | {t: 'begin'; at: string}
  | {t: 'sent'; i: number; at: string}
  | ({t: 'outcome'; i: number; at: string; error?: object} & Omit<Settled, 'error'>)
  | {t: 'restart'; i: number; at: string; step: RestartStep; error?: object}
  | {t: 'resumed'; at: string}
  | {t: 'end'; at: string; reason: 'done' | 'interrupted' | 'stopped'}

/** Where a run keeps what it is about to send and what came of it. */
export interface Journal {
  /** Resolves when the line is kept. Rejects with VpcmdError when it can't be kept; so does every later one. */
  write(line: JournalLine): Promise<void>
  /**
   * Whether another run is at work, or was since the servers were read, as far as this machine and what it shares can tell:
   * what was read may no longer hold.
   */
  hasCompany(): Promise<boolean>
}

/** An ID for a run that begins at `now` (epoch milliseconds), so that IDs sort by time; `random` (0 to 1) keeps two of a millisecond apart. */
export function newRunId(now: number, random: number): string {
  const [date, time] = new Date(now).toISOString().slice(0, 19).split('T')
  const tail = Math.floor((((now % 1000) + random) / 1000) * 0x10000)
    .toString(16)
    .padStart(4, '0')
  return `${date?.replaceAll('-', '')}-${time?.replaceAll(':', '')}-${tail}`
}

// How a line is checked when it is read: ten thousand journals are read in one go, and a library for schemas takes longer to
// load, and for each line.

type Check = (value: unknown) => boolean

const isText: Check = value => typeof value === 'string'
const isNamed: Check = value => typeof value === 'string' && value !== ''
const isNumber: Check = value => typeof value === 'number'
const isFlag: Check = value => typeof value === 'boolean'
const isCount: Check = value => Number.isSafeInteger(value) && Number(value) >= 0
/** Times are compared as text: all are as toISOString writes them. */
const isTime: Check = value => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)
const oneOf =
  (...values: readonly unknown[]): Check =>
  value =>
    values.includes(value)
const optional =
  (is: Check): Check =>
  value =>
    value === undefined || is(value)
const listOf =
  (is: Check): Check =>
  value =>
    Array.isArray(value) && value.every(is)

function shape(checks: Record<string, Check>): Check {
  const fields = Object.entries(checks)
  return value => {
    if (!isRecord(value)) return false
    for (const [name, is] of fields) if (!is(value[name])) return false
    return true
  }
}

/** A journal tells what was, be it what a setting may be or not: only its type counts. */
function settingsShape(isOptional: (name: (typeof settingNames)[number]) => boolean): Check {
  const checks = settingNames.map((name): [string, Check] => {
    const is: Check = value => typeof value === typeof settingsTable[name].byDefault
    return [name, isOptional(name) ? optional(is) : is]
  })
  return shape(Object.fromEntries(checks))
}

const isSettings = settingsShape(name => !settingsTable[name].isOfBareMetal)
const isPatch = settingsShape(() => true)
const texts = (...names: string[]) => Object.fromEntries(names.map(name => [name, isText]))
const isError = shape({...texts('code', 'message'), hint: optional(isText), trace: optional(isText)})

const checks: Record<JournalLine['t'], Check> = {
  run: shape({
    v: oneOf(1),
    ...texts('id', 'command', 'account', 'iamId', 'vpcmd', 'selection'),
    startedAt: isTime,
    count: isCount,
    assumes: optional(isText),
    undoes: optional(isText),
    unread: optional(listOf(isText)),
    failedBefore: optional(isCount),
    accounts: optional(listOf(shape(texts('id', 'name')))),
  }),
  change: shape({
    i: isCount,
    target: shape({
      kind: oneOf(...targetKinds),
      ...texts('name', 'crn', 'zone', 'status'),
      id: isNamed,
      region: isNamed,
      account: optional(isNamed),
      vpc: shape(texts('id', 'name')),
    }),
    set: isPatch,
    etag: optional(isText),
    readAt: isNumber,
    power: optional(oneOf(...powerActions)),
    tags: optional(listOf(isText)),
  }),
  begin: shape({at: isTime}),
  sent: shape({i: isCount, at: isTime}),
  outcome: shape({
    i: isCount,
    at: isTime,
    result: oneOf(...results),
    after: optional(isSettings),
    status: optional(isText),
    error: optional(isError),
    indeterminate: optional(isFlag),
  }),
  restart: shape({i: isCount, at: isTime, step: oneOf(...restartSteps), error: optional(isError)}),
  resumed: shape({at: isTime}),
  end: shape({at: isTime, reason: oneOf('done', 'interrupted', 'stopped')}),
}

/** What a line of a journal says; undefined for one that is damaged. Throws VpcmdError for a journal of a newer vpcmd. */
export function parseLine(text: string): JournalLine | undefined {
  const line = parsedJson(text)
  if (!isRecord(line)) return undefined
  if (line.t === 'run' && isCount(line.v) && Number(line.v) > 1)
    throw new VpcmdError({code: 'newer', message: 'a newer vpcmd wrote it'})
  return isLine(line) ? line : undefined
}

function isLine(line: Record<string, unknown>): line is Record<string, unknown> & JournalLine {
  const {t} = line
  if (typeof t !== 'string' || !Object.hasOwn(checks, t) || !checks[t as JournalLine['t']](line)) return false
  return (
    t !== 'change' || (line.power === undefined ? isSettings(line.before) && isSetting(line) : isPatch(line.before))
  )
}

/** Whether a change sets anything; what only starts or stops an instance does not. */
function isSetting({set}: Record<string, unknown>): boolean {
  return settingNames.some(name => Object(set)[name] !== undefined)
}

/** Whether a line is cut, as a process leaves its last one when it is killed: it begins as lines do, and is text. */
export function isCut(text: string): boolean {
  return (
    beginning.startsWith(text.slice(0, beginning.length)) && !/[\0-\x1f]/.test(text) && parsedJson(text) === undefined
  )
}

/** Whether a line is one, whole or cut, by which a process goes on with a run. */
export function isResumption(text: string): boolean {
  return resumption.startsWith(text.slice(0, resumption.length))
}

const beginning = '{"t":"'
const resumption = `${beginning}resumed","at":"`

/** What a damaged line still tells: the place of its change in the run, and whether it spoke of a restart. */
export function clueIn(text: string): {i: number | undefined; isRestart: boolean} {
  const [only, other] = text.matchAll(/"i":(\d{1,9})[,}]/g)
  return {i: only && !other ? Number(only[1]) : undefined, isRestart: text.includes('"restart"')}
}
