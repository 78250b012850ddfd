import {VpcmdError} from '../errors.ts'
import type {JournalLine, RestartStep} from './journal.ts'
import {results} from './outcomes.ts'
import {targetKinds} from './plan.ts'
import {type SettingName, settingNames, settingsTable} from './settings.ts'

/**
 * What a line of a journal says; undefined for one that is damaged. Checked by hand, field by field: ten thousand journals
 * are read in one go. Throws VpcmdError for a journal of a newer vpcmd.
 */
export function parseLine(text: string): JournalLine | undefined {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(line)) return undefined
  if (line.t === 'run' && isCount(line.v) && line.v > 1)
    throw new VpcmdError({code: 'newer', message: 'a newer vpcmd wrote it'})
  return isLine(line) ? line : undefined
}

/** Whether a line is cut, as a process leaves its last one when it is killed: it begins as lines do, and is text. */
export function isCut(text: string): boolean {
  return beginning.startsWith(text.slice(0, beginning.length)) && !/[\0-\x1f]/.test(text) && !isJson(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether a line is one, whole or cut, by which a process goes on with a run. */
export function isResumption(text: string): boolean {
  return resumption.startsWith(text.slice(0, resumption.length))
}

const beginning = '{"t":"'
const resumption = `${beginning}resumed","at":"`

/** What can be told of a damaged line: the place of its change in the run, and whether it spoke of a restart. */
export function clueIn(text: string): {i: number | undefined; isRestart: boolean} {
  const places = [...text.matchAll(/"i":(\d{1,9})[,}]/g)]
  const [only, other] = places
  return {i: only && !other ? Number(only[1]) : undefined, isRestart: text.includes('"restart"')}
}

function isLine(line: Fields): line is Fields & JournalLine {
  switch (line.t) {
    case 'run':
      return line.v === 1 && isHeader(line)
    case 'change':
      return isCount(line.i) && isChange(line)
    case 'begin':
    case 'resumed':
      return isTime(line.at)
    case 'sent':
      return isCount(line.i) && isTime(line.at)
    case 'outcome':
      return (
        isCount(line.i) &&
        isTime(line.at) &&
        results.some(result => result === line.result) &&
        isOptional(line.after, isSettings) &&
        isOptional(line.status, isText) &&
        isOptional(line.error, isError) &&
        isOptional(line.indeterminate, isFlag)
      )
    case 'restart':
      return (
        isCount(line.i) && isTime(line.at) && steps.some(step => step === line.step) && isOptional(line.error, isError)
      )
    case 'end':
      return isTime(line.at) && ['done', 'interrupted', 'stopped'].some(reason => reason === line.reason)
    default:
      return false
  }
}

const steps: RestartStep[] = ['stop', 'stopped', 'start', 'running', 'failed', 'left']

function isHeader(line: Fields): boolean {
  const {id, command, account, iamId, vpcmd, selection} = line
  return (
    [id, command, account, iamId, vpcmd, selection].every(isText) &&
    isTime(line.startedAt) &&
    isCount(line.count) &&
    isOptional(line.undoes, isText) &&
    isOptional(line.unread, each => Array.isArray(each) && each.every(isText))
  )
}

function isChange({target, before, set, etag, readAt}: Fields): boolean {
  if (!isRecord(target) || !isRecord(target.vpc) || !isRecord(set)) return false
  const {kind, id, name, crn, region, zone, vpc, status} = target
  return (
    targetKinds.some(each => each === kind) &&
    [id, region].every(each => isText(each) && each !== '') &&
    [name, crn, zone, status, vpc.id, vpc.name].every(isText) &&
    isSettings(before) &&
    settingNames.every(name => isOptional(set[name], each => isOfItsType(name, each))) &&
    settingNames.some(name => set[name] !== undefined) &&
    isOptional(etag, isText) &&
    typeof readAt === 'number'
  )
}

function isSettings(value: unknown): boolean {
  return (
    isRecord(value) &&
    settingNames.every(
      name => isOfItsType(name, value[name]) || (value[name] === undefined && !settingsTable[name].isOfBareMetal),
    )
  )
}

/** A journal tells what was, be it what a setting may be or not. */
function isOfItsType(name: SettingName, value: unknown): boolean {
  return typeof value === typeof settingsTable[name].byDefault
}

function isError(value: unknown): boolean {
  return (
    isRecord(value) &&
    isText(value.code) &&
    isText(value.message) &&
    isOptional(value.hint, isText) &&
    isOptional(value.trace, isText)
  )
}

type Fields = Record<string, unknown>

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown) => typeof value === 'string'
const isFlag = (value: unknown) => typeof value === 'boolean'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
/** Times are compared as text: all are as toISOString writes them. */
const isTime = (value: unknown) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)
const isOptional = (value: unknown, is: (value: unknown) => boolean) => value === undefined || is(value)
