import {usageError, VpcmdError} from '../errors.ts'
import {lineOfJsonError} from '../json-lines.ts'
import {parsedJson} from '../json-object.ts'
import {type InstanceRef, parseInstanceRef} from './references.ts'

/**
 * Reads a list of instances: IDs, names or CRNs, one a line (what follows a # is a comment), or the JSON or JSON lines of
 * `instances list` and `metadata show`. Returns them as a user would type them, without duplicates. `name` is the file's, for
 * the errors. Throws a usage error that names the line or entry that is wrong.
 */
export function parseInstanceFile(text: string, name: string): string[] {
  const start = text.trimStart()
  const asked = start.startsWith('[') || start.startsWith('{') ? fromJson(text, name) : fromLines(text, name)
  return [...new Set(asked)]
}

function fromLines(content: string, name: string): string[] {
  return content.split(/\r?\n/).flatMap((line, index) => {
    const asked = line.replace(/(^|\s)#.*$/, '').trim()
    if (asked === '') return []
    return [checked(asked, `${name}, line ${index + 1}`)]
  })
}

function fromJson(content: string, name: string): string[] {
  const whole = parsedJson(content)
  if (Array.isArray(whole)) return whole.map((entry, index) => fromEntry(entry, `${name}, entry ${index + 1}`))
  if (whole !== undefined) return [fromEntry(whole, name)]
  if (content.trimStart().startsWith('[')) {
    throw usageError(`${name}, line ${lineOfJsonError(content)}: this is not JSON.`, hint)
  }
  return content.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return []
    const place = `${name}, line ${index + 1}`
    const entry = parsedJson(line)
    if (entry === undefined) throw usageError(`${place}: this is not JSON.`, hint)
    return [fromEntry(entry, place)]
  })
}

const hint = 'It takes IDs, names or CRNs, one a line, or the JSON of vpcmd instances list.'

/** A CRN is best: it names the region. */
function fromEntry(entry: unknown, place: string): string {
  if (typeof entry === 'string') return checked(entry, place)
  const {crn, id} = (entry ?? {}) as {crn?: unknown; id?: unknown}
  if (typeof crn === 'string') return checked(crn, place, 'crn')
  if (typeof id === 'string') return checked(id, place, 'id')
  throw usageError(`${place}: it has no crn and no id of an instance.`, hint)
}

/** `kind` is what the file calls it: what it calls an ID must not be looked for as a name. */
function checked(asked: string, place: string, kind?: InstanceRef['kind']): string {
  try {
    const ref = parseInstanceRef(asked)
    if (kind !== undefined && ref.kind !== kind)
      throw usageError(`its ${kind}, ${asked}, is not that of an instance.`, hint)
    return asked
  } catch (error) {
    if (error instanceof VpcmdError) throw usageError(`${place}: ${error.message}`, error.hint)
    throw error
  }
}
