import type {Context} from 'hono'
import {isNestedTooDeep} from '../core/body-limits.ts'
import {MetadataError, noSuchPath, unauthenticated} from './metadata-error.ts'

const firstVersion = '2022-03-01'
/** From this version on the paths below `/instance_identity` are gone (ibm-cloud-docs/vpc api-identity-change-log.md, 26 August 2025). */
const versionWithoutOldPaths = '2025-08-26'

const parameter = (name: string, value?: string) => ({name, type: 'parameter', ...(value && {value})}) as const

function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/**
 * Throws 400 where `version` (YYYY-MM-DD, 2022-03-01 to today) is missing or wrong, or where there is a parameter besides
 * it and `alsoAllowed`; 404 for an old path with a new version.
 */
export function checkQuery(c: Context, now: number, alsoAllowed: readonly string[] = []): void {
  const query = c.req.query()
  const {version} = query
  if (!version) {
    const message = 'The `version` query parameter is required, and it must be of the form `YYYY-MM-DD`.'
    throw new MetadataError(400, 'missing_value', message, parameter('version'))
  }
  if (!isDate(version)) {
    const message = 'The `version` query parameter must be a date of the form `YYYY-MM-DD`.'
    throw new MetadataError(400, 'invalid_value', message, parameter('version', version))
  }
  const today = new Date(now).toISOString().slice(0, 10)
  if (version < firstVersion || version > today) {
    const message = `The \`version\` query parameter must be between \`${firstVersion}\` and \`${today}\`.`
    throw new MetadataError(400, 'invalid_version_range', message, parameter('version', version))
  }
  if (c.req.path.startsWith('/instance_identity/') && version >= versionWithoutOldPaths) throw noSuchPath(c.req.path)
  const unknown = Object.keys(query).find(name => name !== 'version' && !alsoAllowed.includes(name))
  if (unknown !== undefined) {
    const message = `Unknown query parameter \`${unknown}\` was specified.`
    throw new MetadataError(400, 'unknown_field', message, parameter(unknown, query[unknown]))
  }
}

/** The bearer token of a request. Throws 400 without an Authorization header, as for any missing header, and 401 for one that is no bearer token. */
export function readBearer(c: Context): string {
  const header = c.req.header('authorization')
  if (!header) {
    const message = 'An instance identity token must be provided in the `Authorization` header.'
    throw new MetadataError(400, 'missing_value', message, {name: 'Authorization', type: 'header'})
  }
  const [scheme, token, ...more] = header.trim().split(/\s+/)
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || more.length > 0) throw unauthenticated()
  return token
}

// More than any body that an operation takes. No source says where IBM's limit is.
const longestBody = 64 * 1024

export type Body = Record<string, unknown>

const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Reads a body as a JSON object that has no other properties than `known`; an empty one is `{}`. Any content type will do: IBM's curl samples send none. */
export async function readBody(c: Context, known: readonly string[]): Promise<Body> {
  const tooLarge = () => new MetadataError(400, 'invalid_request', 'The request body is too large.')
  if (Number(c.req.header('content-length')) > longestBody) throw tooLarge()
  const text = await c.req.text()
  if (text.length > longestBody) throw tooLarge()
  if (text.trim() === '') return {}
  if (isNestedTooDeep(text)) throw new MetadataError(400, 'invalid_request', 'The request body is nested too deeply.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!isObject(value)) throw new MetadataError(400, 'invalid_request', 'The request body was malformed.')
  checkKnown(value, known, '')
  return value
}

/** Reads an optional object within a body; `undefined` where it is left out. Throws 400 for anything else, or a property that is not `known`. */
export function readPart(body: Body, name: string, known: readonly string[]): Body | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (!isObject(value))
    throw invalidValue(name, `The value provided for the \`${name}\` field must be an object.`, value)
  checkKnown(value, known, `${name}.`)
  return value
}

function checkKnown(body: Body, known: readonly string[], prefix: string): void {
  const unknown = Object.keys(body).find(name => !known.includes(name))
  if (unknown === undefined) return
  throw new MetadataError(400, 'unknown_field', `Unknown property \`${unknown}\` was specified in the request body.`, {
    name: `${prefix}${unknown}`,
    type: 'field',
  })
}

/** 400 `invalid_value` for a property of the body. */
export function invalidValue(name: string, message: string, value: unknown): MetadataError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return new MetadataError(400, 'invalid_value', message, {name, type: 'field', value: shown.slice(0, 200)})
}

/** Reads `expires_in`, in seconds. Throws 400 where it is no whole number within the bounds. */
export function readLifetime(body: Body, bounds: {least: number; most: number; otherwise: number}): number {
  const value = body.expires_in
  if (value === undefined) return bounds.otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.least && value <= bounds.most) {
    return value
  }
  const message = `The value provided for the \`expires_in\` field must be between \`${bounds.least}\` and \`${bounds.most}\`.`
  throw invalidValue('expires_in', message, value)
}
